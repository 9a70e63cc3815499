//! Every message of the protocol. A change of any of them raises [`PROTOCOL`].

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use ets_model::{
    Blind, Criticality, IcmpErrorKind, Intercept, LinkState, Method, NeighbourState, Obstacle,
    Outcome, Policy, SegmentNo, Stamp, Transition, WallTime,
};
use serde::{Deserialize, Serialize};

use crate::meter::{Conversations, MeterFrame, Metering};
use crate::rules::{Apply, Offence, Plan, Reach, RulesEvent, RulesNow};

/// The version of the protocol. Both sides must speak the same one.
pub const PROTOCOL: u16 = 5;

/// Held sockets whose names begin so are transparent (`IP_TRANSPARENT`): they are handed what was sent
/// to others ([`Request::Intercept`]), and those for UDP say to whom (`IP_RECVORIGDSTADDR`).
pub const TRANSPARENT: &str = "gateway-transparent";

/// The first four bytes of a [`Hello`], so that a stranger is told apart from an old version.
pub const MAGIC: [u8; 4] = *b"ETSN";

/// Opens a connection, both ways.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hello {
    /// [`MAGIC`].
    pub magic: [u8; 4],
    /// [`PROTOCOL`].
    pub protocol: u16,
    /// The version of the program, for the log.
    pub build: String,
}

/// What `serve` asks. One request a connection.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Request {
    /// Replaces the whole desired state. Answer: [`Reply::Done`]. Also kept on disk by `netd`, so
    /// that it probes at once after a restart, without `serve`.
    Configure(Desired),
    /// Turns the connection into the live stream: first [`Reply::Following`], then every
    /// [`Event`] after its `newest`, for ever. `after` is where the follower stopped, for the log;
    /// what lies between comes by [`Request::Replay`]. A follower that reads too slowly is cut
    /// off with [`Reply::Refused`] and comes back with a replay.
    Follow { after: Option<Cursor> },
    /// Sends the events after `after` up to and including `until`, then [`Reply::Done`]. The
    /// backlog runs beside the live stream and does not hold it up. `None`, a cursor of another
    /// life and one that has fallen out of the ring begin at the oldest event.
    Replay { after: Option<Cursor>, until: u64 },
    /// Pings on demand. Answer: `count` times [`Reply::Ping`], then [`Reply::Done`].
    Ping { address: IpAddr, count: u16, interval: Duration },
    /// Asks for a socket that `netd` holds: a listening one, or one for datagrams. Answer:
    /// [`Reply::Listener`] with one descriptor, or [`Reply::Refused`].
    Listener { name: String },
    /// Asks how `netd` is. Answer: [`Reply::Status`].
    Status,
    /// What a policy would change in the kernel, without changing anything. Answer:
    /// [`Reply::Plan`], or [`Reply::Refused`] with the faults.
    Plan(Box<Policy>),
    /// Puts a policy in force, as one transaction. Answer: [`Reply::Rules`] once it is, or
    /// [`Reply::Refused`] with nothing changed. A further change while one waits for confirmation
    /// is refused.
    Apply(Box<Apply>),
    /// Confirms a change, by the one who made it. Answer: [`Reply::Rules`].
    Confirm { change: u64, author: String },
    /// Takes back a change that waits for confirmation, now. Answer: [`Reply::Rules`].
    Withdraw { change: u64 },
    /// Asks for the state of the rules. Answer: [`Reply::Rules`].
    Rules,
    /// The rules as the kernel has them now, as text for people. Answer: [`Reply::Text`].
    RulesText,
    /// Who may reach what, computed from the rules that the kernel has. Answer: [`Reply::Reach`].
    Reach,
    /// Who talks in a segment now, from the kernel's table of connections. Answer:
    /// [`Reply::Conversations`].
    Conversations { segment: SegmentNo },
    /// Turns the connection into the stream of the meters: [`Reply::Metering`], then for ever
    /// [`Reply::Meter`]; first the minutes that ended after `after`, then every counter as it
    /// stands, then once a second those that changed.
    Meter { after: Option<WallTime> },
    /// Hands what segments send outside to the transparent sockets that `netd` holds; `None`: nothing of
    /// it. Answer: [`Reply::Done`] once the kernel does so and the disk knows, or [`Reply::Refused`] with
    /// nothing changed.
    Intercept(Option<Intercept>),
    /// Asks for a socket for datagrams that is bound to an address of a host outside, so that answers
    /// reach who was intercepted in that host's name. Answer: [`Reply::Listener`] with one descriptor,
    /// or [`Reply::Refused`]: the address is the hub's, a segment's, of a network that is kept or none
    /// that a host outside can have, nobody is intercepted, or there were too many at a time or a second.
    Speak { address: SocketAddr },
}

/// What `netd` answers.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Reply {
    /// Done; the ring stands at this cursor.
    Done(Cursor),
    /// The stream begins: the oldest and newest event in the ring, and the state of every segment
    /// as of `newest`, so that a follower is right from the first moment.
    Following { oldest: u64, newest: Cursor, now: Vec<SegmentNow> },
    /// One event.
    Event(Event),
    /// One answer, or silence, of an on-demand ping.
    Ping(PingLine),
    /// The socket follows as a descriptor.
    Listener,
    /// How `netd` is.
    Status(Box<Status>),
    /// What a policy would change.
    Plan(Box<Plan>),
    /// The state of the rules.
    Rules(Box<RulesNow>),
    /// A text for people.
    Text(String),
    /// Who may reach what.
    Reach(Box<Reach>),
    /// Who talks in a segment.
    Conversations(Box<Conversations>),
    /// The stream of the meters begins.
    Metering(Metering),
    /// Counters as they stood at one moment.
    Meter(MeterFrame),
    /// Why not, as a sentence that says what to do.
    Refused(String),
}

/// A place in the stream of one life of `netd`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cursor {
    /// Drawn anew at each start of `netd`; a cursor of another life is void.
    pub instance: u64,
    /// Number of the last event seen; events are numbered from 1 without gaps.
    pub seq: u64,
}

/// Everything that `netd` is to watch.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Desired {
    /// Counts changes; for the log and the health page.
    pub generation: u64,
    /// The segments, ordered by number.
    pub targets: Vec<Target>,
    /// The hub's trunks.
    pub trunks: Vec<Trunk>,
}

/// One segment to watch.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Target {
    /// Its number.
    pub no: SegmentNo,
    /// The address to probe.
    pub address: IpAddr,
    /// By what.
    pub method: Method,
    /// How often.
    pub criticality: Criticality,
    /// The hub's interface towards it; empty when it is not known.
    pub interface: String,
    /// Whether it is under maintenance.
    pub maintenance: bool,
}

/// Ports of the hub that hang on one thing. All of them dark is the hub's own fault.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Trunk {
    /// Its name.
    pub name: String,
    /// Interfaces; a trailing `*` stands for any ending.
    pub interfaces: Vec<String>,
}

/// One numbered event.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Event {
    /// Its number.
    pub seq: u64,
    /// When it was entered.
    pub at: Stamp,
    /// What happened.
    pub body: EventBody,
}

/// What happened.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum EventBody {
    /// Once a second: how the probes ended that came to their end in it.
    Tick(Tick),
    /// A segment's state changed.
    Transition(Transition),
    /// The carrier of one of the hub's interfaces changed.
    Link { interface: String, up: bool },
    /// A neighbour entry of a probed address changed.
    Neighbour { segment: SegmentNo, address: IpAddr, state: NeighbourState },
    /// An ICMP error came for a probe; at most one a second and segment is reported.
    IcmpError { segment: SegmentNo, from: IpAddr, kind: IcmpErrorKind },
    /// The hub could not see for a time.
    Blind(Blind),
    /// A trunk went dark (`true`) or came back, `since` when: the last sign of life or the first
    /// one again. Told of every trunk also after each start and each configuration.
    Trunk { name: String, dark: bool, since: Stamp },
    /// A desired state was taken over.
    Configured { generation: u64, targets: u32 },
    /// Something happened to the rules.
    Rules(RulesEvent),
    /// A segment does what it must not: a flood, a scan, forged sources.
    Offence(Offence),
}

/// The probes that came to their end in one second.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Tick {
    /// The ends, packed; see [`crate::TickBuilder`] and [`Tick::samples`].
    pub packed: Vec<u8>,
    /// How many ends are packed.
    pub count: u32,
    /// The engine's counters, monotonic since the start of `netd`.
    pub engine: EngineCounters,
    /// The segments that do not answer and to which no probe can be sent now.
    pub obstacles: Vec<(SegmentNo, Obstacle)>,
}

/// What the probe engine counted since `netd` started.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct EngineCounters {
    /// Probes sent.
    pub sent: u64,
    /// Probes answered.
    pub answered: u64,
    /// Probes lost.
    pub lost: u64,
    /// Packets dropped by our own full receive queue (`SO_RXQ_OVFL`).
    pub overflowed: u64,
    /// Replies refused: unknown, wrong source, wrong cookie.
    pub forged: u64,
    /// Replies to a probe that was already answered.
    pub duplicate: u64,
    /// Replies after their probe's slot had been given up.
    pub late: u64,
    /// Sends that the kernel refused.
    pub send_errors: u64,
    /// Nanoseconds in which the engine could not see.
    pub blind_ns: u64,
}

/// The state of one segment now.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SegmentNow {
    /// Which.
    pub segment: SegmentNo,
    /// Its state.
    pub state: LinkState,
    /// Since when.
    pub since: Stamp,
}

/// One line of an on-demand ping.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PingLine {
    /// Its number, from 1.
    pub number: u16,
    /// How it ended.
    pub outcome: Outcome,
    /// Who answered, and with which error, where it was not the target itself.
    pub error: Option<(IpAddr, IcmpErrorKind)>,
}

/// How `netd` is.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Status {
    /// Version of the program.
    pub build: String,
    /// Its process id.
    pub pid: u32,
    /// When it started.
    pub started: Stamp,
    /// The ring: oldest and newest event, bytes held, bytes allowed.
    pub oldest: u64,
    /// See `oldest`.
    pub newest: Cursor,
    /// Bytes that the ring holds.
    pub ring_bytes: u64,
    /// Bytes that it may hold.
    pub ring_limit: u64,
    /// The desired state's generation and size.
    pub generation: u64,
    /// How many segments are watched.
    pub targets: u32,
    /// The engine's counters.
    pub engine: EngineCounters,
    /// Memory of the engine: probes in flight, targets, buffers; in bytes.
    pub engine_bytes: u64,
    /// Memory of the machines that decide, and of what is known of each segment; in bytes.
    pub machine_bytes: u64,
    /// How many follow the live stream.
    pub followers: u32,
    /// Sockets held, by name: listening ones and those for datagrams.
    pub listeners: Vec<String>,
    /// Trunks that are dark now.
    pub dark: Vec<String>,
    /// Whether the desired state is on disk; without it a restart waits for `serve`.
    pub kept: bool,
    /// Resident memory, in bytes.
    pub resident: u64,
    /// CPU time used, in nanoseconds.
    pub cpu_ns: u64,
}
