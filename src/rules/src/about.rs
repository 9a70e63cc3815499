//! What the catalogue keeps of a service besides who may reach it: description, owner, checks.

use ets_model::{Check, Service};
use ets_registry::Catalog;

use crate::Fault;

/// Letters of a description, and of each word about an owner.
const LONGEST_ABOUT: usize = 1_000;
const LONGEST_WORD: usize = 200;

/// Takes the spaces around away; what is left wrong is named, of the checks all at once.
pub(crate) fn check(service: &mut Service) -> Result<(), Fault> {
    let unfit = Fault::TextUnfit(service.id.clone());
    let about = [&mut service.about.kk, &mut service.about.ru, &mut service.about.en];
    let owner = &mut service.owner;
    let owner = [&mut owner.institution, &mut owner.name, &mut owner.phone, &mut owner.email];
    let texts = about.into_iter().map(|text| (text, LONGEST_ABOUT));
    for (text, most) in texts.chain(owner.into_iter().map(|text| (text, LONGEST_WORD))) {
        *text = text.trim().to_owned();
        // A description may have several lines.
        let is_odd = |letter: char| letter.is_control() && !matches!(letter, '\n' | '\r');
        if text.chars().count() > most || text.chars().any(is_odd) {
            return Err(unfit);
        }
    }
    if service.checks.len() > Check::MOST {
        return Err(Fault::TooManyChecks(service.id.clone()));
    }
    let of_one = |(no, check): (usize, &Check)| {
        check.faults(service).into_iter().map(move |fault| (no, fault))
    };
    let faults: Vec<_> = (1..).zip(&service.checks).flat_map(of_one).collect();
    if faults.is_empty() { Ok(()) } else { Err(Fault::Checks(service.id.clone(), faults)) }
}

/// Whether the institution that a service is said to belong to is there.
pub(crate) fn has_known_owner(service: &Service, catalog: &Catalog) -> Result<(), Fault> {
    let institution = &service.owner.institution;
    let is_known = || institution.parse().is_ok_and(|id| catalog.institution(&id).is_some());
    if institution.is_empty() || is_known() {
        return Ok(());
    }
    Err(Fault::NoOwner(service.id.clone(), institution.clone()))
}
