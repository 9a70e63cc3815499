//! What relying parties hear, judged by openssl: lists, answers, and what a cache may do.

use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::http::{Request, StatusCode};
use ets_ca::{Ca, Deps, Files, Issued, Reason, Serial};
use ets_listen::{Connections, Limits};
use ets_model::{BootTime, Stamp, WallTime};
use ets_registry::Author;
use ets_runtime::{Clock, Shutdown, wall_now};
use ets_store::Migration;
use ets_store::testing::TestStore;
use ets_tls::RevocationSet;
use http_body_util::BodyExt;
use tower::ServiceExt;

use crate::{authority, openssl, text, told, wanted};

const HOUR: Duration = Duration::from_secs(3_600);

fn migrations() -> Vec<Migration> {
    [ets_journal::MIGRATIONS, ets_ca::MIGRATIONS].concat()
}

/// A desk with a clock that is set by hand.
struct Bed {
    dir: tempfile::TempDir,
    store: TestStore,
    ca: Ca,
    clock: Clock,
    by: Author,
}

impl Bed {
    async fn new() -> Self {
        let (dir, store) = (tempfile::tempdir().unwrap(), TestStore::sqlite(&migrations()).await);
        let clock = Clock::by_hand(Stamp { boot: BootTime(0), wall: wall_now() });
        let ca = open(dir.path(), &store, &clock).await;
        Self { dir, store, ca, clock, by: Author::new("officer") }
    }

    async fn issue(&self) -> Issued {
        self.ca.issue(wanted("civil-servant-file", "CN=A"), None, &self.by).await.unwrap()
    }

    fn pass(&self, time: Duration) {
        self.clock.set(Stamp { boot: BootTime(0), wall: self.clock.wall().plus(time) });
    }

    fn back(&self, time: Duration) {
        self.clock.set(Stamp { boot: BootTime(0), wall: self.clock.wall().minus(time) });
    }

    async fn get(&self, path: &str) -> (StatusCode, axum::http::HeaderMap, Vec<u8>) {
        ask(&self.ca, Request::get(path).body(Body::empty()).unwrap()).await
    }

    /// A list as openssl prints it, after it has verified the signature.
    async fn list(&self, path: &str) -> String {
        let (status, _, body) = self.get(path).await;
        assert_eq!(status, StatusCode::OK, "{path}");
        let file = self.path("list.crl");
        std::fs::write(&file, body).unwrap();
        let issuing = Files::in_dir(self.dir.path()).issuing;
        let form = ["crl", "-inform", "DER", "-in", text(&file), "-noout", "-text", "-verify"];
        told(&[&form[..], &["-CAfile", text(&issuing)]].concat())
    }

    fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }
}

async fn open(dir: &Path, store: &TestStore, clock: &Clock) -> Ca {
    let revoked = Arc::new(RevocationSet::new());
    let connections = Connections::new(Arc::clone(&revoked));
    let (authority, clock) = (authority(dir), clock.clone());
    let deps = Deps { store: (**store).clone(), authority, connections, revoked, clock };
    Ca::open(deps).await.unwrap()
}

async fn ask(ca: &Ca, request: Request<Body>) -> (StatusCode, axum::http::HeaderMap, Vec<u8>) {
    let response = ca.status_router().oneshot(request).await.unwrap();
    let (parts, body) = response.into_parts();
    (parts.status, parts.headers, body.collect().await.unwrap().to_bytes().to_vec())
}

fn part_of(serial: Serial) -> String {
    format!("/crl/{:03}.crl", serial.shard())
}

fn number(list: &str) -> u64 {
    let (_, rest) = list.split_once("CRL Number: ").unwrap();
    let digits = rest.trim_start().lines().next().unwrap().trim();
    match digits.strip_prefix("0x") {
        Some(hexadecimal) => u64::from_str_radix(hexadecimal, 16).unwrap(),
        None => digits.parse().unwrap(),
    }
}

fn entry(serial: Serial) -> String {
    format!("Serial Number: {}", serial.to_string().to_uppercase())
}

/// covers: T-4, T-5, T1.3
#[tokio::test]
async fn a_revocation_stands_in_its_list_when_the_officer_has_his_answer_and_openssl_reads_it() {
    let bed = Bed::new().await;
    let (one, two) = (bed.issue().await, bed.issue().await);
    let before = bed.list(&part_of(one.serial)).await;
    assert!(before.contains("No Revoked Certificates"), "{before}");
    bed.ca.revoke(one.serial, Reason::KeyCompromise, &bed.by).await.unwrap();
    let after = bed.list(&part_of(one.serial)).await;
    for word in [
        "verify OK",
        "Version 2",
        &entry(one.serial),
        "Key Compromise",
        "X509v3 Authority Key Identifier",
        "X509v3 Issuing Distribution Point: critical",
        "Only User Certificates",
        &format!("URI:http://pki.ets.localhost:8480{}", part_of(one.serial)),
    ] {
        assert!(after.contains(word), "{word}: {after}");
    }
    assert!(number(&after) > number(&before), "{before} {after}");
    bed.ca.suspend(two.serial, &bed.by).await.unwrap();
    assert!(bed.list(&part_of(two.serial)).await.contains("Certificate Hold"));
    bed.ca.resume(two.serial, &bed.by).await.unwrap();
    assert!(!bed.list(&part_of(two.serial)).await.contains(&entry(two.serial)));
    let all = bed.list("/issuing.crl").await;
    assert!(all.contains(&entry(one.serial)) && !all.contains(&entry(two.serial)), "{all}");
    // Of everybody: with nothing critical that NSS and gnutls do not know.
    assert!(!all.contains("Issuing Distribution Point") && !all.contains("critical"), "{all}");
    let three = bed.issue().await;
    bed.ca.revoke(three.serial, Reason::Unspecified, &bed.by).await.unwrap();
    let bare = bed.list(&part_of(three.serial)).await;
    assert!(bare.contains(&entry(three.serial)) && !bare.contains("Unspecified"), "{bare}");
}

/// covers: T-5
#[tokio::test]
async fn openssl_checks_a_whole_chain_against_what_is_published() {
    let bed = Bed::new().await;
    let (one, two) = (bed.issue().await, bed.issue().await);
    bed.ca.revoke(two.serial, Reason::Superseded, &bed.by).await.unwrap();
    let mut lists = Vec::new();
    for path in ["/root.crl".to_owned(), part_of(one.serial), part_of(two.serial)] {
        let file = bed.path(&path.replace('/', "_"));
        std::fs::write(&file, bed.get(&path).await.2).unwrap();
        let pem = file.with_extension("pem");
        told(&["crl", "-inform", "DER", "-in", text(&file), "-out", text(&pem)]);
        lists.push(std::fs::read_to_string(pem).unwrap());
    }
    let (every, files) = (bed.path("lists.pem"), Files::in_dir(bed.dir.path()));
    std::fs::write(&every, lists.concat()).unwrap();
    for (issued, word) in [(&one, "OK"), (&two, "revoked")] {
        let leaf = bed.path("leaf.pem");
        std::fs::write(&leaf, &issued.certificate).unwrap();
        let base = ["verify", "-x509_strict", "-crl_check_all", "-CAfile", text(&files.root)];
        let more = ["-untrusted", text(&files.issuing), "-CRLfile", text(&every), text(&leaf)];
        let output = openssl(&[&base[..], &more].concat());
        let said = [output.stdout, output.stderr].concat();
        let said = String::from_utf8_lossy(&said);
        assert!(said.contains(word) && output.status.success() == (word == "OK"), "{said}");
    }
    let issuing = told(&["x509", "-in", text(&files.issuing), "-noout", "-text"]);
    assert!(issuing.contains("/root.crl") && issuing.contains("/root.cer"), "{issuing}");
    for (path, file) in [("/root.cer", &files.root), ("/issuing.cer", &files.issuing)] {
        let (_, headers, body) = bed.get(path).await;
        assert_eq!(headers["content-type"], "application/pkix-cert");
        let der = bed.path("served.cer");
        std::fs::write(&der, body).unwrap();
        let pem = told(&["x509", "-inform", "DER", "-in", text(&der)]);
        assert_eq!(pem.trim(), std::fs::read_to_string(file).unwrap().replace('\r', "").trim());
    }
}

/// covers: T-7
#[tokio::test]
async fn no_list_is_ever_handed_out_that_is_over_and_what_has_ended_goes_after_one_more() {
    let bed = Bed::new().await;
    let soon = bed.clock.wall().plus(30 * HOUR);
    let until = std::time::UNIX_EPOCH + Duration::from_micros(soon.0.unsigned_abs());
    let mut order = wanted("civil-servant-file", "CN=A");
    order.until = Some(until);
    let issued = bed.ca.issue(order, None, &bed.by).await.unwrap();
    bed.ca.revoke(issued.serial, Reason::KeyCompromise, &bed.by).await.unwrap();
    let path = part_of(issued.serial);
    let (_, headers, first) = bed.get(&path).await;
    assert_eq!(headers["content-type"], "application/pkix-crl");
    bed.pass(11 * HOUR);
    assert_eq!(bed.get(&path).await.2, first, "it is not half over");
    let mut last = number(&bed.list(&path).await);
    for hours in [2, 72] {
        bed.pass(hours * HOUR);
        let list = bed.list(&path).await;
        assert!(number(&list) > last, "{list}");
        // Past its end it stands in one list more.
        assert!(list.contains(&entry(issued.serial)), "{list}");
        last = number(&list);
    }
    bed.pass(13 * HOUR);
    assert!(!bed.list(&path).await.contains(&entry(issued.serial)));
    // The clock was wrong: lists from the future go, and what is missing comes back.
    bed.back(90 * HOUR);
    let list = bed.list(&path).await;
    assert!(list.contains(&entry(issued.serial)) && number(&list) > last, "{list}");
}

/// covers: T-7
#[tokio::test]
async fn what_has_ended_goes_also_where_something_changes_all_the_time() {
    let bed = Bed::new().await;
    let soon = bed.clock.wall().plus(6 * HOUR);
    let mut order = wanted("civil-servant-file", "CN=A");
    order.until = Some(std::time::UNIX_EPOCH + Duration::from_micros(soon.0.unsigned_abs()));
    let ended = bed.ca.issue(order, None, &bed.by).await.unwrap();
    bed.ca.revoke(ended.serial, Reason::KeyCompromise, &bed.by).await.unwrap();
    let busy = bed.issue().await;
    let mut seen = Vec::new();
    for round in 0..8 {
        bed.pass(5 * HOUR);
        match round % 2 {
            0 => bed.ca.suspend(busy.serial, &bed.by).await.unwrap(),
            _ => bed.ca.resume(busy.serial, &bed.by).await.unwrap(),
        }
        seen.push(bed.list("/issuing.crl").await.contains(&entry(ended.serial)));
    }
    assert!(seen[1], "it has just ended: {seen:?}");
    assert!(!seen[7], "it stays for good: {seen:?}");
}

/// covers: T-6
#[tokio::test]
async fn a_number_of_a_list_never_comes_twice() {
    let bed = Bed::new().await;
    let issued = bed.issue().await;
    bed.ca.revoke(issued.serial, Reason::KeyCompromise, &bed.by).await.unwrap();
    let mut last = 0;
    let mut ca = bed.ca.clone();
    let (dir, store, clock) = (bed.dir, bed.store, bed.clock);
    drop(bed.ca);
    for back in [0, 10, 100_000] {
        let path = part_of(issued.serial);
        let (_, _, body) = ask(&ca, Request::get(&path).body(Body::empty()).unwrap()).await;
        let file = dir.path().join("list.crl");
        std::fs::write(&file, body).unwrap();
        let own = number(&told(&["crl", "-inform", "DER", "-in", text(&file), "-noout", "-text"]));
        assert!(own > last);
        last = own;
        // The database forgets, and the clock steps back.
        store
            .write(move |tx| {
                Box::pin(async move { tx.execute("DELETE FROM ca_mark", &[]).await.map(drop) })
            })
            .await
            .unwrap();
        drop(ca);
        clock.set(Stamp { boot: BootTime(0), wall: clock.wall().minus(HOUR * back) });
        ca = open(dir.path(), &store, &clock).await;
    }
}

/// covers: T-5
#[tokio::test]
async fn what_a_client_knows_is_not_sent_again() {
    let bed = Bed::new().await;
    let issued = bed.issue().await;
    for path in ["/root.cer".to_owned(), "/issuing.crl".to_owned(), part_of(issued.serial)] {
        let (status, headers, body) = bed.get(&path).await;
        assert!(status == StatusCode::OK && !body.is_empty());
        let same = Request::get(&path).header("if-none-match", headers["etag"].clone());
        let (status, _, body) = ask(&bed.ca, same.body(Body::empty()).unwrap()).await;
        assert_eq!((status, body.len()), (StatusCode::NOT_MODIFIED, 0), "{path}");
        let other = Request::get(&path).header("if-none-match", "\"other\"");
        assert_eq!(ask(&bed.ca, other.body(Body::empty()).unwrap()).await.0, StatusCode::OK);
        if let Some(made) = headers.get("last-modified") {
            let same = Request::get(&path).header("if-modified-since", made.clone());
            let (status, ..) = ask(&bed.ca, same.body(Body::empty()).unwrap()).await;
            assert_eq!(status, StatusCode::NOT_MODIFIED, "{path}");
        }
    }
    bed.ca.revoke(issued.serial, Reason::KeyCompromise, &bed.by).await.unwrap();
    for path in ["/crl/128.crl", "/crl/1.crl", "/crl/abc.crl", "/crl/001", "/crl/+01.crl", "/ocsp"]
    {
        let (status, ..) = bed.get(path).await;
        assert!(status == StatusCode::NOT_FOUND || status == StatusCode::METHOD_NOT_ALLOWED);
    }
}

/// Serves the desk on a port of the loopback until it is dropped.
fn served(ca: &Ca) -> (String, ets_runtime::ShutdownTrigger) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let at = format!("http://{}/ocsp", listener.local_addr().unwrap());
    let (trigger, shutdown) = Shutdown::new();
    tokio::spawn(ets_listen::serve_plain(
        listener,
        ca.status_router(),
        Limits::default(),
        shutdown,
    ));
    (at, trigger)
}

/// Asks by openssl, which verifies the answer.
async fn openssl_ocsp(bed: &Bed, at: &str, more: &[&str]) -> String {
    let files = Files::in_dir(bed.dir.path());
    let base = ["ocsp", "-url", at, "-CAfile", text(&files.root), "-issuer", text(&files.issuing)];
    let all: Vec<String> = [&base[..], &["-verify_other", text(&files.issuing)], more]
        .concat()
        .iter()
        .map(|word| (*word).to_owned())
        .collect();
    tokio::task::spawn_blocking(move || told(&all.iter().map(String::as_str).collect::<Vec<_>>()))
        .await
        .unwrap()
}

/// covers: T-5, T-4
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn openssl_asks_over_http_and_believes_the_answer() {
    let bed = Bed::new().await;
    let (at, _trigger) = served(&bed.ca);
    let all = [bed.issue().await, bed.issue().await, bed.issue().await];
    let names: Vec<PathBuf> = (0..3).map(|one| bed.path(&format!("{one}.pem"))).collect();
    for (issued, name) in all.iter().zip(&names) {
        std::fs::write(name, &issued.certificate).unwrap();
    }
    bed.ca.revoke(all[1].serial, Reason::KeyCompromise, &bed.by).await.unwrap();
    bed.ca.suspend(all[2].serial, &bed.by).await.unwrap();
    let certs: Vec<&str> = names.iter().flat_map(|name| ["-cert", text(name)]).collect();
    for form in [&["-no_nonce"][..], &["-nonce"], &["-sha256", "-nonce"]] {
        let said = openssl_ocsp(&bed, &at, &[form, &certs].concat()).await;
        for word in ["Response verify OK", "0.pem: good", "1.pem: revoked", "2.pem: revoked"] {
            assert!(said.contains(word), "{form:?} {word}: {said}");
        }
        assert!(said.contains("keyCompromise") && said.contains("certificateHold"), "{said}");
    }
    let one = |more: &'static [&'static str]| [&["-cert", text(&names[0])], more].concat();
    // A ready answer is dropped when the certificate changes.
    assert!(openssl_ocsp(&bed, &at, &one(&["-no_nonce"])).await.contains("good"));
    bed.ca.revoke(all[0].serial, Reason::Superseded, &bed.by).await.unwrap();
    let said = openssl_ocsp(&bed, &at, &one(&["-no_nonce", "-resp_text"])).await;
    for word in ["superseded", "Response verify OK", "Responder Id: ", "Next Update"] {
        assert!(said.contains(word), "{word}: {said}");
    }
    let strange = ["-serial", "0x40000000000000000000000000000001", "-nonce"];
    assert!(openssl_ocsp(&bed, &at, &strange).await.contains("unknown"));
    // Another authority's certificate is none of our business.
    let other = tempfile::tempdir().unwrap();
    authority(other.path());
    let foreign = Files::in_dir(other.path()).issuing;
    let output = openssl(&["ocsp", "-url", &at, "-issuer", text(&foreign), "-serial", "1"]);
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(said.contains("unauthorized"), "{said}");
}

/// A request as openssl writes it.
fn ocsp_request(bed: &Bed, issued: &Issued, more: &[&str]) -> Vec<u8> {
    let (leaf, out) = (bed.path("asked.pem"), bed.path("asked.req"));
    std::fs::write(&leaf, &issued.certificate).unwrap();
    let issuing = Files::in_dir(bed.dir.path()).issuing;
    let base = ["ocsp", "-issuer", text(&issuing), "-cert", text(&leaf), "-reqout", text(&out)];
    told(&[&base[..], more].concat());
    std::fs::read(out).unwrap()
}

async fn post(ca: &Ca, body: Vec<u8>) -> (StatusCode, axum::http::HeaderMap, Vec<u8>) {
    let request = Request::post("/ocsp").header("content-type", "application/ocsp-request");
    ask(ca, request.body(Body::from(body)).unwrap()).await
}

/// covers: T-5
#[tokio::test]
async fn an_answer_without_a_nonce_may_be_cached_and_is_not_signed_twice() {
    use base64::Engine;
    let bed = Bed::new().await;
    let issued = bed.issue().await;
    let request = ocsp_request(&bed, &issued, &["-no_nonce"]);
    let (_, headers, first) = post(&bed.ca, request.clone()).await;
    assert_eq!(headers["content-type"], "application/ocsp-response");
    assert!(headers.get("cache-control").is_none());
    let encoded = base64::engine::general_purpose::STANDARD.encode(&request);
    for path in [
        format!("/ocsp/{encoded}"),
        format!("/ocsp/{}", encoded.replace('/', "%2F").replace('+', "%2B").replace('=', "%3D")),
        format!("/ocsp/{}", encoded.trim_end_matches('=')),
    ] {
        let (status, headers, body) = bed.get(&path).await;
        assert_eq!((status, &body), (StatusCode::OK, &first), "{path}");
        let control = headers["cache-control"].to_str().unwrap();
        assert!(control.contains("max-age=3600") && control.contains("public"), "{control}");
        for name in ["etag", "last-modified", "expires"] {
            assert!(headers.contains_key(name), "{name}");
        }
        let same = Request::get(&path).header("if-none-match", headers["etag"].clone());
        let (status, ..) = ask(&bed.ca, same.body(Body::empty()).unwrap()).await;
        assert_eq!(status, StatusCode::NOT_MODIFIED);
    }
    bed.pass(HOUR / 2 + Duration::from_secs(1));
    assert_ne!(post(&bed.ca, request.clone()).await.2, first, "half of its time is over");
    // With a nonce no two are alike, and none is kept.
    let nonce = ocsp_request(&bed, &issued, &["-nonce"]);
    let encoded = base64::engine::general_purpose::URL_SAFE.encode(&nonce);
    let path = format!("/ocsp/{}", encoded.replace('-', "+").replace('_', "/"));
    let (_, headers, _) = bed.get(&path).await;
    assert!(headers["cache-control"].to_str().unwrap().contains("no-store"));
    // The responder's certificate is renewed long before its end, also when the clock jumps.
    bed.pass(72 * HOUR * 10);
    let (_, _, later) = post(&bed.ca, request.clone()).await;
    assert!(later.len() > 500, "signed: {later:x?}");
    let serials = bed.ca.list(10).await.unwrap();
    let own = serials.iter().filter(|kept| kept.profile == "ocsp").count();
    assert!(own >= 2, "{own}");
    // Revoked itself, it answers no more; another does.
    let last = serials.iter().find(|kept| kept.profile == "ocsp").unwrap().serial;
    bed.ca.revoke(last, Reason::KeyCompromise, &bed.by).await.unwrap();
    assert!(post(&bed.ca, request).await.2.len() > 500);
}

/// covers: T-8
#[tokio::test]
async fn what_is_no_request_is_refused_as_the_standard_says() {
    let bed = Bed::new().await;
    let issued = bed.issue().await;
    let good = ocsp_request(&bed, &issued, &["-nonce"]);
    let malformed = [0x30, 3, 0x0a, 1, 1];
    for octets in [vec![], vec![0], b"junk".to_vec(), good[..good.len() - 1].to_vec()] {
        assert_eq!(post(&bed.ca, octets).await.2, malformed);
    }
    assert_eq!(bed.get("/ocsp/%21%21").await.2, malformed);
    assert_eq!(post(&bed.ca, vec![0x30; 64 << 10]).await.0, StatusCode::PAYLOAD_TOO_LARGE);
    // The nonce is its last 16 octets; one of none and one of 129 are no nonce.
    assert!(post(&bed.ca, with_nonce(&good, 128)).await.2.len() > 500);
    assert!(post(&bed.ca, with_nonce(&good, 1)).await.2.len() > 500);
    for length in [0, 129] {
        assert_eq!(post(&bed.ca, with_nonce(&good, length)).await.2, malformed, "{length}");
    }
    for at in 0..good.len() {
        for flip in [0x01, 0x80, 0xff] {
            let mut broken = good.clone();
            broken[at] ^= flip;
            assert_eq!(post(&bed.ca, broken).await.0, StatusCode::OK);
        }
    }
    assert!(post(&bed.ca, many(&good, 64)).await.2.len() > 500);
    assert_eq!(post(&bed.ca, many(&good, 65)).await.2, malformed);
}

/// The first value of the request list of a request.
fn single(request: &[u8]) -> Vec<u8> {
    // SEQUENCE { SEQUENCE { SEQUENCE { single … } … } }
    let at = request.windows(2).enumerate().filter(|(_, two)| two[0] == 0x30).nth(3).unwrap().0;
    request[at..at + 2 + usize::from(request[at + 1])].to_vec()
}

fn tlv(tag: u8, content: &[u8]) -> Vec<u8> {
    let length = content.len();
    let head = match length {
        0..=127 => vec![tag, length as u8],
        128..=255 => vec![tag, 0x81, length as u8],
        _ => vec![tag, 0x82, (length >> 8) as u8, length as u8],
    };
    [&head[..], content].concat()
}

fn many(request: &[u8], count: usize) -> Vec<u8> {
    let list = tlv(0x30, &single(request).repeat(count));
    tlv(0x30, &tlv(0x30, &list))
}

fn with_nonce(request: &[u8], length: usize) -> Vec<u8> {
    let id = [6, 9, 0x2b, 6, 1, 5, 5, 7, 0x30, 1, 2];
    let nonce = tlv(4, &tlv(4, &vec![7; length]));
    let extension = tlv(0x30, &[&id[..], &nonce].concat());
    let extensions = tlv(0xa2, &tlv(0x30, &extension));
    let list = tlv(0x30, &single(request));
    tlv(0x30, &tlv(0x30, &[list, extensions].concat()))
}

/// covers: T-7
#[tokio::test]
async fn the_database_is_gone_and_what_was_asked_is_answered_and_a_revocation_bites() {
    let mut bed = Bed::new().await;
    let (one, two) = (bed.issue().await, bed.issue().await);
    let ask = ocsp_request(&bed, &two, &["-no_nonce"]);
    let before = post(&bed.ca, ask.clone()).await.2;
    bed.store.close().await;
    assert!(bed.ca.issue(wanted("civil-servant-file", "CN=B"), None, &bed.by).await.is_err());
    assert_eq!(post(&bed.ca, ask.clone()).await.2, before);
    assert!(bed.list(&part_of(one.serial)).await.contains("No Revoked"));
    // It is told that the database did not take it; it bites nevertheless, and for good.
    assert!(bed.ca.revoke(two.serial, Reason::KeyCompromise, &bed.by).await.is_err());
    assert_ne!(post(&bed.ca, ask).await.2, before);
    assert!(bed.list(&part_of(two.serial)).await.contains("Key Compromise"));
    drop(bed.ca);
    bed.store.reopen(&migrations()).await;
    let again = open(bed.dir.path(), &bed.store, &bed.clock).await;
    let kept = again.find(two.serial).await.unwrap();
    assert_eq!(kept.reason, Some(Reason::KeyCompromise));
    assert!(kept.since <= WallTime(bed.clock.wall().0));
}

/// covers: T-4
#[tokio::test]
async fn the_list_of_all_follows_while_the_hub_runs_and_ends_when_it_is_told() {
    let bed = Bed::new().await;
    let issued = bed.issue().await;
    bed.get("/issuing.crl").await;
    let (trigger, shutdown) = Shutdown::new();
    let kept = tokio::spawn(bed.ca.clone().keep_status(shutdown));
    bed.ca.revoke(issued.serial, Reason::KeyCompromise, &bed.by).await.unwrap();
    bed.pass(Duration::from_secs(4));
    assert!(bed.list("/issuing.crl").await.contains(&entry(issued.serial)));
    trigger.fire();
    kept.await.unwrap().unwrap();
}
