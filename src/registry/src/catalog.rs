//! The registry in memory: one immutable picture of everything, replaced as a whole at each change.

use std::collections::{BTreeMap, HashMap};
use std::net::IpAddr;
use std::sync::{Arc, OnceLock};

use ets_model::{Institution, InstitutionId, Lang, Parent, Segment, SegmentId, SegmentNo};
use ipnet::IpNet;

use crate::networks::Networks;
use crate::{Fault, Preview, check, csv, fold};

/// All institutions, provider points and segments at one moment. Cheap to hold: `Arc` it.
#[derive(Clone, Debug, Default)]
pub struct Catalog {
    generation: u64,
    institutions: BTreeMap<InstitutionId, Arc<Institution>>,
    parents: BTreeMap<String, Arc<Parent>>,
    entries: Vec<Arc<Entry>>,
    by_id: HashMap<SegmentId, usize>,
    by_no: HashMap<SegmentNo, usize>,
    networks: Networks,
    reserved: Arc<[(String, IpNet)]>,
}

/// A segment, whose it is, and the text in which it is searched.
#[derive(Debug)]
struct Entry {
    segment: Arc<Segment>,
    institution: Option<Arc<Institution>>,
    parent: Option<Arc<Parent>>,
    text: OnceLock<Box<str>>,
}

/// How good an answer to a search is, smaller is better: retired, not the identifier itself, words
/// that begin no word.
type Rank = (bool, bool, usize);

/// What a [`Catalog`] is made of.
#[derive(Clone, Debug, Default)]
pub struct Parts {
    /// Counts the changes.
    pub generation: u64,
    /// All institutions.
    pub institutions: Vec<Arc<Institution>>,
    /// All provider points.
    pub parents: Vec<Arc<Parent>>,
    /// All segments, retired ones too.
    pub segments: Vec<Arc<Segment>>,
}

impl Catalog {
    /// A catalogue of these parts.
    pub fn new(parts: Parts) -> Self {
        Self::after(&Self::default(), parts)
    }

    /// The same, with networks of the hub itself that no segment may have.
    pub fn reserving(&self, reserved: impl IntoIterator<Item = (String, IpNet)>) -> Self {
        let reserved = reserved.into_iter().collect();
        Self { reserved, ..Self::after(self, self.parts()) }
    }

    /// The catalogue of `parts`, taking over from `earlier` what did not change.
    pub(crate) fn after(earlier: &Self, mut parts: Parts) -> Self {
        parts.segments.sort_by_key(|segment| segment.no);
        let institutions: BTreeMap<_, _> =
            parts.institutions.into_iter().map(|one| (one.id.clone(), one)).collect();
        let parents: BTreeMap<_, _> =
            parts.parents.into_iter().map(|one| (one.id.clone(), one)).collect();
        let entries: Vec<_> = parts
            .segments
            .into_iter()
            .map(|segment| {
                let institution = institutions.get(&segment.institution).cloned();
                let parent = parents.get(&segment.parent).cloned();
                earlier.reuse(Entry { segment, institution, parent, text: OnceLock::new() })
            })
            .collect();
        let by_id = entries.iter().enumerate().map(|(at, e)| (e.segment.id.clone(), at)).collect();
        let by_no = entries.iter().enumerate().map(|(at, e)| (e.segment.no, at)).collect();
        let networks =
            Networks::of(entries.iter().map(|entry| &entry.segment).filter(|one| one.is_active()));
        let generation = parts.generation;
        let reserved = earlier.reserved.clone();
        Self { generation, institutions, parents, entries, by_id, by_no, networks, reserved }
    }

    fn reuse(&self, entry: Entry) -> Arc<Entry> {
        let same = |earlier: &&Arc<Entry>| {
            Arc::ptr_eq(&earlier.segment, &entry.segment)
                && same_arc(earlier.institution.as_ref(), entry.institution.as_ref())
                && same_arc(earlier.parent.as_ref(), entry.parent.as_ref())
        };
        let earlier = self.by_no.get(&entry.segment.no).map(|at| &self.entries[*at]);
        earlier.filter(same).cloned().unwrap_or_else(|| Arc::new(entry))
    }

    /// The parts, to change some and build the next catalogue.
    pub(crate) fn parts(&self) -> Parts {
        Parts {
            generation: self.generation,
            institutions: self.institutions.values().cloned().collect(),
            parents: self.parents.values().cloned().collect(),
            segments: self.entries.iter().map(|entry| entry.segment.clone()).collect(),
        }
    }

    /// Counts the changes of the registry, for ever.
    pub fn generation(&self) -> u64 {
        self.generation
    }

    /// All institutions, by identifier.
    pub fn institutions(&self) -> impl ExactSizeIterator<Item = &Arc<Institution>> {
        self.institutions.values()
    }

    /// One institution.
    pub fn institution(&self, id: &InstitutionId) -> Option<&Arc<Institution>> {
        self.institutions.get(id)
    }

    /// All provider points, by identifier.
    pub fn parents(&self) -> impl ExactSizeIterator<Item = &Arc<Parent>> {
        self.parents.values()
    }

    /// One provider point.
    pub fn parent(&self, id: &str) -> Option<&Arc<Parent>> {
        self.parents.get(id)
    }

    /// The segments that are watched, in the order of the registry (by number).
    pub fn segments(&self) -> impl DoubleEndedIterator<Item = &Arc<Segment>> {
        self.all_segments().filter(|segment| segment.is_active())
    }

    /// All segments, retired ones too, in the order of the registry.
    pub fn all_segments(&self) -> impl DoubleEndedIterator<Item = &Arc<Segment>> {
        self.entries.iter().map(|entry| &entry.segment)
    }

    /// The retired segments, in the order of the registry.
    pub fn retired(&self) -> impl DoubleEndedIterator<Item = &Arc<Segment>> {
        self.all_segments().filter(|segment| !segment.is_active())
    }

    /// One segment by its identifier, retired or not.
    pub fn segment(&self, id: &str) -> Option<&Arc<Segment>> {
        let id: SegmentId = id.parse().ok()?;
        self.by_id.get(&id).map(|at| &self.entries[*at].segment)
    }

    /// One segment by its number, retired or not.
    pub fn by_no(&self, no: SegmentNo) -> Option<&Arc<Segment>> {
        self.by_no.get(&no).map(|at| &self.entries[*at].segment)
    }

    /// The active segment to which `address` belongs: by prefix, else by its probed address.
    pub fn by_address(&self, address: IpAddr) -> Option<&Arc<Segment>> {
        self.networks.owner(address).and_then(|no| self.by_no(no))
    }

    /// One segment as people name it: by its identifier, or by an address in it.
    pub fn named(&self, text: &str) -> Option<&Arc<Segment>> {
        match text.trim().parse() {
            Ok(address) => self.by_address(address),
            Err(_) => self.segment(text.trim()),
        }
    }

    /// The active segments behind a provider point, in the order of the registry.
    pub fn children<'a>(&'a self, parent: &'a str) -> impl Iterator<Item = &'a Arc<Segment>> {
        self.segments().filter(move |segment| segment.parent == parent)
    }

    /// The segments of an institution, retired ones too, in the order of the registry.
    pub fn of_institution<'a>(
        &'a self,
        id: &'a InstitutionId,
    ) -> impl Iterator<Item = &'a Arc<Segment>> {
        self.all_segments().filter(move |segment| segment.institution == *id)
    }

    /// What a segment is called in `lang`: its label, else its institution's name, else its
    /// identifier. Never empty.
    pub fn name<'a>(&'a self, segment: &'a Segment, lang: Lang) -> &'a str {
        let institution = || {
            self.institution(&segment.institution)
                .map(|one| one.name.get(lang))
                .filter(|name| !name.is_empty())
        };
        Some(segment.label.get(lang))
            .filter(|name| !name.is_empty())
            .or_else(institution)
            .unwrap_or(segment.id.as_str())
    }

    /// The district of a segment's institution; empty when none is known.
    pub fn district(&self, segment: &Segment) -> &str {
        self.institution(&segment.institution).map_or("", |one| &one.district)
    }

    /// The segments (retired ones last) in which every word of `query` occurs, best first, at
    /// most `limit`. Case, `ё` and Kazakh letters do not matter; an address finds its segment.
    pub fn search(&self, query: &str, limit: usize) -> Vec<&Arc<Segment>> {
        if let Some(owner) = query.trim().parse().ok().and_then(|address| self.by_address(address))
        {
            return vec![owner];
        }
        let words = fold::words(query);
        let mut found: Vec<_> =
            self.entries.iter().filter_map(|entry| entry.rank(&words)).collect();
        found.sort_by_key(|(rank, segment)| (*rank, segment.no));
        found.into_iter().take(limit).map(|(_, segment)| segment).collect()
    }

    /// What importing this CSV file would do. Changes nothing.
    pub fn preview_csv(&self, file: &[u8]) -> Preview {
        self.preview_csv_in(file, Lang::En)
    }

    /// As [`Self::preview_csv`], with the names in messages in this language.
    pub fn preview_csv_in(&self, file: &[u8], lang: Lang) -> Preview {
        csv::preview(self, file, lang)
    }

    /// All active segments as a CSV file that an import takes back unchanged.
    pub fn export_csv(&self) -> String {
        csv::for_import(self)
    }

    /// The same for a spreadsheet: with a byte order mark, and with an apostrophe before what a
    /// spreadsheet would take for a formula. Not for import.
    pub fn export_csv_for_people(&self) -> String {
        csv::for_people(self)
    }

    /// What is wrong with a segment of a form, and what is unusual ([`Fault::is_warning`]). A
    /// segment with number 0 is a new one.
    pub fn check_segment(&self, segment: &Segment) -> Vec<Fault> {
        self.check_segment_in(segment, Lang::En)
    }

    /// As [`Self::check_segment`], with the names in messages in this language.
    pub fn check_segment_in(&self, segment: &Segment, lang: Lang) -> Vec<Fault> {
        check::segment(self, segment, lang)
    }

    /// The highest number given so far; segments are never deleted.
    pub(crate) fn last_no(&self) -> SegmentNo {
        self.entries.last().map_or(SegmentNo(0), |entry| entry.segment.no)
    }

    pub(crate) fn reserved(&self) -> &[(String, IpNet)] {
        &self.reserved
    }

    pub(crate) fn networks(&self) -> &Networks {
        &self.networks
    }
}

impl Entry {
    /// The sort key of an answer to `words`, smaller is better; `None` when it is none.
    fn rank(&self, words: &[String]) -> Option<(Rank, &Arc<Segment>)> {
        let score = fold::score(self.text.get_or_init(|| self.text()), words)?;
        let exact = words.len() == 1 && words[0] == self.segment.id.as_str();
        Some(((!self.segment.is_active(), !exact, words.len() - score), &self.segment))
    }

    fn text(&self) -> Box<str> {
        let segment = &self.segment;
        let mut text = format!("{} {} {} ", segment.id, segment.institution, segment.interface);
        let mut add = |part: &str| {
            text.push_str(part);
            text.push('\n');
        };
        for names in [
            Some(&segment.label),
            self.institution.as_ref().map(|i| &i.name),
            self.parent.as_ref().map(|p| &p.name),
        ]
        .into_iter()
        .flatten()
        {
            Lang::ALL.iter().for_each(|lang| add(names.exactly(*lang)));
        }
        if let Some(one) = &self.institution {
            [&one.kind, &one.budget_level, &one.district, &one.address, &one.head, &one.duty]
                .into_iter()
                .for_each(|part| add(part));
        }
        let channel = &segment.channel;
        [
            &channel.provider,
            &channel.technology,
            &channel.contract,
            &segment.parent,
            &segment.notes,
        ]
        .into_iter()
        .for_each(|part| add(part));
        segment.prefixes.iter().for_each(|prefix| add(&prefix.to_string()));
        add(&segment.probing.address.to_string());
        fold::fold(&text).into()
    }
}

fn same_arc<T>(one: Option<&Arc<T>>, other: Option<&Arc<T>>) -> bool {
    match (one, other) {
        (None, None) => true,
        (Some(one), Some(other)) => Arc::ptr_eq(one, other),
        _ => false,
    }
}
