//! Who may measure when.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use ets_model::{Segment, SegmentNo, WallTime};
use ets_netd_api::Direction;
use ets_registry::Registry;
use ets_runtime::Clock;
use ets_store::Store;

use crate::run::{DURATION, Run};
use crate::{Channel, Echoes, Error, Measured, Rates, tables};

/// Segments that may be measured at once: the hub has its own work.
const AT_ONCE: usize = 4;
/// Rest of a segment's direction after a measurement of it.
const REST: Duration = Duration::from_secs(20);

/// What the desk stands on.
#[derive(Debug)]
pub struct Deps {
    /// `state.db`, opened with [`crate::MIGRATIONS`].
    pub store: Store,
    /// The registry: whose address it is, and what the contract says.
    pub registry: Registry,
    /// The accounting and the probes.
    pub channel: Arc<dyn Channel>,
    /// The clock.
    pub clock: Clock,
}

/// Gives places for measurements and keeps what they found. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Desk(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    deps: Deps,
    seats: Mutex<Seats>,
}

/// Since boot: who is measured, and until when a direction rests.
#[derive(Debug, Default)]
struct Seats {
    taken: BTreeSet<SegmentNo>,
    rest: BTreeMap<(SegmentNo, Direction), u64>,
}

impl Desk {
    /// A desk where nobody is measured.
    pub fn new(deps: Deps) -> Self {
        Self(Arc::new(Inner { deps, seats: Mutex::default() }))
    }

    /// The segment of an address.
    ///
    /// # Errors
    /// [`Error::Stranger`].
    pub fn segment_of(&self, address: IpAddr) -> Result<Arc<Segment>, Error> {
        let address = address.to_canonical();
        let catalog = self.0.deps.registry.catalog();
        catalog.by_address(address).cloned().ok_or(Error::Stranger(address))
    }

    /// Begins a measurement of the segment that `from` sits in.
    ///
    /// # Errors
    /// All but the database's.
    pub async fn begin(&self, from: IpAddr, direction: Direction) -> Result<Run, Error> {
        let from = from.to_canonical();
        let segment = self.segment_of(from)?;
        let seat = self.take(segment.no, direction)?;
        let kbps = match direction {
            Direction::Down => segment.channel.down_kbps,
            Direction::Up => segment.channel.up_kbps,
        };
        let contracted = (kbps > 0).then(|| kbps.saturating_mul(1_000));
        Run::begin(self.clone(), seat, from, contracted).await
    }

    /// The last measurements of a segment, newest first.
    ///
    /// # Errors
    /// The database's.
    pub async fn last(&self, segment: SegmentNo, most: u16) -> Result<Vec<Measured>, Error> {
        tables::last(self.store(), segment, most).await
    }

    pub(crate) fn store(&self) -> &Store {
        &self.0.deps.store
    }

    pub(crate) fn now(&self) -> WallTime {
        self.0.deps.clock.wall()
    }

    pub(crate) fn rates(&self, segment: SegmentNo, direction: Direction) -> Option<Rates> {
        self.0.deps.channel.rates(segment, direction)
    }

    pub(crate) async fn echoes(&self, segment: SegmentNo) -> Option<Echoes> {
        self.0.deps.channel.echoes(segment).await
    }

    fn take(&self, segment: SegmentNo, direction: Direction) -> Result<Seat, Error> {
        let now = self.0.deps.clock.boot().0;
        let mut seats = self.seats();
        seats.rest.retain(|_, until| *until > now);
        if seats.taken.contains(&segment) {
            return Err(Error::TooSoon(DURATION));
        }
        if let Some(until) = seats.rest.get(&(segment, direction)) {
            return Err(Error::TooSoon(Duration::from_nanos(until - now)));
        }
        if seats.taken.len() >= AT_ONCE {
            return Err(Error::Full(DURATION));
        }
        seats.taken.insert(segment);
        Ok(Seat { desk: self.clone(), segment, direction })
    }

    fn leave(&self, segment: SegmentNo, direction: Direction) {
        let rest = u64::try_from(REST.as_nanos()).unwrap_or_default();
        let until = self.0.deps.clock.boot().0 + rest;
        let mut seats = self.seats();
        seats.taken.remove(&segment);
        seats.rest.insert((segment, direction), until);
    }

    fn seats(&self) -> std::sync::MutexGuard<'_, Seats> {
        self.0.seats.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A place; given back when it is dropped.
#[derive(Debug)]
pub(crate) struct Seat {
    desk: Desk,
    pub(crate) segment: SegmentNo,
    pub(crate) direction: Direction,
}

impl Drop for Seat {
    fn drop(&mut self) {
        self.desk.leave(self.segment, self.direction);
    }
}
