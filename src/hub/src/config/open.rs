//! `[open]`: what the outside address answers.

use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;

use ets_config::{Section, Url};
use ets_front::Acme;

/// What the names of its sockets begin with; the number of the address follows.
pub(crate) const HTTP: &str = "open-http";
/// See [`HTTP`].
pub(crate) const HTTPS: &str = "open-https";
/// In a lab: the same as [`HTTPS`], for this machine.
pub(crate) const LAB: &str = "open-lab";

/// `[open]`
#[derive(Clone, Debug, Default)]
pub(crate) struct Open {
    /// Where plain HTTP leads to HTTPS.
    pub(crate) http: Vec<SocketAddr>,
    /// Where HTTPS is answered.
    pub(crate) https: Vec<SocketAddr>,
    /// Under which names; the first is the one that port 80 leads to.
    pub(crate) names: Vec<String>,
    /// Whether revocation lists and OCSP are answered there too.
    pub(crate) status: bool,
    /// The public authority; its folder is the composition's matter.
    pub(crate) acme: Option<Acme>,
}

pub(super) fn declare(s: &mut Section<'_>) -> Open {
    let mut places = |key, doc, example: &str| {
        let given: Vec<String> = s.optional(key, doc, vec![example.to_owned()]).unwrap_or_default();
        given.iter().filter_map(|text| place(s, key, text)).collect()
    };
    let http = places(
        "http",
        "The outside addresses on which plain HTTP leads to HTTPS, with their port",
        "203.0.113.1:80",
    );
    let https =
        places("https", "The outside addresses on which HTTPS is answered", "203.0.113.1:443");
    let names: Vec<String> = s
        .optional(
            "names",
            "The names of the outside address; port 80 leads to the first",
            vec!["hub.example.kz".to_owned()],
        )
        .unwrap_or_default();
    let acme = acme(s, &names);
    Open {
        http,
        https,
        names,
        acme,
        status: s.value(
            "status",
            "Whether revocation lists and OCSP are answered to those outside too, in plain HTTP",
            false,
        ),
    }
}

/// The authority that gives the open side its certificate; the hub's own does without.
fn acme(s: &mut Section<'_>, names: &[String]) -> Option<Acme> {
    let directory: Option<Url> = s.optional(
        "acme_directory",
        "The directory of a public authority (RFC 8555); without it the hub's own certificate is shown",
        Url("https://acme-v02.api.letsencrypt.org/directory".to_owned()),
    );
    let contact: Option<Vec<String>> = s.optional(
        "acme_contact",
        "Where that authority tells what concerns the account",
        vec!["mailto:hub@example.kz".to_owned()],
    );
    let accept_terms = s.value("acme_accept_terms", "Its terms of service are accepted", false);
    let roots: PathBuf = s.value(
        "acme_roots",
        "The authorities by which its server is verified, in PEM",
        "/etc/ssl/certs/ca-certificates.crt".into(),
    );
    let directory = directory?;
    if names.is_empty() || !accept_terms {
        let what = "acme_directory needs names, and acme_accept_terms = true".to_owned();
        s.contradiction("acme_directory", what, "add them, or remove acme_directory".to_owned());
        return None;
    }
    Some(Acme {
        directory: directory.0,
        contact: contact.unwrap_or_default(),
        accept_terms,
        binding: None,
        roots,
        names: names.to_vec(),
        dir: PathBuf::new(),
    })
}

/// An address of the hub alone: every address would be those inside too.
fn place(s: &mut Section<'_>, key: &'static str, text: &str) -> Option<SocketAddr> {
    let read: Option<SocketAddr> = text.parse().ok();
    let fits = read.filter(|at| !at.ip().is_unspecified() && at.port() != 0);
    if fits.is_none() {
        let what = format!("{text:?} is no single address with a port");
        s.contradiction(key, what, "write \"203.0.113.1:443\"".to_owned());
    }
    fits
}

impl Open {
    /// The sockets that `netd` holds for it. A port that is held at every address already is not
    /// held again: whom it came to tells requests apart.
    pub(super) fn held(&self, everywhere: Option<u16>) -> Vec<(String, SocketAddr)> {
        let own = self.http.iter().filter(|at| Some(at.port()) != everywhere);
        let named = |name: &str, (no, at): (usize, &SocketAddr)| (format!("{name}-{no}"), *at);
        let http = own.enumerate().map(|one| named(HTTP, one));
        http.chain(self.https.iter().enumerate().map(|one| named(HTTPS, one))).collect()
    }

    /// What the packet filter lets in from outside.
    pub(super) fn published(&self) -> Vec<SocketAddr> {
        self.http.iter().chain(&self.https).copied().collect()
    }

    /// The addresses at which plain HTTP leads to HTTPS on a port that is held everywhere.
    pub(crate) fn addresses(&self) -> Vec<IpAddr> {
        self.http.iter().map(SocketAddr::ip).collect()
    }

    /// What the hub's own certificate is for besides its names inside.
    pub(crate) fn own_names(&self) -> impl Iterator<Item = String> + '_ {
        let addresses = self.https.iter().map(|at| at.ip().to_string());
        self.names.iter().cloned().chain(addresses)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// covers: N6.2, S13
    #[test]
    fn only_single_addresses_are_published_and_a_shared_port_is_held_once() {
        let read = |text: &str| {
            ets_config::decode("hub.toml", text, |file| file.section("open", "Open.", declare))
        };
        let text = "[open]\nhttp = [\"203.0.113.1:80\"]\nhttps = [\"203.0.113.1:443\"]\n";
        let open = read(text).unwrap();
        let names = |held: Vec<(String, SocketAddr)>| {
            held.into_iter().map(|(name, _)| name).collect::<Vec<_>>()
        };
        assert_eq!(names(open.held(Some(80))), ["open-https-0"]);
        assert_eq!(names(open.held(None)), ["open-http-0", "open-https-0"]);
        assert_eq!(open.published().len(), 2);
        for bad in ["0.0.0.0:443", "[::]:443", "hub:443", "203.0.113.1"] {
            let faults = read(&format!("[open]\nhttps = [\"{bad}\"]")).unwrap_err().to_string();
            assert!(
                faults.contains("hub.toml:2:") && faults.contains("203.0.113.1:443"),
                "{faults}"
            );
        }
    }
}
