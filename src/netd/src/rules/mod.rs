//! The rules of the packet filter: what is in force, what waits for confirmation, what the kernel
//! has. [`safety`] decides, [`ruler`] brings about, [`plane`] is the kernel, [`thread`] turns it all,
//! [`offence`] says who does what they must not, [`refused`] how much of it there was.

mod clash;
mod offence;
mod plane;
mod refused;
mod ruler;
mod safety;
mod settings;
mod shaper;
mod talk;
mod thread;

pub(crate) use plane::{Around, Filter};
pub(crate) use refused::{Refused, Tallies};
pub(crate) use safety::{Safety, Standing};
pub(crate) use thread::{Answer, Order, Parts, start};
