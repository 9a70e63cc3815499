//! One change of the registry being prepared: the entries as they will be, what to write, and
//! what the journal will say. Nothing is changed until all of it is written.

use std::sync::Arc;

use ets_journal::{Entry, Subject};
use ets_model::{Institution, InstitutionId, Parent, Segment, SegmentNo, WallTime};
use ets_store::{Tx, values};
use serde_json::{Value, json};

use crate::{Author, Catalog, Error, Field, Parts, Photo, rows, text};

/// A change being prepared.
pub(crate) struct Draft {
    pub(crate) parts: Parts,
    author: Author,
    steps: Vec<Step>,
}

/// One row to write and its entry in the journal.
struct Step {
    write: Write,
    entry: Entry,
}

enum Write {
    Institution(Arc<Institution>),
    Parent(Arc<Parent>),
    Segment(Arc<Segment>),
    RemoveInstitution(InstitutionId),
    RemoveParent(String),
    Photo(SegmentNo, Vec<u8>),
    RemovePhoto(SegmentNo),
    Nothing,
}

impl Draft {
    pub(crate) fn new(catalog: &Catalog, author: &Author) -> Self {
        Self { parts: catalog.parts(), author: author.clone(), steps: Vec::new() }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.steps.is_empty()
    }

    /// Adds a segment or takes the place of the one with its number.
    pub(crate) fn segment(
        &mut self,
        action: &str,
        mut segment: Segment,
        detail: Value,
    ) -> Arc<Segment> {
        segment.version += 1;
        let segment = Arc::new(segment);
        put(&mut self.parts.segments, segment.clone(), |one| one.no);
        let entry = self.entry(action, "segment", segment.id.as_str(), detail);
        self.step(Write::Segment(segment.clone()), entry);
        segment
    }

    pub(crate) fn institution(
        &mut self,
        action: &str,
        mut one: Institution,
        detail: Value,
    ) -> Arc<Institution> {
        one.version += 1;
        let one = Arc::new(one);
        put(&mut self.parts.institutions, one.clone(), |one| one.id.clone());
        let entry = self.entry(action, "institution", one.id.as_str(), detail);
        self.step(Write::Institution(one.clone()), entry);
        one
    }

    pub(crate) fn parent(&mut self, action: &str, mut one: Parent, detail: Value) -> Arc<Parent> {
        one.version += 1;
        let one = Arc::new(one);
        put(&mut self.parts.parents, one.clone(), |one| one.id.clone());
        let entry = self.entry(action, "parent", &one.id, detail);
        self.step(Write::Parent(one.clone()), entry);
        one
    }

    pub(crate) fn remove_institution(&mut self, one: &Institution) {
        self.parts.institutions.retain(|other| other.id != one.id);
        let entry =
            self.entry("institution.remove", "institution", one.id.as_str(), json!({ "was": one }));
        self.step(Write::RemoveInstitution(one.id.clone()), entry);
    }

    pub(crate) fn remove_parent(&mut self, one: &Parent) {
        self.parts.parents.retain(|other| other.id != one.id);
        let entry = self.entry("parent.remove", "parent", &one.id, json!({ "was": one }));
        self.step(Write::RemoveParent(one.id.clone()), entry);
    }

    /// Puts a photograph in the place of the old one, or takes it away.
    pub(crate) fn photo(&mut self, segment: &Segment, photo: Option<Photo>) {
        let id = segment.id.as_str();
        let (action, detail, write) = match photo {
            None => ("segment.photo.remove", Value::Null, Write::RemovePhoto(segment.no)),
            Some(photo) => {
                let detail = json!({ "bytes": photo.bytes.len(), "sha256": photo.digest() });
                ("segment.photo", detail, Write::Photo(segment.no, photo.bytes))
            }
        };
        let entry = self.entry(action, "segment", id, detail);
        self.step(write, entry);
    }

    /// An institution as it will be.
    pub(crate) fn standing(&self, id: &InstitutionId) -> Option<&Arc<Institution>> {
        let at = self.parts.institutions.binary_search_by_key(&id, |one| &one.id).ok()?;
        self.parts.institutions.get(at)
    }

    /// An entry of the journal by itself.
    pub(crate) fn note(&mut self, action: &str, kind: &str, id: &str, detail: Value) {
        let entry = self.entry(action, kind, id, detail);
        self.step(Write::Nothing, entry);
    }

    /// Writes everything down, the journal included.
    pub(crate) async fn write(self, tx: &mut Tx<'_>, at: WallTime) -> Result<(), Error> {
        rows::raise_generation(tx, self.parts.generation - 1).await?;
        for step in self.steps {
            step.write.run(tx).await?;
            ets_journal::append(tx, at, step.entry).await?;
        }
        Ok(())
    }

    fn step(&mut self, write: Write, entry: Entry) {
        self.steps.push(Step { write, entry });
    }

    fn entry(&self, action: &str, kind: &str, id: &str, detail: Value) -> Entry {
        self.author.entry(action, Subject::new(kind, id)).detail(detail)
    }
}

/// Puts an entry into its place in an ordered list, over the one with the same key.
fn put<T, K: Ord>(list: &mut Vec<Arc<T>>, one: Arc<T>, key: impl Fn(&T) -> K) {
    match list.binary_search_by_key(&key(&one), |other| key(other)) {
        Ok(at) => list[at] = one,
        Err(at) => list.insert(at, one),
    }
}

impl Write {
    async fn run(self, tx: &mut Tx<'_>) -> Result<(), Error> {
        match self {
            Self::Institution(one) => rows::put_institution(tx, &one).await?,
            Self::Parent(one) => rows::put_parent(tx, &one).await?,
            Self::Segment(one) => rows::put_segment(tx, &one).await?,
            Self::Photo(no, bytes) => rows::put_photo(tx, no, bytes).await?,
            Self::RemoveInstitution(id) => {
                let sql = "DELETE FROM registry_institution WHERE id = $1";
                tx.execute(sql, &values![id.as_str()]).await?;
            }
            Self::RemoveParent(id) => {
                tx.execute("DELETE FROM registry_parent WHERE id = $1", &values![id]).await?;
            }
            Self::RemovePhoto(no) => {
                tx.execute("DELETE FROM registry_photo WHERE segment = $1", &values![no.0]).await?;
            }
            Self::Nothing => {}
        }
        Ok(())
    }
}

/// What changed between two states of a segment and its institution, for the journal.
pub(crate) fn differences(
    before: (&Segment, &Institution),
    after: (&Segment, &Institution),
) -> Value {
    let changed = Field::ALL.iter().filter_map(|field| {
        let (old, new) =
            (text::field(before.0, before.1, *field), text::field(after.0, after.1, *field));
        (old != new).then(|| json!({ "field": field, "before": old, "after": new }))
    });
    json!({ "changes": changed.collect::<Vec<_>>() })
}
