//! The end of a certificate: who is told, and who renews it with the consent of its key.

#![allow(clippy::unwrap_used, reason = "a test may end at once")]

mod letters;
mod token;

use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

use ets_ca::life::{
    Contact, Desk, Error, Expiry, New, Notices, Order, Renewal, Rules, Stage, told,
};
use ets_ca::{
    Addresses, Authority, Ca, Deps, Files, KeyStore, Passphrase, Reason, Serial, State, Token,
    Wanted,
};
use ets_listen::{CertId, Connections};
use ets_model::{Lang, Stamp};
use ets_notify::{Config, LetterId, Relay, Tls};
use ets_registry::Author;
use ets_runtime::Clock;
use ets_store::testing::{Busy, TestStore};
use ets_store::{Migration, Store, Tx, values};
use ets_tls::{RevocationSet, Standing};

const DAY: Duration = Duration::from_secs(86_400);

fn migrations() -> Vec<Migration> {
    [ets_journal::MIGRATIONS, ets_ca::MIGRATIONS, ets_ca::life::MIGRATIONS, ets_notify::MIGRATIONS]
        .concat()
}

/// An authority with its desk and a clock that stands until it is moved.
struct Ground {
    ca: Ca,
    desk: Desk,
    clock: Clock,
    store: Store,
    revoked: Arc<RevocationSet>,
    dir: tempfile::TempDir,
}

impl Ground {
    async fn open(store: &Store, rules: Rules) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let addresses = Addresses::new("http://pki.ets.localhost:8480").unwrap();
        let passphrase = Passphrase::new("correct horse");
        Authority::make(&Files::in_dir(dir.path()), "Region", &passphrase, Some(&addresses))
            .unwrap();
        let clock = Clock::by_hand(Clock::system().stamp());
        Self::start((store.clone(), dir), rules, clock, None).await
    }

    async fn start(
        (store, dir): (Store, tempfile::TempDir),
        rules: Rules,
        clock: Clock,
        token: Option<Token>,
    ) -> Self {
        let keys = KeyStore::new(Passphrase::new("correct horse"), token);
        let addresses = Addresses::new("http://pki.ets.localhost:8480").unwrap();
        let revoked = Arc::new(RevocationSet::new());
        let ca = Ca::open(Deps {
            store: store.clone(),
            authority: Authority::open(&Files::in_dir(dir.path()), keys, Some(addresses)).unwrap(),
            connections: Connections::new(Arc::clone(&revoked)),
            revoked: Arc::clone(&revoked),
            clock: clock.clone(),
        })
        .await
        .unwrap();
        let desk = Desk::open(ca.clone(), store.clone(), clock.clone(), rules).await.unwrap();
        Self { ca, desk, clock, store, revoked, dir }
    }

    /// The next process, whose issuing key is in the file, or on a token.
    async fn again(self, token: Option<Token>) -> Self {
        let Self { ca, desk, clock, store, revoked: _, dir } = self;
        let rules = desk.rules();
        drop((ca, desk));
        Self::start((store, dir), rules, clock, token).await
    }

    /// Somebody with a token in his hands.
    async fn person(&self, subject: &str) -> Order {
        let new = New { request: Some(request()), ..new("civil-servant", subject) };
        let order = self.desk.order(new, &officer()).await.unwrap();
        if order.needs_second {
            self.desk.confirm(order.id, &Author::new("second")).await.unwrap();
        }
        self.desk.issue(order.id, None, &officer()).await.unwrap();
        self.desk.hand_over(order.id, &officer()).await.unwrap()
    }

    /// What the connection of an order's certificate proves.
    async fn held(&self, order: &Order) -> (Serial, CertId) {
        let kept = self.ca.find(order.serial.unwrap()).await.unwrap();
        (kept.serial, kept.id())
    }

    /// The clock, `days` before the end of an order's certificate.
    async fn before_the_end(&self, order: &Order, days: u32) {
        let kept = self.ca.find(order.serial.unwrap()).await.unwrap();
        let wall = kept.not_after.minus(days * DAY);
        self.clock.set(Stamp { wall, ..self.clock.stamp() });
    }

    async fn renew(&self, order: &Order) -> Result<Order, Error> {
        self.desk.renew(self.held(order).await, &request(), &owner()).await
    }

    /// What the officer does with a certificate whose key is in foreign hands.
    async fn compromised(&self, serial: Serial) -> Result<(), Error> {
        let (reason, by) = (Reason::KeyCompromise, officer());
        let taking = self.ca.revoke(serial, reason, &by);
        self.desk.take_whole((serial, reason), taking, &by).await
    }

    async fn is_out(&self, order: &Order) -> bool {
        self.revoked.standing(self.held(order).await.1) == Standing::Revoked
    }

    async fn sql(&self, sql: impl Into<String>) {
        let sql = sql.into();
        let done = self.store.write(move |tx: &mut Tx<'_>| {
            Box::pin(async move { tx.execute(&sql, &values![]).await })
        });
        done.await.unwrap();
    }

    async fn stage(&self, order: &Order) -> Stage {
        self.desk.standing(order.id).await.unwrap().2
    }

    async fn actions(&self) -> Vec<(String, serde_json::Value)> {
        let page = ets_journal::Page { before: None, limit: 100 };
        let filter = ets_journal::Filter::default();
        let listing = ets_journal::list(&self.store, &filter, page).await.unwrap();
        listing.entries.into_iter().map(|one| (one.entry.action, one.entry.detail)).collect()
    }

    fn notices(&self, days: &[u32]) -> Notices {
        let config = Config {
            relay: Relay { host: "127.0.0.1".to_owned(), port: 1 },
            from: "hub@ets.kz".parse().unwrap(),
            tls: Tls::None,
        };
        let notify = ets_notify::build(&config, self.store.clone(), self.clock.clone()).unwrap();
        let expiry = Expiry {
            days: days.to_vec(),
            url: "https://portal.ets.kz/me/renew".to_owned(),
            zone: ets_i18n::zone("Asia/Almaty").unwrap(),
        };
        Notices::new(self.store.clone(), self.clock.clone(), notify, expiry)
    }
}

fn new(profile: &str, subject: &str) -> New {
    New {
        profile: profile.to_owned(),
        subject: subject.parse().unwrap(),
        names: Vec::new(),
        token: "T-0017".to_owned(),
        request: None,
        contact: Contact { email: Some("person@ets.kz".parse().unwrap()), lang: Lang::Kk },
    }
}

fn officer() -> Author {
    Author::new("officer")
}

fn owner() -> Author {
    Author::new("certificate:owner")
}

/// A request for a new key, made by openssl.
fn request() -> String {
    let args = ["req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"];
    let made = Command::new("openssl")
        .args(args)
        .args(["-keyout", "/dev/null", "-subj", "/CN=Somebody else/O=Elsewhere"])
        .output();
    String::from_utf8(made.unwrap().stdout).unwrap()
}

/// Subject and key of a certificate as openssl reads them.
fn judged(pem: &str) -> (String, String) {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("it.pem");
    std::fs::write(&file, pem).unwrap();
    let told = |what: &str| {
        let mut openssl = Command::new("openssl");
        openssl.args(["x509", "-noout", what, "-in"]).arg(&file);
        String::from_utf8(ran(&mut openssl)).unwrap()
    };
    (told("-subject"), told("-pubkey"))
}

fn ran(command: &mut Command) -> Vec<u8> {
    let output = command.output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    output.stdout
}

const PERSON: &str = "CN=Айгүл Омарова,O=Әкімдік,serialNumber=850101400123";

async fn the_key_that_ends_consents_to_one_successor_with_the_same_name(store: TestStore) {
    let ground = Ground::open(&store, Rules::default()).await;
    let old = ground.person(PERSON).await;
    let early = ground.renew(&old).await;
    assert!(matches!(early, Err(Error::Early(30))), "{early:?}");
    ground.before_the_end(&old, 31).await;
    let held = ground.held(&old).await;
    let early = ground.desk.renewal(held.0, held.1).await.unwrap().1;
    assert!(matches!(early, Renewal::From(opens) if opens > ground.clock.wall()), "{early:?}");
    assert!(matches!(ground.renew(&old).await, Err(Error::Early(_))));
    ground.before_the_end(&old, 30).await;
    assert_eq!(ground.desk.renewal(held.0, held.1).await.unwrap().1, Renewal::Now);
    let weak = ground.desk.renew(held, "no request", &owner()).await;
    assert!(matches!(weak, Err(Error::Ca(ets_ca::Error::Request(_)))), "{weak:?}");
    let new = ground.renew(&old).await.unwrap();
    assert_eq!(
        (&new.person, &new.subject, &new.profile),
        (&old.person, &old.subject, &old.profile)
    );
    assert_eq!((new.renews, &new.contact), (old.serial, &old.contact));
    assert_eq!(ground.stage(&new).await, Stage::Active, "the token is in his hands");
    assert_eq!(ground.stage(&old).await, Stage::Active, "the old one goes on");
    let again = ground.renew(&old).await;
    assert!(matches!(again, Err(Error::Renewed(id)) if id == new.id), "{again:?}");
    let [before, after] = [&old, &new].map(|order| order.serial.unwrap());
    let before = judged(&ground.ca.find(before).await.unwrap().certificate);
    let after = judged(&ground.ca.find(after).await.unwrap().certificate);
    assert!(before.0 == after.0 && before.1 != after.1, "{before:?} {after:?}");
    let told = ground.actions().await;
    let renewal = told.iter().find(|(action, _)| action == "token.renew").unwrap();
    assert_eq!(renewal.1["renews"], old.serial.unwrap().to_string());
    // Who came in with the new one ends the old one; the old one cannot end itself so.
    let foreign = ground.desk.end_renewed(held, &owner()).await;
    assert!(matches!(foreign, Err(Error::Ca(ets_ca::Error::NotHeld(_)))), "{foreign:?}");
    ground.desk.end_renewed(ground.held(&new).await, &owner()).await.unwrap();
    let dead = ground.ca.find(old.serial.unwrap()).await.unwrap();
    assert_eq!((dead.state, dead.reason), (State::Revoked, Some(Reason::Superseded)));
    assert_eq!(ground.stage(&new).await, Stage::Active);
    assert_eq!(ets_journal::verify(&store).await.unwrap().broken, None);
}

ets_store::on_both_databases!(
    /// covers: T1.4, T1.5
    renewed_once,
    &migrations(),
    the_key_that_ends_consents_to_one_successor_with_the_same_name
);

/// covers: T1.4
#[tokio::test]
async fn a_certificate_that_opens_nothing_or_is_another_one_consents_to_nothing() {
    let store = TestStore::sqlite(&migrations()).await;
    let ground = Ground::open(&store, Rules::default()).await;
    let [a, b, c, d] = ["CN=a", "CN=b", "CN=c", "CN=d"].map(|name| ground.person(name));
    let [a, b, c, d] = [a.await, b.await, c.await, d.await];
    ground.before_the_end(&a, 10).await;
    let (serial, id) = (ground.held(&a).await, ground.held(&b).await);
    // Somebody else's number on the own connection.
    let mixed = ground.desk.renew((serial.0, id.1), &request(), &owner()).await;
    let is_not_held = |refused: &Result<Order, Error>| {
        matches!(refused, Err(Error::Ca(ets_ca::Error::NotHeld(_))))
    };
    assert!(is_not_held(&mixed), "{mixed:?}");
    let unknown = ground.desk.renew((Serial::draw().unwrap(), id.1), &request(), &owner()).await;
    assert!(is_not_held(&unknown), "{unknown:?}");
    ground.ca.revoke(b.serial.unwrap(), Reason::KeyCompromise, &officer()).await.unwrap();
    ground.desk.lose(c.id, &officer()).await.unwrap();
    for lost in [&b, &c] {
        let refused = ground.renew(lost).await;
        assert!(is_not_held(&refused), "{refused:?}");
    }
    // It bites although the database has not heard of it yet.
    ground.revoked.insert(ground.held(&d).await.1);
    let refused = ground.renew(&d).await;
    assert!(is_not_held(&refused), "{refused:?}");
    ground.before_the_end(&a, 0).await;
    let over = ground.renew(&a).await;
    assert!(is_not_held(&over), "{over:?}");
    // Keys that are made here are no matter of their owners.
    let file = ground.desk.order(new("civil-servant-file", "CN=f"), &officer()).await.unwrap();
    ground.desk.issue(file.id, None, &officer()).await.unwrap();
    let file = ground.desk.find(file.id).await.unwrap();
    ground.before_the_end(&file, 10).await;
    let held = ground.held(&file).await;
    assert_eq!(ground.desk.renewal(held.0, held.1).await.unwrap().1, Renewal::Officer);
    let refused = ground.renew(&file).await;
    assert!(matches!(refused, Err(Error::Ca(ets_ca::Error::NoRenewal(_)))), "{refused:?}");
    // A card for the day is for the day.
    let card = ("day card".to_owned(), Some(request()));
    let forgotten = ground.person("CN=g").await;
    let day = ground.desk.stand_in(forgotten.id, 9, card, &officer()).await.unwrap();
    ground.desk.issue(day.id, None, &officer()).await.unwrap();
    let day = ground.desk.find(day.id).await.unwrap();
    let held = ground.held(&day).await;
    assert_eq!(ground.desk.renewal(held.0, held.1).await.unwrap().1, Renewal::Officer);
    let refused = ground.renew(&day).await;
    assert!(matches!(refused, Err(Error::Ca(ets_ca::Error::NoRenewal(_)))), "{refused:?}");
    assert_eq!(ground.desk.renewed_by(held.0).await.unwrap(), None);
}

/// covers: T1.4, T1.5
#[tokio::test]
async fn with_four_eyes_a_renewal_waits_for_an_officer_who_is_not_its_owner() {
    let store = TestStore::sqlite(&migrations()).await;
    let ground = Ground::open(&store, Rules { four_eyes: true, ..Rules::default() }).await;
    let old = ground.person(PERSON).await;
    ground.before_the_end(&old, 5).await;
    let new = ground.renew(&old).await.unwrap();
    assert_eq!((ground.stage(&new).await, new.serial), (Stage::Waiting, None));
    let early = ground.desk.issue(new.id, None, &officer()).await;
    assert!(matches!(early, Err(Error::Unconfirmed(_))), "{early:?}");
    let himself = ground.desk.confirm(new.id, &owner()).await;
    assert!(matches!(himself, Err(Error::SamePerson)), "{himself:?}");
    ground.desk.confirm(new.id, &officer()).await.unwrap();
    let other = ground.desk.issue(new.id, Some(request()), &officer()).await;
    assert!(matches!(other, Err(Error::HasRequest(_))), "{other:?}");
    // The consent was given in time; that the old one is over since does not matter.
    ground.before_the_end(&old, 0).await;
    ground.desk.issue(new.id, None, &officer()).await.unwrap();
    assert_eq!(ground.stage(&new).await, Stage::Active);
}

/// Who may renew from the first day on.
fn soon() -> Rules {
    Rules { renewal: 400 * DAY, ..Rules::default() }
}

/// covers: T1.4, T-6
#[tokio::test]
async fn a_renewal_that_was_signed_when_the_process_ended_is_good_where_its_consent_still_is() {
    let store = TestStore::sqlite(&migrations()).await;
    let ground = Ground::open(&store, soon()).await;
    let [withdrawn, refused, good] = ["CN=a", "CN=b", "CN=c"].map(|name| ground.person(name));
    let [withdrawn, refused, good] = [withdrawn.await, refused.await, good.await];
    let mut new = Vec::new();
    for (old, step) in [(&withdrawn, "ordered"), (&refused, "refused"), (&good, "ordered")] {
        let order = ground.renew(old).await.unwrap();
        // As if the process had ended between the certificate and the order's own line.
        let id = order.id;
        let sql = format!("UPDATE token_order SET serial = NULL, step = '{step}' WHERE id = {id}");
        ground.sql(sql).await;
        new.push(order);
    }
    let lost = withdrawn.serial.unwrap();
    ground.ca.revoke(lost, Reason::KeyCompromise, &officer()).await.unwrap();
    let ground = ground.again(None).await;
    for (order, expected) in new.iter().zip([State::Revoked, State::Revoked, State::Active]) {
        let kept = ground.ca.find(order.serial.unwrap()).await.unwrap();
        assert_eq!(kept.state, expected, "{}", order.subject);
    }
    assert_eq!(ground.stage(&new[2]).await, Stage::Active);
}

/// covers: T1.4, T-7
#[tokio::test]
async fn while_the_issuing_key_is_away_a_renewal_leaves_no_order_that_stands_in_the_way() {
    let store = TestStore::sqlite(&migrations()).await;
    let ground = Ground::open(&store, soon()).await;
    let old = ground.person(PERSON).await;
    let token = Token {
        module: ground.dir.path().join("none.so"),
        token: "hub".to_owned(),
        key: "issuing".to_owned(),
        pin: ground.dir.path().join("pin"),
    };
    let ground = ground.again(Some(token)).await;
    for _ in 0..2 {
        let away = ground.renew(&old).await;
        assert!(matches!(away, Err(Error::Ca(ets_ca::Error::Token(_)))), "{away:?}");
        let held = ground.held(&old).await;
        assert_eq!(ground.desk.renewal(held.0, held.1).await.unwrap().1, Renewal::Now);
    }
    assert!(ground.desk.waiting().await.unwrap().is_empty());
    let ground = ground.again(None).await;
    let new = ground.renew(&old).await.unwrap();
    assert_eq!(ground.stage(&new).await, Stage::Active);
}
