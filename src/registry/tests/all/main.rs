//! The registry from outside: rules, files, and everything against a real database.

mod catalog;
mod csv;
mod rules;
mod service;
mod star;
