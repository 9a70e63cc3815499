//! Finding certificates, and how many there are of each kind.

use std::time::Duration;

use ets_model::WallTime;
use ets_store::{Row, Store, values};

use crate::tables::{self, LISTED};
use crate::{Error, Kept, State};

/// How a certificate looks to an officer: its state, or that its time is over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shown {
    /// Valid now.
    Active,
    /// Suspended.
    Suspended,
    /// Revoked.
    Revoked,
    /// Its time is over.
    Expired,
    /// Valid, and its end comes within so long; the hub renews its own by itself.
    EndsWithin(Duration),
}

/// What is looked for; everything that is given must fit.
#[derive(Clone, Debug, Default)]
pub struct Query {
    /// A part of the subject, of a name or of the serial number, in any capitals.
    pub text: String,
    /// How it stands.
    pub shown: Option<Shown>,
    /// The name of its profile; empty for any.
    pub profile: String,
}

/// How many certificates there are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Figures {
    /// Valid now.
    pub active: u64,
    /// Suspended.
    pub suspended: u64,
    /// Revoked.
    pub revoked: u64,
    /// Valid, and their end comes soon; without those that the hub renews by itself.
    pub ending: u64,
}

/// Rows that are read at a time where some do not fit.
const STRIDE: usize = 1_000;
/// Within so long an end is soon.
pub const SOON: Duration = Duration::from_secs(30 * 86_400);

/// The certificates that fit, the newest first, at most `most` of them after the first `skipped`;
/// without what was signed.
///
/// # Errors
/// The database's.
pub async fn search(
    store: &Store,
    query: &Query,
    now: WallTime,
    (skipped, most): (usize, usize),
) -> Result<Vec<Kept>, Error> {
    let query = &Query { text: query.text.trim().to_lowercase(), ..query.clone() };
    let mut found = Vec::new();
    let mut after = (i64::MAX, String::new());
    let is_any = query.text.is_empty() && query.shown.is_none() && query.profile.is_empty();
    let stride = if is_any { (skipped + most).min(STRIDE) } else { STRIDE };
    // The database folds no Cyrillic capitals, so the text is compared here.
    loop {
        let sql = format!(
            "SELECT {LISTED} FROM ca_certificate WHERE ordered < $1 \
             OR (ordered = $1 AND serial < $2) ORDER BY ordered DESC, serial DESC LIMIT {stride}"
        );
        let rows = store.query(&sql, &values![after.0, after.1.clone()]).await?;
        for row in &rows {
            let kept = tables::read(row)?;
            if fits(&kept, query, now) {
                found.push(kept);
            }
        }
        match rows.last() {
            Some(last) if rows.len() == stride && found.len() < skipped + most => {
                after = (last.int("ordered")?, last.text("serial")?.to_owned());
            }
            _ => break,
        }
    }
    Ok(found.into_iter().skip(skipped).take(most).collect())
}

fn fits(kept: &Kept, query: &Query, now: WallTime) -> bool {
    let text = query.text.as_str();
    let is_over = kept.not_after <= now;
    let shown = match query.shown {
        None => true,
        Some(Shown::Active) => kept.state == State::Active && !is_over,
        Some(Shown::Suspended) => kept.state == State::Suspended && !is_over,
        Some(Shown::Revoked) => kept.state == State::Revoked,
        Some(Shown::Expired) => is_over && kept.state != State::Revoked,
        Some(Shown::EndsWithin(soon)) => {
            let is_ours = matches!(kept.profile.as_str(), "hub" | "ocsp");
            kept.state == State::Active && !is_over && kept.not_after <= now.plus(soon) && !is_ours
        }
    };
    shown
        && (query.profile.is_empty() || kept.profile == query.profile)
        && (text.is_empty()
            || kept.subject.to_lowercase().contains(text)
            || kept.names.iter().any(|name| name.to_lowercase().contains(text))
            || kept.serial.to_string().contains(text))
}

/// How many certificates there are at `now`.
///
/// # Errors
/// The database's.
pub async fn figures(store: &Store, now: WallTime) -> Result<Figures, Error> {
    let sql = "SELECT state, COUNT(*) AS many, \
        SUM(CASE WHEN not_after > $1 THEN 1 ELSE 0 END) AS alive, \
        SUM(CASE WHEN not_after > $1 AND not_after <= $2 AND profile NOT IN ('hub', 'ocsp') \
        THEN 1 ELSE 0 END) AS ending \
        FROM ca_certificate GROUP BY state";
    let rows = store.query(sql, &values![now.0, now.plus(SOON).0]).await?;
    let mut figures = Figures::default();
    for row in &rows {
        let of = |name: &str| -> Result<u64, Error> { Ok(Row::number(row, name)?) };
        match row.text("state")? {
            "active" => (figures.active, figures.ending) = (of("alive")?, of("ending")?),
            "suspended" => figures.suspended = of("alive")?,
            "revoked" => figures.revoked = of("many")?,
            _ => {}
        }
    }
    Ok(figures)
}
