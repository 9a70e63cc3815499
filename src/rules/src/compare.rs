//! Any two versions side by side, and any one again.

use ets_model::{Policy, PolicyChange};
use ets_store::Store;

use crate::inner::Inner;
use crate::{Author, Draft, Edit, Error, Rights, Version, rows};

/// What is different in a later version.
#[derive(Clone, Debug)]
pub struct Comparison {
    /// The one.
    pub from: Version,
    /// The other.
    pub to: Version,
    /// What people decided otherwise.
    pub rights: Vec<Edit>,
    /// What that, and the registry, made of the rules.
    pub policy: Vec<PolicyChange>,
}

/// A version was taken over into a draft.
#[derive(Clone, Debug)]
pub struct Restored {
    /// The draft; to be looked at and applied like any other.
    pub draft: std::sync::Arc<Draft>,
    /// What cannot be had again: its segment is retired or gone.
    pub left_out: Vec<Edit>,
}

/// A version with all it holds.
pub(crate) struct Whole {
    pub(crate) version: Version,
    pub(crate) rights: Rights,
    pub(crate) policy: Policy,
}

pub(crate) async fn whole(store: &Store, no: u64) -> Result<Whole, Error> {
    let kept = rows::version(store, no).await?.ok_or(Error::NoVersion(no))?;
    let rights = rows::content(store, &kept.rights, no).await?;
    let policy = rows::content(store, &kept.policy, no).await?;
    Ok(Whole { version: kept.version, rights, policy })
}

pub(crate) async fn compare(store: &Store, from: u64, to: u64) -> Result<Comparison, Error> {
    let (from, to) = (whole(store, from).await?, whole(store, to).await?);
    let rights = from.rights.edits_to(&to.rights);
    let policy = from.policy.changes_to(&to.policy);
    Ok(Comparison { from: from.version, to: to.version, rights, policy })
}

impl Inner {
    /// Makes the author's draft lead to the rights of a version.
    pub(crate) async fn restore(&self, no: u64, author: &Author) -> Result<Restored, Error> {
        let held = self.draft(&author.actor).steps.len();
        if held > 0 {
            return Err(Error::DraftNotEmpty(held));
        }
        let wanted = whole(&self.store, no).await?.rights;
        let standing = self.state().rights.clone();
        let catalog = self.registry.catalog();
        let possible = |edit: &Edit| match edit {
            Edit::Grant { segment, .. }
            | Edit::Limits { segment: Some(segment), limits: Some(_) }
            | Edit::Shape { segment, to: Some(_) } => {
                catalog.segment(segment.as_str()).is_some_and(|one| one.is_active())
            }
            _ => true,
        };
        let (edits, left_out): (Vec<_>, Vec<_>) =
            standing.edits_to(&wanted).into_iter().partition(possible);
        if edits.is_empty() {
            return Err(Error::Nothing);
        }
        let draft = self.edit(author, edits).await?;
        Ok(Restored { draft, left_out })
    }
}
