//! Tokens that are away, locked, broken or silent.

use std::path::Path;
use std::sync::{Arc, mpsc};
use std::time::{Duration, Instant, SystemTime};

use axum::body::Body;
use axum::http::{Request, StatusCode};
use ets_ca::{Authority, Ca, Deps, Error, Issued, Reason, TokenError};
use ets_listen::Connections;
use ets_registry::Author;
use ets_runtime::Clock;
use ets_store::testing::TestStore;
use ets_tls::{RevocationSet, Standing};
use http_body_util::BodyExt;
use rcgen::KeyPair;
use tower::ServiceExt;

use super::{Far, PIN, Place, is_inside, softhsm};
use crate::{EC, request, text, told, wanted};

/// Longer than the pause between two looks for a token.
const A_MOMENT: Duration = Duration::from_millis(1_010);
/// Nobody waits for a token that is away; a loaded machine takes its time for the rest.
const SOON: Duration = Duration::from_secs(4);

/// A desk whose issuing key is on the token.
struct Desk {
    ca: Ca,
    revoked: Arc<RevocationSet>,
    by: Author,
    /// Its file goes with it.
    _store: TestStore,
}

impl Desk {
    async fn open(place: &Place) -> Self {
        let migrations = [ets_journal::MIGRATIONS, ets_ca::MIGRATIONS].concat();
        let store = TestStore::sqlite(&migrations).await;
        let revoked = Arc::new(RevocationSet::new());
        let deps = Deps {
            store: (*store).clone(),
            authority: place.open().unwrap(),
            connections: Connections::new(Arc::clone(&revoked)),
            revoked: Arc::clone(&revoked),
            clock: Clock::system(),
        };
        let ca = Ca::open(deps).await.unwrap();
        Self { ca, revoked, by: Author::new("officer"), _store: store }
    }

    async fn issue(&self) -> Result<Issued, Error> {
        self.ca.issue(wanted("civil-servant-file", "CN=A"), None, &self.by).await
    }

    /// What anybody hears at this path.
    async fn get(&self, path: &str) -> (StatusCode, Vec<u8>) {
        let asked = Request::get(path).body(Body::empty()).unwrap();
        let (parts, body) = self.ca.status_router().oneshot(asked).await.unwrap().into_parts();
        (parts.status, body.collect().await.unwrap().to_bytes().to_vec())
    }

    /// What OCSP says of a certificate, asked and verified by openssl.
    async fn asked(&self, place: &Place, issued: &Issued) -> String {
        let file = |name: &str| place.dir.join(name);
        let (leaf, ask, told_by) = (file("leaf.pem"), file("ask"), file("answer.ocsp"));
        std::fs::write(&leaf, &issued.certificate).unwrap();
        let files = place.files();
        let of = ["ocsp", "-issuer", text(&files.issuing), "-cert", text(&leaf), "-no_nonce"];
        told(&[&of[..], &["-reqout", text(&ask)]].concat());
        let body = Body::from(std::fs::read(&ask).unwrap());
        let asked = Request::post("/ocsp").body(body).unwrap();
        let answer = self.ca.status_router().oneshot(asked).await.unwrap().into_body();
        std::fs::write(&told_by, answer.collect().await.unwrap().to_bytes()).unwrap();
        let judge = ["-respin", text(&told_by), "-CAfile", text(&files.root)];
        told(&[&of[..], &judge, &["-verify_other", text(&files.issuing)]].concat())
    }
}

fn sign(authority: &Authority) -> Result<(), Error> {
    let key = KeyPair::generate().unwrap();
    let draft = authority.draft(&wanted("civil-servant", "CN=A"), &key, SystemTime::now()).unwrap();
    authority.sign(&draft).map(drop)
}

/// covers: T1.1, T-7
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_token_that_goes_away_stops_issuing_alone_and_comes_back_without_a_restart() {
    if !is_inside(a_token_that_goes_away_stops_issuing_alone_and_comes_back_without_a_restart) {
        return;
    }
    let place = Place::new(Path::new(Far::MODULE));
    let far = Far::start(&place);
    place.make().unwrap();
    let desk = Desk::open(&place).await;
    let (one, two) = (desk.issue().await.unwrap(), desk.issue().await.unwrap());
    let list = format!("/crl/{:03}.crl", one.serial.shard());
    let (_, before) = desk.get(&list).await;
    assert!(desk.asked(&place, &one).await.contains("leaf.pem: good"));
    drop(far);
    for _ in 0..3 {
        let begun = Instant::now();
        let refused = desk.issue().await.unwrap_err();
        assert!(matches!(refused, Error::Token(_)), "{refused}");
        assert!(begun.elapsed() < SOON, "nobody waits for it");
    }
    let begun = Instant::now();
    desk.ca.revoke(one.serial, Reason::KeyCompromise, &desk.by).await.unwrap();
    assert!(begun.elapsed() < SOON);
    let id = desk.ca.find(one.serial).await.unwrap().id();
    assert_eq!(desk.revoked.standing(id), Standing::Revoked, "it bites");
    assert!(desk.asked(&place, &one).await.contains("leaf.pem: revoked"));
    assert!(desk.asked(&place, &two).await.contains("leaf.pem: good"));
    assert_eq!(desk.get(&list).await, (StatusCode::OK, before.clone()), "the last list holds");
    let far = Far::start(&place);
    tokio::time::sleep(A_MOMENT).await;
    desk.issue().await.unwrap();
    let (status, after) = desk.get(&list).await;
    assert!(status == StatusCode::OK && after != before, "the revocation stands in the next list");
    drop(far);
}

/// covers: T1.1, T-7
#[test]
fn a_wrong_pin_is_tried_once_also_over_restarts_and_a_right_one_ends_it() {
    if !is_inside(a_wrong_pin_is_tried_once_also_over_restarts_and_a_right_one_ends_it) {
        return;
    }
    let place = Place::new(&Place::faulty());
    std::fs::write(&place.token.pin, "000000").unwrap();
    for _ in 0..2 {
        let refused = place.make();
        assert!(matches!(refused, Err(Error::Token(TokenError::Pin { .. }))), "{refused:?}");
    }
    assert_eq!(place.logins(), 1, "a first start that goes wrong is tried again by itself");
    std::fs::write(&place.token.pin, PIN).unwrap();
    place.make().unwrap();
    let before = place.logins();
    std::fs::write(&place.token.pin, "111111").unwrap();
    for _ in 0..2 {
        let authority = place.open().expect("everything but issuing goes on");
        let refused = sign(&authority);
        assert!(matches!(refused, Err(Error::Token(TokenError::Pin { .. }))), "{refused:?}");
        std::thread::sleep(A_MOMENT);
        let refused = sign(&authority);
        assert!(matches!(refused, Err(Error::Token(TokenError::Pin { .. }))), "{refused:?}");
    }
    assert_eq!(place.logins(), before + 1);
    let authority = place.open().unwrap();
    std::fs::write(&place.token.pin, PIN).unwrap();
    std::thread::sleep(A_MOMENT);
    sign(&authority).expect("the file has the right one by now");
    assert_eq!(place.logins(), before + 2);
    // A person says that it is to be tried again.
    drop(authority);
    std::fs::write(&place.token.pin, "222222").unwrap();
    let authority = place.open().unwrap();
    let refused = sign(&authority).unwrap_err().to_string();
    let mark = place.dir.join("ca/pin-refused");
    assert!(refused.contains(text(&mark)) && place.logins() == before + 3, "{refused}");
    std::fs::remove_file(&mark).unwrap();
    std::thread::sleep(A_MOMENT);
    assert!(sign(&authority).is_err());
    assert!(mark.exists() && place.logins() == before + 4);
}

/// covers: T1.1, T-7
#[test]
fn a_token_pulled_out_and_put_in_again_signs_after_a_new_login() {
    if !is_inside(a_token_pulled_out_and_put_in_again_signs_after_a_new_login) {
        return;
    }
    let place = Place::new(&Place::faulty());
    place.make().unwrap();
    let authority = place.open().unwrap();
    sign(&authority).unwrap();
    place.fault("gone");
    let refused = sign(&authority);
    assert!(matches!(refused, Err(Error::Token(TokenError::Absent { .. }))), "{refused:?}");
    assert!(sign(&place.open().unwrap()).is_err(), "a start without it");
    place.heal("gone");
    // Another one under its name, which has seen what was signed before.
    place.fault("replay");
    std::thread::sleep(A_MOMENT);
    let refused = sign(&authority);
    assert!(matches!(refused, Err(Error::Token(TokenError::Other { .. }))), "{refused:?}");
    place.heal("replay");
    let before = place.logins();
    std::thread::sleep(A_MOMENT);
    for _ in 0..20 {
        sign(&authority).unwrap();
    }
    assert_eq!(place.logins(), before + 1, "the login is everybody's");
    place.fault("stuck");
    let (ended, told) = mpsc::channel();
    std::thread::spawn(move || {
        drop(authority);
        ended.send(()).unwrap();
    });
    told.recv_timeout(SOON).expect("nobody waits for a module that does not end");
    place.heal("stuck");
}

/// covers: T1.1, T-7
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_wrong_signature_is_not_handed_out_and_a_silent_token_is_not_waited_for() {
    if !is_inside(a_wrong_signature_is_not_handed_out_and_a_silent_token_is_not_waited_for) {
        return;
    }
    let place = Place::new(&Place::faulty());
    place.make().unwrap();
    let authority = place.open().unwrap();
    open_eight_sessions(&place, &authority);
    place.fault("wrong");
    let refused = sign(&authority);
    assert!(matches!(refused, Err(Error::Token(TokenError::Wrong { .. }))), "{refused:?}");
    let refused = authority.ready().await;
    assert!(matches!(refused, Err(Error::Token(TokenError::Other { .. }))), "{refused:?}");
    place.heal("wrong");
    std::thread::sleep(A_MOMENT);
    open_eight_sessions(&place, &authority);
    place.fault("silent");
    let begun = Instant::now();
    let refused = sign(&authority);
    assert!(matches!(refused, Err(Error::Token(TokenError::Silent { .. }))), "{refused:?}");
    assert!(begun.elapsed() < Duration::from_secs(7), "{:?}", begun.elapsed());
    assert!(authority.ready().await.is_err(), "a session that waits is no token that is there");
    // Whoever comes next is not kept.
    for _ in 0..20 {
        assert!(sign(&authority).is_err());
    }
    assert!(begun.elapsed() < Duration::from_secs(10), "{:?}", begun.elapsed());
    place.heal("silent");
    std::thread::sleep(A_MOMENT);
    sign(&authority).unwrap();
}

/// covers: T1.1, T-7
#[test]
fn a_module_or_a_pin_that_is_not_there_is_named_and_taken_when_it_is() {
    if !is_inside(a_module_or_a_pin_that_is_not_there_is_named_and_taken_when_it_is) {
        return;
    }
    let mut place = Place::new(softhsm().as_ref());
    place.make().unwrap();
    let module = place.dir.join("later.so");
    place.token.module.clone_from(&module);
    place.token.pin = place.dir.join("later-pin");
    let authority = place.open().unwrap();
    let refused = sign(&authority).unwrap_err().to_string();
    assert!(refused.contains(text(&module)), "{refused}");
    std::os::unix::fs::symlink(softhsm(), &module).unwrap();
    std::thread::sleep(A_MOMENT);
    let refused = sign(&authority).unwrap_err().to_string();
    assert!(refused.contains(text(&place.token.pin)), "{refused}");
    std::fs::write(&place.token.pin, PIN).unwrap();
    std::thread::sleep(A_MOMENT);
    sign(&authority).unwrap();
    let wrong = Place {
        token: ets_ca::Token {
            module: "/usr/lib/x86_64-linux-gnu/libm.so.6".into(),
            ..place.token.clone()
        },
        dir: place.dir.clone(),
    };
    let refused = sign(&wrong.open().unwrap()).unwrap_err().to_string();
    assert!(refused.contains("no PKCS#11 module"), "{refused}");
}

/// covers: T-7, T-4
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_who_want_a_list_ask_a_token_that_does_not_sign_once_and_its_log_outlives_its_root() {
    if !is_inside(
        many_who_want_a_list_ask_a_token_that_does_not_sign_once_and_its_log_outlives_its_root,
    ) {
        return;
    }
    let place = Place::new(&Place::faulty());
    place.make().unwrap();
    let desk = Desk::open(&place).await;
    let issued = desk.issue().await.unwrap();
    let list = format!("/crl/{:03}.crl", issued.serial.shard());
    let last = desk.get(&list).await;
    place.fault("wrong");
    let before = place.counted("signatures");
    desk.ca.revoke(issued.serial, Reason::KeyCompromise, &desk.by).await.unwrap();
    for _ in 0..50 {
        assert_eq!(desk.get(&list).await, last, "the last list holds");
    }
    let asked = place.counted("signatures") - before;
    assert!((1..10).contains(&asked), "{asked}");
    place.heal("wrong");
    tokio::time::sleep(A_MOMENT).await;
    assert_ne!(desk.get(&list).await.1, last.1, "the revocation stands in the next list");
    // The key on the token is taken by an authority that is made anew, and so is its log.
    drop(desk);
    std::fs::remove_file(place.files().root).unwrap();
    place.make().unwrap();
    assert!(place.open().unwrap().has_signed().unwrap());
}

/// covers: T-4
#[test]
fn a_token_signs_for_eight_at_once() {
    if !is_inside(a_token_signs_for_eight_at_once) {
        return;
    }
    let place = Place::new(&Place::faulty());
    place.make().unwrap();
    let authority = place.open().unwrap();
    let logins = place.logins();
    open_eight_sessions(&place, &authority);
    assert_eq!(place.logins(), logins, "sessions share the login");
}

/// Each signs while the others do.
fn open_eight_sessions(place: &Place, authority: &Authority) {
    sign(authority).unwrap();
    let before = place.counted("eight");
    place.fault("together");
    std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| sign(authority).unwrap());
        }
    });
    place.heal("together");
    assert_eq!(place.counted("eight") - before, 8);
}

/// covers: T-4
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "figures, on the release build"]
async fn figures_of_certificates_issued_in_a_second_by_a_token() {
    const EACH: u32 = 50;
    if !is_inside(figures_of_certificates_issued_in_a_second_by_a_token) {
        return;
    }
    let place = Place::new(softhsm().as_ref());
    place.make().unwrap();
    let authority = place.open().unwrap();
    for threads in [1, 2, 8] {
        let begun = Instant::now();
        std::thread::scope(|scope| {
            for _ in 0..threads {
                scope.spawn(|| (0..EACH).for_each(|_| sign(&authority).unwrap()));
            }
        });
        let rate = f64::from(threads * EACH) / begun.elapsed().as_secs_f64();
        println!("rehearsed and signed by {threads} threads: {rate:.0} a second");
    }
    let desk = Arc::new(Desk::open(&place).await);
    let csr = Arc::new(request(&place.dir, "a", EC, &[]));
    let begun = Instant::now();
    let officers: Vec<_> = (0..64)
        .map(|_| {
            let (desk, csr) = (Arc::clone(&desk), Arc::clone(&csr));
            tokio::spawn(async move {
                for _ in 0..EACH {
                    let order = wanted("civil-servant", "CN=A,O=B");
                    desk.ca.issue(order, Some(&csr), &desk.by).await.unwrap();
                }
            })
        })
        .collect();
    for officer in officers {
        officer.await.unwrap();
    }
    let rate = f64::from(64 * EACH) / begun.elapsed().as_secs_f64();
    println!("issued by a key in SoftHSM with lint and durable intent: {rate:.0} a second");
}
