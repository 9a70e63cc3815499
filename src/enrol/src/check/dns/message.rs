//! Questions and answers of DNS in octets (RFC 1035, section 4).

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// What is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Type {
    A = 1,
    Txt = 16,
    Aaaa = 28,
}

/// What of an answer is used.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Answer {
    pub(super) addresses: Vec<IpAddr>,
    pub(super) texts: Vec<Vec<u8>>,
}

const HEADER: usize = 12;
const INTERNET: u16 = 1;
const ALIAS: u16 = 5;
const RECURSION_DESIRED: u16 = 0x0100;
/// The most records of an answer that are read, and aliases that are followed.
const RECORDS: u16 = 256;
const ALIASES: usize = 8;

/// A question; `None` where the name is none.
pub(super) fn question(id: u16, name: &str, kind: Type) -> Option<Vec<u8>> {
    let mut out = Vec::with_capacity(HEADER + name.len() + 6);
    for word in [id, RECURSION_DESIRED, 1, 0, 0, 0] {
        out.extend_from_slice(&word.to_be_bytes());
    }
    for label in name.split('.') {
        let length = u8::try_from(label.len()).ok().filter(|length| (1..64).contains(length))?;
        out.push(length);
        out.extend_from_slice(label.as_bytes());
    }
    out.push(0);
    if out.len() - HEADER > 255 {
        return None;
    }
    out.extend_from_slice(&(kind as u16).to_be_bytes());
    out.extend_from_slice(&INTERNET.to_be_bytes());
    Some(out)
}

/// Whether this is an answer to that question.
pub(super) fn answers(bytes: &[u8], question: &[u8]) -> bool {
    let same = bytes.get(HEADER..question.len());
    bytes.get(..2) == question.get(..2)
        && bytes.get(2).is_some_and(|flags| flags & 0x80 != 0)
        && bytes.get(4..6) == Some(&[0, 1])
        && same.is_some_and(|same| same.eq_ignore_ascii_case(&question[HEADER..]))
}

/// Whether the answer did not fit into a datagram.
pub(super) fn is_cut_off(bytes: &[u8]) -> bool {
    bytes.get(2).is_some_and(|flags| flags & 0x02 != 0)
}

/// Reads the records of the name that was asked about, and of those that it is an alias of.
///
/// # Errors
/// What is wrong with the answer.
pub(super) fn read(bytes: &[u8], question: &[u8], kind: Type) -> Result<Answer, &'static str> {
    if !answers(bytes, question) {
        return Err("the DNS server answered something else");
    }
    match bytes[3] & 0x0f {
        0 => {}
        3 => return Err("there is no such name"),
        _ => return Err("the DNS server failed"),
    }
    let broken = "the DNS server's answer is broken";
    let records = records(bytes, question.len()).ok_or(broken)?;
    let mut owner = name_at(question, HEADER).ok_or(broken)?.0;
    for _ in 0..ALIASES {
        let alias = records.iter().find(|one| one.kind == ALIAS && one.owner == owner);
        let Some(alias) = alias else { break };
        owner = name_at(bytes, alias.start).ok_or(broken)?.0;
    }
    let mut answer = Answer::default();
    for one in records.iter().filter(|one| one.kind == kind as u16 && one.owner == owner) {
        let data = &bytes[one.start..one.end];
        match kind {
            Type::A => answer.addresses.extend(four(data)),
            Type::Aaaa => answer.addresses.extend(sixteen(data)),
            Type::Txt => answer.texts.push(text(data).ok_or(broken)?),
        }
    }
    Ok(answer)
}

struct Record {
    owner: Vec<u8>,
    kind: u16,
    start: usize,
    end: usize,
}

fn records(bytes: &[u8], mut at: usize) -> Option<Vec<Record>> {
    let count = word(bytes, 6)?.min(RECORDS);
    let mut all = Vec::new();
    for _ in 0..count {
        let (owner, after) = name_at(bytes, at)?;
        let (kind, class) = (word(bytes, after)?, word(bytes, after + 2)?);
        let start = after + 10;
        let end = start + usize::from(word(bytes, after + 8)?);
        bytes.get(start..end)?;
        if class == INTERNET {
            all.push(Record { owner, kind, start, end });
        }
        at = end;
    }
    Some(all)
}

/// The name at a place in small letters, and where what follows it begins. Pointers lead backwards
/// only, so that none leads in a circle.
fn name_at(bytes: &[u8], start: usize) -> Option<(Vec<u8>, usize)> {
    let (mut name, mut at, mut after) = (Vec::new(), start, None);
    loop {
        match *bytes.get(at)? {
            0 => return Some((name, after.unwrap_or(at + 1))),
            length @ 1..64 => {
                let end = at + 1 + usize::from(length);
                name.extend(bytes.get(at + 1..end)?.to_ascii_lowercase());
                name.push(b'.');
                at = end;
            }
            0xc0.. => {
                let to = usize::from(word(bytes, at)? & 0x3fff);
                after = after.or(Some(at + 2));
                if to >= at || to < HEADER {
                    return None;
                }
                at = to;
            }
            _ => return None,
        }
        if name.len() > 255 {
            return None;
        }
    }
}

fn word(bytes: &[u8], at: usize) -> Option<u16> {
    bytes.get(at..at + 2)?.try_into().ok().map(u16::from_be_bytes)
}

fn four(data: &[u8]) -> Option<IpAddr> {
    let octets: [u8; 4] = data.try_into().ok()?;
    Some(Ipv4Addr::from(octets).into())
}

fn sixteen(data: &[u8]) -> Option<IpAddr> {
    let octets: [u8; 16] = data.try_into().ok()?;
    Some(Ipv6Addr::from(octets).into())
}

/// The strings of a TXT record, one behind the other.
fn text(mut data: &[u8]) -> Option<Vec<u8>> {
    let mut out = Vec::new();
    while let Some((length, rest)) = data.split_first() {
        let (string, after) = rest.split_at_checked(usize::from(*length))?;
        out.extend_from_slice(string);
        data = after;
    }
    Some(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(owner: &[u8], kind: u16, data: &[u8]) -> Vec<u8> {
        let length = u16::try_from(data.len()).unwrap().to_be_bytes();
        [owner, &kind.to_be_bytes(), &[0, 1, 0, 0, 0, 9], &length, data].concat()
    }

    fn answer(question: &[u8], records: &[Vec<u8>]) -> Vec<u8> {
        let mut out = [question, &records.concat()].concat();
        out[2] |= 0x80;
        out[7] = u8::try_from(records.len()).unwrap();
        out
    }

    /// The name of the question.
    const ASKED: &[u8] = &[0xc0, 12];

    /// covers: T1.2
    #[test]
    fn records_of_the_name_are_read_also_through_an_alias() {
        let asked = question(7, "_acme-challenge.A.example", Type::Txt).unwrap();
        let other = [1, b'b', 0];
        let records = [
            record(ASKED, ALIAS, &other),
            record(&other, 16, &[2, b'x', b'y', 1, b'z']),
            record(&[1, b'c', 0], 16, &[1, b'q']),
            record(ASKED, 16, &[1, b'q']),
        ];
        let found = read(&answer(&asked, &records), &asked, Type::Txt).unwrap();
        assert_eq!(found.texts, [b"xyz"]);
        let asked = question(7, "a.example", Type::A).unwrap();
        let found = read(&answer(&asked, &[record(ASKED, 1, &[10, 1, 2, 3])]), &asked, Type::A);
        assert_eq!(found.unwrap().addresses, ["10.1.2.3".parse::<IpAddr>().unwrap()]);
    }

    /// covers: T1.2, T-8
    #[test]
    fn a_strange_answer_is_refused_and_ends() {
        let asked = question(7, "a.example", Type::Txt).unwrap();
        let good = answer(&asked, &[record(ASKED, 16, &[1, b'x'])]);
        assert!(read(&good, &asked, Type::Txt).is_ok());
        let with = |at: usize, octet: u8| {
            let mut bytes = good.clone();
            bytes[at] = octet;
            read(&bytes, &asked, Type::Txt)
        };
        let place = asked.len();
        assert!(with(1, 8).is_err(), "another number");
        assert!(with(2, 1).is_err(), "a question");
        assert!(with(3, 3).is_err() && with(3, 2).is_err(), "a failure");
        assert!(with(13, b'b').is_err(), "about another name");
        assert!(with(place + 1, place as u8).is_err(), "a pointer to itself");
        assert!(with(place + 1, 255).is_err(), "a pointer forwards");
        assert!(with(place, 0x80).is_err(), "no label");
        assert!(with(place + 11, 200).is_err(), "longer than the message");
        assert!(with(place + 12, 9).is_err(), "a string longer than its record");
        for length in 0..good.len() {
            assert!(read(&good[..length], &asked, Type::Txt).is_err(), "{length} octets");
        }
        let label = "a".repeat(64);
        let long = ["a.example"; 30].join(".");
        for name in ["", "a..b", label.as_str(), long.as_str()] {
            assert!(question(7, name, Type::A).is_none(), "{name}");
        }
    }
}
