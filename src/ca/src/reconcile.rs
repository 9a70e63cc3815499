//! The log and the database, held against each other at a start.
//!
//! Of what the two say about a certificate the one holds that opens less. What only the log knows
//! comes from after a backup: nobody can say what it was for, so it is revoked. What was intended
//! and not finished is revoked as well. The log is written first, as always.

use ets_journal::{Entry, Subject as On};
use ets_model::WallTime;
use ets_store::{Store, Tx};
use serde_json::json;

use crate::log::{Event, Log, Ordered, Replay, Seen, What, ordered_at};
use crate::status::index::{Index, Standing};
use crate::tables;
use crate::{Authority, Error, Kept, Reason, Serial, State};

/// So many rows are read at once.
const PAGE: i64 = 2_048;
/// So many changes are written at once.
const STEP: usize = 64;
/// Who is named in the journal.
const HUB: &str = "hub";
/// Why nobody knows whether it was handed out.
const LOST: Reason = Reason::CessationOfOperation;

/// What is brought back.
#[derive(Debug, Default)]
pub(crate) struct Told {
    /// Intended, and never finished.
    pub(crate) abandoned: usize,
    /// Changed since the backup.
    pub(crate) changed: usize,
    /// Issued since the backup.
    pub(crate) unknown: usize,
}

/// One thing that is put right.
struct Step {
    serial: Serial,
    /// What the log lacks.
    events: Vec<Event>,
    /// What the database lacks.
    change: Option<Change>,
}

enum Change {
    Turn(State, Option<Reason>, i64),
    Adopt(Ordered, Reason, i64),
}

/// Holds the two against each other, puts both right and fills the index.
///
/// # Errors
/// The database's and the log's.
pub(crate) async fn reconcile(
    (store, authority): (&Store, &Authority),
    log: &Log,
    mut replay: Replay,
    index: &Index,
    now: WallTime,
) -> Result<Told, Error> {
    let (mut told, mut steps, mut last) = (Told::default(), Vec::new(), None);
    loop {
        let page = tables::after(store, last, PAGE).await?;
        let Some(end) = page.last() else { break };
        last = Some(end.serial);
        for mut kept in page {
            let seen = replay.seen.remove(&kept.serial);
            let step = known(&mut kept, seen, now, &mut told);
            if kept.issuer == authority.name() {
                index.enter(kept.serial, Standing::of(&kept));
            }
            steps.extend(step);
            put_right(store, authority, log, &mut steps, STEP, now).await?;
        }
    }
    for (serial, seen) in std::mem::take(&mut replay.seen) {
        let ordered = ordered_at(log.path(), seen.ordered, &authority.log_key())?;
        let step = unknown(serial, seen, ordered.unwrap_or_else(|| nothing_known(now)), now);
        if let Some(Change::Adopt(ordered, reason, since)) = &step.change {
            let (reason, until) = (Some(*reason), ordered.until);
            index.enter(serial, Standing::new(State::Revoked, reason, *since, until));
        }
        told.unknown += 1;
        steps.push(step);
        put_right(store, authority, log, &mut steps, STEP, now).await?;
    }
    put_right(store, authority, log, &mut steps, 1, now).await?;
    Ok(told)
}

/// A certificate that the database knows; it is changed to what holds.
fn known(kept: &mut Kept, seen: Option<Seen>, now: WallTime, told: &mut Told) -> Option<Step> {
    let before = (kept.state, kept.reason, kept.since);
    let logged = seen.map_or(State::Intended, |seen| seen.state);
    match (kept.state, seen) {
        (State::Active | State::Suspended | State::Intended, Some(seen))
            if seen.state == State::Revoked =>
        {
            (kept.state, kept.reason, kept.since) = (seen.state, seen.reason, WallTime(seen.since));
            told.changed += 1;
        }
        (State::Active, Some(seen)) if seen.state == State::Suspended => {
            (kept.state, kept.since) = (seen.state, WallTime(seen.since));
            told.changed += 1;
        }
        (State::Intended, _) => {
            (kept.state, kept.reason, kept.since) = (State::Revoked, Some(LOST), now);
            told.abandoned += 1;
        }
        _ => {}
    }
    let mut events = Vec::new();
    if seen.is_none() {
        events.push(Event::of(What::Intend, kept.serial, kept.not_before.0).ordered(order(kept)));
    }
    if logged != kept.state {
        events.push(event(kept));
    }
    let change = ((kept.state, kept.reason, kept.since) != before).then_some(Change::Turn(
        kept.state,
        kept.reason,
        kept.since.0,
    ));
    let is_right = events.is_empty() && change.is_none();
    (!is_right).then_some(Step { serial: kept.serial, events, change })
}

/// A certificate that only the log knows.
fn unknown(serial: Serial, seen: Seen, ordered: Ordered, now: WallTime) -> Step {
    let (reason, since) = match seen.state {
        State::Revoked => (seen.reason.unwrap_or(Reason::Unspecified), seen.since),
        _ => (LOST, now.0),
    };
    let events = match seen.state {
        State::Revoked => Vec::new(),
        _ => vec![Event::of(What::Revoke, serial, since).why(Some(reason))],
    };
    Step { serial, events, change: Some(Change::Adopt(ordered, reason, since)) }
}

/// For a line that a later release may write without it.
fn nothing_known(now: WallTime) -> Ordered {
    let empty = String::new;
    Ordered { profile: empty(), subject: empty(), names: empty(), from: now.0, until: i64::MAX }
}

fn order(kept: &Kept) -> Ordered {
    Ordered {
        profile: kept.profile.clone(),
        subject: kept.subject.clone(),
        names: kept.names.join(" "),
        from: kept.not_before.0,
        until: kept.not_after.0,
    }
}

fn event(kept: &Kept) -> Event {
    let what = match kept.state {
        State::Intended => What::Intend,
        State::Active => What::Issue,
        State::Suspended => What::Suspend,
        State::Revoked => What::Revoke,
    };
    Event::of(what, kept.serial, kept.since.0).why(kept.reason)
}

/// Writes what has gathered, once it is so much.
async fn put_right(
    store: &Store,
    authority: &Authority,
    log: &Log,
    steps: &mut Vec<Step>,
    least: usize,
    now: WallTime,
) -> Result<(), Error> {
    if steps.len() < least {
        return Ok(());
    }
    let steps = std::mem::take(steps);
    let events: Vec<Event> = steps.iter().flat_map(|step| step.events.clone()).collect();
    let lines = if events.is_empty() { 0 } else { log.append(events).await? };
    let issuer = authority.name().to_vec();
    store
        .write(move |tx: &mut Tx<'_>| {
            Box::pin(async move {
                for step in steps {
                    change(tx, step, &issuer, now).await?;
                }
                tables::logged(tx, lines).await
            })
        })
        .await
}

async fn change(tx: &mut Tx<'_>, step: Step, issuer: &[u8], now: WallTime) -> Result<(), Error> {
    let serial = step.serial;
    let (action, subject, reason) = match step.change {
        None => return Ok(()),
        Some(Change::Turn(to, reason, at)) => {
            let from: Vec<State> = State::ALL.into_iter().filter(|state| *state != to).collect();
            tables::turn(tx, serial, &from, to, reason, WallTime(at)).await?;
            let revoked = to == State::Revoked;
            (if revoked { "certificate.revoke" } else { "certificate.suspend" }, None, reason)
        }
        Some(Change::Adopt(ordered, reason, at)) => {
            tables::adopt(tx, (serial, issuer), &ordered, (reason, at)).await?;
            ("certificate.revoke", Some(ordered.subject), Some(reason))
        }
    };
    let entry = Entry::new(HUB, action, On::new("certificate", serial.to_string()))
        .why("found at the start: unfinished, or newer in the authority's log than in the database")
        .detail(json!({ "subject": subject, "reason": reason.map(Reason::code) }));
    ets_journal::append(tx, now, entry).await?;
    Ok(())
}
