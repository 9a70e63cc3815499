//! Client certificates made by others, shown to the hub's acceptor in real handshakes: NIST's
//! suite of certification paths (PKITS) and a collection of strange certificates. Both come with
//! the package `cryptography-vectors`, which scripts/setup.sh fetches; `ETS_JUDGES` names another
//! place. Without them the tests say so and judge nothing.
//!
//! Of PKITS the sections are played that a chain decides alone: 4.1 to 4.3, 4.5 to 4.7, 4.13, 4.16.
//! Lists (4.4, 4.14, 4.15) are not the acceptor's matter, it has a set; policies (4.8 to 4.12) stand
//! in none of our certificates and are not looked at.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;

use ets_tls::{Acceptor, Paths, RevocationSet};
use rustls::client::ResolvesClientCert;
use rustls::crypto::aws_lc_rs;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::sign::{CertifiedKey, SigningKey};
use rustls::{ClientConfig, RootCertStore, SignatureScheme};
use tokio::io::AsyncReadExt;
use tokio_rustls::TlsConnector;
use x509_parser::prelude::{FromDer, X509Certificate};

/// What the names of the files of the sections above hold.
const SECTIONS: &[&str] = &[
    "CertificatePath",
    "SignatureTest",
    "DSA",
    "notBeforeDate",
    "notAfterDate",
    "NameChaining",
    "NameUIDs",
    "RFC3280",
    "RolloverfromPrintableString",
    "UTF8String",
    "ValidBasicSelfIssued",
    "basicConstraints",
    "cAFalse",
    "pathLenConstraint",
    "keyUsage",
    "nameConstraints",
    "CriticalCertificateExtension",
];
/// How many that are.
const COUNT: usize = 88;

/// Why a vector is judged otherwise than NIST says.
const USAGE: &str = "webpki lets an authority sign whose key usage leaves that out; ours have it";
const FORMS: &str = "webpki refuses what is constrained by anything but DNS names and addresses";
const DSA: &str = "nobody signs by DSA any more";
const OCTETS: &str = "webpki compares names octet for octet";
const UNIQUE: &str = "webpki reads no unique identifiers, which RFC 5280 advises against";
const SELF: &str = "webpki counts an authority's certificate for itself in the path's length";
const AUTHORITY: &str = "an authority's own certificate is nobody's who comes in";
const EARLY: &str = "webpki reads no time before 1970";

/// Vectors that are judged otherwise than NIST does, and why. Those that NIST wants refused are
/// two.
const DIFFERENT: &[(&str, &str)] = &[
    ("InvalidkeyUsageCriticalkeyCertSignFalseTest1EE", USAGE),
    ("InvalidkeyUsageNotCriticalkeyCertSignFalseTest2EE", USAGE),
    ("ValidDNandRFC822nameConstraintsTest27EE", FORMS),
    ("ValidDNnameConstraintsTest11EE", FORMS),
    ("ValidDNnameConstraintsTest14EE", FORMS),
    ("ValidDNnameConstraintsTest18EE", FORMS),
    ("ValidDNnameConstraintsTest19EE", FORMS),
    ("ValidDNnameConstraintsTest1EE", FORMS),
    ("ValidDNnameConstraintsTest4EE", FORMS),
    ("ValidDNnameConstraintsTest5EE", FORMS),
    ("ValidDNnameConstraintsTest6EE", FORMS),
    ("ValidDSAParameterInheritanceTest5EE", DSA),
    ("ValidDSASignaturesTest4EE", DSA),
    ("ValidNameChainingCapitalizationTest5EE", OCTETS),
    ("ValidNameChainingWhitespaceTest3EE", OCTETS),
    ("ValidNameChainingWhitespaceTest4EE", OCTETS),
    ("ValidNameUIDsTest6EE", UNIQUE),
    ("ValidRFC822nameConstraintsTest21EE", FORMS),
    ("ValidRFC822nameConstraintsTest23EE", FORMS),
    ("ValidRFC822nameConstraintsTest25EE", FORMS),
    ("ValidRolloverfromPrintableStringtoUTF8StringTest10EE", OCTETS),
    ("ValidSelfIssuedpathLenConstraintTest15EE", SELF),
    ("ValidSelfIssuedpathLenConstraintTest17EE", SELF),
    ("ValidURInameConstraintsTest34EE", FORMS),
    ("ValidURInameConstraintsTest36EE", FORMS),
    ("ValidUTF8StringCaseInsensitiveMatchTest11EE", OCTETS),
    ("ValidpathLenConstraintTest14EE", AUTHORITY),
    ("ValidpathLenConstraintTest8EE", AUTHORITY),
    ("Validpre2000UTCnotBeforeDateTest3EE", EARLY),
];

/// A place with the hub's credentials, and what it trusts.
struct Place {
    folder: tempfile::TempDir,
    acceptor: Acceptor,
}

impl Place {
    /// A hub that lets in whoever has a certificate below `anchor`, in DER.
    fn below(anchor: &Path) -> Self {
        let folder = tempfile::tempdir().expect("a folder can be made");
        let paths = Paths::in_dir(folder.path());
        let (cert, key) = (utf8(&paths.server_cert), utf8(&paths.server_key));
        let curve = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"];
        let made = ["req", "-x509", "-subj", "/CN=hub", "-keyout", key, "-out", cert];
        let names = ["-addext", "subjectAltName=DNS:hub.test", "-addext"];
        let leaf = ["basicConstraints=critical,CA:FALSE"];
        openssl(&[&made[..], &curve, &names, &leaf].concat());
        let anchor = ["x509", "-inform", "DER", "-in", utf8(anchor), "-out"];
        openssl(&[&anchor[..], &[utf8(&paths.client_ca)]].concat());
        let revoked = Arc::new(RevocationSet::new());
        revoked.load([]);
        let acceptor = Acceptor::open(&paths, revoked).expect("the credentials are good");
        Self { folder, acceptor }
    }

    /// Whether the hub lets somebody in who shows this chain and signs with this key.
    async fn lets_in(&self, chain: Vec<CertificateDer<'static>>, key: &Path) -> bool {
        let provider = Arc::new(aws_lc_rs::default_provider());
        let mut roots = RootCertStore::empty();
        let own = CertificateDer::from_pem_file(self.folder.path().join("hub.pem"));
        roots.add(own.expect("it was just made")).expect("it is a certificate");
        // TLS cannot sign by DSA; then any key will do, for the chain is looked at first.
        let key = signer(key).or_else(|| signer(&self.folder.path().join("hub.key")));
        let shown = Shown(Arc::new(CertifiedKey::new(chain, key.expect("a key"))));
        let config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .expect("TLS 1.3")
            .with_root_certificates(roots)
            .with_client_cert_resolver(Arc::new(shown));
        let name = ServerName::try_from("hub.test").expect("a name");
        let (ours, theirs) = tokio::io::duplex(64 << 10);
        let shaking = async {
            let accepted = self.acceptor.shake(ours).await;
            accepted.is_ok_and(|accepted| accepted.peer.is_some())
        };
        // It goes when the hub has: a refused one is read from for a while, see `Acceptor`.
        let showing = async {
            if let Ok(mut stream) = TlsConnector::from(Arc::new(config)).connect(name, theirs).await
            {
                drop(stream.read_u8().await);
            }
        };
        tokio::join!(shaking, showing).0
    }
}

/// What a client shows, whatever it is.
#[derive(Debug)]
struct Shown(Arc<CertifiedKey>);

impl ResolvesClientCert for Shown {
    fn resolve(&self, _: &[&[u8]], _: &[SignatureScheme]) -> Option<Arc<CertifiedKey>> {
        Some(Arc::clone(&self.0))
    }

    fn has_certs(&self) -> bool {
        true
    }
}

fn signer(key: &Path) -> Option<Arc<dyn SigningKey>> {
    let key = PrivateKeyDer::from_pem_file(key).expect("a key");
    aws_lc_rs::sign::any_supported_type(&key).ok()
}

fn utf8(path: &Path) -> &str {
    path.to_str().expect("UTF-8")
}

#[track_caller]
fn openssl(args: &[&str]) {
    let output = Command::new("openssl").args(args).output().expect("openssl starts");
    assert!(output.status.success(), "{args:?}: {}", String::from_utf8_lossy(&output.stderr));
}

/// The folder of the vectors, where there is one.
fn vectors() -> Option<PathBuf> {
    let usual = || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/judges-venv");
    let venv = std::env::var_os("ETS_JUDGES").map_or_else(usual, PathBuf::from);
    let versions = fs::read_dir(venv.join("lib")).into_iter().flatten().flatten();
    let mut found = versions
        .map(|version| version.path().join("site-packages/cryptography_vectors/x509"))
        .filter(|folder| folder.is_dir());
    let found = found.next();
    if found.is_none() {
        println!("skipped: no vectors below {}: run `scripts/setup.sh test`", venv.display());
    }
    found
}

/// The files of a folder with this ending.
fn files(folder: &Path, ending: &str) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).expect("the folder is there");
    let paths = entries.map(|entry| entry.expect("it can be read").path());
    let mut paths: Vec<_> =
        paths.filter(|path| path.extension().is_some_and(|end| end == ending)).collect();
    paths.sort();
    paths
}

fn stem(path: &Path) -> &str {
    path.file_stem().and_then(|stem| stem.to_str()).expect("UTF-8")
}

/// Certificates that may be between a person's and the anchor.
struct Between(Vec<(String, String, CertificateDer<'static>)>);

impl Between {
    fn read(folder: &Path) -> Self {
        let authorities = files(folder, "crt").into_iter().filter(|path| {
            let name = stem(path);
            !name.ends_with("EE") && name != "TrustAnchorRootCertificate"
        });
        Self(authorities.filter_map(|path| named(fs::read(path).expect("a file"))).collect())
    }

    /// The chain of a certificate: itself, and all whose names lead upwards from it.
    fn chain(&self, leaf: Vec<u8>) -> Vec<CertificateDer<'static>> {
        let Some((_, mut issuer, leaf)) = named(leaf) else { return Vec::new() };
        let mut chain = vec![leaf];
        let mut wanted = vec![std::mem::take(&mut issuer)];
        while let Some(name) = wanted.pop() {
            for (subject, issuer, authority) in &self.0 {
                if *subject == name && !chain.contains(authority) {
                    chain.push(authority.clone());
                    wanted.push(issuer.clone());
                }
            }
        }
        chain
    }
}

/// A certificate with the names of its subject and its issuer, however they are written.
fn named(der: Vec<u8>) -> Option<(String, String, CertificateDer<'static>)> {
    let plain = |name: String| name.to_lowercase().split_whitespace().collect::<String>();
    let (_, certificate) = X509Certificate::from_der(&der).ok()?;
    let subject = plain(certificate.subject().to_string());
    let issuer = plain(certificate.issuer().to_string());
    Some((subject, issuer, der.into()))
}

/// covers: T-5 (NIST PKITS), T2.1
#[tokio::test]
async fn chains_of_nist_are_let_in_and_refused_as_nist_says() {
    let Some(folder) = vectors() else { return };
    let (certs, keys) = (folder.join("PKITS_data/certs"), folder.join("PKITS_data/pkcs12"));
    let place = Place::below(&certs.join("TrustAnchorRootCertificate.crt"));
    let between = Between::read(&certs);
    let of_section = |path: &&PathBuf| {
        let name = stem(path);
        name.ends_with("EE")
            && (name.starts_with("Valid") || name.starts_with("Invalid"))
            && !name.contains("CRL")
            && !name.contains("cRL")
            && SECTIONS.iter().any(|section| name.contains(section))
    };
    let all = files(&certs, "crt");
    let (mut count, mut different) = (0, Vec::new());
    for path in all.iter().filter(of_section) {
        let name = stem(path);
        let key = place.folder.path().join("client.key");
        let from = keys.join(format!("{name}.p12"));
        let read = ["pkcs12", "-legacy", "-nodes", "-nocerts", "-passin", "pass:password", "-in"];
        openssl(&[&read[..], &[utf8(&from), "-out", utf8(&key)]].concat());
        let chain = between.chain(fs::read(path).expect("a file"));
        count += 1;
        if place.lets_in(chain, &key).await != name.starts_with("Valid") {
            different.push(name);
        }
    }
    for (name, why) in DIFFERENT {
        println!("PKITS {name}: judged otherwise: {why}");
    }
    let known: Vec<_> = DIFFERENT.iter().map(|(name, _)| *name).collect();
    println!("PKITS: {count} chains, {} judged otherwise", different.len());
    assert_eq!((count, different), (COUNT, known));
}

/// covers: T-5, T-8 (the strange certificates of cryptography-vectors)
#[tokio::test]
async fn a_strange_certificate_lets_nobody_in() {
    let Some(folder) = vectors() else { return };
    let place = Place::below(&folder.join("PKITS_data/certs/TrustAnchorRootCertificate.crt"));
    let key = place.folder.path().join("hub.key");
    let mut count = 0;
    for folder in [folder.clone(), folder.join("custom")] {
        for path in files(&folder, "pem").into_iter().chain(files(&folder, "der")) {
            let text = fs::read(&path).expect("a file");
            let chain: Vec<_> = CertificateDer::pem_slice_iter(&text).flatten().collect();
            let chain = if chain.is_empty() { vec![text.into()] } else { chain };
            assert!(!place.lets_in(chain, &key).await, "{}", path.display());
            count += 1;
        }
    }
    println!("cryptography-vectors: {count} strange certificates, none lets anybody in");
    assert!(count > 100, "{count}");
}
