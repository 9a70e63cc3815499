//! Measurements against simple models, on both databases.

mod codec;
mod full;
mod keeping;
mod memory;
mod model;

use std::time::Duration;

use ets_model::{Outcome, Sample, SegmentNo, WallTime};

/// 2026-11-22T10:00:00Z: the beginning of an hour.
const START: i64 = 1_795_341_600;

/// One life of `netd`.
const LIFE: u64 = 7;

fn at(second: i64) -> WallTime {
    WallTime(second * 1_000_000 + 400_000)
}

fn sharp(second: i64) -> WallTime {
    WallTime(second * 1_000_000)
}

fn answered(segment: u32, micros: u64) -> Sample {
    let outcome = Outcome::Answered(Duration::from_micros(micros));
    Sample { segment: SegmentNo(segment), outcome }
}

fn lost(segment: u32) -> Sample {
    Sample { segment: SegmentNo(segment), outcome: Outcome::Lost }
}

/// Numbers that look random and are the same each time.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, below: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % below
    }
}
