//! The accounting against the kernel of this machine: the verifier, a model of what should be
//! counted, and real traffic in network namespaces. Needs root; says so when it cannot run.

#![allow(clippy::unwrap_used)]

mod bed;
mod life;
mod model;
mod packet;
mod programs;
mod star;
mod wire;
