//! `[notify]`: the relay of letters, and when owners of certificates are written to.

use std::path::PathBuf;
use std::time::Duration;

use ets_config::{Section, Url};
use ets_notify::{Config, Relay, Sender, Tls};

const DAY: Duration = Duration::from_secs(86_400);
/// Nobody is told earlier.
const LONGEST: Duration = Duration::from_secs(365 * 86_400);

/// `[notify]`
#[derive(Clone, Debug)]
pub(crate) struct Notify {
    /// How letters go out; without it notices are shown on pages only.
    pub(crate) mail: Option<Config>,
    /// So many days before the end of a certificate its owner is told.
    pub(crate) days: Vec<u32>,
    /// Where letters lead.
    pub(crate) url: String,
}

/// How the way to the relay is protected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Way {
    None,
    StartTls,
    Whole,
}

/// Takes the section out of the file.
pub(super) fn declare(s: &mut Section<'_>) -> Notify {
    let relay: Option<String> = s.optional(
        "relay",
        "The mail server that passes letters on; without it notices are shown on pages only",
        "mail.ets.localhost:25".to_owned(),
    );
    let from: Option<String> = s.optional(
        "from",
        "In whose name letters go out, with `relay`",
        "ETS Hub <hub@ets.localhost>".to_owned(),
    );
    let tls = s.one_of(
        "tls",
        "How the way to the relay is protected; nothing is sent if it cannot be",
        &[("none", Way::None), ("starttls", Way::StartTls), ("tls", Way::Whole)],
    );
    let roots: Option<PathBuf> = s.optional(
        "roots",
        "The authorities of the relay's certificate in PEM, with `tls`",
        "/etc/ets-hub/mail-roots.pem".into(),
    );
    let url = s.value(
        "url",
        "The address of the closed part to which letters lead",
        Url("https://portal.ets.localhost:8444".to_owned()),
    );
    let days = s.value(
        "expiry",
        "So long before the end of a certificate its owner is told, once each time",
        vec![30 * DAY, 14 * DAY, 3 * DAY],
    );
    let tls = protection(s, tls, roots);
    Notify { mail: mail(s, (relay, from), tls), days: whole(s, &days), url: url.0 }
}

fn protection(s: &mut Section<'_>, way: Way, roots: Option<PathBuf>) -> Tls {
    match (way, roots) {
        (Way::StartTls, Some(roots)) => Tls::StartTls(roots),
        (Way::Whole, Some(roots)) => Tls::Whole(roots),
        (Way::None, None) => Tls::None,
        (Way::None, Some(_)) => {
            let what = "roots is given, but the way to the relay is not protected".to_owned();
            s.contradiction("roots", what, "add tls = \"starttls\", or remove roots".to_owned());
            Tls::None
        }
        (_, None) => {
            let what = "tls is given and lacks the key roots".to_owned();
            s.contradiction("tls", what, "add roots = \"/…/roots.pem\"".to_owned());
            Tls::None
        }
    }
}

fn mail(
    s: &mut Section<'_>,
    (relay, from): (Option<String>, Option<String>),
    tls: Tls,
) -> Option<Config> {
    let (relay, from) = match (relay, from) {
        (Some(relay), Some(from)) => (relay, from),
        (Some(_), None) => {
            let what = "relay is given and lacks the key from".to_owned();
            s.contradiction("relay", what, "add from = \"name@domain\"".to_owned());
            return None;
        }
        (None, from) => {
            let alone = [("from", from.is_some()), ("tls", tls != Tls::None)];
            for (key, _) in alone.into_iter().filter(|(_, is_given)| *is_given) {
                let what = format!("{key} is given without relay");
                s.contradiction(key, what, format!("add relay, or remove {key}"));
            }
            return None;
        }
    };
    let server = relay.parse::<Relay>();
    if server.is_err() {
        let what = format!("{relay:?} is no server with a port");
        s.contradiction("relay", what, "write \"mail.example:25\"".to_owned());
    }
    let sender = from.parse::<Sender>();
    if let Err(error) = &sender {
        s.contradiction("from", error.to_string(), "write \"Hub <hub@example>\"".to_owned());
    }
    Some(Config { relay: server.ok()?, from: sender.ok()?, tls })
}

/// Whole days, each once.
fn whole(s: &mut Section<'_>, given: &[Duration]) -> Vec<u32> {
    let mut days = Vec::new();
    for time in given {
        let is_whole = time.as_secs().is_multiple_of(DAY.as_secs()) && time.subsec_nanos() == 0;
        if !is_whole || !(DAY..=LONGEST).contains(time) {
            let what = "expiry holds a time that is not 1 to 365 whole days".to_owned();
            s.contradiction("expiry", what, "write [\"30d\", \"14d\", \"3d\"]".to_owned());
            return days;
        }
        days.extend(u32::try_from(time.as_secs() / DAY.as_secs()));
    }
    days.sort_unstable();
    days.dedup();
    days
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(keys: &str) -> Result<Notify, String> {
        let text = format!("[notify]\n{keys}");
        let decoded = ets_config::decode("hub.toml", &text, |file| {
            file.section("notify", "Letters.", declare)
        });
        decoded.map_err(|faults| faults.to_string())
    }

    /// covers: T1.4
    #[test]
    fn without_a_relay_there_is_no_mail_and_with_one_all_of_it_is_read() {
        let none = read("").unwrap();
        assert_eq!((none.mail, none.days), (None, vec![3, 14, 30]));
        let whole = "relay = \"mail:25\"\nfrom = \"Hub <hub@ets.kz>\"\ntls = \"starttls\"\n\
            roots = \"/r.pem\"\nexpiry = [\"7d\", \"60d\", \"7d\"]\n";
        let whole = read(whole).unwrap();
        let mail = whole.mail.unwrap();
        assert_eq!((mail.relay.host.as_str(), mail.relay.port), ("mail", 25));
        assert_eq!(mail.tls, Tls::StartTls("/r.pem".into()));
        assert_eq!(whole.days, [7, 60]);
        let plain = read("relay = \"mail:25\"\nfrom = \"hub@ets.kz\"\n").unwrap();
        assert_eq!(plain.mail.unwrap().tls, Tls::None);
        let from_the_start =
            read("relay = \"mail:465\"\nfrom = \"hub@ets.kz\"\ntls = \"tls\"\nroots = \"/r\"\n");
        assert_eq!(from_the_start.unwrap().mail.unwrap().tls, Tls::Whole("/r".into()));
    }

    /// covers: T1.4, S13
    #[test]
    fn each_fault_of_the_section_has_its_place_and_its_remedy() {
        for (broken, expected) in [
            (
                "relay = \"mail:25\"\n",
                "hub.toml:2:9: relay is given and lacks the key from; add from = \"name@domain\"",
            ),
            (
                "from = \"hub@ets.kz\"\ntls = \"tls\"\nroots = \"/r\"\n",
                "hub.toml:2:8: from is given without relay; add relay, or remove from\n\
                 hub.toml:3:7: tls is given without relay; add relay, or remove tls",
            ),
            (
                "relay = \"mail\"\nfrom = \"hub\"\n",
                "hub.toml:2:9: \"mail\" is no server with a port; write \"mail.example:25\"\n\
                 hub.toml:3:8: \"hub\" is no e-mail address: write name@domain in Latin letters; \
                 write \"Hub <hub@example>\"",
            ),
            (
                "relay = \"mail:25\"\nfrom = \"hub@ets.kz\"\ntls = \"starttls\"\n",
                "hub.toml:4:7: tls is given and lacks the key roots; add roots = \"/…/roots.pem\"",
            ),
            (
                "relay = \"mail:25\"\nfrom = \"hub@ets.kz\"\nroots = \"/r\"\n",
                "hub.toml:4:9: roots is given, but the way to the relay is not protected; \
                 add tls = \"starttls\", or remove roots",
            ),
            ("tls = \"ssl\"\n", "hub.toml:2:7: tls = \"ssl\" is not known; did you mean tls?"),
            (
                "expiry = [\"36h\"]\n",
                "hub.toml:2:10: expiry holds a time that is not 1 to 365 whole days; \
                 write [\"30d\", \"14d\", \"3d\"]",
            ),
            (
                "expiry = [\"400d\"]\n",
                "hub.toml:2:10: expiry holds a time that is not 1 to 365 whole days; \
                 write [\"30d\", \"14d\", \"3d\"]",
            ),
        ] {
            assert_eq!(read(broken).unwrap_err(), expected, "{broken}");
        }
    }
}
