//! One check of one server, over a connection of its own, within its time.

mod dns;
mod http;

use std::time::{Duration, Instant};

use ets_model::CheckKind;
use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::{Reason, Target};

/// Asks, and answers how long it took.
pub(crate) async fn ask(target: &Target) -> Result<Duration, Reason> {
    let limit = Duration::from_secs(target.check.timeout_s.max(1).into());
    let began = Instant::now();
    let asked = timeout(limit, async {
        match target.check.kind {
            CheckKind::Tcp => connect(target).await.map(drop),
            CheckKind::Http => http::ask(target).await,
            CheckKind::Dns => dns::ask(target).await,
        }
    });
    asked.await.unwrap_or(Err(Reason::TimedOut)).map(|()| began.elapsed())
}

async fn connect(target: &Target) -> Result<TcpStream, Reason> {
    Ok(TcpStream::connect(target.address).await?)
}
