//! The client against an authority: our own ACME server, which foreign clients judge in its room.

#![allow(clippy::unwrap_used, reason = "a test may end at once")]

use std::net::{IpAddr, TcpListener};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ets_ca::testing::{make_authority, openssl};
use ets_ca::{Authority, Ca, Files, Passphrase};
use ets_enrol::{Config, Enrol};
use ets_front::{Acme, Proofs, keep, renew};
use ets_listen::{Connections, Limits, serve_tls};
use ets_registry::Author;
use ets_runtime::{Clock, Shutdown};
use ets_store::Store;
use ets_store::testing::TestStore;
use ets_tls::testing::bootstrap;
use ets_tls::{Acceptor, Paths, RevocationSet};

const NAME: &str = "open.akimat.test";
const SECRET: &str = "correct horse";

/// An authority that looks for proofs at `port`, and how it is asked.
async fn authority(dir: &Path, port: u16, end: Shutdown) -> Acme {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("https://localhost:{}", listener.local_addr().unwrap().port());
    let migrations = [ets_journal::MIGRATIONS, ets_ca::MIGRATIONS, ets_enrol::MIGRATIONS].concat();
    let store = TestStore::sqlite(&migrations).await;
    let files = Files::in_dir(&dir.join("ca"));
    make_authority(&files, SECRET);
    let clock = Clock::system();
    let revoked = Arc::new(RevocationSet::new());
    let connections = Connections::new(Arc::clone(&revoked));
    let ca = Ca::open(ets_ca::Deps {
        store: Store::clone(&store),
        authority: Authority::open(&files, &Passphrase::new(SECRET), None).unwrap(),
        connections: Arc::clone(&connections),
        revoked: Arc::clone(&revoked),
        clock: clock.clone(),
    })
    .await
    .unwrap();
    let read = |path: &Path| std::fs::read_to_string(path).unwrap();
    let mut config = Config::new(&url, read(&files.root) + &read(&files.issuing));
    config.hosts = [(NAME.to_owned(), IpAddr::from([127, 0, 0, 1]))].into();
    config.http_port = port;
    let deps = ets_enrol::Deps { store: Store::clone(&store), ca, clock };
    let enrol = Enrol::open(config, deps).await.unwrap();
    let names = ["akimat.test".to_owned()];
    let officer = Author::new("officer");
    let key = enrol.new_account_key("Akimat", &names, 1, &officer).await.unwrap();
    let paths = bootstrap(&dir.join("tls"), &["localhost".to_owned()]).unwrap();
    let acceptor = Acceptor::public(&paths, revoked).unwrap();
    let router = enrol.acme_router();
    tokio::spawn(async move {
        // The database lives as long as what stands on it.
        let _store = store;
        serve_tls(listener, (acceptor, connections), router, Limits::default(), end).await.unwrap();
    });
    Acme {
        directory: format!("{url}/acme/directory"),
        contact: vec!["mailto:hub@akimat.test".to_owned()],
        accept_terms: true,
        binding: Some((key.kid, URL_SAFE_NO_PAD.decode(key.hmac).unwrap())),
        roots: paths.ca_cert,
        names: vec![NAME.to_owned()],
        dir: dir.join("open"),
    }
}

/// covers: N6.2, T1.2: account, order, proof on our own port, a certificate that is put in use
#[tokio::test(flavor = "multi_thread")]
async fn a_certificate_is_got_by_a_proof_on_our_own_port_and_got_anew_with_the_same_account() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::create_dir_all(dir.path().join("open")).unwrap();
    let proofs = Proofs::default();
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let router = proofs.router();
    tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
    let (_end, shutdown) = Shutdown::new();
    let acme = authority(dir.path(), port, shutdown).await;
    let now = Clock::system().wall().0 / 1_000_000;
    assert!(acme.is_due(now), "there is none yet");
    renew(&acme, &proofs).await.unwrap();
    let ca = dir.path().join("ca");
    let chain = acme.dir.join("open.pem").to_str().unwrap().to_owned();
    let verify = ["verify", "-CAfile", "root.pem", "-untrusted", &chain, "-verify_hostname", NAME];
    assert!(openssl(&ca, &[&verify[..], &[&chain]].concat()).contains("OK"));
    for file in ["open.pem", "open-account.json"] {
        let mode = acme.dir.join(file).metadata().unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{file}");
    }
    // What was got is what handshakes are answered with.
    let paths = Paths {
        server_cert: acme.dir.join("open.pem"),
        server_key: acme.dir.join("open.pem"),
        ..Paths::in_dir(&dir.path().join("tls"))
    };
    Acceptor::public(&paths, Arc::new(RevocationSet::new())).unwrap();
    assert!(!acme.is_due(now), "it is fresh");
    assert!(acme.is_due(now + 7 * 86_400), "less than a third of it is left then");
    let first = std::fs::read(&chain).unwrap();
    // The key for accounts was good for one: this is the same account.
    renew(&acme, &proofs).await.unwrap();
    assert_ne!(std::fs::read(&chain).unwrap(), first);
    // Nobody is asked who does not prove what he is, though the proofs are there.
    let second = std::fs::read(&chain).unwrap();
    let foreign = Acme { roots: ca.join("root.pem"), ..acme.clone() };
    let error = renew(&foreign, &proofs).await.unwrap_err();
    assert!(error.to_string().contains("UnknownIssuer"), "{error}");
    assert_eq!(std::fs::read(&chain).unwrap(), second);
    // Nobody answers with a chain alone: a stop between two files could leave one.
    let both = std::fs::read_to_string(&chain).unwrap();
    let alone = &both[..both.find("-----BEGIN PRIVATE KEY").unwrap()];
    std::fs::write(&chain, alone).unwrap();
    assert!(acme.is_due(now), "a certificate without its key is none");
}

/// covers: N6.2: what fails leaves what there is
#[tokio::test(flavor = "multi_thread")]
async fn an_authority_that_finds_no_proof_leaves_the_certificate_as_it_was() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::create_dir_all(dir.path().join("open")).unwrap();
    let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let (_end, shutdown) = Shutdown::new();
    let acme = authority(dir.path(), free, shutdown).await;
    let kept = acme.dir.join("open.pem");
    std::fs::write(&kept, "the old one").unwrap();
    let error = renew(&acme, &Proofs::default()).await.unwrap_err();
    println!("refused: {error}");
    assert_eq!(std::fs::read_to_string(&kept).unwrap(), "the old one");
    assert!(!acme.dir.join("open.key").exists());
    assert!(acme.is_due(0), "what cannot be read is due");
}

/// covers: N6.2, N9.2: an authority that says nothing does not hold the hub up
#[tokio::test]
async fn a_hub_that_ends_waits_for_no_authority() {
    let dir = tempfile::tempdir().unwrap();
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = silent.local_addr().unwrap().port();
    let paths = bootstrap(&dir.path().join("tls"), &["localhost".to_owned()]).unwrap();
    let acme = Acme {
        directory: format!("https://localhost:{port}/directory"),
        contact: Vec::new(),
        accept_terms: true,
        binding: None,
        roots: paths.ca_cert,
        names: vec![NAME.to_owned()],
        dir: dir.path().to_owned(),
    };
    let (end, shutdown) = Shutdown::new();
    let keep = keep(acme, Proofs::default(), Clock::system(), || (), shutdown);
    let keep = tokio::spawn(keep);
    let (asked, _) = tokio::task::spawn_blocking(move || silent.accept().unwrap()).await.unwrap();
    end.fire();
    let ended = tokio::time::timeout(Duration::from_secs(5), keep).await;
    ended.expect("it ends at once").unwrap().unwrap();
    drop(asked);
}
