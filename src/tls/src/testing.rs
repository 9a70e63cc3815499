//! For tests of listeners: an authority, the hub's certificate and an administrator's in a folder.

use std::fs::{self, File, OpenOptions, Permissions};
use std::io::Write;
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::Path;
use std::time::{Duration, SystemTime};

use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DistinguishedName, DnType,
    ExtendedKeyUsagePurpose, IsCa, KeyPair, KeyUsagePurpose,
};

use crate::{Error, Paths};

/// Life of the authority, and of the certificates below it, in days.
const CA_DAYS: u64 = 3650;
const LEAF_DAYS: u64 = 397;
/// Clocks of clients may be behind by this much.
const CLOCK_SLACK: Duration = Duration::from_secs(3600);

/// Makes authority, hub and administrator certificates in `dir`.
/// `names` are the DNS names and addresses at which the hub answers. The authority's key is not
/// kept: nothing can be signed with it afterwards, so a stolen folder opens no more than it holds.
///
/// # Errors
/// When a file cannot be written or a name is no DNS name or address.
pub fn bootstrap(dir: &Path, names: &[String]) -> Result<Paths, Error> {
    let paths = Paths::in_dir(dir);
    make_private_dir(dir)?;
    let authority = authority()?;
    write(&paths.ca_cert, &authority.pem(), PUBLIC)?;
    write(&paths.client_ca, &authority.pem(), PUBLIC)?;
    let (cert, key) = leaf(hub_params(names)?, &authority)?;
    write(&paths.server_cert, &cert, PUBLIC)?;
    write(&paths.server_key, &key, PRIVATE)?;
    let (cert, key) = leaf(administrator_params()?, &authority)?;
    write(&paths.admin_cert, &cert, PUBLIC)?;
    write(&paths.admin_key, &key, PRIVATE)?;
    Ok(paths)
}

/// A person of a test: a certificate `FILE.pem` and a key `FILE.key`.
#[derive(Clone, Copy, Debug)]
pub struct Person<'a> {
    /// The name of both files, without the ending.
    pub file: &'a str,
    /// The common name.
    pub name: &'a str,
    /// The organisation, where there is one.
    pub institution: Option<&'a str>,
    /// When the certificate ends; it began a day before, or an hour ago.
    pub ends: SystemTime,
}

/// As [`bootstrap`], with certificates of people in the same folder.
///
/// # Errors
/// As [`bootstrap`].
pub fn bootstrap_people(
    dir: &Path,
    names: &[String],
    people: &[Person<'_>],
) -> Result<Paths, Error> {
    let paths = Paths::in_dir(dir);
    make_private_dir(dir)?;
    let authority = authority()?;
    write(&paths.ca_cert, &authority.pem(), PUBLIC)?;
    write(&paths.client_ca, &authority.pem(), PUBLIC)?;
    let (cert, key) = leaf(hub_params(names)?, &authority)?;
    write(&paths.server_cert, &cert, PUBLIC)?;
    write(&paths.server_key, &key, PRIVATE)?;
    for person in people {
        let mut params = administrator_params()?;
        params.distinguished_name.push(DnType::CommonName, person.name);
        if let Some(institution) = person.institution {
            params.distinguished_name.push(DnType::OrganizationName, institution);
        }
        params.not_after = person.ends.into();
        params.not_before =
            (person.ends - Duration::from_secs(86_400)).min(SystemTime::now() - CLOCK_SLACK).into();
        let (cert, key) = leaf(params, &authority)?;
        write(&dir.join(format!("{}.pem", person.file)), &cert, PUBLIC)?;
        write(&dir.join(format!("{}.key", person.file)), &key, PRIVATE)?;
    }
    Ok(paths)
}

fn authority() -> Result<CertifiedIssuer<'static, KeyPair>, Error> {
    let mut params = params("ETS Hub first authority", CA_DAYS);
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    Ok(CertifiedIssuer::self_signed(params, KeyPair::generate()?)?)
}

fn hub_params(names: &[String]) -> Result<CertificateParams, Error> {
    let mut params = CertificateParams::new(names.to_vec())?;
    name_and_date(&mut params, "ETS Hub", LEAF_DAYS);
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    Ok(params)
}

fn administrator_params() -> Result<CertificateParams, Error> {
    let mut params = params("administrator", LEAF_DAYS);
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
    Ok(params)
}

fn params(common_name: &str, days: u64) -> CertificateParams {
    let mut params = CertificateParams::default();
    name_and_date(&mut params, common_name, days);
    params
}

fn name_and_date(params: &mut CertificateParams, common_name: &str, days: u64) {
    let mut name = DistinguishedName::new();
    name.push(DnType::CommonName, common_name);
    params.distinguished_name = name;
    let now = SystemTime::now();
    params.not_before = (now - CLOCK_SLACK).into();
    params.not_after = (now + Duration::from_secs(days * 86_400)).into();
}

fn leaf(
    mut params: CertificateParams,
    authority: &CertifiedIssuer<'static, KeyPair>,
) -> Result<(String, String), Error> {
    params.is_ca = IsCa::ExplicitNoCa;
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.use_authority_key_identifier_extension = true;
    let key = KeyPair::generate()?;
    let certificate = params.signed_by(&key, authority)?;
    Ok((certificate.pem(), key.serialize_pem()))
}

const PUBLIC: u32 = 0o644;
const PRIVATE: u32 = 0o600;
const PRIVATE_DIR: u32 = 0o700;

fn make_private_dir(dir: &Path) -> Result<(), Error> {
    let fail = |source| Error::File { path: dir.to_owned(), source };
    fs::create_dir_all(dir).map_err(fail)?;
    fs::set_permissions(dir, Permissions::from_mode(PRIVATE_DIR)).map_err(fail)
}

fn write(path: &Path, text: &str, mode: u32) -> Result<(), Error> {
    let fail = |source| Error::File { path: path.to_owned(), source };
    let mut file: File = OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(mode)
        .open(path)
        .map_err(fail)?;
    file.write_all(text.as_bytes()).and_then(|()| file.sync_all()).map_err(fail)
}

/// By which a certificate in DER is revoked.
///
/// # Panics
/// When it is no certificate.
pub fn id_of(der: &rustls::pki_types::CertificateDer<'_>) -> crate::CertId {
    crate::PeerCertificate::read(der).expect("a certificate").id
}
