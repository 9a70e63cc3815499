//! The gateway as a part of `serve`.

use std::net::TcpListener;
use std::sync::Arc;
use std::time::Duration;

use ets_runtime::Shutdown;
use tokio::time::{MissedTickBehavior, interval};

use crate::accept::accept;
use crate::relay::Patience;
use crate::{Config, Deps, Desk, Error, http, socks};

/// How long a tunnel may be quiet: longer than the keep-alive of most programs (two hours, RFC
/// 9293, section 3.8.4, would be kept by nothing on the way).
const PATIENCE: Patience =
    Patience { idle: Duration::from_secs(3600), half_closed: Duration::from_secs(300) };
/// Hours change on the minute.
const MINUTE: Duration = Duration::from_secs(60);

/// What is spoken on a socket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Speaks {
    /// HTTP.
    Http,
    /// SOCKS version 5.
    Socks,
}

/// Opens the desk: the last version of the rules is in force then.
///
/// # Errors
/// [`Error::Resolver`], [`Error::Unreadable`]; the database's.
pub async fn open(config: &Config, deps: Deps) -> Result<Desk, Error> {
    Desk::open(config, deps, PATIENCE).await
}

/// Serves one listening socket until shutdown.
///
/// # Errors
/// When it cannot be used at all.
pub async fn serve(
    desk: Desk,
    speaks: Speaks,
    listener: TcpListener,
    shutdown: Shutdown,
) -> Result<(), Error> {
    let gateway = Arc::clone(desk.gateway());
    let ending = Arc::clone(&gateway);
    let places = (desk.places(), move || ending.leave());
    match speaks {
        Speaks::Http => {
            let talk = |client, peer| http::serve(Arc::clone(&gateway), client, peer);
            accept(listener, talk, places, shutdown).await
        }
        Speaks::Socks => {
            let talk = |client, peer| {
                let gateway = Arc::clone(&gateway);
                async move { socks::serve(&gateway, client, peer).await }
            };
            accept(listener, talk, places, shutdown).await
        }
    }
}

/// Listens for the relays of the rules in force, whatever they are, until shutdown.
///
/// # Errors
/// None; parts have one shape.
pub async fn hold(desk: Desk, shutdown: Shutdown) -> Result<(), Error> {
    crate::fixed::hold(&desk, shutdown).await;
    Ok(())
}

/// Holds open tunnels against hours, segments and addresses as they change, until shutdown.
///
/// # Errors
/// None; parts have one shape.
pub async fn keep(desk: Desk, shutdown: Shutdown) -> Result<(), Error> {
    let mut generation = desk.subscribe();
    let mut minute = interval(MINUTE);
    minute.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            () = shutdown.requested() => return Ok(()),
            _ = minute.tick() => {}
            changed = generation.changed() => if changed.is_err() { return Ok(()) },
        }
        desk.renew().await;
    }
}
