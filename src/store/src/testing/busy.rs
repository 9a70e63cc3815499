//! A database that is busy for as long as a test wants.

use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use crate::{Error, Store};

/// A write under way. There is one writer: whoever else writes waits.
#[derive(Debug)]
pub struct Busy {
    end: oneshot::Sender<()>,
    work: JoinHandle<Result<bool, Error>>,
}

impl Busy {
    /// Begins to write, and goes on until [`Busy::end`].
    ///
    /// # Panics
    /// When the database takes no write.
    pub async fn begin(store: &Store) -> Self {
        let (end, ended) = oneshot::channel::<()>();
        let (begin, begun) = oneshot::channel::<()>();
        let store = store.clone();
        let wait = async move {
            begin.send(()).expect("it is waited for");
            Ok(ended.await.is_ok())
        };
        let work = tokio::spawn(async move { store.write(move |_| Box::pin(wait)).await });
        begun.await.expect("the write begins");
        Self { end, work }
    }

    /// Whether the write ended by itself.
    pub fn is_over(&self) -> bool {
        self.work.is_finished()
    }

    /// Ends the write.
    ///
    /// # Panics
    /// When it had ended before.
    pub async fn end(self) {
        self.end.send(()).expect("it is under way");
        let wrote = self.work.await.expect("it does not panic");
        assert!(wrote.expect("the database takes it"), "it was waited for");
    }
}
