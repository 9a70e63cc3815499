//! What the rights refuse, in the reader's words and beside the question that it belongs to.

use std::collections::BTreeMap;

use ets_i18n::{Tr, t};
use ets_rights::Error as Refusal;

use crate::Error;

pub(super) use super::super::answers::{Answers, given};
/// What is wrong, by the name of the field; the empty name is the form as a whole.
pub(super) type Faults = BTreeMap<&'static str, String>;

/// The fault of a form; what no answer can mend goes on as an error.
pub(super) fn of(tr: &Tr, refusal: Refusal) -> Result<Faults, Error> {
    let (field, text) = match refusal {
        Refusal::NoRole(_) => ("role", t::rights_fault_role(tr)),
        Refusal::Times => ("until", t::rights_fault_times(tr)),
        Refusal::NeedReason => ("why", t::rights_fault_why(tr)),
        Refusal::OwnRights => ("", t::rights_fault_own(tr)),
        Refusal::Outside => ("", t::rights_fault_outside(tr)),
        Refusal::Second => ("", t::rights_fault_second(tr)),
        Refusal::LastAdministrator => ("", t::rights_fault_last(tr)),
        Refusal::Already | Refusal::Suspended => ("", t::rights_fault_already(tr)),
        Refusal::NoGrant(_)
        | Refusal::NoSubstitution(_)
        | Refusal::NotSuspended
        | Refusal::NotWaiting => ("", t::rights_fault_gone(tr)),
        Refusal::BuiltIn(_) => ("", t::rights_fault_built_in(tr)),
        Refusal::NoPerson(_) => ("stand_in", t::rights_fault_person(tr)),
        Refusal::NoRight(right) => return Ok(Faults::from([("rights", right)])),
        Refusal::Role(_) => ("", t::rights_fault_role_held(tr)),
        other => return Err(other.into()),
    };
    Ok(Faults::from([(field, text.to_owned())]))
}
