//! What the holder of a certificate may ask for with its key.

use ets_tls::{CertId, Standing};

use crate::profile::{Profile, Renewal};
use crate::{Ca, Error, Kept, Reason, Serial, State};

impl Ca {
    /// The certificate of a connection, by its serial number and its place in the set, where it is
    /// valid now and its owner may have it renewed with its key: over EST and on the page of his
    /// rights alike.
    ///
    /// # Errors
    /// [`Error::NotHeld`], [`Error::NoRenewal`]; the database's.
    pub async fn renewable(&self, serial: Serial, id: CertId) -> Result<Kept, Error> {
        let kept = self.find(serial).await.map_err(|error| match error {
            Error::Unknown(_) => Error::NotHeld(serial),
            other => other,
        })?;
        let is_over = kept.not_after <= self.0.deps.clock.wall();
        if !self.is_in_force(&kept) || is_over || kept.id() != id {
            return Err(Error::NotHeld(serial));
        }
        match Profile::named(&kept.profile)?.renewal {
            Renewal::Never => Err(Error::NoRenewal(kept.profile)),
            Renewal::AsOrdered | Renewal::Confirmed => Ok(kept),
        }
    }

    /// What a certificate of the present authority is, and why where it is revoked: from memory, and
    /// before the database has heard of it.
    pub fn standing(&self, serial: Serial) -> Option<(State, Option<Reason>)> {
        let standing = self.0.status.index().standing(serial)?;
        let why = |(_, number)| Reason::ALL.into_iter().find(|one| one.number() == number);
        Some((standing.state(), standing.dead().and_then(why)))
    }

    /// Ends the connections and sessions of a certificate that stays valid: its owner's next one is a
    /// full handshake, in which the key signs.
    pub fn sign_again(&self, id: CertId) {
        self.0.deps.connections.cut(id);
    }

    /// Whether it is neither revoked nor suspended, be it that the database has not heard of it yet.
    pub(crate) fn is_in_force(&self, kept: &Kept) -> bool {
        kept.state == State::Active && self.0.deps.revoked.standing(kept.id()) == Standing::Good
    }
}
