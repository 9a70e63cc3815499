//! A check as one line: kind and port, the path, then `key=value` for what differs from the usual.
//! A value with spaces stands in quotation marks.

use std::fmt;
use std::str::FromStr;

use super::{Check, CheckFault, CheckKind};

impl fmt::Display for Check {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let usual = Self::default();
        f.write_str(self.kind.as_str())?;
        if let Some(port) = self.port {
            write!(f, "/{port}")?;
        }
        if !self.path.is_empty() {
            write!(f, " {}", self.path)?;
        }
        if self.status != usual.status {
            write!(f, " status={}", self.status)?;
        }
        if !self.text.is_empty() {
            write!(f, " text=\"{}\"", self.text.replace('\\', "\\\\").replace('"', "\\\""))?;
        }
        if !self.name.is_empty() {
            write!(f, " name={}", self.name)?;
        }
        let numbers = [
            ("every", self.every_s, usual.every_s),
            ("timeout", self.timeout_s, usual.timeout_s),
            ("fall", self.fall, usual.fall),
            ("rise", self.rise, usual.rise),
        ];
        for (key, value, _) in numbers.into_iter().filter(|(_, value, usual)| value != usual) {
            write!(f, " {key}={value}")?;
        }
        Ok(())
    }
}

/// All that cannot be read in a line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unread(pub Vec<CheckFault>);

impl FromStr for Check {
    type Err = Unread;

    fn from_str(line: &str) -> Result<Self, Self::Err> {
        let (mut check, mut faults) = (Self::default(), Vec::new());
        let words = words(line);
        let mut words = words.iter();
        let first = words.next().map_or("", String::as_str);
        match head(first) {
            Some((kind, port)) => (check.kind, check.port) = (kind, port),
            None => faults.push(CheckFault::Kind(first.to_owned())),
        }
        for word in words {
            if let Err(fault) = take(&mut check, word) {
                faults.push(fault);
            }
        }
        if faults.is_empty() { Ok(check) } else { Err(Unread(faults)) }
    }
}

fn head(word: &str) -> Option<(CheckKind, Option<u16>)> {
    let (kind, port) = word.split_once('/').map_or((word, None), |(kind, port)| (kind, Some(port)));
    let kind = CheckKind::ALL.into_iter().find(|one| one.as_str() == kind)?;
    let port = port.map(|port| port.parse().ok().filter(|port| *port > 0));
    match port {
        Some(None) => None,
        Some(port) => Some((kind, port)),
        None => Some((kind, None)),
    }
}

fn take(check: &mut Check, word: &str) -> Result<(), CheckFault> {
    if word.starts_with('/') {
        word.clone_into(&mut check.path);
        return Ok(());
    }
    let (key, value) = word.split_once('=').ok_or_else(|| CheckFault::Word(word.to_owned()))?;
    let number = || value.parse().map_err(|_| CheckFault::Number(word.to_owned()));
    match key {
        "status" => check.status = value.parse()?,
        "text" => value.clone_into(&mut check.text),
        "name" => value.clone_into(&mut check.name),
        "every" => check.every_s = number()?,
        "timeout" => check.timeout_s = number()?,
        "fall" => check.fall = number()?,
        "rise" => check.rise = number()?,
        _ => return Err(CheckFault::Word(word.to_owned())),
    }
    Ok(())
}

/// The words of a line; quotation marks keep spaces, a backslash keeps what follows it.
fn words(line: &str) -> Vec<String> {
    let (mut words, mut word, mut quoted, mut begun) = (Vec::new(), String::new(), false, false);
    let mut letters = line.chars();
    while let Some(letter) = letters.next() {
        match letter {
            '\\' if quoted => word.extend(letters.next()),
            '"' => (quoted, begun) = (!quoted, true),
            letter if letter.is_whitespace() && !quoted => {
                if begun {
                    words.push(std::mem::take(&mut word));
                }
                begun = false;
            }
            letter => {
                word.push(letter);
                begun = true;
            }
        }
    }
    if begun {
        words.push(word);
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{PortRange, Service, ServiceNo};

    fn service() -> Service {
        Service {
            id: "mail".parse().unwrap(),
            no: ServiceNo(1),
            ports: vec![PortRange::tcp(25)],
            ..serde_json::from_str(r#"{"id":"mail","name":{"ru":"Почта"},"ports":[]}"#).unwrap()
        }
    }

    /// covers: N7.1
    #[test]
    fn a_check_reads_what_it_writes() {
        for line in [
            "tcp",
            "tcp/25 every=10",
            "http/8080 /health?full=1 status=200-299 text=\"все \\\"готово\\\"\" every=5 fall=1",
            "dns name=mail.example.kz timeout=1 rise=5",
            "http status=204",
        ] {
            let check: Check = line.parse().unwrap();
            assert_eq!(check.to_string(), line);
            let json = serde_json::to_string(&check).unwrap();
            assert_eq!(serde_json::from_str::<Check>(&json).unwrap(), check, "{json}");
        }
        let check: Check = "  http   /   every=7 ".parse().unwrap();
        assert_eq!((check.path.as_str(), check.every_s), ("/", 7));
    }

    /// covers: N7.1
    #[test]
    fn a_line_is_told_all_that_is_wrong_with_it_at_once() {
        let Err(Unread(faults)) = "icmp every=often colour=red status=9".parse::<Check>() else {
            panic!("nothing of it can be read");
        };
        assert_eq!(faults.len(), 4, "{faults:?}");
        for bad in ["", "tcp/0", "tcp/70000", "tcp/", "http status=300-200", "tcp x"] {
            assert!(bad.parse::<Check>().is_err(), "{bad}");
        }
    }

    /// covers: N7.1
    #[test]
    fn each_rule_of_a_check_is_kept() {
        let faults = |line: &str| line.parse::<Check>().unwrap().faults(&service());
        assert_eq!(faults("tcp"), []);
        assert_eq!(faults("http/80 /x"), []);
        assert_eq!(faults("dns/53 name=example.kz."), []);
        let cases: [(&str, CheckFault); 9] = [
            ("tcp every=0 timeout=1", CheckFault::Every(0)),
            ("tcp every=3 timeout=4", CheckFault::Timeout(4)),
            ("tcp fall=0", CheckFault::InARow { fall: 0, rise: 2 }),
            ("tcp rise=21", CheckFault::InARow { fall: 3, rise: 21 }),
            ("http /a\"{\"", CheckFault::Path("/a{".into())),
            ("http text=\"\u{7}\"", CheckFault::Text),
            ("dns/53 name=a..b", CheckFault::Name("a..b".into())),
            ("tcp /x", CheckFault::NotOfKind { kind: CheckKind::Tcp, part: "path" }),
            ("dns name=a.kz", CheckFault::NoPort(CheckKind::Dns)),
        ];
        for (line, fault) in cases {
            assert!(faults(line).contains(&fault), "{line}: {:?}", faults(line));
        }
    }
}
