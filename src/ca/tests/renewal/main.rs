//! The end of a certificate: who is told, and who renews it with the consent of its key.

#![allow(clippy::unwrap_used, reason = "a test may end at once")]

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
use ets_store::testing::TestStore;
use ets_store::{Migration, Store, Tx, values};
use ets_tls::{RevocationSet, Standing};
use tokio::sync::Notify;

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

/// Three certificates of one person, each renewed by the next, all valid.
async fn chain(ground: &Ground, subject: &str) -> [Order; 3] {
    let first = ground.person(subject).await;
    let second = ground.renew(&first).await.unwrap();
    let third = ground.renew(&second).await.unwrap();
    [first, second, third]
}

/// Who may renew from the first day on.
fn soon() -> Rules {
    Rules { renewal: 400 * DAY, ..Rules::default() }
}

/// covers: T1.3, T1.4
#[tokio::test]
async fn what_happens_to_the_token_happens_to_all_certificates_on_it() {
    let store = TestStore::sqlite(&migrations()).await;
    let ground = Ground::open(&store, soon()).await;
    let all = chain(&ground, PERSON).await;
    let stages = async || {
        let [a, b, c] = &all;
        [ground.stage(a).await, ground.stage(b).await, ground.stage(c).await]
    };
    for lost in 0..3 {
        let mut expected = [Stage::Suspended; 3];
        expected[lost] = Stage::Lost;
        ground.desk.lose(all[lost].id, &officer()).await.unwrap();
        assert_eq!(stages().await, expected);
        ground.desk.find_again(all[lost].id, &officer()).await.unwrap();
        assert_eq!(stages().await, [Stage::Active; 3]);
    }
    let card = ("day card".to_owned(), Some(request()));
    ground.desk.stand_in(all[2].id, 9, card, &officer()).await.unwrap();
    assert_eq!(stages().await, [Stage::Suspended; 3]);
    ground.desk.find_again(all[2].id, &officer()).await.unwrap();
    // While all are good, the next one comes in the place of the newest.
    let wrong = ground.desk.reissue(all[0].id, "T-2".to_owned(), None, &officer()).await;
    assert!(matches!(wrong, Err(Error::Replaced(_, id)) if id == all[1].id), "{wrong:?}");
    ground.desk.lose(all[0].id, &officer()).await.unwrap();
    let (token, request) = ("T-2".to_owned(), Some(request()));
    let next = ground.desk.reissue(all[0].id, token, request, &officer()).await.unwrap();
    ground.desk.issue(next.id, None, &officer()).await.unwrap();
    assert_eq!(stages().await, [Stage::Revoked; 3]);
    assert_eq!(ground.stage(&next).await, Stage::Issued);
}

/// covers: T1.3, T1.4
#[tokio::test]
async fn whose_key_is_in_foreign_hands_loses_all_that_lies_on_the_token() {
    let store = TestStore::sqlite(&migrations()).await;
    let ground = Ground::open(&store, soon()).await;
    // The one before the last is dead already, the first one was issued without an order.
    let wanted = Wanted {
        profile: "civil-servant".to_owned(),
        subject: PERSON.parse().unwrap(),
        names: Vec::new(),
        until: None,
    };
    let issued = ground.ca.issue(wanted, Some(request().as_bytes()), &officer()).await.unwrap();
    let first = ground.ca.find(issued.serial).await.unwrap();
    let held = (first.serial, first.id());
    let second = ground.desk.renew(held, &request(), &owner()).await.unwrap();
    let third = ground.renew(&second).await.unwrap();
    ground.desk.end_renewed(ground.held(&third).await, &owner()).await.unwrap();
    assert_eq!(ground.stage(&third).await, Stage::Active);
    ground.compromised(third.serial.unwrap()).await.unwrap();
    for serial in [first.serial, third.serial.unwrap()] {
        let dead = ground.ca.find(serial).await.unwrap();
        assert_eq!((dead.state, dead.reason), (State::Revoked, Some(Reason::KeyCompromise)));
    }
    let again = ground.compromised(third.serial.unwrap()).await;
    assert!(matches!(again, Err(Error::Ca(ets_ca::Error::Over(..)))), "{again:?}");
    // The database cannot say what lies beside: it follows.
    let [a, b, c] = chain(&ground, "CN=Dana").await;
    ground.sql("ALTER TABLE token_order RENAME TO away").await;
    let owed = ground.compromised(b.serial.unwrap()).await;
    assert!(matches!(owed, Err(Error::Ca(ets_ca::Error::Owed(_)))), "{owed:?}");
    assert!(ground.is_out(&b).await && !ground.is_out(&a).await);
    ground.sql("ALTER TABLE away RENAME TO token_order").await;
    let follows = async {
        while !(ground.is_out(&a).await && ground.is_out(&c).await) {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(10), follows).await.expect("they follow");
}

/// covers: T1.3, T1.4, T-7
#[tokio::test]
async fn all_on_a_lost_token_bite_at_once_and_each_although_another_one_fails() {
    let store = TestStore::sqlite(&migrations()).await;
    let ground = Ground::open(&store, soon()).await;
    let all = chain(&ground, PERSON).await;
    let are_out = async || {
        let [a, b, c] = &all;
        [ground.is_out(a).await, ground.is_out(b).await, ground.is_out(c).await]
    };
    let (begun, go) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
    let (inside, end, busy) = (Arc::clone(&begun), Arc::clone(&go), ground.store.clone());
    let work = tokio::spawn(async move {
        let wait = move || async move {
            inside.notify_one();
            end.notified().await;
            Ok::<_, ets_store::Error>(())
        };
        busy.write(move |_| Box::pin(wait())).await
    });
    begun.notified().await;
    let (desk, id) = (ground.desk.clone(), all[0].id);
    let losing = tokio::spawn(async move { desk.lose(id, &officer()).await });
    let bitten = async {
        while are_out().await != [true; 3] {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(10), bitten)
        .await
        .expect("all of them bite meanwhile");
    assert!(!losing.is_finished(), "the database has not taken it yet");
    go.notify_one();
    work.await.unwrap().unwrap();
    losing.await.unwrap().unwrap();
    ground.desk.find_again(id, &officer()).await.unwrap();
    // The database takes nothing: the first one is out before it, which is a refusal of its own.
    ground.sql("ALTER TABLE journal_entry RENAME TO away").await;
    let owed = ground.ca.suspend(all[0].serial.unwrap(), &officer()).await;
    assert!(matches!(owed, Err(ets_ca::Error::Owed(_))), "{owed:?}");
    assert_eq!(are_out().await, [true, false, false]);
    let refused = ground.desk.lose(id, &officer()).await;
    assert!(matches!(refused, Err(Error::Ca(ets_ca::Error::Over(..)))), "{refused:?}");
    assert_eq!(are_out().await, [true; 3]);
}

/// covers: T1.3, T1.4
#[tokio::test]
async fn a_renewal_that_waits_is_not_issued_once_the_token_is_lost() {
    let store = TestStore::sqlite(&migrations()).await;
    let ground = Ground::open(&store, Rules { four_eyes: true, ..Rules::default() }).await;
    let [a, b] = [ground.person("CN=a").await, ground.person("CN=b").await];
    ground.before_the_end(&a, 5).await;
    let [of_a, of_b] = [ground.renew(&a).await.unwrap(), ground.renew(&b).await.unwrap()];
    for order in [&of_a, &of_b] {
        ground.desk.confirm(order.id, &officer()).await.unwrap();
    }
    ground.desk.lose(a.id, &officer()).await.unwrap();
    let late = ground.desk.issue(of_a.id, None, &officer()).await;
    assert!(matches!(late, Err(Error::NotNow(_, Stage::Refused))), "{late:?}");
    ground.ca.revoke(b.serial.unwrap(), Reason::KeyCompromise, &officer()).await.unwrap();
    let late = ground.desk.issue(of_b.id, None, &officer()).await;
    assert!(matches!(late, Err(Error::Withdrawn(_))), "{late:?}");
}

/// covers: T1.3, T1.4
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_renewal_and_the_report_of_the_loss_at_once_leave_nothing_that_opens() {
    let store = TestStore::sqlite(&migrations()).await;
    let ground = Ground::open(&store, Rules::default()).await;
    for round in 0..20 {
        let old = ground.person(&format!("CN=person {round}")).await;
        ground.before_the_end(&old, 5).await;
        let (held, request) = (ground.held(&old).await, request());
        let desk = ground.desk.clone();
        let renewing =
            tokio::spawn(async move { desk.renew(held, &request, &owner()).await.is_ok() });
        tokio::time::sleep(Duration::from_micros(round * 300)).await;
        ground.desk.lose(old.id, &officer()).await.unwrap();
        let is_renewed = renewing.await.unwrap();
        assert_eq!(ground.stage(&old).await, Stage::Lost);
        if let Some(new) = ground.desk.renewed_by(held.0).await.unwrap() {
            let stage = ground.stage(&new).await;
            assert!(!stage.opens(), "{round}: {stage:?}, renewed: {is_renewed}");
        }
    }
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

async fn letters(store: &Store) -> Vec<ets_notify::Kept> {
    let mut all = Vec::new();
    while let Some(one) = ets_notify::find(store, LetterId(all.len() as i64 + 1)).await.unwrap() {
        all.push(one);
    }
    all
}

async fn each_lead_time_brings_one_letter_in_the_owners_language(store: TestStore) {
    let ground = Ground::open(&store, Rules::default()).await;
    let order = ground.person(PERSON).await;
    let serial = order.serial.unwrap();
    let days = [14, 3, 30];
    assert_eq!(ground.notices(&days).look().await.unwrap(), 0);
    for (left, expected) in [(31, 0), (30, 1), (29, 1), (14, 2), (13, 2), (2, 3), (1, 3)] {
        ground.before_the_end(&order, left).await;
        // Each look is that of another process: nothing is remembered but in the database.
        ground.notices(&days).look().await.unwrap();
        ground.notices(&days).look().await.unwrap();
        assert_eq!(letters(&store).await.len(), expected, "{left} days before the end");
    }
    ground.before_the_end(&order, 0).await;
    assert_eq!(ground.notices(&days).look().await.unwrap(), 0);
    let all = letters(&store).await;
    assert!(all.iter().all(|one| one.to == "person@ets.kz"), "{all:?}");
    assert_eq!(all[0].subject, "Сертификатыңыздың мерзімі 30 күннен кейін аяқталады");
    assert!(all[0].text.contains("Айгүл Омарова") && all[0].text.contains(&serial.to_string()));
    assert!(all[0].text.contains("https://portal.ets.kz/me/renew"), "{}", all[0].text);
    let told: Vec<u32> = told(&store, serial).await.unwrap().iter().map(|one| one.days).collect();
    assert_eq!(told, [30, 14, 3]);
    let noted = ground.actions().await.iter().filter(|(one, _)| one == "token.notice").count();
    assert_eq!(noted, 3);
}

ets_store::on_both_databases!(
    /// covers: T1.4
    told_once,
    &migrations(),
    each_lead_time_brings_one_letter_in_the_owners_language
);

/// covers: T1.4
#[tokio::test]
async fn who_needs_no_notice_gets_none() {
    let store = TestStore::sqlite(&migrations()).await;
    let ground = Ground::open(&store, Rules::default()).await;
    let [renewed, revoked, lost, silent, late] =
        ["CN=renewed", "CN=revoked", "CN=lost", "CN=silent", "CN=late"]
            .map(|name| ground.person(name));
    let [renewed, revoked, lost, silent, late] =
        [renewed.await, revoked.await, lost.await, silent.await, late.await];
    ground.before_the_end(&renewed, 10).await;
    ground.renew(&renewed).await.unwrap();
    ground.ca.revoke(revoked.serial.unwrap(), Reason::Superseded, &officer()).await.unwrap();
    let card = ("day card".to_owned(), Some(request()));
    let day = ground.desk.stand_in(lost.id, 9, card, &officer()).await.unwrap();
    ground.desk.issue(day.id, None, &officer()).await.unwrap();
    ground.desk.tell_at(silent.id, Contact::default(), &officer()).await.unwrap();
    // Ten days before the end, the nearest lead time alone is told.
    assert_eq!(ground.notices(&[30, 14, 3]).look().await.unwrap(), 1);
    let told = told(&store, late.serial.unwrap()).await.unwrap();
    assert_eq!(told.iter().map(|one| one.days).collect::<Vec<_>>(), [14]);
    // The renewed one that is lost is no successor any more.
    let new = ground.desk.renewed_by(renewed.serial.unwrap()).await.unwrap().unwrap();
    ground.ca.revoke(new.serial.unwrap(), Reason::Unspecified, &officer()).await.unwrap();
    assert_eq!(ground.notices(&[30, 14, 3]).look().await.unwrap(), 1);
}

/// covers: T1.4
#[tokio::test]
async fn a_letter_that_was_refused_is_written_anew_to_another_address() {
    let store = TestStore::sqlite(&migrations()).await;
    let ground = Ground::open(&store, Rules::default()).await;
    let order = ground.person("CN=a").await;
    ground.before_the_end(&order, 10).await;
    ground.notices(&[14]).look().await.unwrap();
    let sql = "UPDATE notify_letter SET state = 'failed', words = '550 no such person'";
    let refused = store
        .write(move |tx: &mut Tx<'_>| Box::pin(async move { tx.execute(sql, &values![]).await }));
    refused.await.unwrap();
    assert_eq!(ground.notices(&[14]).look().await.unwrap(), 0, "it is not tried by itself");
    let contact = Contact { email: Some("other@ets.kz".parse().unwrap()), lang: Lang::En };
    ground.desk.tell_at(order.id, contact, &officer()).await.unwrap();
    assert_eq!(ground.notices(&[14]).look().await.unwrap(), 1);
    let all = letters(&store).await;
    assert_eq!((all.len(), all[1].to.as_str()), (2, "other@ets.kz"));
    assert_eq!(all[1].subject, "Your certificate ends in 10 days");
    // One that was delivered is not written again.
    let sql = "UPDATE notify_letter SET state = 'sent'";
    let sent = store
        .write(move |tx: &mut Tx<'_>| Box::pin(async move { tx.execute(sql, &values![]).await }));
    sent.await.unwrap();
    ground.desk.tell_at(order.id, Contact::default(), &officer()).await.unwrap();
    let contact = Contact { email: Some("third@ets.kz".parse().unwrap()), lang: Lang::Ru };
    ground.desk.tell_at(order.id, contact, &officer()).await.unwrap();
    assert_eq!(ground.notices(&[14]).look().await.unwrap(), 0);
}

/// covers: T1.4
#[tokio::test]
async fn who_cannot_be_told_keeps_no_other_one_from_it_and_a_machine_is_led_to_no_page() {
    let store = TestStore::sqlite(&migrations()).await;
    let ground = Ground::open(&store, Rules::default()).await;
    let [one, two, three, person] =
        ["CN=a", "CN=b", "CN=c", "CN=d"].map(|name| ground.person(name));
    let [one, two, three, person] = [one.await, two.await, three.await, person.await];
    let name = "gw-1.ets.localhost";
    let router = New {
        names: vec![name.to_owned()],
        request: Some(request()),
        ..new("router", &format!("CN={name}"))
    };
    let router = ground.desk.order(router, &officer()).await.unwrap();
    ground.desk.issue(router.id, None, &officer()).await.unwrap();
    ground.before_the_end(&person, 10).await;
    let spoil =
        |what: &str, of: &Order| format!("UPDATE token_order SET {what} WHERE id = {}", of.id);
    ground.sql(spoil("profile = 'of another release'", &one)).await;
    ground.sql(spoil("email = 'nobody'", &two)).await;
    ground.sql(spoil("serial = 'none'", &three)).await;
    let serial = three.serial.unwrap();
    ground
        .sql(format!("UPDATE ca_certificate SET serial = 'none' WHERE serial = '{serial}'"))
        .await;
    assert_eq!(ground.notices(&[14]).look().await.unwrap(), 2);
    let all = letters(&store).await;
    let leads = |text: &str| (text.contains("/me/renew"), text.contains("EST"));
    let text = |of: Option<Serial>| {
        let serial = of.unwrap().to_string();
        all.iter().find(|one| one.text.contains(&serial)).map(|one| leads(&one.text))
    };
    let router = ground.desk.find(router.id).await.unwrap();
    assert_eq!(
        (text(person.serial), text(router.serial)),
        (Some((true, false)), Some((false, true)))
    );
}
