//! The root and the issuing authority: made, opened, signing.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use aws_lc_rs::hmac;
use rcgen::{CertificateParams, CertifiedIssuer, Issuer, KeyPair, PublicKeyData};
use x509_parser::certificate::X509Certificate;
use x509_parser::extensions::ParsedExtension;
use x509_parser::pem::parse_x509_pem;

use crate::build::{self, Addresses, Wanted};
use crate::custody::{IssuingKey, KeyStore};
use crate::lint::{self, Expected};
use crate::profile::Profile;
use crate::sign::{Certificate, Signing};
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
    /// Its key, encrypted; where that is on a token, the secret that the log is sealed with.
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

    /// The usual names in `dir` where the issuing key is on a token.
    pub fn beside_token(dir: &Path) -> Self {
        Self { key: dir.join("log.key"), ..Self::in_dir(dir) }
    }

    /// The root's own list of what it revoked, in DER, beside its certificate.
    pub fn root_list(&self) -> PathBuf {
        self.root.with_extension("crl")
    }

    /// The folder of the key.
    pub(crate) fn dir(&self) -> &Path {
        self.key.parent().unwrap_or(Path::new("."))
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
    issuing: IssuingKey,
    log: hmac::Key,
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
    /// its own. A key that is on a token already is taken.
    ///
    /// Where relying parties ask about the issuing authority stands in its certificate, if it is
    /// known; the root's list, empty, is signed for as long as that certificate is valid.
    ///
    /// # Errors
    /// When a file cannot be written, or is there already; the token's.
    pub fn make(
        files: &Files,
        owner: &str,
        keys: impl Into<KeyStore>,
        addresses: Option<&Addresses>,
    ) -> Result<(), Error> {
        if files.root.exists() {
            return Err(there_already(&files.root));
        }
        make_private(files.dir())?;
        let keys = keys.into();
        // The root's certificate is written last: without it nothing was ever signed. Who calls
        // this has seen that nothing was. Beside a token the secret stays as its key does: it sealed
        // that key's log, and the mark of a PIN that was refused.
        if !keys.has_token() && files.key.exists() {
            let aside = files.key.with_extension("key.unused");
            let fail = |source| Error::File { path: files.key.clone(), source };
            fs::rename(&files.key, aside).map_err(fail)?;
        }
        let issuing_key = keys.find_or_make(files)?;
        let now = SystemTime::now();
        let root = self_signed_root(owner, now)?;
        let (_, params) = drawn(&wanted(owner, "issuing"), now, far(now), addresses)?;
        let issuing = params.signed_by(&issuing_key, &root)?;
        let until = parsed(issuing.der())?.validity().not_after.timestamp();
        let list = root_list(&parsed(root.der())?, root.key(), 1, (now, until))?;
        publish(&files.root_list(), &list)?;
        publish(&files.issuing, issuing.pem().as_bytes())?;
        publish(&files.root, root.pem().as_bytes())
    }

    /// Opens the issuing authority. Where relying parties can ask about certificates stands in
    /// each, if it is known. A token that is away, or that refuses its PIN, is told in the log:
    /// everything but signing goes on without it.
    ///
    /// # Errors
    /// When a file cannot be read, the passphrase is wrong, or key and certificate do not fit.
    pub fn open(
        files: &Files,
        keys: impl Into<KeyStore>,
        addresses: Option<Addresses>,
    ) -> Result<Self, Error> {
        let authority = Self::read(files, &keys.into(), addresses)?;
        match authority.check_key() {
            Err(Error::Token(why)) if !why.is_other_key() => Ok(authority),
            other => other.map(|()| authority),
        }
    }

    /// The same, where the key must be at hand.
    ///
    /// # Errors
    /// As [`Authority::open`]; the token's.
    pub(crate) fn open_with_key(files: &Files, keys: &KeyStore) -> Result<Self, Error> {
        let authority = Self::read(files, keys, None)?;
        authority.check_key().map(|()| authority)
    }

    fn read(files: &Files, keys: &KeyStore, addresses: Option<Addresses>) -> Result<Self, Error> {
        let pem = read(&files.issuing)?;
        let (_, issuing_pem) = parse_x509_pem(pem.as_bytes()).map_err(|_| Error::Mismatch)?;
        let certificate = issuing_pem.parse_x509().map_err(|_| Error::Mismatch)?;
        let opened = keys.open(files, certificate.public_key().raw)?;
        let root = read(&files.root)?;
        let (_, root_pem) = parse_x509_pem(root.as_bytes()).map_err(|_| Error::Mismatch)?;
        let root = root_pem.parse_x509().map_err(|_| Error::Mismatch)?;
        certificate.verify_signature(Some(root.public_key())).map_err(|_| Error::Mismatch)?;
        let der = issuing_pem.contents.clone().into();
        // By the same algorithm, as its name stands in what is signed.
        let rehearsal = key::make_for(opened.issuing.algorithm())?;
        let keys = Keys {
            name: certificate.subject().as_raw().to_vec(),
            key_id: key_id(&certificate).ok_or(Error::Mismatch)?,
            until: moment(certificate.validity().not_after.timestamp()),
            issuing: opened.issuing,
            log: opened.log,
            rehearsal: Issuer::from_ca_cert_der(&der, rehearsal)?,
            certificate: issuing_pem.contents.clone(),
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
        let Keys { name, key_id, issuing, .. } = &*self.keys;
        crl::Signer { name, key_id, key: issuing }
    }

    /// What the log is sealed with, so that who writes a log must have it.
    pub(crate) fn log_key(&self) -> hmac::Key {
        self.keys.log.clone()
    }

    fn check_key(&self) -> Result<(), Error> {
        match &self.keys.issuing {
            IssuingKey::File(_) => Ok(()),
            IssuingKey::Token(key) => Ok(key.ready()?),
        }
    }

    /// Whether the issuing key is at hand: asked before it is written down what will be signed.
    ///
    /// # Errors
    /// What the token says.
    pub async fn ready(&self) -> Result<(), Error> {
        let is_well = match &self.keys.issuing {
            IssuingKey::File(_) => true,
            IssuingKey::Token(key) => key.is_well(),
        };
        if is_well {
            return Ok(());
        }
        let authority = self.clone();
        aside(move || authority.check_key()).await
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
        let Keys { until, name, rehearsal, .. } = &*self.keys;
        let (serial, params) = drawn(wanted, now, *until, self.addresses.as_ref())?;
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
        })
    }

    /// Signs what was rehearsed, octet by octet. Blocks while a token signs.
    ///
    /// # Errors
    /// When the key does not sign.
    pub fn sign(&self, draft: &Draft) -> Result<Certificate, Error> {
        Certificate::sign(&draft.signed_part, &self.keys.issuing)
    }

    /// The same, without a thread of the runtime waiting for a token.
    ///
    /// # Errors
    /// When the key does not sign.
    pub(crate) async fn signed(&self, draft: Draft) -> Result<Certificate, Error> {
        if let IssuingKey::File(_) = &self.keys.issuing {
            return self.sign(&draft);
        }
        let authority = self.clone();
        aside(move || authority.sign(&draft)).await
    }
}

/// Waits for a token on a thread for such work.
async fn aside<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, Error> + Send + 'static,
) -> Result<T, Error> {
    tokio::task::spawn_blocking(work).await.unwrap_or(Err(Error::LogEnded))
}

impl std::fmt::Debug for Authority {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Authority").field("until", &self.keys.until).finish_non_exhaustive()
    }
}

/// A root whose key was made just now.
pub(crate) fn self_signed_root(
    owner: &str,
    now: SystemTime,
) -> Result<CertifiedIssuer<'static, KeyPair>, Error> {
    let (_, params) = drawn(&wanted(owner, "root"), now, far(now), None)?;
    Ok(CertifiedIssuer::self_signed(params, key::make()?)?)
}

/// An authority's certificate; its profile is named for its kind.
pub(crate) fn wanted(owner: &str, kind: &str) -> Wanted {
    let subject = Subject::of_organization(owner, &format!("{owner} {kind} authority"));
    Wanted { profile: kind.to_owned(), subject, names: Vec::new(), until: None }
}

/// What is to be signed, under a serial number of its own.
pub(crate) fn drawn(
    wanted: &Wanted,
    now: SystemTime,
    ceiling: SystemTime,
    addresses: Option<&Addresses>,
) -> Result<(Serial, CertificateParams), Error> {
    let serial = Serial::draw()?;
    Ok((serial, build::params(wanted, serial, now, ceiling, addresses)?))
}

/// The root's list from now on until `until` in seconds since 1970: its key may not be at hand
/// sooner. It has revoked nothing.
pub(crate) fn root_list(
    root: &X509Certificate<'_>,
    key: &dyn Signing,
    number: u64,
    (now, until): (SystemTime, i64),
) -> Result<Vec<u8>, Error> {
    let key_id = key_id(root).ok_or(Error::Mismatch)?;
    let signer = crl::Signer { name: root.subject().as_raw(), key_id: &key_id, key };
    let listed = Listed { number, from: seconds(now), until };
    crl::sign(&signer, &listed, &Scope::Authorities, &[])
}

pub(crate) fn parsed(der: &[u8]) -> Result<X509Certificate<'_>, Error> {
    let (_, certificate) = x509_parser::parse_x509_certificate(der).map_err(|_| Error::Mismatch)?;
    Ok(certificate)
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

/// Seconds since 1970.
pub(crate) fn seconds(at: SystemTime) -> i64 {
    let since = at.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_secs()).unwrap_or(i64::MAX)
}

pub(crate) fn moment(seconds: i64) -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_secs(u64::try_from(seconds).unwrap_or(0))
}

/// Makes a folder that its owner alone reads.
pub(crate) fn make_private(dir: &Path) -> Result<(), Error> {
    let fail = |source| Error::File { path: dir.to_owned(), source };
    fs::create_dir_all(dir).map_err(fail)?;
    fs::set_permissions(dir, fs::Permissions::from_mode(0o700)).map_err(fail)
}

pub(crate) fn there_already(path: &Path) -> Error {
    Error::File { path: path.to_owned(), source: std::io::ErrorKind::AlreadyExists.into() }
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
