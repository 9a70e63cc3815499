//! What a service is told of who asks and how: from the verified certificate, made once for a
//! connection.

use std::net::IpAddr;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use ets_listen::PeerCertificate;
use ets_rights::{Held, Scope};
use http::header::{self, HeaderMap, HeaderName, HeaderValue};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use crate::Identity;
use crate::routes;
use crate::token::Claims;
use crate::visit::{Visit, Who};

const CLIENT_CERT: HeaderName = HeaderName::from_static("client-cert");
const PERSON: HeaderName = HeaderName::from_static("x-ets-person");
const NAME: HeaderName = HeaderName::from_static("x-ets-name");
const INSTITUTION: HeaderName = HeaderName::from_static("x-ets-institution");
const SERIAL: HeaderName = HeaderName::from_static("x-ets-serial");
const RIGHTS: HeaderName = HeaderName::from_static("x-ets-rights");
const TOKEN: HeaderName = HeaderName::from_static("x-ets-identity");
const FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");
const FORWARDED_PROTO: HeaderName = HeaderName::from_static("x-forwarded-proto");
const FORWARDED_HOST: HeaderName = HeaderName::from_static("x-forwarded-host");

/// What stays as it is in a value that is percent-encoded (RFC 8187, attr-char).
const ENCODED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'!')
    .remove(b'#')
    .remove(b'$')
    .remove(b'&')
    .remove(b'+')
    .remove(b'-')
    .remove(b'.')
    .remove(b'^')
    .remove(b'_')
    .remove(b'`')
    .remove(b'|')
    .remove(b'~');
/// The rights of one person, in bytes; what goes beyond is left out.
const MOST_RIGHTS: usize = 8 << 10;
/// A token is used again for so long; it is good for twice that.
const TOKEN_AGE: Duration = Duration::from_secs(30);

/// How requests of a connection came.
#[derive(Debug)]
pub(crate) struct Way {
    address: HeaderValue,
    forwarded: String,
    /// The first host that was asked for; mostly the only one.
    hosts: OnceLock<(HeaderValue, HeaderValue)>,
}

impl Way {
    pub(crate) fn new(address: IpAddr) -> Self {
        let address = address.to_canonical();
        let node = match address {
            IpAddr::V4(address) => address.to_string(),
            IpAddr::V6(address) => format!("\"[{address}]\""),
        };
        let forwarded = format!("for={node};proto=https");
        Self { address: value(&address.to_string()), forwarded, hosts: OnceLock::new() }
    }

    /// Sets `Host` (RFC 9110, section 7.2), `Forwarded` (RFC 7239) and its older relatives.
    pub(crate) fn write(&self, host: &HeaderValue, headers: &mut HeaderMap) {
        let make = || (host.clone(), value(&format!("{};host={}", self.forwarded, quoted(host))));
        let (known, forwarded) = self.hosts.get_or_init(make);
        let forwarded = if known == host { forwarded.clone() } else { make().1 };
        headers.insert(header::HOST, host.clone());
        headers.insert(header::FORWARDED, forwarded);
        headers.insert(FORWARDED_FOR, self.address.clone());
        headers.insert(FORWARDED_PROTO, HeaderValue::from_static("https"));
        headers.insert(FORWARDED_HOST, host.clone());
    }
}

/// A host as a quoted string; it was checked against our names and a port, and has no quote.
fn quoted(host: &HeaderValue) -> String {
    format!("\"{}\"", host.to_str().unwrap_or_default())
}

/// Who asks, on which connection.
pub(crate) type Asks<'a> = (&'a Visit, &'a Who);

/// What a certificate says of its owner, as headers.
#[derive(Debug)]
pub(crate) struct Said {
    certificate: HeaderValue,
    person: HeaderValue,
    name: HeaderValue,
    institution: Option<HeaderValue>,
    serial: HeaderValue,
    rights: Mutex<Option<(u64, HeaderValue)>>,
    tokens: Mutex<Vec<Token>>,
}

#[derive(Debug)]
struct Token {
    way: Arc<routes::Way>,
    turn: u64,
    made: Instant,
    value: HeaderValue,
}

impl Said {
    pub(crate) fn new(certificate: &PeerCertificate, der: &[u8]) -> Self {
        Self {
            certificate: value(&format!(":{}:", STANDARD.encode(der))),
            person: encoded(certificate.person.as_str()),
            name: encoded(&certificate.subject),
            institution: certificate.institution.as_deref().map(encoded),
            serial: value(&certificate.serial_hex),
            rights: Mutex::default(),
            tokens: Mutex::default(),
        }
    }

    /// Sets what the service of this route is to know. `turn` is that of the judgement.
    pub(crate) fn write(
        &self,
        asks: Asks<'_>,
        way: &Arc<routes::Way>,
        turn: u64,
        headers: &mut HeaderMap,
    ) {
        match way.route.identity {
            Identity::None => {}
            Identity::SignedToken => {
                headers.insert(TOKEN, self.token(asks, way, turn));
            }
            Identity::Headers => {
                headers.insert(CLIENT_CERT, self.certificate.clone());
                headers.insert(PERSON, self.person.clone());
                headers.insert(NAME, self.name.clone());
                headers.insert(SERIAL, self.serial.clone());
                if let Some(institution) = &self.institution {
                    headers.insert(INSTITUTION, institution.clone());
                }
                headers.insert(RIGHTS, self.rights(asks, turn));
            }
        }
    }

    fn rights(&self, asks: Asks<'_>, turn: u64) -> HeaderValue {
        let mut kept = self.rights.lock().unwrap_or_else(PoisonError::into_inner);
        match &*kept {
            Some((of, rights)) if *of == turn => rights.clone(),
            _ => {
                let rights = value(&rights(&held(asks)));
                *kept = Some((turn, rights.clone()));
                rights
            }
        }
    }

    fn token(&self, asks: Asks<'_>, way: &Arc<routes::Way>, turn: u64) -> HeaderValue {
        let mut kept = self.tokens.lock().unwrap_or_else(PoisonError::into_inner);
        kept.retain(|token| token.made.elapsed() < TOKEN_AGE && token.turn == turn);
        if let Some(token) = kept.iter().find(|token| Arc::ptr_eq(&token.way, way)) {
            return token.value.clone();
        }
        let value = sign(asks, way);
        let (way, made) = (Arc::clone(way), Instant::now());
        kept.push(Token { way, turn, made, value: value.clone() });
        value
    }
}

fn sign((visit, who): Asks<'_>, way: &routes::Way) -> HeaderValue {
    let claims = Claims {
        certificate: &who.certificate,
        audience: &way.route.prefix,
        rights: &rights(&held((visit, who))),
        now: visit.shared.clock.wall(),
        life: 2 * TOKEN_AGE,
    };
    value(&visit.shared.signer.token(&claims).unwrap_or_default())
}

fn held((visit, who): Asks<'_>) -> Vec<Held> {
    let shared = &visit.shared;
    shared.judge.rights_of(&who.certificate.person, shared.clock.wall())
}

/// Rights as a list (RFC 9651): `portal.read, ca.issue;institution="archive"`.
pub(crate) fn rights(held: &[Held]) -> String {
    let mut all = String::new();
    for one in held {
        let on = match &one.scope {
            Scope::Everywhere => String::new(),
            scope => {
                format!(";{}=\"{}\"", scope.kind(), utf8_percent_encode(scope.id(), ENCODED))
            }
        };
        for right in &one.rights {
            if all.len() + right.len() + on.len() + 2 > MOST_RIGHTS {
                return all;
            }
            let comma = if all.is_empty() { "" } else { ", " };
            all.extend([comma, right, &on]);
        }
    }
    all
}

fn encoded(text: &str) -> HeaderValue {
    value(&utf8_percent_encode(text, ENCODED).to_string())
}

/// A text of ours as a header; what cannot stand in one is left out as a whole.
fn value(text: &str) -> HeaderValue {
    HeaderValue::try_from(text).unwrap_or(HeaderValue::from_static(""))
}
