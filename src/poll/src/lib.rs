//! Asks the services whether they answer (requirement N7.1): TCP, HTTP and DNS, each over a
//! connection of its own, spread over time. Runs in `serve`, because it reads what strangers send.
//!
//! [`Machine`] decides from answers alone; [`Handle`] says how everything stands.

mod answer;
mod ask;
mod error;
mod handle;
mod history;
mod machine;
mod plan;
mod run;
mod standing;
mod when;

pub use answer::{Reason, words};
pub use error::Error;
pub use handle::{Handle, Health, Line, Picture};
pub use history::{Change, MIGRATIONS};
pub use machine::{Heard, Machine, Turn};
pub use plan::Target;
pub use run::{Deps, Poll, Way};
