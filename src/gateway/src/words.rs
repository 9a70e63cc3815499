//! What people are told of an answer of the rules, in their language.

use ets_i18n::{Tr, t};
use ets_model::WallTime;
use jiff::Zoned;

use crate::policy::{Policy, Why};

/// Why not, in one sentence.
pub fn why(tr: &Tr, why: Why, policy: &Policy) -> String {
    match why {
        Why::Rule(place) => t::gateway_rule(tr, policy.rule(place).name.get(tr.lang())),
        Why::NoRule => t::gateway_no_rule(tr).to_owned(),
        Why::Ours => t::gateway_inner(tr).to_owned(),
        Why::Nobodys => t::gateway_special(tr).to_owned(),
        Why::Stranger => t::gateway_stranger(tr).to_owned(),
    }
}

/// When the answer will be another one.
pub fn until(tr: &Tr, until: &Zoned) -> String {
    t::gateway_until(tr, tr.exact(WallTime(until.timestamp().as_microsecond())))
}
