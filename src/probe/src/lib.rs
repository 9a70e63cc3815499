//! The probe engine: ICMP echo and TCP connect to many targets from one plain thread.
//!
//! One raw socket a family, sends and receives in batches, the kernel's receive stamps, a keyed
//! cookie in every probe, one timer wheel. The engine reports how each probe ended; what that
//! means for a segment is decided by `liveness`.

mod batch;
mod config;
mod cookie;
mod core;
mod ended;
mod engine;
mod error;
mod filter;
mod pace;
mod packet;
mod ring;
mod socket;
mod targets;
mod tcp;
mod timebase;
mod wheel;
mod wire;

pub use config::EngineConfig;
pub use ended::{Counters, Ended, ProbeTarget, Unsent};
pub use engine::Engine;
pub use error::Error;
