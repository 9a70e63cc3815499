//! The Unix socket on which commands of this machine speak to `serve`.

use std::io::ErrorKind;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use axum::Router;
use ets_runtime::Shutdown;
use http::Request;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use nix::unistd::{Uid, User};
use tokio::net::{UnixListener, UnixStream};
use tokio_util::task::TaskTracker;

use crate::accept::{ACCEPT_PAUSE, answer};
use crate::serve::finish;
use crate::{Error, Limits, SystemUser};

/// Owner and group may connect; nobody else.
const MODE: u32 = 0o660;

/// Binds a Unix socket for the owner and the group of its folder. A socket file that nobody
/// serves any more is replaced.
///
/// # Errors
/// [`Error::InUse`] when another process serves it, [`Error::Bind`] when it cannot be made.
pub async fn bind_unix(path: &Path) -> Result<UnixListener, Error> {
    let fail = |source| Error::Bind { path: path.to_owned(), source };
    if UnixStream::connect(path).await.is_ok() {
        return Err(Error::InUse { path: path.to_owned() });
    }
    match std::fs::remove_file(path) {
        Err(error) if error.kind() != ErrorKind::NotFound => return Err(fail(error)),
        _ => {}
    }
    let listener = UnixListener::bind(path).map_err(fail)?;
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(MODE)).map_err(fail)?;
    Ok(listener)
}

/// Serves HTTP on a Unix socket until shutdown, with the times of [`Limits`]; commands under way may
/// finish. Every request carries its [`SystemUser`].
///
/// # Errors
/// Never at present; the signature is that of the other accept loops.
pub async fn serve_unix(
    listener: UnixListener,
    router: Router,
    shutdown: Shutdown,
) -> Result<(), Error> {
    let (limits, running) = (Limits::default(), TaskTracker::new());
    loop {
        let accepted = tokio::select! {
            () = shutdown.requested() => break,
            accepted = listener.accept() => accepted,
        };
        match accepted {
            Ok((stream, _)) => {
                running.spawn(connection(stream, router.clone(), limits, shutdown.clone()));
            }
            Err(error) => {
                tracing::warn!(%error, "a command could not connect");
                // Without descriptors the next one fails at once.
                tokio::time::sleep(ACCEPT_PAUSE).await;
            }
        }
    }
    running.close();
    if tokio::time::timeout(limits.drain, running.wait()).await.is_err() {
        tracing::debug!("some commands were cut at the end");
    }
    Ok(())
}

async fn connection(stream: UnixStream, router: Router, limits: Limits, shutdown: Shutdown) {
    let Ok(credentials) = stream.peer_cred() else {
        return;
    };
    let user = system_user(credentials.uid());
    let service = hyper::service::service_fn(move |mut request: Request<Incoming>| {
        request.extensions_mut().insert(user.clone());
        answer(router.clone(), request)
    });
    let mut builder = http1::Builder::new();
    builder.timer(TokioTimer::new()).header_read_timeout(limits.request_head);
    let served = builder.serve_connection(TokioIo::new(stream), service);
    finish(&shutdown, served, http1::Connection::graceful_shutdown).await;
}

fn system_user(uid: u32) -> SystemUser {
    let name = User::from_uid(Uid::from_raw(uid)).ok().flatten().map(|user| user.name);
    SystemUser { uid, name: name.unwrap_or_else(|| uid.to_string()) }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use axum::routing::get;
    use nix::sys::resource::{Resource, UsageWho, getrlimit, getrusage, setrlimit};
    use nix::sys::time::TimeValLike;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    use super::*;

    const ASK: &[u8] = b"GET / HTTP/1.1\r\nHost: hub\r\n\r\n";

    /// covers: T-7: what is under way at the end gets its answer, and nobody waits for the silent
    #[tokio::test]
    async fn a_command_under_way_is_waited_for_at_the_end() {
        let dir = tempfile::tempdir().expect("a folder");
        let path = dir.path().join("hub.sock");
        let listener = bind_unix(&path).await.expect("it can be made");
        let (begun, mut begins) = tokio::sync::mpsc::unbounded_channel();
        let slow = async move || {
            begun.send("begun").expect("the test waits for it");
            tokio::time::sleep(Duration::from_millis(200)).await;
            begun.send("done").expect("the test waits for it");
            "done"
        };
        let (end, shutdown) = Shutdown::new();
        let router = Router::new().route("/", get(slow));
        let serving = tokio::spawn(serve_unix(listener, router, shutdown));
        let mut command = UnixStream::connect(&path).await.expect("it is served");
        command.write_all(ASK).await.expect("it is taken");
        begins.recv().await.expect("it begins");
        end.fire();
        serving.await.expect("no panic").expect("no fault");
        assert_eq!(begins.try_recv(), Ok("done"), "the loop ends after it");
        let mut said = String::new();
        command.read_to_string(&mut said).await.expect("the answer is there");
        assert!(said.starts_with("HTTP/1.1 200") && said.ends_with("done"), "{said}");
    }

    /// covers: T-7: out of descriptors it neither spins nor ends
    #[tokio::test]
    async fn without_descriptors_it_waits_and_goes_on_after() {
        let dir = tempfile::tempdir().expect("a folder");
        let path = dir.path().join("hub.sock");
        let listener = bind_unix(&path).await.expect("it can be made");
        let (_end, shutdown) = Shutdown::new();
        let router = Router::new().route("/", get(|| async { "here" }));
        tokio::spawn(serve_unix(listener, router, shutdown));
        // Not a moment for the loop before the limit falls.
        let command = std::os::unix::net::UnixStream::connect(&path).expect("it waits");
        command.set_nonblocking(true).expect("it can be");
        let mut command = UnixStream::from_std(command).expect("it can be read");
        let (soft, hard) = getrlimit(Resource::RLIMIT_NOFILE).expect("the kernel says it");
        setrlimit(Resource::RLIMIT_NOFILE, 3, hard).expect("down one always may");
        let spent = || {
            let usage = getrusage(UsageWho::RUSAGE_SELF).expect("the kernel says it");
            (usage.user_time() + usage.system_time()).num_milliseconds()
        };
        let (before, begun) = (spent(), Instant::now());
        tokio::time::sleep(Duration::from_millis(400)).await;
        let (took, lasted) = (spent() - before, begun.elapsed());
        setrlimit(Resource::RLIMIT_NOFILE, soft, hard).expect("up to what it was");
        assert!(u128::try_from(took).is_ok_and(|took| 2 * took < lasted.as_millis()), "{took} ms");
        command.write_all(ASK).await.expect("it is taken");
        let mut part = [0; 1024];
        let length = command.read(&mut part).await.expect("it answers");
        assert!(part[..length].ends_with(b"here"));
    }
}
