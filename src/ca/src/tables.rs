//! Every certificate in `state.db`: written before it is signed, never removed.

use ets_model::WallTime;
use ets_store::{Migration, Row, Tx, values};
use ets_tls::CertId;

use crate::log::Ordered;
use crate::{Draft, Error, Kept, Reason, Serial, State};

/// The migrations, for `state.db`.
pub const MIGRATIONS: &[Migration] = &[
    Migration {
        owner: "ca",
        version: 1,
        name: "certificates",
        sqlite: "
CREATE TABLE ca_certificate (
    serial TEXT PRIMARY KEY,
    issuer BLOB NOT NULL,
    profile TEXT NOT NULL,
    subject TEXT NOT NULL,
    names TEXT NOT NULL,
    not_before INTEGER NOT NULL,
    not_after INTEGER NOT NULL,
    signed_part BLOB NOT NULL,
    certificate TEXT,
    state TEXT NOT NULL,
    state_since INTEGER NOT NULL,
    reason TEXT,
    ordered INTEGER NOT NULL
) STRICT;
CREATE INDEX ca_certificate_state ON ca_certificate (state, not_after);
CREATE INDEX ca_certificate_ordered ON ca_certificate (ordered, serial);
",
        postgres: "
CREATE TABLE ca_certificate (
    serial TEXT PRIMARY KEY,
    issuer BYTEA NOT NULL,
    profile TEXT NOT NULL,
    subject TEXT NOT NULL,
    names TEXT NOT NULL,
    not_before BIGINT NOT NULL,
    not_after BIGINT NOT NULL,
    signed_part BYTEA NOT NULL,
    certificate TEXT,
    state TEXT NOT NULL,
    state_since BIGINT NOT NULL,
    reason TEXT,
    ordered BIGINT NOT NULL
);
CREATE INDEX ca_certificate_state ON ca_certificate (state, not_after);
CREATE INDEX ca_certificate_ordered ON ca_certificate (ordered, serial);
",
    },
    Migration {
        owner: "ca",
        version: 2,
        name: "marks",
        sqlite: "
CREATE TABLE ca_mark (name TEXT PRIMARY KEY, value INTEGER NOT NULL) STRICT;
",
        postgres: "
CREATE TABLE ca_mark (name TEXT PRIMARY KEY, value BIGINT NOT NULL);
",
    },
];

/// For lists: without what was signed, which is most of a row.
pub(crate) const LISTED: &str = "serial, issuer, profile, subject, names, not_before, not_after, \
    state, state_since, reason, ordered";

/// Numbers that must not be forgotten.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mark {
    /// So many lines of the log were on the disk.
    Log,
    /// Numbers of revocation lists below this one may be in use.
    Number,
    /// Every list was made by its age at this moment, seconds since 1970, or later.
    Lists,
}

impl Mark {
    fn code(self) -> &'static str {
        match self {
            Self::Log => "log",
            Self::Number => "number",
            Self::Lists => "lists",
        }
    }
}

/// What a mark is; nought where it was never made.
pub(crate) async fn marked(store: &ets_store::Store, mark: Mark) -> Result<i64, Error> {
    let sql = "SELECT value FROM ca_mark WHERE name = $1";
    let row = store.query_optional(sql, &values![mark.code()]).await?;
    Ok(row.map(|row| row.int("value")).transpose()?.unwrap_or(0))
}

/// Makes a mark, or moves it; the numbers are never moved back.
pub(crate) async fn mark(tx: &mut Tx<'_>, mark: Mark, value: i64) -> Result<(), Error> {
    let only = if mark == Mark::Lists { "" } else { " WHERE ca_mark.value < excluded.value" };
    let sql = format!(
        "INSERT INTO ca_mark (name, value) VALUES ($1, $2) \
         ON CONFLICT (name) DO UPDATE SET value = excluded.value{only}"
    );
    tx.execute(&sql, &values![mark.code(), value]).await?;
    Ok(())
}

/// The log begins anew: nothing is known of how many lines it had.
pub(crate) async fn log_anew(tx: &mut Tx<'_>) -> Result<(), Error> {
    tx.execute("DELETE FROM ca_mark WHERE name = $1", &values![Mark::Log.code()]).await?;
    Ok(())
}

/// So many lines of the log were on the disk.
pub(crate) async fn logged(tx: &mut Tx<'_>, lines: u64) -> Result<(), Error> {
    mark(tx, Mark::Log, i64::try_from(lines).unwrap_or(i64::MAX)).await
}

/// Writes down what is about to be signed.
pub(crate) async fn intend(
    tx: &mut Tx<'_>,
    draft: &Intent,
    issuer: &[u8],
    at: WallTime,
) -> Result<(), Error> {
    let sql = "INSERT INTO ca_certificate (serial, issuer, profile, subject, names, not_before, \
        not_after, signed_part, state, state_since, ordered) \
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, 'intended', $9, $9)";
    let Ordered { profile, subject, names, from, until } = &draft.ordered;
    let row = values![
        draft.serial.to_string(),
        issuer.to_vec(),
        profile,
        subject,
        names,
        *from,
        *until,
        draft.signed_part.clone(),
        at.0
    ];
    tx.execute(sql, &row).await?;
    Ok(())
}

/// Writes down a certificate that only the log knows: it opens nothing.
pub(crate) async fn adopt(
    tx: &mut Tx<'_>,
    (serial, issuer): (Serial, &[u8]),
    ordered: &Ordered,
    (reason, at): (Reason, i64),
) -> Result<(), Error> {
    let sql = "INSERT INTO ca_certificate (serial, issuer, profile, subject, names, not_before, \
        not_after, signed_part, state, state_since, reason, ordered) \
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, 'revoked', $9, $10, $9)";
    let Ordered { profile, subject, names, from, until } = ordered;
    let row = values![
        serial.to_string(),
        issuer.to_vec(),
        profile,
        subject,
        names,
        *from,
        *until,
        Vec::<u8>::new(),
        at,
        reason.code()
    ];
    tx.execute(sql, &row).await?;
    Ok(())
}

/// What is written down before a signature.
#[derive(Clone, Debug)]
pub(crate) struct Intent {
    serial: Serial,
    pub(crate) ordered: Ordered,
    signed_part: Vec<u8>,
}

impl Intent {
    pub(crate) fn new(draft: &Draft, wanted: &crate::Wanted) -> Self {
        let ordered = Ordered {
            profile: wanted.profile.clone(),
            subject: wanted.subject.to_string(),
            names: wanted.names.join(" "),
            from: WallTime::from(draft.from).0,
            until: WallTime::from(draft.until).0,
        };
        Self { serial: draft.serial, ordered, signed_part: draft.signed_part.clone() }
    }
}

/// The signature came about.
pub(crate) async fn issued(
    tx: &mut Tx<'_>,
    serial: Serial,
    pem: &str,
    at: WallTime,
) -> Result<(), Error> {
    let sql = "UPDATE ca_certificate SET certificate = $2, state = 'active', state_since = $3 \
        WHERE serial = $1 AND state = 'intended'";
    match tx.execute(sql, &values![serial.to_string(), pem, at.0]).await? {
        1 => Ok(()),
        _ => Err(Error::Abandoned(serial)),
    }
}

/// Turns a certificate from one of these states into another; whether it was in one of them.
pub(crate) async fn turn(
    tx: &mut Tx<'_>,
    serial: Serial,
    from: &[State],
    to: State,
    reason: Option<Reason>,
    at: WallTime,
) -> Result<bool, Error> {
    let from: Vec<String> = from.iter().map(|state| format!("'{}'", state.code())).collect();
    let sql = format!(
        "UPDATE ca_certificate SET state = $2, state_since = $3, reason = $4 \
         WHERE serial = $1 AND state IN ({})",
        from.join(", ")
    );
    let reason = reason.map(|reason| reason.code().to_owned());
    let row = values![serial.to_string(), to.code(), at.0, reason];
    Ok(tx.execute(&sql, &row).await? == 1)
}

/// Everything that opens nothing. Also what is over, because the clock may be
/// wrong now and step back later.
pub(crate) async fn dead(store: &ets_store::Store) -> Result<Vec<CertId>, Error> {
    let sql = "SELECT serial, issuer FROM ca_certificate WHERE state IN ('revoked', 'suspended')";
    store.query(sql, &[]).await?.iter().map(id).collect()
}

/// Whether nothing was ever ordered.
///
/// # Errors
/// The database's.
pub async fn is_empty(store: &ets_store::Store) -> Result<bool, Error> {
    let row = store.query_optional("SELECT serial FROM ca_certificate LIMIT 1", &[]).await?;
    Ok(row.is_none())
}

/// Every certificate of a profile, whatever became of it.
pub(crate) async fn of_profile(
    store: &ets_store::Store,
    profile: &str,
) -> Result<Vec<(CertId, Serial)>, Error> {
    let sql = "SELECT serial, issuer FROM ca_certificate WHERE profile = $1";
    store
        .query(sql, &values![profile])
        .await?
        .iter()
        .map(|row| Ok((id(row)?, serial(row)?)))
        .collect()
}

fn id(row: &Row) -> Result<CertId, Error> {
    Ok(CertId::new(row.blob("issuer")?, serial(row)?.bytes()))
}

/// One certificate.
pub(crate) async fn find(store: &ets_store::Store, wanted: Serial) -> Result<Option<Kept>, Error> {
    let sql = format!("SELECT {LISTED}, certificate FROM ca_certificate WHERE serial = $1");
    let row = store.query_optional(&sql, &values![wanted.to_string()]).await?;
    row.map(|row| read(&row)).transpose()
}

/// The next certificates in the order of their numbers, without what was signed.
pub(crate) async fn after(
    store: &ets_store::Store,
    serial: Option<Serial>,
    most: i64,
) -> Result<Vec<Kept>, Error> {
    let sql =
        format!("SELECT {LISTED} FROM ca_certificate WHERE serial > $1 ORDER BY serial LIMIT $2");
    let serial = serial.map(|serial| serial.to_string()).unwrap_or_default();
    store.query(&sql, &values![serial, most]).await?.iter().map(read).collect()
}

/// The newest first.
pub(crate) async fn list(store: &ets_store::Store, most: u32) -> Result<Vec<Kept>, Error> {
    let sql = format!(
        "SELECT {LISTED}, certificate FROM ca_certificate \
         ORDER BY ordered DESC, serial DESC LIMIT $1"
    );
    store.query(&sql, &values![i64::from(most)]).await?.iter().map(read).collect()
}

pub(crate) fn read(row: &Row) -> Result<Kept, Error> {
    let serial = serial(row)?;
    let unreadable = || Error::Unreadable(serial.to_string());
    let state = row.text("state")?;
    let state = State::ALL.into_iter().find(|one| one.code() == state).ok_or_else(unreadable)?;
    let reason = match row.opt_text("reason")? {
        Some(code) => Some(Reason::read(code).ok_or_else(unreadable)?),
        None => None,
    };
    Ok(Kept {
        serial,
        issuer: row.blob("issuer")?.to_vec(),
        profile: row.text("profile")?.to_owned(),
        subject: row.text("subject")?.to_owned(),
        names: row.text("names")?.split_whitespace().map(str::to_owned).collect(),
        not_before: WallTime(row.int("not_before")?),
        not_after: WallTime(row.int("not_after")?),
        certificate: certificate(row)?,
        state,
        since: WallTime(row.int("state_since")?),
        reason,
    })
}

/// Empty where it was not asked for.
fn certificate(row: &Row) -> Result<String, Error> {
    if row.columns().iter().all(|column| column != "certificate") {
        return Ok(String::new());
    }
    Ok(row.opt_text("certificate")?.unwrap_or_default().to_owned())
}

fn serial(row: &Row) -> Result<Serial, Error> {
    let text = row.text("serial")?;
    text.parse().map_err(|_| Error::Unreadable(text.to_owned()))
}
