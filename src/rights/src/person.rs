//! A person with everything that was given to him.

use ets_model::{InstitutionId, PersonId, WallTime};

use crate::{Grant, Span, Substitution, Suspension};

/// See the module.
#[derive(Clone, Debug)]
pub struct Person {
    /// His number in addresses.
    pub no: i64,
    /// Who he is.
    pub id: PersonId,
    /// What he is called.
    pub name: String,
    /// The institution as his certificate names it; may be empty.
    pub organisation: String,
    /// The institution of the registry, where it is known.
    pub institution: Option<InstitutionId>,
    /// When he himself was suspended.
    pub suspensions: Vec<Suspension>,
    /// What was given to him, the oldest first.
    pub grants: Vec<Grant>,
    /// Whom he stands in for.
    pub stands_in: Vec<Substitution>,
    /// The grants again by the key of their scope, so that a decision looks at few of them.
    pub(crate) brief: Vec<Brief>,
}

/// A grant as a decision looks at it first.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Brief {
    from: WallTime,
    until: WallTime,
    pub(crate) scope: u64,
    pub(crate) role: usize,
    pub(crate) grant: usize,
}

impl Brief {
    pub(crate) fn span(&self) -> Span {
        Span { from: self.from, until: Some(self.until) }
    }
}

impl Person {
    /// Somebody to whom nothing was given.
    pub(crate) fn new(no: i64, id: PersonId, name: String) -> Self {
        Self {
            no,
            id,
            name,
            organisation: String::new(),
            institution: None,
            suspensions: Vec::new(),
            grants: Vec::new(),
            stands_in: Vec::new(),
            brief: Vec::new(),
        }
    }

    /// Whether nothing that he has holds.
    pub fn is_suspended(&self, at: WallTime) -> bool {
        self.suspensions.iter().any(|one| one.span.holds(at))
    }

    /// Works out what follows from the rest.
    pub(crate) fn settle(&mut self) {
        self.grants.iter_mut().for_each(Grant::settle);
        let brief = |(place, grant): (usize, &Grant)| {
            let span = grant.force?;
            Some(Brief {
                from: span.from,
                until: span.until.unwrap_or(WallTime(i64::MAX)),
                scope: grant.scope.key(),
                role: grant.place,
                grant: place,
            })
        };
        self.brief = self.grants.iter().enumerate().filter_map(brief).collect();
        self.brief.sort_by_key(|brief| brief.scope);
    }

    /// Those of a scope's key.
    pub(crate) fn briefs(&self, scope: u64) -> impl Iterator<Item = &Brief> {
        let from = self.brief.partition_point(|brief| brief.scope < scope);
        self.brief[from..].iter().take_while(move |brief| brief.scope == scope)
    }

    /// The first moment after `at` at which something of his begins or ends.
    pub(crate) fn next_turn(&self, at: WallTime) -> Option<WallTime> {
        let own = self.suspensions.iter().map(|one| one.span);
        let grants = self.grants.iter().flat_map(|grant| {
            let suspended = grant.suspensions.iter().map(|one| one.span);
            grant.force.into_iter().chain(suspended)
        });
        let stands_in = self.stands_in.iter().map(|one| one.span);
        let confirmed = self.stands_in.iter().filter_map(|one| one.confirmed);
        let spans = own.chain(grants).chain(stands_in).filter_map(|span| span.next(at));
        spans.chain(confirmed.filter(|confirmed| *confirmed > at)).min()
    }
}
