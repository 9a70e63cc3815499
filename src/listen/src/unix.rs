//! The Unix socket on which commands of this machine speak to `serve`.

use std::io::ErrorKind;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use axum::Router;
use ets_runtime::Shutdown;
use http::Request;
use hyper::body::Incoming;
use hyper_util::rt::TokioIo;
use nix::unistd::{Uid, User};
use tokio::net::{UnixListener, UnixStream};

use crate::accept::answer;
use crate::{Error, SystemUser};

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

/// Serves HTTP on a Unix socket until shutdown. Every request carries its [`SystemUser`].
///
/// # Errors
/// Never at present; the signature is that of the other accept loops.
pub async fn serve_unix(
    listener: UnixListener,
    router: Router,
    shutdown: Shutdown,
) -> Result<(), Error> {
    loop {
        let accepted = tokio::select! {
            () = shutdown.requested() => return Ok(()),
            accepted = listener.accept() => accepted,
        };
        match accepted {
            Ok((stream, _)) => drop(tokio::spawn(connection(stream, router.clone()))),
            Err(error) => tracing::warn!(%error, "a command could not connect"),
        }
    }
}

async fn connection(stream: UnixStream, router: Router) {
    let Ok(credentials) = stream.peer_cred() else {
        return;
    };
    let user = system_user(credentials.uid());
    let service = hyper::service::service_fn(move |mut request: Request<Incoming>| {
        request.extensions_mut().insert(user.clone());
        answer(router.clone(), request)
    });
    let served =
        hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(stream), service);
    if let Err(error) = served.await {
        tracing::debug!(%error, "a command's connection ended with an error");
    }
}

fn system_user(uid: u32) -> SystemUser {
    let name = User::from_uid(Uid::from_raw(uid)).ok().flatten().map(|user| user.name);
    SystemUser { uid, name: name.unwrap_or_else(|| uid.to_string()) }
}
