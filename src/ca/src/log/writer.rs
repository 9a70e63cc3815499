//! The log written: one thread, what waits goes to the disk in one write, and only then does
//! anybody hear of it.

use std::fs::{File, OpenOptions, TryLockError};
use std::os::unix::fs::{FileExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::mpsc;
use std::thread::JoinHandle;

use aws_lc_rs::hmac;
use tokio::sync::oneshot;

use super::line::{Event, Line};
use super::replay::Replay;
use crate::Error;

/// Space is taken from the disk in pieces of this size, before it is needed.
const PIECE: u64 = 1 << 20;
/// So much is left for what takes something away, when the disk is full: about 1,000 lines.
const RESERVE: u64 = 256 << 10;
/// At most so many events in one write.
const BATCH: usize = 256;

/// The log, open for writing. Ends, and gives the file free, when it is dropped.
#[derive(Debug)]
pub(crate) struct Log {
    orders: Option<mpsc::Sender<Order>>,
    thread: Option<JoinHandle<()>>,
    path: PathBuf,
}

struct Order {
    events: Vec<Event>,
    done: oneshot::Sender<Result<u64, Error>>,
}

impl Log {
    /// Opens a log, or begins one; what it knows is told. `acknowledged` lines were on the disk,
    /// as the database says: where fewer can be read, that is no torn write. Blocks while it reads.
    ///
    /// # Errors
    /// [`Error::Log`] when it was changed or damaged; [`Error::InUse`] when another process has
    /// it; [`Error::File`].
    pub(crate) fn open(
        path: &Path,
        key: hmac::Key,
        acknowledged: u64,
    ) -> Result<(Self, Replay), Error> {
        Self::open_on(path, key, acknowledged, allocate)
    }

    /// As [`Log::open`], on a disk that gives space by `grow`.
    pub(super) fn open_on(
        path: &Path,
        key: hmac::Key,
        acknowledged: u64,
        grow: Grow,
    ) -> Result<(Self, Replay), Error> {
        let fail = |source| Error::File { path: path.to_owned(), source };
        let file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .mode(0o600)
            .open(path)
            .map_err(fail)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(Error::InUse { path: path.to_owned() }),
            Err(TryLockError::Error(source)) => return Err(fail(source)),
        }
        let mut replay = Replay::read(&file, path, &key)?;
        if std::mem::take(&mut replay.is_torn) {
            if replay.lines < acknowledged {
                return Err(Error::Log { path: path.to_owned(), at: replay.end });
            }
            tracing::warn!(path = %path.display(), "the log ended in a write that was torn: cut");
            file.set_len(replay.end).map_err(fail)?;
        }
        file.sync_all().map_err(fail)?;
        let dir = path.parent().unwrap_or(Path::new("."));
        File::open(dir).and_then(|dir| dir.sync_all()).map_err(fail)?;
        let space = file.metadata().map_err(fail)?.len();
        let (orders, inbox) = mpsc::channel();
        let seal = replay.seal.clone();
        let (lines, end) = (replay.lines, replay.end);
        let writer = Writer { file, key, grow, lines, seal, end, space, is_ended: false };
        let thread = std::thread::Builder::new()
            .name("ca-log".to_owned())
            .spawn(move || writer.run(&inbox))
            .map_err(fail)?;
        let log = Self { orders: Some(orders), thread: Some(thread), path: path.to_owned() };
        Ok((log, replay))
    }

    /// Where it is.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Writes events, in this order and together, a hundred at most; they are on the disk when
    /// this returns. Answers how many lines there are up to them.
    ///
    /// # Errors
    /// [`Error::Full`], [`Error::LogEnded`]: then none of them counts.
    pub(crate) async fn append(&self, events: Vec<Event>) -> Result<u64, Error> {
        let (done, told) = oneshot::channel();
        let orders = self.orders.as_ref().ok_or(Error::LogEnded)?;
        orders.send(Order { events, done }).map_err(|_| Error::LogEnded)?;
        told.await.unwrap_or(Err(Error::LogEnded))
    }
}

impl Drop for Log {
    fn drop(&mut self) {
        // The thread ends when nobody can order any more.
        drop(self.orders.take());
        if let Some(thread) = self.thread.take() {
            drop(thread.join());
        }
    }
}

/// Gives a file more space on its disk, from where on and how much.
pub(super) type Grow = fn(&File, u64, u64) -> std::io::Result<()>;

fn allocate(file: &File, from: u64, more: u64) -> std::io::Result<()> {
    let number = |value| i64::try_from(value).map_err(std::io::Error::other);
    nix::fcntl::posix_fallocate(file, number(from)?, number(more)?)?;
    file.sync_all()
}

struct Writer {
    file: File,
    key: hmac::Key,
    grow: Grow,
    lines: u64,
    seal: String,
    end: u64,
    /// Where the space ends that the file has on the disk.
    space: u64,
    /// After a write that failed nobody knows what is on the disk: a start reads it.
    is_ended: bool,
}

impl Writer {
    fn run(mut self, inbox: &mpsc::Receiver<Order>) {
        while let Ok(first) = inbox.recv() {
            let mut count = first.events.len();
            let mut orders = vec![first];
            while count < BATCH
                && let Ok(next) = inbox.try_recv()
            {
                count += next.events.len();
                orders.push(next);
            }
            self.write(orders);
        }
    }

    fn write(&mut self, orders: Vec<Order>) {
        let (first, mut text, mut waiting) = (self.lines, String::new(), Vec::new());
        for order in orders {
            match self.add(&order.events, first, &mut text) {
                Ok(()) => waiting.push((order.done, self.lines)),
                Err(error) => drop(order.done.send(Err(error))),
            }
        }
        let written = text.is_empty() || self.store(text.as_bytes());
        for (done, lines) in waiting {
            drop(done.send(if written { Ok(lines) } else { Err(Error::LogEnded) }));
        }
    }

    /// Adds an order's lines to what is written, or none of them.
    fn add(&mut self, events: &[Event], first: u64, text: &mut String) -> Result<(), Error> {
        if self.is_ended {
            return Err(Error::LogEnded);
        }
        let (mut lines, mut seal, mut more) = (self.lines, self.seal.clone(), String::new());
        for event in events {
            let line = Line { n: lines, with: first, after: seal, event: event.clone() };
            let (octets, own) = line.sealed(&self.key).map_err(|_| Error::LogEnded)?;
            more.push_str(&octets);
            (lines, seal) = (lines + 1, own);
        }
        let is_urgent = events.iter().all(Event::is_urgent);
        self.make_space((text.len() + more.len()) as u64, is_urgent)?;
        text.push_str(&more);
        (self.lines, self.seal) = (lines, seal);
        Ok(())
    }

    /// Sees to it that there is space for so much, and for the reserve behind it; what is urgent
    /// may do without the reserve.
    fn make_space(&mut self, length: u64, is_urgent: bool) -> Result<(), Error> {
        let need = self.end + length;
        if need + RESERVE > self.space {
            let more = (need + RESERVE - self.space).div_ceil(PIECE) * PIECE;
            match (self.grow)(&self.file, self.space, more) {
                Ok(()) => self.space += more,
                Err(error) if is_urgent && need <= self.space => {
                    tracing::warn!(%error, "the authority's log uses the last of its space");
                }
                Err(error) => {
                    tracing::error!(%error, "the authority's log has no space");
                    return Err(Error::Full);
                }
            }
        }
        Ok(())
    }

    fn store(&mut self, octets: &[u8]) -> bool {
        let written = self.file.write_all_at(octets, self.end);
        match written.and_then(|()| self.file.sync_data()) {
            Ok(()) => self.end += octets.len() as u64,
            Err(error) => {
                tracing::error!(%error, "the authority's log cannot be written");
                self.is_ended = true;
            }
        }
        !self.is_ended
    }
}
