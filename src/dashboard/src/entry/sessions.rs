//! One-time links and sessions, in `state.db` so that they outlive a restart of `serve`.

use std::collections::HashMap;
use std::sync::Mutex;
use std::time::Duration;

use ets_journal::{Entry, Subject};
use ets_model::WallTime;
use ets_runtime::Clock;
use ets_store::{Row, Store, Tx, values};
use tokio::sync::watch;

use super::{Identity, Proof, Token, TokenHash};
use crate::{Config, Error};

/// The use of a session is written down at most this often.
const SEEN_STEP: Duration = Duration::from_secs(60);
/// Links and sessions are kept this long after their end, for the journal's readers.
const KEPT_AFTER_END: Duration = Duration::from_secs(7 * 24 * 3600);

/// The name under which a person stands in the journal who came by a one-time link.
const LINK_NAME: &str = "administrator";

/// The register of links and sessions.
pub(crate) struct Sessions {
    store: Store,
    clock: Clock,
    link_life: Duration,
    idle: Duration,
    life: Duration,
    known: Mutex<HashMap<TokenHash, Session>>,
    ended: watch::Sender<u64>,
}

/// An open session.
#[derive(Clone, Debug)]
pub(crate) struct Session {
    pub hash: TokenHash,
    pub name: String,
    pub opened: WallTime,
    pub seen: WallTime,
    pub expires: WallTime,
    pub agent: String,
}

/// A fresh one-time link.
#[derive(Debug)]
pub struct EntryLink {
    /// The secret that it carries.
    pub token: Token,
    /// Until when it opens.
    pub expires: WallTime,
}

impl Sessions {
    pub(crate) fn new(config: &Config, store: Store, clock: Clock) -> Self {
        Self {
            store,
            clock,
            link_life: config.link_life,
            idle: config.session_idle,
            life: config.session_life,
            known: Mutex::default(),
            ended: watch::Sender::new(0),
        }
    }

    /// Makes a link that opens one session. `made_by` goes to the journal.
    pub(crate) async fn new_link(&self, made_by: &str) -> Result<EntryLink, Error> {
        let token = Token::draw().map_err(Error::internal)?;
        let (hash, now) = (token.hash(), self.clock.wall());
        let expires = now.plus(self.link_life);
        let made_by = made_by.to_owned();
        self.store
            .write(move |tx: &mut Tx<'_>| {
                Box::pin(async move {
                    forget_old(tx, now.minus(KEPT_AFTER_END)).await?;
                    tx.execute(
                        "INSERT INTO dashboard_entry_link (hash, made, expires, made_by)
                         VALUES ($1, $2, $3, $4)",
                        &values![hash.to_vec(), now.0, expires.0, &made_by],
                    )
                    .await?;
                    let entry = journal_entry(made_by, "entry-link.made", hash);
                    ets_journal::append(tx, now, entry).await?;
                    Ok::<_, Error>(())
                })
            })
            .await?;
        Ok(EntryLink { token, expires })
    }

    /// Whether the link would still open a session. Changes nothing.
    pub(crate) async fn link_is_good(&self, token: &Token) -> Result<bool, Error> {
        let found = self
            .store
            .query(
                "SELECT 1 AS good FROM dashboard_entry_link
                 WHERE hash = $1 AND used IS NULL AND expires > $2",
                &values![token.hash().to_vec(), self.clock.wall().0],
            )
            .await?;
        Ok(!found.is_empty())
    }

    /// Uses a link up and opens a session; `None` when the link is used, old or unknown.
    pub(crate) async fn open(&self, link: &Token, agent: &str) -> Result<Option<Token>, Error> {
        let token = Token::draw().map_err(Error::internal)?;
        let now = self.clock.wall();
        let session = Session {
            hash: token.hash(),
            name: LINK_NAME.to_owned(),
            opened: now,
            seen: now,
            expires: now.plus(self.life),
            agent: agent.chars().take(200).collect(),
        };
        let (link, row) = (link.hash(), session.clone());
        let opened =
            self.store.write(move |tx: &mut Tx<'_>| Box::pin(open_in(tx, link, row))).await?;
        if !opened {
            return Ok(None);
        }
        self.lock().insert(session.hash, session);
        Ok(Some(token))
    }

    /// The session that this token opens, and marks it as used now.
    pub(crate) async fn check(&self, token: &Token) -> Result<Option<Session>, Error> {
        let (hash, now) = (token.hash(), self.clock.wall());
        let known = self.lock().get(&hash).cloned();
        let Some(mut session) = (match known {
            Some(session) => Some(session),
            None => self.read(hash).await?,
        }) else {
            return Ok(None);
        };
        if !self.is_open(&session, now) {
            self.lock().remove(&hash);
            return Ok(None);
        }
        if now.since(session.seen) >= SEEN_STEP {
            session.seen = now;
            self.mark_seen(hash, now).await;
        }
        self.lock().insert(hash, session.clone());
        Ok(Some(session))
    }

    /// Ends a session at once; live streams of it stop within a second.
    pub(crate) async fn end(&self, hash: TokenHash, by: &Identity) -> Result<(), Error> {
        let (actor, now) = (by.actor(), self.clock.wall());
        self.store
            .write(move |tx: &mut Tx<'_>| {
                Box::pin(async move {
                    let gone = tx
                        .execute(
                            "DELETE FROM dashboard_session WHERE hash = $1",
                            &values![hash.to_vec()],
                        )
                        .await?;
                    if gone > 0 {
                        let entry = journal_entry(actor, "session.ended", hash);
                        ets_journal::append(tx, now, entry).await?;
                    }
                    Ok::<_, Error>(())
                })
            })
            .await?;
        self.lock().remove(&hash);
        self.ended.send_modify(|count| *count += 1);
        Ok(())
    }

    /// Every open session, the latest used first.
    pub(crate) async fn list(&self) -> Result<Vec<Session>, Error> {
        let now = self.clock.wall();
        let rows = self
            .store
            .query(
                "SELECT hash, name, opened, seen, expires, agent FROM dashboard_session
                 ORDER BY seen DESC",
                &[],
            )
            .await?;
        let sessions = rows.iter().filter_map(session_of);
        Ok(sessions.filter(|session| self.is_open(session, now)).collect())
    }

    /// Whether the identity still holds; a certificate does as long as its connection.
    pub(crate) fn still_holds(&self, identity: &Identity) -> bool {
        let Proof::Session { hash } = &identity.proof else { return true };
        let now = self.clock.wall();
        self.lock().get(hash).is_some_and(|session| self.is_open(session, now))
    }

    /// An open live page counts as use of its session.
    pub(crate) async fn touch(&self, identity: &Identity) {
        let Proof::Session { hash } = identity.proof else { return };
        let now = self.clock.wall();
        let due = self.lock().get_mut(&hash).is_some_and(|session| {
            let due = now.since(session.seen) >= SEEN_STEP;
            if due {
                session.seen = now;
            }
            due
        });
        if due {
            self.mark_seen(hash, now).await;
        }
    }

    /// Changes whenever a session was ended.
    pub(crate) fn endings(&self) -> watch::Receiver<u64> {
        self.ended.subscribe()
    }

    fn is_open(&self, session: &Session, now: WallTime) -> bool {
        now < session.expires && now.since(session.seen) < self.idle
    }

    async fn read(&self, hash: TokenHash) -> Result<Option<Session>, Error> {
        let rows = self
            .store
            .query(
                "SELECT hash, name, opened, seen, expires, agent FROM dashboard_session
                 WHERE hash = $1",
                &values![hash.to_vec()],
            )
            .await?;
        Ok(rows.first().and_then(session_of))
    }

    /// Failing to write down the use of a session must not turn its holder away.
    async fn mark_seen(&self, hash: TokenHash, now: WallTime) {
        let written: Result<u64, ets_store::Error> = self
            .store
            .write(move |tx: &mut Tx<'_>| {
                Box::pin(async move {
                    let values = values![now.0, hash.to_vec()];
                    tx.execute("UPDATE dashboard_session SET seen = $1 WHERE hash = $2", &values)
                        .await
                })
            })
            .await;
        if let Err(error) = written {
            tracing::warn!(%error, "the use of a session could not be written down");
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<TokenHash, Session>> {
        self.known.lock().expect("no code panics while it holds this lock")
    }
}

fn journal_entry(actor: String, action: &str, hash: TokenHash) -> Entry {
    let kind = action.split('.').next().unwrap_or(action);
    Entry::new(actor, action, Subject::new(kind, hash.short()))
}

fn session_of(row: &Row) -> Option<Session> {
    Some(Session {
        hash: TokenHash::from_bytes(row.blob("hash").ok()?)?,
        name: row.text("name").ok()?.to_owned(),
        opened: WallTime(row.int("opened").ok()?),
        seen: WallTime(row.int("seen").ok()?),
        expires: WallTime(row.int("expires").ok()?),
        agent: row.text("agent").ok()?.to_owned(),
    })
}

async fn open_in(tx: &mut Tx<'_>, link: TokenHash, session: Session) -> Result<bool, Error> {
    let used = tx
        .execute(
            "UPDATE dashboard_entry_link SET used = $1
             WHERE hash = $2 AND used IS NULL AND expires > $1",
            &values![session.opened.0, link.to_vec()],
        )
        .await?;
    if used == 0 {
        return Ok(false);
    }
    tx.execute(
        "INSERT INTO dashboard_session (hash, name, opened, seen, expires, agent)
         VALUES ($1, $2, $3, $3, $4, $5)",
        &values![
            session.hash.to_vec(),
            &session.name,
            session.opened.0,
            session.expires.0,
            session.agent,
        ],
    )
    .await?;
    let actor = format!("session:{} ({})", session.name, session.hash.short());
    let entry = journal_entry(actor, "session.opened", session.hash);
    ets_journal::append(tx, session.opened, entry).await?;
    Ok(true)
}

async fn forget_old(tx: &mut Tx<'_>, before: WallTime) -> Result<(), Error> {
    for sql in [
        "DELETE FROM dashboard_entry_link WHERE expires < $1",
        "DELETE FROM dashboard_session WHERE expires < $1",
    ] {
        tx.execute(sql, &values![before.0]).await?;
    }
    Ok(())
}
