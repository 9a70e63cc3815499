//! Renewal by the owner, with the consent of the key that is about to end (T1.4).
//!
//! Two certificates of one person are valid then, and the old one goes on until its end or until
//! its owner says that the new one works: nobody is locked out by a certificate that was issued and
//! never came to the token. What is done with the token (lost, found, forgotten, returned, replaced)
//! is done with both, and with all that were renewed on it (`beside`).

use ets_model::WallTime;
use ets_registry::Author;
use ets_tls::CertId;

use super::desk::Desk;
use super::{Error, New, Order, Stage, tables};
use crate::profile::{Profile, Renewal as Allowed};
use crate::{Kept, Reason, Serial, TokenError};

/// What the owner of a certificate can do about its end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Renewal {
    /// Nothing himself: an officer orders the next one.
    Officer,
    /// He can renew it from this moment on.
    From(WallTime),
    /// He can renew it now.
    Now,
    /// It is renewed by this order, or about to be.
    Under {
        /// The order.
        order: Box<Order>,
        /// Its certificate, once there is one.
        kept: Option<Box<Kept>>,
        /// Where it stands.
        stage: Stage,
    },
}

impl Desk {
    /// What the owner of a certificate can do about its end.
    ///
    /// # Errors
    /// [`crate::Error::NotHeld`]; the database's.
    pub async fn renewal(&self, serial: Serial, id: CertId) -> Result<(Kept, Renewal), Error> {
        let kept = match self.0.ca.renewable(serial, id).await {
            Ok(kept) => kept,
            Err(crate::Error::NoRenewal(_)) => {
                return Ok((self.0.ca.find(serial).await?, Renewal::Officer));
            }
            Err(error) => return Err(error.into()),
        };
        // A card for the day is for the day.
        if self.of_serial(serial).await?.is_some_and(|order| order.until.is_some()) {
            return Ok((kept, Renewal::Officer));
        }
        if let Some(order) = tables::renewing(&self.0.store, serial).await? {
            let (order, new, stage) = self.standing(order.id).await?;
            let (order, new) = (Box::new(order), new.map(Box::new));
            return Ok((kept, Renewal::Under { order, kept: new, stage }));
        }
        let opens = kept.not_after.minus(self.0.rules.renewal);
        let is_open = opens <= self.0.clock.wall();
        Ok((kept, if is_open { Renewal::Now } else { Renewal::From(opens) }))
    }

    /// Renews a certificate whose owner came in with it and has just signed with its key: the same
    /// subject, profile and names, hence the same rights, to the key of `request` (PKCS#10, PEM).
    /// It is issued at once where no second person must confirm.
    ///
    /// # Errors
    /// [`crate::Error::NotHeld`], [`crate::Error::NoRenewal`], [`Error::Early`],
    /// [`Error::Renewed`]; what is wrong with the request.
    pub async fn renew(
        &self,
        (serial, id): (Serial, CertId),
        request: &str,
        by: &Author,
    ) -> Result<Order, Error> {
        let stepping = self.0.stepping.lock().await;
        let order = match self.renewal(serial, id).await? {
            (kept, Renewal::Officer) => return Err(crate::Error::NoRenewal(kept.profile).into()),
            (_, Renewal::From(_)) => {
                return Err(Error::Early(self.0.rules.renewal.as_secs() / 86_400));
            }
            // The process ended between the order and its certificate.
            (_, Renewal::Under { order, stage: Stage::Ordered, .. })
                if order.request.as_deref() == Some(request) =>
            {
                *order
            }
            (_, Renewal::Under { order, .. }) => return Err(Error::Renewed(order.id)),
            (kept, Renewal::Now) => {
                let order = self.renewed(&kept, request, by).await?;
                self.write_down(order, by).await?
            }
        };
        drop(stepping);
        if order.is_confirmed() {
            self.issue_renewal(&order, by).await?;
        }
        self.find(order.id).await
    }

    /// Issues a renewal. Where the token with the issuing key is away, its order is refused again, so
    /// that the owner asks anew when he likes and with what request he likes; not one that an
    /// officer has confirmed. It runs to its end although who asked for it has gone.
    async fn issue_renewal(&self, order: &Order, by: &Author) -> Result<(), Error> {
        let (desk, order, by) = (self.clone(), order.clone(), by.clone());
        let id = order.id;
        let done = tokio::spawn(async move {
            let issued = desk.issue(id, None, &by).await;
            if let Err(Error::Ca(crate::Error::Token(why))) = &issued
                && !order.needs_second
                && let Err(error) = desk.refuse(id, &unissued(why)).await
            {
                tracing::error!(order = %id, %error, "a renewal that was not issued is not refused");
            }
            issued.map(drop)
        });
        done.await.unwrap_or(Err(Error::GivenUp(id)))
    }

    /// The order of a renewal.
    async fn renewed(&self, kept: &Kept, request: &str, by: &Author) -> Result<Order, Error> {
        let subject = kept.subject.parse()?;
        crate::check(&kept.profile, &subject, &kept.names, Some(request))?;
        let old = self.of_serial(kept.serial).await?;
        let new = New {
            profile: kept.profile.clone(),
            subject,
            names: kept.names.clone(),
            token: old.as_ref().map(|old| old.token.clone()).unwrap_or_default(),
            request: Some(request.to_owned()),
            contact: old.map(|old| old.contact).unwrap_or_default(),
        };
        let order = self.fresh(&new, by);
        let is_confirmed = Profile::named(&kept.profile)?.renewal == Allowed::Confirmed;
        let needs_second = order.needs_second || is_confirmed;
        Ok(Order { renews: Some(kept.serial), needs_second, ..order })
    }

    /// The order by which a certificate is renewed, or is about to be.
    ///
    /// # Errors
    /// The database's.
    pub async fn renewed_by(&self, serial: Serial) -> Result<Option<Order>, Error> {
        tables::renewing(&self.0.store, serial).await
    }

    /// The certificate that this one renewed, while it is still valid.
    ///
    /// # Errors
    /// The database's.
    pub async fn renewed_from(&self, serial: Serial) -> Result<Option<Kept>, Error> {
        let order = self.of_serial(serial).await?;
        let Some(old) = order.and_then(|order| order.renews) else { return Ok(None) };
        let kept = self.0.ca.find(old).await?;
        let stands = self.0.ca.is_in_force(&kept) && kept.not_after > self.0.clock.wall();
        Ok(stands.then_some(kept))
    }

    /// The owner came in with the new certificate and wants no more of the one that it renewed.
    ///
    /// # Errors
    /// [`crate::Error::NotHeld`] where there is none to end; the database's.
    pub async fn end_renewed(
        &self,
        (serial, id): (Serial, CertId),
        by: &Author,
    ) -> Result<(), Error> {
        self.0.ca.renewable(serial, id).await?;
        let old = self.renewed_from(serial).await?;
        let old = old.ok_or(crate::Error::NotHeld(serial))?;
        Ok(self.0.ca.revoke(old.serial, Reason::Superseded, by).await?)
    }

    /// Whether the certificate that an order renews is as good as when its owner asked: what was
    /// lost meanwhile consents to nothing. That its time is over since does not matter.
    pub(super) async fn is_consented(&self, order: &Order) -> Result<(), Error> {
        let Some(old) = order.renews else { return Ok(()) };
        match self.0.ca.is_in_force(&self.0.ca.find(old).await?) {
            true => Ok(()),
            false => Err(Error::Withdrawn(order.id)),
        }
    }

    /// The same after the signature: a report of the loss may have come between.
    pub(super) async fn still_consented(
        &self,
        order: &Order,
        serial: Serial,
        by: &Author,
    ) -> Result<(), Error> {
        let consented = self.is_consented(order).await;
        if consented.is_err() {
            self.0.ca.revoke(serial, Reason::KeyCompromise, by).await?;
        }
        consented
    }

    /// The order that renews another one's certificate.
    pub(super) async fn renewing(&self, order: &Order) -> Result<Option<Order>, Error> {
        match order.serial {
            Some(serial) => self.renewed_by(serial).await,
            None => Ok(None),
        }
    }
}

/// The hub itself, by whose token nothing is issued.
fn unissued(why: &TokenError) -> Author {
    Author { reason: why.to_string(), ..Author::new("hub") }
}
