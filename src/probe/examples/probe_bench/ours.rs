//! The engine as a contestant.

use std::io::Write;
use std::time::{Duration, Instant};

use ets_model::Method;
use ets_probe::{Ended, Engine, EngineConfig, ProbeTarget};
use ets_runtime::boot_now;

use crate::Outcome;
use crate::meter::{Tally, cpu_now, cpu_parts, rss_kib};
use crate::star::address;

/// Counts and, where asked for, writes each answer to a file.
struct Sink {
    file: Option<std::io::BufWriter<std::fs::File>>,
    lost: u64,
    void: u64,
    stalled: Duration,
    errors: u64,
}

/// Probes for `seconds` and hands the tally over.
pub(crate) fn work(targets: u32, seconds: u32, arguments: &[String]) -> Outcome {
    let family = if arguments.iter().any(|word| word == "v6") { "v6" } else { "v4" };
    let log = arguments.iter().position(|word| word == "--log");
    let file = log.and_then(|at| arguments.get(at + 1)).map(std::fs::File::create).transpose()?;
    let file = file.map(|file| std::io::BufWriter::with_capacity(1 << 20, file));
    let mut sink = Sink { file, lost: 0, void: 0, stalled: Duration::ZERO, errors: 0 };
    let tick = arguments.iter().position(|word| word == "--tick");
    let tick = tick.and_then(|at| arguments.get(at + 1)?.parse().ok());
    let mut config = EngineConfig::default();
    config.tick = tick.map_or(config.tick, Duration::from_millis);
    let mut engine = Engine::open(config)?;
    for slot in 0..targets {
        engine.set_target(ProbeTarget {
            slot,
            address: address(slot, family),
            method: Method::Icmp,
            interval: Duration::from_secs(1),
        });
    }
    turn_for(&mut engine, Duration::from_secs(1), &mut sink)?;
    let (cpu, user, before) = (cpu_now(), cpu_parts().0, engine.counters());
    turn_for(&mut engine, Duration::from_secs(seconds.into()), &mut sink)?;
    let (cpu, user, after) = (cpu_now() - cpu, cpu_parts().0 - user, engine.counters());
    for slot in 0..targets {
        engine.set_interval(slot, Duration::from_secs(3600));
    }
    turn_for(&mut engine, Duration::from_secs(2), &mut sink)?;
    let end = engine.counters();
    let unanswered = end.sent - end.answered;
    let sent = after.sent - before.sent;
    Tally {
        sent,
        answered: sent.saturating_sub(unanswered),
        cpu,
        rss_kib: rss_kib(),
        note: format!(
            "({:.0} % user; {} KiB tables, queue {} KiB; {} lost, {} void, {} overflowed, {} send errors, {} \
             forged, {} duplicate, {} late, {} errors, stalled {:?})",
            100.0 * user.as_secs_f64() / cpu.as_secs_f64(),
            engine.bytes() / 1024,
            engine.receive_capacity() / 1024,
            sink.lost,
            sink.void,
            end.overflowed,
            end.send_errors,
            end.forged,
            end.duplicate,
            end.late,
            sink.errors,
            sink.stalled,
        ),
    }
    .hand_over();
    Ok(())
}

fn turn_for(engine: &mut Engine, time: Duration, sink: &mut Sink) -> std::io::Result<()> {
    let end = Instant::now() + time;
    let mut out = Vec::new();
    while Instant::now() < end {
        engine.turn(boot_now(), &mut out);
        for ended in out.drain(..) {
            sink.take(ended)?;
        }
        engine.sleep(&[]);
    }
    Ok(())
}

impl Sink {
    fn take(&mut self, ended: Ended) -> std::io::Result<()> {
        match ended {
            Ended::Answered { slot, sent, rtt } => {
                if let Some(file) = &mut self.file {
                    writeln!(file, "{slot} {} {}", sent.0, rtt.as_nanos())?;
                }
            }
            Ended::Lost { .. } => self.lost += 1,
            Ended::Void { .. } => self.void += 1,
            Ended::Stalled { from, to } => self.stalled += to.since(from),
            Ended::Unsent { .. } | Ended::Error { .. } => self.errors += 1,
            Ended::Overflowed { .. } => {}
        }
        Ok(())
    }
}
