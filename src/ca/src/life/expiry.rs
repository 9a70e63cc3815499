//! Notices before a certificate ends (T1.4): one letter a certificate and lead time, written with
//! the note that it was written.

use std::sync::Arc;
use std::time::Duration;

use ets_i18n::{TimeZone, Tr, t};
use ets_journal::Subject as On;
use ets_model::WallTime;
use ets_notify::{Letter, Notify, State};
use ets_registry::Author;
use ets_runtime::{Clock, Shutdown};
use ets_store::{Row, Store, Tx, values};
use serde_json::{Value, json};

use super::desk::{Desk, entry};
use super::{Contact, Error, Order, OrderId, tables};
use crate::profile::{Names, Profile, Renewal};
use crate::{Serial, Subject};

/// How often it is looked who is to be told.
const LOOK: Duration = Duration::from_secs(3_600);
/// A day in microseconds.
const DAY: i64 = 86_400_000_000;

/// When and how owners are told.
#[derive(Clone, Debug)]
pub struct Expiry {
    /// So many days before the end, in any order.
    pub days: Vec<u32>,
    /// The page to which the letters lead.
    pub url: String,
    /// The zone of the dates in them.
    pub zone: TimeZone,
}

/// Who tells them. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Notices(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    store: Store,
    clock: Clock,
    notify: Notify,
    expiry: Expiry,
}

/// A notice that was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Told {
    /// So many days before the end it was due.
    pub days: u32,
    /// When it was written.
    pub at: WallTime,
    /// The letter and what became of it.
    pub letter: Option<ets_notify::Kept>,
}

/// A certificate whose owner is to be told.
struct Due {
    serial: Serial,
    not_after: WallTime,
    days: u32,
}

impl Notices {
    /// On `state.db`, opened with [`super::MIGRATIONS`] and those of the room of letters.
    pub fn new(store: Store, clock: Clock, notify: Notify, expiry: Expiry) -> Self {
        Self(Arc::new(Inner { store, clock, notify, expiry }))
    }

    /// Tells owners until shutdown.
    ///
    /// # Errors
    /// Never: what fails is told in the log and tried again.
    pub async fn run(self, shutdown: Shutdown) -> Result<(), Error> {
        let mut beat = tokio::time::interval(LOOK);
        loop {
            tokio::select! {
                () = shutdown.requested() => return Ok(()),
                _ = beat.tick() => {}
            }
            match self.look().await {
                Ok(0) => {}
                Ok(told) => tracing::info!(told, "owners are told that their certificates end"),
                Err(error) => tracing::error!(%error, "owners could not be told of an end"),
            }
        }
    }

    /// Writes to everybody who is due and was not told; answers to how many. Who cannot be written
    /// to is named in the log, and the next one is told.
    ///
    /// # Errors
    /// The database's, where it is away.
    pub async fn look(&self) -> Result<usize, Error> {
        let mut told = 0;
        for due in self.due().await? {
            let serial = due.serial;
            match self.tell_of(due).await {
                Ok(is_told) => told += usize::from(is_told),
                Err(Error::Store(error)) if error.is_transient() => return Err(error.into()),
                Err(error) => tracing::error!(%serial, %error, "an owner could not be told"),
            }
        }
        Ok(told)
    }

    async fn tell_of(&self, due: Due) -> Result<bool, Error> {
        match tables::of_serial(&self.0.store, due.serial).await? {
            Some(order) => self.tell(due, &order).await,
            None => Ok(false),
        }
    }

    /// Valid certificates that were ordered for good, whose owner has an address and no successor,
    /// and whose nearest lead time nobody wrote about.
    async fn due(&self) -> Result<Vec<Due>, Error> {
        let sql = "SELECT one.serial, one.not_after, MIN(token_notice.days) AS told \
            FROM ca_certificate AS one JOIN token_order ON token_order.serial = one.serial \
            LEFT JOIN token_notice ON token_notice.serial = one.serial \
            WHERE one.state = 'active' AND one.not_after > $1 AND one.not_after <= $2 \
            AND token_order.until IS NULL AND token_order.email IS NOT NULL \
            AND NOT EXISTS (SELECT 1 FROM token_order AS next JOIN ca_certificate AS new \
            ON new.serial = next.serial WHERE next.renews = one.serial \
            AND new.state IN ('active', 'suspended')) \
            GROUP BY one.serial, one.not_after ORDER BY one.not_after";
        let now = self.0.clock.wall();
        let longest = self.0.expiry.days.iter().copied().max().unwrap_or(0);
        let until = now.0.saturating_add(i64::from(longest) * DAY);
        let rows = self.0.store.query(sql, &values![now.0, until]).await?;
        Ok(rows.iter().filter_map(|row| self.readable(row, now)).collect())
    }

    /// One row that cannot be read is no reason to tell nobody.
    fn readable(&self, row: &Row, now: WallTime) -> Option<Due> {
        self.read(row, now).unwrap_or_else(|error| {
            tracing::error!(%error, "an owner could not be told");
            None
        })
    }

    fn read(&self, row: &Row, now: WallTime) -> Result<Option<Due>, Error> {
        let not_after = WallTime(row.int("not_after")?);
        let told = row.opt_int("told")?;
        let left = left(not_after, now);
        let lead = self.0.expiry.days.iter().copied().filter(|days| left <= *days).min();
        let Some(days) = lead.filter(|days| told.is_none_or(|told| i64::from(*days) < told)) else {
            return Ok(None);
        };
        let serial = row.text("serial")?;
        let unreadable = |_| crate::Error::Unreadable(serial.to_owned());
        Ok(Some(Due { serial: serial.parse().map_err(unreadable)?, not_after, days }))
    }

    /// One notice, if nobody else wrote it and the certificate is still valid.
    async fn tell(&self, due: Due, order: &Order) -> Result<bool, Error> {
        let Some(letter) = self.letter(&due, order)? else { return Ok(false) };
        let (notify, at) = (self.0.notify.clone(), self.0.clock.wall());
        let entry = Author::new("hub")
            .entry("token.notice", On::new("token", order.id.to_string()))
            .detail(json!({ "serial": due.serial.to_string(), "days": due.days }));
        let written = self.0.store.write(move |tx: &mut Tx<'_>| {
            Box::pin(async move {
                if !note(tx, &due, at).await? {
                    return Ok(false);
                }
                let id = notify.queue(tx, &letter, at).await?;
                let sql = "UPDATE token_notice SET letter = $3 WHERE serial = $1 AND days = $2";
                let row = values![due.serial.to_string(), i64::from(due.days), id.0];
                tx.execute(sql, &row).await?;
                ets_journal::append(tx, at, entry).await?;
                Ok::<_, Error>(true)
            })
        });
        written.await
    }

    fn letter(&self, due: &Due, order: &Order) -> Result<Option<Letter>, Error> {
        let Some(to) = order.contact.email.clone() else { return Ok(None) };
        let tr = Tr::new(order.contact.lang, self.0.expiry.zone.clone());
        let subject: Subject = order.subject.parse()?;
        let (name, date) = (subject.common_name(), tr.full_date(due.not_after));
        let days = i64::from(left(due.not_after, self.0.clock.wall()));
        let profile = Profile::named(&order.profile)?;
        let what = match (profile.renewal, profile.names) {
            (Renewal::Never, _) => t::expiry_ask(&tr).to_owned(),
            // What answers at names is a machine: it comes to no page.
            (_, Names::Needed) => t::expiry_machine(&tr).to_owned(),
            (_, Names::None) => t::expiry_renew(&tr, &self.0.expiry.url),
        };
        let greeting = t::expiry_greeting(&tr, name);
        let ends = t::expiry_text(
            &tr,
            &date,
            order.serial.map_or_else(String::new, |one| one.to_string()),
        );
        let text = format!("{greeting}\n\n{ends}\n\n{what}\n\n{}\n", t::expiry_end(&tr));
        Ok(Some(Letter { to, subject: t::expiry_subject(&tr, days), text }))
    }
}

impl Desk {
    /// Where an owner is told from now on. What could not be delivered to where he was told before
    /// is written anew.
    ///
    /// # Errors
    /// [`Error::Unknown`]; the database's.
    pub async fn tell_at(
        &self,
        id: OrderId,
        contact: Contact,
        by: &Author,
    ) -> Result<Order, Error> {
        let order = self.find(id).await?;
        let mut vain = Vec::new();
        if let Some(serial) = order.serial {
            let told = told(&self.0.store, serial).await?.into_iter();
            vain.extend(told.filter(Told::has_failed).map(|told| (serial, told.days)));
        }
        let (at, entry) =
            (self.0.clock.wall(), entry("token.contact", &order, by, &contact.for_journal()));
        let written = self.0.store.write(move |tx: &mut Tx<'_>| {
            Box::pin(async move {
                tables::contact(tx, id, &contact).await?;
                for (serial, days) in vain {
                    let sql = "DELETE FROM token_notice WHERE serial = $1 AND days = $2";
                    tx.execute(sql, &values![serial.to_string(), i64::from(days)]).await?;
                }
                ets_journal::append(tx, at, entry).await?;
                Ok::<_, Error>(())
            })
        });
        written.await?;
        self.find(id).await
    }
}

impl Contact {
    fn for_journal(&self) -> Value {
        json!({
            "email": self.email.as_ref().map(ToString::to_string),
            "lang": self.lang.code(),
        })
    }
}

impl Told {
    /// Whether the letter was refused for good.
    fn has_failed(&self) -> bool {
        self.letter.as_ref().is_some_and(|letter| letter.state == State::Failed)
    }
}

/// Notes that somebody is told; whether nobody noted it before and he is still to be told.
async fn note(tx: &mut Tx<'_>, due: &Due, at: WallTime) -> Result<bool, Error> {
    let sql = "INSERT INTO token_notice (serial, days, at) \
        SELECT serial, $2, $3 FROM ca_certificate WHERE serial = $1 AND state = 'active' \
        ON CONFLICT (serial, days) DO NOTHING";
    let row = values![due.serial.to_string(), i64::from(due.days), at.0];
    Ok(tx.execute(sql, &row).await? == 1)
}

/// Days that are left, a begun one counted.
fn left(not_after: WallTime, now: WallTime) -> u32 {
    u32::try_from(not_after.since(now).as_secs().div_ceil(86_400)).unwrap_or(u32::MAX)
}

/// What was written about the end of a certificate, the first notice first.
///
/// # Errors
/// The database's.
pub async fn told(store: &Store, serial: Serial) -> Result<Vec<Told>, Error> {
    let sql = "SELECT days, at, letter FROM token_notice WHERE serial = $1 ORDER BY days DESC";
    let mut all = Vec::new();
    for row in store.query(sql, &values![serial.to_string()]).await? {
        let letter = match row.opt_int("letter")? {
            Some(id) => ets_notify::find(store, ets_notify::LetterId(id)).await?,
            None => None,
        };
        all.push(Told { days: row.number("days")?, at: WallTime(row.int("at")?), letter });
    }
    Ok(all)
}
