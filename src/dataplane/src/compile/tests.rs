//! The rules in words.
