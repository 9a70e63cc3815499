//! What the room is told: through which relay letters go, and in whose name.

use std::path::PathBuf;
use std::str::FromStr;

use crate::Sender;

/// The section `[notify]`. Without it there is no mail.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Config {
    /// The server that takes the letters and passes them on.
    pub relay: Relay,
    /// In whose name they go.
    pub from: Sender,
    /// How the way there is protected.
    pub tls: Tls,
}

/// Where a server answers: a name or an address, and a port.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Relay {
    /// The name, or the address.
    pub host: String,
    /// The port.
    pub port: u16,
}

impl FromStr for Relay {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let (host, port) = text.rsplit_once(':').ok_or(())?;
        let host = host.trim_start_matches('[').trim_end_matches(']');
        let is_name = |byte: u8| byte.is_ascii_alphanumeric() || b".:-".contains(&byte);
        let port: u16 = port.parse().map_err(|_| ())?;
        if host.is_empty() || !host.bytes().all(is_name) || port == 0 {
            return Err(());
        }
        Ok(Self { host: host.to_owned(), port })
    }
}

/// How the way to the relay is protected. Certificates of public authorities say nothing about a
/// relay of our own, so the authority is named.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Tls {
    /// Not at all: for a relay on this machine or in the hub's own network.
    #[default]
    None,
    /// STARTTLS (RFC 3207), and nothing is sent without it; with the authorities of the relay's
    /// certificate in PEM.
    StartTls(PathBuf),
    /// From the first octet on (RFC 8314); with the same.
    Whole(PathBuf),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_relay_is_a_name_and_a_port() {
        let relay = |host: &str, port| Ok(Relay { host: host.to_owned(), port });
        assert_eq!("mail.ets.kz:25".parse(), relay("mail.ets.kz", 25));
        assert_eq!("[::1]:2525".parse(), relay("::1", 2525));
        for bad in ["mail", "mail:", ":25", "mail:0", "mail:99999", "a b:25", "smtp://mail:25"] {
            assert_eq!(bad.parse::<Relay>(), Err(()), "{bad}");
        }
    }
}
