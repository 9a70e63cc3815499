//! What several segments share: institutions and provider points. Both are added, changed and
//! removed in the same way; [`Shared`] says where they differ.

use std::sync::Arc;

use ets_model::{Institution, InstitutionId, Lang, Parent, Segment};
use serde::Serialize;
use serde_json::{Value, json};

use crate::draft::Draft;
use crate::registry::{refused, same_version, sound};
use crate::{Author, Catalog, Error, Fault, Field, Registry, Rule, check, csv, text};

/// More names than these in a refusal help nobody.
const MOST_USERS: usize = 5;

impl Registry {
    /// Adds an institution.
    ///
    /// # Errors
    /// As for [`Self::create_segment`].
    pub async fn create_institution(
        &self,
        institution: Institution,
        author: &Author,
    ) -> Result<Arc<Institution>, Error> {
        self.create(institution, author).await
    }

    /// Changes an institution.
    ///
    /// # Errors
    /// As for [`Self::update_segment`].
    pub async fn update_institution(
        &self,
        institution: Institution,
        author: &Author,
    ) -> Result<Arc<Institution>, Error> {
        self.update(institution, author).await
    }

    /// Removes an institution that has no segment, retired ones included.
    ///
    /// # Errors
    /// As for [`Self::update_segment`].
    pub async fn remove_institution(
        &self,
        id: &InstitutionId,
        version: i64,
        author: &Author,
    ) -> Result<(), Error> {
        self.remove::<Institution>(id.as_str(), version, author).await
    }

    /// Adds a provider point.
    ///
    /// # Errors
    /// As for [`Self::create_segment`].
    pub async fn create_parent(
        &self,
        parent: Parent,
        author: &Author,
    ) -> Result<Arc<Parent>, Error> {
        self.create(parent, author).await
    }

    /// Changes a provider point.
    ///
    /// # Errors
    /// As for [`Self::update_segment`].
    pub async fn update_parent(
        &self,
        parent: Parent,
        author: &Author,
    ) -> Result<Arc<Parent>, Error> {
        self.update(parent, author).await
    }

    /// Removes a provider point that no segment names, retired ones included.
    ///
    /// # Errors
    /// As for [`Self::update_segment`].
    pub async fn remove_parent(
        &self,
        id: &str,
        version: i64,
        author: &Author,
    ) -> Result<(), Error> {
        self.remove::<Parent>(id, version, author).await
    }

    /// Adds and changes provider points from a CSV file with the columns `id`, `name_kk`,
    /// `name_ru`, `name_en`, `provider`: all of it or nothing. Answers how many were new or different.
    ///
    /// # Errors
    /// [`Error::Invalid`] with every fault by line.
    pub async fn import_parents(&self, file: &[u8], author: &Author) -> Result<usize, Error> {
        let (parents, faults) = csv::parents(file);
        self.change(author, move |catalog, draft| {
            sound(faults)?;
            let mut changed = 0;
            for mut parent in parents {
                let known = catalog.parent(&parent.id);
                parent.version = known.map_or(0, |one| one.version);
                if known.is_some_and(|one| **one == parent) {
                    continue;
                }
                let verb = if known.is_some() { "update" } else { "create" };
                let detail = json!({ "before": known.map(AsRef::as_ref), "after": parent });
                parent.put(draft, verb, detail);
                changed += 1;
            }
            Ok(changed)
        })
        .await
    }

    async fn create<T: Shared>(&self, mut one: T, author: &Author) -> Result<Arc<T>, Error> {
        one.trim();
        self.change(author, move |catalog, draft| {
            one.set_version(0);
            if T::find(catalog, one.id()).is_some() {
                return Err(refused(T::ID, Rule::IdTaken { id: one.id().to_owned() }));
            }
            sound(one.faults())?;
            let detail = json!({ "entry": one });
            Ok(one.put(draft, "create", detail))
        })
        .await
    }

    async fn update<T: Shared>(&self, mut one: T, author: &Author) -> Result<Arc<T>, Error> {
        one.trim();
        self.change(author, move |catalog, draft| {
            let known = current::<T>(catalog, one.id(), one.version())?;
            if *known == one {
                return Ok(known);
            }
            sound(one.faults())?;
            let detail = json!({ "before": *known, "after": one });
            Ok(one.put(draft, "update", detail))
        })
        .await
    }

    async fn remove<T: Shared>(
        &self,
        id: &str,
        version: i64,
        author: &Author,
    ) -> Result<(), Error> {
        let id = id.to_owned();
        self.change(author, move |catalog, draft| {
            let known = current::<T>(catalog, &id, version)?;
            unused::<T>(catalog, &id)?;
            known.take_out(draft);
            Ok(())
        })
        .await
    }
}

/// An entry that several segments name.
trait Shared: Clone + PartialEq + Serialize + Send + Sync + 'static {
    /// What it is called in messages.
    const KIND: &'static str;
    /// The field of a form in which its identifier stands.
    const ID: Field;

    fn id(&self) -> &str;
    fn version(&self) -> i64;
    fn set_version(&mut self, version: i64);
    /// Takes the spaces around its texts away.
    fn trim(&mut self);
    fn faults(&self) -> Vec<Fault>;
    fn find<'a>(catalog: &'a Catalog, id: &str) -> Option<&'a Arc<Self>>;
    fn is_named_by(id: &str, segment: &Segment) -> bool;
    /// Puts it into the change; `verb` ends the name of the action in the journal.
    fn put(self, draft: &mut Draft, verb: &str, detail: Value) -> Arc<Self>;
    fn take_out(&self, draft: &mut Draft);
}

impl Shared for Institution {
    const KIND: &'static str = "institution";
    const ID: Field = Field::Institution;

    fn id(&self) -> &str {
        self.id.as_str()
    }

    fn version(&self) -> i64 {
        self.version
    }

    fn set_version(&mut self, version: i64) {
        self.version = version;
    }

    fn trim(&mut self) {
        text::trim_institution(self);
    }

    fn faults(&self) -> Vec<Fault> {
        check::institution(self)
    }

    fn find<'a>(catalog: &'a Catalog, id: &str) -> Option<&'a Arc<Self>> {
        catalog.institution(&id.parse().ok()?)
    }

    fn is_named_by(id: &str, segment: &Segment) -> bool {
        segment.institution.as_str() == id
    }

    fn put(self, draft: &mut Draft, verb: &str, detail: Value) -> Arc<Self> {
        draft.institution(&format!("institution.{verb}"), self, detail)
    }

    fn take_out(&self, draft: &mut Draft) {
        draft.remove_institution(self);
    }
}

impl Shared for Parent {
    const KIND: &'static str = "provider point";
    const ID: Field = Field::Id;

    fn id(&self) -> &str {
        &self.id
    }

    fn version(&self) -> i64 {
        self.version
    }

    fn set_version(&mut self, version: i64) {
        self.version = version;
    }

    fn trim(&mut self) {
        text::trim_parent(self);
    }

    fn faults(&self) -> Vec<Fault> {
        check::parent(self)
    }

    fn find<'a>(catalog: &'a Catalog, id: &str) -> Option<&'a Arc<Self>> {
        catalog.parent(id)
    }

    fn is_named_by(id: &str, segment: &Segment) -> bool {
        segment.parent == id
    }

    fn put(self, draft: &mut Draft, verb: &str, detail: Value) -> Arc<Self> {
        draft.parent(&format!("parent.{verb}"), self, detail)
    }

    fn take_out(&self, draft: &mut Draft) {
        draft.remove_parent(self);
    }
}

/// The entry as it stands, if `version` is still its own.
fn current<T: Shared>(catalog: &Catalog, id: &str, version: i64) -> Result<Arc<T>, Error> {
    let missing = || Error::NotFound { kind: T::KIND, id: id.to_owned() };
    let known = T::find(catalog, id).ok_or_else(missing)?;
    same_version(id, version, known.version())?;
    Ok(known.clone())
}

/// Refuses what segments still name, with their names.
fn unused<T: Shared>(catalog: &Catalog, id: &str) -> Result<(), Error> {
    let users: Vec<_> = catalog.all_segments().filter(|one| T::is_named_by(id, one)).collect();
    if users.is_empty() {
        return Ok(());
    }
    let named = |one: &&Arc<Segment>| format!("{} ({})", one.id, catalog.name(one, Lang::En));
    let mut segments: Vec<String> = users.iter().take(MOST_USERS).map(named).collect();
    if users.len() > MOST_USERS {
        segments.push("…".to_owned());
    }
    let rule = Rule::InUse { id: id.to_owned(), segments: segments.join(", ") };
    Err(refused(Field::Id, rule))
}
