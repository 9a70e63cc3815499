//! Histories played to the brain.
