//! One signal that tells every part to end.

use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;

/// Held by every long-running part; resolves when the process is to end.
#[derive(Clone, Debug)]
pub struct Shutdown(CancellationToken);

/// Ends everything that holds the matching [`Shutdown`].
#[derive(Clone, Debug)]
pub struct ShutdownTrigger(CancellationToken);

impl Shutdown {
    /// A trigger and what it triggers.
    pub fn new() -> (ShutdownTrigger, Self) {
        let token = CancellationToken::new();
        (ShutdownTrigger(token.clone()), Self(token))
    }

    /// Waits until the process is to end.
    pub async fn requested(&self) {
        self.0.cancelled().await;
    }

    /// Whether the process is to end.
    pub fn is_requested(&self) -> bool {
        self.0.is_cancelled()
    }
}

impl ShutdownTrigger {
    /// Asks everything to end.
    pub fn fire(&self) {
        self.0.cancel();
    }
}

/// A [`Shutdown`] that SIGINT and SIGTERM trigger.
///
/// # Errors
/// When the signal handlers cannot be installed.
pub fn shutdown_on_signals() -> std::io::Result<(ShutdownTrigger, Shutdown)> {
    let (trigger, shutdown) = Shutdown::new();
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    let fire = trigger.clone();
    tokio::spawn(async move {
        tokio::select! {
            _ = interrupt.recv() => tracing::info!("interrupted, ending"),
            _ = terminate.recv() => tracing::info!("asked to end"),
        }
        fire.fire();
    });
    Ok((trigger, shutdown))
}
