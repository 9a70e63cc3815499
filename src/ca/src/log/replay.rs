//! The log read back at a start: what it knows, where it ends, and whether it is whole.

use std::collections::HashMap;
use std::fs::File;
use std::io::{self, BufRead, BufReader, Seek, SeekFrom};
use std::path::Path;

use aws_lc_rs::hmac;

use super::line::{Event, Line, Ordered, What};
use crate::{Error, Reason, Serial, State};

/// What one write can leave behind at most where it was torn.
pub(crate) const TORN: u64 = 1 << 20;

/// What the log says last about a certificate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Seen {
    pub(crate) state: State,
    pub(crate) reason: Option<Reason>,
    /// Microseconds since 1970.
    pub(crate) since: i64,
    /// Where the line is that says what was ordered.
    pub(crate) ordered: u64,
}

/// What the log knows.
#[derive(Debug, Default)]
pub(crate) struct Replay {
    pub(crate) seen: HashMap<Serial, Seen>,
    /// Numbers of revocation lists below this one may be in use.
    pub(crate) number: u64,
    /// How many lines there are.
    pub(crate) lines: u64,
    /// The last line's seal.
    pub(crate) seal: String,
    /// Where the next line goes.
    pub(crate) end: u64,
    /// Whether something that was written half is to be wiped.
    pub(crate) is_torn: bool,
}

impl Replay {
    /// Reads a log.
    ///
    /// # Errors
    /// [`Error::Log`] where lines behind a damaged one were written after it was on the disk;
    /// [`Error::File`].
    pub(crate) fn read(file: &File, path: &Path, key: &hmac::Key) -> Result<Self, Error> {
        let fail = |source| Error::File { path: path.to_owned(), source };
        let (mut replay, mut reader) = (Self::default(), BufReader::new(file));
        reader.seek(SeekFrom::Start(0)).map_err(fail)?;
        let mut octets = Vec::new();
        loop {
            octets.clear();
            let length = reader.read_until(b'\n', &mut octets).map_err(fail)?;
            if length == 0 {
                return Ok(replay);
            }
            if !replay.take(&octets, key) {
                break;
            }
            replay.end += length as u64;
        }
        match replay.judge(octets, reader, key).map_err(fail)? {
            true => Ok(replay),
            false => Err(Error::Log { path: path.to_owned(), at: replay.end }),
        }
    }

    /// Takes a line in, if it is the next one.
    fn take(&mut self, octets: &[u8], key: &hmac::Key) -> bool {
        let line = octets.strip_suffix(b"\n").and_then(|line| Line::read(line, key));
        let Some((line, seal)) = line else { return false };
        if line.n != self.lines || line.after != self.seal || !self.apply(&line.event) {
            return false;
        }
        self.lines += 1;
        self.seal = seal;
        true
    }

    fn apply(&mut self, event: &Event) -> bool {
        if event.what == What::Number {
            self.number = self.number.max(event.number.unwrap_or(0));
            return true;
        }
        let Some(serial) = event.serial.as_ref().and_then(|text| text.parse().ok()) else {
            return false;
        };
        let ordered = match self.seen.get(&serial) {
            Some(seen) => seen.ordered,
            None => self.end,
        };
        let state = match event.what {
            What::Intend => State::Intended,
            What::Revoke => State::Revoked,
            What::Suspend => State::Suspended,
            What::Issue | What::Resume | What::Number => State::Active,
        };
        let reason = event.reason.as_deref().and_then(Reason::read);
        self.seen.insert(serial, Seen { state, reason, since: event.at, ordered });
        true
    }

    /// Whether what follows the last good line may be the rest of one write that was torn: nobody
    /// was told then that it was written.
    fn judge(
        &mut self,
        first: Vec<u8>,
        mut reader: BufReader<&File>,
        key: &hmac::Key,
    ) -> io::Result<bool> {
        let (mut octets, mut at) = (first, self.end);
        while !octets.is_empty() {
            let blank = octets.iter().take_while(|octet| **octet == 0).count();
            if blank < octets.len() {
                self.is_torn = true;
                let is_near = at + (blank as u64) < self.end + TORN;
                let line = octets[blank..].strip_suffix(b"\n");
                let may_be = match line.and_then(|line| Line::read(line, key)) {
                    Some((line, _)) => line.n >= self.lines && line.with <= self.lines,
                    None => true,
                };
                if !is_near || !may_be {
                    return Ok(false);
                }
            }
            at += octets.len() as u64;
            octets.clear();
            reader.read_until(b'\n', &mut octets)?;
        }
        Ok(true)
    }
}

/// Whether the log at `path` knows of a certificate that was signed; no, where there is no log.
pub(crate) fn has_signed(path: &Path, key: &hmac::Key) -> Result<bool, Error> {
    let file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(false),
        Err(source) => return Err(Error::File { path: path.to_owned(), source }),
    };
    let replay = Replay::read(&file, path, key)?;
    Ok(replay.seen.values().any(|seen| seen.state != State::Intended))
}

/// What was ordered, as the line at `at` says.
pub(crate) fn ordered_at(path: &Path, at: u64, key: &hmac::Key) -> Result<Option<Ordered>, Error> {
    let read = || -> io::Result<Vec<u8>> {
        let mut reader = BufReader::new(File::open(path)?);
        reader.seek(SeekFrom::Start(at))?;
        let mut octets = Vec::new();
        reader.read_until(b'\n', &mut octets)?;
        Ok(octets)
    };
    let octets = read().map_err(|source| Error::File { path: path.to_owned(), source })?;
    let line = octets.strip_suffix(b"\n").and_then(|line| Line::read(line, key));
    Ok(line.and_then(|(line, _)| line.event.ordered))
}
