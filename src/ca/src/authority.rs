//! The root and the issuing authority: made, opened, signing.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use rcgen::{Certificate, CertifiedIssuer, Issuer, KeyPair, PublicKeyData};
use x509_parser::pem::parse_x509_pem;

use crate::build::{self, Addresses, Wanted};
use crate::custody::{self, Passphrase};
use crate::lint::{self, Expected};
use crate::profile::Profile;
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

    /// Whether all of them are there.
    pub fn exist(&self) -> bool {
        [&self.root, &self.issuing, &self.key].iter().all(|path| path.exists())
    }
}

/// The issuing authority with its key open.
pub struct Authority {
    issuer: Issuer<'static, KeyPair>,
    rehearsal: Issuer<'static, KeyPair>,
    name: Vec<u8>,
    until: SystemTime,
    chain: String,
    addresses: Option<Addresses>,
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
    /// # Errors
    /// When a file cannot be written, or is there already.
    pub fn make(files: &Files, owner: &str, passphrase: &Passphrase) -> Result<(), Error> {
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
        let (issuing, pair) = below(&root, &wanted("issuing", owner, "issuing"), now)?;
        let dir = files.key.parent().unwrap_or(Path::new("."));
        let fail = |source| Error::File { path: dir.to_owned(), source };
        fs::create_dir_all(dir).map_err(fail)?;
        fs::set_permissions(dir, fs::Permissions::from_mode(0o700)).map_err(fail)?;
        custody::write(&files.key, &pair, passphrase)?;
        publish(&files.issuing, &issuing.pem())?;
        publish(&files.root, &root.pem())
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
        let (_, root) = parse_x509_pem(root.as_bytes()).map_err(|_| Error::Mismatch)?;
        let root = root.parse_x509().map_err(|_| Error::Mismatch)?;
        certificate.verify_signature(Some(root.public_key())).map_err(|_| Error::Mismatch)?;
        let der = parsed.contents.clone().into();
        let until = certificate.validity().not_after.timestamp();
        Ok(Self {
            name: certificate.subject().as_raw().to_vec(),
            until: moment(until),
            issuer: Issuer::from_ca_cert_der(&der, pair)?,
            rehearsal: Issuer::from_ca_cert_der(&der, key::make()?)?,
            chain: pem,
            addresses,
        })
    }

    /// The issuing authority's distinguished name in DER: with a serial number it names a
    /// certificate.
    pub fn name(&self) -> &[u8] {
        &self.name
    }

    /// The certificates between a leaf and the root, in PEM.
    pub fn chain(&self) -> &str {
        &self.chain
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
        let params = build::params(wanted, serial, now, self.until, self.addresses.as_ref())?;
        let rehearsed = params.signed_by(key, &self.rehearsal)?;
        let expected = Expected {
            profile: Profile::named(&wanted.profile)?,
            is_asked_about: self.addresses.is_some() && wanted.profile != "ocsp",
            issuer: &self.name,
            ceiling: self.until,
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
        let certificate = draft.params.signed_by(key, &self.issuer)?;
        if lint::signed_part(certificate.der())? != draft.signed_part {
            return Err(Error::Lint("it is not what was rehearsed".to_owned()));
        }
        Ok(certificate)
    }
}

impl std::fmt::Debug for Authority {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Authority").field("until", &self.until).finish_non_exhaustive()
    }
}

fn wanted(profile: &str, owner: &str, kind: &str) -> Wanted {
    let subject = Subject::of_organization(owner, &format!("{owner} {kind} authority"));
    Wanted { profile: profile.to_owned(), subject, names: Vec::new(), until: None }
}

fn certified(
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
) -> Result<(Certificate, KeyPair), Error> {
    let serial = Serial::draw().map_err(|_| Error::Key("the system gives no random bytes"))?;
    let params = build::params(wanted, serial, now, far(now), None)?;
    let pair = key::make()?;
    Ok((params.signed_by(&pair, root)?, pair))
}

/// Later than any profile reaches.
fn far(now: SystemTime) -> SystemTime {
    now + Duration::from_secs(100 * 366 * 86_400)
}

fn moment(seconds: i64) -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_secs(u64::try_from(seconds).unwrap_or(0))
}

fn publish(path: &Path, pem: &str) -> Result<(), Error> {
    let fail = |source| Error::File { path: path.to_owned(), source };
    let (fresh, dir) = (path.with_extension("new"), path.parent().unwrap_or(Path::new(".")));
    fs::write(&fresh, pem)
        .and_then(|()| fs::File::open(&fresh)?.sync_all())
        .and_then(|()| fs::rename(&fresh, path))
        .and_then(|()| fs::File::open(dir)?.sync_all())
        .map_err(fail)
}

fn read(path: &Path) -> Result<String, Error> {
    fs::read_to_string(path).map_err(|source| Error::File { path: path.to_owned(), source })
}
