//! The root and the issuing authority: made, opened, signing.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use aws_lc_rs::hmac;
use rcgen::{Certificate, CertifiedIssuer, Issuer, KeyPair, PublicKeyData};
use x509_parser::certificate::X509Certificate;
use x509_parser::extensions::ParsedExtension;
use x509_parser::pem::parse_x509_pem;
use x509_parser::prelude::FromDer;

use crate::build::{self, Addresses, Wanted};
use crate::custody::{self, Passphrase};
use crate::lint::{self, Expected};
use crate::profile::Profile;
use crate::status::crl::{self, Listed, Scope};
use crate::subject::Subject;
use crate::{Error, Serial, key};

/// Where the certificates and the issuing key lie.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Files {
    /// The root's certificate in PEM: what everybody trusts.
    pub root: PathBuf,
    /// The issuing authority's certificate in PEM.
    pub issuing: PathBuf,
    /// Its key, encrypted.
    pub key: PathBuf,
}

impl Files {
    /// The usual names in `dir`.
    pub fn in_dir(dir: &Path) -> Self {
        Self {
            root: dir.join("root.pem"),
            issuing: dir.join("issuing.pem"),
            key: dir.join("issuing.key"),
        }
    }

    /// The root's own list of what it revoked, in DER, beside its certificate.
    pub fn root_list(&self) -> PathBuf {
        self.root.with_extension("crl")
    }

    /// Whether all of them are there.
    pub fn exist(&self) -> bool {
        [&self.root, &self.issuing, &self.key].iter().all(|path| path.exists())
    }
}

/// How long what is signed about certificates holds. It is made anew at half of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Times {
    /// A revocation list.
    pub list: Duration,
    /// An OCSP answer: so long may others go on trusting what they have heard.
    pub answer: Duration,
}

impl Default for Times {
    fn default() -> Self {
        Self { list: Duration::from_secs(86_400), answer: Duration::from_secs(3_600) }
    }
}

/// The issuing authority with its key open. Cheap to clone.
#[derive(Clone)]
pub struct Authority {
    keys: Arc<Keys>,
    addresses: Option<Addresses>,
    times: Times,
}

struct Keys {
    files: Files,
    issuer: Issuer<'static, KeyPair>,
    rehearsal: Issuer<'static, KeyPair>,
    name: Vec<u8>,
    key_id: Vec<u8>,
    until: SystemTime,
    chain: String,
    certificate: Vec<u8>,
    root: Vec<u8>,
}

/// A certificate that was rehearsed, and is still to be signed.
#[derive(Debug)]
pub struct Draft {
    params: rcgen::CertificateParams,
    /// Its serial number.
    pub serial: Serial,
    /// What will be signed, without the signature.
    pub signed_part: Vec<u8>,
    /// From when it is valid.
    pub from: SystemTime,
    /// Until when.
    pub until: SystemTime,
}

impl Authority {
    /// Makes a root and an issuing authority below it. The root's key is not kept: nothing can be
    /// signed with it afterwards. An authority whose root is to sign again is made on a machine of
    /// its own.
    ///
    /// Where relying parties ask about the issuing authority stands in its certificate, if it is
    /// known; the root's list, empty, is signed for as long as that certificate is valid.
    ///
    /// # Errors
    /// When a file cannot be written, or is there already.
    pub fn make(
        files: &Files,
        owner: &str,
        passphrase: &Passphrase,
        addresses: Option<&Addresses>,
    ) -> Result<(), Error> {
        if files.root.exists() {
            let source = std::io::ErrorKind::AlreadyExists.into();
            return Err(Error::File { path: files.root.clone(), source });
        }
        // The root's certificate is written last: without it nothing was ever signed. Who calls
        // this has seen that nothing was.
        if files.key.exists() {
            let aside = files.key.with_extension("key.unused");
            let fail = |source| Error::File { path: files.key.clone(), source };
            fs::rename(&files.key, aside).map_err(fail)?;
        }
        let now = SystemTime::now();
        let root = certified(&wanted("root", owner, "root"), now, None)?;
        let (issuing, pair) = below(&root, &wanted("issuing", owner, "issuing"), now, addresses)?;
        let dir = files.key.parent().unwrap_or(Path::new("."));
        let fail = |source| Error::File { path: dir.to_owned(), source };
        fs::create_dir_all(dir).map_err(fail)?;
        fs::set_permissions(dir, fs::Permissions::from_mode(0o700)).map_err(fail)?;
        custody::write(&files.key, &pair, passphrase)?;
        publish(&files.root_list(), &root_list(&root, &issuing, now)?)?;
        publish(&files.issuing, issuing.pem().as_bytes())?;
        publish(&files.root, root.pem().as_bytes())
    }

    /// Opens the issuing authority. Where relying parties can ask about certificates stands in
    /// each, if it is known.
    ///
    /// # Errors
    /// When a file cannot be read, the passphrase is wrong, or key and certificate do not fit.
    pub fn open(
        files: &Files,
        passphrase: &Passphrase,
        addresses: Option<Addresses>,
    ) -> Result<Self, Error> {
        let pair = custody::read(&files.key, passphrase)?;
        let pem = read(&files.issuing)?;
        let (_, parsed) = parse_x509_pem(pem.as_bytes()).map_err(|_| Error::Mismatch)?;
        let certificate = parsed.parse_x509().map_err(|_| Error::Mismatch)?;
        if certificate.public_key().raw != pair.subject_public_key_info() {
            return Err(Error::Mismatch);
        }
        let root = read(&files.root)?;
        let (_, root_pem) = parse_x509_pem(root.as_bytes()).map_err(|_| Error::Mismatch)?;
        let root = root_pem.parse_x509().map_err(|_| Error::Mismatch)?;
        certificate.verify_signature(Some(root.public_key())).map_err(|_| Error::Mismatch)?;
        let der = parsed.contents.clone().into();
        let until = certificate.validity().not_after.timestamp();
        let keys = Keys {
            name: certificate.subject().as_raw().to_vec(),
            key_id: key_id(&certificate).ok_or(Error::Mismatch)?,
            until: moment(until),
            issuer: Issuer::from_ca_cert_der(&der, pair)?,
            rehearsal: Issuer::from_ca_cert_der(&der, key::make()?)?,
            certificate: parsed.contents.clone(),
            chain: pem,
            root: root_pem.contents.clone(),
            files: files.clone(),
        };
        Ok(Self { keys: Arc::new(keys), addresses, times: Times::default() })
    }

    /// With other times for what is signed about certificates.
    pub fn lasting(self, times: Times) -> Self {
        Self { times, ..self }
    }

    /// The issuing authority's distinguished name in DER: with a serial number it names a
    /// certificate.
    pub fn name(&self) -> &[u8] {
        &self.keys.name
    }

    /// The certificates between a leaf and the root, in PEM.
    pub fn chain(&self) -> &str {
        &self.keys.chain
    }

    /// Its own certificate in DER.
    pub(crate) fn certificate(&self) -> &[u8] {
        &self.keys.certificate
    }

    /// The root's certificate in DER.
    pub(crate) fn root(&self) -> &[u8] {
        &self.keys.root
    }

    /// The log of what was signed and revoked, beside the key and named for it: another key has
    /// another log. A copy of it elsewhere is worth as much as one of the key.
    pub fn log(&self) -> PathBuf {
        let Keys { files, key_id, .. } = &*self.keys;
        files.key.with_file_name(format!("log-{}", hex::encode(&key_id[..key_id.len().min(4)])))
    }

    /// Whether a certificate was signed, as the log says. Blocks while it reads.
    ///
    /// # Errors
    /// [`Error::Log`] when the log was changed or damaged; [`Error::File`].
    pub fn has_signed(&self) -> Result<bool, Error> {
        crate::log::has_signed(&self.log(), &self.log_key())
    }

    pub(crate) fn files(&self) -> &Files {
        &self.keys.files
    }

    pub(crate) fn addresses(&self) -> Option<&Addresses> {
        self.addresses.as_ref()
    }

    pub(crate) fn times(&self) -> Times {
        self.times
    }

    /// What signs its lists.
    pub(crate) fn signer(&self) -> crl::Signer<'_> {
        let Keys { name, key_id, issuer, .. } = &*self.keys;
        crl::Signer { name, key_id, key: issuer.key() }
    }

    /// What the log is sealed with: of the issuing key, so that who writes a log must have it.
    pub(crate) fn log_key(&self) -> hmac::Key {
        let secret = hmac::Key::new(hmac::HMAC_SHA256, self.keys.issuer.key().serialized_der());
        let derived = hmac::sign(&secret, b"the log of a certification authority, 1");
        hmac::Key::new(hmac::HMAC_SHA256, derived.as_ref())
    }

    /// Rehearses a certificate for a key: what breaks a rule is told, and nothing is signed.
    ///
    /// # Errors
    /// [`Error::Lint`], and what is wrong with what is wanted.
    pub fn draft(
        &self,
        wanted: &Wanted,
        key: &impl PublicKeyData,
        now: SystemTime,
    ) -> Result<Draft, Error> {
        let serial = Serial::draw().map_err(|_| Error::Key("the system gives no random bytes"))?;
        let Keys { until, name, rehearsal, .. } = &*self.keys;
        let params = build::params(wanted, serial, now, *until, self.addresses.as_ref())?;
        let rehearsed = params.signed_by(key, rehearsal)?;
        let expected = Expected {
            profile: Profile::named(&wanted.profile)?,
            list: self.addresses().filter(|_| wanted.profile != "ocsp").map(|a| a.list_of(serial)),
            issuer: name,
            ceiling: *until,
        };
        let faults = lint::faults(rehearsed.der(), &expected);
        if !faults.is_empty() {
            return Err(Error::Lint(faults.join("; ")));
        }
        Ok(Draft {
            signed_part: lint::signed_part(rehearsed.der())?,
            serial,
            from: SystemTime::from(params.not_before),
            until: SystemTime::from(params.not_after),
            params,
        })
    }

    /// Signs what was rehearsed, for the same key.
    ///
    /// # Errors
    /// [`Error::Lint`] when it would not be what was rehearsed.
    pub fn sign(&self, draft: &Draft, key: &impl PublicKeyData) -> Result<Certificate, Error> {
        let certificate = draft.params.signed_by(key, &self.keys.issuer)?;
        if lint::signed_part(certificate.der())? != draft.signed_part {
            return Err(Error::Lint("it is not what was rehearsed".to_owned()));
        }
        Ok(certificate)
    }
}

impl std::fmt::Debug for Authority {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Authority").field("until", &self.keys.until).finish_non_exhaustive()
    }
}

pub(crate) fn wanted(profile: &str, owner: &str, kind: &str) -> Wanted {
    let subject = Subject::of_organization(owner, &format!("{owner} {kind} authority"));
    Wanted { profile: profile.to_owned(), subject, names: Vec::new(), until: None }
}

pub(crate) fn certified(
    wanted: &Wanted,
    now: SystemTime,
    addresses: Option<&Addresses>,
) -> Result<CertifiedIssuer<'static, KeyPair>, Error> {
    let serial = Serial::draw().map_err(|_| Error::Key("the system gives no random bytes"))?;
    let params = build::params(wanted, serial, now, far(now), addresses)?;
    Ok(CertifiedIssuer::self_signed(params, key::make()?)?)
}

fn below(
    root: &CertifiedIssuer<'static, KeyPair>,
    wanted: &Wanted,
    now: SystemTime,
    addresses: Option<&Addresses>,
) -> Result<(Certificate, KeyPair), Error> {
    let serial = Serial::draw().map_err(|_| Error::Key("the system gives no random bytes"))?;
    let params = build::params(wanted, serial, now, far(now), addresses)?;
    let pair = key::make()?;
    Ok((params.signed_by(&pair, root)?, pair))
}

/// The root's list for as long as its key is not asked again: it revoked nothing.
fn root_list(
    root: &CertifiedIssuer<'static, KeyPair>,
    issuing: &Certificate,
    now: SystemTime,
) -> Result<Vec<u8>, Error> {
    let parse = |der| X509Certificate::from_der(der).map_err(|_| Error::Mismatch);
    let (_, root_certificate) = parse(root.der())?;
    let (_, issuing) = parse(issuing.der())?;
    let key_id = key_id(&root_certificate).ok_or(Error::Mismatch)?;
    let name = root_certificate.subject().as_raw();
    let signer = crl::Signer { name, key_id: &key_id, key: root.key() };
    let from = now.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default().as_secs();
    let from = i64::try_from(from).unwrap_or(i64::MAX);
    let listed = Listed { number: 1, from, until: issuing.validity().not_after.timestamp() };
    crl::sign(&signer, &listed, &Scope::Authorities, &[])
}

pub(crate) fn key_id(certificate: &X509Certificate<'_>) -> Option<Vec<u8>> {
    certificate.extensions().iter().find_map(|one| match one.parsed_extension() {
        ParsedExtension::SubjectKeyIdentifier(id) => Some(id.0.to_vec()),
        _ => None,
    })
}

/// Later than any profile reaches.
fn far(now: SystemTime) -> SystemTime {
    now + Duration::from_secs(100 * 366 * 86_400)
}

pub(crate) fn moment(seconds: i64) -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_secs(u64::try_from(seconds).unwrap_or(0))
}

pub(crate) fn publish(path: &Path, content: &[u8]) -> Result<(), Error> {
    let fail = |source| Error::File { path: path.to_owned(), source };
    let (fresh, dir) = (path.with_extension("new"), path.parent().unwrap_or(Path::new(".")));
    fs::write(&fresh, content)
        .and_then(|()| fs::File::open(&fresh)?.sync_all())
        .and_then(|()| fs::rename(&fresh, path))
        .and_then(|()| fs::File::open(dir)?.sync_all())
        .map_err(fail)
}

pub(crate) fn read(path: &Path) -> Result<String, Error> {
    fs::read_to_string(path).map_err(|source| Error::File { path: path.to_owned(), source })
}
