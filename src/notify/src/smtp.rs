//! The way to the relay (RFC 5321) and the letter as it goes there (RFC 5322).

mod talk;

use std::path::Path;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use lettre::Message;
use lettre::message::header::{ContentType, Header, HeaderName, HeaderValue};
use lettre::transport::smtp::client::{Certificate, CertificateStore, TlsParameters};
use lettre::transport::smtp::extension::ClientId;

use crate::{Address, Config, Error, Kept, Relay, Sender, Tls};

/// The relay.
pub(crate) struct Smtp {
    relay: Relay,
    way: Way,
    from: Sender,
    hello: ClientId,
    patience: Duration,
}

/// How the way to it is protected.
enum Way {
    Plain,
    StartTls(TlsParameters),
    Whole(TlsParameters),
}

/// What became of a try.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// The relay has the letter.
    Sent,
    /// It never will, for the address is none: with its words.
    Refused(String),
    /// It may later.
    NotNow(String),
    /// It cannot be spoken to, or takes nothing from us.
    Away(String),
}

impl std::fmt::Debug for Smtp {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Smtp").field("relay", &self.relay).finish_non_exhaustive()
    }
}

impl Smtp {
    pub(crate) fn new(config: &Config) -> Result<Self, Error> {
        let Config { relay, from, tls } = config.clone();
        let way = match &tls {
            Tls::None => Way::Plain,
            Tls::StartTls(roots) => Way::StartTls(parameters(&relay.host, roots)?),
            Tls::Whole(roots) => Way::Whole(parameters(&relay.host, roots)?),
        };
        let hello = ClientId::Domain(from.domain().to_owned());
        Ok(Self { relay, way, from, hello, patience: talk::PATIENCE })
    }

    /// Hands a letter over.
    pub(crate) async fn send(&self, letter: &Kept) -> Outcome {
        match message(&self.from, letter) {
            Ok(message) => self.hand_over(&message).await,
            Err(words) => Outcome::Refused(words),
        }
    }
}

/// With these authorities and no others.
fn parameters(host: &str, roots: &Path) -> Result<TlsParameters, Error> {
    let unusable = |source: Box<dyn std::error::Error + Send + Sync>| Error::Roots {
        path: roots.to_owned(),
        source,
    };
    let pem = std::fs::read(roots).map_err(|error| unusable(error.into()))?;
    let mut builder =
        TlsParameters::builder(host.to_owned()).certificate_store(CertificateStore::None);
    let text = String::from_utf8_lossy(&pem);
    let each = text.split_inclusive("-----END CERTIFICATE-----");
    let each: Vec<&str> =
        each.filter(|part| part.contains("-----BEGIN CERTIFICATE-----")).collect();
    if each.is_empty() {
        return Err(unusable("there is no certificate in it".into()));
    }
    for one in each {
        let one = Certificate::from_pem(one.as_bytes()).map_err(|error| unusable(error.into()))?;
        builder = builder.add_root_certificate(one);
    }
    builder.build_rustls().map_err(Error::Tls)
}

/// The letter as it was written, the same at each try.
fn message(from: &Sender, letter: &Kept) -> Result<Message, String> {
    let to: Address = letter.to.parse().map_err(|error: crate::BadAddress| error.to_string())?;
    let made = Duration::from_micros(u64::try_from(letter.made.0).unwrap_or(0));
    let date: SystemTime = UNIX_EPOCH + made;
    Message::builder()
        .from(from.0.clone())
        .to(to.mailbox())
        .subject(letter.subject.clone())
        .date(date)
        .message_id(Some(letter.message_id.clone()))
        .header(AutoSubmitted)
        .header(ContentType::TEXT_PLAIN)
        .body(letter.text.clone())
        .map_err(|error| error.to_string())
}

/// Nobody's machine answers to it with an absence notice (RFC 3834, section 5).
#[derive(Clone, Debug)]
struct AutoSubmitted;

impl Header for AutoSubmitted {
    fn name() -> HeaderName {
        HeaderName::new_from_ascii_str("Auto-Submitted")
    }

    fn parse(_: &str) -> Result<Self, Box<dyn std::error::Error + Send + Sync>> {
        Ok(Self)
    }

    fn display(&self) -> HeaderValue {
        HeaderValue::new(Self::name(), "auto-generated".to_owned())
    }
}
