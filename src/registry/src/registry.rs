//! The registry as a service: one handle for everyone, changes one after another.

use std::sync::Arc;

use ets_model::{Institution, InstitutionId, Parent, Segment, SegmentNo, WallTime};
use tokio::sync::watch;

use crate::{Applied, Catalog, Error, Fault, Photo, Preview};

/// Who makes a change, for the journal.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Author {
    /// Who: the subject of a certificate, a system user.
    pub actor: String,
    /// For whom, where it is somebody else.
    pub on_behalf: Option<String>,
    /// From which segment, where it is known.
    pub from_segment: Option<SegmentNo>,
    /// Why, as the person put it; may be empty.
    pub reason: String,
}

/// The handle of the registry. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Registry {
    generation: watch::Receiver<u64>,
}

#[allow(clippy::unused_async, clippy::todo)]
impl Registry {
    /// Everything as it stands now.
    pub fn catalog(&self) -> Arc<Catalog> { todo!() }
    /// The generation of the catalogue; changes after each change of the registry.
    pub fn changes(&self) -> watch::Receiver<u64> { self.generation.clone() }
    /// Checks an entry without changing anything: faults and warnings. A segment with number 0 is a new one.
    pub fn check_segment(&self, segment: &Segment) -> Vec<Fault> { let _ = segment; todo!() }
    /// Adds a segment; number and version are given by the registry.
    ///
    /// # Errors
    /// When rules are broken or the database does not take it.
    pub async fn create_segment(&self, segment: Segment, author: &Author) -> Result<Arc<Segment>, Error> { let _ = (segment, author); todo!() }
    /// Changes a segment; `segment.version` is the one that was seen.
    ///
    /// # Errors
    /// As for [`Self::create_segment`], and [`Error::Conflict`], [`Error::NotFound`].
    pub async fn update_segment(&self, segment: Segment, author: &Author) -> Result<Arc<Segment>, Error> { let _ = (segment, author); todo!() }
    /// Retires a segment: it is no longer watched and keeps its history.
    ///
    /// # Errors
    /// As for [`Self::update_segment`].
    pub async fn retire_segment(&self, id: &str, version: i64, author: &Author) -> Result<Arc<Segment>, Error> { let _ = (id, version, author); todo!() }
    /// Takes a retired segment back.
    ///
    /// # Errors
    /// As for [`Self::update_segment`]; its prefixes may belong to another one by now.
    pub async fn restore_segment(&self, id: &str, version: i64, author: &Author) -> Result<Arc<Segment>, Error> { let _ = (id, version, author); todo!() }
    /// Puts a segment under maintenance until then, or ends it.
    ///
    /// # Errors
    /// As for [`Self::update_segment`], without a conflict.
    pub async fn set_maintenance(&self, id: &str, until: Option<WallTime>, author: &Author) -> Result<Arc<Segment>, Error> { let _ = (id, until, author); todo!() }
    /// Adds an institution.
    ///
    /// # Errors
    /// As for [`Self::create_segment`].
    pub async fn create_institution(&self, institution: Institution, author: &Author) -> Result<Arc<Institution>, Error> { let _ = (institution, author); todo!() }
    /// Changes an institution.
    ///
    /// # Errors
    /// As for [`Self::update_segment`].
    pub async fn update_institution(&self, institution: Institution, author: &Author) -> Result<Arc<Institution>, Error> { let _ = (institution, author); todo!() }
    /// Removes an institution that has no segment, retired ones included.
    ///
    /// # Errors
    /// As for [`Self::update_segment`].
    pub async fn remove_institution(&self, id: &InstitutionId, version: i64, author: &Author) -> Result<(), Error> { let _ = (id, version, author); todo!() }
    /// Adds a provider point.
    ///
    /// # Errors
    /// As for [`Self::create_segment`].
    pub async fn create_parent(&self, parent: Parent, author: &Author) -> Result<Arc<Parent>, Error> { let _ = (parent, author); todo!() }
    /// Changes a provider point.
    ///
    /// # Errors
    /// As for [`Self::update_segment`].
    pub async fn update_parent(&self, parent: Parent, author: &Author) -> Result<Arc<Parent>, Error> { let _ = (parent, author); todo!() }
    /// Removes a provider point that no segment names.
    ///
    /// # Errors
    /// As for [`Self::update_segment`].
    pub async fn remove_parent(&self, id: &str, version: i64, author: &Author) -> Result<(), Error> { let _ = (id, version, author); todo!() }
    /// The photograph of a segment's site.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn photo(&self, id: &str) -> Result<Option<Photo>, Error> { let _ = id; todo!() }
    /// Puts a photograph in the place of the old one; `None` takes it away.
    ///
    /// # Errors
    /// [`Error::NotFound`], or when the database does not take it.
    pub async fn set_photo(&self, id: &str, photo: Option<Photo>, author: &Author) -> Result<(), Error> { let _ = (id, photo, author); todo!() }
    /// What importing this CSV file would do. Changes nothing.
    pub fn preview_csv(&self, file: &[u8]) -> Preview { let _ = file; todo!() }
    /// Imports a CSV file that was previewed: all of it or nothing.
    ///
    /// # Errors
    /// [`Error::Changed`] when `digest` is not that of the preview as it would be now,
    /// [`Error::Invalid`] when the file has faults.
    pub async fn apply_csv(&self, file: &[u8], digest: &str, author: &Author) -> Result<Applied, Error> { let _ = (file, digest, author); todo!() }
    /// All active segments as a CSV file that an import takes back unchanged.
    pub fn export_csv(&self) -> String { todo!() }
    /// The same for a spreadsheet: with a byte order mark, and with an apostrophe before what a
    /// spreadsheet would take for a formula. Not for import.
    pub fn export_csv_for_people(&self) -> String { todo!() }
}
