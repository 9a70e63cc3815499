//! What an institution's key may ask for: names below its own suffixes, addresses in its own
//! networks.

use ipnet::IpNet;

use crate::Error;
use ets_ca::is_dns;

use crate::identifier::Identifier;

/// One entry of a key's list.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Allowed {
    /// This name and all below it.
    Suffix(String),
    Network(IpNet),
}

/// The list of a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Permit(Vec<Allowed>);

impl Permit {
    /// Reads suffixes (`akimat.example`), addresses and networks (`10.1.0.0/24`).
    ///
    /// # Errors
    /// [`Error::Name`], [`Error::NoNames`].
    pub(crate) fn read<'a>(names: impl IntoIterator<Item = &'a str>) -> Result<Self, Error> {
        let all: Result<Vec<_>, _> = names.into_iter().map(allowed).collect();
        let all = all?;
        if all.is_empty() { Err(Error::NoNames) } else { Ok(Self(all)) }
    }

    /// As it is kept.
    pub(crate) fn text(&self) -> String {
        let one = |allowed: &Allowed| match allowed {
            Allowed::Suffix(name) => name.clone(),
            Allowed::Network(network) => network.to_string(),
        };
        self.0.iter().map(one).collect::<Vec<_>>().join(" ")
    }

    /// Whether this may be asked for.
    pub(crate) fn allows(&self, wanted: &Identifier) -> bool {
        self.0.iter().any(|allowed| match (allowed, wanted.proved()) {
            (Allowed::Suffix(suffix), Identifier::Dns(name)) => name
                .strip_suffix(suffix.as_str())
                .is_some_and(|front| front.is_empty() || front.ends_with('.')),
            (Allowed::Network(network), Identifier::Ip(address)) => network.contains(&address),
            _ => false,
        })
    }
}

fn allowed(name: &str) -> Result<Allowed, Error> {
    let name = name.trim().to_ascii_lowercase();
    if let Ok(network) = name.parse::<IpNet>() {
        return Ok(Allowed::Network(network.trunc()));
    }
    if let Ok(address) = name.parse::<std::net::IpAddr>() {
        return Ok(Allowed::Network(address.into()));
    }
    let plain = name.trim_start_matches("*.").trim_start_matches('.');
    if is_dns(plain) {
        return Ok(Allowed::Suffix(plain.to_owned()));
    }
    let why = "write mail.example, 10.1.0.10 or 10.1.0.0/24";
    Err(Error::Name { name, why })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// covers: T1.2
    #[test]
    fn a_key_allows_what_is_below_its_names_and_in_its_networks() {
        let permit = Permit::read(["Akimat.example", "10.1.0.7/24", "fd00::1"]).unwrap();
        assert_eq!(permit.text(), "akimat.example 10.1.0.0/24 fd00::1/128");
        let dns = |name: &str| permit.allows(&Identifier::Dns(name.to_owned()));
        assert!(dns("akimat.example") && dns("a.b.akimat.example") && dns("*.akimat.example"));
        assert!(!dns("example") && !dns("notakimat.example") && !dns("*.example"));
        assert!(!dns("akimat.example.org"));
        let ip = |address: &str| permit.allows(&Identifier::Ip(address.parse().unwrap()));
        assert!(ip("10.1.0.9") && ip("fd00::1") && !ip("10.1.1.9") && !ip("fd00::2"));
        assert!(matches!(Permit::read([]), Err(Error::NoNames)));
        for bad in ["", "a b", "10.1.0.0/40", "почта"] {
            assert!(matches!(Permit::read([bad]), Err(Error::Name { .. })), "{bad}");
        }
    }
}
