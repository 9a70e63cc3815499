//! Who asks: proved by the connection or by a session, never by a header that a client writes.

use std::fmt;

use ets_listen::{PeerCertificate, SystemUser};
use ets_model::PersonId;
use http::Extensions;

use super::TokenHash;
use crate::service::Deps;

/// Who asks. Put into a request's extensions by the guard.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Identity {
    /// The name that the journal and the page head show.
    pub name: String,
    /// What proved it.
    pub proof: Proof,
    /// Whether he has all rights: on the hub itself, by a link that was made there, or by a
    /// certificate that is issued there alone.
    pub is_administrator: bool,
    /// The person of the certificate: rights are given to it.
    pub person: Option<PersonId>,
    /// For whom he acts here, where the right is another's: who it is, and his name.
    pub acting_for: Option<(PersonId, String)>,
}

/// What proved an [`Identity`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Proof {
    /// A client certificate of this serial number.
    Certificate { serial: String },
    /// A session that was opened with a one-time link.
    Session { hash: TokenHash },
    /// The kernel, on the Unix socket.
    System { uid: u32 },
}

impl Identity {
    /// What the connection itself proves: the certificate, or the system user. A machine's
    /// certificate proves nobody, whatever stands in its subject.
    /// With neither an authority of our own nor rights that anybody could be given, whatever
    /// certificate was verified is an administrator's.
    pub(crate) fn of_connection(extensions: &Extensions, deps: &Deps) -> Option<Self> {
        if let Some(user) = extensions.get::<SystemUser>() {
            let (name, proof) = (user.name.clone(), Proof::System { uid: user.uid });
            return Some(Self::administrator(name, proof));
        }
        let certificate =
            extensions.get::<PeerCertificate>().filter(|certificate| !certificate.is_machine)?;
        let proof = Proof::Certificate { serial: certificate.serial_hex.clone() };
        let is_administrator = match &deps.ca {
            Some(ca) => ca.is_administrator(certificate.id),
            None => deps.rights.is_none(),
        };
        Some(Self {
            name: certificate.subject.clone(),
            proof,
            is_administrator,
            person: Some(certificate.person.clone()),
            acting_for: None,
        })
    }

    /// Somebody who has all rights.
    pub(crate) fn administrator(name: String, proof: Proof) -> Self {
        Self { name, proof, is_administrator: true, person: None, acting_for: None }
    }

    /// By what one human is told from another: the person of the certificate, whichever it is. Who
    /// holds one-time links cannot be told apart.
    pub(crate) fn human(&self) -> String {
        match (&self.person, &self.proof) {
            (Some(person), _) => person.to_string(),
            (None, Proof::System { uid }) => format!("system:{uid}"),
            (None, _) => self.proof.kind().to_owned(),
        }
    }

    /// The identity as the journal names it, such as `certificate:administrator (3fa1)`.
    pub(crate) fn actor(&self) -> String {
        format!("{}:{}", self.proof.kind(), self)
    }
}

impl Proof {
    /// One word for the kind of proof.
    pub(crate) fn kind(&self) -> &'static str {
        match self {
            Self::Certificate { .. } => "certificate",
            Self::Session { .. } => "session",
            Self::System { .. } => "system",
        }
    }
}

impl fmt::Display for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.proof {
            Proof::Certificate { serial } => write!(f, "{} ({serial})", self.name),
            Proof::Session { hash } => write!(f, "{} ({})", self.name, hash.short()),
            Proof::System { uid } => write!(f, "{} ({uid})", self.name),
        }
    }
}
