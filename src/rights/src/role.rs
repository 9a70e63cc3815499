//! Named sets of rights.

use crate::right::Mask;
use crate::{Register, Span};

/// A role that every hub has and that nobody changes.
#[derive(Debug)]
pub struct BuiltIn {
    /// Its name.
    pub id: &'static str,
    /// Its rights: names, `*` for all, `*.read` for each of that action.
    pub rights: &'static [&'static str],
}

/// The roles that every hub has.
pub const BUILT_IN: &[BuiltIn] = &[
    BuiltIn { id: "administrator", rights: &["*"] },
    BuiltIn { id: "ca-officer", rights: &["ca.read", "ca.issue", "ca.revoke"] },
    BuiltIn { id: "rights-administrator", rights: &["rights.read", "rights.write"] },
    BuiltIn { id: "auditor", rights: &["*.read"] },
    BuiltIn { id: "observer", rights: &["network.read", "traffic.read"] },
    BuiltIn { id: "civil-servant", rights: &["portal.enter"] },
];

/// A role with everything that it ever was.
#[derive(Clone, Debug)]
pub struct Role {
    /// Its name.
    pub id: String,
    /// The oldest first; no two overlap.
    pub versions: Vec<Version>,
}

/// What a role was for a while.
#[derive(Clone, Debug)]
pub struct Version {
    /// From when until when.
    pub span: Span,
    /// What people call it; empty for those that every hub has.
    pub title: String,
    /// Its rights, in the words in which they were given.
    pub words: Vec<String>,
    /// Whether each grant of it waits until a second person confirms it.
    pub needs_second: bool,
    pub(crate) mask: Mask,
}

impl Role {
    /// Whether every hub has it.
    pub fn is_built_in(&self) -> bool {
        BUILT_IN.iter().any(|one| one.id == self.id)
    }

    /// What it is at `at`.
    pub fn at(&self, at: ets_model::WallTime) -> Option<&Version> {
        self.versions.iter().rev().find(|version| version.span.holds(at))
    }

    /// What it is now, or was at last.
    pub fn newest(&self) -> Option<&Version> {
        self.versions.last()
    }
}

impl Version {
    /// The names of its rights.
    pub fn rights<'a>(&'a self, register: &'a Register) -> impl Iterator<Item = &'a str> {
        let named = register.all().iter().enumerate();
        named.filter(|(place, _)| self.mask.has(*place)).map(|(_, right)| right.id.as_str())
    }
}
