//! The root on a machine of its own (T1.1): made there, asked to certify an issuing authority, put
//! away again. Its key never comes near the network.
//!
//! The hub asks ([`ask`]), the root's machine answers into a folder ([`Root::certify`]), the hub
//! takes it ([`take`]). What travels between them is public.

use std::fs;
use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use rcgen::{
    CertificateParams, CidrSubnet, DistinguishedName, DnType, GeneralSubtree, Issuer, KeyPair,
    NameConstraints,
};
use x509_parser::pem::parse_x509_pem;

use crate::authority::{self, Authority, Files};
use crate::build::Addresses;
use crate::custody::{self, KeyStore, Passphrase};
use crate::{Error, key};

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
            return Err(authority::there_already(&cert));
        }
        authority::make_private(dir)?;
        let root = authority::self_signed_root(owner, SystemTime::now())?;
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
        let root = authority::parsed(&self.certificate)?;
        let until = root.validity().not_after.timestamp();
        let (wanted, ceiling) = (authority::wanted(owner, "issuing"), authority::moment(until));
        let (_, mut params) = authority::drawn(&wanted, now, ceiling, Some(addresses))?;
        params.name_constraints = constraints(names)?;
        let issuing = params.signed_by(&key, &self.issuer)?;
        authority::make_private(out)?;
        let there = Files::in_dir(out);
        // Valid as long as the root.
        let number = self.next_number()?;
        let list = authority::root_list(&root, self.issuer.key(), number, (now, until))?;
        authority::publish(&there.root_list(), &list)?;
        authority::publish(&there.issuing, issuing.pem().as_bytes())?;
        authority::publish(&there.root, self.pem.as_bytes())
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

/// Makes the key of an issuing authority, encrypted or on its token, and a request for the root
/// (PKCS#10 in PEM). Asked again, it makes the request anew for the same key.
///
/// # Errors
/// When a file cannot be written, or the authority is certified already; the token's.
pub fn ask(files: &Files, owner: &str, keys: impl Into<KeyStore>) -> Result<String, Error> {
    if files.issuing.exists() {
        return Err(authority::there_already(&files.issuing));
    }
    authority::make_private(files.dir())?;
    let key = keys.into().find_or_make(files)?;
    let mut name = DistinguishedName::new();
    name.push(DnType::CommonName, format!("{owner} issuing authority"));
    let mut params = CertificateParams::default();
    params.distinguished_name = name;
    Ok(params.serialize_request(&key)?.pem()?)
}

/// Takes what the root answered, from the folder `from`, after it was seen to belong to the key
/// that is here.
///
/// # Errors
/// [`Error::Mismatch`]; the token's; when a file cannot be read or written. Nothing was changed
/// then.
pub fn take(files: &Files, keys: impl Into<KeyStore>, from: &Path) -> Result<(), Error> {
    let answer = Files::in_dir(from);
    let here = Files { key: files.key.clone(), ..answer.clone() };
    Authority::open_with_key(&here, &keys.into())?;
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
