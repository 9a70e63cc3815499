//! `[pki]`: the certification authority, where its key is, and what it says to anybody.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use ets_ca::Token;
use ets_config::{Section, Url};

/// The name and the usual port of the socket of revocation lists and OCSP.
pub(crate) const STATUS: &str = "pki";
const PORT: u16 = 8480;
/// PKCS #11 pads labels of tokens to so many octets.
const LABEL: usize = 32;

/// `[pki]`
#[derive(Clone, Debug)]
pub(crate) struct Pki {
    /// The address that certificates name for their status.
    pub(crate) url: String,
    /// The port on which their status is answered.
    pub(crate) port: u16,
    /// How the officers' desk works.
    pub(crate) rules: ets_ca::life::Rules,
    /// Where the issuing key is; in an encrypted file unless given.
    pub(crate) token: Option<Token>,
}

/// Takes the section out of the file; where it is served stands beside.
pub(super) fn declare(s: &mut Section<'_>) -> (Pki, SocketAddr) {
    let url = s.value(
        "url",
        "Where revocation lists lie and OCSP answers; stands in every certificate from then on",
        Url("http://pki.ets.localhost:8480".to_owned()),
    );
    let listen = s.value(
        "listen",
        "Where they are answered, in plain HTTP: asking needs no certificate",
        SocketAddr::from(([0, 0, 0, 0], PORT)),
    );
    let four_eyes = s.value(
        "four_eyes",
        "Whether a second officer must confirm each certificate that is ordered",
        false,
    );
    let day = Duration::from_secs(86_400);
    let renewal = s.value_in(
        "renewal",
        "How long before its end an owner may renew a certificate with its own key",
        ets_ca::life::Rules::default().renewal,
        day..=day * 365,
    );
    let rules = ets_ca::life::Rules { four_eyes, renewal };
    (Pki { url: url.0, port: listen.port(), rules, token: token(s) }, listen)
}

fn token(s: &mut Section<'_>) -> Option<Token> {
    let module: Option<PathBuf> = s.optional(
        "module",
        "The PKCS#11 module of the token that has the issuing key; without it the key is in an encrypted file",
        "/usr/lib/softhsm/libsofthsm2.so".into(),
    );
    let token: Option<String> =
        s.optional("token", "The token's label, with `module`", "ets-hub".to_owned());
    let key: Option<String> = s.optional(
        "key",
        "The label of its key, with `module`; made at the first start where there is none",
        "issuing".to_owned(),
    );
    let pin: Option<PathBuf> = s.optional(
        "pin",
        "A file with the PIN of the token's user, with `module`",
        "/run/credentials/ets-hub.service/pin".into(),
    );
    let given = [("token", token.is_some()), ("key", key.is_some()), ("pin", pin.is_some())];
    for (name, is_given) in given {
        match (module.is_some(), is_given) {
            (true, false) => s.contradiction(
                "module",
                format!("module is given and lacks the key {name}"),
                format!("add {name}, or remove module"),
            ),
            (false, true) => s.contradiction(
                name,
                format!("{name} is given without module"),
                format!("add module, or remove {name}"),
            ),
            _ => {}
        }
    }
    if token.as_ref().is_some_and(|token| token.len() > LABEL) {
        let what = "the label of a token has 32 octets at most".to_owned();
        s.contradiction("token", what, "write it as the token has it".to_owned());
    }
    Some(Token { module: module?, token: token?, key: key?, pin: pin? })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(keys: &str) -> Result<Option<Token>, String> {
        let text = format!("[pki]\n{keys}");
        let decoded = ets_config::decode("hub.toml", &text, |file| {
            file.section("pki", "The authority.", declare)
        });
        decoded.map(|(pki, _)| pki.token).map_err(|faults| faults.to_string())
    }

    /// covers: T1.1, S13
    #[test]
    fn a_token_is_named_whole_or_not_at_all_and_each_fault_has_its_place() {
        assert_eq!(read(""), Ok(None));
        let whole = "module = \"/m.so\"\ntoken = \"t\"\nkey = \"k\"\npin = \"/p\"\n";
        let token = read(whole).unwrap().unwrap();
        assert_eq!((token.token.as_str(), token.key.as_str()), ("t", "k"));
        assert_eq!((token.module, token.pin), ("/m.so".into(), "/p".into()));
        for (broken, expected) in [
            (
                "module = \"/m.so\"\nkey = \"k\"\n",
                "hub.toml:2:10: module is given and lacks the key token; add token, or remove module\n\
                 hub.toml:2:10: module is given and lacks the key pin; add pin, or remove module",
            ),
            (
                "token = \"t\"\nkey = \"k\"\npin = \"/p\"\n",
                "hub.toml:2:9: token is given without module; add module, or remove token\n\
                 hub.toml:3:7: key is given without module; add module, or remove key\n\
                 hub.toml:4:7: pin is given without module; add module, or remove pin",
            ),
            (
                "module = \"/m.so\"\ntoken = \"a token whose label is far too long\"\n\
                 key = \"k\"\npin = \"/p\"\n",
                "hub.toml:3:9: the label of a token has 32 octets at most; write it as the token has it",
            ),
        ] {
            assert_eq!(read(broken).unwrap_err(), expected, "{broken}");
        }
    }
}
