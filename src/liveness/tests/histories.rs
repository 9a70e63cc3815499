//! Properties that hold for any history, over thousands of generated ones.

mod sim;

use std::net::{IpAddr, Ipv4Addr};
use std::time::Duration;

use ets_liveness::{Input, Machine, Pace, Params, TransitionDraft};
use ets_model::{
    BlindReason, BootTime, Criticality, Fact, IcmpErrorKind, LinkState, NeighbourState, Obstacle,
};
use proptest::prelude::*;
use sim::{Random, Sim, good, lossy, millis, secs};

/// One generated input, still relative to the time of the history.
#[derive(Clone, Copy, Debug)]
enum Word {
    Answered { age: u64, rtt: u64 },
    Lost { age: u64 },
    Carrier(bool),
    Neighbour(NeighbourState),
    IcmpError { age: u64 },
    Blind { age: u64, reason: BlindReason },
    Sighted(BlindReason),
    Maintenance(bool),
}

fn reason() -> impl Strategy<Value = BlindReason> {
    prop_oneof![
        Just(BlindReason::Stalled),
        Just(BlindReason::QueueOverflow),
        Just(BlindReason::TrunkDark),
        Just(BlindReason::Restarted),
    ]
}

fn word() -> impl Strategy<Value = Word> {
    prop_oneof![
        12 => (0..2_000u64, 0..2_000u64).prop_map(|(age, rtt)| Word::Answered { age, rtt }),
        20 => (0..2_000u64).prop_map(|age| Word::Lost { age }),
        1 => any::<bool>().prop_map(Word::Carrier),
        1 => prop_oneof![Just(NeighbourState::Failed), Just(NeighbourState::Moved)].prop_map(Word::Neighbour),
        1 => (0..2_000u64).prop_map(|age| Word::IcmpError { age }),
        1 => (0..5_000u64, reason()).prop_map(|(age, reason)| Word::Blind { age, reason }),
        3 => reason().prop_map(Word::Sighted),
        1 => any::<bool>().prop_map(Word::Maintenance),
    ]
}

/// Runs of the same kind of input, so that long losses and long answers come up.
fn history() -> impl Strategy<Value = Vec<(u64, Word)>> {
    let run = (word(), 1..15usize, 1..1_500u64);
    prop::collection::vec(run, 1..60).prop_map(|runs| {
        let long = runs.into_iter().flat_map(|(word, times, gap)| vec![(gap, word); times]);
        long.collect()
    })
}

fn input(word: Word, now: BootTime) -> Input<'static> {
    let ago = |age: u64| now - millis(age);
    let address = IpAddr::V4(Ipv4Addr::LOCALHOST);
    match word {
        Word::Answered { age, rtt } => Input::Answered {
            sent: ago(age.max(rtt)),
            rtt: millis(rtt) + Duration::from_micros(50),
        },
        Word::Lost { age } => Input::Lost { sent: ago(age) },
        Word::Carrier(up) => Input::Carrier { up, interface: "port7" },
        Word::Neighbour(state) => Input::Neighbour { address, state },
        Word::IcmpError { age } => {
            Input::IcmpError { sent: ago(age), from: address, kind: IcmpErrorKind::HostUnreachable }
        }
        Word::Blind { age, reason } => Input::Blind { from: ago(age), reason },
        Word::Sighted(reason) => Input::Sighted { reason },
        Word::Maintenance(on) => Input::Maintenance { on },
    }
}

/// What an observer with a notebook would hold against the machine.
#[derive(Default)]
struct Notebook {
    newest_good: BootTime,
    /// Losses newer than the newest good probe.
    newer_lost: Vec<BootTime>,
    stalled: bool,
    dark: bool,
    maintenance: bool,
}

impl Notebook {
    fn note(&mut self, input: Input<'_>) {
        match input {
            Input::Answered { sent, .. } => {
                self.newest_good = self.newest_good.max(sent);
                self.newer_lost.retain(|lost| *lost >= sent);
            }
            Input::Lost { sent } if sent >= self.newest_good => self.newer_lost.push(sent),
            Input::Blind { reason: BlindReason::TrunkDark, .. } => self.dark = true,
            Input::Blind { .. } => self.stalled = true,
            Input::Sighted { reason: BlindReason::TrunkDark } => self.dark = false,
            Input::Sighted { .. } => self.stalled = false,
            Input::Maintenance { on } => self.maintenance = on,
            _ => {}
        }
    }
}

fn check_shape(change: &TransitionDraft, before: LinkState, now: BootTime) {
    assert_eq!(change.from, before);
    assert_ne!(change.from, change.to);
    assert_eq!(change.decided, now);
    assert!(change.last_before <= change.first_after, "{change:?}");
    assert!(change.first_after <= change.decided, "{change:?}");
    assert!(!change.evidence.is_empty(), "{change:?}");
    assert!(change.evidence.is_sorted_by_key(|seen| seen.at));
    assert!(change.evidence.iter().all(|seen| seen.at <= now), "{change:?} at {now:?}");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 4_000, failure_persistence: None, ..ProptestConfig::default() })]

    /// covers: N3.2
    #[test]
    fn any_history_is_told_as_a_chain_of_changes_with_evidence(history in history()) {
        let params = Params::default();
        let mut now = BootTime(secs(5_000).as_nanos() as u64);
        let mut machine = Machine::new(now);
        let mut notebook = Notebook::default();
        for (gap, word) in history {
            now = now + millis(gap);
            let input = input(word, now);
            let (before, since) = (machine.state(), machine.since());
            notebook.note(input);
            let step = machine.step(&params, now, input);
            if let Some(change) = &step.transition {
                check_shape(change, before, now);
                prop_assert_eq!(machine.state(), change.to);
                prop_assert_eq!(machine.since(), now);
                let by_carrier = matches!(input, Input::Carrier { up: false, .. });
                if change.to == LinkState::Down && before != LinkState::Maintenance && !by_carrier {
                    prop_assert!(notebook.newer_lost.len() >= usize::from(params.down_losses));
                    prop_assert!(!notebook.stalled, "nothing goes down while the hub cannot see");
                }
            } else {
                prop_assert_eq!(machine.state(), before);
                prop_assert_eq!(machine.since(), since);
            }
            prop_assert_eq!(machine.state() == LinkState::Maintenance, notebook.maintenance);
            let timeout = machine.timeout(&params);
            prop_assert!((params.timeout_floor..=params.timeout_cap).contains(&timeout));
            let (lost, sent) = machine.recent_loss();
            prop_assert!(lost <= sent && sent <= 128);
        }
    }

    /// covers: N3.2
    #[test]
    fn after_any_history_answers_bring_up_and_silence_brings_down(
        history in history(), silence in any::<bool>(),
    ) {
        let params = Params::default();
        let mut now = BootTime(secs(5_000).as_nanos() as u64);
        let mut machine = Machine::new(now);
        for (gap, word) in history {
            now = now + millis(gap);
            machine.step(&params, now, input(word, now));
        }
        machine.step(&params, now, Input::Maintenance { on: false });
        for reason in [BlindReason::Stalled, BlindReason::TrunkDark] {
            machine.step(&params, now, Input::Sighted { reason });
        }
        // Of one that has never answered nothing is said for five minutes.
        for _ in 0..150 {
            let sent = now + millis(2_000);
            let rtt = millis(1);
            now = sent + millis(2_000);
            let input = if silence { Input::Lost { sent } } else { Input::Answered { sent, rtt } };
            machine.step(&params, now, input);
        }
        let state = machine.state();
        if silence {
            prop_assert_eq!(state, LinkState::Down);
            prop_assert_eq!(machine.pace(), Pace::Fast);
        } else {
            prop_assert!(matches!(state, LinkState::Up | LinkState::Degraded), "{}", state);
            prop_assert_eq!(machine.pace(), Pace::Regular);
        }
    }
}

/// A stretch of a link's life.
#[derive(Clone, Copy, Debug)]
enum Weather {
    Good,
    Cut,
    Lossy(f64),
    Far(u64),
}

fn weather() -> impl Strategy<Value = (Weather, u64)> {
    let kind = prop_oneof![
        3 => Just(Weather::Good),
        3 => Just(Weather::Cut),
        1 => (0.0..0.2f64).prop_map(Weather::Lossy),
        1 => (5..900u64).prop_map(Weather::Far),
    ];
    (kind, 50..20_000u64)
}

fn fate(weather: Weather) -> impl FnMut(BootTime, &mut Random) -> Option<Duration> + 'static {
    move |_, random| match weather {
        Weather::Good => Some(millis(1)),
        Weather::Cut => None,
        Weather::Lossy(loss) => lossy(loss, millis(1), millis(3))(BootTime(0), random),
        Weather::Far(far) => Some(random.between(millis(far), millis(far + far / 2))),
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 3_000, failure_persistence: None, ..ProptestConfig::default() })]

    /// covers: N3.2
    #[test]
    fn whatever_the_weather_was_a_good_link_is_shown_good_and_a_cut_one_down(
        seed in any::<u64>(),
        critical in any::<bool>(),
        weathers in prop::collection::vec(weather(), 1..12),
        stall in 0..4_000u64,
    ) {
        let criticality = if critical { Criticality::Critical } else { Criticality::Normal };
        let mut sim = Sim::new(seed, criticality, good());
        for (weather, time) in weathers {
            sim.set_fate(fate(weather));
            sim.run(millis(time));
        }
        sim.stall(millis(stall), false);
        sim.fate = good();
        sim.run(secs(8));
        let settled = sim.log.len();
        prop_assert!(matches!(sim.state(), LinkState::Up | LinkState::Degraded), "{:?}", sim.log);
        sim.run(secs(20));
        prop_assert!(!sim.log[settled..].iter().any(|change| change.to == LinkState::Down));
        sim.set_fate(|_, _| None);
        sim.run(secs(6));
        prop_assert_eq!(sim.state(), LinkState::Down);
        prop_assert!(sim.log.windows(2).all(|pair| pair[0].to == pair[1].from));
    }

    /// covers: N3.2
    #[test]
    fn a_restart_tells_no_change_that_did_not_happen(
        seed in any::<u64>(), before in prop::collection::vec(weather(), 1..6), away in 10..60_000u64,
    ) {
        let mut sim = Sim::new(seed, Criticality::Normal, good());
        for (weather, time) in before {
            sim.set_fate(fate(weather));
            sim.run(millis(time));
        }
        let (state, since, seen) = (sim.state(), sim.machine.since(), sim.now);
        let after = if state == LinkState::Down { Weather::Cut } else { Weather::Good };
        let mut again = Sim::new(seed, Criticality::Normal, good());
        again.now = seen + millis(away);
        again.machine = Machine::restore(again.now, state, since, seen);
        prop_assert_eq!(again.machine.since(), since);
        again.set_fate(fate(after));
        again.run(secs(60));
        if state != LinkState::Unknown {
            prop_assert!(again.log.is_empty(), "{} {:?}", state, again.log);
        }
        again.set_fate(|_, _| None);
        again.run(secs(10));
        prop_assert_eq!(again.state(), LinkState::Down);
    }
}

/// covers: N3.2
#[test]
fn what_went_down_during_a_restart_began_when_it_was_last_seen() {
    let (now, seen) = (BootTime(secs(100).as_nanos() as u64), BootTime(secs(90).as_nanos() as u64));
    let mut sim = Sim::new(1, Criticality::Normal, Box::new(|_, _| None));
    sim.now = now;
    sim.machine = Machine::restore(now, LinkState::Up, BootTime(1), seen);
    sim.run(secs(2_000));
    assert_eq!(sim.log.len(), 1);
    assert_eq!(sim.log[0].last_before, seen);
}

/// covers: N3.1 N3.2
#[test]
fn lost_carrier_is_down_at_once_and_names_the_interface() {
    let mut sim = Sim::new(3, Criticality::Normal, good());
    sim.run(secs(20));
    let step = sim.give(Input::Carrier { up: false, interface: "port7" });
    let down = step.transition.expect("down");
    assert_eq!((down.to, down.first_after, down.decided), (LinkState::Down, sim.now, sim.now));
    let fact = Fact::Carrier { interface: "port7".to_owned(), up: false };
    assert!(down.evidence.iter().any(|seen| seen.fact == fact));
    sim.set_fate(|_, _| None);
    sim.run(secs(10));
    let back = sim.now;
    sim.fate = good();
    let step = sim.give(Input::Carrier { up: true, interface: "port7" });
    assert!(matches!(step.pace, Some(Pace::Burst { .. })), "carrier is a reason to look");
    assert_eq!(sim.state(), LinkState::Down, "but no proof");
    sim.run(secs(1));
    assert!(sim.decided(LinkState::Up, back).expect("up") < millis(100));
}

/// covers: N3.1
#[test]
fn an_icmp_error_hastens_the_verdict_and_is_its_evidence() {
    let mut sim = Sim::new(3, Criticality::Normal, good());
    sim.run(secs(20));
    sim.set_fate(|_, _| None);
    let from = IpAddr::V4(Ipv4Addr::LOCALHOST);
    let kind = IcmpErrorKind::HostUnreachable;
    let sent = sim.now;
    let step = sim.give(Input::IcmpError { sent, from, kind });
    assert!(matches!(step.pace, Some(Pace::Burst { .. })));
    sim.run(secs(2));
    let down = sim.log.last().expect("down");
    assert!(down.decided.since(sent) < millis(310), "{down:?}");
    assert!(down.evidence.iter().any(|seen| seen.fact == Fact::IcmpError { from, kind }));
}

/// covers: N3.1
#[test]
fn icmp_errors_alone_take_nobody_down() {
    let mut sim = Sim::new(3, Criticality::Normal, good());
    for _ in 0..2_000 {
        sim.run(millis(10));
        let (from, kind) = (IpAddr::V4(Ipv4Addr::LOCALHOST), IcmpErrorKind::NetUnreachable);
        sim.give(Input::IcmpError { sent: sim.now, from, kind });
    }
    assert!(!sim.ever(LinkState::Down), "{:?}", sim.log);
    assert!(sim.sent < 2_500, "one burst at a time: {}", sim.sent);
}

/// covers: N3.2
#[test]
fn maintenance_covers_the_state_and_its_end_uncovers_it_with_the_true_interval() {
    let mut sim = Sim::new(3, Criticality::Normal, good());
    sim.run(secs(20));
    sim.give(Input::Maintenance { on: true });
    sim.run(secs(5));
    let cut = sim.now;
    sim.set_fate(|_, _| None);
    sim.run(secs(60));
    assert_eq!(sim.state(), LinkState::Maintenance);
    assert_eq!(sim.machine.pace(), Pace::Fast, "it is measured all the same");
    sim.give(Input::Maintenance { on: false });
    let down = sim.log.last().expect("a change");
    assert_eq!((down.from, down.to), (LinkState::Maintenance, LinkState::Down));
    assert!(down.last_before <= cut && cut <= down.first_after && down.first_after < cut + secs(2));
}

/// covers: N3.3
#[test]
fn an_answer_in_the_dark_is_light() {
    let mut sim = Sim::new(3, Criticality::Normal, good());
    sim.run(secs(20));
    let from = sim.now;
    sim.give(Input::Blind { from, reason: BlindReason::TrunkDark });
    assert_eq!(sim.state(), LinkState::Unknown);
    sim.run(millis(1_100));
    assert_eq!(sim.state(), LinkState::Up);
}

/// What a machine that has never heard anything makes of `length` seconds of inputs.
fn unheard(length: u64, input: impl Fn(BootTime) -> Input<'static>) -> Option<TransitionDraft> {
    let params = Params::default();
    let mut machine = Machine::new(BootTime(0) + secs(100));
    let mut told = None;
    for second in 1..=length {
        let now = BootTime(0) + secs(100 + second);
        told = told.or(machine.step(&params, now, input(now)).transition);
    }
    told
}

/// covers: N3.2
#[test]
fn a_segment_that_has_never_answered_is_unknown_for_five_minutes_and_then_down() {
    let lost = |now: BootTime| Input::Lost { sent: now - secs(1) };
    assert_eq!(unheard(299, lost), None);
    let down = unheard(302, lost).unwrap();
    assert_eq!((down.from, down.to), (LinkState::Unknown, LinkState::Down));
    assert_eq!(down.first_after, BootTime(0) + secs(100), "since its first probe went unanswered");
    assert!(matches!(down.evidence[0].fact, Fact::ProbesLost { lost: 300.., .. }), "{down:?}");
}

/// covers: N3.2
#[test]
fn a_segment_to_which_no_probe_ever_left_stays_unknown() {
    let unsent = |now| Input::Unsent { at: now, obstacle: Obstacle::NoRoute };
    assert_eq!(unheard(3_600, unsent), None);
    let dark = |_| Input::Carrier { up: false, interface: "port7" };
    assert_eq!(unheard(3_600, dark), None);
}

/// covers: N3.5
#[test]
fn probes_that_never_left_are_not_told_as_probes_that_were_waited_for() {
    let params = Params::default();
    let mut machine = Machine::new(BootTime(0));
    let at = |n: u64| BootTime(0) + millis(n);
    machine.step(&params, at(1), Input::Answered { sent: at(0), rtt: millis(1) });
    let mut told = None;
    for n in 0..10 {
        let input = match n {
            0 => Input::Lost { sent: at(100) },
            n => Input::Unsent { at: at(200 + n), obstacle: Obstacle::NoRoute },
        };
        told = told.or(machine.step(&params, at(300 + n), input).transition);
    }
    let facts: Vec<_> = told.unwrap().evidence.into_iter().map(|seen| seen.fact).collect();
    assert!(matches!(facts[0], Fact::ProbesLost { lost: 1, .. }), "{facts:?}");
    assert_eq!(facts[1..], [Fact::NotSent { probes: 9, obstacle: Obstacle::NoRoute }]);
}
