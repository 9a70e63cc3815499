//! One connection: who came, and what is worked out once for all its requests.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use ets_listen::{Client, Network, PeerCertificate};
use ets_model::WallTime;

use crate::holders::Holder;
use crate::identity::{Said, Way as Path};
use crate::service::Shared;
use crate::upstream::Witness;

/// A connection and its owner.
#[derive(Debug)]
pub(crate) struct Visit {
    pub(crate) shared: Arc<Shared>,
    pub(crate) client: Arc<Client>,
    /// Who proved a certificate; a machine's is nobody's here.
    pub(crate) who: Option<Who>,
    /// How the request came, for the service.
    pub(crate) path: Path,
    has_left: AtomicBool,
}

/// Who proved a certificate in the handshake.
#[derive(Debug)]
pub(crate) struct Who {
    pub(crate) certificate: Arc<PeerCertificate>,
    pub(crate) holder: Arc<Holder>,
    pub(crate) said: Said,
}

impl Visit {
    pub(crate) fn new(shared: Arc<Shared>, client: Arc<Client>) -> Arc<Self> {
        let der = client.session.as_ref().map_or(&[][..], |session| &session.der);
        let person = client.certificate.as_ref().filter(|certificate| !certificate.is_machine);
        let who = person.map(|certificate| Who {
            holder: shared.holders.of(certificate.id, shared.clock.boot()),
            said: Said::new(certificate, der),
            certificate: Arc::clone(certificate),
        });
        let path = Path::new(client.peer.address.ip());
        Arc::new(Self { shared, client, who, path, has_left: AtomicBool::new(false) })
    }

    /// The owner did something.
    pub(crate) fn touch(&self) {
        if let Some(who) = &self.who {
            who.holder.touch(self.shared.clock.boot());
        }
    }

    /// Who it is, for telling one from another: the person, or the address of nobody.
    pub(crate) fn witness(&self) -> Witness {
        match &self.who {
            Some(who) => Witness::of(who.certificate.person.as_str()),
            None => Witness::of(Network::from(self.client.peer.address.ip())),
        }
    }

    /// Nothing more is answered on this connection.
    pub(crate) fn leave(&self) {
        self.has_left.store(true, Ordering::SeqCst);
    }

    /// Whether its owner has left, or was made to.
    pub(crate) fn is_over(&self) -> bool {
        self.has_left.load(Ordering::SeqCst) || self.client.cut.is_cancelled()
    }

    /// When the certificate ended of a client that is nobody because of it.
    pub(crate) fn ended(&self) -> Option<WallTime> {
        let ended = self.client.session.as_ref()?.ended?;
        Some(ended.into())
    }
}
