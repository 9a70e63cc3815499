//! One measurement in one direction.

use std::net::IpAddr;
use std::time::Duration;

use tokio::sync::mpsc::error::TryRecvError;
use tokio::time::{Instant, sleep};

use crate::desk::{Desk, Seat};
use crate::gauge::Gauge;
use crate::governor::{Echo, Governor};
use crate::{Echoes, Error, Measured, tables};

/// How long bytes pass.
pub const DURATION: Duration = Duration::from_secs(10);
/// What the channel does before is not measured: the pace is being found.
const WARM: Duration = Duration::from_secs(3);
/// How long answers are listened to before.
const LISTEN: Duration = Duration::from_millis(700);
/// How often the pace is looked at.
const TICK: Duration = Duration::from_millis(100);
/// Layer-3 bytes for each 100 of ours: headers of TCP over IPv4 with full packets.
const HEADERS: u64 = 104;
/// Bytes that pass together.
const PORTION: (u64, u64) = (1_440, 65_536);

/// Takes its place at the hub until it is dropped.
#[derive(Debug)]
pub struct Run {
    desk: Desk,
    seat: Seat,
    from: IpAddr,
    contracted: Option<u64>,
    idle: Option<Duration>,
    echoes: Option<Echoes>,
    governor: Governor,
    gauge: Gauge,
    begun: Instant,
    looked: Instant,
    /// Bits a second.
    pace: u64,
    /// Bits that passed and are not paid for; below zero what may pass at once.
    debt: i64,
    paid: Instant,
    /// Bits since the last look.
    passed: u64,
}

impl Run {
    pub(crate) async fn begin(
        desk: Desk,
        seat: Seat,
        from: IpAddr,
        contracted: Option<u64>,
    ) -> Result<Self, Error> {
        let rates = desk.rates(seat.segment, seat.direction).ok_or(Error::Blind)?;
        let mut echoes = desk.echoes(seat.segment).await;
        let idle = listen(echoes.as_mut()).await;
        let mut gauge = Gauge::default();
        gauge.begin(rates.reading);
        let mut governor = Governor::new(contracted, idle);
        let pace = governor.step(Duration::ZERO, rates.work, 0, None);
        let now = Instant::now();
        Ok(Self {
            desk,
            seat,
            from,
            contracted,
            idle,
            echoes,
            governor,
            gauge,
            begun: now,
            looked: now,
            pace,
            debt: 0,
            paid: now,
            passed: 0,
        })
    }

    /// How many bytes had best pass together now.
    pub fn portion(&self) -> usize {
        let of_five_ms = self.pace / 8 / 200;
        usize::try_from(of_five_ms.clamp(PORTION.0, PORTION.1)).unwrap_or_default()
    }

    /// Says that so many bytes pass now, and waits until the next may. Answers whether there is time
    /// for more.
    pub async fn pass(&mut self, bytes: usize) -> bool {
        let bits = u64::try_from(bytes).unwrap_or_default() * 8 * HEADERS / 100;
        self.passed += bits;
        self.debt += i64::try_from(bits).unwrap_or(i64::MAX / 2);
        loop {
            let now = Instant::now();
            if now - self.begun >= DURATION {
                return false;
            }
            self.look(now);
            self.pay(now);
            let Ok(debt @ 1..) = u64::try_from(self.debt) else { return true };
            let wait = Duration::from_secs_f64(debt as f64 / self.pace as f64);
            sleep(wait.min(TICK)).await;
        }
    }

    /// Ends it and keeps what was found; `None` where it was too short to say anything.
    ///
    /// # Errors
    /// The database's.
    pub async fn finish(self) -> Result<Option<Measured>, Error> {
        let Some(sum) = self.gauge.sum() else { return Ok(None) };
        let measured = Measured {
            segment: self.seat.segment,
            at: self.desk.now(),
            direction: self.seat.direction,
            rate: sum.rate,
            work: sum.work,
            contracted: self.contracted,
            idle: self.idle,
            loaded: sum.loaded,
            limit: self.governor.limit(sum.rate),
            from: self.from,
        };
        tables::insert(self.desk.store(), measured.clone()).await?;
        Ok(Some(measured))
    }

    /// Adjusts the pace to what was seen since the last look.
    fn look(&mut self, now: Instant) {
        let since = now - self.looked;
        if since < TICK {
            return;
        }
        self.looked = now;
        let measures = now - self.begun >= WARM;
        let echo = self.worst_echo(measures);
        let rates = self.desk.rates(self.seat.segment, self.seat.direction);
        match rates {
            Some(rates) if measures => self.gauge.take(rates),
            Some(rates) => self.gauge.begin(rates.reading),
            None => {}
        }
        // While nobody counts, others may have all of it.
        let work = rates.map_or(u64::MAX, |rates| rates.work);
        let carried = (self.passed as f64 / since.as_secs_f64()) as u64;
        self.passed = 0;
        self.pace = self.governor.step(now - self.begun, work, carried, echo);
    }

    fn worst_echo(&mut self, measures: bool) -> Option<Echo> {
        let mut worst = None;
        while let Some(echoes) = &mut self.echoes {
            match echoes.try_recv() {
                Ok(answer) => {
                    let echo = answer.map_or(Echo::Lost, Echo::Took);
                    worst = worst.max(Some(echo));
                    if measures {
                        self.gauge.echo(echo);
                    }
                }
                Err(TryRecvError::Empty) => break,
                Err(TryRecvError::Disconnected) => self.echoes = None,
            }
        }
        worst
    }

    fn pay(&mut self, now: Instant) {
        let bits = (now - self.paid).as_secs_f64() * self.pace as f64;
        self.paid = now;
        // What was not used in time is not saved up beyond one portion.
        let most = i64::try_from(self.portion() * 8).unwrap_or_default();
        self.debt = (self.debt - bits as i64).max(-most);
    }
}

/// The shortest round-trip time while nothing is sent.
async fn listen(echoes: Option<&mut Echoes>) -> Option<Duration> {
    let echoes = echoes?;
    let end = Instant::now() + LISTEN;
    let mut shortest = None;
    while let Ok(Some(answer)) = tokio::time::timeout_at(end, echoes.recv()).await {
        shortest = [shortest, answer].into_iter().flatten().min();
    }
    shortest
}
