//! What an import would do: the rows against the registry and against each other.

use std::collections::{BTreeMap, HashMap, HashSet};

use ets_model::{Institution, InstitutionId, Lang, Segment, SegmentId, SegmentNo};
use sha2::{Digest, Sha256};

use super::parse::{self, Draft};
use super::{Diff, Preview, Row};
use crate::check::{self, Surroundings};
use crate::{Catalog, Fault, Field, Rule, text};

/// What importing `file` into `catalog` would do.
pub(crate) fn preview(catalog: &Catalog, file: &[u8], lang: Lang) -> Preview {
    let (drafts, faults) = parse::parse(catalog, file);
    let last_no = catalog.last_no().0;
    let mut plan = Plan { catalog, lang, last_no, faults, institutions: BTreeMap::new() };
    let drafts = plan.identify(drafts);
    plan.gather_institutions(&drafts);
    plan.check_own(&drafts);
    plan.check_addresses(&drafts);
    plan.finish(file, drafts)
}

struct Plan<'a> {
    catalog: &'a Catalog,
    /// Of names in messages.
    lang: Lang,
    last_no: u32,
    faults: Vec<Fault>,
    /// As the file gives them, with the line of the first.
    institutions: BTreeMap<InstitutionId, (u64, Institution)>,
}

impl Plan<'_> {
    /// Gives every row the number and version of its segment, or a new number.
    fn identify(&mut self, drafts: Vec<Draft>) -> Vec<Draft> {
        let mut lines: HashMap<SegmentId, u64> = HashMap::new();
        let mut kept = Vec::with_capacity(drafts.len());
        for mut draft in drafts {
            let id = draft.segment.id.clone();
            let earlier = *lines.entry(id.clone()).or_insert(draft.place.line);
            let known = self.catalog.segment(id.as_str());
            let rule = if earlier != draft.place.line {
                Some(Rule::IdRepeated { id: id.to_string(), line: earlier })
            } else {
                known.filter(|one| !one.is_active()).map(|_| Rule::IdRetired { id: id.to_string() })
            };
            if let Some(rule) = rule {
                let fault = Fault::of(Field::Id, id.as_str(), rule);
                self.faults.push(draft.place.locate(fault));
                continue;
            }
            self.take_over(&mut draft.segment, known.map(AsRef::as_ref));
            kept.push(draft);
        }
        kept
    }

    /// What the file does not tell stays as it is.
    fn take_over(&mut self, segment: &mut Segment, known: Option<&Segment>) {
        match known {
            Some(known) => {
                segment.no = known.no;
                segment.version = known.version;
                segment.maintenance_until = known.maintenance_until;
            }
            None => {
                self.last_no += 1;
                segment.no = SegmentNo(self.last_no);
            }
        }
    }

    fn gather_institutions(&mut self, drafts: &[Draft]) {
        for draft in drafts {
            let Some(told) = &draft.institution else { continue };
            let line = draft.place.line;
            let (first, known) =
                self.institutions.entry(told.id.clone()).or_insert_with(|| (line, told.clone()));
            let (first, same) = (*first, known == told);
            let mut faults = if first == line { check::institution(told) } else { Vec::new() };
            if !same {
                let id = told.id.to_string();
                let rule = Rule::InstitutionDiffers { id: id.clone(), line: first };
                faults.push(Fault::of(Field::Institution, id, rule));
            }
            self.faults.extend(faults.into_iter().map(|fault| draft.place.locate(fault)));
        }
    }

    fn institution(&self, id: &InstitutionId) -> Option<&Institution> {
        let told = self.institutions.get(id).map(|(_, told)| told);
        told.or_else(|| self.catalog.institution(id).map(AsRef::as_ref))
    }

    fn check_own(&mut self, drafts: &[Draft]) {
        let mut found = Vec::new();
        for draft in drafts {
            let segment = &draft.segment;
            let mut faults = check::own(segment);
            faults.extend(check::parent_of(self.catalog, segment));
            if self.institution(&segment.institution).is_none() {
                let id = segment.institution.to_string();
                let rule = Rule::InstitutionUnknown { id: id.clone() };
                faults.push(Fault::of(Field::Institution, id, rule));
            }
            found.extend(located(draft, faults));
        }
        self.faults.extend(found);
    }

    fn check_addresses(&mut self, drafts: &[Draft]) {
        let mut networks = self.catalog.networks().clone();
        let known = |draft: &Draft| self.catalog.by_no(draft.segment.no);
        drafts.iter().filter_map(known).for_each(|segment| networks.remove(segment));
        let rows: HashMap<SegmentNo, &Segment> =
            drafts.iter().map(|draft| (draft.segment.no, &draft.segment)).collect();
        let name = |segment: &Segment| {
            check::name(segment, self.institution(&segment.institution), self.lang)
        };
        let describe = |no| match rows.get(&no) {
            Some(segment) => (segment.id.to_string(), name(segment)),
            None => check::describe(self.catalog, no, self.lang),
        };
        let reserved = self.catalog.reserved();
        let (mut found, mut clean) = (Vec::new(), Vec::new());
        for draft in drafts {
            let segment = &draft.segment;
            let around = Surroundings { networks: &networks, reserved, describe: &describe };
            let mut faults = check::overlaps(segment, &name(segment), &around);
            faults.extend(check::address_taken(segment, &around));
            if faults.is_empty() {
                networks.add(segment);
                clean.push(draft);
            }
            found.extend(located(draft, faults));
        }
        let around = Surroundings { networks: &networks, reserved, describe: &describe };
        for draft in clean {
            found.extend(located(draft, check::address_foreign(&draft.segment, &around)));
        }
        self.faults.extend(found);
    }

    fn finish(self, file: &[u8], drafts: Vec<Draft>) -> Preview {
        let mut preview = Preview { digest: self.digest(file), ..Preview::default() };
        let named: HashSet<_> = drafts.iter().map(|draft| draft.segment.no).collect();
        let absent = self.catalog.segments().filter(|one| !named.contains(&one.no));
        preview.absent = absent.map(|one| one.id.clone()).collect();
        for draft in drafts {
            let Some(institution) = self.institution(&draft.segment.institution) else { continue };
            let row = self.row(draft, institution.clone());
            if self.catalog.by_no(row.segment.no).is_none() {
                preview.new.push(row);
            } else if row.diffs.is_empty() {
                preview.unchanged.push(row.segment.id);
            } else {
                preview.changed.push(row);
            }
        }
        (preview.warnings, preview.faults) = self.faults.into_iter().partition(Fault::is_warning);
        // Where a line is wrong, what is merely unusual about it is no news.
        let wrong: HashSet<_> = preview.faults.iter().map(|fault| fault.line).collect();
        preview.warnings.retain(|warning| !wrong.contains(&warning.line));
        let place = |fault: &Fault| (fault.line, fault.column);
        preview.faults.sort_by_key(place);
        preview.warnings.sort_by_key(place);
        preview
    }

    fn row(&self, draft: Draft, institution: Institution) -> Row {
        let segment = draft.segment;
        let known = self.catalog.by_no(segment.no);
        let known = known.and_then(|one| Some((one, self.catalog.institution(&one.institution)?)));
        let diff = |field: &Field| {
            let before = known.map(|(one, of)| text::field(one, of, *field)).unwrap_or_default();
            let after = text::field(&segment, &institution, *field);
            (before != after).then_some(Diff { field: *field, before, after })
        };
        let diffs = Field::ALL.iter().filter_map(diff).collect();
        Row { line: draft.place.line, segment, institution, diffs }
    }

    fn digest(&self, file: &[u8]) -> String {
        let mut hash = Sha256::new();
        hash.update(self.catalog.generation().to_le_bytes());
        // Text that went through a form has other line ends and means the same.
        let text = file.strip_prefix(b"\xef\xbb\xbf").unwrap_or(file);
        for line in text.split_inclusive(|byte| *byte == b'\n') {
            hash.update(line.strip_suffix(b"\r\n").unwrap_or(line));
            if line.ends_with(b"\r\n") {
                hash.update(b"\n");
            }
        }
        hex::encode(hash.finalize())
    }
}

/// The faults of a row with their places, without those of fields that could not be read anyway.
fn located(draft: &Draft, faults: impl IntoIterator<Item = Fault>) -> Vec<Fault> {
    let read = |fault: &Fault| fault.field.is_none_or(|field| !draft.unread.contains(&field));
    faults.into_iter().filter(read).map(|fault| draft.place.locate(fault)).collect()
}
