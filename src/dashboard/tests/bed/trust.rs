//! An authority for a bed, and those who come in with what it issued.

use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use axum::body::Body;
use axum::response::Response;
use ets_ca::life::{Desk, New, Order, Rules};
use ets_ca::{Addresses, Authority, Ca, Files, Passphrase};
use ets_dashboard::Config;
use ets_listen::{Connections, PeerCertificate, Scheme, Signed};
use ets_model::Stamp;
use ets_registry::Author;
use ets_runtime::Clock;
use ets_tls::RevocationSet;
use http::Request;

use super::Bed;

/// A bed with an authority.
pub(crate) struct Trusted {
    pub(crate) bed: Bed,
    pub(crate) ca: Ca,
    pub(crate) desk: Desk,
    pub(crate) revoked: Arc<RevocationSet>,
}

impl Trusted {
    /// Where people come in by the rights that they were given; the clock stands.
    pub(crate) async fn new(rules: Rules) -> Self {
        let clock = Clock::by_hand(Clock::system().stamp());
        let mut bed = Bed::build(1, clock.clone(), false, true).await;
        let files = Files::in_dir(&bed.dir.path().join("ca"));
        std::fs::create_dir(bed.dir.path().join("ca")).unwrap();
        let secret = Passphrase::new("correct horse");
        let addresses = Addresses::new("http://pki.ets.localhost:8480").unwrap();
        Authority::make(&files, "Region", &secret, Some(&addresses)).unwrap();
        let revoked = Arc::new(RevocationSet::new());
        let ca = Ca::open(ets_ca::Deps {
            store: bed.store.clone(),
            authority: Authority::open(&files, &secret, Some(addresses)).unwrap(),
            connections: Connections::new(Arc::clone(&revoked)),
            revoked: Arc::clone(&revoked),
            clock: clock.clone(),
        })
        .await
        .unwrap();
        let desk = Desk::open(ca.clone(), bed.store.clone(), clock, rules).await.unwrap();
        bed.deps.ca = Some(ca.clone());
        bed.deps.tokens = Some(desk.clone());
        bed.deps.has_mail = true;
        bed.dashboard = ets_dashboard::build(Config::default(), bed.deps.clone()).unwrap();
        Self { bed, ca, desk, revoked }
    }

    /// Orders, confirms and issues.
    pub(crate) async fn issued(&self, new: New) -> Order {
        let officer = Author::new("officer");
        let order = self.desk.order(new, &officer).await.unwrap();
        if order.needs_second {
            self.desk.confirm(order.id, &Author::new("second")).await.unwrap();
        }
        self.desk.issue(order.id, None, &officer).await.unwrap();
        self.desk.hand_over(order.id, &officer).await.unwrap()
    }

    /// The clock, so many days before the end of an order's certificate.
    pub(crate) async fn before_the_end(&self, order: &Order, days: u32) {
        let kept = self.ca.find(order.serial.unwrap()).await.unwrap();
        let wall = kept.not_after.minus(days * Duration::from_secs(86_400));
        self.bed.clock.set(Stamp { wall, ..self.bed.clock.stamp() });
    }

    /// Asks with the certificate of an order, whose key signed so long ago.
    pub(crate) async fn ask(
        &self,
        order: &Order,
        ago: Duration,
        mut request: Request<Body>,
    ) -> Response {
        let kept = self.ca.find(order.serial.unwrap()).await.unwrap();
        let subject: ets_ca::Subject = kept.subject.parse().unwrap();
        let not_after = u64::try_from(kept.not_after.0).unwrap();
        request.extensions_mut().insert(PeerCertificate {
            subject: subject.common_name().to_owned(),
            person: subject.person(),
            institution: subject.institution().map(str::to_owned),
            serial_hex: kept.serial.to_string(),
            fingerprint: "00".repeat(32),
            id: kept.id(),
            not_after: SystemTime::UNIX_EPOCH + Duration::from_micros(not_after),
            is_machine: false,
        });
        request.extensions_mut().insert(Signed(Instant::now().checked_sub(ago).unwrap()));
        self.bed.ask_as_nobody(request, Scheme::Https).await
    }
}
