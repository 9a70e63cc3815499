//! The registry as a service: one handle for everyone, changes one after another.

use std::sync::Arc;

use arc_swap::ArcSwap;
use ets_journal::{Entry, Subject};
use ets_model::{Institution, Lang, Segment, SegmentId, SegmentNo, WallTime};
use ets_runtime::Clock;
use ets_store::{Store, values};
use ipnet::IpNet;
use serde_json::json;
use tokio::sync::{Mutex, watch};

use crate::draft::{Draft, differences};
use crate::{Applied, Catalog, Error, Fault, Field, Photo, Preview, Rule, check, rows, text};

/// Who makes a change, for the journal.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Author {
    /// Who: the subject of a certificate, a system user.
    pub actor: String,
    /// Which human that is, whatever token or session he holds; where it is not known, each actor
    /// is another.
    pub human: Option<String>,
    /// For whom, where it is somebody else.
    pub on_behalf: Option<String>,
    /// From which segment, where it is known.
    pub from_segment: Option<SegmentId>,
    /// Why, as the person put it; may be empty.
    pub reason: String,
}

impl Author {
    /// An author without more to tell.
    pub fn new(actor: impl Into<String>) -> Self {
        Self { actor: actor.into(), ..Self::default() }
    }

    /// An entry of the journal about what he did.
    pub fn entry(&self, action: &str, on: Subject) -> Entry {
        let mut entry = Entry::new(&self.actor, action, on);
        entry.on_behalf.clone_from(&self.on_behalf);
        entry.why(&self.reason).from_segment(self.from_segment.clone())
    }

    /// By what one human is told from another.
    pub fn human(&self) -> &str {
        self.human.as_deref().unwrap_or(&self.actor)
    }
}

/// The handle of the registry. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Registry(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    store: Store,
    clock: Clock,
    catalog: ArcSwap<Catalog>,
    generation: watch::Sender<u64>,
    /// Held while a change is checked, written and published.
    changing: Arc<Mutex<()>>,
}

impl Registry {
    /// Opens the registry in `store`, which was opened with [`crate::MIGRATIONS`] and the
    /// journal's.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn open(store: Store, clock: Clock) -> Result<Self, Error> {
        let parts = store.read(|tx| Box::pin(rows::load(tx))).await?;
        let catalog = Catalog::new(parts);
        let generation = watch::Sender::new(catalog.generation());
        let catalog = ArcSwap::from_pointee(catalog);
        let changing = Arc::default();
        Ok(Self(Arc::new(Inner { store, clock, catalog, generation, changing })))
    }

    /// The hub's own networks, by name: no segment may have addresses of them from now on.
    pub fn reserve(&self, networks: impl IntoIterator<Item = (String, IpNet)>) {
        let reserving = self.catalog().reserving(networks);
        self.0.catalog.store(Arc::new(reserving));
    }

    /// Everything as it stands now.
    pub fn catalog(&self) -> Arc<Catalog> {
        self.0.catalog.load_full()
    }

    /// The generation of the catalogue; changes after each change of the registry.
    pub fn changes(&self) -> watch::Receiver<u64> {
        self.0.generation.subscribe()
    }

    /// Checks an entry without changing anything: faults and warnings. A segment with number 0 is
    /// a new one.
    pub fn check_segment(&self, segment: &Segment) -> Vec<Fault> {
        self.catalog().check_segment(segment)
    }

    /// Adds a segment; number and version are given by the registry.
    ///
    /// # Errors
    /// When rules are broken or the database does not take it.
    pub async fn create_segment(
        &self,
        mut segment: Segment,
        author: &Author,
    ) -> Result<Arc<Segment>, Error> {
        text::trim_segment(&mut segment);
        self.change(author, move |catalog, draft| {
            segment.no = SegmentNo(0);
            segment.version = 0;
            segment.retired = None;
            taken(catalog, &segment)?;
            sound(check::segment(catalog, &segment, Lang::En))?;
            segment.no = SegmentNo(catalog.last_no().0 + 1);
            let detail = json!({ "entry": segment });
            Ok(draft.segment("segment.create", segment, detail))
        })
        .await
    }

    /// Changes a segment; `segment.version` is the one that was seen. Its identifier, number and
    /// retirement stay as they are.
    ///
    /// # Errors
    /// As for [`Self::create_segment`], and [`Error::Conflict`], [`Error::NotFound`].
    pub async fn update_segment(
        &self,
        mut segment: Segment,
        author: &Author,
    ) -> Result<Arc<Segment>, Error> {
        text::trim_segment(&mut segment);
        self.change(author, move |catalog, draft| {
            let known = current(catalog, segment.id.as_str(), Some(segment.version))?;
            segment.no = known.no;
            segment.retired = known.retired;
            if segment == *known {
                return Ok(known);
            }
            sound(check::segment(catalog, &segment, Lang::En))?;
            let detail = compared(catalog, &known, &segment);
            Ok(draft.segment("segment.update", segment, detail))
        })
        .await
    }

    /// Retires a segment: it is no longer watched and keeps its history.
    ///
    /// # Errors
    /// As for [`Self::update_segment`].
    pub async fn retire_segment(
        &self,
        id: &str,
        version: i64,
        author: &Author,
    ) -> Result<Arc<Segment>, Error> {
        let (id, now) = (id.to_owned(), self.0.clock.wall());
        self.change(author, move |catalog, draft| {
            let known = current(catalog, &id, Some(version))?;
            if !known.is_active() {
                return Ok(known);
            }
            let segment =
                Segment { retired: Some(now), maintenance_until: None, ..(*known).clone() };
            Ok(draft.segment("segment.retire", segment, json!({ "entry": *known })))
        })
        .await
    }

    /// Takes a retired segment back.
    ///
    /// # Errors
    /// As for [`Self::update_segment`]; its prefixes may belong to another one by now.
    pub async fn restore_segment(
        &self,
        id: &str,
        version: i64,
        author: &Author,
    ) -> Result<Arc<Segment>, Error> {
        let id = id.to_owned();
        self.change(author, move |catalog, draft| {
            let known = current(catalog, &id, Some(version))?;
            if known.is_active() {
                return Err(refused(Field::Id, Rule::NotRetired { id }));
            }
            let segment = Segment { retired: None, ..(*known).clone() };
            sound(check::segment(catalog, &segment, Lang::En))?;
            Ok(draft.segment("segment.restore", segment, json!({ "entry": *known })))
        })
        .await
    }

    /// Puts a segment under maintenance until then, or ends it.
    ///
    /// # Errors
    /// As for [`Self::update_segment`], without a conflict.
    pub async fn set_maintenance(
        &self,
        id: &str,
        until: Option<WallTime>,
        author: &Author,
    ) -> Result<Arc<Segment>, Error> {
        let id = id.to_owned();
        self.change(author, move |catalog, draft| {
            let known = current(catalog, &id, None)?;
            if known.maintenance_until == until {
                return Ok(known);
            }
            let segment = Segment { maintenance_until: until, ..(*known).clone() };
            let detail = json!({ "before": known.maintenance_until, "until": until });
            Ok(draft.segment("segment.maintenance", segment, detail))
        })
        .await
    }

    /// The photograph of a segment's site.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn photo(&self, id: &str) -> Result<Option<Photo>, Error> {
        let Some(segment) = self.catalog().segment(id).cloned() else { return Ok(None) };
        let sql = "SELECT bytes FROM registry_photo WHERE segment = $1";
        let row = self.0.store.query_optional(sql, &values![segment.no.0]).await?;
        let bytes = row.map(|row| row.blob("bytes").map(<[u8]>::to_vec)).transpose()?;
        Ok(bytes.and_then(|bytes| Photo::new(bytes).ok()))
    }

    /// Whether there is a photograph of a segment's site, without fetching it.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn has_photo(&self, segment: &Segment) -> Result<bool, Error> {
        let sql = "SELECT segment FROM registry_photo WHERE segment = $1";
        Ok(self.0.store.query_optional(sql, &values![segment.no.0]).await?.is_some())
    }

    /// Puts a photograph in the place of the old one; `None` takes it away.
    ///
    /// # Errors
    /// [`Error::NotFound`] when there is no such segment, or no photograph to take away; or when
    /// the database does not take it.
    pub async fn set_photo(
        &self,
        id: &str,
        photo: Option<Photo>,
        author: &Author,
    ) -> Result<(), Error> {
        let known = current(&self.catalog(), id, None)?;
        if photo.is_none() && !self.has_photo(&known).await? {
            return Err(Error::NotFound { kind: "photograph", id: id.to_owned() });
        }
        let id = id.to_owned();
        self.change(author, move |catalog, draft| {
            let known = current(catalog, &id, None)?;
            draft.photo(&known, photo);
            Ok(())
        })
        .await
    }

    /// What importing this CSV file would do. Changes nothing.
    pub fn preview_csv(&self, file: &[u8]) -> Preview {
        self.catalog().preview_csv(file)
    }

    /// As [`Self::preview_csv`], with the names in messages in this language.
    pub fn preview_csv_in(&self, file: &[u8], lang: Lang) -> Preview {
        self.catalog().preview_csv_in(file, lang)
    }

    /// Imports a CSV file that was previewed: all of it or nothing.
    ///
    /// # Errors
    /// [`Error::Changed`] when `digest` is not that of the preview as it would be now,
    /// [`Error::Invalid`] when the file has faults.
    pub async fn apply_csv(
        &self,
        file: &[u8],
        digest: &str,
        author: &Author,
    ) -> Result<Applied, Error> {
        self.take(file, digest, author, true).await
    }

    /// The same for an entry that a person filled in as a form: one row, segment and institution
    /// together. The journal calls it by what it does to them and not an import.
    ///
    /// # Errors
    /// As for [`Self::apply_csv`].
    pub async fn apply_form(
        &self,
        file: &[u8],
        digest: &str,
        author: &Author,
    ) -> Result<Applied, Error> {
        self.take(file, digest, author, false).await
    }

    async fn take(
        &self,
        file: &[u8],
        digest: &str,
        author: &Author,
        is_import: bool,
    ) -> Result<Applied, Error> {
        self.change(author, |catalog, draft| {
            let preview = catalog.preview_csv(file);
            if preview.digest != digest {
                return Err(Error::Changed);
            }
            sound(preview.faults.clone())?;
            Ok(import(catalog, preview, draft, is_import))
        })
        .await
    }

    /// See [`Catalog::export_csv`].
    pub fn export_csv(&self) -> String {
        self.catalog().export_csv()
    }

    /// See [`Catalog::export_csv_for_people`].
    pub fn export_csv_for_people(&self) -> String {
        self.catalog().export_csv_for_people()
    }

    /// Prepares a change on what stands, writes it and publishes it, or does nothing of it. Once
    /// it is being written it goes on even when the caller is gone.
    pub(crate) async fn change<T: Send + 'static>(
        &self,
        author: &Author,
        prepare: impl FnOnce(&Catalog, &mut Draft) -> Result<T, Error>,
    ) -> Result<T, Error> {
        let inner = self.0.clone();
        let guard = inner.changing.clone().lock_owned().await;
        let catalog = self.catalog();
        let mut draft = Draft::new(&catalog, author);
        let answer = prepare(&catalog, &mut draft)?;
        if draft.is_empty() {
            return Ok(answer);
        }
        let written = tokio::spawn(async move {
            let _guard = guard;
            inner.write(&catalog, draft).await
        });
        written.await.map_err(|_| Error::CutOff)??;
        Ok(answer)
    }
}

impl Inner {
    async fn write(&self, earlier: &Catalog, mut draft: Draft) -> Result<(), Error> {
        draft.parts.generation += 1;
        let parts = draft.parts.clone();
        let at = self.clock.wall();
        self.store.write(move |tx| Box::pin(draft.write(tx, at))).await?;
        let generation = parts.generation;
        self.catalog.store(Arc::new(Catalog::after(earlier, parts)));
        self.generation.send_replace(generation);
        Ok(())
    }
}

/// Takes over what a clean preview says.
fn import(catalog: &Catalog, preview: Preview, draft: &mut Draft, is_import: bool) -> Applied {
    let applied = Applied {
        new: preview.new.len(),
        changed: preview.changed.len(),
        unchanged: preview.unchanged.len(),
    };
    let mut rows = preview.changed;
    rows.extend(preview.new);
    if rows.is_empty() {
        return applied;
    }
    if is_import {
        draft.note("registry.import", "registry", "csv", json!({ "counts": applied }));
    }
    for row in &rows {
        import_institution(catalog, &row.institution, draft);
    }
    for row in rows {
        import_segment(catalog, row, draft);
    }
    applied
}

fn import_institution(catalog: &Catalog, told: &Institution, draft: &mut Draft) {
    let standing = draft.standing(&told.id).cloned();
    let version = standing.as_ref().map_or(0, |one| one.version);
    let institution = Institution { version, ..told.clone() };
    if standing.as_deref() == Some(&institution) {
        return;
    }
    let known = catalog.institution(&told.id);
    let action = if known.is_some() { "institution.update" } else { "institution.create" };
    let detail = json!({ "before": known.map(AsRef::as_ref), "after": told });
    draft.institution(action, institution, detail);
}

fn import_segment(catalog: &Catalog, row: crate::Row, draft: &mut Draft) {
    match catalog.by_no(row.segment.no) {
        Some(known) if **known == row.segment => {}
        Some(_) => {
            draft.segment("segment.update", row.segment, json!({ "changes": row.diffs }));
        }
        None => {
            let detail = json!({ "entry": row.segment });
            draft.segment("segment.create", row.segment, detail);
        }
    }
}

fn compared(catalog: &Catalog, before: &Segment, after: &Segment) -> serde_json::Value {
    let of = |segment: &Segment| catalog.institution(&segment.institution).cloned();
    match (of(before), of(after)) {
        (Some(old), Some(new)) => differences((before, &old), (after, &new)),
        _ => json!({ "before": before, "after": after }),
    }
}

/// The segment as it stands, if `version` is still its own.
fn current(catalog: &Catalog, id: &str, version: Option<i64>) -> Result<Arc<Segment>, Error> {
    let missing = || Error::NotFound { kind: "segment", id: id.to_owned() };
    let known = catalog.segment(id).ok_or_else(missing)?;
    same_version(id, version.unwrap_or(known.version), known.version)?;
    Ok(known.clone())
}

/// Whether the version that was seen is the one that stands.
pub(crate) fn same_version(id: &str, yours: i64, current: i64) -> Result<(), Error> {
    if yours == current {
        Ok(())
    } else {
        Err(Error::Conflict { id: id.to_owned(), yours, current })
    }
}

fn taken(catalog: &Catalog, segment: &Segment) -> Result<(), Error> {
    let id = segment.id.to_string();
    match catalog.segment(&id) {
        None => Ok(()),
        Some(known) if known.is_active() => Err(refused(Field::Id, Rule::IdTaken { id })),
        Some(_) => Err(refused(Field::Id, Rule::IdRetired { id })),
    }
}

/// Lets warnings pass.
pub(crate) fn sound(mut faults: Vec<Fault>) -> Result<(), Error> {
    faults.retain(|fault| !fault.is_warning());
    if faults.is_empty() { Ok(()) } else { Err(Error::Invalid(faults)) }
}

/// One broken rule as a refusal.
pub(crate) fn refused(field: Field, rule: Rule) -> Error {
    Error::Invalid(vec![Fault::of(field, "", rule)])
}
