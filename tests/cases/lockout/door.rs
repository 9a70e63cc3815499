//! The lab opens the dashboard's sockets outside its namespaces. A door puts one where the real hub
//! has it: on a port of the hub, so that its packet filter decides who reaches the dashboard.

use std::fs::File;
use std::io::{self, Read, Write};
use std::net::{Ipv6Addr, Shutdown, SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use nix::sched::{CloneFlags, setns};

const PAUSE: Duration = Duration::from_millis(10);

/// A port that leads elsewhere, as long as this lives.
pub(super) struct Door {
    shut: Arc<AtomicBool>,
    keeper: Option<JoinHandle<()>>,
}

impl Door {
    /// Opens a port in a namespace that leads to a socket in ours.
    #[track_caller]
    pub(super) fn open(place: &str, at: SocketAddr, behind: SocketAddr) -> Self {
        Self::with(place, at, move |guest| drop(lead(&guest, behind)))
    }

    /// Opens a port in a namespace behind which a page is.
    #[track_caller]
    pub(super) fn page(place: &str, port: u16) -> Self {
        Self::with(place, (Ipv6Addr::UNSPECIFIED, port).into(), |mut guest| {
            let mut asked = [0; 1024];
            drop(guest.read(&mut asked));
            drop(guest.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nok\n"));
        })
    }

    #[track_caller]
    fn with(
        place: &str,
        at: SocketAddr,
        talk: impl Fn(TcpStream) + Clone + Send + 'static,
    ) -> Self {
        let listener = inside(place, move || TcpListener::bind(at));
        listener.set_nonblocking(true).expect("it can be asked without waiting");
        let shut = Arc::new(AtomicBool::new(false));
        let told = Arc::clone(&shut);
        let keeper = thread::spawn(move || {
            while !told.load(Ordering::Relaxed) {
                match listener.accept() {
                    Ok((guest, _)) if guest.set_nonblocking(false).is_ok() => {
                        let talk = talk.clone();
                        thread::spawn(move || talk(guest));
                    }
                    _ => thread::sleep(PAUSE),
                }
            }
        });
        Self { shut, keeper: Some(keeper) }
    }
}

impl Drop for Door {
    fn drop(&mut self) {
        self.shut.store(true, Ordering::Relaxed);
        drop(self.keeper.take().map(JoinHandle::join));
    }
}

/// What is made in a namespace; only a thread of its own goes there, and a socket stays in the one
/// in which it was made.
#[track_caller]
pub(super) fn inside<T: Send + 'static>(
    place: &str,
    make: impl FnOnce() -> io::Result<T> + Send + 'static,
) -> T {
    let path = Path::new("/run/netns").join(place);
    let made = thread::spawn(move || {
        setns(File::open(path)?, CloneFlags::CLONE_NEWNET)?;
        make()
    });
    made.join().expect("the thread ends").expect("it can be made there")
}

/// Who breaks off in the middle is what these tests are about.
fn lead(guest: &TcpStream, behind: SocketAddr) -> io::Result<()> {
    let host = TcpStream::connect(behind)?;
    let (back, answer) = (guest.try_clone()?, host.try_clone()?);
    let answering = thread::spawn(move || pass(answer, back));
    pass(guest.try_clone()?, host);
    drop(answering.join());
    Ok(())
}

fn pass(mut from: TcpStream, mut to: TcpStream) {
    drop(io::copy(&mut from, &mut to));
    drop(to.shutdown(Shutdown::Write));
}
