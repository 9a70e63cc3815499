//! What rules do with a packet, computed as the kernel would: the proof of who may reach what rests on
//! the rules that were read back from it, not on the wish (requirement N2.1).
//!
//! A packet is bytes, the interface it came in by, and what connection tracking would know of it
//! (`nft_do_chain` in `net/netfilter/nf_tables_core.c`). Limits are taken as not used up, and a set that
//! rules fill as not full. Everything that cannot be computed is an error, never a guess: an expression
//! that is not ours, a look into a set that rules fill, a register that nobody wrote.
//!
//! Tables of others are not known here, and can only refuse what ours let pass.

mod error;
mod headers;
pub(crate) mod packet;
mod prepared;
mod run;
mod sets;
#[cfg(test)]
mod tests;
pub(crate) mod trace;

pub use error::Unproved;
pub use packet::{Carries, Connection, Flow, Packet, Way};
pub use run::Outcome;
pub(crate) use sets::Hit;

use std::net::IpAddr;

use crate::nft::ir::{Hook, Ruleset};
use prepared::Prepared;
use run::Run;
use trace::Trace;

/// Rules, made ready for many packets.
#[derive(Debug)]
pub struct Evaluator<'a> {
    prepared: Prepared<'a>,
}

impl<'a> Evaluator<'a> {
    /// # Errors
    /// When a rule names a set or chain that is not there, or a base chain hangs where we never put
    /// one: what it does to packets is not known.
    pub fn new(ruleset: &'a Ruleset) -> Result<Self, Unproved> {
        Ok(Self { prepared: Prepared::new(ruleset)? })
    }

    /// A packet that comes in: through prerouting, and by `route` of its destination to the hub itself
    /// (input) or out again (forward, postrouting).
    ///
    /// # Errors
    /// When anything on its way cannot be computed.
    pub fn receive(
        &self,
        packet: &Packet,
        route: impl Fn(IpAddr) -> Way,
    ) -> Result<Outcome<'a>, Unproved> {
        self.receive_traced(packet, route, None)
    }

    pub(crate) fn receive_traced(
        &self,
        packet: &Packet,
        route: impl Fn(IpAddr) -> Way,
        trace: Option<&mut Trace>,
    ) -> Result<Outcome<'a>, Unproved> {
        let mut run = Run::new(&self.prepared, packet, trace)?;
        if !run.hook(Hook::Prerouting)? {
            return Ok(run.outcome);
        }
        match route(run.destination()) {
            Way::Nowhere => run.no_way(),
            Way::Here => {
                run.hook(Hook::Input)?;
            }
            Way::Out(port) => {
                run.leaves_by(port);
                if run.hook(Hook::Forward)? {
                    run.hook(Hook::Postrouting)?;
                }
            }
        }
        Ok(run.outcome)
    }

    /// A packet of the hub's own that leaves by `port`.
    ///
    /// # Errors
    /// As [`receive`](Self::receive).
    pub fn send(&self, packet: &Packet, port: u32) -> Result<Outcome<'a>, Unproved> {
        let mut run = Run::new(&self.prepared, packet, None)?;
        run.leaves_by(port);
        if run.hook(Hook::Output)? {
            run.hook(Hook::Postrouting)?;
        }
        Ok(run.outcome)
    }

    /// A packet of ARP that comes in: `network` holds it from its hardware type on.
    ///
    /// # Errors
    /// As [`receive`](Self::receive).
    pub fn receive_arp(&self, packet: &Packet) -> Result<Outcome<'a>, Unproved> {
        let mut run = Run::arp(&self.prepared, packet);
        run.hook(Hook::ArpInput)?;
        Ok(run.outcome)
    }

    pub(crate) fn prepared(&self) -> &Prepared<'a> {
        &self.prepared
    }
}
