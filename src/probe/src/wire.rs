//! One family's socket with the packets that wait to leave through it, and the reading of its
//! queue until it is empty.

use std::os::fd::AsFd;

use crate::batch::{ReceiveBatch, SendBatch};
use crate::cookie::Secret;
use crate::core::{Core, Received};
use crate::packet::Family;
use crate::socket::RawSocket;
use crate::timebase::Timebase;
use crate::{Ended, EngineConfig, Error};

/// Batches read from one socket in a turn; a flood must not keep the engine from sending.
const MOST_BATCHES: usize = 2048;
/// More memory than any packet that the filter lets through costs the receive queue.
const LARGEST_COST: usize = 4096;

/// A family's socket.
pub(crate) struct Wire {
    pub(crate) socket: RawSocket,
    pub(crate) batch: SendBatch,
    /// When the queue was last seen empty.
    pub(crate) dry: u64,
    family: Family,
    /// Packets read since then.
    read: usize,
    /// Drops reported by those packets.
    drops: u32,
}

/// What a wire needs to make sense of packets.
pub(crate) struct Ear<'a> {
    pub(crate) core: &'a mut Core,
    pub(crate) timebase: &'a Timebase,
    pub(crate) config: &'a EngineConfig,
}

/// What reading a queue came to.
pub(crate) struct Drained {
    /// Everything stamped before this has been read.
    pub(crate) horizon: u64,
    /// Packets that our own full queue has dropped.
    pub(crate) overflowed: u32,
}

impl Wire {
    pub(crate) fn open(
        family: Family,
        secret: &Secret,
        config: &EngineConfig,
        now: u64,
    ) -> Result<Self, Error> {
        let socket = RawSocket::open(family, secret, config)?;
        Ok(Self { socket, batch: SendBatch::new(), dry: now, family, read: 0, drops: 0 })
    }

    /// Reads the queue, until it is empty unless a flood keeps it filled.
    pub(crate) fn drain(
        &mut self,
        receive: &mut ReceiveBatch,
        mut ear: Ear<'_>,
        now: u64,
        out: &mut Vec<Ended>,
    ) -> Drained {
        let mut newest = self.dry;
        for _ in 0..MOST_BATCHES {
            if let Err(error) = receive.receive(self.socket.as_fd()) {
                tracing::debug!(%error, "receiving failed");
            }
            newest = newest.max(self.hear(receive, &mut ear, out));
            if !receive.was_full() {
                let overflowed = self.count_drops(ear.core);
                self.dry = now;
                return Drained { horizon: now, overflowed };
            }
        }
        Drained { horizon: newest.min(now), overflowed: 0 }
    }

    /// Hands a batch to the core; returns its newest stamp.
    fn hear(&mut self, batch: &ReceiveBatch, ear: &mut Ear<'_>, out: &mut Vec<Ended>) -> u64 {
        if batch.is_empty() {
            return 0;
        }
        let mut newest = 0;
        let seen = ear.config.clock.boot();
        for packet in batch.packets() {
            let stamp = ear.timebase.boot_of(packet.stamp, seen.0);
            newest = newest.max(stamp.0);
            self.read += 1;
            self.drops += packet.dropped.map_or(0, |drops| self.socket.note_drops(drops));
            let received = Received { stamp, seen };
            ear.core.hear(self.family, packet.bytes, packet.source, received, out);
        }
        newest
    }

    /// How many packets our own full queue has dropped since it was last empty. The kernel counts
    /// packets with a wrong `ICMPv6` checksum as drops too; they are told apart by whether the queue
    /// can have been full at all, so that nobody can blind the engine with them.
    fn count_drops(&mut self, core: &mut Core) -> u32 {
        let reported = std::mem::take(&mut self.drops);
        let read = std::mem::take(&mut self.read);
        if read * LARGEST_COST >= self.socket.capacity() {
            return reported + self.socket.ask_drops();
        }
        core.counters.forged += u64::from(reported);
        0
    }
}
