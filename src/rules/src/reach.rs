//! Who may reach what, computed by `netd` from the rules that the kernel has. Asked once for each
//! state of the rules, one question at a time.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use ets_netd_api::Reach;

use crate::Error;
use crate::inner::Inner;

/// An answer and the state of the rules for which it holds.
pub(crate) type Cached = Option<(u64, Arc<Reach>)>;

impl Inner {
    pub(crate) async fn reach(&self) -> Result<Arc<Reach>, Error> {
        let mut cached = self.reach.lock().await;
        let generation = self.rules_generation.load(Ordering::SeqCst);
        if let Some((known, reach)) = &*cached
            && *known == generation
        {
            return Ok(reach.clone());
        }
        let reach = Arc::new(self.ask(self.netd.reach()).await?);
        *cached = Some((generation, reach.clone()));
        Ok(reach)
    }

    /// The rules are other than they were.
    pub(crate) fn rules_changed(&self) {
        self.rules_generation.fetch_add(1, Ordering::SeqCst);
    }
}
