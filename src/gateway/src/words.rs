//! What people are told of an answer of the rules, in their language.

use ets_i18n::{Tr, t};
use ets_model::WallTime;
use jiff::Zoned;

use crate::policy::{Limit, Per, Policy, Why};

/// Why not, in one sentence.
pub fn why(tr: &Tr, why: Why, policy: &Policy) -> String {
    match why {
        Why::Rule(place) => t::gateway_rule(tr, policy.rule(place).name.get(tr.lang())),
        Why::NoRule => t::gateway_no_rule(tr).to_owned(),
        Why::Ours => t::gateway_inner(tr).to_owned(),
        Why::Nobodys => t::gateway_special(tr).to_owned(),
        Why::Stranger => t::gateway_stranger(tr).to_owned(),
        Why::Quota(place) => policy.limit(place).map(|limit| quota(tr, limit)).unwrap_or_default(),
    }
}

/// That a limit is used up.
fn quota(tr: &Tr, limit: &Limit) -> String {
    let Some(volume) = limit.volume else { return String::new() };
    let bytes = tr.bytes(volume.bytes);
    match volume.per {
        Per::Day => t::gateway_quota_day(tr, bytes, self::limit(tr, limit)),
        Per::Week => t::gateway_quota_week(tr, bytes, self::limit(tr, limit)),
        Per::Month => t::gateway_quota_month(tr, bytes, self::limit(tr, limit)),
    }
}

/// What a limit is called.
pub fn limit<'a>(tr: &Tr, limit: &'a Limit) -> &'a str {
    if limit.name.is_empty() { &limit.id } else { limit.name.get(tr.lang()) }
}

/// When the answer will be another one.
pub fn until(tr: &Tr, until: &Zoned) -> String {
    t::gateway_until(tr, tr.exact(WallTime(until.timestamp().as_microsecond())))
}
