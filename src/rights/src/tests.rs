//! Thousands of generated worlds: the predicate and a plain reading of what was given agree on every
//! person, right, object and moment.

use std::sync::Arc;

use ets_model::{Institution, PersonId, Segment, WallTime};
use ets_registry::{Catalog, Parts};
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::{Config, TestRunner};
use serde_json::json;

use crate::world::World;
use crate::{
    Decision, Grant, Object, Person, Register, Role, Scope, Span, Substitution, Suspension, Version,
};

const WORLDS: usize = 2_000;
const PEOPLE: usize = 5;
const RIGHTS: [&str; 3] = ["network.read", "ca.issue", "rights.write"];
const ROLES: [&[&str]; 3] =
    [&["network.read"], &["ca.issue", "rights.write"], &["*.read", "ca.issue"]];
/// Institution and district.
const INSTITUTIONS: [(&str, &str); 4] = [("a", "north"), ("b", "north"), ("c", "south"), ("d", "")];
/// Segment and institution.
const SEGMENTS: [(&str, &str); 4] = [("s1", "a"), ("s2", "a"), ("s3", "c"), ("s4", "d")];

/// What was given, as plain as can be.
#[derive(Clone, Debug)]
struct Given {
    person: usize,
    role: usize,
    scope: Scope,
    from: i64,
    until: Option<i64>,
    ended: Option<i64>,
    second: Option<Option<i64>>,
    suspended: Option<(i64, Option<i64>)>,
}

#[derive(Clone, Debug)]
struct Told {
    grants: Vec<Given>,
    suspended: Vec<(usize, i64, Option<i64>)>,
    stands_in: Vec<StandsIn>,
    /// Whether the second role needs a second person.
    guarded: bool,
    at: i64,
}

/// Of whom, by whom, from and until, and the second person: whether all of it waits for him, and
/// when he confirmed.
type StandsIn = (usize, usize, (i64, Option<i64>), (bool, Option<i64>));

fn scope() -> impl Strategy<Value = Scope> {
    let pick = |list: Vec<Scope>| proptest::sample::select(list);
    let institutions = INSTITUTIONS.map(|(id, _)| Scope::Institution(id.parse().unwrap()));
    let segments = SEGMENTS.map(|(id, _)| Scope::Segment(id.parse().unwrap()));
    let folder = Scope::Other { kind: "folder".into(), id: "a".into() };
    let rest = [
        Scope::Everywhere,
        Scope::District("north".into()),
        Scope::District("south".into()),
        folder,
    ];
    pick([institutions.to_vec(), segments.to_vec(), rest.to_vec()].concat())
}

fn ends() -> impl Strategy<Value = Option<i64>> {
    proptest::option::of(0..12_i64)
}

fn given() -> impl Strategy<Value = Given> {
    let who = (0..PEOPLE, 0..ROLES.len(), scope());
    let when = (0..10_i64, ends(), proptest::option::weighted(0.2, 0..12_i64));
    let second = proptest::option::weighted(0.2, ends());
    let suspended = proptest::option::weighted(0.2, (0..10_i64, ends()));
    (who, when, second, suspended).prop_map(
        |((person, role, scope), (from, until, ended), second, suspended)| Given {
            person,
            role,
            scope,
            from,
            until,
            ended,
            second,
            suspended,
        },
    )
}

fn told() -> impl Strategy<Value = Told> {
    let grants = proptest::collection::vec(given(), 0..12);
    let suspended = proptest::collection::vec((0..PEOPLE, 0..10_i64, ends()), 0..2);
    let second = (proptest::bool::weighted(0.3), ends());
    let one = (0..PEOPLE, 0..PEOPLE, (0..10_i64, ends()), second);
    let stands_in = proptest::collection::vec(one, 0..4);
    (grants, suspended, stands_in, proptest::bool::ANY, 0..12_i64).prop_map(
        |(grants, suspended, stands_in, guarded, at)| Told {
            grants,
            suspended,
            stands_in,
            guarded,
            at,
        },
    )
}

fn name(person: usize) -> PersonId {
    PersonId::of_subject(Some(&person.to_string()), "x", None)
}

fn inside(at: i64, from: i64, until: Option<i64>) -> bool {
    from <= at && until.is_none_or(|until| at < until)
}

/// Where a grant reaches, written down once more without the room's own types.
fn reaches(scope: &Scope, on: &Object) -> bool {
    let district_of = |institution: &str| {
        INSTITUTIONS.iter().find(|(id, _)| *id == institution).map_or("", |(_, district)| district)
    };
    let institution = match on {
        Object::Institution(id) => id.as_str(),
        Object::Segment(id) => {
            SEGMENTS.iter().find(|(one, _)| *one == id.as_str()).map_or("", |(_, whose)| whose)
        }
        _ => "",
    };
    match (scope, on) {
        (Scope::Everywhere, _) => true,
        (Scope::District(one), _) => !institution.is_empty() && district_of(institution) == one,
        (Scope::Institution(one), _) => institution == one.as_str(),
        (Scope::Segment(one), Object::Segment(id)) => one == id,
        (Scope::Other { kind, id }, Object::Other { kind: k, id: i }) => kind == k && id == i,
        _ => false,
    }
}

impl Told {
    fn is_out(&self, person: usize) -> bool {
        self.suspended
            .iter()
            .any(|(who, from, until)| *who == person && inside(self.at, *from, *until))
    }

    /// `passed_on` is for somebody else, without a second person.
    fn own(&self, person: usize, right: &str, on: &Object, passed_on: bool) -> bool {
        // The third role has a right of the second.
        let goes = |one: &&Given| !(passed_on && self.guarded && one.role > 0);
        let holds = |one: &Given| {
            let confirmed = match one.second {
                None => true,
                Some(None) => false,
                Some(Some(when)) => when <= self.at,
            };
            confirmed
                && inside(self.at, one.from, one.until)
                && one.ended.is_none_or(|end| self.at < end)
                && !one.suspended.is_some_and(|(from, until)| inside(self.at, from, until))
        };
        let names = |word: &str| word == right || (word == "*.read" && right.ends_with(".read"));
        let gives = |one: &Given| ROLES[one.role].iter().any(|word| names(word));
        let mine = self.grants.iter().filter(|one| one.person == person);
        mine.filter(goes).filter(|one| holds(one) && gives(one)).any(|one| reaches(&one.scope, on))
    }

    fn may(&self, person: usize, right: &str, on: &Object) -> bool {
        let for_others = || {
            self.stands_in.iter().any(|(of, by, (from, until), (waits, second))| {
                let confirmed = second.is_some_and(|second| second <= self.at);
                *by == person
                    && inside(self.at, *from, *until)
                    && (confirmed || !waits)
                    && !self.is_out(*of)
                    && self.own(*of, right, on, !confirmed)
            })
        };
        !self.is_out(person) && (self.own(person, right, on, false) || for_others())
    }

    fn world(&self) -> World {
        let register = Arc::new(Register::new([]).unwrap());
        let all = Span { from: WallTime(i64::MIN), until: None };
        let roles = ROLES.iter().enumerate().map(|(no, words)| {
            let words: Vec<String> = words.iter().map(|word| (*word).to_owned()).collect();
            let mask = register.mask(&words);
            let needs_second = self.guarded && no == 1;
            let version = Version { span: all, title: String::new(), words, needs_second, mask };
            Role { id: format!("r{no}"), versions: vec![version] }
        });
        let roles: Vec<Role> = roles.collect();
        let people = (0..PEOPLE).map(|no| self.person(no)).collect();
        World::new(register, roles, people)
    }

    fn person(&self, no: usize) -> Person {
        let span = |from: i64, until: Option<i64>| Span {
            from: WallTime(from),
            until: until.map(WallTime),
        };
        let suspension = |(from, until)| Suspension {
            no: 0,
            span: span(from, until),
            by: String::new(),
            why: String::new(),
        };
        let grant = |(at, one): (usize, &Given)| Grant {
            no: i64::try_from(at).unwrap(),
            role: format!("r{}", one.role),
            scope: one.scope.clone(),
            wanted: span(one.from, one.until),
            given_by: String::new(),
            given_human: String::new(),
            given: WallTime(0),
            why: String::new(),
            needs_second: one.second.is_some(),
            confirmed: one.second.flatten().map(WallTime),
            ended: one.ended.map(WallTime),
            suspensions: one.suspended.map(suspension).into_iter().collect(),
            place: one.role,
            force: None,
        };
        let mut person = Person::new(i64::try_from(no).unwrap(), name(no), format!("P{no}"));
        let mine = self.grants.iter().enumerate().filter(|(_, one)| one.person == no);
        person.grants = mine.map(grant).collect();
        let own = self.suspended.iter().filter(|(who, ..)| *who == no);
        person.suspensions = own.map(|(_, from, until)| suspension((*from, *until))).collect();
        let stands_in = self.stands_in.iter().filter(|(_, by, ..)| *by == no);
        person.stands_in = stands_in
            .map(|(of, by, (from, until), (needs_second, confirmed))| Substitution {
                no: 0,
                of: name(*of),
                by: name(*by),
                span: span(*from, *until),
                given_by: String::new(),
                given_human: None,
                why: String::new(),
                needs_second: *needs_second,
                confirmed: confirmed.map(WallTime),
            })
            .collect();
        person.settle();
        person
    }
}

fn tree() -> Catalog {
    let institution = |(id, district): (&str, &str)| {
        let names = json!({ "kk": id, "ru": id, "en": id });
        let told = json!({ "id": id, "name": names, "district": district });
        Arc::new(serde_json::from_value::<Institution>(told).unwrap())
    };
    let segment = |(no, (id, whose)): (usize, (&str, &str))| {
        let told = json!({
            "id": id,
            "no": no + 1,
            "institution": whose,
            "prefixes": [format!("10.0.{no}.0/24")],
            "interface": format!("eth{no}"),
            "probing": { "address": format!("10.0.{no}.1") },
        });
        Arc::new(serde_json::from_value::<Segment>(told).unwrap())
    };
    Catalog::new(Parts {
        institutions: INSTITUTIONS.into_iter().map(institution).collect(),
        segments: SEGMENTS.into_iter().enumerate().map(segment).collect(),
        ..Parts::default()
    })
}

fn objects() -> Vec<Object> {
    let institutions = INSTITUTIONS.iter().map(|(id, _)| Object::Institution(id.parse().unwrap()));
    let segments = SEGMENTS.iter().map(|(id, _)| Object::Segment(id.parse().unwrap()));
    let other = |id: &str| Object::Other { kind: "folder".into(), id: id.into() };
    let rest = [Object::Everywhere, other("a"), other("b"), Object::Segment("s9".parse().unwrap())];
    institutions.chain(segments).chain(rest).collect()
}

fn worlds() -> impl Iterator<Item = Told> {
    let mut runner = TestRunner::new_with_rng(
        Config::default(),
        proptest::test_runner::TestRng::deterministic_rng(
            proptest::test_runner::RngAlgorithm::ChaCha,
        ),
    );
    (0..WORLDS).map(move |_| told().new_tree(&mut runner).unwrap().current())
}

/// covers: T3, T-9
#[test]
fn the_predicate_says_what_was_given_in_thousands_of_worlds() {
    let (tree, objects) = (tree(), objects());
    let (mut allowed, mut for_others) = (0, 0);
    for told in worlds() {
        let world = told.world();
        for person in 0..PEOPLE {
            for right in RIGHTS {
                for on in &objects {
                    let decision =
                        world.decide(&name(person), right, on, Some(&tree), WallTime(told.at));
                    let expected = told.may(person, right, on);
                    assert_eq!(decision.is_allowed(), expected, "{person} {right} {on:?} {told:?}");
                    allowed += usize::from(expected);
                    if let Decision::Allowed { acting_for: Some(of), .. } = decision {
                        assert_ne!(of, name(person), "{told:?}");
                        for_others += 1;
                    }
                }
            }
        }
    }
    assert!(allowed > 10_000 && for_others > 500, "{allowed} {for_others}");
}

/// covers: T3
#[test]
fn nothing_turns_between_two_moments_that_are_told() {
    let (tree, objects) = (tree(), objects());
    for told in worlds().take(WORLDS / 10) {
        let world = told.world();
        let all = |at: i64| -> Vec<bool> {
            let people = (0..PEOPLE).flat_map(|who| RIGHTS.map(|right| (who, right)));
            let asked = people.flat_map(|pair| objects.iter().map(move |on| (pair, on)));
            let decide = |((who, right), on): ((usize, &str), &Object)| {
                world.decide(&name(who), right, on, Some(&tree), WallTime(at)).is_allowed()
            };
            asked.map(decide).collect()
        };
        let next = world.next_turn(WallTime(told.at)).map_or(14, |next| next.0);
        let now = all(told.at);
        assert!((told.at..next).all(|at| all(at) == now), "{told:?}");
    }
}
