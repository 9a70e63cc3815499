//! The way to the relay (RFC 5321) and the letter as it goes there (RFC 5322).

use std::path::Path;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use lettre::message::header::{ContentType, Header, HeaderName, HeaderValue};
use lettre::transport::smtp::AsyncSmtpTransport;
use lettre::transport::smtp::client::{
    Certificate, CertificateStore, Tls as Wanted, TlsParameters,
};
use lettre::transport::smtp::extension::ClientId;
use lettre::{AsyncTransport, Message, Tokio1Executor};

use crate::{Address, Config, Error, Kept, Sender, Tls};

/// How long the relay may take for one word.
const PATIENCE: Duration = Duration::from_secs(60);

/// The relay.
#[derive(Debug)]
pub(crate) struct Smtp {
    transport: AsyncSmtpTransport<Tokio1Executor>,
    from: Sender,
}

/// What became of a try.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// The relay has the letter.
    Sent,
    /// It never will: with its words.
    Refused(String),
    /// It may later.
    NotNow(String),
    /// It cannot be spoken to.
    Away(String),
}

impl Smtp {
    pub(crate) fn new(config: &Config) -> Result<Self, Error> {
        let Config { relay, from, tls } = config;
        let tls = match tls {
            Tls::None => Wanted::None,
            Tls::StartTls(roots) => Wanted::Required(parameters(&relay.host, roots)?),
            Tls::Whole(roots) => Wanted::Wrapper(parameters(&relay.host, roots)?),
        };
        let transport = AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous(&relay.host)
            .port(relay.port)
            .tls(tls)
            .hello_name(ClientId::Domain(from.domain().to_owned()))
            .timeout(Some(PATIENCE))
            .build();
        Ok(Self { transport, from: from.clone() })
    }

    /// Hands a letter over.
    pub(crate) async fn send(&self, letter: &Kept) -> Outcome {
        let message = match message(&self.from, letter) {
            Ok(message) => message,
            Err(words) => return Outcome::Refused(words),
        };
        match self.transport.send(message).await {
            Ok(_) => Outcome::Sent,
            Err(error) if error.is_permanent() => Outcome::Refused(told(&error)),
            Err(error) if error.is_transient() => Outcome::NotNow(told(&error)),
            Err(error) => Outcome::Away(told(&error)),
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

/// An error with its causes, in one line.
fn told(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(one) = cause {
        let one_text = one.to_string();
        if !text.contains(&one_text) {
            text.push_str(": ");
            text.push_str(&one_text);
        }
        cause = one.source();
    }
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}
