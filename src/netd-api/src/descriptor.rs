//! Descriptors: passed over the socket (`SCM_RIGHTS`, unix(7)) and inherited at start.
//!
//! The only unsafe code of this room: taking ownership of a descriptor that the kernel has just
//! put into our table, or that the parent process left there for us by agreement.
#![allow(unsafe_code)]

use std::io::{self, IoSlice, IoSliceMut};
use std::os::fd::{AsRawFd, BorrowedFd, FromRawFd, OwnedFd, RawFd};

use nix::cmsg_space;
use nix::fcntl::{FcntlArg, FdFlag, fcntl};
use nix::sys::socket::{
    ControlMessage, ControlMessageOwned, MsgFlags, SockType, getsockopt, recvmsg, sendmsg, sockopt,
};
use tokio::io::Interest;
use tokio::net::UnixStream;

/// The most descriptors taken from one message.
const MOST: usize = 4;

/// Why an inherited descriptor cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum InheritError {
    /// It is not open.
    #[error("descriptor {0} is not open: the process that starts netd must leave it open")]
    NotOpen(RawFd),
    /// It is neither a listening socket nor one for datagrams.
    #[error(
        "descriptor {0} is no listening socket: pass one on which listen(2) was called, or a bound one for UDP"
    )]
    NotListening(RawFd),
    /// It is one of the first three, which belong to the log.
    #[error("descriptor {0} is a standard stream: pass a number from 3 on")]
    Standard(RawFd),
}

/// Takes over a listening socket, or one for datagrams, that the parent process left open under
/// `number`, and makes sure that no child inherits it.
///
/// The caller must pass each number once: the descriptor becomes the caller's own.
///
/// # Errors
/// When nothing is open under the number or it is no such socket.
pub fn inherited_listener(number: RawFd) -> Result<OwnedFd, InheritError> {
    if number < 3 {
        return Err(InheritError::Standard(number));
    }
    // SAFETY: only borrowed for the calls below; fcntl fails with EBADF if it is not open.
    let borrowed = unsafe { BorrowedFd::borrow_raw(number) };
    fcntl(borrowed, FcntlArg::F_SETFD(FdFlag::FD_CLOEXEC))
        .map_err(|_| InheritError::NotOpen(number))?;
    let listens = getsockopt(&borrowed, sockopt::AcceptConn).unwrap_or(false);
    if !listens && !is_datagram(borrowed) {
        return Err(InheritError::NotListening(number));
    }
    // SAFETY: it is open (checked above), and by this function's contract nobody else owns it.
    Ok(unsafe { OwnedFd::from_raw_fd(number) })
}

/// Whether it is a socket for datagrams.
pub(crate) fn is_datagram(socket: BorrowedFd<'_>) -> bool {
    getsockopt(&socket, sockopt::SockType) == Ok(SockType::Datagram)
}

/// Writes the beginning of `bytes` together with `descriptor`; returns how many bytes went.
pub(crate) async fn send(
    stream: &UnixStream,
    bytes: &[u8],
    descriptor: BorrowedFd<'_>,
) -> io::Result<usize> {
    let raw = [descriptor.as_raw_fd()];
    let attempt = || {
        let parts = [IoSlice::new(bytes)];
        let rights = [ControlMessage::ScmRights(&raw)];
        let flags = MsgFlags::MSG_NOSIGNAL;
        Ok(sendmsg::<()>(stream.as_raw_fd(), &parts, &rights, flags, None)?)
    };
    stream.async_io(Interest::WRITABLE, attempt).await
}

/// Reads more bytes to the end of `buffer`, and descriptors that come with them.
pub(crate) async fn receive(
    stream: &UnixStream,
    buffer: &mut Vec<u8>,
    descriptors: &mut Vec<OwnedFd>,
) -> io::Result<usize> {
    let mut chunk = [0u8; 4096];
    let attempt = || {
        let mut space = cmsg_space!([RawFd; MOST]);
        let mut parts = [IoSliceMut::new(&mut chunk)];
        let flags = MsgFlags::MSG_CMSG_CLOEXEC;
        let message = recvmsg::<()>(stream.as_raw_fd(), &mut parts, Some(&mut space), flags)?;
        for control in message.cmsgs()? {
            if let ControlMessageOwned::ScmRights(found) = control {
                // SAFETY: the kernel has just opened these for us and nobody else knows them.
                descriptors
                    .extend(found.into_iter().map(|raw| unsafe { OwnedFd::from_raw_fd(raw) }));
            }
        }
        Ok(message.bytes)
    };
    let read = stream.async_io(Interest::READABLE, attempt).await?;
    buffer.extend_from_slice(&chunk[..read]);
    Ok(read)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::fd::{AsFd, IntoRawFd};

    /// covers: S8
    #[test]
    fn only_a_listening_socket_or_one_for_datagrams_is_taken_over() {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let taken = inherited_listener(listener.into_raw_fd()).unwrap();
        assert_eq!(std::net::TcpListener::from(taken).local_addr().unwrap(), address);

        let datagrams = std::net::UdpSocket::bind("127.0.0.1:0").unwrap();
        let address = datagrams.local_addr().unwrap();
        let taken = inherited_listener(datagrams.into_raw_fd()).unwrap();
        assert!(is_datagram(taken.as_fd()));
        assert_eq!(std::net::UdpSocket::from(taken).local_addr().unwrap(), address);

        let file = std::fs::File::open("/dev/null").unwrap();
        let error = inherited_listener(file.as_raw_fd()).unwrap_err();
        assert!(matches!(error, InheritError::NotListening(_)), "{error}");
        assert!(matches!(inherited_listener(1), Err(InheritError::Standard(1))));
        assert!(matches!(inherited_listener(9_999), Err(InheritError::NotOpen(9_999))));
    }
}
