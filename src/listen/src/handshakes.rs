//! Handshakes under way. Anybody may begin one and not go on, and it costs what TLS keeps of it for
//! as long as it may take. So there are so many at a time, of one address and in all; who comes
//! beyond that waits, which costs far less, until one ends, or until the oldest has had its time
//! and has to go.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::oneshot;
use tokio::time::{Instant, sleep_until};
use tokio_util::sync::CancellationToken;

use crate::Network;

/// Nobody has to go sooner: several times what a handshake takes over a slow path.
const FAIR: Duration = Duration::from_secs(1);

/// All handshakes of one listener.
#[derive(Debug)]
pub(crate) struct Handshakes {
    all: Arc<Line>,
    of_one: usize,
    by_network: Mutex<HashMap<Network, Shared>>,
}

/// The line of one address, and how many wait or shake hands in it.
#[derive(Debug)]
struct Shared {
    line: Arc<Line>,
    users: usize,
}

impl Handshakes {
    /// At most `all` at a time, and `of_one` of one address.
    pub(crate) fn new(all: usize, of_one: usize) -> Arc<Self> {
        Arc::new(Self { all: Line::new(all), of_one, by_network: Mutex::default() })
    }

    /// Waits for its turn. `None` when it had to go before it came to that.
    pub(crate) async fn enter(self: &Arc<Self>, network: Network) -> Option<Turn> {
        let queue = self.queue(network);
        let cut = CancellationToken::new();
        let of_one = queue.line.enter(&cut).await;
        let of_all = tokio::select! {
            of_all = self.all.enter(&cut) => of_all,
            () = cut.cancelled() => return None,
        };
        Some(Turn { cut, _places: [of_one, of_all], _queue: queue })
    }

    fn queue(self: &Arc<Self>, network: Network) -> Queue {
        let mut all = self.locked();
        let new = || Shared { line: Line::new(self.of_one), users: 0 };
        let shared = all.entry(network).or_insert_with(new);
        shared.users += 1;
        Queue { handshakes: Arc::clone(self), network, line: Arc::clone(&shared.line) }
    }

    fn locked(&self) -> MutexGuard<'_, HashMap<Network, Shared>> {
        self.by_network.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A handshake that may go on.
#[derive(Debug)]
pub(crate) struct Turn {
    cut: CancellationToken,
    _places: [Place; 2],
    _queue: Queue,
}

impl Turn {
    /// Ready once it has to go.
    pub(crate) async fn is_over(&self) {
        self.cut.cancelled().await;
    }
}

/// Somebody who waits or shakes hands; the last one of an address takes its line away.
#[derive(Debug)]
struct Queue {
    handshakes: Arc<Handshakes>,
    network: Network,
    line: Arc<Line>,
}

impl Drop for Queue {
    fn drop(&mut self) {
        let mut all = self.handshakes.locked();
        let Some(shared) = all.get_mut(&self.network) else { return };
        shared.users -= 1;
        if shared.users == 0 {
            all.remove(&self.network);
        }
    }
}

/// So many at a time. Of those who wait the newest is next: who floods has waited for long, and
/// whoever shares an address with him is not to stand behind all of that.
#[derive(Debug)]
struct Line {
    most: usize,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    /// How many came so far.
    came: u64,
    taken: usize,
    /// Those that were not told to go, the oldest first.
    under_way: VecDeque<Begun>,
    /// By the order in which they came.
    waiting: BTreeMap<u64, Waiting>,
}

#[derive(Debug)]
struct Begun {
    number: u64,
    since: Instant,
    cut: CancellationToken,
}

#[derive(Debug)]
struct Waiting {
    cut: CancellationToken,
    tell: oneshot::Sender<()>,
}

impl Line {
    fn new(most: usize) -> Arc<Self> {
        Arc::new(Self { most, state: Mutex::default() })
    }

    async fn enter(self: &Arc<Self>, cut: &CancellationToken) -> Place {
        let (place, mut told) = self.come(cut.clone());
        while let Some(turn) = &mut told {
            tokio::select! {
                biased;
                _ = turn => told = None,
                () = sleep_until(self.due()) => self.send_away(),
            }
        }
        place
    }

    /// A place, or what tells when it is one.
    fn come(self: &Arc<Self>, cut: CancellationToken) -> (Place, Option<oneshot::Receiver<()>>) {
        let mut state = self.locked();
        let number = state.came;
        state.came += 1;
        let place = Place { line: Arc::clone(self), number };
        if state.taken < self.most {
            state.begin(number, cut);
            return (place, None);
        }
        let (tell, told) = oneshot::channel();
        state.waiting.insert(number, Waiting { cut, tell });
        (place, Some(told))
    }

    /// When the oldest will have had its time.
    fn due(&self) -> Instant {
        let oldest = self.locked().under_way.front().map(|begun| begun.since);
        oldest.unwrap_or_else(Instant::now) + FAIR
    }

    /// The oldest has to go, if it has had its time.
    fn send_away(&self) {
        let mut state = self.locked();
        if let Some(oldest) = state.under_way.pop_front_if(|one| one.since.elapsed() >= FAIR) {
            oldest.cut.cancel();
        }
    }

    fn locked(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn begin(&mut self, number: u64, cut: CancellationToken) {
        self.taken += 1;
        self.under_way.push_back(Begun { number, since: Instant::now(), cut });
    }

    fn leave(&mut self, number: u64) {
        if self.waiting.remove(&number).is_some() {
            return;
        }
        self.taken -= 1;
        self.under_way.retain(|begun| begun.number != number);
        if let Some((next, Waiting { cut, tell })) = self.waiting.pop_last() {
            self.begin(next, cut);
            // Who has just gone away gives the place back by himself.
            let _ = tell.send(());
        }
    }
}

/// A place in a line, or the wait for one; given back when it is dropped.
#[derive(Debug)]
struct Place {
    line: Arc<Line>,
    number: u64,
}

impl Drop for Place {
    fn drop(&mut self) {
        self.line.locked().leave(self.number);
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt;

    use super::*;

    const ONE: Network = Network::V4([10, 0, 0, 1]);
    const OTHER: Network = Network::V4([10, 0, 0, 2]);

    fn at_once(handshakes: &Arc<Handshakes>, network: Network) -> Option<Turn> {
        handshakes.enter(network).now_or_never().flatten()
    }

    /// covers: T-8 (half-open handshakes)
    #[tokio::test]
    async fn one_address_takes_its_places_and_leaves_those_of_others() {
        let handshakes = Handshakes::new(3, 2);
        let first = at_once(&handshakes, ONE).expect("a place");
        let second = at_once(&handshakes, ONE).expect("another");
        assert!(at_once(&handshakes, ONE).is_none(), "a third waits");
        let third = at_once(&handshakes, OTHER).expect("another address has its own");
        assert!(at_once(&handshakes, OTHER).is_none(), "three are all there are");
        drop(first);
        let fourth = at_once(&handshakes, OTHER).expect("one went");
        drop((second, third, fourth));
        assert!(handshakes.locked().is_empty(), "nothing is kept of who is gone");
    }

    /// covers: T-8 (half-open handshakes)
    #[tokio::test]
    async fn of_those_who_wait_the_newest_is_next_and_who_gave_up_is_passed_over() {
        let handshakes = Handshakes::new(1, 9);
        let first = at_once(&handshakes, ONE).expect("a place");
        let mut older = Box::pin(handshakes.enter(ONE));
        let mut newer = Box::pin(handshakes.enter(OTHER));
        let mut newest = Box::pin(handshakes.enter(ONE));
        for waits in [&mut older, &mut newer, &mut newest] {
            assert!(waits.now_or_never().is_none());
        }
        drop(newest);
        drop(first);
        assert!((&mut older).now_or_never().is_none());
        let turn = (&mut newer).now_or_never().flatten().expect("its turn");
        drop(turn);
        assert!(older.now_or_never().flatten().is_some());
    }

    /// covers: T-8 (half-open handshakes)
    #[tokio::test]
    async fn the_oldest_goes_for_who_waits_but_not_before_it_had_its_time() {
        for (all, of_one) in [(9, 2), (2, 9)] {
            let handshakes = Handshakes::new(all, of_one);
            let begun = Instant::now();
            let oldest = at_once(&handshakes, ONE).expect("a place");
            tokio::time::sleep(FAIR / 2).await;
            let young = at_once(&handshakes, ONE).expect("a place");
            let waits = tokio::spawn({
                let handshakes = Arc::clone(&handshakes);
                async move { handshakes.enter(ONE).await }
            });
            let over = tokio::time::timeout(3 * FAIR, oldest.is_over()).await;
            let took = begun.elapsed();
            assert!(over.is_ok(), "nobody had to go");
            assert!(took >= FAIR && took < 2 * FAIR, "{took:?}");
            assert!(!waits.is_finished(), "it is let in once the other is gone");
            drop(oldest);
            let entered = waits.await.expect("it ran").expect("it is its turn");
            tokio::time::sleep(FAIR).await;
            for stays in [young, entered] {
                assert!(stays.is_over().now_or_never().is_none(), "nobody waits any more");
            }
        }
    }
}
