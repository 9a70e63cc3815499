//! Follows the services for the pages that show them: turns are news, each answer is not.

use std::future::pending;
use std::sync::Arc;

use ets_poll::Picture;
use tokio::sync::watch;

use crate::service::App;

/// See the head of the file; follows nothing where nothing is asked.
pub(super) struct Services(Option<(watch::Receiver<Arc<Picture>>, u64)>);

impl Services {
    pub(super) fn follow(app: &App) -> Self {
        Self(app.deps.services.as_ref().map(|services| {
            let pictures = services.subscribe();
            let seen = pictures.borrow().turns;
            (pictures, seen)
        }))
    }

    /// Returns when a page of the services is out of date. May be dropped at any time.
    pub(super) async fn changed(&mut self) {
        let Some((pictures, seen)) = &mut self.0 else { return pending().await };
        while pictures.changed().await.is_ok() {
            let now = pictures.borrow_and_update().turns;
            if now != *seen {
                *seen = now;
                return;
            }
        }
        pending::<()>().await;
    }
}
