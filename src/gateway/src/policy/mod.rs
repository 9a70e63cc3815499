//! Who may reach what outside, and when. Pure: everything that counts comes in with the question.

mod allowance;
mod check;
mod domains;
mod ground;
mod hours;
mod judge;
mod list;
mod period;
mod relays;
mod rule;

pub use allowance::{Allowance, MOST_PERIODS};
pub use check::{Fault, MOST_RULES, faults};
pub use domains::{DomainSet, InvalidDomain, ascii};
pub use ground::{Ground, Kind, bare, nobodys};
pub use hours::{Hours, InvalidHours, Moment};
pub use judge::{Ask, Policy, Unfit, Verdict, Way, Why};
pub use list::List;
pub use relays::{MOST_RELAYED, Relay};
pub use rule::{Action, Limit, Per, Rule, Rules, To, Volume, Who};

#[cfg(test)]
mod tests;
