//! Where a token is in its life, read off its order and its certificate.

use ets_model::WallTime;

use crate::State;

/// What an order itself remembers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    Ordered,
    Refused,
    Issued,
    HandedOver,
    Lost,
    Returned,
}

impl Step {
    pub(crate) const ALL: [Self; 6] =
        [Self::Ordered, Self::Refused, Self::Issued, Self::HandedOver, Self::Lost, Self::Returned];

    pub(crate) fn code(self) -> &'static str {
        match self {
            Self::Ordered => "ordered",
            Self::Refused => "refused",
            Self::Issued => "issued",
            Self::HandedOver => "handed-over",
            Self::Lost => "lost",
            Self::Returned => "returned",
        }
    }
}

/// Where a token is in its life.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Stage {
    /// A second officer must confirm the order.
    Waiting,
    /// The certificate may be issued.
    Ordered,
    /// The order was refused.
    Refused,
    /// The certificate is there, and its owner has not signed for it.
    Issued,
    /// In its owner's hands.
    Active,
    /// It opens nothing until the suspension ends.
    Suspended,
    /// Reported lost: it opens nothing, and may be found.
    Lost,
    /// It never opens anything again.
    Revoked,
    /// Its time is over.
    Expired,
    /// The token came back.
    Returned,
}

impl Stage {
    /// All of them, in the order of a life.
    pub const ALL: [Self; 10] = [
        Self::Waiting,
        Self::Ordered,
        Self::Refused,
        Self::Issued,
        Self::Active,
        Self::Suspended,
        Self::Lost,
        Self::Revoked,
        Self::Expired,
        Self::Returned,
    ];

    /// Its name in the API.
    pub fn code(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Ordered => "ordered",
            Self::Refused => "refused",
            Self::Issued => "issued",
            Self::Active => "active",
            Self::Suspended => "suspended",
            Self::Lost => "lost",
            Self::Revoked => "revoked",
            Self::Expired => "expired",
            Self::Returned => "returned",
        }
    }

    /// Whether its certificate opens what its owner may.
    pub fn opens(self) -> bool {
        matches!(self, Self::Issued | Self::Active)
    }

    /// Whether the token may still be used, now or once it is found or resumed.
    pub fn is_alive(self) -> bool {
        self.opens() || matches!(self, Self::Suspended | Self::Lost)
    }

    /// Of an order at `step`, `confirmed` or not, with a certificate in `state` until `not_after`.
    pub(crate) fn of(
        step: Step,
        is_confirmed: bool,
        certificate: Option<(State, WallTime)>,
        now: WallTime,
    ) -> Self {
        match (step, certificate) {
            (Step::Refused, _) => Self::Refused,
            (Step::Returned, _) => Self::Returned,
            (_, None | Some((State::Intended, _))) if is_confirmed => Self::Ordered,
            (_, None | Some((State::Intended, _))) => Self::Waiting,
            (_, Some((State::Revoked, _))) => Self::Revoked,
            (_, Some((_, not_after))) if not_after <= now => Self::Expired,
            (Step::Lost, Some((State::Suspended, _))) => Self::Lost,
            (_, Some((State::Suspended, _))) => Self::Suspended,
            // Found: the suspension was ended, wherever that was done.
            (Step::HandedOver | Step::Lost, Some((State::Active, _))) => Self::Active,
            (_, Some((State::Active, _))) => Self::Issued,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// covers: T1.3
    #[test]
    fn a_token_opens_exactly_what_its_certificate_opens() {
        let now = WallTime(1_000);
        for step in Step::ALL {
            for state in State::ALL {
                for (end, is_over) in [(WallTime(999), true), (WallTime(1_001), false)] {
                    let stage = Stage::of(step, true, Some((state, end)), now);
                    let opens = state == State::Active
                        && !is_over
                        && !matches!(step, Step::Refused | Step::Returned);
                    assert_eq!(stage.opens(), opens, "{step:?} {state:?} {stage:?}");
                }
            }
        }
    }

    /// covers: T1.5
    #[test]
    fn what_nobody_confirmed_waits() {
        assert_eq!(Stage::of(Step::Ordered, false, None, WallTime(0)), Stage::Waiting);
        assert_eq!(Stage::of(Step::Ordered, true, None, WallTime(0)), Stage::Ordered);
    }
}
