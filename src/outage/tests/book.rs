//! Properties of the book over generated streams, crashes and replays.

use std::collections::BTreeMap;

use ets_model::{
    BlindReason, BootTime, Evidence, Fact, LinkState, SegmentNo, Source, Stamp, Transition,
    WallTime,
};
use ets_outage::{Action, Book, Place, Standing, Subject};
use proptest::prelude::*;

/// A row of the table of outages.
#[derive(Clone, Debug, PartialEq)]
struct Row {
    subject: Subject,
    began_after: WallTime,
    began_before: WallTime,
    ended: Option<WallTime>,
    evidence: Vec<Evidence>,
}

/// What a database would hold; it refuses what a database would refuse.
#[derive(Clone, Debug, Default, PartialEq)]
struct Database {
    rows: Vec<Row>,
    place: Option<Place>,
}

impl Database {
    fn carry_out(&mut self, place: Option<Place>, actions: Vec<Action>) {
        for action in actions {
            let open = self.open(action.subject());
            match action {
                Action::Open { subject, began_after, began_before, evidence } => {
                    assert!(open.is_none(), "one open outage a subject");
                    assert!(began_after <= began_before);
                    self.rows.push(Row {
                        subject,
                        began_after,
                        began_before,
                        ended: None,
                        evidence,
                    });
                }
                Action::Amend { evidence, .. } => {
                    assert!(!evidence.is_empty());
                    open.expect("an open outage").evidence.extend(evidence);
                }
                Action::Close { ended, evidence, .. } => {
                    let row = open.expect("an open outage");
                    assert!(ended >= row.began_before);
                    row.ended = Some(ended);
                    row.evidence.extend(evidence);
                }
            }
        }
        self.place = place;
    }

    fn open(&mut self, subject: &Subject) -> Option<&mut Row> {
        self.rows.iter_mut().find(|row| row.ended.is_none() && row.subject == *subject)
    }

    fn book(&self) -> Book {
        let open = self.rows.iter().filter(|row| row.ended.is_none());
        let standing = open.map(|row| Standing {
            subject: row.subject.clone(),
            began_before: row.began_before,
            evidence: row.evidence.clone(),
        });
        Book::restore(self.place, standing)
    }
}

/// One event of the stream.
#[derive(Clone, Debug)]
enum Event {
    State(SegmentNo, LinkState, i64),
    Trunk(bool),
    Note(SegmentNo, u8),
}

fn at(second: i64) -> Stamp {
    let boot = BootTime(u64::try_from(second).expect("later than the boot") * 1_000_000_000);
    Stamp { boot, wall: WallTime(second * 1_000_000) }
}

fn seen(second: i64, kind: u8) -> Evidence {
    let fact = Fact::Carrier { interface: format!("port{kind}"), up: false };
    Evidence { at: at(second), source: Source::Carrier, fact }
}

fn feed(book: &mut Book, place: Place, second: i64, event: &Event) -> Vec<Action> {
    match event {
        Event::State(segment, to, before) => {
            let transition = Transition {
                segment: *segment,
                from: LinkState::Unknown,
                to: *to,
                decided: at(second),
                last_before: at(second - before),
                first_after: at(second),
                evidence: vec![seen(second, 200)],
            };
            book.transition(place, &transition)
        }
        Event::Trunk(dark) => book.trunk(place, "north", *dark, at(second)),
        Event::Note(segment, kind) => book.note(place, &[*segment], &seen(second, *kind)),
    }
}

fn event() -> impl Strategy<Value = Event> {
    let segment = (1..4u32).prop_map(SegmentNo);
    let state = prop::sample::select(LinkState::ALL.to_vec());
    prop_oneof![
        6 => (segment.clone(), state, 0..5i64).prop_map(|(no, to, ago)| Event::State(no, to, ago)),
        1 => any::<bool>().prop_map(Event::Trunk),
        2 => (segment, 0..4u8).prop_map(|(no, kind)| Event::Note(no, kind)),
    ]
}

/// The lives of `netd`, each with its events.
fn lives() -> impl Strategy<Value = Vec<Vec<Event>>> {
    prop::collection::vec(prop::collection::vec(event(), 0..40), 1..5)
}

fn stream(lives: &[Vec<Event>]) -> Vec<(Place, i64, Event)> {
    let mut second = 100;
    let mut stream = Vec::new();
    for (instance, life) in (77..).zip(lives) {
        for (seq, event) in (1..).zip(life) {
            second += 10;
            stream.push((Place { instance, seq }, second, event.clone()));
        }
    }
    stream
}

fn straight(stream: &[(Place, i64, Event)]) -> Database {
    let mut database = Database::default();
    let mut book = database.book();
    for (place, second, event) in stream {
        let actions = feed(&mut book, *place, *second, event);
        database.carry_out(book.place(), actions);
    }
    database
}

/// The spells of "down" of a segment, ended by an answer alone.
fn spells(stream: &[(Place, i64, Event)], no: SegmentNo) -> Vec<(WallTime, Option<WallTime>)> {
    let mut spells: Vec<(WallTime, Option<WallTime>)> = Vec::new();
    for (_, second, event) in stream {
        let Event::State(segment, to, _) = event else {
            continue;
        };
        if *segment != no {
            continue;
        }
        let open = spells.last_mut().filter(|(_, ended)| ended.is_none());
        match (to, open) {
            (LinkState::Down, None) => spells.push((at(*second).wall, None)),
            (LinkState::Up | LinkState::Degraded, Some((_, ended))) => {
                *ended = Some(at(*second).wall);
            }
            _ => {}
        }
    }
    spells
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 3_000, failure_persistence: None, ..ProptestConfig::default()
    })]

    /// covers: N3.2
    #[test]
    fn outages_are_the_spells_of_down_each_told_once(lives in lives()) {
        let stream = stream(&lives);
        let database = straight(&stream);
        for no in 1..4 {
            let subject = Subject::Segment(SegmentNo(no));
            let told: Vec<_> = database.rows.iter().filter(|row| row.subject == subject)
                .map(|row| (row.began_before, row.ended)).collect();
            prop_assert_eq!(told, spells(&stream, SegmentNo(no)));
        }
        for row in &database.rows {
            let pieces = row.evidence.iter().enumerate();
            let mut notes = pieces.filter(|(at, piece)| row.evidence[..*at].contains(piece));
            prop_assert!(notes.next().is_none(), "no piece of evidence twice");
        }
    }

    /// covers: N3.2
    #[test]
    fn crashes_and_replays_change_nothing(
        lives in lives(),
        crashes in prop::collection::vec((any::<prop::sample::Index>(), 0..30usize), 0..6),
    ) {
        let stream = stream(&lives);
        let mut database = Database::default();
        let mut book = database.book();
        let mut crashes: BTreeMap<usize, usize> = crashes
            .into_iter()
            .filter(|_| !stream.is_empty())
            .map(|(at, back)| (at.index(stream.len()), back))
            .collect();
        let mut next = 0;
        while next < stream.len() {
            let (place, second, event) = &stream[next];
            let actions = feed(&mut book, *place, *second, event);
            match crashes.remove(&next) {
                // The transaction was lost: the stream is read again from some time before it.
                Some(back) => {
                    book = database.book();
                    let life = stream.iter().position(|(at, ..)| at.instance == place.instance);
                    next = next.saturating_sub(back).max(life.unwrap_or(0));
                }
                None => {
                    database.carry_out(book.place(), actions);
                    next += 1;
                }
            }
        }
        prop_assert_eq!(&database.rows, &straight(&stream).rows);
        prop_assert_eq!(database.book(), book, "what is restored is what was");
    }

    /// covers: N3.2
    #[test]
    fn after_a_gap_the_book_agrees_with_what_netd_says_now(
        lives in lives(), states in prop::collection::vec(0..5usize, 3),
    ) {
        let stream = stream(&lives);
        let mut database = straight(&stream);
        let mut book = database.book();
        let now = 100_000;
        for (no, state) in (1..).zip(states) {
            let (segment, state) = (SegmentNo(no), LinkState::ALL[state]);
            let before = book.is_open(&Subject::Segment(segment));
            for _ in 0..2 {
                let actions = book.settle(segment, state, at(now), at(now - 50).wall);
                database.carry_out(book.place(), actions);
            }
            let open = database.open(&Subject::Segment(segment)).is_some();
            let wanted = match state {
                LinkState::Down => true,
                LinkState::Up | LinkState::Degraded => false,
                LinkState::Unknown | LinkState::Maintenance => before,
            };
            prop_assert_eq!(open, wanted);
        }
    }
}

fn down(segment: u32, second: i64) -> Transition {
    Transition {
        segment: SegmentNo(segment),
        from: LinkState::Up,
        to: LinkState::Down,
        decided: at(second),
        last_before: at(second - 1),
        first_after: at(second),
        evidence: Vec::new(),
    }
}

fn place(seq: u64) -> Place {
    Place { instance: 1, seq }
}

/// covers: N3.2
#[test]
fn a_wall_clock_set_back_ends_no_outage_before_it_began() {
    let mut book = Book::default();
    book.transition(place(1), &down(1, 7_200));
    let up = Transition { to: LinkState::Up, first_after: at(3_600), ..down(1, 3_600) };
    let closed = book.transition(place(2), &up);
    let wanted = Action::Close {
        subject: Subject::Segment(SegmentNo(1)),
        ended: at(7_200).wall,
        evidence: Vec::new(),
    };
    assert_eq!(closed, [wanted]);
}

/// covers: N3.3
#[test]
fn a_dark_trunk_is_one_outage_of_the_hub_and_none_of_its_segments() {
    let mut book = Book::default();
    let opened = book.trunk(place(1), "north", true, at(100));
    assert!(
        matches!(&opened[..], [Action::Open { subject: Subject::Trunk(name), .. }] if name == "north")
    );
    for (seq, segment) in (2..).zip(1..50) {
        let fact = Fact::Blind { reason: BlindReason::TrunkDark };
        let evidence = vec![Evidence { at: at(100), source: Source::Monitor, fact }];
        let unknown = Transition { to: LinkState::Unknown, evidence, ..down(segment, 100) };
        assert!(book.transition(place(seq), &unknown).is_empty());
    }
    assert!(book.trunk(place(60), "north", true, at(110)).is_empty(), "told again, still one");
    let closed = book.trunk(place(61), "north", false, at(130));
    assert!(matches!(&closed[..], [Action::Close { ended, .. }] if *ended == at(130).wall));
    assert_eq!(book.subjects().count(), 0);
}

/// covers: N3.2
#[test]
fn an_outage_takes_a_bounded_number_of_notes_and_still_its_end() {
    let mut book = Book::default();
    book.transition(place(1), &down(1, 100));
    let mut noted = 0;
    for (seq, kind) in (2..).zip(0..200u8) {
        noted += book.note(place(seq), &[SegmentNo(1), SegmentNo(2)], &seen(100, kind)).len();
    }
    assert_eq!(noted, 64);
    let up = Transition { to: LinkState::Up, evidence: vec![seen(300, 250)], ..down(1, 300) };
    let closed = book.transition(place(900), &up);
    assert!(matches!(&closed[..], [Action::Close { evidence, .. }] if evidence.len() == 1));
}

/// covers: N3.2
#[test]
fn a_retired_segment_leaves_no_outage_open() {
    let mut book = Book::default();
    book.transition(place(1), &down(1, 100));
    let subject = Subject::Segment(SegmentNo(1));
    assert_eq!(book.retire(&subject, at(200).wall).len(), 1);
    assert!(book.retire(&subject, at(201).wall).is_empty());
    assert!(!book.is_open(&subject));
}
