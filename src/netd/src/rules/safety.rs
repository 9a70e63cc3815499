//! The safety line (requirement N2.3): a change that takes something away waits for its author to
//! confirm it, and goes back by itself when that does not happen. Pure: what shall be next comes out,
//! and whoever holds disk and kernel brings it about.

use std::collections::BTreeSet;
use std::time::Duration;

use ets_model::{Limits, LinkState, Policy, PolicyChange, SegmentNo, Stamp, WallTime};
use ets_netd_api::{Apply, Pending, SegmentNow, Why};
use serde::{Deserialize, Serialize};

/// The least and the longest time that a change may wait.
const WAITS: std::ops::RangeInclusive<Duration> =
    Duration::from_secs(2)..=Duration::from_secs(3600);

/// The fewest segments that must fall before a change is blamed that did not name them.
const FEWEST_FALLEN: usize = 2;
/// And the least share of those that were up, in percent.
const FALLEN_SHARE: usize = 2;

/// A change and what it put in force. Change 0 is the time before the first one.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Standing {
    pub(crate) change: u64,
    pub(crate) policy: Option<Policy>,
}

/// Nobody may reach anything, and nobody is there.
static NOBODY: Policy = Policy {
    arms: Vec::new(),
    services: Vec::new(),
    networks: Vec::new(),
    limits: Limits { connections: 0, new_connections: 0, packets: 0 },
};

impl Standing {
    /// The policy; nobody's before the first change.
    pub(crate) fn policy(&self) -> &Policy {
        self.policy.as_ref().unwrap_or(&NOBODY)
    }
}

/// What is in force, and what comes back unless it is confirmed. The same on disk as in memory.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Safety {
    /// The boot on whose clock the times stand.
    boot_id: String,
    in_force: Standing,
    waiting: Option<Waiting>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Waiting {
    author: String,
    /// `None`: it needs no confirmation and is only on its way into the kernel.
    until: Option<Stamp>,
    back_to: Standing,
    /// Segments that were up before the change.
    up: BTreeSet<SegmentNo>,
    /// Those that the change names.
    named: BTreeSet<SegmentNo>,
}

/// What shall be next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Turn {
    pub(crate) next: Safety,
    /// The change that goes back, and why; `None` for one that stays.
    pub(crate) undone: Option<(u64, Why)>,
}

impl Safety {
    /// Goes on with what a former process left, on the clock of this boot. A change that waited
    /// through a reboot, one that was still on its way, and one whose time is over go back.
    pub(crate) fn resume(left: Option<Self>, boot_id: &str, now: Stamp) -> Turn {
        let mut left = left.unwrap_or_default();
        let same_boot = left.boot_id == boot_id;
        boot_id.clone_into(&mut left.boot_id);
        let waits = left.waiting.as_ref().map(|waiting| waiting.until);
        let why = match waits {
            None => return Turn { next: left, undone: None },
            Some(Some(until)) if same_boot && now.boot < until.boot => {
                return Turn { next: left, undone: None };
            }
            Some(Some(_)) if same_boot => Why::TimeOut,
            Some(_) => Why::Restarted,
        };
        left.back(why)
    }

    /// The change in force.
    pub(crate) fn in_force(&self) -> &Standing {
        &self.in_force
    }

    /// The change that waits for confirmation.
    pub(crate) fn pending(&self) -> Option<Pending> {
        let waiting = self.waiting.as_ref()?;
        Some(Pending {
            change: self.in_force.change,
            author: waiting.author.clone(),
            until: waiting.until?,
            back_to: waiting.back_to.change,
        })
    }

    /// With a new change in force, on its way or waiting.
    ///
    /// # Errors
    /// A sentence, when another one waits or the request is unsound.
    pub(crate) fn apply(
        &self,
        apply: &Apply,
        board: &[SegmentNow],
        now: Stamp,
    ) -> Result<Self, String> {
        if let Some(other) = self.pending() {
            return Err(format!(
                "change {} of {} waits for confirmation until {}: confirm it or take it back first",
                other.change,
                other.author,
                clock(other.until.wall)
            ));
        }
        if apply.change <= self.in_force.change {
            let (given, last) = (apply.change, self.in_force.change);
            return Err(format!(
                "change {given} is not newer than change {last}, which is in force"
            ));
        }
        if let Some(wait) = apply.confirm_within.filter(|wait| !WAITS.contains(wait)) {
            return Err(format!("a change waits 2 s to 1 h for its confirmation, not {wait:?}"));
        }
        let waiting = Waiting {
            author: apply.author.clone(),
            until: apply.confirm_within.map(|wait| now.at(now.boot + wait)),
            back_to: self.in_force.clone(),
            up: up(board),
            named: named(self.in_force.policy(), &apply.policy),
        };
        let in_force = Standing { change: apply.change, policy: Some(apply.policy.clone()) };
        Ok(Self { in_force, waiting: Some(waiting), boot_id: self.boot_id.clone() })
    }

    /// Once the kernel has it: a change that needs no confirmation stays.
    pub(crate) fn settled(&self) -> Self {
        match &self.waiting {
            Some(Waiting { until: None, .. }) => Self { waiting: None, ..self.clone() },
            _ => self.clone(),
        }
    }

    /// With the change that waits confirmed.
    ///
    /// # Errors
    /// A sentence, when it does not wait or is somebody else's.
    pub(crate) fn confirm(&self, change: u64, author: &str) -> Result<Self, String> {
        let pending = self.pending_is(change)?;
        if pending.author != author {
            return Err(format!(
                "change {change} was made by {}: only they can confirm it",
                pending.author
            ));
        }
        Ok(Self { waiting: None, ..self.clone() })
    }

    /// With the change that waits taken back.
    ///
    /// # Errors
    /// A sentence, when it does not wait.
    pub(crate) fn withdraw(&self, change: u64) -> Result<Turn, String> {
        self.pending_is(change)?;
        Ok(self.clone().back(Why::Asked))
    }

    /// What became due by the clock or by what fell since; `None` while nothing did.
    pub(crate) fn due(&self, board: &[SegmentNow], now: Stamp) -> Option<Turn> {
        let waiting = self.waiting.as_ref()?;
        let until = waiting.until?;
        let fell = waiting.fell(board);
        if !fell.is_empty() {
            return Some(self.clone().back(Why::Veto { fell }));
        }
        (now.boot >= until.boot).then(|| self.clone().back(Why::TimeOut))
    }

    fn pending_is(&self, change: u64) -> Result<Pending, String> {
        self.pending()
            .filter(|pending| pending.change == change)
            .ok_or_else(|| format!("change {change} does not wait for confirmation"))
    }

    fn back(self, why: Why) -> Turn {
        let undone = Some((self.in_force.change, why));
        match self.waiting {
            None => Turn { next: self, undone: None },
            Some(waiting) => {
                let next = Self { boot_id: self.boot_id, in_force: waiting.back_to, waiting: None };
                Turn { next, undone }
            }
        }
    }
}

impl Waiting {
    /// The segments whose fall is laid to this change: each one that it names; others when too many
    /// fell at once for chance.
    fn fell(&self, board: &[SegmentNow]) -> Vec<SegmentNo> {
        let down = board.iter().filter(|now| now.state == LinkState::Down).map(|now| now.segment);
        let fell: Vec<SegmentNo> = down.filter(|segment| self.up.contains(segment)).collect();
        let many = FEWEST_FALLEN.max(self.up.len() * FALLEN_SHARE / 100);
        if fell.len() >= many || fell.iter().any(|segment| self.named.contains(segment)) {
            fell
        } else {
            Vec::new()
        }
    }
}

fn up(board: &[SegmentNow]) -> BTreeSet<SegmentNo> {
    let is_up = |now: &&SegmentNow| matches!(now.state, LinkState::Up | LinkState::Degraded);
    board.iter().filter(is_up).map(|now| now.segment).collect()
}

/// The segments that the change itself names and still has: who is removed may fall.
fn named(before: &Policy, after: &Policy) -> BTreeSet<SegmentNo> {
    let changes = before.changes_to(after);
    let ids: BTreeSet<_> = changes.iter().filter_map(segment_of).collect();
    after.arms.iter().filter(|arm| ids.contains(&arm.id)).map(|arm| arm.no).collect()
}

fn segment_of(change: &PolicyChange) -> Option<&ets_model::SegmentId> {
    match change {
        PolicyChange::SegmentMoved { segment, .. }
        | PolicyChange::PrefixAdded { segment, .. }
        | PolicyChange::PrefixRemoved { segment, .. }
        | PolicyChange::Bound { segment, .. }
        | PolicyChange::Rate { segment, .. }
        | PolicyChange::Limits { segment: Some(segment), .. } => Some(segment),
        _ => None,
    }
}

/// Wall time for a sentence: hours, minutes and seconds of UTC.
fn clock(at: WallTime) -> String {
    let seconds = at.0.div_euclid(1_000_000).rem_euclid(86_400);
    format!("{:02}:{:02}:{:02} UTC", seconds / 3_600, seconds / 60 % 60, seconds % 60)
}

#[cfg(test)]
mod tests {
    use super::*;
    use ets_model::{Arm, BootTime};

    const BOOT: &str = "this boot";

    fn at(seconds: u64) -> Stamp {
        let wall = i64::try_from(seconds).unwrap() * 1_000_000;
        Stamp { boot: BootTime(seconds * 1_000_000_000), wall: WallTime(wall) }
    }

    fn arm(no: u32, interface: &str) -> Arm {
        Arm {
            no: SegmentNo(no),
            id: format!("s{no}").parse().unwrap(),
            interface: interface.into(),
            prefixes: Vec::new(),
            hardware: None,
            may: Vec::new(),
            limits: None,
            rate: None,
        }
    }

    fn policy(interface: &str) -> Policy {
        Policy { arms: vec![arm(1, interface), arm(2, "p2"), arm(3, "p3")], ..Policy::default() }
    }

    fn apply(change: u64, interface: &str, wait: Option<u64>) -> Apply {
        Apply {
            change,
            author: "aigul".into(),
            policy: policy(interface),
            confirm_within: wait.map(Duration::from_secs),
        }
    }

    fn board(states: [LinkState; 3]) -> Vec<SegmentNow> {
        let now = |(no, state)| SegmentNow { segment: SegmentNo(no), state, since: at(0) };
        (1..).zip(states).map(now).collect()
    }

    const UP: [LinkState; 3] = [LinkState::Up; 3];

    fn first() -> Safety {
        let start = Safety::resume(None, BOOT, at(0)).next;
        start.apply(&apply(1, "p1", None), &[], at(1)).unwrap().settled()
    }

    fn second() -> Safety {
        first().apply(&apply(2, "q1", Some(120)), &board(UP), at(10)).unwrap().settled()
    }

    /// covers: N2.3
    #[test]
    fn a_change_that_nobody_confirms_goes_back_when_its_time_is_over() {
        let waits = second();
        assert_eq!(waits.due(&board(UP), at(129)), None);
        let turn = waits.due(&board(UP), at(130)).unwrap();
        assert_eq!(turn, Turn { next: first(), undone: Some((2, Why::TimeOut)) });
    }

    /// covers: N2.3
    #[test]
    fn only_who_made_a_change_confirms_it_and_then_it_stays() {
        let waits = second();
        assert!(waits.confirm(2, "bolat").unwrap_err().contains("made by aigul"));
        assert!(waits.confirm(3, "aigul").unwrap_err().contains("does not wait"));
        let stays = waits.confirm(2, "aigul").unwrap();
        assert_eq!((stays.in_force().change, stays.pending()), (2, None));
        assert_eq!(stays.due(&board([LinkState::Down; 3]), at(900)), None);
        assert!(stays.withdraw(2).is_err());
    }

    /// covers: N2.3
    #[test]
    fn a_second_change_is_refused_while_one_waits_and_an_old_number_ever() {
        let why = second().apply(&apply(3, "r1", None), &[], at(11)).unwrap_err();
        assert!(
            why.contains("change 2 of aigul waits for confirmation until 00:02:10 UTC"),
            "{why}"
        );
        assert!(first().apply(&apply(1, "p1", None), &[], at(11)).is_err());
        assert!(first().apply(&apply(2, "p1", Some(1)), &[], at(11)).is_err());
    }

    /// covers: N2.3, D3
    #[test]
    fn a_change_that_waited_through_a_reboot_counts_as_not_confirmed() {
        let same = Safety::resume(Some(second()), BOOT, at(60));
        assert_eq!(same, Turn { next: second(), undone: None });
        let late = Safety::resume(Some(second()), BOOT, at(131));
        assert_eq!(late.undone, Some((2, Why::TimeOut)));
        let anew = Safety::resume(Some(second()), "another boot", at(5));
        assert_eq!(anew.undone, Some((2, Why::Restarted)));
        assert_eq!(anew.next.in_force(), first().in_force());
    }

    /// covers: N2.3, D3
    #[test]
    fn a_wall_clock_that_is_set_forward_or_back_neither_ends_nor_lengthens_a_countdown() {
        let (waits, year) = (second(), 365 * 86_400_000_000);
        for step in [year, -year] {
            let set = |seconds| {
                let Stamp { boot, wall } = at(seconds);
                Stamp { boot, wall: WallTime(wall.0 + step) }
            };
            assert_eq!(waits.due(&board(UP), set(129)), None);
            assert_eq!(waits.due(&board(UP), set(130)).unwrap().undone, Some((2, Why::TimeOut)));
            let left = Safety::resume(Some(second()), BOOT, set(60));
            assert_eq!(left, Turn { next: second(), undone: None });
            assert!(Safety::resume(Some(second()), BOOT, set(131)).undone.is_some());
        }
    }

    /// covers: N2.3, D3
    #[test]
    fn a_change_that_was_still_on_its_way_when_the_process_died_goes_back() {
        let way = first().apply(&apply(2, "q1", None), &board(UP), at(10)).unwrap();
        let turn = Safety::resume(Some(way), BOOT, at(11));
        assert_eq!(turn.undone, Some((2, Why::Restarted)));
        assert_eq!(turn.next.in_force().change, 1);
    }

    /// covers: N2.3
    #[test]
    fn a_segment_that_the_change_names_and_that_falls_vetoes_it() {
        let fallen = board([LinkState::Down, LinkState::Up, LinkState::Up]);
        let turn = second().due(&fallen, at(12)).unwrap();
        assert_eq!(turn.undone, Some((2, Why::Veto { fell: vec![SegmentNo(1)] })));
        let other = board([LinkState::Up, LinkState::Down, LinkState::Up]);
        assert_eq!(
            second().due(&other, at(12)),
            None,
            "one that it does not name may fall by chance"
        );
        let both = board([LinkState::Up, LinkState::Down, LinkState::Down]);
        assert!(second().due(&both, at(12)).is_some(), "two at once do not");
    }

    #[test]
    fn a_segment_that_was_down_before_vetoes_nothing() {
        let down = board([LinkState::Down, LinkState::Up, LinkState::Up]);
        let waits = first().apply(&apply(2, "q1", Some(120)), &down, at(10)).unwrap();
        assert_eq!(waits.due(&down, at(12)), None);
    }
}
