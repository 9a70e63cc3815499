//! Everything that holds now, or begins later, as one immutable picture; and the predicate on it.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use ets_model::{PersonId, WallTime};
use ets_registry::Catalog;

use crate::person::Brief;
use crate::right::{GIVE, Mask};
use crate::scope::Place;
use crate::{Decision, Grant, Held, Object, Person, Register, Role, Scope, Span, Substitution};

/// More names than these in a denial help nobody.
const MOST_NAMES: usize = 5;

/// See the module.
#[derive(Clone, Debug)]
pub(crate) struct World {
    pub(crate) register: Arc<Register>,
    pub(crate) roles: Arc<Vec<Role>>,
    people: HashMap<PersonId, Arc<Person>>,
    /// Who has a grant that lets him give rights, be it not now.
    givers: BTreeSet<PersonId>,
}

impl World {
    pub(crate) fn new(register: Arc<Register>, roles: Vec<Role>, people: Vec<Person>) -> Self {
        let roles = Arc::new(roles);
        let mut world = Self { register, roles, people: HashMap::new(), givers: BTreeSet::new() };
        people.into_iter().for_each(|one| world.put(one));
        world
    }

    /// The same with these people in the place of what they were.
    pub(crate) fn with(&self, roles: Vec<Role>, people: Vec<Person>) -> Self {
        let mut next = Self { roles: Arc::new(roles), ..self.clone() };
        people.into_iter().for_each(|one| next.put(one));
        let giving = next.people.values().filter(|one| next.may_ever_give(one));
        next.givers = giving.map(|one| one.id.clone()).collect();
        next
    }

    fn put(&mut self, person: Person) {
        if self.may_ever_give(&person) {
            self.givers.insert(person.id.clone());
        } else {
            self.givers.remove(&person.id);
        }
        self.people.insert(person.id.clone(), Arc::new(person));
    }

    fn may_ever_give(&self, person: &Person) -> bool {
        let Some(give) = self.register.place(GIVE) else { return false };
        let has = |grant: &Grant| {
            let versions = self.roles.get(grant.place).map_or(&[][..], |role| &role.versions);
            versions.iter().any(|version| version.mask.has(give))
        };
        person.grants.iter().any(has)
    }

    pub(crate) fn person(&self, id: &PersonId) -> Option<&Arc<Person>> {
        self.people.get(id)
    }

    pub(crate) fn people(&self) -> impl Iterator<Item = &Arc<Person>> {
        self.people.values()
    }

    pub(crate) fn role(&self, id: &str) -> Option<&Role> {
        self.roles.iter().find(|role| role.id == id)
    }

    /// See [`crate::Rights::decide`].
    pub(crate) fn decide(
        &self,
        person: &PersonId,
        right: &str,
        on: &Object,
        tree: Option<&Catalog>,
        at: WallTime,
    ) -> Decision {
        let place = Place::of(on, tree);
        self.allow(person, right, &place, at).unwrap_or_else(|| Decision::Denied {
            missing: right.to_owned(),
            whom_to_ask: self.whom_to_ask(&place, at),
        })
    }

    fn allow(
        &self,
        person: &PersonId,
        right: &str,
        on: &Place<'_>,
        at: WallTime,
    ) -> Option<Decision> {
        let right = self.register.place(right)?;
        let person = self.people.get(person).filter(|one| !one.is_suspended(at))?;
        if let Some(grant) = self.find(person, None, right, on, at) {
            return Some(Decision::Allowed { grant, acting_for: None });
        }
        self.principals(person, at).find_map(|(principal, by)| {
            let grant = self.find(principal, Some(by), right, on, at)?;
            Some(Decision::Allowed { grant, acting_for: Some(principal.id.clone()) })
        })
    }

    /// Those whom a person stands in for at `at`, and by what. What they have by standing in for
    /// others goes to nobody.
    fn principals<'a>(
        &'a self,
        person: &'a Person,
        at: WallTime,
    ) -> impl Iterator<Item = (&'a Person, &'a Substitution)> {
        let now = person.stands_in.iter().filter(move |one| one.holds(at));
        now.filter_map(move |one| {
            let principal = self.people.get(&one.of).filter(|of| !of.is_suspended(at))?;
            Some((&**principal, one))
        })
    }

    /// Whether a grant goes to whom a substitution names: what needs a second person goes by one
    /// that a second person confirmed. Its owner has it without any.
    fn passes(&self, by: Option<&Substitution>, grant: &Grant, at: WallTime) -> bool {
        by.is_none_or(|by| by.is_confirmed(at) || !self.is_guarded(grant, at))
    }

    /// Whether what a grant gives at `at` needs a second person.
    fn is_guarded(&self, grant: &Grant, at: WallTime) -> bool {
        let version = self.roles.get(grant.place).and_then(|role| role.at(at));
        version.is_some_and(|one| one.needs_second || self.needs_second(&one.mask, at))
    }

    /// Whether a substitution of a person in that time needs a second person: for what he has, or
    /// is to have while it lasts.
    pub(crate) fn asks_second(&self, person: &Person, during: Span, at: WallTime) -> bool {
        let meets = |grant: &&Grant| {
            let own = grant.wanted.cut(grant.ended);
            !own.is_over(during.from.max(at)) && during.until.is_none_or(|until| own.from < until)
        };
        person.grants.iter().filter(meets).any(|grant| self.is_guarded(grant, at))
    }

    /// Whether a substitution waits for a second person, be it only with a part of what it would
    /// pass on.
    pub(crate) fn waits(&self, one: &Substitution, at: WallTime) -> bool {
        let asks = |of: &Arc<Person>| self.asks_second(of, one.span, at);
        let needs = || one.needs_second || self.people.get(&one.of).is_some_and(asks);
        one.confirmed.is_none() && !one.span.is_over(at) && needs()
    }

    /// The number of a grant of a person that gives a right there, passed on `by` a substitution
    /// or his own.
    fn find(
        &self,
        person: &Person,
        by: Option<&Substitution>,
        right: usize,
        on: &Place<'_>,
        at: WallTime,
    ) -> Option<i64> {
        let holding = |brief: &Brief| {
            let fits = brief.span().holds(at) && self.gives(brief.role, right, at);
            let grant = fits.then(|| person.grants.get(brief.grant)).flatten()?;
            let holds = !grant.is_suspended(at) && grant.scope.covers(on);
            (holds && self.passes(by, grant, at)).then_some(grant.no)
        };
        on.keys().iter().find_map(|key| person.briefs(*key).find_map(holding))
    }

    fn gives(&self, role: usize, right: usize, at: WallTime) -> bool {
        let version = self.roles.get(role).and_then(|role| role.at(at));
        version.is_some_and(|version| version.mask.has(right))
    }

    /// Where a person has a right at `at`, be it for another.
    pub(crate) fn scopes(&self, person: &PersonId, right: &str, at: WallTime) -> Vec<&Scope> {
        let known = self.people.get(person).filter(|one| !one.is_suspended(at));
        let (Some(right), Some(person)) = (self.register.place(right), known) else {
            return Vec::new();
        };
        let for_others = self.principals(person, at).map(|(of, by)| (of, Some(by)));
        let all = std::iter::once((&**person, None)).chain(for_others);
        let grants = all.flat_map(|(one, by)| one.grants.iter().map(move |grant| (grant, by)));
        let hold = grants.filter(|(grant, by)| {
            let gives = grant.holds(at) && self.gives(grant.place, right, at);
            gives && self.passes(*by, grant, at)
        });
        hold.map(|(grant, _)| &grant.scope).collect()
    }

    /// Whether a person may give rights in the whole of a scope.
    pub(crate) fn may_give(
        &self,
        person: &PersonId,
        scope: &Scope,
        tree: Option<&Catalog>,
        at: WallTime,
    ) -> bool {
        self.scopes(person, GIVE, at).into_iter().any(|own| own.contains(scope, tree))
    }

    /// Whose rights are a person's, be it not yet: his own and those of whom he stands in for.
    pub(crate) fn behind(&self, person: &PersonId, at: WallTime) -> impl Iterator<Item = &Person> {
        let person = self.people.get(person);
        let stands_in = person.into_iter().flat_map(|one| &one.stands_in);
        let open = stands_in.filter(move |one| !one.span.is_over(at));
        let principals = open.filter_map(|one| self.people.get(&one.of));
        person.into_iter().chain(principals).map(|one| &**one)
    }

    /// Whether whoever gives these rights needs a second person: they are all that a role holds
    /// which needs one, or one of its rights that no role of every hub is given alone for. Or a role
    /// of the same rights would be made, and given alone.
    pub(crate) fn needs_second(&self, rights: &Mask, at: WallTime) -> bool {
        let standing = self.roles.iter().filter_map(|role| Some((role, role.at(at)?)));
        let guarded: Vec<&Mask> = standing
            .clone()
            .map(|(_, version)| version)
            .filter(|version| version.needs_second && !version.mask.is_empty())
            .map(|version| &version.mask)
            .collect();
        let holds_one = |mask: &Mask| guarded.iter().any(|one| mask.contains(one));
        let alone: Vec<&Mask> = standing
            .filter(|(role, version)| role.is_built_in() && !holds_one(&version.mask))
            .map(|(_, version)| &version.mask)
            .collect();
        holds_one(rights) || rights.has_more(&guarded, &alone)
    }

    /// Whether anybody can give any right to anybody.
    pub(crate) fn has_giver(&self, at: WallTime) -> bool {
        self.givers.iter().any(|id| self.may_give(id, &Scope::Everywhere, None, at))
    }

    fn whom_to_ask(&self, on: &Place<'_>, at: WallTime) -> Vec<String> {
        let Some(give) = self.register.place(GIVE) else { return Vec::new() };
        let can = |person: &&Arc<Person>| {
            !person.is_suspended(at) && self.find(person, None, give, on, at).is_some()
        };
        let givers = self.givers.iter().filter_map(|id| self.people.get(id)).filter(can);
        givers.take(MOST_NAMES).map(|person| person.name.clone()).collect()
    }

    /// What a person may at `at`: his own first.
    pub(crate) fn of(&self, person: &PersonId, at: WallTime) -> Vec<Held> {
        let Some(person) = self.people.get(person).filter(|one| !one.is_suspended(at)) else {
            return Vec::new();
        };
        let mut held: Vec<Held> = self.held(person, None, at).collect();
        for (principal, by) in self.principals(person, at) {
            let for_him = (principal.id.clone(), principal.name.clone());
            held.extend(self.held(principal, Some(by), at).map(|one| Held {
                until: [one.until, by.span.until].into_iter().flatten().min(),
                acting_for: Some(for_him.clone()),
                ..one
            }));
        }
        held
    }

    fn held<'a>(
        &'a self,
        person: &'a Person,
        by: Option<&'a Substitution>,
        at: WallTime,
    ) -> impl Iterator<Item = Held> + 'a {
        let hold = move |grant: &&Grant| grant.holds(at) && self.passes(by, grant, at);
        person.grants.iter().filter(hold).filter_map(move |grant| {
            let version = self.roles.get(grant.place)?.at(at)?;
            Some(Held {
                grant: grant.no,
                role: grant.role.clone(),
                title: version.title.clone(),
                rights: version.rights(&self.register).map(str::to_owned).collect(),
                scope: grant.scope.clone(),
                until: grant.force.and_then(|span| span.until),
                acting_for: None,
            })
        })
    }

    /// The first moment after `at` at which a decision may change although nothing is changed.
    pub(crate) fn next_turn(&self, at: WallTime) -> Option<WallTime> {
        let roles = self.roles.iter().flat_map(|role| &role.versions);
        let roles = roles.filter_map(|version| version.span.next(at));
        self.people.values().filter_map(|person| person.next_turn(at)).chain(roles).min()
    }
}
