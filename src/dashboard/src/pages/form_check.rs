//! The answers of the register's form against the rules: read as the row of a CSV file, with
//! everything that is wrong said at once.

use ets_model::{InstitutionId, Segment, SegmentId};
use ets_registry::{Catalog, Fault, Field, Preview, Rule};

use super::kinds;
use super::view::View;
use crate::Error;

pub(super) use super::answers::Answers;

/// The choice of an institution that is not in the list yet; no identifier looks like it.
pub(super) const NEW: &str = "+new";
/// Stands for a required text while the rest of the form is checked.
const STAND_IN: &str = "?";

/// A form that was looked through.
pub(super) struct Checked {
    /// The answers as a file of one row.
    pub(super) file: Vec<u8>,
    /// What the registry wants to see with it.
    pub(super) digest: String,
    /// What is wrong: nothing may be saved.
    pub(super) faults: Vec<Fault>,
    /// What is unusual but taken.
    pub(super) warnings: Vec<Fault>,
}

/// Looks the answers through; `segment` is the one that is changed, `None` for a new one.
pub(super) fn check(
    view: &View,
    segment: Option<&Segment>,
    answers: &Answers,
) -> Result<Checked, Error> {
    let (catalog, mut row, mut faults) = (&view.catalog, answers.clone(), Vec::new());
    let typed = given(answers, Field::Id).to_owned();
    if segment.is_none()
        && let Some(fault) = identifier(catalog, &typed)
    {
        faults.push(fault);
        row.insert(Field::Id.name().to_owned(), free_id(catalog));
    }
    settle_institution(catalog, segment, &mut row, &mut faults);
    kinds::encode(&mut row);
    if let Some(networks) = row.get_mut(Field::Prefixes.name()) {
        *networks = networks.replace([',', ';'], " ");
    }
    let file = as_file(&row)?;
    let preview = view.app.deps.registry.preview_csv_in(&file, view.lang());
    let mut warnings = addresses(view, segment, &preview, &mut faults);
    faults.extend(preview.faults);
    // A name that is none is missing in any case.
    if !faults.iter().any(|one| one.field == Some(Field::Interface)) {
        warnings.extend(missing_port(view, given(&row, Field::Interface)));
    }
    for fault in &mut faults {
        name_as_typed(fault, given(&row, Field::Id), &typed);
    }
    Ok(Checked { file, digest: preview.digest, faults, warnings })
}

/// What stands for the warnings when they are answered.
pub(super) fn fingerprint(warnings: &[Fault]) -> String {
    let all: Vec<_> = warnings.iter().map(|one| format!("{} {}", one.code(), one.value)).collect();
    all.join("; ")
}

pub(super) fn given(answers: &Answers, field: Field) -> &str {
    super::answers::given(answers, field.name())
}

/// An identifier that is not taken, like the latest one.
pub(super) fn free_id(catalog: &Catalog) -> String {
    let last = catalog.all_segments().next_back().map_or("s000", |one| one.id.as_str());
    let stem = last.trim_end_matches(|one: char| one.is_ascii_digit());
    let digits = &last[stem.len()..];
    let start: u64 = digits.parse().unwrap_or(0);
    let width = digits.len();
    let next = |number: u64| format!("{stem}{number:0width$}");
    let mut free = (start + 1..).map(next).filter(|id| catalog.segment(id).is_none());
    free.next().unwrap_or_default()
}

fn fault(field: Field, value: &str, rule: Rule) -> Fault {
    let (field, value) = (Some(field), value.to_owned());
    Fault { line: None, column: None, field, value, rule: Box::new(rule) }
}

/// What is wrong with the identifier of a new segment.
fn identifier(catalog: &Catalog, id: &str) -> Option<Fault> {
    let named = || id.to_owned();
    let rule = match catalog.segment(id) {
        _ if id.is_empty() => Rule::Required { field: Field::Id },
        _ if id.parse::<SegmentId>().is_err() => Rule::IdSyntax { id: named() },
        Some(known) if known.is_active() => Rule::IdTaken { id: named() },
        Some(_) => Rule::IdRetired { id: named() },
        None => return None,
    };
    Some(fault(Field::Id, id, rule))
}

/// The port may come later; until then the segment is unknown.
fn missing_port(view: &View, interface: &str) -> Option<Fault> {
    let named = || interface.to_owned();
    let missing = !interface.is_empty() && !view.app.deps.watch.has_port(interface);
    missing
        .then(|| fault(Field::Interface, interface, Rule::InterfaceMissing { interface: named() }))
}

/// Puts the identifier of the chosen institution, or of a new one, into the row.
fn settle_institution(
    catalog: &Catalog,
    segment: Option<&Segment>,
    row: &mut Answers,
    faults: &mut Vec<Fault>,
) {
    let choice = given(row, Field::Institution).to_owned();
    let names = [Field::NameRu, Field::NameKk, Field::NameEn];
    let is_named = names.iter().any(|field| !given(row, *field).is_empty());
    let id = choice.parse::<InstitutionId>().ok();
    if id.as_ref().is_some_and(|id| catalog.institution(id).is_some()) {
        // The other answers are those of the institution that was shown, if any was.
        if segment.is_none_or(|one| Some(&one.institution) != id.as_ref()) {
            row.retain(|name, _| !Field::from_name(name).is_some_and(Field::is_of_institution));
        }
        return;
    }
    if id.is_some() {
        return;
    }
    let wrong = match choice.as_str() {
        "" if !is_named => Some((Field::Institution, Rule::Required { field: Field::Institution })),
        NEW if !is_named => Some((Field::NameRu, Rule::NameMissing {})),
        "" | NEW => None,
        _ => Some((Field::Institution, Rule::IdSyntax { id: choice.clone() })),
    };
    if let Some((field, rule)) = wrong {
        faults.push(fault(field, "", rule));
    }
    if !is_named {
        row.insert(Field::NameRu.name().to_owned(), STAND_IN.to_owned());
    }
    let id = free_institution(catalog, given(row, Field::Id));
    row.insert(Field::Institution.name().to_owned(), id);
}

/// An institution that comes with its first segment is called after it.
fn free_institution(catalog: &Catalog, segment: &str) -> String {
    let stem: String = segment.chars().take(40).collect();
    let numbered = (2_u32..).map(|number| format!("{stem}-{number}"));
    let is_free = |id: &String| {
        id.parse::<InstitutionId>().map_or(true, |id| catalog.institution(&id).is_none())
    };
    std::iter::once(segment.to_owned()).chain(numbered).find(is_free).unwrap_or_default()
}

/// What the preview of a file leaves out while other things are wrong with a row: the probed
/// address in somebody else's network (a fault) or in nobody's (a warning).
fn addresses(
    view: &View,
    segment: Option<&Segment>,
    preview: &Preview,
    faults: &mut Vec<Fault>,
) -> Vec<Fault> {
    let wrong = |field| preview.faults.iter().filter(move |one| one.field == Some(field));
    let Some(row) = preview.new.first().or_else(|| preview.changed.first()) else {
        return Vec::new();
    };
    if wrong(Field::ProbeAddress).next().is_some() {
        return Vec::new();
    }
    let unread = wrong(Field::Prefixes).any(|one| one.code() != "prefix_overlap");
    let same = segment.is_some_and(|one| {
        one.probing.address == row.segment.probing.address && one.prefixes == row.segment.prefixes
    });
    let found = view.catalog.check_segment_in(&row.segment, view.lang());
    let (warnings, more): (Vec<_>, Vec<_>) = found
        .into_iter()
        .filter(|one| one.field == Some(Field::ProbeAddress))
        .partition(Fault::is_warning);
    faults.extend(more.into_iter().filter(|one| {
        one.code() == "address_foreign"
            && !preview.faults.iter().any(|known| known.code() == one.code())
    }));
    if unread || same { Vec::new() } else { warnings }
}

/// Where another identifier stood in for the typed one, the message says what was typed.
fn name_as_typed(fault: &mut Fault, used: &str, typed: &str) {
    if let Rule::PrefixOverlap { id, .. } = fault.rule.as_mut()
        && id.as_str() == used
    {
        *id = if typed.is_empty() { STAND_IN } else { typed }.to_owned();
    }
}

/// The answers as a file of one row.
fn as_file(answers: &Answers) -> Result<Vec<u8>, Error> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    let value = |field: &Field| {
        let text = given(answers, *field);
        // A text area parts lines; the file wants one line.
        if *field == Field::Notes {
            text.replace("\r\n", "\n")
        } else {
            text.replace(['\r', '\n'], " ")
        }
    };
    writer.write_record(Field::ALL.iter().map(|field| field.name())).map_err(Error::internal)?;
    writer.write_record(Field::ALL.iter().map(value)).map_err(Error::internal)?;
    writer.into_inner().map_err(|error| Error::internal(error.into_error()))
}
