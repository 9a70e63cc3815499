//! Certificates that open the hub itself, or speak for it. They are known without the database, so
//! that who may take one away is judged while it is away as well.

use std::collections::HashMap;
use std::sync::{PoisonError, RwLock};

use ets_model::WallTime;
use ets_store::{Store, values};
use ets_tls::CertId;

use crate::{Ca, Error, Serial, tables};

/// Certificates of these profiles open the hub itself, or speak for it: nobody orders them at a desk.
pub const OWN: [&str; 3] = [ADMINISTRATOR, "hub", "ocsp"];
/// What opens the hub's own administration.
const ADMINISTRATOR: &str = "administrator";

/// All of them that were ever issued.
#[derive(Debug, Default)]
pub(crate) struct Own(RwLock<HashMap<CertId, One>>);

#[derive(Clone, Copy, Debug)]
struct One {
    serial: Serial,
    is_administrator: bool,
}

impl Own {
    /// # Errors
    /// The database's.
    pub(crate) async fn read(store: &Store) -> Result<Self, Error> {
        let own = Self::default();
        for profile in OWN {
            for (id, serial) in tables::of_profile(store, profile).await? {
                own.enter(id, serial, profile);
            }
        }
        Ok(own)
    }

    /// Enters a certificate, where it is one of them.
    pub(crate) fn enter(&self, id: CertId, serial: Serial, profile: &str) {
        if OWN.contains(&profile) {
            let one = One { serial, is_administrator: profile == ADMINISTRATOR };
            self.0.write().unwrap_or_else(PoisonError::into_inner).insert(id, one);
        }
    }

    fn any(&self, fits: impl Fn(One) -> bool) -> bool {
        let all = self.0.read().unwrap_or_else(PoisonError::into_inner);
        all.values().any(|one| fits(*one))
    }
}

impl Ca {
    /// Whether a certificate was issued to an administrator of the hub.
    pub fn is_administrator(&self, id: CertId) -> bool {
        let all = self.0.own.0.read().unwrap_or_else(PoisonError::into_inner);
        all.get(&id).is_some_and(|one| one.is_administrator)
    }

    /// Whether a certificate opens the hub itself, or speaks for it: it is of a profile of [`OWN`].
    pub fn is_own(&self, serial: Serial) -> bool {
        self.0.own.any(|one| one.serial == serial)
    }

    /// Whether a certificate is an administrator's and in force, and no other one is.
    pub(crate) fn is_last_administrator(&self, serial: Serial) -> bool {
        let now = self.0.status.now();
        let in_force = |one: One| {
            let standing = self.0.status.index().standing(one.serial);
            one.is_administrator && standing.is_some_and(|standing| standing.is_in_force(now))
        };
        self.0.own.any(|one| one.serial == serial && in_force(one))
            && !self.0.own.any(|one| one.serial != serial && in_force(one))
    }
}

/// Whether an administrator's certificate stands: it keeps all rights, whatever is taken.
///
/// # Errors
/// The database's.
pub async fn has_administrator(store: &Store, now: WallTime) -> Result<bool, Error> {
    let sql = "SELECT serial FROM ca_certificate \
        WHERE state = 'active' AND not_after > $1 AND profile = $2 LIMIT 1";
    let row = store.query_optional(sql, &values![now.0, ADMINISTRATOR]).await?;
    Ok(row.is_some())
}
