//! The officer's desk: what is ordered, issued, suspended and revoked.
//!
//! The intent is on disk before the signature, the revocation before it bites; the revocation bites
//! before who asked for it has his answer.

use std::collections::HashSet;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::SystemTime;

use ets_journal::{Entry, Subject as On};
use ets_listen::Connections;
use ets_registry::Author;
use ets_runtime::Clock;
use ets_store::{Store, Tx};
use ets_tls::{CertId, RevocationSet};
use rcgen::{Certificate, PublicKeyData};
use serde_json::json;
use tokio::sync::Mutex;
use x509_parser::pem::parse_x509_pem;

use crate::profile::{Custody, Profile};
use crate::tables::{self, Intent};
use crate::{Authority, Error, Kept, Reason, Serial, State, Wanted, key};

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
pub struct Ca(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    deps: Deps,
    /// Held from the change in the database to the one in the set: whoever ends a suspension must
    /// not take a revocation back that came after it.
    turning: Mutex<()>,
    administrators: RwLock<HashSet<CertId>>,
}

/// What opens the hub's own administration.
const ADMINISTRATOR: &str = "administrator";

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
    /// Opens the desk: what was intended and never finished is revoked, and everything that is
    /// revoked or suspended is known from now on.
    ///
    /// # Errors
    /// The database's.
    pub async fn open(deps: Deps) -> Result<Self, Error> {
        let now = deps.clock.wall();
        let abandoned = deps
            .store
            .write(move |tx: &mut Tx<'_>| Box::pin(async move { tables::abandon(tx, now).await }))
            .await?;
        if abandoned > 0 {
            tracing::warn!(abandoned, "certificates were ordered and not finished: revoked");
        }
        deps.revoked.load(tables::dead(&deps.store).await?);
        let administrators = tables::of_profile(&deps.store, ADMINISTRATOR).await?;
        let administrators = administrators.into_iter().collect();
        let administrators = RwLock::new(administrators);
        Ok(Self(Arc::new(Inner { deps, turning: Mutex::default(), administrators })))
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
        match (Profile::named(&wanted.profile)?, request) {
            (profile, _) if profile.is_authority() => Err(Error::NoProfile {
                name: wanted.profile,
                known: "those of owners; authorities are made by a command of their own".to_owned(),
            }),
            (Profile { key: Custody::Requested, .. }, None) => Err(Error::NeedRequest),
            (Profile { key: Custody::Made, .. }, Some(_)) => Err(Error::NoRequest),
            (_, Some(request)) => {
                let key = key::of_request(request)?;
                let (serial, certificate) = self.certify(&wanted, &key, by).await?;
                Ok(self.handed(serial, &certificate, None))
            }
            (_, None) => {
                let pair = key::make()?;
                let (serial, certificate) = self.certify(&wanted, &pair, by).await?;
                Ok(self.handed(serial, &certificate, Some(pair.serialize_pem())))
            }
        }
    }

    /// Revokes a certificate for good. When this returns, nothing that it opened is open.
    ///
    /// # Errors
    /// [`Error::Unknown`], [`Error::Over`]; the database's.
    pub async fn revoke(&self, serial: Serial, reason: Reason, by: &Author) -> Result<(), Error> {
        let from = vec![State::Active, State::Suspended];
        self.whole(Turn { serial, from, to: State::Revoked, reason: Some(reason) }, by).await
    }

    /// Suspends a certificate: it opens nothing until [`Ca::resume`].
    ///
    /// # Errors
    /// As [`Ca::revoke`].
    pub async fn suspend(&self, serial: Serial, by: &Author) -> Result<(), Error> {
        let from = vec![State::Active];
        self.whole(Turn { serial, from, to: State::Suspended, reason: None }, by).await
    }

    /// Ends a suspension.
    ///
    /// # Errors
    /// As [`Ca::revoke`].
    pub async fn resume(&self, serial: Serial, by: &Author) -> Result<(), Error> {
        let from = vec![State::Suspended];
        self.whole(Turn { serial, from, to: State::Active, reason: None }, by).await
    }

    /// In a task of its own: the database writes also for those who have gone meanwhile, and what
    /// it wrote must bite.
    async fn whole(&self, turn: Turn, by: &Author) -> Result<(), Error> {
        let (desk, by) = (self.clone(), by.clone());
        let serial = turn.serial;
        let done = tokio::spawn(async move { desk.turn_and_tell(turn, &by).await });
        done.await.unwrap_or(Err(Error::Abandoned(serial)))
    }

    /// What the database says afterwards is what holds, whatever the answer was: a retry of a
    /// revocation whose answer was lost bites again. When it cannot say, the certificate opens
    /// nothing.
    async fn turn_and_tell(&self, turn: Turn, by: &Author) -> Result<(), Error> {
        let turning = self.0.turning.lock().await;
        let Deps { connections, revoked, authority, .. } = &self.0.deps;
        let known = self.find(turn.serial).await?;
        let done = self.turn(&known, &turn, by).await;
        match self.find(turn.serial).await {
            Ok(kept) if kept.state == State::Active => drop(revoked.remove(kept.id())),
            Ok(kept) => drop(connections.revoke(kept.id())),
            Err(_) => {
                let id = CertId::new(authority.name(), turn.serial.bytes());
                connections.revoke(id);
            }
        }
        drop(turning);
        done
    }

    /// Whether a certificate was issued to an administrator of the hub.
    pub fn is_administrator(&self, id: CertId) -> bool {
        self.0.administrators.read().unwrap_or_else(PoisonError::into_inner).contains(&id)
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

    async fn certify(
        &self,
        wanted: &Wanted,
        key: &impl PublicKeyData,
        by: &Author,
    ) -> Result<(Serial, Certificate), Error> {
        let Deps { store, authority, clock, .. } = &self.0.deps;
        let draft = authority.draft(wanted, key, SystemTime::now())?;
        let (intent, issuer, at) =
            (Intent::new(&draft, wanted), authority.name().to_vec(), clock.wall());
        store
            .write(move |tx: &mut Tx<'_>| {
                Box::pin(async move { tables::intend(tx, &intent, &issuer, at).await })
            })
            .await?;
        let certificate = authority.sign(&draft, key)?;
        let (serial, pem, at) = (draft.serial, certificate.pem(), clock.wall());
        let detail = json!({ "profile": wanted.profile, "subject": wanted.subject.to_string() });
        let entry = entry("certificate.issue", serial, by).detail(detail);
        store
            .write(move |tx: &mut Tx<'_>| {
                Box::pin(async move {
                    tables::issued(tx, serial, &pem, at).await?;
                    ets_journal::append(tx, at, entry).await?;
                    Ok::<_, Error>(())
                })
            })
            .await?;
        if wanted.profile == ADMINISTRATOR {
            let id = CertId::new(authority.name(), serial.bytes());
            self.0.administrators.write().unwrap_or_else(PoisonError::into_inner).insert(id);
        }
        Ok((serial, certificate))
    }

    fn handed(&self, serial: Serial, certificate: &Certificate, key: Option<String>) -> Issued {
        let chain = self.0.deps.authority.chain().to_owned();
        Issued { serial, certificate: certificate.pem(), chain, key }
    }

    async fn turn(&self, known: &Kept, turn: &Turn, by: &Author) -> Result<(), Error> {
        let action = match (known.state, turn.to) {
            (_, State::Revoked) => "certificate.revoke",
            (_, State::Active) => "certificate.resume",
            _ => "certificate.suspend",
        };
        let reason = turn.reason.map(Reason::code);
        let detail = json!({ "subject": known.subject, "reason": reason });
        let entry = entry(action, turn.serial, by).detail(detail);
        let (turn, at, store) = (turn.clone(), self.0.deps.clock.wall(), &self.0.deps.store);
        let serial = turn.serial;
        let done = store
            .write(move |tx: &mut Tx<'_>| {
                Box::pin(async move {
                    let Turn { serial, from, to, reason } = turn;
                    let done = tables::turn(tx, serial, &from, to, reason, at).await?;
                    if done {
                        ets_journal::append(tx, at, entry).await?;
                    }
                    Ok::<_, Error>(done)
                })
            })
            .await?;
        if done { Ok(()) } else { Err(Error::Over(serial, known.state.code())) }
    }
}

/// A step in a certificate's life.
#[derive(Clone, Debug)]
struct Turn {
    serial: Serial,
    from: Vec<State>,
    to: State,
    reason: Option<Reason>,
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

fn entry(action: &str, serial: Serial, by: &Author) -> Entry {
    let mut entry = Entry::new(&by.actor, action, On::new("certificate", serial.to_string()));
    entry.on_behalf.clone_from(&by.on_behalf);
    entry.why(&by.reason).from_segment(by.from_segment.clone())
}
