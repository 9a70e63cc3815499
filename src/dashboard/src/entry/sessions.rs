//! One-time links and sessions, in `state.db` so that they outlive a restart of `serve`.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard};
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
    known: Arc<Mutex<HashMap<TokenHash, Session>>>,
    /// How many were ended; it changes while `known` is locked.
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
            known: Arc::default(),
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
        let link = link.hash();
        let opened =
            self.store.write(move |tx: &mut Tx<'_>| Box::pin(open_in(tx, link, session))).await?;
        Ok(opened.then_some(token))
    }

    /// The session that this token opens, and marks it as used now.
    pub(crate) async fn check(&self, token: &Token) -> Result<Option<Session>, Error> {
        let (hash, now) = (token.hash(), self.clock.wall());
        loop {
            let endings = *self.ended.borrow();
            let Some(session) = self.used(hash, now).await? else { return Ok(None) };
            let mut known = self.lock();
            // What was ended since we looked must not be known again: look once more.
            if *self.ended.borrow() == endings {
                known.insert(hash, session.clone());
                return Ok(Some(session));
            }
        }
    }

    /// An open session that is used now.
    async fn used(&self, hash: TokenHash, now: WallTime) -> Result<Option<Session>, Error> {
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
        Ok(Some(session))
    }

    /// Ends a session at once; live streams of it stop within a second. Once begun it is done, be
    /// the caller gone.
    pub(crate) async fn end(&self, hash: TokenHash, by: &Identity) -> Result<(), Error> {
        let (actor, now, store) = (by.actor(), self.clock.wall(), self.store.clone());
        let (known, ended) = (self.known.clone(), self.ended.clone());
        let work = tokio::spawn(async move {
            store.write(move |tx: &mut Tx<'_>| Box::pin(end_in(tx, hash, actor, now))).await?;
            let mut known = lock(&known);
            known.remove(&hash);
            ended.send_modify(|count| *count += 1);
            Ok(())
        });
        work.await.map_err(Error::internal)?
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

    fn lock(&self) -> MutexGuard<'_, HashMap<TokenHash, Session>> {
        lock(&self.known)
    }
}

fn lock<T>(known: &Mutex<T>) -> MutexGuard<'_, T> {
    known.lock().expect("no code panics while it holds this lock")
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

async fn end_in(
    tx: &mut Tx<'_>,
    hash: TokenHash,
    actor: String,
    now: WallTime,
) -> Result<(), Error> {
    let sql = "DELETE FROM dashboard_session WHERE hash = $1";
    if tx.execute(sql, &values![hash.to_vec()]).await? > 0 {
        ets_journal::append(tx, now, journal_entry(actor, "session.ended", hash)).await?;
    }
    Ok(())
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

#[cfg(test)]
mod tests {
    use std::pin::pin;

    use ets_model::Stamp;
    use ets_runtime::stamp_now;
    use ets_store::Target;
    use futures_util::future::poll_immediate;
    use tokio::time::{sleep, timeout};

    use super::*;
    use crate::MIGRATIONS;

    async fn over(dir: &std::path::Path) -> Sessions {
        let migrations = [MIGRATIONS, ets_journal::MIGRATIONS].concat();
        let target = Target::state(dir.join("state.db"));
        let store = Store::open(&target, &migrations).await.unwrap();
        Sessions::new(&Config::default(), store, Clock::by_hand(stamp_now()))
    }

    async fn opened(sessions: &Sessions) -> Token {
        let link = sessions.new_link("test").await.unwrap();
        sessions.open(&link.token, "test").await.unwrap().unwrap()
    }

    fn holder(token: &Token) -> Identity {
        let proof = Proof::Session { hash: token.hash() };
        Identity::administrator(LINK_NAME.to_owned(), proof)
    }

    /// Lets a check come so far, `None`, or answers what it said.
    async fn run(
        check: &mut (impl Future<Output = Result<Option<Session>, Error>> + Unpin),
        steps: usize,
    ) -> Option<Result<Option<Session>, Error>> {
        for _ in 0..steps {
            let done = poll_immediate(&mut *check).await;
            if done.is_some() {
                return done;
            }
            sleep(Duration::from_millis(2)).await;
        }
        None
    }

    async fn ended_meanwhile(sessions: &Sessions, is_known: bool, steps: usize) {
        let token = opened(sessions).await;
        let who = holder(&token);
        if is_known {
            assert!(sessions.check(&token).await.unwrap().is_some());
        }
        // Its use is due to be written down, so that the check waits for the database.
        let now = sessions.clock.stamp();
        let later = Stamp { boot: now.boot + SEEN_STEP, wall: now.wall.plus(SEEN_STEP) };
        sessions.clock.set(later);
        let mut check = Box::pin(sessions.check(&token));
        let done = run(&mut check, steps).await;
        assert!(steps != 1 || done.is_none(), "a check that waits for nothing: {is_known}");
        sessions.end(token.hash(), &who).await.unwrap();
        if done.is_none() {
            assert!(check.await.unwrap().is_none(), "{is_known} {steps}");
        }
        assert!(!sessions.still_holds(&who), "{is_known} {steps}");
        assert!(sessions.check(&token).await.unwrap().is_none(), "{is_known} {steps}");
    }

    /// covers: T3
    #[tokio::test]
    async fn a_session_that_was_ended_stays_so_however_far_a_check_of_it_had_come() {
        let dir = tempfile::tempdir().unwrap();
        let sessions = over(dir.path()).await;
        for is_known in [true, false] {
            for steps in 0..6 {
                ended_meanwhile(&sessions, is_known, steps).await;
            }
        }
    }

    /// covers: T3
    #[tokio::test]
    async fn a_session_is_ended_although_who_ended_it_does_not_wait() {
        let dir = tempfile::tempdir().unwrap();
        let sessions = over(dir.path()).await;
        let token = opened(&sessions).await;
        let who = holder(&token);
        assert!(sessions.check(&token).await.unwrap().is_some());
        let mut endings = sessions.endings();
        assert!(poll_immediate(pin!(sessions.end(token.hash(), &who))).await.is_none());
        timeout(Duration::from_secs(5), endings.changed()).await.unwrap().unwrap();
        assert!(!sessions.still_holds(&who));
        assert!(sessions.check(&token).await.unwrap().is_none());
    }
}
