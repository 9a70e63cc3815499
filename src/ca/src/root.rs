//! The root on a machine of its own (T1.1): made there, asked to certify an issuing authority, put
//! away again. Its key never comes near the network.
//!
//! The hub asks ([`ask`]), the root's machine answers into a folder ([`Root::certify`]), the hub
//! takes it ([`take`]). What travels between them is public.

use std::fs;
use std::net::IpAddr;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use rcgen::{
    CertificateParams, CidrSubnet, DistinguishedName, DnType, GeneralSubtree, Issuer, KeyPair,
    NameConstraints,
};
use x509_parser::pem::parse_x509_pem;

use crate::authority::{self, Authority, Files};
use crate::build::{self, Addresses};
use crate::custody::{self, Passphrase};
use crate::status::crl::{self, Listed, Scope};
use crate::{Error, Serial, key};

/// The root's folder: certificate, encrypted key, and the number of its last list.
#[derive(Debug)]
pub struct Root {
    dir: PathBuf,
    issuer: Issuer<'static, KeyPair>,
    certificate: Vec<u8>,
    pem: String,
}

impl Root {
    /// Makes a root in `dir`, which holds none yet.
    ///
    /// # Errors
    /// When a file cannot be written, or is there already.
    pub fn make(dir: &Path, owner: &str, passphrase: &Passphrase) -> Result<Self, Error> {
        let (cert, key) = files(dir);
        if cert.exists() {
            let source = std::io::ErrorKind::AlreadyExists.into();
            return Err(Error::File { path: cert, source });
        }
        private(dir)?;
        let root = authority::certified(
            &authority::wanted("root", owner, "root"),
            SystemTime::now(),
            None,
        )?;
        custody::write(&key, root.key(), passphrase)?;
        authority::publish(&cert, root.pem().as_bytes())?;
        Self::open(dir, passphrase)
    }

    /// Opens the root in `dir`.
    ///
    /// # Errors
    /// When a file cannot be read, the passphrase is wrong, or key and certificate do not fit.
    pub fn open(dir: &Path, passphrase: &Passphrase) -> Result<Self, Error> {
        let (cert, key) = files(dir);
        let pem = authority::read(&cert)?;
        let pair = custody::read(&key, passphrase)?;
        if !key::is_pair(&pem, &pair.serialize_pem()) {
            return Err(Error::Mismatch);
        }
        let (_, parsed) = parse_x509_pem(pem.as_bytes()).map_err(|_| Error::Mismatch)?;
        let issuer = Issuer::from_ca_cert_der(&parsed.contents.clone().into(), pair)?;
        Ok(Self { dir: dir.to_owned(), issuer, certificate: parsed.contents, pem })
    }

    /// Certifies the key of a request as an issuing authority and writes what the hub takes into
    /// `out`: root, issuing certificate, the root's list. `names` are those that certificates of
    /// the authority may bear (RFC 5280, section 4.2.1.10): `region.example` with all below it,
    /// networks such as `10.0.0.0/8`; any where there is none. A kind that none is given of stays free
    /// (RFC 5280): with names alone, certificates may bear any address.
    ///
    /// # Errors
    /// What is wrong with the request or the names; when a file cannot be written.
    pub fn certify(
        &self,
        request: &[u8],
        owner: &str,
        (addresses, names): (&Addresses, &[String]),
        out: &Path,
    ) -> Result<(), Error> {
        let key = key::of_request(request)?;
        let now = SystemTime::now();
        let (_, parsed) =
            x509_parser::parse_x509_certificate(&self.certificate).map_err(|_| Error::Mismatch)?;
        let ceiling = authority::moment(parsed.validity().not_after.timestamp());
        let serial = Serial::draw().map_err(|_| Error::Key("the system gives no random bytes"))?;
        let wanted = authority::wanted("issuing", owner, "issuing");
        let mut params = build::params(&wanted, serial, now, ceiling, Some(addresses))?;
        params.name_constraints = constraints(names)?;
        let issuing = params.signed_by(&key, &self.issuer)?;
        private(out)?;
        let there = Files::in_dir(out);
        authority::publish(&there.root_list(), &self.list(&parsed, now)?)?;
        authority::publish(&there.issuing, issuing.pem().as_bytes())?;
        authority::publish(&there.root, self.pem.as_bytes())
    }

    /// The root's list, valid as long as the root: its key may not be at hand sooner.
    fn list(
        &self,
        parsed: &x509_parser::certificate::X509Certificate<'_>,
        now: SystemTime,
    ) -> Result<Vec<u8>, Error> {
        let key_id = authority::key_id(parsed).ok_or(Error::Mismatch)?;
        let name = parsed.subject().as_raw();
        let signer = crl::Signer { name, key_id: &key_id, key: self.issuer.key() };
        let since = now.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        let from = i64::try_from(since.as_secs()).unwrap_or(i64::MAX);
        let until = parsed.validity().not_after.timestamp();
        let listed = Listed { number: self.next_number()?, from, until };
        crl::sign(&signer, &listed, &Scope::Authorities, &[])
    }

    fn next_number(&self) -> Result<u64, Error> {
        let path = self.dir.join("list-number");
        let last = match fs::read_to_string(&path) {
            Ok(text) => text.trim().parse().unwrap_or(0),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => 0,
            Err(source) => return Err(Error::File { path, source }),
        };
        authority::publish(&path, format!("{}\n", last + 1).as_bytes())?;
        Ok(last + 1)
    }
}

/// Makes the key of an issuing authority, encrypted, and a request for the root (PKCS#10 in PEM).
/// Asked again, it makes the request anew for the same key.
///
/// # Errors
/// When a file cannot be written, or the authority is certified already.
pub fn ask(files: &Files, owner: &str, passphrase: &Passphrase) -> Result<String, Error> {
    if files.issuing.exists() {
        let source = std::io::ErrorKind::AlreadyExists.into();
        return Err(Error::File { path: files.issuing.clone(), source });
    }
    private(files.key.parent().unwrap_or(Path::new(".")))?;
    if !files.key.exists() {
        custody::write(&files.key, &key::make()?, passphrase)?;
    }
    let pair = custody::read(&files.key, passphrase)?;
    let mut name = DistinguishedName::new();
    name.push(DnType::CommonName, format!("{owner} issuing authority"));
    let mut params = CertificateParams::default();
    params.distinguished_name = name;
    Ok(params.serialize_request(&pair)?.pem()?)
}

/// Takes what the root answered, from the folder `from`, after it was seen to belong to the key
/// that is here.
///
/// # Errors
/// [`Error::Mismatch`]; when a file cannot be read or written. Nothing was changed then.
pub fn take(files: &Files, passphrase: &Passphrase, from: &Path) -> Result<(), Error> {
    let answer = Files::in_dir(from);
    let here = Files { key: files.key.clone(), ..answer.clone() };
    Authority::open(&here, passphrase, None)?;
    let bytes = |path: &Path| {
        fs::read(path).map_err(|source| Error::File { path: path.to_owned(), source })
    };
    let (list, issuing, root) =
        (bytes(&answer.root_list())?, bytes(&answer.issuing)?, bytes(&answer.root)?);
    authority::publish(&files.root_list(), &list)?;
    authority::publish(&files.issuing, &issuing)?;
    authority::publish(&files.root, &root)
}

fn files(dir: &Path) -> (PathBuf, PathBuf) {
    (dir.join("root.pem"), dir.join("root.key"))
}

fn private(dir: &Path) -> Result<(), Error> {
    let fail = |source| Error::File { path: dir.to_owned(), source };
    fs::create_dir_all(dir).map_err(fail)?;
    fs::set_permissions(dir, fs::Permissions::from_mode(0o700)).map_err(fail)
}

fn constraints(names: &[String]) -> Result<Option<NameConstraints>, Error> {
    let permitted: Result<Vec<_>, _> = names.iter().map(|name| subtree(name)).collect();
    let permitted_subtrees = permitted?;
    if permitted_subtrees.is_empty() {
        return Ok(None);
    }
    Ok(Some(NameConstraints { permitted_subtrees, excluded_subtrees: Vec::new() }))
}

fn subtree(name: &str) -> Result<GeneralSubtree, Error> {
    let unfit = |why| Error::Name { name: name.to_owned(), why };
    match name.split_once('/') {
        Some((address, bits)) => {
            let (address, bits) = (address.parse::<IpAddr>().ok(), bits.parse::<u8>().ok());
            let (Some(address), Some(bits)) = (address, bits) else {
                return Err(unfit("write a network as 10.0.0.0/8"));
            };
            if bits > if address.is_ipv4() { 32 } else { 128 } {
                return Err(unfit("a network has at most as many bits as an address"));
            }
            Ok(GeneralSubtree::IpAddress(CidrSubnet::from_addr_prefix(address, bits)))
        }
        None if !name.is_empty() && name.split('.').all(|label| !label.is_empty()) => {
            Ok(GeneralSubtree::DnsName(name.to_ascii_lowercase()))
        }
        None => Err(unfit("write a name as region.example")),
    }
}
