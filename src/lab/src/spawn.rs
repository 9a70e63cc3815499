//! Starting a child that cannot outlive the lab.
#![allow(unsafe_code)] // One block: std offers no other way to act between fork and exec.

use std::fs::File;
use std::io;
use std::os::fd::{BorrowedFd, RawFd};
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, Stdio};

use nix::fcntl::{FcntlArg, FdFlag, fcntl};
use nix::sys::prctl::set_pdeathsig;
use nix::sys::signal::{SigSet, Signal};

/// Starts a command whose process is killed when the calling thread ends, in a process group of its
/// own (so that Ctrl-C reaches the lab alone), writing to `log`, with these descriptors inherited.
pub(crate) fn spawn(command: &mut Command, log: &File, keep: &[RawFd]) -> io::Result<Child> {
    let keep = keep.to_vec();
    let parent = nix::unistd::getpid();
    command.stdin(Stdio::null()).stdout(log.try_clone()?).stderr(log.try_clone()?).process_group(0);
    // SAFETY: the closure runs in the child between fork and exec and only makes system calls
    // that are safe there (prctl, sigprocmask, getppid, fcntl); it allocates nothing.
    unsafe {
        command.pre_exec(move || {
            set_pdeathsig(Signal::SIGKILL)?;
            // The lab waits for its signals with them blocked; a child must hear its own.
            SigSet::empty().thread_set_mask()?;
            if nix::unistd::getppid() != parent {
                return Err(io::Error::from(nix::Error::ESRCH));
            }
            for fd in &keep {
                // The lab keeps these sockets open for as long as it has children.
                let fd = BorrowedFd::borrow_raw(*fd);
                fcntl(fd, FcntlArg::F_SETFD(FdFlag::empty()))?;
            }
            Ok(())
        });
    }
    command.spawn()
}
