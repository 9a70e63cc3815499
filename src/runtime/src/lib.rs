//! What every process needs: the clock, its memory and descriptors, tracing, supervised tasks and an
//! orderly end.

mod clock;
mod descriptors;
mod memory;
mod shutdown;
mod tasks;
mod trace;

pub use clock::{Clock, boot_now, stamp_now, wall_now};
pub use descriptors::raise_descriptors;
pub use memory::{Memory, give_memory_back, set_up_memory};
pub use shutdown::{Shutdown, ShutdownTrigger, shutdown_on_signals};
pub use tasks::Tasks;
pub use trace::{LogFormat, init_tracing};
