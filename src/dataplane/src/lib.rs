//! The kernel's data plane: watching the hub's links and neighbours, and the packet filter ([`nft`]).
//!
//! [`Watch`] holds its own rtnetlink socket, so that an overflow is seen (ENOBUFS) and answered by
//! reading everything anew, instead of being swallowed by a library.

pub mod account;
pub mod compile;
mod divert;
mod dump;
mod error;
pub mod evaluate;
mod flows;
mod message;
mod neighbours;
pub mod nft;
mod patrol;
mod queues;
mod reach;
mod refusals;
mod rtnetlink;
#[cfg(test)]
mod sample;
mod subscription;
mod table;
mod watch;
mod ways;

pub use divert::Divert;
pub use error::Error;
pub use flows::{Flow, Flows};
pub use neighbours::hasten_neighbours;
pub use queues::{Class, Queues, Shape};
pub use reach::reach;
pub use refusals::{Refusal, Refusals};
pub use table::{Change, Link};
pub use watch::Watch;
pub use ways::{Interface, Route, WayFinder, Ways};
