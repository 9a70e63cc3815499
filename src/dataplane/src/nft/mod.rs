//! The packet filter: rules as plain data, and the kernel's side of them by netlink of our own, without
//! the program `nft`. Tables of others are neither read nor touched.

mod decode;
mod difference;
mod drift;
mod encode;
pub mod ir;
mod kernel;
mod numbers;
#[cfg(test)]
mod properties;
mod socket;
mod text;
mod transaction;
pub(crate) mod wire;

pub use difference::difference;
pub use drift::{Difference, changes, drift};
pub use kernel::{Count, Kernel};
pub(crate) use socket::Socket;
pub use text::{Names, ruleset as text_of};
pub use transaction::{Act, Step, TableName, Transaction};
