//! Up or down from answers in a row (requirement N7.1). Sans I/O: what was heard comes in with its
//! time, what changed goes out.

use ets_model::{HealthState, WallTime};

/// What one check heard.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Heard {
    /// It answers as it should.
    Good,
    /// It does not.
    Bad,
    /// Nothing that says anything about it.
    Nothing,
}

/// The state of one check of one server.
///
/// Unknown at first. One answer makes it up, because there is nothing to be doubted then; `fall`
/// failures in a row make it down, `rise` answers in a row bring it back. When nothing can be
/// known any more it is unknown at once, and begins anew.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Machine {
    fall: u32,
    rise: u32,
    state: HealthState,
    since: Option<WallTime>,
    /// How many in a row speak against the state, and when the first of them was heard.
    against: u32,
    first: WallTime,
}

/// A change of state.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Turn {
    /// What it was.
    pub from: HealthState,
    /// What it is.
    pub to: HealthState,
    /// Since when: the first of the answers that decided it.
    pub since: WallTime,
}

impl Machine {
    /// Unknown; both counts are taken as at least one.
    pub fn new(fall: u32, rise: u32) -> Self {
        let state = HealthState::Unknown;
        let (fall, rise) = (fall.max(1), rise.max(1));
        Self { fall, rise, state, since: None, against: 0, first: WallTime(0) }
    }

    /// The state.
    pub fn state(&self) -> HealthState {
        self.state
    }

    /// Since when; `None` before anything was known.
    pub fn since(&self) -> Option<WallTime> {
        self.since
    }

    /// Takes what was heard at a moment, and answers what changed by it.
    pub fn hear(&mut self, heard: Heard, at: WallTime) -> Option<Turn> {
        let (to, enough) = match (self.state, heard) {
            (HealthState::Up, Heard::Good)
            | (HealthState::Down, Heard::Bad)
            | (HealthState::Unknown, Heard::Nothing) => {
                self.against = 0;
                return None;
            }
            (_, Heard::Nothing) => (HealthState::Unknown, 1),
            (HealthState::Unknown, Heard::Good) => (HealthState::Up, 1),
            (HealthState::Down, Heard::Good) => (HealthState::Up, self.rise),
            (_, Heard::Bad) => (HealthState::Down, self.fall),
        };
        if self.against == 0 || enough == 1 {
            self.first = at;
        }
        self.against += 1;
        (self.against >= enough).then(|| self.turn(to))
    }

    fn turn(&mut self, to: HealthState) -> Turn {
        let from = std::mem::replace(&mut self.state, to);
        let since = self.first;
        (self.since, self.against) = (Some(since), 0);
        Turn { from, to, since }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn heard() -> impl Strategy<Value = Heard> {
        prop_oneof![5 => Just(Heard::Good), 5 => Just(Heard::Bad), 1 => Just(Heard::Nothing)]
    }

    /// What the last answers say, looked at anew each time: the slow and obvious way.
    fn by_hand(past: &[Heard], fall: usize, rise: usize) -> HealthState {
        let mut state = HealthState::Unknown;
        let mut run: Vec<Heard> = Vec::new();
        for one in past {
            if run.last().is_some_and(|last| last != one) {
                run.clear();
            }
            run.push(*one);
            state = match (one, state) {
                (Heard::Nothing, _) => HealthState::Unknown,
                (Heard::Good, HealthState::Unknown) => HealthState::Up,
                (Heard::Good, HealthState::Down) if run.len() >= rise => HealthState::Up,
                (Heard::Bad, _) if run.len() >= fall => HealthState::Down,
                (_, state) => state,
            };
        }
        state
    }

    proptest! {
        /// covers: N7.1
        #[test]
        fn the_state_is_what_the_last_answers_in_a_row_say(
            past in prop::collection::vec(heard(), 0..60), fall in 1..5_u32, rise in 1..5_u32,
        ) {
            let mut machine = Machine::new(fall, rise);
            let mut last = HealthState::Unknown;
            for (at, one) in (1..).zip(&past) {
                let turn = machine.hear(*one, WallTime(at));
                let seen = &past[..usize::try_from(at).unwrap()];
                prop_assert_eq!(machine.state(), by_hand(seen, fall as usize, rise as usize));
                match turn {
                    Some(turn) => {
                        prop_assert_eq!((turn.from, turn.to), (last, machine.state()));
                        prop_assert_ne!(turn.from, turn.to);
                        prop_assert!(turn.since <= WallTime(at) && turn.since > WallTime(0));
                        // Everything heard since then speaks for the new state.
                        let first = usize::try_from(turn.since.0).unwrap() - 1;
                        prop_assert!(seen[first..].iter().all(|heard| heard == one));
                    }
                    None => prop_assert_eq!(machine.state(), last),
                }
                last = machine.state();
            }
        }
    }

    /// covers: N7.1
    #[test]
    fn one_lost_answer_is_no_fall_and_one_answer_no_rise() {
        let mut machine = Machine::new(3, 2);
        let mut hear =
            |heard, at| machine.hear(heard, WallTime(at)).map(|turn| (turn.to, turn.since.0));
        assert_eq!(hear(Heard::Bad, 1), None);
        assert_eq!(hear(Heard::Good, 2), Some((HealthState::Up, 2)));
        assert_eq!([3, 4].map(|at| hear(Heard::Bad, at)), [None, None]);
        assert_eq!(hear(Heard::Good, 5), None);
        assert_eq!([6, 7].map(|at| hear(Heard::Bad, at)), [None, None]);
        assert_eq!(hear(Heard::Bad, 8), Some((HealthState::Down, 6)));
        assert_eq!(hear(Heard::Good, 9), None);
        assert_eq!(hear(Heard::Good, 10), Some((HealthState::Up, 9)));
        assert_eq!(hear(Heard::Nothing, 11), Some((HealthState::Unknown, 11)));
    }
}
