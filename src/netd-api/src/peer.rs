//! Who is at the other end of the socket, and who may be.

use std::os::fd::AsFd;

use nix::sys::socket::{getsockopt, sockopt::PeerCredentials};
use nix::unistd::{Gid, Uid, User, geteuid};

use crate::Error;

/// The process at the other end, as the kernel knows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Peer {
    /// Its process id; 0 when it lives in a pid namespace that we do not see.
    pub pid: i32,
    /// Its user.
    pub uid: u32,
    /// Its primary group.
    pub gid: u32,
}

/// Who may connect: root, our own user, and one group.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Allow {
    /// Members of this group may connect.
    pub group: Option<u32>,
}

impl Peer {
    /// Who is at the other end of `socket`.
    ///
    /// # Errors
    /// When the kernel does not say.
    pub fn of(socket: &impl AsFd) -> Result<Self, Error> {
        let found = getsockopt(socket, PeerCredentials).map_err(std::io::Error::from)?;
        Ok(Self { pid: found.pid(), uid: found.uid(), gid: found.gid() })
    }
}

impl Allow {
    /// Whether `peer` may connect.
    pub fn admits(&self, peer: Peer) -> bool {
        peer.uid == 0
            || peer.uid == geteuid().as_raw()
            || self.group.is_some_and(|group| peer.gid == group || is_member(peer.uid, group))
    }
}

/// Whether the user belongs to the group by the system's user database.
fn is_member(uid: u32, group: u32) -> bool {
    let Ok(Some(user)) = User::from_uid(Uid::from_raw(uid)) else {
        return false;
    };
    let Ok(name) = std::ffi::CString::new(user.name) else {
        return false;
    };
    nix::unistd::getgrouplist(&name, user.gid)
        .is_ok_and(|groups| groups.contains(&Gid::from_raw(group)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn root_our_own_user_and_the_group_are_admitted_and_nobody_else() {
        let allow = Allow { group: Some(4242) };
        let peer = |uid, gid| Peer { pid: 1, uid, gid };
        assert!(allow.admits(peer(0, 0)));
        assert!(allow.admits(peer(geteuid().as_raw(), 77)));
        assert!(allow.admits(peer(60_000, 4242)));
        assert!(!allow.admits(peer(60_000, 77)));
        assert!(!Allow::default().admits(peer(60_000, 4242)));
    }

    #[test]
    fn the_kernel_says_who_is_at_the_other_end() {
        let (one, _other) = std::os::unix::net::UnixStream::pair().unwrap();
        let peer = Peer::of(&one).unwrap();
        assert_eq!(peer.uid, geteuid().as_raw());
        assert_eq!(peer.pid, i32::try_from(std::process::id()).unwrap());
    }
}
