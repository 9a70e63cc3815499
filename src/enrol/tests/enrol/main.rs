//! Enrolment from outside: a client of our own that does what it must not, and foreign ones that
//! do what they must.

#![allow(clippy::unwrap_used, reason = "a test may end at once")]

mod accounts;
mod certificates;
mod client;
mod crash;
mod est;
mod foreign;
mod ground;
mod orders;
mod proofs;
mod refused;
mod servers;
