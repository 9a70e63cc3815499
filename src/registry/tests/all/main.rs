//! The registry from outside: rules, files, and everything against a real database.

// The helpers are tests as well.
#![allow(clippy::unwrap_used)]

mod catalog;
mod csv;
mod rules;
mod service;
mod star;
