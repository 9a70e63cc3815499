//! What the register's form offers before anything is typed: the answers that others gave, and
//! the next free identifier and network as an example.

use std::collections::BTreeSet;
use std::net::{IpAddr, Ipv4Addr};

use ets_i18n::Tr;
use ets_registry::{Catalog, Field};
use ets_web::form;

use super::form_check::free_id;
use super::kinds;

/// More is no help to choose from.
const MOST: usize = 200;

/// The answers that other entries have in this field.
pub(super) fn suggest(tr: &Tr, catalog: &Catalog, field: Field, question: &mut form::Field) {
    let known: BTreeSet<&str> = match field {
        Field::Interface => catalog.segments().map(|one| one.interface.as_str()).collect(),
        Field::Provider => {
            let points = catalog.parents().map(|one| one.provider.as_str());
            catalog.segments().map(|one| one.channel.provider.as_str()).chain(points).collect()
        }
        Field::Technology => {
            catalog.segments().map(|one| one.channel.technology.as_str()).collect()
        }
        Field::District => catalog.institutions().map(|one| one.district.as_str()).collect(),
        Field::Kind => {
            let others = catalog.institutions().map(|one| kinds::word(tr, field, &one.kind));
            others.chain(kinds::all(tr, field)).collect()
        }
        Field::BudgetLevel => {
            let others =
                catalog.institutions().map(|one| kinds::word(tr, field, &one.budget_level));
            others.chain(kinds::all(tr, field)).collect()
        }
        _ => return,
    };
    let known = known.into_iter().filter(|one| !one.is_empty()).take(MOST);
    question.suggestions = known.map(str::to_owned).collect();
}

/// What a new entry could say, as an example in the empty field.
pub(super) fn propose(catalog: &Catalog, field: Field, question: &mut form::Field) {
    let example = match field {
        Field::Id => Some(free_id(catalog)),
        Field::Prefixes => free_network(catalog).map(|(at, length)| format!("{at}/{length}")),
        Field::ProbeAddress => free_network(catalog)
            .and_then(|(at, _)| u32::from(at).checked_add(1))
            .map(|at| Ipv4Addr::from(at).to_string()),
        _ => None,
    };
    question.placeholder = example.unwrap_or_default();
}

/// The private network after the highest one, of the same size.
fn free_network(catalog: &Catalog) -> Option<(Ipv4Addr, u8)> {
    let ends = catalog.segments().flat_map(|one| &one.prefixes).filter_map(|prefix| {
        match prefix.broadcast() {
            IpAddr::V4(end) if end.is_private() => Some((end, prefix.prefix_len())),
            _ => None,
        }
    });
    let (end, length) = ends.max()?;
    let next = Ipv4Addr::from(u32::from(end).checked_add(1)?);
    // A wider network may not begin here.
    let is_aligned = u32::from(next).trailing_zeros() >= 32_u32.saturating_sub(length.into());
    (next.is_private() && is_aligned).then_some((next, length))
}
