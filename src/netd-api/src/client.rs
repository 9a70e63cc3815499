//! `serve`'s half: one connection a request.

use std::net::{IpAddr, SocketAddr, TcpListener, UdpSocket};
use std::os::fd::{AsFd, OwnedFd};
use std::path::{Path, PathBuf};
use std::time::Duration;

use ets_model::{Intercept, Policy, SegmentNo, WallTime};
use tokio::net::UnixStream;

use crate::{
    Apply, Connection, Conversations, Cursor, Desired, Error, Event, MeterFrame, Metering,
    PingLine, Plan, Reach, Reply, Request, RulesNow, SegmentNow, Status, descriptor, greet_netd,
};

/// Knows where `netd` listens. Cheap to clone; every call opens its own connection.
#[derive(Clone, Debug)]
pub struct Client {
    path: PathBuf,
}

/// The live stream of events. Drop it to leave.
#[derive(Debug)]
pub struct Follower {
    /// The oldest event that [`Client::replay`] can still give.
    pub oldest: u64,
    /// The last event before the stream: the first one of the stream has the next number.
    pub newest: Cursor,
    /// Every segment's state as of `newest`.
    pub now: Vec<SegmentNow>,
    connection: Connection,
}

/// What a follower missed, by the cursor it stopped at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Gap {
    /// Nothing.
    None,
    /// These events; all of them are still there.
    Replay {
        /// For [`Client::replay`].
        after: Option<Cursor>,
        /// For [`Client::replay`].
        until: u64,
    },
    /// `netd` was started anew since: its events from the first one on, and what lay between the
    /// cursor and the end of the former life is gone.
    Reborn {
        /// For [`Client::replay`], after `None`.
        until: u64,
    },
    /// Events up to `oldest` fell out of the ring; the rest can be replayed.
    Lost {
        /// The first one that is still there.
        oldest: u64,
        /// For [`Client::replay`].
        after: Option<Cursor>,
        /// For [`Client::replay`].
        until: u64,
    },
}

/// The backlog, as it comes.
#[derive(Debug)]
pub struct Replaying {
    connection: Connection,
    done: Option<Cursor>,
}

/// The counters, as they come. Drop it to leave.
#[derive(Debug)]
pub struct Meters {
    /// How they are counted.
    pub metering: Metering,
    connection: Connection,
}

/// The lines of an on-demand ping, as they come.
#[derive(Debug)]
pub struct Pinging {
    connection: Connection,
    done: bool,
}

impl Client {
    /// A client of the `netd` that listens at `path`. Nothing is opened yet.
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self { path: path.into() }
    }

    /// Where `netd` listens.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Replaces the whole desired state; returns once it is on `netd`'s disk and in force.
    ///
    /// # Errors
    /// When `netd` cannot be reached or refuses it (nothing is changed then).
    pub async fn configure(&self, desired: Desired) -> Result<Cursor, Error> {
        match self.ask(&Request::Configure(desired)).await?.1 {
            Reply::Done(cursor) => Ok(cursor),
            other => Err(unexpected(other, "done")),
        }
    }

    /// Follows live. Events begin right after [`Follower::newest`]; what lies between `after` and
    /// it is told by [`Follower::gap`] and comes by [`replay`](Self::replay) on its own connection.
    ///
    /// # Errors
    /// When `netd` cannot be reached or refuses.
    pub async fn follow(&self, after: Option<Cursor>) -> Result<Follower, Error> {
        match self.ask(&Request::Follow { after }).await? {
            (connection, Reply::Following { oldest, newest, now }) => {
                Ok(Follower { oldest, newest, now, connection })
            }
            (_, other) => Err(unexpected(other, "the beginning of the stream")),
        }
    }

    /// The events after `after` (`None`: from the oldest) up to and including `until`. A cursor of
    /// another life counts as `None`.
    ///
    /// # Errors
    /// When `netd` cannot be reached.
    pub async fn replay(&self, after: Option<Cursor>, until: u64) -> Result<Replaying, Error> {
        let connection = self.open(&Request::Replay { after, until }).await?;
        Ok(Replaying { connection, done: None })
    }

    /// Pings `address`: 1 to 1,000 times, at least 100 ms apart.
    ///
    /// # Errors
    /// When `netd` cannot be reached; a refusal comes from [`Pinging::next`].
    pub async fn ping(
        &self,
        address: IpAddr,
        count: u16,
        interval: Duration,
    ) -> Result<Pinging, Error> {
        let connection = self.open(&Request::Ping { address, count, interval }).await?;
        Ok(Pinging { connection, done: false })
    }

    /// The socket that `netd` holds under `name`: a listening one, or one for datagrams. It stays
    /// open in `netd`, so that nobody is refused while `serve` restarts.
    ///
    /// # Errors
    /// When `netd` cannot be reached or holds no such socket.
    pub async fn listener(&self, name: &str) -> Result<OwnedFd, Error> {
        let socket = self.ask_socket(&Request::Listener { name: name.to_owned() }).await?;
        socket.ok_or_else(|| Error::NoDescriptor(name.to_owned()))
    }

    /// As [`listener`](Self::listener), for TCP; non-blocking, ready for tokio.
    ///
    /// # Errors
    /// As [`listener`](Self::listener).
    pub async fn tcp_listener(&self, name: &str) -> Result<TcpListener, Error> {
        let socket = self.listener(name).await?;
        if descriptor::is_datagram(socket.as_fd()) {
            return Err(Error::WrongSocket(name.to_owned(), "TCP"));
        }
        let listener = TcpListener::from(socket);
        listener.set_nonblocking(true)?;
        Ok(listener)
    }

    /// Hands what segments send outside to the transparent sockets; `None`: nothing. The same once more
    /// costs nothing.
    ///
    /// # Errors
    /// When `netd` cannot be reached or refuses; nothing is changed then.
    pub async fn intercept(&self, wanted: Option<Intercept>) -> Result<(), Error> {
        match self.ask(&Request::Intercept(wanted)).await?.1 {
            Reply::Done(_) => Ok(()),
            other => Err(unexpected(other, "done")),
        }
    }

    /// A socket for datagrams that speaks in the name of a host outside.
    ///
    /// # Errors
    /// When `netd` cannot be reached or refuses: the address is none outside, or there were too many.
    pub async fn speak(&self, address: SocketAddr) -> Result<UdpSocket, Error> {
        let socket = self.ask_socket(&Request::Speak { address }).await?;
        let socket = socket.ok_or_else(|| Error::NoDescriptor(address.to_string()))?;
        let socket = UdpSocket::from(socket);
        socket.set_nonblocking(true)?;
        Ok(socket)
    }

    /// As [`listener`](Self::listener), for UDP; non-blocking, ready for tokio. Datagrams that
    /// came while nobody read lie in it, as many as its buffer holds. Each says to which address
    /// of ours it was sent (`IP_PKTINFO`, `IPV6_PKTINFO`), so that the answer can come from there.
    ///
    /// # Errors
    /// As [`listener`](Self::listener).
    pub async fn udp_socket(&self, name: &str) -> Result<UdpSocket, Error> {
        let socket = self.listener(name).await?;
        if !descriptor::is_datagram(socket.as_fd()) {
            return Err(Error::WrongSocket(name.to_owned(), "UDP"));
        }
        let socket = UdpSocket::from(socket);
        socket.set_nonblocking(true)?;
        Ok(socket)
    }

    /// How `netd` is.
    ///
    /// # Errors
    /// When `netd` cannot be reached.
    pub async fn status(&self) -> Result<Status, Error> {
        match self.ask(&Request::Status).await?.1 {
            Reply::Status(status) => Ok(*status),
            other => Err(unexpected(other, "the status")),
        }
    }

    /// What a policy would change in the kernel; nothing is changed.
    ///
    /// # Errors
    /// When `netd` cannot be reached or the policy has faults.
    pub async fn plan(&self, policy: Policy) -> Result<Plan, Error> {
        match self.ask(&Request::Plan(Box::new(policy))).await?.1 {
            Reply::Plan(plan) => Ok(*plan),
            other => Err(unexpected(other, "a plan")),
        }
    }

    /// Puts a policy in force; returns once it is.
    ///
    /// # Errors
    /// When `netd` cannot be reached or refuses; nothing is changed then.
    pub async fn apply(&self, apply: Apply) -> Result<RulesNow, Error> {
        self.ask_rules(&Request::Apply(Box::new(apply))).await
    }

    /// Confirms the change that waits, in the name of who made it.
    ///
    /// # Errors
    /// When `netd` cannot be reached or refuses: it is not the one that waits, or somebody else's.
    pub async fn confirm(&self, change: u64, author: &str) -> Result<RulesNow, Error> {
        self.ask_rules(&Request::Confirm { change, author: author.to_owned() }).await
    }

    /// Takes the change that waits back.
    ///
    /// # Errors
    /// When `netd` cannot be reached or refuses: it is not the one that waits.
    pub async fn withdraw(&self, change: u64) -> Result<RulesNow, Error> {
        self.ask_rules(&Request::Withdraw { change }).await
    }

    /// The state of the rules.
    ///
    /// # Errors
    /// When `netd` cannot be reached.
    pub async fn rules(&self) -> Result<RulesNow, Error> {
        self.ask_rules(&Request::Rules).await
    }

    /// The rules as the kernel has them, as text for people.
    ///
    /// # Errors
    /// When `netd` or the kernel cannot be asked.
    pub async fn rules_text(&self) -> Result<String, Error> {
        match self.ask(&Request::RulesText).await?.1 {
            Reply::Text(text) => Ok(text),
            other => Err(unexpected(other, "a text")),
        }
    }

    /// Who may reach what, computed from the rules that the kernel has.
    ///
    /// # Errors
    /// When `netd` or the kernel cannot be asked.
    pub async fn reach(&self) -> Result<Reach, Error> {
        match self.ask(&Request::Reach).await?.1 {
            Reply::Reach(reach) => Ok(*reach),
            other => Err(unexpected(other, "a table of who may reach what")),
        }
    }

    /// Who talks in a segment now.
    ///
    /// # Errors
    /// When `netd` or the kernel cannot be asked, or the segment is not in force.
    pub async fn conversations(&self, segment: SegmentNo) -> Result<Conversations, Error> {
        match self.ask(&Request::Conversations { segment }).await?.1 {
            Reply::Conversations(talk) => Ok(*talk),
            other => Err(unexpected(other, "who talks in a segment")),
        }
    }

    /// The stream of the meters; the minutes after `after` come first.
    ///
    /// # Errors
    /// When `netd` cannot be reached or does not count.
    pub async fn meter(&self, after: Option<WallTime>) -> Result<Meters, Error> {
        match self.ask(&Request::Meter { after }).await? {
            (connection, Reply::Metering(metering)) => Ok(Meters { metering, connection }),
            (_, other) => Err(unexpected(other, "the beginning of the meters")),
        }
    }

    async fn ask_rules(&self, request: &Request) -> Result<RulesNow, Error> {
        match self.ask(request).await?.1 {
            Reply::Rules(rules) => Ok(*rules),
            other => Err(unexpected(other, "the state of the rules")),
        }
    }

    /// `None`: the socket got lost on the way.
    async fn ask_socket(&self, request: &Request) -> Result<Option<OwnedFd>, Error> {
        let mut connection = self.open(request).await?;
        match connection.receive_with("a reply").await?.ok_or(Error::Closed)? {
            Reply::Listener => Ok(connection.take_descriptor()),
            other => Err(unexpected(other, "a socket")),
        }
    }

    async fn open(&self, request: &Request) -> Result<Connection, Error> {
        let stream = UnixStream::connect(&self.path)
            .await
            .map_err(|source| Error::Connect { path: self.path.clone(), source })?;
        let mut connection = Connection::new(stream);
        greet_netd(&mut connection).await?;
        connection.send(request).await?;
        Ok(connection)
    }

    async fn ask(&self, request: &Request) -> Result<(Connection, Reply), Error> {
        let mut connection = self.open(request).await?;
        let reply = connection.receive("a reply").await?.ok_or(Error::Closed)?;
        Ok((connection, reply))
    }
}

impl Meters {
    /// The next counters. May be cancelled without loss. `None` when `netd` ended the connection.
    ///
    /// # Errors
    /// When `netd` cut us off or the connection broke: ask again, totals make it good.
    pub async fn next(&mut self) -> Result<Option<MeterFrame>, Error> {
        match self.connection.receive("a reply").await? {
            None => Ok(None),
            Some(Reply::Meter(frame)) => Ok(Some(frame)),
            Some(other) => Err(unexpected(other, "counters")),
        }
    }
}

impl Follower {
    /// The next event. May be cancelled without loss. `None` when `netd` ended the connection.
    ///
    /// # Errors
    /// [`Error::Refused`] when `netd` cut us off for reading too slowly: follow again and replay.
    pub async fn next(&mut self) -> Result<Option<Event>, Error> {
        match self.connection.receive("a reply").await? {
            None => Ok(None),
            Some(Reply::Event(event)) => Ok(Some(event)),
            Some(other) => Err(unexpected(other, "an event")),
        }
    }

    /// What lies between `after`, where we stopped, and the beginning of this stream.
    pub fn gap(&self, after: Option<Cursor>) -> Gap {
        let until = self.newest.seq;
        let here = after.filter(|cursor| cursor.instance == self.newest.instance);
        match (after, here) {
            (Some(_), None) => Gap::Reborn { until },
            (_, here) if here.map_or(0, |cursor| cursor.seq) >= until => Gap::None,
            (_, here) if here.map_or(0, |cursor| cursor.seq) + 1 < self.oldest => {
                Gap::Lost { oldest: self.oldest, after: here, until }
            }
            (_, here) => Gap::Replay { after: here, until },
        }
    }
}

impl Replaying {
    /// The next event; `None` when all have come, and then [`done`](Self::done) says how far.
    /// May be cancelled without loss.
    ///
    /// # Errors
    /// When the connection broke before the end.
    pub async fn next(&mut self) -> Result<Option<Event>, Error> {
        if self.done.is_some() {
            return Ok(None);
        }
        match self.connection.receive("a reply").await?.ok_or(Error::Closed)? {
            Reply::Event(event) => Ok(Some(event)),
            Reply::Done(cursor) => {
                self.done = Some(cursor);
                Ok(None)
            }
            other => Err(unexpected(other, "an event")),
        }
    }

    /// The cursor to go on from, once all events have come.
    pub fn done(&self) -> Option<Cursor> {
        self.done
    }
}

impl Pinging {
    /// The next line; `None` when all have come. May be cancelled without loss.
    ///
    /// # Errors
    /// When `netd` refuses the ping or the connection broke.
    pub async fn next(&mut self) -> Result<Option<PingLine>, Error> {
        if self.done {
            return Ok(None);
        }
        match self.connection.receive("a reply").await?.ok_or(Error::Closed)? {
            Reply::Ping(line) => Ok(Some(line)),
            Reply::Done(_) => {
                self.done = true;
                Ok(None)
            }
            other => Err(unexpected(other, "a line of the ping")),
        }
    }
}

fn unexpected(got: Reply, expected: &'static str) -> Error {
    let got = match got {
        Reply::Refused(why) => return Error::Refused(why),
        Reply::Done(_) => "done",
        Reply::Following { .. } => "the beginning of a stream",
        Reply::Event(_) => "an event",
        Reply::Ping(_) => "a line of a ping",
        Reply::Listener => "a socket",
        Reply::Status(_) => "a status",
        Reply::Plan(_) => "a plan",
        Reply::Rules(_) => "the state of the rules",
        Reply::Text(_) => "a text",
        Reply::Reach(_) => "a table of who may reach what",
        Reply::Conversations(_) => "who talks in a segment",
        Reply::Metering(_) => "the beginning of the meters",
        Reply::Meter(_) => "counters",
    };
    Error::Unexpected { expected, got }
}
