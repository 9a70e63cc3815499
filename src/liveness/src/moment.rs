//! An optional point in time in eight bytes: ten thousand machines hold many of them.

use ets_model::BootTime;

/// A point in time or never.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Moment(u64);

impl Moment {
    /// No point in time; before every other.
    pub(crate) const NEVER: Self = Self(0);

    pub(crate) fn at(at: BootTime) -> Self {
        Self(at.0.max(1))
    }

    pub(crate) fn get(self) -> Option<BootTime> {
        (self != Self::NEVER).then_some(BootTime(self.0))
    }

    pub(crate) fn is_ever(self) -> bool {
        self != Self::NEVER
    }
}
