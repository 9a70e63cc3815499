//! Certificates taken away from the desk: who may take what opens the hub itself, and what is said
//! while the database is away.

use axum::body::Body;
use ets_ca::life::Rules;
use ets_ca::{Serial, State, Wanted};
use ets_registry::Author;
use ets_rights::Scope;
use ets_tls::Standing;
use http::{Request, StatusCode, header};
use serde_json::{Value, json};

use crate::bed::trust::Trusted;
use crate::bed::{self, text};
use crate::rights::{get, give, post, tell};

async fn issue(bed: &Trusted, profile: &str) -> Serial {
    let subject = "CN=Dana".parse().unwrap();
    let wanted = Wanted { profile: profile.into(), subject, names: Vec::new(), until: None };
    bed.ca.issue(wanted, None, &Author::new("bed")).await.unwrap().serial
}

async fn state(bed: &Trusted, serial: Serial) -> State {
    bed.ca.find(serial).await.unwrap().state
}

/// As somebody with a certificate, by the API.
async fn ask(bed: &Trusted, name: &str, path: &str, body: &Value) -> (StatusCode, Value) {
    let request = Request::post(path).body(Body::from(body.to_string())).unwrap();
    let response = bed.bed.ask_as(name, request).await;
    (response.status(), bed::json(response).await)
}

fn path(serial: Serial, act: &str) -> String {
    format!("/api/v1/ca/certificates/{serial}/{act}")
}

/// An officer, and somebody who administers rights besides.
async fn officers(bed: &Trusted) {
    give(&bed.bed, "Asem", "ca-officer", Scope::Everywhere).await;
    give(&bed.bed, "Chief", "ca-officer", Scope::Everywhere).await;
    give(&bed.bed, "Chief", "rights-administrator", Scope::Everywhere).await;
}

/// covers: T1.3, T3, T-9
#[tokio::test]
async fn an_officer_takes_no_administrators_certificate_and_is_told_whom_to_ask() {
    let bed = Trusted::new(Rules::default()).await;
    officers(&bed).await;
    let (first, person) =
        (issue(&bed, "administrator").await, issue(&bed, "civil-servant-file").await);
    let why = json!({ "reason": "keyCompromise" });
    for act in ["revoke", "suspend"] {
        let (status, told) = ask(&bed, "Asem", &path(first, act), &why).await;
        assert_eq!(status, StatusCode::FORBIDDEN, "{act}: {told}");
        assert_eq!(
            (&told["missing_right"], &told["whom_to_ask"]),
            (&json!("rights.write"), &json!(["Chief"]))
        );
        let response = post(&bed.bed, "Asem", &format!("/ca/certificates/{first}/{act}"), "").await;
        assert_eq!(response.status(), StatusCode::FORBIDDEN, "{act}");
        let page = text(response).await;
        assert!(page.contains("rights.write") && page.contains("Ask: Chief"), "{page}");
    }
    assert_eq!(state(&bed, first).await, State::Active);
    let page = text(get(&bed.bed, "Asem", &format!("/ca/certificates/{first}")).await).await;
    assert!(page.contains("It opens the hub itself") && !page.contains("/revoke\""), "{page}");
    let page = text(get(&bed.bed, "Asem", &format!("/ca/certificates/{person}")).await).await;
    assert!(page.contains("/revoke\""), "{page}");
    let (status, _) = ask(&bed, "Asem", &path(person, "suspend"), &Value::Null).await;
    assert_eq!((status, state(&bed, person).await), (StatusCode::OK, State::Suspended));
    let (status, _) = ask(&bed, "Asem", &path(person, "revoke"), &why).await;
    assert_eq!((status, state(&bed, person).await), (StatusCode::OK, State::Revoked));
}

/// covers: T1.3, T3
#[tokio::test]
async fn the_last_administrators_certificate_is_taken_over_the_local_socket_alone() {
    let bed = Trusted::new(Rules::default()).await;
    officers(&bed).await;
    let (first, last) = (issue(&bed, "administrator").await, issue(&bed, "administrator").await);
    let why = json!({ "reason": "keyCompromise" });
    let page = text(get(&bed.bed, "Chief", &format!("/ca/certificates/{first}")).await).await;
    assert!(page.contains("/revoke\""), "{page}");
    let (status, told) = ask(&bed, "Chief", &path(first, "revoke"), &why).await;
    assert_eq!(status, StatusCode::OK, "{told}");
    for act in ["revoke", "suspend"] {
        let (status, told) = ask(&bed, "Chief", &path(last, act), &why).await;
        assert_eq!(status, StatusCode::FORBIDDEN, "{told}");
        let detail = told["detail"].as_str().unwrap();
        assert!(
            detail.contains("the last administrator's") && detail.contains("ets-hub ca"),
            "{told}"
        );
        // The page says so beside the certificate.
        let response = post(&bed.bed, "Chief", &format!("/ca/certificates/{last}/{act}"), "").await;
        assert_eq!(response.status(), StatusCode::SEE_OTHER, "{act}");
        assert!(response.headers().contains_key(header::SET_COOKIE));
    }
    assert_eq!(state(&bed, last).await, State::Active);
    let (status, told) = tell(&bed.bed, "POST", &path(last, "revoke"), &why).await;
    assert_eq!((status, state(&bed, last).await), (StatusCode::OK, State::Revoked), "{told}");
}

async fn rename(bed: &Trusted, from: &str, to: &str) {
    let sql = format!("ALTER TABLE {from} RENAME TO {to}");
    let work = bed
        .bed
        .store
        .write(move |tx| Box::pin(async move { tx.execute(&sql, &[]).await.map(drop) }));
    let done: Result<(), ets_store::Error> = work.await;
    done.unwrap();
}

/// covers: T-7, T1.3
#[tokio::test]
async fn what_is_taken_without_the_database_is_told_as_it_is_in_three_languages() {
    let bed = Trusted::new(Rules::default()).await;
    officers(&bed).await;
    let [one, two, three, four] = [
        issue(&bed, "civil-servant-file").await,
        issue(&bed, "civil-servant-file").await,
        issue(&bed, "civil-servant-file").await,
        issue(&bed, "civil-servant-file").await,
    ];
    let id = bed.ca.find(one).await.unwrap().id();
    rename(&bed, "ca_certificate", "away").await;
    let (status, told) =
        ask(&bed, "Asem", &path(one, "revoke"), &json!({ "reason": "keyCompromise" })).await;
    assert_eq!(status, StatusCode::ACCEPTED, "{told}");
    assert_eq!((&told["type"], &told["status"]), (&json!("/help/problems#owed"), &json!(202)));
    let detail = told["detail"].as_str().unwrap();
    assert!(detail.contains("in force and in the authority's log"), "{told}");
    assert_eq!(bed.revoked.standing(id), Standing::Revoked);
    for (lang, serial, words) in [
        ("en", two, "the register will follow as soon as the database is back"),
        ("ru", three, "реестр обновится, как только вернётся база данных"),
        ("kk", four, "дерекқор қайтқан бойда тізілім жаңарады"),
    ] {
        let request = Request::post(format!("/ca/certificates/{serial}/revoke"))
            .header(header::ACCEPT_LANGUAGE, lang)
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
            .header("sec-fetch-site", "same-origin")
            .body(Body::from("reason=keyCompromise"));
        let response = bed.bed.ask_as("Asem", request.unwrap()).await;
        assert_eq!(response.status(), StatusCode::ACCEPTED, "{lang}");
        let page = text(response).await;
        assert!(page.contains(words) && page.contains(&serial.to_string()), "{lang}: {page}");
    }
    // Not in force, and not said to be.
    let (status, told) = ask(
        &bed,
        "Asem",
        &path("40000000000000000000000000000000".parse().unwrap(), "suspend"),
        &Value::Null,
    )
    .await;
    assert_eq!(status, StatusCode::INTERNAL_SERVER_ERROR, "{told}");
    rename(&bed, "away", "ca_certificate").await;
    let (_trigger, shutdown) = ets_runtime::Shutdown::new();
    tokio::spawn(bed.ca.clone().keep_status(shutdown));
    let follows = async {
        while state(&bed, four).await != State::Revoked {
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(std::time::Duration::from_secs(10), follows)
        .await
        .expect("the row follows");
}
