//! What an order asks for: DNS names (RFC 8555, section 9.7.7) and addresses (RFC 8738).

use ets_ca::is_dns;
use std::net::IpAddr;

use serde::{Deserialize, Serialize};

use crate::problem::{Kind, Problem};

/// A DNS name in small letters, perhaps with `*.` in front, or an address.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(tag = "type", content = "value", rename_all = "lowercase")]
pub(crate) enum Identifier {
    Dns(String),
    Ip(IpAddr),
}

/// As it is asked for.
#[derive(Debug, Deserialize)]
pub(crate) struct Asked {
    #[serde(rename = "type")]
    kind: String,
    value: String,
}

impl Identifier {
    /// # Errors
    /// unsupportedIdentifier, or rejectedIdentifier where it is no name or address.
    pub(crate) fn read(asked: &Asked) -> Result<Self, Problem> {
        let rejected = |why| {
            let detail = format!("\"{}\": {why}", shown(&asked.value));
            Problem::new(Kind::RejectedIdentifier, detail)
        };
        match asked.kind.as_str() {
            "dns" => {
                let name = asked.value.to_ascii_lowercase();
                let plain = name.strip_prefix("*.").unwrap_or(&name);
                if plain.parse::<IpAddr>().is_ok() {
                    return Err(rejected("it is an address: ask for it as type \"ip\""));
                }
                if !is_dns(plain) {
                    return Err(rejected("write it in Latin letters, digits, hyphens and dots"));
                }
                Ok(Self::Dns(name))
            }
            "ip" => {
                let address: Option<IpAddr> = asked.value.parse().ok();
                address
                    .filter(|address| address.to_string() == asked.value)
                    .map(Self::Ip)
                    .ok_or_else(|| rejected("it is not an address in its usual form"))
            }
            other => {
                let detail = format!("type \"{}\": use \"dns\" or \"ip\"", shown(other));
                Err(Problem::new(Kind::UnsupportedIdentifier, detail))
            }
        }
    }

    /// The name or the address.
    pub(crate) fn value(&self) -> String {
        match self {
            Self::Dns(name) => name.clone(),
            Self::Ip(address) => address.to_string(),
        }
    }

    /// What is proved: of `*.a` it is `a`.
    pub(crate) fn proved(&self) -> Self {
        match self {
            Self::Dns(name) => Self::Dns(name.strip_prefix("*.").unwrap_or(name).to_owned()),
            Self::Ip(address) => Self::Ip(*address),
        }
    }

    pub(crate) fn is_wildcard(&self) -> bool {
        matches!(self, Self::Dns(name) if name.starts_with("*."))
    }
}

/// A stranger's text, as long as it may be in an answer or a log.
pub(crate) fn shown(text: &str) -> String {
    text.chars().filter(|char| !char.is_control()).take(80).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(kind: &str, value: &str) -> Result<Identifier, Kind> {
        let asked = Asked { kind: kind.to_owned(), value: value.to_owned() };
        Identifier::read(&asked).map_err(|problem| problem.kind)
    }

    /// covers: T1.2
    #[test]
    fn an_identifier_is_a_name_or_an_address_and_nothing_else() {
        let name = Identifier::Dns("*.mail.example".to_owned());
        assert_eq!(read("dns", "*.Mail.Example"), Ok(name.clone()));
        assert_eq!(name.proved().value(), "mail.example");
        assert!(read("ip", "10.1.0.10").is_ok() && read("ip", "fd00::1").is_ok());
        for bad in ["", "a..b", "-a.b", "a_b", "*.*.b", "a.*", "почта.kz", "a.", "10.1.0.10"] {
            assert_eq!(read("dns", bad), Err(Kind::RejectedIdentifier), "{bad}");
        }
        for bad in ["", "10.1", "010.1.0.10", "FD00::1", "fd00:0::1", "mail"] {
            assert_eq!(read("ip", bad), Err(Kind::RejectedIdentifier), "{bad}");
        }
        assert_eq!(read("email", "a@b"), Err(Kind::UnsupportedIdentifier));
    }
}
