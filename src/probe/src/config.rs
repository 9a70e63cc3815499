//! How the engine is set. One setting serves 10 probes a second and 50,000.

use std::time::Duration;

use ets_runtime::Clock;

/// The setting of an [`Engine`](crate::Engine). The defaults are the product's.
#[derive(Clone, Debug)]
pub struct EngineConfig {
    /// Time between two rounds when there is much to do: what is due within it leaves in one
    /// batch. 4 ms.
    pub tick: Duration,
    /// Longest time for which answers may lie in the kernel's queue while probes are under way;
    /// their round-trip time does not suffer, it is stamped by the kernel. 20 ms.
    pub latency: Duration,
    /// How long after its sending an answer is still accepted; also the longest timeout. 2 s,
    /// which is also the most.
    pub window: Duration,
    /// The timeout of a target until [`set_timeout`](crate::Engine::set_timeout). 1 s.
    pub timeout: Duration,
    /// A round that comes this much later than it was due is reported as a stall. 80 ms.
    pub stall: Duration,
    /// A stall of this length voids the probes that were under way in it. 1 s.
    pub stall_voids: Duration,
    /// Most probes sent in a second, over all targets; what is due above it waits. 100,000.
    pub max_rate: u32,
    /// Bytes of each receive queue. Forced with `CAP_NET_ADMIN`, else as far as the kernel's
    /// `net.core.rmem_max` allows. 32 MiB.
    pub receive_buffer: usize,
    /// Bytes of each send queue: probes wait in it for ARP and ND. 32 MiB.
    pub send_buffer: usize,
    /// The clock, and the seam for tests.
    pub clock: Clock,
}

impl Default for EngineConfig {
    fn default() -> Self {
        Self {
            tick: Duration::from_millis(4),
            latency: Duration::from_millis(20),
            window: Duration::from_secs(2),
            timeout: Duration::from_secs(1),
            stall: Duration::from_millis(80),
            stall_voids: Duration::from_secs(1),
            max_rate: 100_000,
            receive_buffer: 32 << 20,
            send_buffer: 32 << 20,
            clock: Clock::system(),
        }
    }
}
