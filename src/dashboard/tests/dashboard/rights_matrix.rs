//! Every address x every role x inside and outside of its scope, by real requests: who may is let
//! through, who may not is told which right is missing and whom to ask (line T-9 of issue 4).

use std::collections::BTreeSet;

use axum::Router;
use axum::body::Body;
use axum::response::Response;
use ets_dashboard::{Address, Needs};
use ets_listen::{CertId, Peer, PeerCertificate, Scheme};
use ets_model::PersonId;
use ets_rights::{BUILT_IN_ROLES, Object, Scope};
use http::{Request, StatusCode, header};
use tower::ServiceExt;

use crate::bed::{Bed, person, text};
use crate::rights::give;

/// A role of somebody, everywhere or for the institution of the first segment.
struct Holder {
    person: PersonId,
    name: String,
    role: &'static str,
    scope: Scope,
}

async fn holders(bed: &Bed) -> Vec<Holder> {
    let institution = bed.registry.catalog().segment("s001").unwrap().institution.clone();
    let mut all = Vec::new();
    for role in BUILT_IN_ROLES {
        for scope in [Scope::Everywhere, Scope::Institution(institution.clone())] {
            let name = format!("{} {}", role.id, scope.kind());
            give(bed, &name, role.id, scope.clone()).await;
            all.push(Holder { person: person(&name), name, role: role.id, scope });
        }
    }
    all
}

/// What a role is made of, once more without the room that judges.
fn holds(role: &str, right: &str) -> bool {
    let role = BUILT_IN_ROLES.iter().find(|one| one.id == role).unwrap();
    let names = |word: &&&str| match **word {
        "*" => true,
        "*.read" => right.ends_with(".read"),
        word => word == right,
    };
    role.rights.iter().any(|word| names(&word))
}

/// Whether a scope reaches an object; the first segment is the only one of its institution.
fn reaches(scope: &Scope, on: &Object) -> bool {
    match (scope, on) {
        (Scope::Everywhere, _) => true,
        (Scope::Institution(own), Object::Institution(id)) => own == id,
        (_, Object::Segment(id)) => id.as_str() == "s001",
        _ => false,
    }
}

/// The names of those who can give rights on an object.
fn givers(holders: &[Holder], on: &Object) -> BTreeSet<String> {
    let can = |one: &&Holder| holds(one.role, "rights.write") && reaches(&one.scope, on);
    holders.iter().filter(can).map(|one| one.name.clone()).collect()
}

/// The paths of an address: of the first segment and its institution, of another one, or the one
/// that there is; each with what it is about.
fn paths(bed: &Bed, template: &str) -> Vec<(String, Object)> {
    let catalog = bed.registry.catalog();
    let of = |segment: &str| {
        let institution = catalog.segment(segment).unwrap().institution.clone();
        let mut about = Object::Everywhere;
        let mut before = "";
        let parts = template.split('/').map(|part| {
            let value = match (before, part) {
                ("segments", "{id}") => {
                    about = Object::Segment(segment.parse().unwrap());
                    segment
                }
                ("institutions", "{id}") | (_, "{institution}") => {
                    about = Object::Institution(institution.clone());
                    institution.as_str()
                }
                (_, part) if part.starts_with('{') => "1",
                (_, part) => part,
            };
            before = part;
            value.to_owned()
        });
        let path = parts.collect::<Vec<_>>().join("/");
        (path, about)
    };
    let (inside, outside) = (of("s001"), of("s002"));
    if inside == outside { vec![inside] } else { vec![inside, outside] }
}

/// The method to ask with. The gate stands before all of an address's; that it does is asked of one
/// holder with the other method too, because pages are dear in a debug build.
fn methods(address: &Address, holder: &Holder) -> Vec<String> {
    match address.method {
        Some(method) => vec![method.to_uppercase()],
        None if holder.role == "civil-servant" => vec!["GET".to_owned(), "POST".to_owned()],
        None => vec!["GET".to_owned()],
    }
}

async fn ask(router: &Router, holder: &Holder, method: &str, path: &str) -> Response {
    let mut request = Request::builder()
        .method(method)
        .uri(path)
        .header(header::ACCEPT_LANGUAGE, "en")
        .body(Body::empty())
        .unwrap();
    let address = "127.0.0.1:50000".parse().unwrap();
    request.extensions_mut().insert(Peer { address, scheme: Scheme::Https });
    request.extensions_mut().insert(PeerCertificate {
        subject: holder.name.clone(),
        person: holder.person.clone(),
        institution: None,
        serial_hex: "3fa1".into(),
        fingerprint: "00".repeat(32),
        id: CertId::new(b"bed", holder.name.as_bytes()),
        not_after: std::time::SystemTime::now() + std::time::Duration::from_secs(86_400),
        is_machine: false,
    });
    router.clone().oneshot(request).await.unwrap()
}

/// Fails unless the answer is a denial that helps.
async fn is_told(response: Response, right: &str, whom: &BTreeSet<String>, what: &str) {
    assert_eq!(response.status(), StatusCode::FORBIDDEN, "{what}");
    let is_page = response.headers()[header::CONTENT_TYPE].as_bytes().starts_with(b"text/html");
    let told = text(response).await;
    if is_page {
        assert!(told.contains(right) && told.contains("href=\"/me\""), "{what}: {told}");
        assert!(whom.iter().all(|name| told.contains(name)), "{what}: {told}");
        assert!(!told.contains("class=\"button\" href=\"/\""), "{what}");
        return;
    }
    let problem: serde_json::Value = serde_json::from_str(&told).unwrap();
    assert_eq!(problem["missing_right"], right, "{what}");
    let names = problem["whom_to_ask"].as_array().unwrap().iter();
    let names: BTreeSet<String> = names.map(|name| name.as_str().unwrap().to_owned()).collect();
    assert_eq!(names, *whom, "{what}");
    let remedy = problem["remedy"].as_str().unwrap();
    assert!(whom.iter().all(|name| remedy.contains(name)), "{what}: {remedy}");
}

/// covers: T3, T-9
#[tokio::test]
async fn every_address_lets_in_exactly_those_who_have_its_right_on_its_object() {
    let bed = Bed::judged(3).await;
    let rights = bed.rights.clone().unwrap();
    let holders = holders(&bed).await;
    let router = bed.dashboard.router();
    let (mut cells, mut allowed, mut denied) = (0, 0, 0);
    for address in ets_dashboard::addresses() {
        let Needs::Right(right) = address.needs else { continue };
        for (path, on) in paths(&bed, address.path) {
            let whom = givers(&holders, &on);
            for holder in &holders {
                let expected = holds(holder.role, right) && reaches(&holder.scope, &on);
                let now = bed.clock.wall();
                let decision = rights.decide(&holder.person, right, &on, now);
                let what = format!("{} {path} {right}", holder.name);
                assert_eq!(decision.is_allowed(), expected, "{what}");
                for method in methods(&address, holder) {
                    cells += 1;
                    // What is allowed is judged without doing it: no address has this method.
                    let probe = if expected && method != "GET" { "TRACE" } else { &method };
                    let response = ask(&router, holder, probe, &path).await;
                    if !expected {
                        is_told(response, right, &whom, &format!("{method} {what}")).await;
                        denied += 1;
                        continue;
                    }
                    allowed += 1;
                    let status = response.status();
                    assert_ne!(status, StatusCode::UNAUTHORIZED, "{method} {what}");
                    assert_ne!(status, StatusCode::FORBIDDEN, "{method} {what}");
                }
            }
        }
    }
    println!("{cells} cells: {allowed} allowed, {denied} denied");
    assert!(allowed > 500 && denied > 1_000, "{allowed} {denied}");
}

/// covers: T3, T-9
#[tokio::test]
async fn every_right_of_an_address_is_one_and_every_right_of_the_hub_opens_something() {
    let bed = Bed::judged(0).await;
    let register = bed.rights.as_ref().unwrap().register();
    let mut used = BTreeSet::new();
    let mut open = Vec::new();
    for address in ets_dashboard::addresses() {
        match address.needs {
            Needs::Right(right) => {
                assert!(register.has(right), "{} needs {right}", address.path);
                used.insert(right);
            }
            needs => open.push((address.path, needs)),
        }
    }
    // Whatever is added here opens without a right: think twice.
    open.sort_by_key(|(path, _)| *path);
    let expected = [
        ("/api/openapi.json", Needs::Known),
        // The owner of a certificate renews his own, with its key.
        ("/api/v1/me/renewal", Needs::Known),
        ("/api/v1/me/renewal", Needs::Known),
        ("/api/v1/me/renewal/end-old", Needs::Known),
        ("/api/{*rest}", Needs::Known),
        ("/enter", Needs::Public),
        ("/help", Needs::Known),
        ("/help/problems", Needs::Known),
        ("/leave", Needs::Known),
        ("/me", Needs::Public),
        ("/me/renew", Needs::Known),
        ("/me/renew/certificate.pem", Needs::Known),
        ("/me/renew/end", Needs::Known),
        ("/me/renew/sign", Needs::Known),
    ];
    assert_eq!(open, expected);
    // The closed part itself is another room's.
    let unused: Vec<&str> = ets_rights::BUILT_IN_RIGHTS
        .iter()
        .copied()
        .filter(|right| !used.contains(right) && *right != "portal.enter")
        .collect();
    assert!(unused.is_empty(), "{unused:?}");
}
