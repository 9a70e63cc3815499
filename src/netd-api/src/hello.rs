//! The first frame both ways: who is there and which version it speaks.
//!
//! Whatever a later version adds to [`Hello`], its magic and version stay where they are, so that
//! an older side can still say what is wrong.

use std::time::Duration;

use crate::{Connection, Error, HELLO_LIMIT, Hello, MAGIC, PROTOCOL};

/// How long a side waits for the other one's hello.
const PATIENCE: Duration = Duration::from_secs(5);

impl Hello {
    /// This program's hello.
    pub fn ours() -> Self {
        Self { magic: MAGIC, protocol: PROTOCOL, build: env!("CARGO_PKG_VERSION").to_owned() }
    }

    /// Reads the first frame of a connection and checks it.
    ///
    /// # Errors
    /// [`Error::NoHello`] for a stranger, [`Error::OlderPeer`] or [`Error::NewerPeer`] for another
    /// version.
    pub fn check(body: &[u8]) -> Result<Self, Error> {
        let (magic, rest) =
            postcard::take_from_bytes::<[u8; 4]>(body).map_err(|_| Error::NoHello)?;
        let (theirs, rest) = postcard::take_from_bytes::<u16>(rest).map_err(|_| Error::NoHello)?;
        let build = postcard::take_from_bytes::<String>(rest).map(|(build, _)| build);
        if magic != MAGIC {
            return Err(Error::NoHello);
        }
        let build = build.unwrap_or_else(|_| "an unknown build".to_owned());
        match theirs.cmp(&PROTOCOL) {
            std::cmp::Ordering::Less => Err(Error::OlderPeer { theirs, build }),
            std::cmp::Ordering::Greater => Err(Error::NewerPeer { theirs, build }),
            std::cmp::Ordering::Equal => Ok(Self { magic, protocol: theirs, build }),
        }
    }
}

/// The server's half: reads the other side's hello, and answers with ours in any case, so that
/// the other side can tell as well. The caller sends the refusal as a [`crate::Reply::Refused`].
///
/// # Errors
/// As [`Hello::check`], and [`Error::NoHello`] when none comes within five seconds.
pub async fn greet(connection: &mut Connection) -> Result<Hello, Error> {
    let heard = hear(connection).await;
    connection.send(&Hello::ours()).await?;
    heard
}

/// The client's half: sends our hello and checks the one of `netd`.
///
/// # Errors
/// As [`Hello::check`], and [`Error::NoHello`] when none comes within five seconds.
pub async fn greet_netd(connection: &mut Connection) -> Result<Hello, Error> {
    connection.send(&Hello::ours()).await?;
    hear(connection).await
}

async fn hear(connection: &mut Connection) -> Result<Hello, Error> {
    let first = tokio::time::timeout(PATIENCE, connection.receive_body(HELLO_LIMIT));
    match first.await {
        Ok(Ok(Some(body))) => Hello::check(body),
        Ok(Ok(None)) => Err(Error::Closed),
        Err(_) | Ok(Err(Error::TooLong { .. } | Error::Closed)) => Err(Error::NoHello),
        Ok(Err(error)) => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hello(magic: [u8; 4], protocol: u16) -> Vec<u8> {
        postcard::to_stdvec(&Hello { magic, protocol, build: "9.9.9".into() }).unwrap()
    }

    /// covers: S13
    #[test]
    fn each_way_a_hello_can_be_wrong_has_its_own_word() {
        assert!(Hello::check(&hello(MAGIC, PROTOCOL)).is_ok());
        assert!(matches!(Hello::check(&hello(*b"HTTP", PROTOCOL)), Err(Error::NoHello)));
        assert!(matches!(Hello::check(&[]), Err(Error::NoHello)));
        let newer = Hello::check(&hello(MAGIC, PROTOCOL + 1)).unwrap_err();
        assert!(newer.to_string().contains("restart this side"), "{newer}");
        let older = Hello::check(&hello(MAGIC, PROTOCOL - 1)).unwrap_err();
        assert!(older.to_string().contains("restart the other side"), "{older}");
    }

    /// covers: S13
    #[test]
    fn a_later_hello_with_more_fields_is_still_told_apart_by_its_version() {
        let mut later = hello(MAGIC, PROTOCOL + 7);
        later.extend_from_slice(&[1, 2, 3]);
        let error = Hello::check(&later).unwrap_err();
        assert!(matches!(error, Error::NewerPeer { theirs, .. } if theirs == PROTOCOL + 7));
    }
}
