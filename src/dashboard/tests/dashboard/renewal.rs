//! The owner of a certificate on the pages and in the API: told of its end, renewing it himself.

use std::process::Command;
use std::time::Duration;

use axum::body::Body;
use axum::response::Response;
use ets_ca::life::{Contact, New, Order, Rules, Stage};
use ets_rights::Scope;
use http::{Method, Request, StatusCode, header};
use serde_json::{Value, json};

use crate::bed::trust::Trusted;
use crate::bed::{json as read, text};
use crate::rights::{give, tell};

const NOW: Duration = Duration::ZERO;
const OLD: Duration = Duration::from_secs(301);

fn new(subject: &str) -> New {
    New {
        profile: "civil-servant".to_owned(),
        subject: subject.parse().unwrap(),
        names: Vec::new(),
        token: "T-0017".to_owned(),
        request: Some(request()),
        contact: Contact::default(),
    }
}

/// A request for a new key, made by openssl.
fn request() -> String {
    let args = ["req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"];
    let mut openssl = Command::new("openssl");
    let made = openssl.args(args).args(["-keyout", "/dev/null", "-subj", "/CN=x"]).output();
    String::from_utf8(made.unwrap().stdout).unwrap()
}

fn get(path: &str) -> Request<Body> {
    Request::get(path).header(header::ACCEPT_LANGUAGE, "en").body(Body::empty()).unwrap()
}

fn post(path: &str, kind: &str, body: String) -> Request<Body> {
    let own = Request::post(path).header("sec-fetch-site", "same-origin");
    let own = own.header(header::ACCEPT_LANGUAGE, "en").header(header::CONTENT_TYPE, kind);
    own.body(Body::from(body)).unwrap()
}

/// The form as a browser sends it.
fn form(request: &str, file: &str) -> Request<Body> {
    let part = |name: &str, more: &str, value: &str| {
        format!("--x\r\nContent-Disposition: form-data; name=\"{name}\"{more}\r\n\r\n{value}\r\n")
    };
    let body =
        part("request", "", request) + &part("file", "; filename=\"a.csr\"", file) + "--x--\r\n";
    post("/me/renew", "multipart/form-data; boundary=x", body)
}

fn sent(body: &Value) -> Request<Body> {
    post("/api/v1/me/renewal", "application/json", body.to_string())
}

async fn shown(answer: Response) -> String {
    assert_eq!(answer.status(), StatusCode::OK);
    text(answer).await
}

async fn stage(ground: &Trusted, order: &Order) -> Stage {
    ground.desk.standing(order.id).await.unwrap().2
}

/// covers: T1.4
#[tokio::test]
async fn from_thirty_days_before_the_end_the_owner_is_led_to_the_next_certificate() {
    let ground = Trusted::new(Rules::default()).await;
    let order = ground.issued(new("CN=Aigul O'Hara/x,O=Archive")).await;
    ground.before_the_end(&order, 31).await;
    let me = shown(ground.ask(&order, NOW, get("/me")).await).await;
    assert!(!me.contains("/me/renew"), "{me}");
    let early = shown(ground.ask(&order, NOW, get("/me/renew")).await).await;
    assert!(early.contains("You can renew it yourself from") && !early.contains("<textarea"));
    ground.before_the_end(&order, 30).await;
    let me = shown(ground.ask(&order, NOW, get("/me")).await).await;
    assert!(me.contains("good for 30 more days") && me.contains("href=\"/me/renew\""), "{me}");
    let page = shown(ground.ask(&order, NOW, get("/me/renew")).await).await;
    let serial = order.serial.unwrap().to_string();
    let number = &serial[serial.len() - 8..];
    assert!(page.contains("<textarea") && page.contains(&format!("--id {number}")), "{page}");
    assert!(page.contains("/CN=Aigul O") && page.contains("Hara\\/x"), "{page}");
    let done = ground.ask(&order, NOW, form("", &request())).await;
    assert_eq!(
        (done.status(), &done.headers()[header::LOCATION]),
        (StatusCode::SEE_OTHER, &header::HeaderValue::from_static("/me/renew"))
    );
    let new = ground.desk.renewed_by(order.serial.unwrap()).await.unwrap().unwrap();
    assert_eq!((stage(&ground, &new).await, &new.person), (Stage::Active, &order.person));
    let page = shown(ground.ask(&order, NOW, get("/me/renew")).await).await;
    assert!(page.contains("/me/renew/certificate.pem") && page.contains(number), "{page}");
    let taken = shown(ground.ask(&order, NOW, get("/me/renew/certificate.pem")).await).await;
    let kept = ground.ca.find(new.serial.unwrap()).await.unwrap();
    assert_eq!(taken, kept.certificate);
    // With the new one he ends the old one, and only with a fresh signature.
    let end = || post("/me/renew/end", "application/x-www-form-urlencoded", String::new());
    let page = shown(ground.ask(&new, NOW, get("/me/renew")).await).await;
    assert!(page.contains("/me/renew/end") && page.contains(&serial), "{page}");
    let stale = ground.ask(&new, OLD, end()).await;
    assert_eq!(stale.status(), StatusCode::FORBIDDEN);
    assert_eq!(stage(&ground, &order).await, Stage::Active);
    assert_eq!(ground.ask(&new, NOW, end()).await.status(), StatusCode::SEE_OTHER);
    assert_eq!(stage(&ground, &order).await, Stage::Revoked);
}

/// covers: T1.4
#[tokio::test]
async fn only_a_fresh_signature_of_the_key_consents_and_no_other_site_asks_for_it() {
    let ground = Trusted::new(Rules::default()).await;
    let order = ground.issued(new("CN=Asem,O=Archive")).await;
    ground.before_the_end(&order, 10).await;
    let page = shown(ground.ask(&order, OLD, get("/me/renew")).await).await;
    assert!(page.contains("/me/renew/sign") && !page.contains("<textarea"), "{page}");
    let stale = ground.ask(&order, OLD, form(&request(), "")).await;
    assert_eq!(stale.status(), StatusCode::FORBIDDEN);
    assert!(text(stale).await.contains("/me/renew/sign"));
    let csr = json!({ "csr": request() });
    let stale = ground.ask(&order, OLD, sent(&csr)).await;
    assert_eq!(stale.status(), StatusCode::FORBIDDEN);
    assert!(read(stale).await["detail"].as_str().unwrap().contains("five minutes"));
    for path in ["/me/renew", "/me/renew/end", "/me/renew/sign", "/api/v1/me/renewal"] {
        let mut foreign = post(path, "application/json", csr.to_string());
        foreign
            .headers_mut()
            .insert("sec-fetch-site", header::HeaderValue::from_static("cross-site"));
        let refused = ground.ask(&order, NOW, foreign).await;
        assert_eq!(refused.status(), StatusCode::FORBIDDEN, "{path}");
    }
    // A link that was opened once is no certificate.
    let by_name = ground.bed.ask_as("somebody", sent(&csr)).await;
    assert_eq!(by_name.status(), StatusCode::FORBIDDEN);
    assert_eq!(ground.desk.renewed_by(order.serial.unwrap()).await.unwrap(), None);
    let broken = ground.ask(&order, NOW, form("nothing", "")).await;
    assert_eq!(broken.status(), StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(
        ground.ask(&order, NOW, form("", "")).await.status(),
        StatusCode::UNPROCESSABLE_ENTITY
    );
    assert_eq!(ground.ask(&order, NOW, form(&request(), "")).await.status(), StatusCode::SEE_OTHER);
}

/// covers: T1.4, T1.5
#[tokio::test]
async fn programs_renew_too_and_with_four_eyes_an_officer_has_the_last_word() {
    let ground = Trusted::new(Rules { four_eyes: true, ..Rules::default() }).await;
    let order = ground.issued(new("CN=Asem")).await;
    let own = async |of: &Order| read(ground.ask(of, NOW, get("/api/v1/me/renewal")).await).await;
    assert_eq!(own(&order).await["state"], "early");
    ground.before_the_end(&order, 10).await;
    assert_eq!(own(&order).await["state"], "open");
    let csr = json!({ "csr": request() });
    let answer = ground.ask(&order, NOW, sent(&csr)).await;
    assert_eq!(answer.status(), StatusCode::CREATED);
    let waits = read(answer).await;
    assert_eq!(
        (&waits["state"], &waits["order"]["stage"]),
        (&json!("under-way"), &json!("waiting"))
    );
    assert_eq!(waits["order"]["renews"], order.serial.unwrap().to_string());
    assert_eq!(ground.ask(&order, NOW, sent(&csr)).await.status(), StatusCode::CONFLICT);
    let page = shown(ground.ask(&order, NOW, get("/me/renew")).await).await;
    assert!(page.contains("Another officer must confirm"), "{page}");
    let new = ground.desk.renewed_by(order.serial.unwrap()).await.unwrap().unwrap();
    // The owner has the officer's right as well, and is one pair of eyes all the same.
    give(&ground.bed, "Asem", "ca-officer", Scope::Everywhere).await;
    let confirm = format!("/api/v1/ca/orders/{}/confirm", new.id);
    let himself = ground.ask(&order, NOW, post(&confirm, "application/json", String::new())).await;
    assert_eq!(himself.status(), StatusCode::CONFLICT);
    assert!(read(himself).await["detail"].as_str().unwrap().contains("another officer"));
    assert_eq!(stage(&ground, &new).await, Stage::Waiting);
    let officer = ets_registry::Author::new("officer");
    ground.desk.confirm(new.id, &officer).await.unwrap();
    ground.desk.issue(new.id, None, &officer).await.unwrap();
    let done = own(&order).await;
    assert!(done["certificate"].as_str().unwrap().contains("BEGIN CERTIFICATE"), "{done}");
    let new = ground.desk.find(new.id).await.unwrap();
    let mut end = sent(&json!(null));
    *end.uri_mut() = "/api/v1/me/renewal/end-old".parse().unwrap();
    *end.method_mut() = Method::POST;
    assert_eq!(ground.ask(&new, NOW, end).await.status(), StatusCode::OK);
    assert_eq!(stage(&ground, &order).await, Stage::Revoked);
}

/// covers: T1.3, T1.4
#[tokio::test]
async fn a_pair_is_seen_on_the_certificates_page_and_ends_together_where_the_key_is_compromised() {
    let rules = Rules { renewal: Duration::from_secs(400 * 86_400), ..Rules::default() };
    let ground = Trusted::new(rules).await;
    give(&ground.bed, "chief", "administrator", Scope::Everywhere).await;
    let path = |of: &Order, act: &str| format!("certificates/{}{act}", of.serial.unwrap());
    let page = async |of: &Order, act: &str| {
        let asked = get(&format!("/ca/{}", path(of, act)));
        shown(ground.bed.ask_as("chief", asked).await).await
    };
    let revoke = async |of: &Order, reason: &str| {
        let path = format!("/api/v1/ca/{}", path(of, "/revoke"));
        let why = json!({ "reason": reason }).to_string();
        let asked = post(&path, "application/json", why);
        assert_eq!(ground.bed.ask_as("chief", asked).await.status(), StatusCode::OK, "{reason}");
    };
    for (subject, way) in [("CN=a", "api"), ("CN=b", "page"), ("CN=c", "socket")] {
        let old = ground.issued(new(subject)).await;
        assert!(!page(&old, "/revoke").await.contains("those that renewed it"));
        let asked = ground.ask(&old, NOW, sent(&json!({ "csr": request() }))).await;
        assert_eq!(asked.status(), StatusCode::CREATED);
        let new = ground.desk.renewed_by(old.serial.unwrap()).await.unwrap().unwrap();
        for (one, other, term) in [(&old, &new, "Renewed by"), (&new, &old, "Renews the")] {
            let page = page(one, "").await;
            assert!(page.contains(term) && page.contains(&path(other, "\"")), "{page}");
        }
        assert!(page(&new, "/revoke").await.contains("those that renewed it"));
        match way {
            "api" => revoke(&old, "keyCompromise").await,
            "page" => {
                let kind = "application/x-www-form-urlencoded";
                let asked = post(
                    &format!("/ca/{}", path(&new, "/revoke")),
                    kind,
                    "reason=keyCompromise".to_owned(),
                );
                ground.bed.ask_as("chief", asked).await;
            }
            _ => {
                let path = format!("/api/v1/ca/{}", path(&new, "/revoke"));
                let why = json!({ "reason": "keyCompromise" });
                let (status, told) = tell(&ground.bed, "POST", &path, &why).await;
                assert_eq!(status, StatusCode::OK, "{told}");
            }
        }
        let both = [stage(&ground, &old).await, stage(&ground, &new).await];
        assert_eq!(both, [Stage::Revoked; 2], "{way}");
    }
    // For any other reason it is the one alone.
    let old = ground.issued(new("CN=d")).await;
    ground.ask(&old, NOW, sent(&json!({ "csr": request() }))).await;
    let new = ground.desk.renewed_by(old.serial.unwrap()).await.unwrap().unwrap();
    revoke(&old, "superseded").await;
    let both = [stage(&ground, &old).await, stage(&ground, &new).await];
    assert_eq!(both, [Stage::Revoked, Stage::Active]);
}

/// covers: T1.4
#[tokio::test]
async fn the_officer_sees_who_was_told_and_gives_an_address() {
    let ground = Trusted::new(Rules::default()).await;
    let order = ground.issued(new("CN=Asem,O=Archive")).await;
    ground.before_the_end(&order, 10).await;
    give(&ground.bed, "chief", "administrator", Scope::Everywhere).await;
    let desk = || Request::get("/ca?state=soon").header(header::ACCEPT_LANGUAGE, "en");
    let list =
        async || shown(ground.bed.ask_as("chief", desk().body(Body::empty()).unwrap()).await).await;
    let before = list().await;
    assert!(before.contains("Owner was told") && before.contains("no address"), "{before}");
    let save = |email: &str| {
        post(
            &format!("/ca/orders/{}/contact", order.id),
            "application/x-www-form-urlencoded",
            format!("email={email}&lang=kk"),
        )
    };
    ground.bed.ask_as("chief", save("nobody")).await;
    assert_eq!(ground.desk.find(order.id).await.unwrap().contact, Contact::default());
    ground.bed.ask_as("chief", save("asem%40ets.kz")).await;
    let contact = ground.desk.find(order.id).await.unwrap().contact;
    assert_eq!(contact.email.unwrap().to_string(), "asem@ets.kz");
    assert!(list().await.contains("not yet"));
    let config = ets_notify::Config {
        relay: ets_notify::Relay { host: "127.0.0.1".to_owned(), port: 1 },
        from: "hub@ets.kz".parse().unwrap(),
        tls: ets_notify::Tls::None,
    };
    let (store, clock) = (ground.bed.store.clone(), ground.bed.clock.clone());
    let notify = ets_notify::build(&config, store.clone(), clock.clone()).unwrap();
    let expiry = ets_ca::life::Expiry {
        days: vec![14],
        url: "https://portal.ets.kz".to_owned(),
        zone: ets_i18n::zone("Asia/Almaty").unwrap(),
    };
    let notices = ets_ca::life::Notices::new(store.clone(), clock, notify, expiry);
    assert_eq!(notices.look().await.unwrap(), 1);
    assert!(list().await.contains("14 days ahead; waits for the mail server"));
    let sql = "UPDATE notify_letter SET state = 'failed', words = '550 no such person'";
    let refused = store.write(move |tx: &mut ets_store::Tx<'_>| {
        Box::pin(async move { tx.execute(sql, &[]).await })
    });
    refused.await.unwrap();
    assert!(list().await.contains("refused: 550 no such person"));
    let page = format!("/ca/orders/{}", order.id);
    let page = shown(ground.bed.ask_as("chief", get(&page)).await).await;
    assert!(page.contains("refused: 550 no such person") && page.contains("asem@ets.kz"), "{page}");
}
