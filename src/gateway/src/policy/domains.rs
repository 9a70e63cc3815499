//! A set of domain names, of which a million fit into memory and into a microsecond.

use std::collections::HashSet;
use std::hash::{BuildHasher, BuildHasherDefault, Hasher, RandomState};

/// The longest name in its usual spelling (RFC 1035, section 2.3.4: 255 octets on the wire).
const LONGEST: usize = 253;

/// Domain names with all that lies under them, or alone.
///
/// Kept are 64 bits of a keyed hash of each name: a name that is not in a set of a million is taken
/// for one that is with a chance of 10^-13, and nobody outside knows the key to look for one.
#[derive(Clone, Debug, Default)]
pub struct DomainSet {
    prints: HashSet<u64, BuildHasherDefault<AsItIs>>,
    key: RandomState,
}

/// The name is none: empty, too long, or with characters that no host name has.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no domain name: write example.kz, =example.kz for that name alone")]
pub struct InvalidDomain(pub String);

impl DomainSet {
    /// Of names as people write them: `example.kz` with everything under it, `=example.kz` alone,
    /// in any alphabet.
    ///
    /// # Errors
    /// The first that is no name.
    pub fn new<'a>(names: impl IntoIterator<Item = &'a str>) -> Result<Self, InvalidDomain> {
        let mut set = Self::default();
        for name in names {
            let (ascii, alone) = read(name)?;
            set.prints.insert(set.print(&ascii, alone));
        }
        set.prints.shrink_to_fit();
        Ok(set)
    }

    /// Whether a name, as [`ascii`] gives it, or one above it is in the set.
    pub fn contains(&self, name: &str) -> bool {
        if self.prints.is_empty() {
            return false;
        }
        let mut under = Some(name);
        while let Some(suffix) = under {
            if self.prints.contains(&self.print(suffix, false)) {
                return true;
            }
            under = suffix.split_once('.').map(|(_, rest)| rest);
        }
        self.prints.contains(&self.print(name, true))
    }

    /// How many names there are.
    pub fn len(&self) -> usize {
        self.prints.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.prints.is_empty()
    }

    fn print(&self, name: &str, alone: bool) -> u64 {
        self.key.hash_one((name, alone))
    }
}

/// What is compared of a name as people write it, and whether it stands for itself alone.
pub(super) fn read(written: &str) -> Result<(String, bool), InvalidDomain> {
    let (alone, name) = match written.trim().strip_prefix('=') {
        Some(name) => (true, name),
        None => (false, written.trim()),
    };
    let ascii = ascii(name.trim_start_matches("*.").trim_start_matches('.'));
    Ok((ascii.ok_or_else(|| InvalidDomain(name.to_owned()))?, alone))
}

/// A host name as it is compared: small letters, in ASCII (UTS #46), without the dot of the root.
/// None where it is no host name; underscores are let through, as resolvers do.
pub fn ascii(name: &str) -> Option<String> {
    let name = name.strip_suffix('.').unwrap_or(name);
    let ascii = idna::domain_to_ascii(name).ok()?;
    let label = |label: &str| {
        let inner = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
        (1..=63).contains(&label.len()) && label.bytes().all(inner)
    };
    ((1..=LONGEST).contains(&ascii.len()) && ascii.split('.').all(label)).then_some(ascii)
}

/// What is put in is a hash already.
#[derive(Clone, Default)]
struct AsItIs(u64);

impl Hasher for AsItIs {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, _: &[u8]) {
        unreachable!("prints are numbers");
    }

    fn write_u64(&mut self, print: u64) {
        self.0 = print;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// covers: N6.1
    #[test]
    fn a_name_stands_for_what_lies_under_it_and_with_a_sign_for_itself_alone() {
        let set = DomainSet::new(["Example.kz", "=mail.gov.kz", "*.қазақстан.kz"]).unwrap();
        for inside in ["example.kz", "www.example.kz", "a.b.example.kz", "mail.gov.kz"] {
            assert!(set.contains(inside), "{inside}");
        }
        assert!(set.contains(&ascii("www.Қазақстан.kz.").unwrap()));
        for outside in ["kz", "badexample.kz", "example.kz.evil.org", "www.mail.gov.kz", "gov.kz"] {
            assert!(!set.contains(outside), "{outside}");
        }
        assert_eq!(set.len(), 3);
        assert!(!DomainSet::default().contains("example.kz"));
    }

    /// covers: N6.1
    #[test]
    fn what_is_no_name_is_refused_by_name() {
        let long = format!("{}.kz", "a".repeat(64));
        for bad in ["", ".", "a..b", "exa mple.kz", "exa/mple.kz", "http://example.kz", &long] {
            assert!(DomainSet::new([bad]).is_err(), "{bad:?}");
            assert_eq!(ascii(bad), None, "{bad:?}");
        }
        assert!(ascii("_dmarc.example.kz").is_some());
        assert_eq!(ascii("EXAMPLE.kz.").as_deref(), Some("example.kz"));
    }
}
