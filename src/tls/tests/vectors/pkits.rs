//! NIST's suite of certification paths (PKITS), whole: the hub's set of revoked certificates holds
//! what the suite's lists name, its acceptor judges the rest.

use std::fs;
use std::path::Path;

use ets_tls::CertId;
use rustls::pki_types::CertificateDer;
use x509_parser::prelude::{CertificateRevocationList, FromDer, X509Certificate};

use crate::place::{Outcome, Place, openssl, read};
use crate::{compare, files, stem, utf8, vectors};

/// Why a vector is judged otherwise than NIST says.
const USAGE: &str = "webpki lets an authority sign whose key usage leaves that out; ours have it";
const FORMS: &str = "webpki refuses what is constrained by anything but DNS names and addresses";
const DSA: &str = "nobody signs by DSA any more";
const OCTETS: &str = "webpki compares names octet for octet";
const UNIQUE: &str = "webpki reads no unique identifiers, which RFC 5280 advises against";
const SELF: &str = "webpki counts an authority's certificate for itself in the path's length";
const AUTHORITY: &str = "an authority's own certificate is nobody's who comes in";
const EARLY: &str = "webpki reads no time before 1970";

const LISTS: &str = "no list is asked: who is not in the set stands, whatever is wrong with a list";
const CHAIN: &str =
    "the set is asked about the leaf; a revoked authority is taken off what is trusted";
const CRITICAL: &str = "webpki refuses critical extensions about policies, which it does not read";
const SERIAL: &str = "a negative serial is taken for the positive one that the same octets write";
const DELTA: &str =
    "the set has what any list named; that a later one takes it back is not read here";

/// Vectors that are judged otherwise than NIST does, and why.
const DIFFERENT: &[(&str, &str)] = &[
    ("InvalidBadCRLIssuerNameTest5EE", LISTS),
    ("InvalidBadCRLSignatureTest4EE", LISTS),
    ("InvalidIDPwithindirectCRLTest26EE", LISTS),
    ("InvalidMissingCRLTest1EE", LISTS),
    ("InvalidOldCRLnextUpdateTest11EE", LISTS),
    ("InvalidRevokedCATest2EE", CHAIN),
    ("InvalidSeparateCertificateandCRLKeysTest21EE", LISTS),
    ("InvalidUnknownCRLExtensionTest10EE", LISTS),
    ("InvalidWrongCRLTest6EE", LISTS),
    ("InvalidcRLIssuerTest27EE", LISTS),
    ("InvalidcRLIssuerTest31EE", LISTS),
    ("InvalidcRLIssuerTest32EE", LISTS),
    ("InvalidcRLIssuerTest35EE", LISTS),
    ("InvaliddeltaCRLIndicatorNoBaseTest1EE", LISTS),
    ("InvaliddeltaCRLTest10EE", LISTS),
    ("InvaliddistributionPointTest3EE", LISTS),
    ("InvaliddistributionPointTest8EE", LISTS),
    ("InvaliddistributionPointTest9EE", LISTS),
    ("InvalidkeyUsageCriticalcRLSignFalseTest4EE", LISTS),
    ("InvalidkeyUsageCriticalkeyCertSignFalseTest1EE", USAGE),
    ("InvalidkeyUsageNotCriticalcRLSignFalseTest5EE", LISTS),
    ("InvalidkeyUsageNotCriticalkeyCertSignFalseTest2EE", USAGE),
    ("InvalidonlyContainsAttributeCertsTest14EE", LISTS),
    ("InvalidonlyContainsCACertsTest12EE", LISTS),
    ("InvalidonlySomeReasonsTest17EE", LISTS),
    ("Invalidpre2000CRLnextUpdateTest12EE", LISTS),
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
    ("ValidNegativeSerialNumberTest14EE", SERIAL),
    ("ValidPolicyMappingTest11EE", CRITICAL),
    ("ValidPolicyMappingTest12EE", CRITICAL),
    ("ValidPolicyMappingTest13EE", CRITICAL),
    ("ValidPolicyMappingTest14EE", CRITICAL),
    ("ValidPolicyMappingTest1EE", CRITICAL),
    ("ValidPolicyMappingTest3EE", CRITICAL),
    ("ValidPolicyMappingTest5EE", CRITICAL),
    ("ValidPolicyMappingTest6EE", CRITICAL),
    ("ValidPolicyMappingTest9EE", CRITICAL),
    ("ValidRFC822nameConstraintsTest21EE", FORMS),
    ("ValidRFC822nameConstraintsTest23EE", FORMS),
    ("ValidRFC822nameConstraintsTest25EE", FORMS),
    ("ValidRolloverfromPrintableStringtoUTF8StringTest10EE", OCTETS),
    ("ValidSelfIssuedinhibitAnyPolicyTest7EE", CRITICAL),
    ("ValidSelfIssuedinhibitAnyPolicyTest9EE", CRITICAL),
    ("ValidSelfIssuedinhibitPolicyMappingTest7EE", CRITICAL),
    ("ValidSelfIssuedpathLenConstraintTest15EE", SELF),
    ("ValidSelfIssuedpathLenConstraintTest17EE", SELF),
    ("ValidSelfIssuedrequireExplicitPolicyTest6EE", CRITICAL),
    ("ValidURInameConstraintsTest34EE", FORMS),
    ("ValidURInameConstraintsTest36EE", FORMS),
    ("ValidUTF8StringCaseInsensitiveMatchTest11EE", OCTETS),
    ("ValiddeltaCRLTest5EE", DELTA),
    ("ValiddeltaCRLTest7EE", DELTA),
    ("ValidinhibitAnyPolicyTest2EE", CRITICAL),
    ("ValidinhibitPolicyMappingTest2EE", CRITICAL),
    ("ValidinhibitPolicyMappingTest4EE", CRITICAL),
    ("ValidonlyContainsCACertsTest13EE", AUTHORITY),
    ("ValidpathLenConstraintTest14EE", AUTHORITY),
    ("ValidpathLenConstraintTest8EE", AUTHORITY),
    ("Validpre2000UTCnotBeforeDateTest3EE", EARLY),
    ("ValidrequireExplicitPolicyTest1EE", CRITICAL),
    ("ValidrequireExplicitPolicyTest2EE", CRITICAL),
    ("ValidrequireExplicitPolicyTest4EE", CRITICAL),
];

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

/// covers: T-5, T-8 (NIST PKITS), T2.1
#[tokio::test]
async fn chains_of_nist_are_let_in_and_refused_as_nist_says() {
    let Some(folder) = vectors() else { return };
    let (certs, keys) = (folder.join("PKITS_data/certs"), folder.join("PKITS_data/pkcs12"));
    let anchor = read(&certs.join("TrustAnchorRootCertificate.crt"));
    let place = Place::below(&anchor, revoked(&folder.join("PKITS_data/crls")));
    let between = Between::read(&certs);
    let all = files(&certs, "crt");
    let all: Vec<_> = all.iter().filter(|path| stem(path).ends_with("EE")).collect();
    // What they say depends on the policies that the verifier asks for; we ask for none.
    let (clear, unclear): (Vec<_>, Vec<_>) = all.into_iter().partition(|path| {
        let name = stem(path);
        name.starts_with("Valid") || name.starts_with("Invalid")
    });
    let mut different = Vec::new();
    for path in &clear {
        let name = stem(path);
        let key = place.folder.path().join("client.key");
        let from = keys.join(format!("{name}.p12"));
        let take = ["pkcs12", "-legacy", "-nodes", "-nocerts", "-passin", "pass:password", "-in"];
        openssl(&[&take[..], &[utf8(&from), "-out", utf8(&key)]].concat());
        let chain = between.chain(fs::read(path).expect("a file"));
        let outcome = place.shown(chain, &key).await;
        if (outcome == Outcome::LetIn) != name.starts_with("Valid") {
            different.push(name.to_owned());
        }
    }
    println!(
        "PKITS: {} chains, {} judged otherwise; {} skipped: they are about policies to ask for",
        clear.len(),
        different.len(),
        unclear.len()
    );
    assert!(clear.len() > 200, "{}", clear.len());
    compare("PKITS", different, DIFFERENT);
}

/// What all lists name as revoked.
fn revoked(folder: &Path) -> Vec<CertId> {
    let mut all = Vec::new();
    for path in files(folder, "crl") {
        let der = fs::read(&path).expect("a file");
        let Ok((_, list)) = CertificateRevocationList::from_der(&der) else { continue };
        let issuer = list.issuer().as_raw();
        all.extend(
            list.iter_revoked_certificates().map(|one| CertId::new(issuer, one.raw_serial())),
        );
    }
    all
}
