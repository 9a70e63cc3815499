//! The rights over a real database.

#![allow(clippy::unwrap_used, reason = "a test is to fail at once")]

mod bed;
mod given;
mod past;
mod safety;
mod second;
mod speed;
mod told;
