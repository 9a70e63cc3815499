//! The reverse proxy judged from outside: foreign clients, hostile bytes, services that die.

#![allow(clippy::unwrap_used, reason = "a test may end at once")]

mod attacks;
mod bed;
mod early;
mod identity;
mod leaving;
mod limits;
mod renewal;
mod scale;
mod second;
mod services;
mod streams;
mod suites;
