//! Where a grant holds, and what a decision is about: the tree of institutions.

use std::fmt;
use std::hash::{DefaultHasher, Hash, Hasher};

use ets_model::{InstitutionId, SegmentId};
use ets_registry::Catalog;

/// What somebody wants to do something to.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Object {
    /// The hub as a whole: only a grant for everywhere reaches it.
    Everywhere,
    /// An institution and what belongs to it.
    Institution(InstitutionId),
    /// One segment.
    Segment(SegmentId),
    /// A thing of another room.
    Other {
        /// What kind of thing.
        kind: String,
        /// Which one.
        id: String,
    },
}

/// Where a grant holds.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Scope {
    /// Everywhere.
    Everywhere,
    /// All institutions of a district, as the registry has it now.
    District(String),
    /// One institution with its segments.
    Institution(InstitutionId),
    /// One segment.
    Segment(SegmentId),
    /// A thing of another room.
    Other {
        /// What kind of thing.
        kind: String,
        /// Which one.
        id: String,
    },
}

/// An object with its place in the tree.
pub(crate) struct Place<'a> {
    object: &'a Object,
    institution: Option<&'a InstitutionId>,
    district: Option<&'a str>,
    /// The keys of the scopes that can cover it.
    keys: [u64; 4],
}

impl<'a> Place<'a> {
    /// Without a tree, and where the tree does not know the object, it has no place: only grants
    /// that name it, and those for everywhere, reach it.
    pub(crate) fn of(object: &'a Object, tree: Option<&'a Catalog>) -> Self {
        let institution = match object {
            Object::Institution(id) => Some(id),
            Object::Segment(id) => {
                tree.and_then(|tree| tree.segment(id.as_str())).map(|segment| &segment.institution)
            }
            Object::Everywhere | Object::Other { .. } => None,
        };
        let known = institution.and_then(|id| tree.and_then(|tree| tree.institution(id)));
        let district = known.map(|one| one.district.as_str()).filter(|one| !one.is_empty());
        let own = match object {
            Object::Segment(id) => key("segment", id.as_str()),
            Object::Other { kind, id } => key(kind, id),
            Object::Everywhere | Object::Institution(_) => EVERYWHERE,
        };
        let institution_key = institution.map_or(own, |id| key("institution", id.as_str()));
        let district_key = district.map_or(own, |id| key("district", id));
        let keys = [EVERYWHERE, own, institution_key, district_key];
        Self { object, institution, district, keys }
    }

    /// A scope of another key does not cover it.
    pub(crate) fn keys(&self) -> &[u64; 4] {
        &self.keys
    }
}

/// The key of the scope that is everywhere.
const EVERYWHERE: u64 = 0;

fn key(kind: &str, id: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    (kind, id).hash(&mut hasher);
    hasher.finish()
}

impl Scope {
    /// Whether there is such a place. A grant for what is not there would begin to hold when somebody
    /// enters it.
    pub fn is_in(&self, tree: &Catalog) -> bool {
        match self {
            Self::Institution(id) => tree.institution(id).is_some(),
            Self::Segment(id) => tree.segment(id.as_str()).is_some(),
            Self::District(id) => tree.institutions().any(|one| one.district == *id),
            Self::Everywhere | Self::Other { .. } => true,
        }
    }

    /// Reads what [`Scope::kind`] and [`Scope::id`] wrote; `None` when it names no place.
    pub fn read(kind: &str, id: &str) -> Option<Self> {
        let id = id.trim();
        match kind {
            "everywhere" => Some(Self::Everywhere),
            _ if id.is_empty() || id.chars().count() > 200 => None,
            "district" => Some(Self::District(id.to_owned())),
            "institution" => id.parse().ok().map(Self::Institution),
            "segment" => id.parse().ok().map(Self::Segment),
            "" => None,
            kind => Some(Self::Other { kind: kind.to_owned(), id: id.to_owned() }),
        }
    }

    /// One word for the kind of scope.
    pub fn kind(&self) -> &str {
        match self {
            Self::Everywhere => "everywhere",
            Self::District(_) => "district",
            Self::Institution(_) => "institution",
            Self::Segment(_) => "segment",
            Self::Other { kind, .. } => kind,
        }
    }

    /// Which one; empty for everywhere.
    pub fn id(&self) -> &str {
        match self {
            Self::Everywhere => "",
            Self::District(id) => id,
            Self::Institution(id) => id.as_str(),
            Self::Segment(id) => id.as_str(),
            Self::Other { id, .. } => id,
        }
    }

    /// The same for equal scopes, in one number.
    pub(crate) fn key(&self) -> u64 {
        match self {
            Self::Everywhere => EVERYWHERE,
            other => key(other.kind(), other.id()),
        }
    }

    pub(crate) fn covers(&self, place: &Place<'_>) -> bool {
        match self {
            Self::Everywhere => true,
            Self::District(district) => place.district == Some(district),
            Self::Institution(id) => place.institution == Some(id),
            Self::Segment(id) => matches!(place.object, Object::Segment(one) if one == id),
            Self::Other { kind, id } => {
                matches!(place.object, Object::Other { kind: k, id: i } if k == kind && i == id)
            }
        }
    }

    /// Whether nothing of `other` lies outside of this.
    pub(crate) fn contains(&self, other: &Self, tree: Option<&Catalog>) -> bool {
        let object = match other {
            Self::Everywhere | Self::District(_) => {
                return *self == Self::Everywhere || self == other;
            }
            Self::Institution(id) => Object::Institution(id.clone()),
            Self::Segment(id) => Object::Segment(id.clone()),
            Self::Other { kind, id } => Object::Other { kind: kind.clone(), id: id.clone() },
        };
        self.covers(&Place::of(&object, tree))
    }
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Everywhere => f.write_str("everywhere"),
            other => write!(f, "{} {}", other.kind(), other.id()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// covers: T3
    #[test]
    fn a_scope_is_read_as_it_was_written_and_nothing_else() {
        for (kind, id) in [
            ("everywhere", ""),
            ("district", "Абайский район"),
            ("institution", "archive"),
            ("segment", "s001"),
            ("folder", "7"),
        ] {
            let scope = Scope::read(kind, id).unwrap();
            assert_eq!((scope.kind(), scope.id()), (kind, id));
        }
        for (kind, id) in [("segment", ""), ("institution", "A B"), ("", "x"), ("district", " ")] {
            assert_eq!(Scope::read(kind, id), None, "{kind} {id}");
        }
    }

    /// covers: T3
    #[test]
    fn what_the_tree_does_not_know_is_reached_by_name_and_from_everywhere_alone() {
        let segment = Object::Segment("s001".parse().unwrap());
        let place = Place::of(&segment, None);
        assert!(Scope::Everywhere.covers(&place));
        assert!(Scope::Segment("s001".parse().unwrap()).covers(&place));
        assert!(!Scope::Institution("archive".parse().unwrap()).covers(&place));
        assert!(!Scope::District(String::new()).covers(&place));
        assert!(
            !Scope::Segment("s001".parse().unwrap()).covers(&Place::of(&Object::Everywhere, None))
        );
    }
}
