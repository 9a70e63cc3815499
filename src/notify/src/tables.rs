//! Letters in `state.db`: written with what causes them, never removed.

use ets_model::WallTime;
use ets_store::{Migration, Row, Store, Tx, values};

use crate::letter::{Kept, LetterId, State};
use crate::{Error, Letter};

/// The migrations, for `state.db`.
pub const MIGRATIONS: &[Migration] = &[Migration {
    owner: "notify",
    version: 1,
    name: "letters",
    sqlite: "
CREATE TABLE notify_letter (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    recipient TEXT NOT NULL,
    subject TEXT NOT NULL,
    body TEXT NOT NULL,
    message_id TEXT NOT NULL UNIQUE,
    state TEXT NOT NULL,
    tries INTEGER NOT NULL,
    made INTEGER NOT NULL,
    next_try INTEGER NOT NULL,
    done INTEGER,
    words TEXT NOT NULL
) STRICT;
CREATE INDEX notify_letter_due ON notify_letter (state, next_try);
",
    postgres: "
CREATE TABLE notify_letter (
    id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    recipient TEXT NOT NULL,
    subject TEXT NOT NULL,
    body TEXT NOT NULL,
    message_id TEXT NOT NULL UNIQUE,
    state TEXT NOT NULL,
    tries BIGINT NOT NULL,
    made BIGINT NOT NULL,
    next_try BIGINT NOT NULL,
    done BIGINT,
    words TEXT NOT NULL
);
CREATE INDEX notify_letter_due ON notify_letter (state, next_try);
",
}];

const COLUMNS: &str =
    "id, recipient, subject, body, message_id, state, tries, made, next_try, done, words";

/// Writes a letter down; its number is given here.
pub(crate) async fn insert(
    tx: &mut Tx<'_>,
    letter: &Letter,
    message_id: &str,
    at: WallTime,
) -> Result<LetterId, ets_store::Error> {
    let sql = "INSERT INTO notify_letter \
        (recipient, subject, body, message_id, state, tries, made, next_try, words) \
        VALUES ($1, $2, $3, $4, 'queued', 0, $5, $5, '') RETURNING id";
    let row =
        values![letter.to.to_string(), &letter.subject, &letter.text, message_id.to_owned(), at.0];
    Ok(LetterId(tx.query_one(sql, &row).await?.int("id")?))
}

/// What the relay did with a letter.
pub(crate) async fn done(
    tx: &mut Tx<'_>,
    id: LetterId,
    (state, words): (State, &str),
    at: WallTime,
) -> Result<(), ets_store::Error> {
    let sql = "UPDATE notify_letter SET state = $2, words = $3, done = $4 \
        WHERE id = $1 AND state = 'queued'";
    tx.execute(sql, &values![id.0, state.code(), words, at.0]).await?;
    Ok(())
}

/// A letter is tried again later.
pub(crate) async fn put_off(
    tx: &mut Tx<'_>,
    id: LetterId,
    next_try: WallTime,
    words: &str,
) -> Result<(), ets_store::Error> {
    let sql = "UPDATE notify_letter SET tries = tries + 1, next_try = $2, words = $3 \
        WHERE id = $1 AND state = 'queued'";
    tx.execute(sql, &values![id.0, next_try.0, words]).await?;
    Ok(())
}

/// The letters that are to be tried now, the one that waits longest first.
pub(crate) async fn due(store: &Store, now: WallTime, most: u32) -> Result<Vec<Kept>, Error> {
    let sql = format!(
        "SELECT {COLUMNS} FROM notify_letter WHERE state = 'queued' AND next_try <= $1 \
         ORDER BY next_try, id LIMIT $2"
    );
    store.query(&sql, &values![now.0, i64::from(most)]).await?.iter().map(read).collect()
}

/// One letter.
///
/// # Errors
/// The database's.
pub async fn find(store: &Store, id: LetterId) -> Result<Option<Kept>, Error> {
    let sql = format!("SELECT {COLUMNS} FROM notify_letter WHERE id = $1");
    store.query_optional(&sql, &values![id.0]).await?.map(|row| read(&row)).transpose()
}

/// How many letters there are, of all time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Figures {
    /// Waiting for the relay.
    pub queued: u64,
    /// Taken by the relay.
    pub sent: u64,
    /// Their address was refused by it for good.
    pub failed: u64,
}

/// How many letters there are.
///
/// # Errors
/// The database's.
pub async fn figures(store: &Store) -> Result<Figures, Error> {
    let sql = "SELECT state, COUNT(*) AS many FROM notify_letter GROUP BY state";
    let mut figures = Figures::default();
    for row in store.query(sql, &[]).await? {
        let many = row.number("many")?;
        match row.text("state")? {
            "queued" => figures.queued = many,
            "sent" => figures.sent = many,
            _ => figures.failed = many,
        }
    }
    Ok(figures)
}

fn read(row: &Row) -> Result<Kept, Error> {
    let id = row.int("id")?;
    let state = row.text("state")?;
    let state = State::ALL.into_iter().find(|one| one.code() == state);
    Ok(Kept {
        id: LetterId(id),
        to: row.text("recipient")?.to_owned(),
        subject: row.text("subject")?.to_owned(),
        text: row.text("body")?.to_owned(),
        message_id: row.text("message_id")?.to_owned(),
        state: state.ok_or(Error::Unreadable(id))?,
        tries: row.number("tries")?,
        made: WallTime(row.int("made")?),
        next_try: WallTime(row.int("next_try")?),
        done: row.opt_int("done")?.map(WallTime),
        words: row.text("words")?.to_owned(),
    })
}
