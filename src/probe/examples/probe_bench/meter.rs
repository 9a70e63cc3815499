//! What a contestant used and achieved, and its one-line form between processes.

use std::fmt;
use std::time::Duration;

use nix::sys::resource::{UsageWho, getrusage};

/// The result of one run.
#[derive(Clone, Debug, Default)]
pub(crate) struct Tally {
    pub(crate) sent: u64,
    pub(crate) answered: u64,
    pub(crate) cpu: Duration,
    pub(crate) rss_kib: u64,
    /// Further figures, for people.
    pub(crate) note: String,
}

impl Tally {
    pub(crate) fn cpu_us_each(&self) -> f64 {
        self.cpu.as_secs_f64() * 1e6 / self.sent.max(1) as f64
    }

    pub(crate) fn unanswered(&self) -> f64 {
        self.sent.saturating_sub(self.answered) as f64 / self.sent.max(1) as f64
    }

    /// Writes it for the parent.
    pub(crate) fn hand_over(&self) {
        let Self { sent, answered, cpu, rss_kib, note } = self;
        println!("tally {sent} {answered} {} {rss_kib} {note}", cpu.as_micros());
    }

    /// Reads what a worker has handed over.
    pub(crate) fn parse(output: &str) -> Option<Self> {
        let line = output.lines().find_map(|line| line.strip_prefix("tally "))?;
        let mut words = line.splitn(5, ' ');
        let mut number = || words.next()?.parse::<u64>().ok();
        Some(Self {
            sent: number()?,
            answered: number()?,
            cpu: Duration::from_micros(number()?),
            rss_kib: number()?,
            note: words.next().unwrap_or_default().to_owned(),
        })
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let each = self.cpu_us_each();
        let Self { sent, answered, rss_kib, note, .. } = self;
        let lost = sent.saturating_sub(*answered);
        write!(f, "{each:6.2} us CPU a probe, {sent} sent, {lost} unanswered, {rss_kib} KiB {note}")
    }
}

/// CPU time of this process, user and system.
pub(crate) fn cpu_now() -> Duration {
    let (user, system) = cpu_parts();
    user + system
}

/// CPU time of this process: user, system.
pub(crate) fn cpu_parts() -> (Duration, Duration) {
    let usage = getrusage(UsageWho::RUSAGE_SELF).expect("getrusage of oneself cannot fail");
    let of = |time: nix::sys::time::TimeVal| {
        Duration::new(
            u64::try_from(time.tv_sec()).unwrap_or(0),
            u32::try_from(time.tv_usec()).unwrap_or(0) * 1_000,
        )
    };
    (of(usage.user_time()), of(usage.system_time()))
}

/// Resident memory of this process at its highest.
pub(crate) fn rss_kib() -> u64 {
    let usage = getrusage(UsageWho::RUSAGE_SELF).expect("getrusage of oneself cannot fail");
    u64::try_from(usage.max_rss()).unwrap_or(0)
}
