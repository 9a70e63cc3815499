//! What was given to a person, and what was taken back for a while.

use ets_model::{PersonId, WallTime};

use crate::{Scope, Span};

/// A role that is wanted for a person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wanted {
    /// The role.
    pub role: String,
    /// Where.
    pub scope: Scope,
    /// From then on; `None` for at once. What lies in the past is at once.
    pub from: Option<WallTime>,
    /// Until then; `None` for no end.
    pub until: Option<WallTime>,
}

/// A role of a person in a scope. It is closed, never removed.
#[derive(Clone, Debug)]
pub struct Grant {
    /// Its number.
    pub no: i64,
    /// The role.
    pub role: String,
    /// Where.
    pub scope: Scope,
    /// From when until when it was meant to hold.
    pub wanted: Span,
    /// Who gave it, as the journal names him.
    pub given_by: String,
    /// Which human that was, whatever he came in by.
    pub given_human: String,
    /// When it was given.
    pub given: WallTime,
    /// Why.
    pub why: String,
    /// Whether it holds only from the confirmation on.
    pub needs_second: bool,
    /// When it was confirmed.
    pub confirmed: Option<WallTime>,
    /// When it was ended before its time.
    pub ended: Option<WallTime>,
    /// When it did not hold.
    pub suspensions: Vec<Suspension>,
    /// The place of the role in the picture.
    pub(crate) place: usize,
    /// When it holds, suspensions aside; `None` when never.
    pub(crate) force: Option<Span>,
}

impl Grant {
    /// Whether it holds at `at`.
    pub fn holds(&self, at: WallTime) -> bool {
        self.force.is_some_and(|span| span.holds(at)) && !self.is_suspended(at)
    }

    /// Whether it is suspended at `at`.
    pub fn is_suspended(&self, at: WallTime) -> bool {
        self.suspensions.iter().any(|one| one.span.holds(at))
    }

    /// Whether it waits for a second person.
    pub fn waits(&self, at: WallTime) -> bool {
        self.needs_second && self.confirmed.is_none() && !self.is_over(at)
    }

    /// Whether nothing of it is left.
    pub fn is_over(&self, at: WallTime) -> bool {
        self.wanted.cut(self.ended).is_over(at)
    }

    /// What follows from the rest.
    pub(crate) fn settle(&mut self) {
        let begins = match (self.needs_second, self.confirmed) {
            (true, None) => None,
            (true, Some(confirmed)) => Some(self.wanted.from.max(confirmed)),
            (false, _) => Some(self.wanted.from),
        };
        let span = begins.map(|from| Span { from, ..self.wanted.cut(self.ended) });
        self.force = span.filter(|span| !span.is_over(span.from));
    }
}

/// A time in which a grant, or everything of a person, did not hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Suspension {
    /// Its number.
    pub no: i64,
    /// From when until when.
    pub span: Span,
    /// Who suspended.
    pub by: String,
    /// Why.
    pub why: String,
}

/// One stands in for another and has his grants meanwhile.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Substitution {
    /// Its number.
    pub no: i64,
    /// Whom he stands in for.
    pub of: PersonId,
    /// Who stands in.
    pub by: PersonId,
    /// From when until when, as far as it was not ended before.
    pub span: Span,
    /// Who arranged it.
    pub given_by: String,
    /// Which human that was, whatever he came in by; of those from before this was kept, nobody
    /// knows.
    pub given_human: Option<String>,
    /// Why.
    pub why: String,
    /// Whether it passes on nothing until the confirmation.
    pub needs_second: bool,
    /// When it was confirmed. Until then nothing that needs a second person is passed on.
    pub confirmed: Option<WallTime>,
}

impl Substitution {
    /// Whether anything is passed on at `at`.
    pub fn holds(&self, at: WallTime) -> bool {
        self.span.holds(at) && (!self.needs_second || self.is_confirmed(at))
    }

    /// Whether a second person had confirmed it at `at`.
    pub fn is_confirmed(&self, at: WallTime) -> bool {
        self.confirmed.is_some_and(|confirmed| confirmed <= at)
    }
}
