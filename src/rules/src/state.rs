//! What everybody sees of the rules: one immutable picture, replaced as a whole at each change.

use std::sync::{Arc, LazyLock};
use std::time::Duration;

use ets_model::{Policy, PolicyChange, PolicyFault, Stamp};
use ets_netd_api::RulesNow;

use crate::{REGISTRY, Rights, Version};

/// The rules at one moment.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct State {
    /// The rights in force: those of [`Self::version`]; before the first one, those that the hub
    /// is to begin with.
    pub rights: Arc<Rights>,
    /// The version in force; `None` before the first one.
    pub version: Option<Arc<Version>>,
    /// The rules as `netd` told them last; `None`: it was not heard since the start.
    pub rules: Option<Arc<RulesNow>>,
    /// The change that waits for its confirmation.
    pub waiting: Option<Waiting>,
    /// Why `netd` cannot be asked at present; empty when it can.
    pub away: String,
    /// In what the rules in force are not what rights and registry ask for; `None` when they are.
    pub differs: Option<Arc<Differs>>,
    /// The policy of the version in force, as long as `netd` was not heard.
    pub(crate) earlier: Option<Arc<Policy>>,
}

/// A change that waits for its confirmation. It is in force.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Waiting {
    /// Which change.
    pub change: u64,
    /// Who made it; [`REGISTRY`] when it follows the registry by itself.
    pub author: String,
    /// When it goes back by itself.
    pub until: Stamp,
    /// The version that comes back then; 0: none was in force.
    pub back_to: u64,
}

/// Rights and registry ask for other rules than those in force.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Differs {
    /// In what.
    pub changes: Vec<PolicyChange>,
    /// Why it cannot be put in force, where it cannot.
    pub faults: Vec<PolicyFault>,
    /// The version that tried it and went back or was refused.
    pub tried: Option<u64>,
    /// Why it is not in force, as a sentence that says what to do.
    pub why: String,
}

impl State {
    /// The policy in force, as `netd` told it, else as the database has it.
    pub fn policy(&self) -> &Policy {
        static NONE: LazyLock<Policy> = LazyLock::new(Policy::default);
        let told = self.rules.as_ref().and_then(|rules| rules.policy.as_ref());
        told.or(self.earlier.as_deref()).unwrap_or(&NONE)
    }

    /// The version in force; 0: none.
    pub fn change(&self) -> u64 {
        self.version.as_ref().map_or(0, |version| version.no)
    }
}

impl Waiting {
    /// How long until it goes back by itself.
    pub fn left(&self, now: Stamp) -> Duration {
        self.until.boot.since(now.boot)
    }

    /// Whether this person may confirm it.
    pub fn may_confirm(&self, actor: &str) -> bool {
        self.author == REGISTRY || self.author == actor
    }
}
