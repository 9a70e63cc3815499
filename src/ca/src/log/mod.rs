//! The authority's log: what was signed and revoked, beside the database and before it.
//!
//! A database that was restored from a backup has forgotten what came later. The log is written
//! and on disk before the database is asked, so that it never lacks what the database
//! acknowledged; at each start the two are held against each other, and of what they say about a
//! certificate the one holds that opens less.

mod line;
mod replay;
mod writer;

pub(crate) use line::{Event, Ordered, What};
pub(crate) use replay::{Replay, Seen, has_signed, ordered_at};
pub(crate) use writer::Log;

#[cfg(test)]
mod tests {
    use std::fs::File;
    use std::io;
    use std::os::unix::fs::FileExt;
    use std::sync::atomic::{AtomicBool, Ordering};

    use aws_lc_rs::hmac;

    use super::*;
    use crate::{Error, Serial, State};

    fn key() -> hmac::Key {
        hmac::Key::new(hmac::HMAC_SHA256, b"a key")
    }

    fn event(what: What) -> Event {
        Event::of(what, Serial::draw().unwrap(), 1)
    }

    /// covers: T-6
    #[tokio::test]
    async fn a_torn_write_is_cut_as_a_whole_and_a_hole_before_a_later_write_is_refused() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("log");
        let (log, _) = Log::open(&path, key(), 0).unwrap();
        let first = event(What::Issue);
        log.append(vec![first.clone()]).await.unwrap();
        let known = std::fs::read(&path).unwrap();
        let end = known.iter().rposition(|octet| *octet != 0).unwrap() as u64 + 1;
        log.append(vec![event(What::Issue), event(What::Issue), event(What::Issue)]).await.unwrap();
        drop(log);
        // The first line of the second write never came to the disk, the others did.
        let hole = |path: &std::path::Path| {
            let file = File::options().write(true).open(path).unwrap();
            file.write_all_at(&[0; 8], end).unwrap();
        };
        let whole = std::fs::read(&path).unwrap();
        hole(&path);
        let (log, replay) = Log::open(&path, key(), 1).unwrap();
        assert_eq!((replay.lines, replay.end), (1, end));
        let serial: Serial = first.serial.unwrap().parse().unwrap();
        assert_eq!(replay.seen[&serial].state, State::Active);
        drop(log);
        // The same, but the database says that all four lines were on the disk.
        std::fs::write(&path, &whole).unwrap();
        hole(&path);
        assert!(matches!(Log::open(&path, key(), 4), Err(Error::Log { .. })));
        // The same, but something was written afterwards.
        std::fs::write(&path, &whole).unwrap();
        let (log, replay) = Log::open(&path, key(), 4).unwrap();
        assert_eq!(replay.lines, 4);
        log.append(vec![event(What::Issue)]).await.unwrap();
        drop(log);
        hole(&path);
        assert!(matches!(Log::open(&path, key(), 1), Err(Error::Log { .. })));
        // Another key reads nothing.
        std::fs::write(&path, &whole).unwrap();
        let other = hmac::Key::new(hmac::HMAC_SHA256, b"another");
        assert!(matches!(Log::open(&path, other, 4), Err(Error::Log { .. })));
    }

    /// covers: T-7
    #[tokio::test]
    async fn a_log_says_whether_anything_was_signed() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("log");
        assert!(!has_signed(&path, &key()).unwrap(), "there is none");
        let (log, _) = Log::open(&path, key(), 0).unwrap();
        log.append(vec![Event::number(1, 1), event(What::Intend)]).await.unwrap();
        assert!(!has_signed(&path, &key()).unwrap(), "a first start that was broken off");
        log.append(vec![event(What::Issue)]).await.unwrap();
        assert!(has_signed(&path, &key()).unwrap());
    }

    /// covers: T-6
    #[tokio::test]
    async fn what_comes_together_is_written_together_and_in_order() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("log");
        let (log, _) = Log::open(&path, key(), 0).unwrap();
        let log = std::sync::Arc::new(log);
        let all: Vec<_> = (0..200)
            .map(|_| {
                let log = std::sync::Arc::clone(&log);
                tokio::spawn(async move { log.append(vec![event(What::Intend)]).await })
            })
            .collect();
        let mut lines = Vec::new();
        for one in all {
            lines.push(one.await.unwrap().unwrap());
        }
        lines.sort_unstable();
        assert_eq!(lines, (1..=200).collect::<Vec<u64>>());
        drop(log);
        let (_log, replay) = Log::open(&path, key(), 200).unwrap();
        assert_eq!((replay.lines, replay.seen.len()), (200, 200));
    }

    /// covers: T-6, T-7
    #[tokio::test]
    async fn on_a_full_disk_nothing_is_issued_and_a_thousand_revocations_are_taken() {
        static FULL: AtomicBool = AtomicBool::new(false);
        fn grow(file: &File, from: u64, more: u64) -> io::Result<()> {
            match FULL.load(Ordering::SeqCst) {
                true => Err(io::ErrorKind::StorageFull.into()),
                false => file.set_len(from + more),
            }
        }
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("log");
        let (log, _) = Log::open_on(&path, key(), 0, grow).unwrap();
        log.append(vec![event(What::Intend)]).await.unwrap();
        FULL.store(true, Ordering::SeqCst);
        let mut orders = 0;
        let refused = loop {
            match log.append(vec![event(What::Intend); 100]).await {
                Ok(_) => orders += 1,
                Err(error) => break error,
            }
            assert!(orders < 1_000, "the disk is full");
        };
        assert!(matches!(refused, Error::Full), "{refused}");
        for _ in 0..1_000 {
            log.append(vec![event(What::Revoke)]).await.unwrap();
        }
        assert!(matches!(log.append(vec![event(What::Resume)]).await, Err(Error::Full)));
        FULL.store(false, Ordering::SeqCst);
        log.append(vec![event(What::Intend)]).await.unwrap();
        drop(log);
        let (_log, replay) = Log::open(&path, key(), 0).unwrap();
        assert_eq!(replay.lines, 1 + orders * 100 + 1_000 + 1);
    }
}
