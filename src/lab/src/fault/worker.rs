//! A thread that works until it is dropped.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;

use crate::error::{Context, Result};

/// A running thread; dropping it stops the thread and waits for it.
#[derive(Debug)]
pub(super) struct Worker {
    stop: Stop,
    thread: Option<JoinHandle<()>>,
}

/// Tells a worker's loop to end; look at it at least ten times a second.
#[derive(Clone, Debug, Default)]
pub(super) struct Stop(Arc<AtomicBool>);

impl Stop {
    /// Whether to end.
    pub(super) fn is_set(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

impl Worker {
    /// Starts a loop on a thread. Sockets belong to the namespace in which they were made, so the
    /// loop itself may run anywhere.
    pub(super) fn start(work: impl FnOnce(&Stop) + Send + 'static) -> Result<Self> {
        let stop = Stop::default();
        let seen = stop.clone();
        let thread = std::thread::Builder::new()
            .name("fault".to_owned())
            .spawn(move || work(&seen))
            .context(|| "cannot start a thread".to_owned())?;
        Ok(Self { stop, thread: Some(thread) })
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        self.stop.0.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}
