//! The officer's desk: what is ordered, issued, suspended and revoked.
//!
//! The intent is on disk before the signature, the revocation before it bites; the revocation bites
//! before who asked for it has his answer.

use std::collections::VecDeque;
use std::sync::Arc;

use ets_journal::{Entry, Subject as On};
use ets_listen::Connections;
use ets_model::BootTime;
use ets_registry::Author;
use ets_runtime::Clock;
use ets_store::{BoxFuture, Store, Tx};
use ets_tls::{CertId, RevocationSet};
use rcgen::PublicKeyData;
use serde_json::json;
use tokio::sync::Mutex;
use x509_parser::pem::parse_x509_pem;

use crate::life::{self, OrderId};
use crate::log::{Event, Log, Replay, What};
use crate::own::Own;
use crate::profile::{Custody, Profile};
use crate::reconcile;
use crate::status::Status;
use crate::status::index::Standing;
use crate::tables::{self, Intent, Mark};
use crate::turn::Turn;
use crate::{Authority, Certificate, Error, Kept, Reason, Serial, State, Wanted, key};

/// What the desk stands on.
#[derive(Debug)]
pub struct Deps {
    /// `state.db`, opened with [`crate::MIGRATIONS`].
    pub store: Store,
    /// The issuing authority, open.
    pub authority: Authority,
    /// Whom a revocation cuts off.
    pub connections: Arc<Connections>,
    /// What a revocation is entered into.
    pub revoked: Arc<RevocationSet>,
    /// The clock.
    pub clock: Clock,
}

/// The desk. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Ca(pub(crate) Arc<Inner>);

#[derive(Debug)]
pub(crate) struct Inner {
    pub(crate) deps: Deps,
    pub(crate) status: Arc<Status>,
    pub(crate) log: Log,
    /// Turns that are in the log and that the database has not taken yet.
    pub(crate) owed: std::sync::Mutex<VecDeque<(Turn, Author)>>,
    /// Held while the database is told of a turn.
    pub(crate) turning: Mutex<()>,
    /// Held while the log, the index and the set go from one state of a certificate to another, and
    /// never while the database is asked: one revocation does not wait for another's database.
    pub(crate) biting: Mutex<()>,
    /// Held while the responder gets a certificate, so that it gets one; when that failed last.
    pub(crate) appointing: Mutex<Option<BootTime>>,
    pub(crate) own: Own,
}

/// What is written in one transaction with the intent of a certificate, which has this serial
/// number: whoever orders it knows from then on what is signed for him, whenever the process ends.
/// False where it is not wanted any more; nothing is signed then.
pub type Note = Box<
    dyn for<'t, 'c> FnOnce(&'t mut Tx<'c>, Serial) -> BoxFuture<'t, Result<bool, ets_store::Error>>
        + Send,
>;

/// What was ordered, handed over.
#[derive(Debug)]
pub struct Issued {
    /// Its serial number.
    pub serial: Serial,
    /// The certificate in PEM.
    pub certificate: String,
    /// The certificates between it and the root, in PEM.
    pub chain: String,
    /// The key in PEM (PKCS#8), where the profile says that we make it. It is kept nowhere.
    pub key: Option<String>,
}

impl Ca {
    /// Opens the desk: the log and the database are held against each other, what was intended and
    /// never finished is revoked, and everything that is revoked or suspended is known from now on.
    ///
    /// # Errors
    /// [`Error::Log`] and [`Error::InUse`]; the database's.
    pub async fn open(deps: Deps) -> Result<Self, Error> {
        let (now, store) = (deps.clock.wall(), &deps.store);
        let number = |value: i64| u64::try_from(value).unwrap_or(0);
        let acknowledged = number(tables::marked(store, Mark::Log).await?);
        let (log, replay) = opened(&deps.authority, acknowledged).await?;
        if replay.lines < acknowledged {
            tracing::warn!(
                lines = replay.lines,
                acknowledged,
                "the authority's log is not the last one: what the database knows is added to it"
            );
            store
                .write(|tx: &mut Tx<'_>| Box::pin(async move { tables::log_anew(tx).await }))
                .await?;
        }
        let logged = replay.number;
        let status = Status::new(deps.authority.clone(), deps.clock.clone());
        let authority = (store, &deps.authority);
        let told = reconcile::reconcile(authority, &log, replay, status.index(), now).await?;
        if told.abandoned > 0 {
            tracing::warn!(told.abandoned, "certificates were ordered and not finished: revoked");
        }
        if told.changed + told.unknown > 0 {
            tracing::warn!(
                told.changed,
                told.unknown,
                "the database is older than the authority's log: what was revoked stays revoked, what was issued since is revoked"
            );
        }
        let used = logged.max(number(tables::marked(store, Mark::Number).await?));
        status.begin(used, tables::marked(store, Mark::Lists).await?);
        deps.revoked.load(tables::dead(store).await?);
        let own = Own::read(store).await?;
        let (status, owed) = (Arc::new(status), std::sync::Mutex::default());
        let (turning, biting, appointing) = Default::default();
        let desk = Inner { deps, status, log, owed, turning, biting, appointing, own };
        let desk = Self(Arc::new(desk));
        desk.reserve_numbers().await?;
        Ok(desk)
    }

    /// Issues a certificate: to the key of `request` (PKCS#10), or to one that is made here.
    ///
    /// # Errors
    /// What is wrong with the order; the database's. Nothing was handed out then.
    pub async fn issue(
        &self,
        wanted: Wanted,
        request: Option<&[u8]>,
        by: &Author,
    ) -> Result<Issued, Error> {
        self.issue_with(None, wanted, request, by).await
    }

    /// The same, with a note in the transaction of the intent.
    ///
    /// # Errors
    /// As [`Ca::issue`], and [`Error::Abandoned`] where it was not wanted any more.
    pub async fn issue_noted(
        &self,
        note: Note,
        wanted: Wanted,
        request: Option<&[u8]>,
        by: &Author,
    ) -> Result<Issued, Error> {
        self.issue_with(Some(note), wanted, request, by).await
    }

    /// The same on an order of a token, which knows from the intent on what is signed for it.
    pub(crate) async fn issue_on(
        &self,
        order: OrderId,
        wanted: Wanted,
        request: Option<&[u8]>,
        by: &Author,
    ) -> Result<Issued, Error> {
        let note: Note = Box::new(move |tx, serial| Box::pin(life::pending(tx, order, serial)));
        self.issue_with(Some(note), wanted, request, by).await
    }

    async fn issue_with(
        &self,
        note: Option<Note>,
        wanted: Wanted,
        request: Option<&[u8]>,
        by: &Author,
    ) -> Result<Issued, Error> {
        match (Profile::named(&wanted.profile)?, request) {
            (profile, _) if profile.is_authority() => Err(Error::NoProfile {
                name: wanted.profile,
                known: "those of owners; authorities are made by a command of their own".to_owned(),
            }),
            (Profile { key: Custody::Requested, .. }, None) => Err(Error::NeedRequest),
            (Profile { key: Custody::Made, .. }, Some(_)) => Err(Error::NoRequest),
            (_, Some(request)) => {
                let key = key::of_request(request)?;
                let (serial, certificate) = self.certify((&wanted, note), &key, by).await?;
                Ok(self.handed(serial, &certificate, None))
            }
            (_, None) => {
                let pair = key::make()?;
                let (serial, certificate) = self.certify((&wanted, note), &pair, by).await?;
                Ok(self.handed(serial, &certificate, Some(pair.serialize_pem())))
            }
        }
    }

    /// Revokes a certificate for good. When this returns, nothing that it opened is open.
    ///
    /// # Errors
    /// [`Error::Unknown`], [`Error::Over`]; [`Error::Owed`] when it is done and the database does
    /// not know it yet; the database's, where it is not done.
    pub async fn revoke(&self, serial: Serial, reason: Reason, by: &Author) -> Result<(), Error> {
        self.whole(Turn::taking(serial, Some(reason)), by).await
    }

    /// Suspends a certificate: it opens nothing until [`Ca::resume`].
    ///
    /// # Errors
    /// As [`Ca::revoke`].
    pub async fn suspend(&self, serial: Serial, by: &Author) -> Result<(), Error> {
        self.whole(Turn::taking(serial, None), by).await
    }

    /// Revokes a certificate, or suspends it where no reason is given, for somebody who is not at
    /// the hub's own socket: the last administrator's certificate in force is not his to take.
    ///
    /// # Errors
    /// As [`Ca::revoke`], and [`Error::LastAdministrator`].
    pub async fn take_from_afar(
        &self,
        serial: Serial,
        reason: Option<Reason>,
        by: &Author,
    ) -> Result<(), Error> {
        self.whole(Turn { spares_last: true, ..Turn::taking(serial, reason) }, by).await
    }

    /// Ends a suspension.
    ///
    /// # Errors
    /// As [`Ca::revoke`].
    pub async fn resume(&self, serial: Serial, by: &Author) -> Result<(), Error> {
        self.whole(Turn::giving_back(serial), by).await
    }

    /// Numbers of revocation lists are set aside, so that none comes twice after a restore.
    ///
    /// # Errors
    /// The log's and the database's.
    pub(crate) async fn reserve_numbers(&self) -> Result<(), Error> {
        let Some(number) = self.0.status.wants_numbers() else { return Ok(()) };
        let at = self.0.deps.clock.wall().0;
        let lines = self.0.log.append(vec![Event::number(number, at)]).await?;
        let value = i64::try_from(number).unwrap_or(i64::MAX);
        self.0
            .deps
            .store
            .write(move |tx: &mut Tx<'_>| {
                Box::pin(async move {
                    tables::mark(tx, Mark::Number, value).await?;
                    tables::logged(tx, lines).await
                })
            })
            .await?;
        self.0.status.numbers_reserved(number);
        Ok(())
    }

    /// What is kept of the first certificate of a file, where the file holds exactly what the
    /// present authority handed out.
    ///
    /// # Errors
    /// The database's.
    pub async fn kept_of(&self, file: &str) -> Result<Option<Kept>, Error> {
        let Some((issuer, serial)) = names_of(file) else { return Ok(None) };
        let Deps { store, authority, .. } = &self.0.deps;
        let kept = tables::find(store, serial).await?;
        let handed = |kept: &Kept| format!("{}{}", kept.certificate, authority.chain());
        Ok(kept.filter(|kept| kept.issuer == issuer && handed(kept) == file))
    }

    /// The certificates between what is issued and the root, in PEM.
    pub fn chain(&self) -> &str {
        self.0.deps.authority.chain()
    }

    /// One certificate.
    ///
    /// # Errors
    /// [`Error::Unknown`]; the database's.
    pub async fn find(&self, serial: Serial) -> Result<Kept, Error> {
        tables::find(&self.0.deps.store, serial).await?.ok_or(Error::Unknown(serial))
    }

    /// The newest certificates, at most so many.
    ///
    /// # Errors
    /// The database's.
    pub async fn list(&self, most: u32) -> Result<Vec<Kept>, Error> {
        tables::list(&self.0.deps.store, most).await
    }

    pub(crate) async fn certify(
        &self,
        (wanted, note): (&Wanted, Option<Note>),
        key: &impl PublicKeyData,
        by: &Author,
    ) -> Result<(Serial, Certificate), Error> {
        let Deps { authority, clock, .. } = &self.0.deps;
        let draft = authority.draft(wanted, key, clock.wall().into())?;
        let (intent, serial) = (Intent::new(&draft, wanted), draft.serial);
        let until = intent.ordered.until;
        if self.0.status.index().standing(serial).is_some() {
            return Err(Error::Abandoned(serial));
        }
        authority.ready().await?;
        self.intend((intent, note), serial).await?;
        let certificate = authority.signed(draft).await?;
        let lines = self.0.log.append(vec![Event::of(What::Issue, serial, clock.wall().0)]).await?;
        let (pem, at) = (certificate.pem(), clock.wall());
        let detail = json!({ "profile": wanted.profile, "subject": wanted.subject.to_string() });
        let entry = entry("certificate.issue", serial, by).detail(detail);
        // Before the database: whoever is gone when it has answered has no certificate, and whoever
        // has one is known.
        let standing = Standing::new(State::Active, None, at.0, until);
        self.0.status.index().enter(serial, standing);
        self.0
            .deps
            .store
            .write(move |tx: &mut Tx<'_>| {
                Box::pin(async move {
                    tables::issued(tx, serial, &pem, at).await?;
                    tables::logged(tx, lines).await?;
                    ets_journal::append(tx, at, entry).await?;
                    Ok::<_, Error>(())
                })
            })
            .await?;
        let id = CertId::new(authority.name(), serial.bytes());
        self.0.own.enter(id, serial, &wanted.profile);
        Ok((serial, certificate))
    }

    /// Writes down, in the log and then in the database, what is about to be signed.
    async fn intend(
        &self,
        (intent, note): (Intent, Option<Note>),
        serial: Serial,
    ) -> Result<(), Error> {
        let Deps { store, authority, clock, .. } = &self.0.deps;
        let (issuer, at) = (authority.name().to_vec(), clock.wall());
        let ordered = intent.ordered.clone();
        let standing = Standing::new(State::Intended, None, at.0, ordered.until);
        self.0.status.index().enter(serial, standing);
        let event = Event::of(What::Intend, serial, at.0).ordered(ordered);
        let lines = self.0.log.append(vec![event]).await?;
        store
            .write(move |tx: &mut Tx<'_>| {
                Box::pin(async move {
                    tables::intend(tx, &intent, &issuer, at).await?;
                    if let Some(note) = note
                        && !note(tx, serial).await?
                    {
                        return Err(Error::Abandoned(serial));
                    }
                    tables::logged(tx, lines).await
                })
            })
            .await
    }

    fn handed(&self, serial: Serial, certificate: &Certificate, key: Option<String>) -> Issued {
        let chain = self.0.deps.authority.chain().to_owned();
        Issued { serial, certificate: certificate.pem(), chain, key }
    }
}

/// Reads the log on a thread of its own.
async fn opened(authority: &Authority, acknowledged: u64) -> Result<(Log, Replay), Error> {
    let (path, key) = (authority.log(), authority.log_key());
    tokio::task::spawn_blocking(move || Log::open(&path, key, acknowledged))
        .await
        .unwrap_or(Err(Error::LogEnded))
}

impl Kept {
    /// By what the revocation set and the connections know it.
    pub fn id(&self) -> CertId {
        CertId::new(&self.issuer, self.serial.bytes())
    }
}

/// The issuer's name in DER and the serial number of the first certificate of a PEM.
fn names_of(pem: &str) -> Option<(Vec<u8>, Serial)> {
    let (_, parsed) = parse_x509_pem(pem.as_bytes()).ok()?;
    let certificate = parsed.parse_x509().ok()?;
    let serial = Serial::read(certificate.raw_serial())?;
    Some((certificate.issuer().as_raw().to_vec(), serial))
}

pub(crate) fn entry(action: &str, serial: Serial, by: &Author) -> Entry {
    by.entry(action, On::new("certificate", serial.to_string()))
}
