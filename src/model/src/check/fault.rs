//! What a check must keep to, each rule with a sentence that says what to do.

use crate::{Check, CheckKind, Service};

/// Why a check cannot be taken.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CheckFault {
    /// A line begins with something else than a kind and its port.
    #[error(
        "{0:?} is no check: begin with tcp, http or dns, with a port where it is not the service's first: http/8080"
    )]
    Kind(String),
    /// A word in a line that is not understood.
    #[error(
        "{0:?} is not understood: use /path, status=, text=, name=, every=, timeout=, fall=, rise="
    )]
    Word(String),
    /// A number that is none.
    #[error("{0:?} must be a whole number")]
    Number(String),
    /// Status codes that are none.
    #[error("{0:?} are no status codes: write 200 or 200-399")]
    Status(String),
    /// Asked too often or too seldom.
    #[error("every={0}: ask every 1 to 3600 seconds")]
    Every(u32),
    /// May take too long, or nothing.
    #[error("timeout={0}: give it 1 to 30 seconds, and not more than lie between two checks")]
    Timeout(u32),
    /// Failures or answers in a row.
    #[error("fall={fall} rise={rise}: both are 1 to 20")]
    InARow {
        /// Failures.
        fall: u32,
        /// Answers.
        rise: u32,
    },
    /// A path that is none.
    #[error("{0:?} is no path: begin with /, without spaces, at most 200 letters")]
    Path(String),
    /// A text that is too long or holds what cannot be seen.
    #[error("the text that is looked for has more than 200 letters or holds a control character")]
    Text,
    /// A name that DNS cannot ask for.
    #[error("{0:?} is no name to ask for: write it like mail.example.kz")]
    Name(String),
    /// A part that this kind has no use for.
    #[error("a check {kind} has no {part}: leave it out")]
    NotOfKind {
        /// The kind.
        kind: CheckKind,
        /// The part, as it is written.
        part: &'static str,
    },
    /// The service has no port that could be asked.
    #[error(
        "a check {0} does not know which port to ask: the service has none of its protocol; write \
         one, as in {0}/8080"
    )]
    NoPort(CheckKind),
}

impl std::fmt::Display for CheckKind {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}

pub(super) fn faults(check: &Check, service: &Service) -> Vec<CheckFault> {
    let mut faults = Vec::new();
    if !Check::EVERY.contains(&check.every_s) {
        faults.push(CheckFault::Every(check.every_s));
    }
    if !Check::TIMEOUT.contains(&check.timeout_s) || check.timeout_s > check.every_s {
        faults.push(CheckFault::Timeout(check.timeout_s));
    }
    if ![check.fall, check.rise].iter().all(|count| Check::IN_A_ROW.contains(count)) {
        faults.push(CheckFault::InARow { fall: check.fall, rise: check.rise });
    }
    if check.port_of(service).is_none_or(|port| port == 0) {
        faults.push(CheckFault::NoPort(check.kind));
    }
    parts(check, &mut faults);
    faults
}

fn parts(check: &Check, faults: &mut Vec<CheckFault>) {
    let kind = check.kind;
    let of_http = [
        ("path", !check.path.is_empty()),
        ("status", check.status != Default::default()),
        ("text", !check.text.is_empty()),
    ];
    if kind != CheckKind::Http {
        let foreign = of_http.into_iter().filter(|(_, there)| *there);
        faults.extend(foreign.map(|(part, _)| CheckFault::NotOfKind { kind, part }));
    } else if !(check.path.is_empty() || is_path(&check.path)) {
        faults.push(CheckFault::Path(check.path.clone()));
    }
    if check.text.chars().count() > Check::LONGEST || check.text.chars().any(char::is_control) {
        faults.push(CheckFault::Text);
    }
    if kind == CheckKind::Dns && !is_name(&check.name) {
        faults.push(CheckFault::Name(check.name.clone()));
    } else if kind != CheckKind::Dns && !check.name.is_empty() {
        faults.push(CheckFault::NotOfKind { kind, part: "name" });
    }
}

/// A path and its query as a request line can have it (RFC 9112, section 3.2.1).
fn is_path(path: &str) -> bool {
    let is_seen = |byte: u8| byte.is_ascii_graphic() && !b"\"#<>\\^`{|}".contains(&byte);
    path.starts_with('/') && path.len() <= Check::LONGEST && path.bytes().all(is_seen)
}

/// A host name (RFC 1123, section 2.1), with or without the dot at its end.
fn is_name(name: &str) -> bool {
    let is_label = |label: &str| {
        let is_letter = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
        (1..64).contains(&label.len()) && label.bytes().all(is_letter)
    };
    let name = name.strip_suffix('.').unwrap_or(name);
    name.len() <= Check::LONGEST && name.split('.').all(is_label)
}
