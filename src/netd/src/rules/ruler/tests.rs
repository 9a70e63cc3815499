//! Crashes at every step: whatever the disk and the kernel had when the process died, the next one
//! finds the rules wholly old or wholly new, and a change that nobody confirmed goes back.

use std::cell::RefCell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::rc::Rc;
use std::time::Duration;

use super::*;
use ets_model::{BootTime, LinkState, SegmentNo, WallTime};
use ets_netd_api::Why;
use proptest::prelude::*;

/// A machine that loses power at one step: what happens in it, in order.
#[derive(Debug, Default)]
struct Machine {
    steps: usize,
    /// The step that is not survived; every later one is not reached.
    dies_at: usize,
    /// Steps that fail without a crash: a full disk, a kernel that refuses.
    fails_at: Vec<usize>,
    disk: Option<Safety>,
    kernel: Standing,
    /// Something that the kernel does not take.
    stuck: bool,
    /// Whose flows are to be taken, and a kernel that has no means for it.
    wanted: Option<Intercept>,
    without_tproxy: bool,
    /// Whose flows the kernel takes, and the disk says that it does.
    taken: Option<Intercept>,
    kept: Option<Intercept>,
}

#[derive(Clone, Debug)]
struct Handle(Rc<RefCell<Machine>>);

impl Handle {
    /// Counts a step; says whether it fails.
    fn step(&self) -> Result<(), String> {
        let mut machine = self.0.borrow_mut();
        machine.steps += 1;
        let step = machine.steps;
        if step == machine.dies_at {
            drop(machine);
            std::panic::resume_unwind(Box::new("power cut"));
        }
        if machine.fails_at.contains(&step) { Err("no space left".into()) } else { Ok(()) }
    }
}

impl Disk for Handle {
    fn keep(&mut self, safety: &Safety) -> Result<(), String> {
        self.step()?;
        self.0.borrow_mut().disk = Some(safety.clone());
        Ok(())
    }

    fn keep_intercept(&mut self, intercept: Option<&Intercept>) -> Result<(), String> {
        self.step()?;
        self.0.borrow_mut().kept = intercept.cloned();
        Ok(())
    }
}

impl Plane for Handle {
    fn put(&mut self, standing: &Standing) -> Result<(), String> {
        self.step()?;
        let mut machine = self.0.borrow_mut();
        if machine.without_tproxy && machine.wanted.is_some() {
            return Err("no tproxy".into());
        }
        machine.kernel = standing.clone();
        machine.taken = machine.wanted.clone();
        Ok(())
    }

    fn intercept(&mut self, wanted: Option<Intercept>) -> Option<Intercept> {
        std::mem::replace(&mut self.0.borrow_mut().wanted, wanted)
    }

    fn clashes(&mut self, _: &Policy) -> Result<Vec<String>, String> {
        Ok(Vec::new())
    }

    fn plan(&mut self, _: u64, _: &Policy) -> Result<Plan, String> {
        Ok(Plan::default())
    }

    fn stirred(&mut self) -> bool {
        true
    }

    fn drift(&mut self, standing: &Standing) -> Result<Vec<Drift>, String> {
        let machine = self.0.borrow();
        let drift =
            |what: &str| Drift { what: what.into(), wanted: "new".into(), found: "old".into() };
        let rules = (machine.kernel != *standing).then(|| drift("rules"));
        Ok(rules.into_iter().chain(machine.stuck.then(|| drift("route"))).collect())
    }

    fn text(&mut self) -> Result<String, String> {
        Ok(String::new())
    }

    fn reach(&mut self, _: &Standing) -> Result<Reach, String> {
        Ok(Reach::default())
    }
}

fn at(seconds: u64) -> Stamp {
    let wall = i64::try_from(seconds).unwrap() * 1_000_000;
    Stamp { boot: BootTime(seconds * 1_000_000_000), wall: WallTime(wall) }
}

fn policy(connections: u32) -> Policy {
    let limits = ets_model::Limits { connections, ..ets_model::Limits::default() };
    Policy { limits, ..Policy::default() }
}

fn change(number: u64, waits: bool) -> Apply {
    Apply {
        change: number,
        author: "aigul".into(),
        policy: policy(u32::try_from(number).unwrap()),
        confirm_within: waits.then_some(Duration::from_secs(120)),
    }
}

fn begin(machine: &Handle, boot: &str, now: Stamp) -> Ruler<Handle, Handle> {
    let left = machine.0.borrow().disk.clone();
    Ruler::start(left, boot, (machine.clone(), machine.clone()), now, &mut Vec::new())
}

/// What the administrator was told.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Told {
    applied: bool,
    confirmed: bool,
}

/// A first change, then a second one that may wait and be confirmed. Ends by itself or in a crash.
fn play(machine: &Handle, waits: bool, told: &mut Told) {
    let mut ruler = begin(machine, "one", at(0));
    let mut events = Vec::new();
    if ruler.apply(&change(1, false), &[], at(1), &mut events).is_err() {
        return;
    }
    if ruler.apply(&change(2, waits), &[], at(2), &mut events).is_err() {
        return;
    }
    told.applied = true;
    if waits && ruler.confirm(2, "aigul", &mut events).is_ok() {
        told.confirmed = true;
    }
}

fn numbers(machine: &Handle) -> u64 {
    let machine = machine.0.borrow();
    let standing = &machine.kernel;
    let wanted = policy(u32::try_from(standing.change).unwrap());
    if standing.change > 0 {
        assert_eq!(standing.policy.as_ref(), Some(&wanted), "half old, half new");
    }
    standing.change
}

/// Every point at which the power can fail, alone and together with a failing step.
///
/// covers: N2.3, D3
#[test]
fn a_power_cut_at_any_step_leaves_old_or_new_and_what_was_not_confirmed_goes_back() {
    let mut cases = 0;
    for waits in [false, true] {
        for dies_at in 1..=12 {
            for fails_at in 0..=12 {
                for same_boot in [false, true] {
                    cases += 1;
                    crash(waits, dies_at, fails_at, same_boot);
                }
            }
        }
    }
    println!("{cases} crashes");
}

fn crash(waits: bool, dies_at: usize, fails_at: usize, same_boot: bool) {
    let machine = Handle(Rc::new(RefCell::new(Machine {
        dies_at,
        fails_at: vec![fails_at],
        ..Machine::default()
    })));
    let mut told = Told::default();
    let _ = catch_unwind(AssertUnwindSafe(|| play(&machine, waits, &mut told)));
    machine.0.borrow_mut().dies_at = 0;
    machine.0.borrow_mut().fails_at.clear();
    if !same_boot {
        // The kernel's rules do not survive a reboot.
        machine.0.borrow_mut().kernel = Standing::default();
    }
    let boot = if same_boot { "one" } else { "two" };
    let mut ruler = begin(&machine, boot, at(3));
    let here = format!("waits {waits}, died at {dies_at}, failed at {fails_at}, same {same_boot}");
    ruler.tick(&[], at(4), &mut Vec::new());
    let first = numbers(&machine);
    if told.confirmed || (told.applied && !waits) {
        assert_eq!(first, 2, "what was acknowledged is in force: {here}");
    }
    if !same_boot && waits && first == 2 {
        // Confirmed on disk, but the crash came before the word reached the administrator.
        assert!(ruler.now().pending.is_none(), "a pending change counts as not confirmed: {here}");
    }
    ruler.tick(&[], at(500), &mut Vec::new());
    assert!(ruler.now().pending.is_none(), "its time is over: {here}");
    assert_eq!(numbers(&machine), ruler.now().change, "{here}");
}

proptest! {
    /// Any history of changes, confirmations, crashes and failures: the kernel has what the ruler
    /// says once nothing fails any more, and only what was applied.
    ///
    /// covers: N2.3, D3
    #[test]
    fn after_any_history_the_kernel_has_what_the_ruler_says(
        acts in prop::collection::vec((0u8..6, any::<bool>()), 1..40),
        fails_at in prop::collection::vec(1usize..60, 0..6),
    ) {
        let machine = Handle(Rc::new(RefCell::new(Machine { fails_at, ..Machine::default() })));
        let mut ruler = begin(&machine, "one", at(0));
        let mut events = Vec::new();
        let (mut number, mut now, mut boots) = (0, 1, 0);
        for (act, flag) in acts {
            now += 20;
            match act {
                0 | 1 => {
                    number += 1;
                    let _ = ruler.apply(&change(number, flag), &[], at(now), &mut events);
                }
                2 => drop(ruler.confirm(number, "aigul", &mut events)),
                3 => drop(ruler.withdraw(number, &mut events)),
                4 => ruler.tick(&[], at(now), &mut events),
                _ => {
                    boots += u64::from(flag);
                    ruler = begin(&machine, &format!("boot {boots}"), at(now));
                }
            }
        }
        machine.0.borrow_mut().fails_at.clear();
        ruler.tick(&[], at(now + 1_000), &mut events);
        ruler.tick(&[], at(now + 1_001), &mut events);
        prop_assert!(ruler.now().pending.is_none());
        prop_assert_eq!(numbers(&machine), ruler.now().change);
        let again = begin(&machine, &format!("boot {boots}"), at(now + 1_002));
        prop_assert_eq!(again.now().change, ruler.now().change, "the disk says the same");
    }
}

/// covers: N2.3
#[test]
fn a_policy_with_faults_is_refused_with_all_of_them_and_changes_nothing() {
    let machine = Handle(Rc::default());
    let mut ruler = begin(&machine, "one", at(0));
    let mut bad = change(1, false);
    bad.policy.arms = ["10.10.1.0/24", "0.0.0.0/0", "10.10.1.0/25"]
        .iter()
        .zip(1..)
        .map(|(prefix, no)| ets_model::Arm {
            no: SegmentNo(no),
            id: format!("s{no}").parse().unwrap(),
            interface: format!("p{no}"),
            prefixes: vec![prefix.parse().unwrap()],
            hardware: None,
            may: Vec::new(),
            limits: None,
            rate: None,
        })
        .collect();
    let why = ruler.apply(&bad, &[], at(1), &mut Vec::new()).unwrap_err();
    assert!(why.contains("10.10.1.0/24 of s1 and 10.10.1.0/25 of s3"), "{why}");
    assert!(why.contains("0.0.0.0/0 of s2"), "{why}");
    assert_eq!((ruler.now().change, numbers(&machine)), (0, 0));
}

/// covers: N2.3
#[test]
fn a_veto_and_a_strangers_change_are_told_once_and_mended() {
    let machine = Handle(Rc::default());
    let mut ruler = begin(&machine, "one", at(0));
    let mut events = Vec::new();
    let board = |state| {
        let now = |no| SegmentNow { segment: SegmentNo(no), state, since: at(0) };
        [1, 2, 3].map(now)
    };
    ruler.apply(&change(1, false), &board(LinkState::Up), at(1), &mut events).unwrap();
    ruler.apply(&change(2, true), &board(LinkState::Up), at(2), &mut events).unwrap();
    events.clear();
    ruler.tick(&board(LinkState::Down), at(3), &mut events);
    let fell = [1, 2, 3].map(SegmentNo).to_vec();
    let why = Why::Veto { fell };
    assert_eq!(events, [RulesEvent::Reverted { change: 2, back_to: 1, why }]);

    events.clear();
    machine.0.borrow_mut().kernel = Standing::default();
    ruler.tick(&board(LinkState::Up), at(4), &mut events);
    ruler.tick(&board(LinkState::Up), at(5), &mut events);
    assert!(matches!(&events[..], [RulesEvent::Drifted { mended: true, .. }]), "{events:?}");
    assert_eq!(numbers(&machine), 1);
}

/// covers: N2.3
#[test]
fn what_cannot_be_mended_is_told_once_and_stays_in_sight() {
    let machine = Handle(Rc::default());
    let mut ruler = begin(&machine, "one", at(0));
    let mut events = Vec::new();
    ruler.apply(&change(1, false), &[], at(1), &mut events).unwrap();
    events.clear();
    machine.0.borrow_mut().stuck = true;
    (2..9).for_each(|second| ruler.tick(&[], at(second), &mut events));
    assert!(matches!(&events[..], [RulesEvent::Drifted { mended: false, .. }]), "{events:?}");
    assert_eq!(ruler.now().drift.len(), 1);
    machine.0.borrow_mut().stuck = false;
    ruler.tick(&[], at(10), &mut events);
    assert_eq!((ruler.now().drift.len(), events.len()), (0, 1));
}

fn intercept() -> Option<Intercept> {
    Some(Intercept { segments: vec![SegmentNo(1)], kept: Vec::new(), port: 3129 })
}

/// covers: N2.3, G6
#[test]
fn a_kernel_that_can_intercept_nobody_has_the_rules_after_a_reboot_all_the_same() {
    let machine = Handle(Rc::default());
    let mut events = Vec::new();
    begin(&machine, "one", at(0)).apply(&change(1, false), &[], at(1), &mut events).unwrap();
    {
        let mut machine = machine.0.borrow_mut();
        (machine.kernel, machine.wanted) = (Standing::default(), intercept());
        (machine.without_tproxy, machine.kept) = (true, intercept());
    }
    let mut ruler = begin(&machine, "two", at(2));
    assert_eq!((numbers(&machine), ruler.now().problem.as_str()), (1, ""));
    assert_eq!((&machine.0.borrow().wanted, &machine.0.borrow().kept), (&None, &None));
    for _again in 0..2 {
        assert_eq!(ruler.intercept(intercept()), Err("no tproxy".to_owned()));
        assert_eq!((numbers(&machine), ruler.now().problem.as_str()), (1, ""));
    }
}

/// covers: N2.3, G6: what fails at a start for another reason takes nobody's interception away
#[test]
fn a_start_at_which_the_kernel_takes_nothing_keeps_the_wish_to_intercept() {
    let machine = Handle(Rc::default());
    let mut events = Vec::new();
    begin(&machine, "one", at(0)).apply(&change(1, false), &[], at(1), &mut events).unwrap();
    {
        let mut machine = machine.0.borrow_mut();
        (machine.wanted, machine.kept) = (intercept(), intercept());
        let next = machine.steps + 1;
        machine.fails_at = (next..next + 3).collect();
    }
    let ruler = begin(&machine, "two", at(2));
    assert_eq!(ruler.now().problem, "no space left");
    assert_eq!(
        (&machine.0.borrow().wanted, &machine.0.borrow().kept),
        (&intercept(), &intercept())
    );
}

/// covers: N2.3, G6
#[test]
fn whoever_is_intercepted_is_so_in_the_kernel_and_on_disk_or_in_neither() {
    let both = |machine: &Handle| {
        let machine = machine.0.borrow();
        assert_eq!(machine.taken, machine.kept);
        machine.kept.clone()
    };
    for (before, after) in [(None, intercept()), (intercept(), None)] {
        let machine = Handle(Rc::default());
        let mut ruler = begin(&machine, "one", at(0));
        ruler.intercept(before.clone()).unwrap();
        // First the kernel refuses, then the disk does.
        for refusing in [1, 2] {
            let step = machine.0.borrow().steps + refusing;
            machine.0.borrow_mut().fails_at = vec![step];
            ruler.intercept(after.clone()).unwrap_err();
            assert_eq!((both(&machine), ruler.now().problem.as_str()), (before.clone(), ""));
        }
        ruler.intercept(after.clone()).unwrap();
        assert_eq!(both(&machine), after);
        let steps = machine.0.borrow().steps;
        ruler.intercept(after.clone()).unwrap();
        assert_eq!(machine.0.borrow().steps, steps, "the same once more costs nothing");
    }
}
