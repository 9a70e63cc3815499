//! The steps of a token's life, each in the journal.

use std::sync::Arc;
use std::time::Duration;

use ets_journal::{Entry, Subject as On};
use ets_registry::Author;
use ets_runtime::Clock;
use ets_store::{Store, Tx};
use serde_json::{Value, json};
use tokio::sync::Mutex;

use super::stage::Step;
use super::{Error, New, Order, OrderId, Request, Stage, tables};
use crate::{Ca, Issued, Kept, OWN, Reason, Serial, State, Subject, Wanted};

/// How the desk works.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rules {
    /// Whether a second officer must confirm each order.
    pub four_eyes: bool,
    /// How long before its end an owner may renew a certificate.
    pub renewal: Duration,
}

impl Default for Rules {
    fn default() -> Self {
        Self { four_eyes: false, renewal: crate::SOON }
    }
}

/// The longest life of a temporary certificate, in hours.
const TEMPORARY: u64 = 72;
/// The steps at which there is a certificate.
const ISSUED: [Step; 3] = [Step::Issued, Step::HandedOver, Step::Lost];

/// The desk of orders and tokens. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Desk(pub(super) Arc<Inner>);

#[derive(Debug)]
pub(super) struct Inner {
    pub(super) ca: Ca,
    pub(super) store: Store,
    pub(super) clock: Clock,
    pub(super) rules: Rules,
    /// One step at a time: two clicks must not sign twice for one order.
    pub(super) stepping: Mutex<()>,
}

impl Desk {
    /// Opens the desk and finishes what a crash left between a new certificate and the end of the
    /// one that it replaces.
    ///
    /// # Errors
    /// The database's.
    pub async fn open(ca: Ca, store: Store, clock: Clock, rules: Rules) -> Result<Self, Error> {
        let desk = Self(Arc::new(Inner { ca, store, clock, rules, stepping: Mutex::default() }));
        for order in tables::unfinished(&desk.0.store).await? {
            match desk.adopt(&order).await {
                // It is dead, which is no reason to keep everybody else out.
                Err(error @ (Error::NotNow(..) | Error::Withdrawn(_))) => {
                    tracing::warn!(order = %order.id, %error, "what was signed for it is revoked");
                }
                adopted => adopted?,
            }
        }
        for new in tables::half_replaced(&desk.0.store).await? {
            desk.end_replaced(&new, &Author::new("hub")).await?;
        }
        Ok(desk)
    }

    /// How it works.
    pub fn rules(&self) -> Rules {
        self.0.rules
    }

    /// Orders a certificate.
    ///
    /// # Errors
    /// The database's.
    pub async fn order(&self, new: New, by: &Author) -> Result<Order, Error> {
        of_owners(&new.profile)?;
        let order = self.fresh(&new, by);
        self.write_down(order, by).await
    }

    /// The second officer's word.
    ///
    /// # Errors
    /// [`Error::SamePerson`], [`Error::NotNow`]; the database's.
    pub async fn confirm(&self, id: OrderId, by: &Author) -> Result<Order, Error> {
        let (order, stage) = self.at(id).await?;
        if stage != Stage::Waiting {
            return Err(Error::NotNow(id, stage));
        }
        if order.ordered_human == by.human() {
            return Err(Error::SamePerson);
        }
        let (actor, entry) = (by.actor.clone(), entry("token.confirm", &order, by, &Value::Null));
        let at = self.0.clock.wall();
        let done = self.0.store.write(move |tx: &mut Tx<'_>| {
            Box::pin(async move {
                let done = tables::confirm(tx, id, &actor).await?;
                if done {
                    ets_journal::append(tx, at, entry).await?;
                }
                Ok::<_, Error>(done)
            })
        });
        if done.await? { self.find(id).await } else { Err(Error::NotNow(id, stage)) }
    }

    /// Refuses an order; why stands in the author's reason.
    ///
    /// # Errors
    /// [`Error::NotNow`]; the database's.
    pub async fn refuse(&self, id: OrderId, by: &Author) -> Result<Order, Error> {
        let (order, stage) = self.at(id).await?;
        let to = (Step::Refused, "token.refuse");
        self.go(&order, stage, &[Step::Ordered], to, by).await?;
        self.find(id).await
    }

    /// Issues what was ordered: to the key of `request`, of the one that came with the order, or to
    /// one that is made here. What it replaces is revoked when this returns. It runs to its end
    /// although who asked for it has gone.
    ///
    /// # Errors
    /// [`Error::Unconfirmed`], [`Error::NotNow`], [`Error::HasRequest`], [`Error::NotWanted`]; what is
    /// wrong with the request.
    pub async fn issue(&self, id: OrderId, request: Request, by: &Author) -> Result<Issued, Error> {
        let (desk, by) = (self.clone(), by.clone());
        let done = tokio::spawn(async move { desk.issue_whole(id, request, &by).await });
        done.await.unwrap_or(Err(Error::GivenUp(id)))
    }

    async fn issue_whole(
        &self,
        id: OrderId,
        request: Request,
        by: &Author,
    ) -> Result<Issued, Error> {
        let _stepping = self.0.stepping.lock().await;
        let order = self.ready(id).await?;
        if order.request.is_some() && request.is_some() && order.request != request {
            return Err(Error::HasRequest(id));
        }
        let wanted = Wanted {
            profile: order.profile.clone(),
            subject: order.subject.parse::<Subject>()?,
            names: order.names.clone(),
            until: order.until.map(Into::into),
        };
        let request = request.or_else(|| order.request.clone());
        let request = request.as_deref().map(str::as_bytes);
        let issued = self.0.ca.issue_on(id, wanted, request, by).await?;
        self.written(&order, issued.serial, by).await?;
        self.still_consented(&order, issued.serial, by).await?;
        self.end_replaced(&order, by).await?;
        Ok(issued)
    }

    /// The order, if it may be issued now.
    async fn ready(&self, id: OrderId) -> Result<Order, Error> {
        let (order, stage) = self.at(id).await?;
        match stage {
            Stage::Ordered => {}
            Stage::Waiting => return Err(Error::Unconfirmed(id)),
            _ => return Err(Error::NotNow(id, stage)),
        }
        of_owners(&order.profile)?;
        if let (Some(of), Some(_)) = (order.replaces, order.until) {
            let (_, stage) = self.at(of).await?;
            if !matches!(stage, Stage::Suspended | Stage::Lost) {
                return Err(Error::NotWanted(id));
            }
        }
        self.is_consented(&order).await?;
        Ok(order)
    }

    /// Writes the certificate of an order down; one that nobody wants any more is revoked.
    async fn written(&self, order: &Order, serial: Serial, by: &Author) -> Result<(), Error> {
        let (id, at) = (order.id, self.0.clock.wall());
        let detail = json!({ "serial": serial.to_string() });
        let entry = entry("token.issue", order, by, &detail);
        let kept = self.0.store.write(move |tx: &mut Tx<'_>| {
            Box::pin(async move {
                let done = tables::issued(tx, id, serial, at).await?;
                if done {
                    ets_journal::append(tx, at, entry).await?;
                }
                Ok::<_, Error>(done)
            })
        });
        if kept.await? {
            return Ok(());
        }
        // Refused meanwhile: nobody may hold it.
        self.0.ca.revoke(serial, Reason::CessationOfOperation, by).await?;
        Err(Error::NotNow(id, Stage::Refused))
    }

    /// What was signed for an order when the process ended: to its owner's key it is the order's
    /// certificate; a key that was made here went with the process, so that one is revoked.
    async fn adopt(&self, order: &Order) -> Result<(), Error> {
        let Some(serial) = order.pending else { return Ok(()) };
        let hub = Author::new("hub");
        match self.0.ca.find(serial).await {
            Ok(kept) if kept.state == State::Active && order.request.is_some() => {
                self.written(order, serial, &hub).await?;
                self.still_consented(order, serial, &hub).await
            }
            Ok(kept) if kept.state == State::Active => {
                Ok(self.0.ca.revoke(serial, Reason::CessationOfOperation, &hub).await?)
            }
            Ok(_) | Err(crate::Error::Unknown(_)) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }

    /// The owner signed the receipt.
    ///
    /// # Errors
    /// [`Error::NotNow`]; the database's.
    pub async fn hand_over(&self, id: OrderId, by: &Author) -> Result<Order, Error> {
        let (order, stage) = self.at(id).await?;
        self.go(&order, stage, &[Step::Issued], (Step::HandedOver, "token.hand-over"), by).await?;
        self.find(id).await
    }

    /// The token is lost: from now on it opens nothing. It may be found, or replaced.
    ///
    /// # Errors
    /// [`Error::NotNow`]; the database's.
    pub async fn lose(&self, id: OrderId, by: &Author) -> Result<Order, Error> {
        let (order, stage) = self.at(id).await?;
        match (stage, order.serial) {
            (Stage::Issued | Stage::Active, Some(_)) => self.suspend_whole(&order, by).await?,
            (Stage::Suspended, Some(_)) => self.suspend_beside(&order, by).await?,
            _ => return Err(Error::NotNow(id, stage)),
        }
        self.go(&order, stage, &ISSUED, (Step::Lost, "token.lose"), by).await?;
        self.find(id).await
    }

    /// The token was found: it opens again what its owner may, and what stood in for it is over.
    ///
    /// # Errors
    /// [`Error::NotNow`]; the database's.
    pub async fn find_again(&self, id: OrderId, by: &Author) -> Result<Order, Error> {
        let (order, stage) = self.at(id).await?;
        let (Stage::Lost | Stage::Suspended, Some(serial)) = (stage, order.serial) else {
            return Err(Error::NotNow(id, stage));
        };
        if let Some(new) = tables::replacing(&self.0.store, id).await? {
            return Err(Error::Replaced(id, new.id));
        }
        self.end_temporary(id, by).await?;
        self.go(&order, stage, &ISSUED, (Step::HandedOver, "token.find"), by).await?;
        self.0.ca.resume(serial, by).await?;
        self.resume_beside(&order, by).await?;
        self.find(id).await
    }

    /// A new certificate for the same person, whose rights stay (перевыпуск). The old one opens
    /// nothing from now on where it is not in sight, and is dead once the new one is issued.
    ///
    /// # Errors
    /// [`Error::NotNow`], [`Error::Replaced`]; the database's.
    pub async fn reissue(
        &self,
        id: OrderId,
        token: String,
        request: Request,
        by: &Author,
    ) -> Result<Order, Error> {
        let stepping = self.0.stepping.lock().await;
        let (old, stage) = self.at(id).await?;
        if !stage.is_alive() && !matches!(stage, Stage::Revoked | Stage::Expired) {
            return Err(Error::NotNow(id, stage));
        }
        if let Some(new) = tables::replacing(&self.0.store, id).await? {
            return Err(Error::Replaced(id, new.id));
        }
        if stage.opens()
            && let Some(new) = self.renewing(&old).await?
        {
            return Err(Error::Replaced(id, new.id));
        }
        let order =
            Order { replaces: Some(id), until: None, ..self.again(&old, (token, request), by)? };
        let order = self.write_down(order, by).await?;
        drop(stepping);
        Ok(order)
    }

    /// A temporary certificate for somebody who has lost or forgotten the token; the token opens
    /// nothing meanwhile.
    ///
    /// # Errors
    /// [`Error::TooLong`], [`Error::NotNow`]; the database's.
    pub async fn stand_in(
        &self,
        id: OrderId,
        hours: u64,
        card: (String, Request),
        by: &Author,
    ) -> Result<Order, Error> {
        if !(1..=TEMPORARY).contains(&hours) {
            return Err(Error::TooLong(TEMPORARY));
        }
        let (old, stage) = self.at(id).await?;
        match (stage, old.serial) {
            (Stage::Issued | Stage::Active, Some(_)) => self.suspend_whole(&old, by).await?,
            (Stage::Lost | Stage::Suspended, _) => self.suspend_beside(&old, by).await?,
            _ => return Err(Error::NotNow(id, stage)),
        }
        let until = self.0.clock.wall().plus(Duration::from_secs(hours * 3_600));
        let again = self.again(&old, card, by)?;
        let order = Order { replaces: Some(id), until: Some(until), ..again };
        self.write_down(order, by).await
    }

    /// The token came back: its certificate is dead.
    ///
    /// # Errors
    /// [`Error::NotNow`]; the database's.
    pub async fn give_back(&self, id: OrderId, by: &Author) -> Result<Order, Error> {
        let (order, stage) = self.at(id).await?;
        self.end_temporary(id, by).await?;
        self.end_beside(&order, Reason::CessationOfOperation, by).await?;
        self.end(&order, Reason::CessationOfOperation, by).await?;
        self.go(&order, stage, &ISSUED, (Step::Returned, "token.return"), by).await?;
        self.find(id).await
    }

    /// One order.
    ///
    /// # Errors
    /// [`Error::Unknown`]; the database's.
    pub async fn find(&self, id: OrderId) -> Result<Order, Error> {
        tables::find(&self.0.store, id).await?.ok_or(Error::Unknown(id))
    }

    /// The order of a certificate; none where it was issued without one.
    ///
    /// # Errors
    /// The database's.
    pub async fn of_serial(&self, serial: Serial) -> Result<Option<Order>, Error> {
        tables::of_serial(&self.0.store, serial).await
    }

    /// The newest orders, at most so many.
    ///
    /// # Errors
    /// The database's.
    pub async fn list(&self, most: u32) -> Result<Vec<Order>, Error> {
        tables::list(&self.0.store, most).await
    }

    /// The orders on which somebody must act, the newest first, and where each stands.
    ///
    /// # Errors
    /// The database's.
    pub async fn waiting(&self) -> Result<Vec<(Order, Stage)>, Error> {
        let (now, mut waiting) = (self.0.clock.wall(), Vec::new());
        for order in tables::waiting(&self.0.store, now).await? {
            let kept = self.certificate(&order).await?;
            let stage = order.stage(kept.as_ref(), now);
            if matches!(stage, Stage::Waiting | Stage::Ordered | Stage::Issued | Stage::Lost) {
                waiting.push((order, stage));
            }
        }
        Ok(waiting)
    }

    /// The order that replaces another.
    ///
    /// # Errors
    /// The database's.
    pub async fn replacing(&self, id: OrderId) -> Result<Option<Order>, Error> {
        tables::replacing(&self.0.store, id).await
    }

    /// An order, its certificate and where it stands.
    ///
    /// # Errors
    /// [`Error::Unknown`]; the database's.
    pub async fn standing(&self, id: OrderId) -> Result<(Order, Option<Kept>, Stage), Error> {
        let order = self.find(id).await?;
        let kept = self.certificate(&order).await?;
        let stage = order.stage(kept.as_ref(), self.0.clock.wall());
        Ok((order, kept, stage))
    }

    /// What the authority keeps of an order's certificate.
    ///
    /// # Errors
    /// The database's.
    pub async fn certificate(&self, order: &Order) -> Result<Option<Kept>, Error> {
        match order.serial {
            None => Ok(None),
            Some(serial) => Ok(Some(self.0.ca.find(serial).await?)),
        }
    }

    pub(super) async fn at(&self, id: OrderId) -> Result<(Order, Stage), Error> {
        let (order, _, stage) = self.standing(id).await?;
        Ok((order, stage))
    }

    pub(super) fn fresh(&self, new: &New, by: &Author) -> Order {
        let now = self.0.clock.wall();
        Order {
            id: OrderId(0),
            person: new.subject.person(),
            subject: new.subject.to_string(),
            profile: new.profile.clone(),
            names: new.names.clone(),
            token: new.token.clone(),
            request: new.request.clone(),
            until: None,
            replaces: None,
            renews: None,
            contact: new.contact.clone(),
            ordered_by: by.actor.clone(),
            ordered_human: by.human().to_owned(),
            ordered: now,
            confirmed_by: None,
            needs_second: self.0.rules.four_eyes,
            step: Step::Ordered,
            since: now,
            pending: None,
            serial: None,
        }
    }

    /// The same once more, to another token.
    fn again(
        &self,
        old: &Order,
        (token, request): (String, Request),
        by: &Author,
    ) -> Result<Order, Error> {
        let new = New {
            profile: old.profile.clone(),
            subject: old.subject.parse()?,
            names: old.names.clone(),
            token,
            request,
            contact: old.contact.clone(),
        };
        Ok(self.fresh(&new, by))
    }

    pub(super) async fn write_down(&self, order: Order, by: &Author) -> Result<Order, Error> {
        let (by, at) = (by.clone(), order.ordered);
        let written = self.0.store.write(move |tx: &mut Tx<'_>| {
            Box::pin(async move {
                let order = Order { id: tables::insert(tx, &order).await?, ..order };
                let detail = json!({
                    "profile": order.profile,
                    "token": order.token,
                    "replaces": order.replaces.map(|id| id.0),
                    "renews": order.renews.map(|serial| serial.to_string()),
                });
                let action = if order.renews.is_some() { "token.renew" } else { "token.order" };
                ets_journal::append(tx, at, entry(action, &order, &by, &detail)).await?;
                Ok::<_, Error>(order)
            })
        });
        written.await
    }

    async fn go(
        &self,
        order: &Order,
        stage: Stage,
        from: &'static [Step],
        (to, action): (Step, &str),
        by: &Author,
    ) -> Result<(), Error> {
        let (id, at) = (order.id, self.0.clock.wall());
        let entry = entry(action, order, by, &Value::Null);
        let done = self.0.store.write(move |tx: &mut Tx<'_>| {
            Box::pin(async move {
                let done = tables::step(tx, id, from, to, at).await?;
                if done {
                    ets_journal::append(tx, at, entry).await?;
                }
                Ok::<_, Error>(done)
            })
        });
        if done.await? { Ok(()) } else { Err(Error::NotNow(id, stage)) }
    }

    /// The certificate that this order replaces for good is dead from now on.
    async fn end_replaced(&self, new: &Order, by: &Author) -> Result<(), Error> {
        let Some(old) = new.replaces.filter(|_| new.until.is_none()) else { return Ok(()) };
        let old = self.find(old).await?;
        let reason =
            if old.step == Step::Lost { Reason::KeyCompromise } else { Reason::Superseded };
        self.end_temporary(old.id, by).await?;
        self.end_beside(&old, reason, by).await?;
        self.end(&old, reason, by).await
    }

    /// What stands in for an order, or was to, is over.
    async fn end_temporary(&self, id: OrderId, by: &Author) -> Result<(), Error> {
        let at = self.0.clock.wall();
        let refused = self.0.store.write(move |tx: &mut Tx<'_>| {
            Box::pin(async move { tables::refuse_open(tx, id, at).await })
        });
        refused.await?;
        for temporary in tables::temporary(&self.0.store, id).await? {
            self.end(&temporary, Reason::Superseded, by).await?;
        }
        Ok(())
    }

    /// Revokes the certificate of an order unless it is dead already.
    pub(super) async fn end(
        &self,
        order: &Order,
        reason: Reason,
        by: &Author,
    ) -> Result<(), Error> {
        let Some(serial) = order.serial else { return Ok(()) };
        match self.0.ca.revoke(serial, reason, by).await {
            // What is owed to the database opens nothing; others may still have to end.
            Ok(()) | Err(crate::Error::Over(..) | crate::Error::Owed(_)) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }
}

/// What is ordered at a desk is for owners, and opens nothing of the hub itself.
///
/// # Errors
/// [`Error::OfTheHub`].
pub fn of_owners(profile: &str) -> Result<(), Error> {
    if OWN.contains(&profile) { Err(Error::OfTheHub(profile.to_owned())) } else { Ok(()) }
}

pub(super) fn entry(action: &str, order: &Order, by: &Author, detail: &Value) -> Entry {
    let subject = json!({ "subject": order.subject });
    let detail = if detail.is_null() { subject } else { detail.clone() };
    by.entry(action, On::new("token", order.id.to_string())).detail(detail)
}
