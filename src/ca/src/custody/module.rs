//! A PKCS #11 module (OASIS PKCS #11 2.40): its token, its user, its keys.

use std::path::Path;

use cryptoki::context::{CInitializeArgs, CInitializeFlags, Pkcs11};
use cryptoki::error::{Error as Cryptoki, RvError};
use cryptoki::mechanism::Mechanism;
use cryptoki::object::{Attribute, AttributeType, KeyType, ObjectClass, ObjectHandle};
use cryptoki::session::{Session, SessionState, UserType};
use cryptoki::slot::Slot;
use cryptoki::types::AuthPin;
use rcgen::SubjectPublicKeyInfo;

use super::pin::Refused;
use super::pkcs11::{Token, TokenError};
use crate::der::{self, OID, SEQUENCE, bits, tlv};

/// P-256 as an object identifier in DER (RFC 5480, section 2.1.1.1).
const P256: &[u8] = b"\x06\x08\x2a\x86\x48\xce\x3d\x03\x01\x07";
/// Algorithms of public keys (RFC 5480, section 2.1.1; RFC 3279, section 2.3.1).
const EC: &[u8] = b"\x2a\x86\x48\xce\x3d\x02\x01";
const RSA: &[u8] = b"\x2a\x86\x48\x86\xf7\x0d\x01\x01\x01";
/// An issuing key of RSA has at least so many bits (NIST SP 800-57: beyond 2030).
const RSA_BITS: usize = 3_072;

/// Loads a module and initialises it; that another part of the process has is all right.
pub(super) fn load(path: &Path) -> Result<Pkcs11, TokenError> {
    let unusable = |why: String| TokenError::Module { path: path.to_owned(), why };
    let module = Pkcs11::new(path).map_err(|error| unusable(error.to_string()))?;
    initialise(&module).map_err(|error| unusable(said(&error)))?;
    Ok(module)
}

fn initialise(module: &Pkcs11) -> Result<(), Cryptoki> {
    match module.initialize(CInitializeArgs::new(CInitializeFlags::OS_LOCKING_OK)) {
        Err(Cryptoki::Pkcs11(RvError::CryptokiAlreadyInitialized, _)) => Ok(()),
        other => other,
    }
}

/// Ends a module and begins it anew: some find what came back only then. No session may be open.
pub(super) fn begin_anew(module: &Pkcs11, path: &Path) -> Result<(), TokenError> {
    drop(module.clone().finalize());
    let unusable = |why| TokenError::Module { path: path.to_owned(), why };
    initialise(module).map_err(|error| unusable(said(&error)))
}

/// A session that is closed when it is dropped, whatever has become of its token.
pub(super) struct Open(Option<Session>);

impl std::ops::Deref for Open {
    type Target = Session;

    fn deref(&self) -> &Session {
        self.0.as_ref().expect("it is taken in drop alone")
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        // Where the token has gone there is nothing to close.
        drop(self.0.take().map(Session::close));
    }
}

/// A session on the token, logged in. Who is logged in is the token's matter: all sessions share it.
pub(super) fn open(
    module: &Pkcs11,
    place: &Token,
    refused: &Refused,
    is_writing: bool,
) -> Result<Open, TokenError> {
    let slot = slot(module, place)?;
    let session = match is_writing {
        true => module.open_rw_session_no_drop(slot),
        false => module.open_ro_session_no_drop(slot),
    };
    let session = Open(Some(session.map_err(TokenError::from)?));
    let state = session.get_session_info()?.session_state();
    if !matches!(state, SessionState::RoUser | SessionState::RwUser) {
        login(module, slot, &session, place, refused)?;
    }
    Ok(session)
}

fn slot(module: &Pkcs11, place: &Token) -> Result<Slot, TokenError> {
    let slots = module.get_slots_with_token()?;
    let is_it =
        |slot: &Slot| module.get_token_info(*slot).is_ok_and(|info| info.label() == place.token);
    let absent = || TokenError::Absent { token: place.token.clone() };
    slots.into_iter().find(is_it).ok_or_else(absent)
}

/// A token locks after some wrong PINs: one that it refused is not tried again, and its last try is
/// a person's.
fn login(
    module: &Pkcs11,
    slot: Slot,
    session: &Session,
    place: &Token,
    refused: &Refused,
) -> Result<(), TokenError> {
    let info = module.get_token_info(slot)?;
    if info.user_pin_locked() {
        return Err(TokenError::Locked { token: place.token.clone() });
    }
    let pin = place.read_pin()?;
    let wrong = || TokenError::Pin {
        token: place.token.clone(),
        pin: place.pin.clone(),
        mark: refused.path().to_owned(),
    };
    if refused.knows(&pin) {
        return Err(wrong());
    }
    if info.user_pin_final_try() {
        return Err(TokenError::LastTry { token: place.token.clone() });
    }
    let text = AuthPin::from(String::from_utf8_lossy(pin.bytes()).into_owned());
    match session.login(UserType::User, Some(&text)) {
        Ok(()) | Err(Cryptoki::Pkcs11(RvError::UserAlreadyLoggedIn, _)) => {
            refused.forget();
            Ok(())
        }
        Err(Cryptoki::Pkcs11(why, _)) if is_about_the_pin(why) => {
            refused.remember(&pin);
            Err(wrong())
        }
        Err(Cryptoki::Pkcs11(RvError::PinLocked, _)) => {
            Err(TokenError::Locked { token: place.token.clone() })
        }
        Err(error) => Err(error.into()),
    }
}

fn is_about_the_pin(why: RvError) -> bool {
    matches!(
        why,
        RvError::PinIncorrect | RvError::PinInvalid | RvError::PinLenRange | RvError::PinExpired
    )
}

/// The private key, which there is one of.
pub(super) fn private(session: &Session, place: &Token) -> Result<ObjectHandle, TokenError> {
    let found = session.find_objects(&named(ObjectClass::PRIVATE_KEY, place))?;
    match found.as_slice() {
        [one] => Ok(*one),
        other => Err(TokenError::Keys {
            token: place.token.clone(),
            key: place.key.clone(),
            count: other.len(),
        }),
    }
}

fn named(class: ObjectClass, place: &Token) -> [Attribute; 2] {
    [Attribute::Class(class), Attribute::Label(place.key.clone().into_bytes())]
}

/// The public key of the private key on the token; where there is none, both are made: P-256, never
/// to leave the token.
pub(super) fn find_or_make(
    place: &Token,
    refused: &Refused,
) -> Result<SubjectPublicKeyInfo, TokenError> {
    let module = load(&place.module)?;
    let session = open(&module, place, refused, true)?;
    let public = match private(&session, place) {
        Err(TokenError::Keys { count: 0, .. }) => make(&session, place)?,
        Err(error) => return Err(error),
        Ok(private) => {
            let told = session.get_attributes(private, &[AttributeType::Extractable])?;
            if told.contains(&Attribute::Extractable(true)) {
                let (token, key) = (&place.token, &place.key);
                tracing::warn!(token, key, "the issuing key can be taken out of its token");
            }
            public_of(&session, private, place)?
        }
    };
    read(&session, public, place)
}

fn make(session: &Session, place: &Token) -> Result<ObjectHandle, TokenError> {
    let mut id = vec![0; 16];
    getrandom::fill(&mut id).map_err(|error| TokenError::Device(error.to_string()))?;
    let (label, id) = (Attribute::Label(place.key.clone().into_bytes()), Attribute::Id(id));
    let public = [
        Attribute::Token(true),
        Attribute::Private(false),
        Attribute::Verify(true),
        Attribute::EcParams(P256.to_vec()),
        label.clone(),
        id.clone(),
    ];
    let private = [
        Attribute::Token(true),
        Attribute::Private(true),
        Attribute::Sensitive(true),
        Attribute::Extractable(false),
        Attribute::Sign(true),
        label,
        id,
    ];
    let (public, _) = session.generate_key_pair(&Mechanism::EccKeyPairGen, &public, &private)?;
    let (token, key) = (&place.token, &place.key);
    tracing::info!(token, key, "the issuing key is made on its token");
    Ok(public)
}

/// The public key beside a private one: of the same name, or the same identifier.
fn public_of(
    session: &Session,
    private: ObjectHandle,
    place: &Token,
) -> Result<ObjectHandle, TokenError> {
    let by_name = session.find_objects(&named(ObjectClass::PUBLIC_KEY, place))?;
    if let [one] = by_name.as_slice() {
        return Ok(*one);
    }
    let id = session.get_attributes(private, &[AttributeType::Id])?;
    let id = id.into_iter().filter(|one| matches!(one, Attribute::Id(id) if !id.is_empty()));
    let wanted: Vec<_> = id.chain([Attribute::Class(ObjectClass::PUBLIC_KEY)]).collect();
    let by_id = if wanted.len() == 2 { session.find_objects(&wanted)? } else { Vec::new() };
    match by_id.as_slice() {
        [one] => Ok(*one),
        _ => Err(TokenError::NoPublic { token: place.token.clone(), key: place.key.clone() }),
    }
}

fn read(
    session: &Session,
    public: ObjectHandle,
    place: &Token,
) -> Result<SubjectPublicKeyInfo, TokenError> {
    let unfit = || TokenError::Unfit { token: place.token.clone(), key: place.key.clone() };
    let kind = session.get_attributes(public, &[AttributeType::KeyType])?;
    let info = match kind.as_slice() {
        [Attribute::KeyType(KeyType::EC)] => elliptic(session, public)?,
        [Attribute::KeyType(KeyType::RSA)] => rsa(session, public)?,
        _ => None,
    };
    let info = info.ok_or_else(unfit)?;
    let info = SubjectPublicKeyInfo::from_der(&info).map_err(|_| unfit())?;
    super::scheme::Scheme::of(&info).map(|_| info).ok_or_else(unfit)
}

fn elliptic(session: &Session, public: ObjectHandle) -> Result<Option<Vec<u8>>, TokenError> {
    let wanted = [AttributeType::EcParams, AttributeType::EcPoint];
    let told = session.get_attributes(public, &wanted)?;
    let [Attribute::EcParams(curve), Attribute::EcPoint(point)] = told.as_slice() else {
        return Ok(None);
    };
    // Uncompressed, as an octet string; some tokens leave the octet string out.
    let point = match point.len() {
        67 | 99 => &point[2..],
        _ => point.as_slice(),
    };
    Ok(Some(info(EC, curve, point)))
}

fn rsa(session: &Session, public: ObjectHandle) -> Result<Option<Vec<u8>>, TokenError> {
    let wanted = [AttributeType::Modulus, AttributeType::PublicExponent];
    let told = session.get_attributes(public, &wanted)?;
    let [Attribute::Modulus(modulus), Attribute::PublicExponent(exponent)] = told.as_slice() else {
        return Ok(None);
    };
    if modulus.len() * 8 < RSA_BITS {
        return Ok(None);
    }
    let key = tlv(SEQUENCE, &[der::positive(modulus), der::positive(exponent)].concat());
    // ASN.1 NULL.
    Ok(Some(info(RSA, &[5, 0], &key)))
}

/// A `SubjectPublicKeyInfo` (RFC 5280, section 4.1.2.7).
fn info(algorithm: &[u8], parameters: &[u8], key: &[u8]) -> Vec<u8> {
    let algorithm = tlv(SEQUENCE, &[&tlv(OID, algorithm), parameters].concat());
    tlv(SEQUENCE, &[algorithm, bits(key)].concat())
}

/// What a module said, in its own short words.
pub(super) fn said(error: &Cryptoki) -> String {
    match error {
        Cryptoki::Pkcs11(what, function) => format!("{function:?} ends with {what:?}"),
        other => other.to_string(),
    }
}
