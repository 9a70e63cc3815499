//! The rules of the packet filter: what is in force, what waits for confirmation, what the kernel
//! has. [`safety`] decides, [`ruler`] brings about, [`plane`] is the kernel, [`thread`] turns it all.

mod offence;
mod ruler;
mod safety;

pub(crate) use safety::Safety;
