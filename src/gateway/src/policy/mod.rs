//! Who may reach what outside, and when. Pure: everything that counts comes in with the question.

mod check;
mod domains;
mod ground;
mod hours;
mod judge;
mod relays;
mod rule;

pub use check::{Fault, MOST_RULES, faults};
pub use domains::{DomainSet, InvalidDomain, ascii};
pub use ground::{Ground, Kind, bare, nobodys};
pub use hours::{Hours, InvalidHours, Moment};
pub use judge::{Ask, Policy, Unfit, Verdict, Way, Why};
pub use relays::{MOST_RELAYED, Relay};
pub use rule::{Action, Limit, Rule, Rules, To, Who};

#[cfg(test)]
mod tests;
