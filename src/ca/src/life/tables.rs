//! Orders in `state.db`: written before anything is signed, never removed.

use ets_model::{PersonId, WallTime};
use ets_store::{Migration, Row, Store, Tx, values};

use super::stage::Step;
use super::{Contact, Error, Order, OrderId};
use crate::Serial;

/// The migrations, for `state.db`.
pub const MIGRATIONS: &[Migration] = &[ORDERS, RENEWAL];

const ORDERS: Migration = Migration {
    owner: "token",
    version: 1,
    name: "orders",
    sqlite: "
CREATE TABLE token_order (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    person TEXT NOT NULL,
    subject TEXT NOT NULL,
    profile TEXT NOT NULL,
    names TEXT NOT NULL,
    token TEXT NOT NULL,
    request TEXT,
    until INTEGER,
    replaces INTEGER,
    ordered_by TEXT NOT NULL,
    ordered_human TEXT NOT NULL,
    ordered INTEGER NOT NULL,
    needs_second INTEGER NOT NULL,
    confirmed_by TEXT,
    step TEXT NOT NULL,
    since INTEGER NOT NULL,
    pending TEXT,
    serial TEXT
) STRICT;
CREATE INDEX token_order_person ON token_order (person, id);
CREATE INDEX token_order_serial ON token_order (serial);
CREATE INDEX token_order_replaces ON token_order (replaces);
",
    postgres: "
CREATE TABLE token_order (
    id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    person TEXT NOT NULL,
    subject TEXT NOT NULL,
    profile TEXT NOT NULL,
    names TEXT NOT NULL,
    token TEXT NOT NULL,
    request TEXT,
    until BIGINT,
    replaces BIGINT,
    ordered_by TEXT NOT NULL,
    ordered_human TEXT NOT NULL,
    ordered BIGINT NOT NULL,
    needs_second BIGINT NOT NULL,
    confirmed_by TEXT,
    step TEXT NOT NULL,
    since BIGINT NOT NULL,
    pending TEXT,
    serial TEXT
);
CREATE INDEX token_order_person ON token_order (person, id);
CREATE INDEX token_order_serial ON token_order (serial);
CREATE INDEX token_order_replaces ON token_order (replaces);
",
};

/// Whose owner is told where, what was renewed, and who was told that his certificate ends.
const RENEWAL: Migration = Migration {
    owner: "token",
    version: 2,
    name: "renewal",
    sqlite: "
ALTER TABLE token_order ADD COLUMN email TEXT;
ALTER TABLE token_order ADD COLUMN lang TEXT;
ALTER TABLE token_order ADD COLUMN renews TEXT;
CREATE INDEX token_order_renews ON token_order (renews);
CREATE TABLE token_notice (
    serial TEXT NOT NULL,
    days INTEGER NOT NULL,
    at INTEGER NOT NULL,
    letter INTEGER,
    PRIMARY KEY (serial, days)
) STRICT;
",
    postgres: "
ALTER TABLE token_order ADD COLUMN email TEXT;
ALTER TABLE token_order ADD COLUMN lang TEXT;
ALTER TABLE token_order ADD COLUMN renews TEXT;
CREATE INDEX token_order_renews ON token_order (renews);
CREATE TABLE token_notice (
    serial TEXT NOT NULL,
    days BIGINT NOT NULL,
    at BIGINT NOT NULL,
    letter BIGINT,
    PRIMARY KEY (serial, days)
);
",
};

pub(super) const COLUMNS: &str = "id, person, subject, profile, names, token, request, until, replaces, \
    ordered_by, ordered_human, ordered, needs_second, confirmed_by, step, since, pending, serial, \
    email, lang, renews";

/// Writes an order down; its number is given here.
pub(crate) async fn insert(tx: &mut Tx<'_>, order: &Order) -> Result<OrderId, Error> {
    let sql = "INSERT INTO token_order (person, subject, profile, names, token, request, until, \
        replaces, ordered_by, ordered_human, ordered, needs_second, step, since, email, lang, renews) \
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $11, $14, $15, $16) \
        RETURNING id";
    let row = values![
        order.person.as_str(),
        &order.subject,
        &order.profile,
        order.names.join(" "),
        &order.token,
        order.request.clone(),
        order.until.map(|until| until.0),
        order.replaces.map(|id| id.0),
        &order.ordered_by,
        &order.ordered_human,
        order.ordered.0,
        i64::from(order.needs_second),
        order.step.code(),
        order.contact.email.as_ref().map(ToString::to_string),
        order.contact.lang.code(),
        order.renews.map(|serial| serial.to_string())
    ];
    Ok(OrderId(tx.query_one(sql, &row).await?.int("id")?))
}

/// The second person's word.
pub(crate) async fn confirm(tx: &mut Tx<'_>, id: OrderId, by: &str) -> Result<bool, Error> {
    let sql = "UPDATE token_order SET confirmed_by = $2 \
        WHERE id = $1 AND confirmed_by IS NULL AND step = 'ordered'";
    Ok(tx.execute(sql, &values![id.0, by]).await? == 1)
}

/// Goes from one of these steps to another; whether it was in one of them.
pub(crate) async fn step(
    tx: &mut Tx<'_>,
    id: OrderId,
    from: &[Step],
    to: Step,
    at: WallTime,
) -> Result<bool, Error> {
    let from: Vec<String> = from.iter().map(|step| format!("'{}'", step.code())).collect();
    let from = from.join(", ");
    let sql =
        format!("UPDATE token_order SET step = $2, since = $3 WHERE id = $1 AND step IN ({from})");
    Ok(tx.execute(&sql, &values![id.0, to.code(), at.0]).await? == 1)
}

/// Something is about to be signed for it; whether it is still wanted.
pub(crate) async fn pending(
    tx: &mut Tx<'_>,
    id: OrderId,
    serial: Serial,
) -> Result<bool, ets_store::Error> {
    let sql = "UPDATE token_order SET pending = $2 \
        WHERE id = $1 AND serial IS NULL AND step = 'ordered'";
    Ok(tx.execute(sql, &values![id.0, serial.to_string()]).await? == 1)
}

/// The orders for which something was being signed when the process ended.
pub(crate) async fn unfinished(store: &Store) -> Result<Vec<Order>, Error> {
    let sql =
        format!("SELECT {COLUMNS} FROM token_order WHERE pending IS NOT NULL AND serial IS NULL");
    store.query(&sql, &[]).await?.iter().map(read).collect()
}

/// Its certificate came about.
pub(crate) async fn issued(
    tx: &mut Tx<'_>,
    id: OrderId,
    serial: Serial,
    at: WallTime,
) -> Result<bool, Error> {
    // Who renews has his token in his hands.
    let sql = "UPDATE token_order SET since = $3, serial = $2, \
        step = CASE WHEN renews IS NULL THEN 'issued' ELSE 'handed-over' END \
        WHERE id = $1 AND serial IS NULL AND step = 'ordered'";
    Ok(tx.execute(sql, &values![id.0, serial.to_string(), at.0]).await? == 1)
}

pub(crate) async fn find(store: &Store, id: OrderId) -> Result<Option<Order>, Error> {
    let sql = format!("SELECT {COLUMNS} FROM token_order WHERE id = $1");
    store.query_optional(&sql, &values![id.0]).await?.map(|row| read(&row)).transpose()
}

/// The order of a certificate.
pub(crate) async fn of_serial(store: &Store, serial: Serial) -> Result<Option<Order>, Error> {
    let sql = format!("SELECT {COLUMNS} FROM token_order WHERE serial = $1");
    store
        .query_optional(&sql, &values![serial.to_string()])
        .await?
        .map(|row| read(&row))
        .transpose()
}

/// The order that comes in the place of another and was not refused.
pub(crate) async fn replacing(store: &Store, id: OrderId) -> Result<Option<Order>, Error> {
    let sql = format!(
        "SELECT {COLUMNS} FROM token_order WHERE replaces = $1 AND until IS NULL \
         AND step <> 'refused' ORDER BY id DESC LIMIT 1"
    );
    store.query_optional(&sql, &values![id.0]).await?.map(|row| read(&row)).transpose()
}

/// The ones that were ordered in the place of another and have no certificate yet are refused.
pub(crate) async fn refuse_open(tx: &mut Tx<'_>, id: OrderId, at: WallTime) -> Result<(), Error> {
    let sql = "UPDATE token_order SET step = 'refused', since = $2 \
        WHERE replaces = $1 AND serial IS NULL AND step = 'ordered'";
    tx.execute(sql, &values![id.0, at.0]).await?;
    Ok(())
}

/// The order by which a certificate is renewed, unless it was refused.
pub(crate) async fn renewing(store: &Store, serial: Serial) -> Result<Option<Order>, Error> {
    let sql = format!(
        "SELECT {COLUMNS} FROM token_order WHERE renews = $1 AND step <> 'refused' \
         ORDER BY id DESC LIMIT 1"
    );
    store
        .query_optional(&sql, &values![serial.to_string()])
        .await?
        .map(|row| read(&row))
        .transpose()
}

/// Renewals of a certificate that have none yet are refused.
pub(crate) async fn refuse_renewals(
    tx: &mut Tx<'_>,
    serial: Serial,
    at: WallTime,
) -> Result<(), Error> {
    let sql = "UPDATE token_order SET step = 'refused', since = $2 \
        WHERE renews = $1 AND serial IS NULL AND step = 'ordered'";
    tx.execute(sql, &values![serial.to_string(), at.0]).await?;
    Ok(())
}

/// Where its owner is told, from now on.
pub(crate) async fn contact(tx: &mut Tx<'_>, id: OrderId, contact: &Contact) -> Result<(), Error> {
    let sql = "UPDATE token_order SET email = $2, lang = $3 WHERE id = $1";
    let email = contact.email.as_ref().map(ToString::to_string);
    tx.execute(sql, &values![id.0, email, contact.lang.code()]).await?;
    Ok(())
}

/// The temporary ones that stand in for another.
pub(crate) async fn temporary(store: &Store, id: OrderId) -> Result<Vec<Order>, Error> {
    let sql =
        format!("SELECT {COLUMNS} FROM token_order WHERE replaces = $1 AND until IS NOT NULL");
    store.query(&sql, &values![id.0]).await?.iter().map(read).collect()
}

/// The newest first.
pub(crate) async fn list(store: &Store, most: u32) -> Result<Vec<Order>, Error> {
    let sql = format!("SELECT {COLUMNS} FROM token_order ORDER BY id DESC LIMIT $1");
    store.query(&sql, &values![i64::from(most)]).await?.iter().map(read).collect()
}

/// Those on which somebody may have to act: all but those in use and those that are over.
pub(crate) async fn waiting(store: &Store, now: WallTime) -> Result<Vec<Order>, Error> {
    let sql = format!(
        "SELECT {COLUMNS} FROM token_order WHERE step = 'ordered' OR EXISTS \
         (SELECT 1 FROM ca_certificate WHERE ca_certificate.serial = token_order.serial \
         AND not_after > $1 AND ((step = 'issued' AND state = 'active') \
         OR (step = 'lost' AND state = 'suspended'))) ORDER BY id DESC"
    );
    store.query(&sql, &values![now.0]).await?.iter().map(read).collect()
}

/// Those with a certificate that replaced another one for good, and left something of it alive: its
/// certificate, or what stands in for it or was to.
pub(crate) async fn half_replaced(store: &Store) -> Result<Vec<Order>, Error> {
    let sql = format!(
        "SELECT {COLUMNS} FROM token_order WHERE replaces IS NOT NULL AND until IS NULL \
         AND serial IS NOT NULL AND EXISTS (SELECT 1 FROM token_order AS other \
         LEFT JOIN ca_certificate ON ca_certificate.serial = other.serial \
         WHERE (other.id = token_order.replaces AND state IN ('active', 'suspended')) \
         OR (other.replaces = token_order.replaces AND ((other.until IS NOT NULL \
         AND state IN ('active', 'suspended')) \
         OR (other.serial IS NULL AND other.step = 'ordered'))))"
    );
    store.query(&sql, &[]).await?.iter().map(read).collect()
}

pub(super) fn read(row: &Row) -> Result<Order, Error> {
    let id = OrderId(row.int("id")?);
    let unreadable = || crate::Error::Unreadable(format!("of order {id}"));
    let step = row.text("step")?;
    let step = Step::ALL.into_iter().find(|one| one.code() == step).ok_or_else(unreadable)?;
    let number = |column: &str| -> Result<Option<Serial>, Error> {
        let text = row.opt_text(column)?;
        Ok(text.map(|text| text.parse().map_err(|_| unreadable())).transpose()?)
    };
    Ok(Order {
        id,
        person: PersonId::from_kept(row.text("person")?),
        subject: row.text("subject")?.to_owned(),
        profile: row.text("profile")?.to_owned(),
        names: row.text("names")?.split_whitespace().map(str::to_owned).collect(),
        token: row.text("token")?.to_owned(),
        request: row.opt_text("request")?.map(str::to_owned),
        until: row.opt_int("until")?.map(WallTime),
        replaces: row.opt_int("replaces")?.map(OrderId),
        renews: number("renews")?,
        contact: Contact {
            email: row.opt_text("email")?.map(str::parse).transpose().map_err(|_| unreadable())?,
            // Orders of an earlier release name none.
            lang: row.opt_text("lang")?.and_then(|code| code.parse().ok()).unwrap_or_default(),
        },
        ordered_by: row.text("ordered_by")?.to_owned(),
        ordered_human: row.text("ordered_human")?.to_owned(),
        ordered: WallTime(row.int("ordered")?),
        confirmed_by: row.opt_text("confirmed_by")?.map(str::to_owned),
        needs_second: row.flag("needs_second")?,
        step,
        since: WallTime(row.int("since")?),
        pending: number("pending")?,
        serial: number("serial")?,
    })
}
