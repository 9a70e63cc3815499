//! Named tasks that end together.

use std::future::Future;
use std::time::Duration;

use tokio::task::{JoinError, JoinSet};

use crate::{Shutdown, ShutdownTrigger};

/// How one part ended: its name, and its error as a text.
type Ended = (&'static str, Result<(), String>);

/// The long-running parts of a process. When one of them ends before its time, all are ended.
#[derive(Debug)]
pub struct Tasks {
    set: JoinSet<Ended>,
    trigger: ShutdownTrigger,
    shutdown: Shutdown,
}

impl Tasks {
    /// No tasks yet.
    pub fn new(trigger: ShutdownTrigger, shutdown: Shutdown) -> Self {
        Self { set: JoinSet::new(), trigger, shutdown }
    }

    /// Starts a part that runs until shutdown. Its error is the reason why the process ends.
    pub fn spawn<E: std::fmt::Display>(
        &mut self,
        name: &'static str,
        part: impl Future<Output = Result<(), E>> + Send + 'static,
    ) {
        self.set.spawn(async move { (name, part.await.map_err(|error| error.to_string())) });
    }

    /// Waits until shutdown, then up to `grace` for the parts to end.
    ///
    /// # Errors
    /// The name and error of the first part that failed.
    pub async fn wait(mut self, grace: Duration) -> Result<(), String> {
        let first = tokio::select! {
            () = self.shutdown.requested() => Ok(()),
            ended = self.set.join_next() => Self::verdict(ended),
        };
        self.trigger.fire();
        let rest = tokio::time::timeout(grace, async {
            let mut worst = Ok(());
            while let Some(ended) = self.set.join_next().await {
                worst = worst.and(Self::verdict(Some(ended)));
            }
            worst
        })
        .await
        .unwrap_or_else(|_| {
            tracing::warn!("some parts did not end in time and were cut off");
            Ok(())
        });
        first.and(rest)
    }

    fn verdict(ended: Option<Result<Ended, JoinError>>) -> Result<(), String> {
        match ended {
            None | Some(Ok((_, Ok(())))) => Ok(()),
            Some(Ok((name, Err(error)))) => Err(format!("{name}: {error}")),
            Some(Err(error)) => Err(format!("a part broke: {error}")),
        }
    }
}
