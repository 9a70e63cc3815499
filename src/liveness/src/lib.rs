//! Decides from probe ends and kernel events whether a segment is up, degraded, down or unknown.
//!
//! Pure: no clock, no socket, no task. One [`Machine`] a segment is fed [`Input`]s with their times
//! and answers with a [`Step`]: what changed, with its evidence, and how to go on probing.

mod flap;
mod input;
mod loss;
mod machine;
mod moment;
mod params;
mod rtt;
mod transition;

pub use input::{Input, Pace, Step};
pub use machine::Machine;
pub use params::Params;
pub use transition::{Seen, TransitionDraft};
