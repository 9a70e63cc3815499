//! Addresses of people and of the hub itself.

use std::fmt;
use std::str::FromStr;

use lettre::message::Mailbox;

/// An address as the relay takes it: `name@domain` (RFC 5321, section 4.1.2), in ASCII, for not
/// every server on the way takes others (RFC 6531).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Address(lettre::Address);

/// It is no address.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("\"{0}\" is no e-mail address: write name@domain in Latin letters")]
pub struct BadAddress(pub String);

impl FromStr for Address {
    type Err = BadAddress;

    fn from_str(text: &str) -> Result<Self, BadAddress> {
        let bad = || BadAddress(text.to_owned());
        let address: lettre::Address = text.trim().parse().map_err(|_| bad())?;
        if is_ascii(&address) { Ok(Self(address)) } else { Err(bad()) }
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl Address {
    pub(crate) fn mailbox(&self) -> Mailbox {
        Mailbox::new(None, self.0.clone())
    }
}

/// In whose name letters go out: an address, with a name before it or without.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sender(pub(crate) Mailbox);

impl FromStr for Sender {
    type Err = BadAddress;

    fn from_str(text: &str) -> Result<Self, BadAddress> {
        let bad = || BadAddress(text.to_owned());
        let mailbox: Mailbox = text.trim().parse().map_err(|_| bad())?;
        if is_ascii(&mailbox.email) { Ok(Self(mailbox)) } else { Err(bad()) }
    }
}

impl Sender {
    /// The domain, under which the hub's letters have their numbers.
    pub(crate) fn domain(&self) -> &str {
        self.0.email.domain()
    }
}

fn is_ascii(address: &lettre::Address) -> bool {
    address.user().is_ascii() && address.domain().is_ascii()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// covers: T1.4
    #[test]
    fn an_address_is_one_line_of_ascii_with_a_domain() {
        for good in ["a@b.kz", "  a.b+c@mail.ets.kz ", "a@b"] {
            let address: Address = good.parse().unwrap();
            assert_eq!(address.to_string(), good.trim());
        }
        let bad =
            ["", "a", "@b.kz", "a@", "a b@c.kz", "a@b.kz\r\nBcc: c@d.kz", "Имя@b.kz", "a@b,c@d"];
        for bad in bad {
            assert!(bad.parse::<Address>().is_err(), "{bad}");
        }
        assert_eq!("Узел <hub@ets.kz>".parse::<Sender>().unwrap().domain(), "ets.kz");
        assert!("hub".parse::<Sender>().is_err() && "Hub <узел@ets.kz>".parse::<Sender>().is_err());
    }
}
