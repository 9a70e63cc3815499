//! An order: for whom, on what token, by whom, and what became of it.

use std::fmt;

use ets_model::{Lang, PersonId, WallTime};
use ets_notify::Address;

use super::Stage;
use super::stage::Step;
use crate::{Kept, Serial, Subject};

/// The number of an order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct OrderId(pub i64);

impl fmt::Display for OrderId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)
    }
}

/// What is ordered.
#[derive(Clone, Debug)]
pub struct New {
    /// The name of the certificate's profile.
    pub profile: String,
    /// Whom it is for.
    pub subject: Subject,
    /// DNS names and addresses, where the profile has them.
    pub names: Vec<String>,
    /// What is written on the token, or its serial number; may be empty.
    pub token: String,
    /// The request that was made on the token, where it is there already.
    pub request: Request,
    /// How its owner is told that it ends.
    pub contact: Contact,
}

/// How somebody is told that his certificate ends.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Contact {
    /// His address, where it is known.
    pub email: Option<Address>,
    /// The language of what is written to him.
    pub lang: Lang,
}

/// A request (PKCS#10) in PEM, or none: it comes later, or the profile makes the key.
pub type Request = Option<String>;

/// An order and what became of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Order {
    /// Its number.
    pub id: OrderId,
    /// Whose it is.
    pub person: PersonId,
    /// Whom the certificate is for (RFC 4514).
    pub subject: String,
    /// The name of its profile.
    pub profile: String,
    /// DNS names and addresses.
    pub names: Vec<String>,
    /// What is written on the token.
    pub token: String,
    /// The request, where it is there.
    pub request: Request,
    /// Its last moment, where it is a temporary one.
    pub until: Option<WallTime>,
    /// In whose place it comes.
    pub replaces: Option<OrderId>,
    /// The certificate whose owner renews it by this order, with that one's key.
    pub renews: Option<Serial>,
    /// How its owner is told.
    pub contact: Contact,
    /// Who ordered it.
    pub ordered_by: String,
    /// Which human that was.
    pub(crate) ordered_human: String,
    /// When.
    pub ordered: WallTime,
    /// Who confirmed it, where a second person was wanted.
    pub confirmed_by: Option<String>,
    /// Whether a second person must confirm it.
    pub needs_second: bool,
    pub(crate) step: Step,
    /// Since when it is where it is, as far as the order knows.
    pub since: WallTime,
    /// What is being signed for it, or was when the process ended.
    pub(crate) pending: Option<Serial>,
    /// Its certificate.
    pub serial: Option<Serial>,
}

impl Order {
    /// Where it stands, `certificate` being what the authority keeps of [`Order::serial`].
    pub fn stage(&self, certificate: Option<&Kept>, now: WallTime) -> Stage {
        let certificate = certificate.map(|kept| (kept.state, kept.not_after));
        Stage::of(self.step, self.is_confirmed(), certificate, now)
    }

    /// Whether it needs no second person, or one has confirmed.
    pub fn is_confirmed(&self) -> bool {
        !self.needs_second || self.confirmed_by.is_some()
    }
}
