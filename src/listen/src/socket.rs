//! What the kernel is told about a TCP connection, and what it says when it has no more of them.

use std::io::Error;
use std::time::Duration;

use nix::errno::Errno;
use nix::sys::socket::setsockopt;
use nix::sys::socket::sockopt::{
    KeepAlive, TcpKeepCount, TcpKeepIdle, TcpKeepInterval, TcpUserTimeout,
};
use tokio::net::TcpStream;

/// A silent peer is asked whether it is there after so many seconds, and so many seconds apart, so
/// many times (RFC 9293, section 3.8.4).
const IDLE: u32 = 60;
const APART: u32 = 20;
const TIMES: u32 = 3;
/// The shortest that a peer may leave what was sent to it unanswered (RFC 5482).
const UNANSWERED: Duration = Duration::from_secs(120);

/// Has the kernel end a connection whose peer is gone without a word, or takes nothing for two
/// minutes, or for `patience` where that is longer. What is sent goes out at once.
///
/// # Errors
/// When the kernel takes an option for this socket no more.
pub fn mind(stream: &TcpStream, patience: Duration) -> std::io::Result<()> {
    stream.set_nodelay(true)?;
    ask_after(stream)?;
    let longest = u32::try_from(UNANSWERED.max(patience).as_millis()).unwrap_or(u32::MAX);
    Ok(setsockopt(stream, TcpUserTimeout, &longest)?)
}

/// Has the kernel end a connection whose peer is gone without a word: after two minutes of silence. One
/// that is there and takes nothing, as while a download is paused, stays.
///
/// # Errors
/// When the kernel takes an option for this socket no more.
pub fn ask_after(stream: &TcpStream) -> std::io::Result<()> {
    setsockopt(stream, KeepAlive, &true)?;
    setsockopt(stream, TcpKeepIdle, &IDLE)?;
    setsockopt(stream, TcpKeepInterval, &APART)?;
    Ok(setsockopt(stream, TcpKeepCount, &TIMES)?)
}

/// Whether it is this process or machine that lacks something for one connection more, not the peer:
/// descriptors, ports or memory (accept(2), connect(2)).
pub fn is_want_of_ours(error: &Error) -> bool {
    let number = error.raw_os_error().map(Errno::from_raw);
    matches!(
        number,
        Some(Errno::EMFILE | Errno::ENFILE | Errno::EADDRNOTAVAIL | Errno::ENOBUFS | Errno::ENOMEM)
    )
}

#[cfg(test)]
mod tests {
    use nix::sys::socket::getsockopt;
    use tokio::net::TcpListener;

    use super::*;

    /// covers: T-7 (a peer that vanishes)
    #[tokio::test]
    async fn a_peer_that_says_nothing_is_asked_for() {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("its address");
        let stream = TcpStream::connect(address).await.expect("it is there");
        mind(&stream, Duration::ZERO).expect("the kernel knows all of it");
        assert_eq!(getsockopt(&stream, KeepAlive), Ok(true));
        assert_eq!(getsockopt(&stream, TcpKeepIdle), Ok(60));
        assert_eq!(getsockopt(&stream, TcpUserTimeout), Ok(120_000));
        mind(&stream, Duration::from_secs(600)).expect("and longer");
        assert_eq!(getsockopt(&stream, TcpUserTimeout), Ok(600_000));
        assert!(stream.nodelay().expect("it says so"));
    }

    /// covers: T-7
    #[test]
    fn what_we_lack_is_told_from_what_a_peer_refuses() {
        let is_ours = |number: Errno| is_want_of_ours(&Error::from(number));
        assert!([Errno::EMFILE, Errno::ENFILE, Errno::EADDRNOTAVAIL].into_iter().all(is_ours));
        assert!(
            ![Errno::ECONNREFUSED, Errno::EHOSTUNREACH, Errno::ETIMEDOUT]
                .map(is_ours)
                .contains(&true)
        );
        assert!(!is_want_of_ours(&std::io::ErrorKind::TimedOut.into()));
    }
}
