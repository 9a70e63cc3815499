//! Whom a certificate is for: a distinguished name, as people write it (RFC 4514) and as it is
//! signed.

use std::fmt;
use std::str::FromStr;

use ets_model::PersonId;
use rcgen::string::PrintableString;
use rcgen::{DistinguishedName, DnType, DnValue};

use crate::Error;
use crate::profile::Profile;

/// An attribute of a distinguished name that we issue.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Attribute {
    CommonName,
    Surname,
    GivenName,
    SerialNumber,
    Title,
    Country,
    Organization,
    OrganizationalUnit,
}

impl Attribute {
    const ALL: [Self; 8] = [
        Self::CommonName,
        Self::Surname,
        Self::GivenName,
        Self::SerialNumber,
        Self::Title,
        Self::Country,
        Self::Organization,
        Self::OrganizationalUnit,
    ];

    /// Its name in RFC 4514 and RFC 4519.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::CommonName => "CN",
            Self::Surname => "SN",
            Self::GivenName => "GN",
            Self::SerialNumber => "serialNumber",
            Self::Title => "title",
            Self::Country => "C",
            Self::Organization => "O",
            Self::OrganizationalUnit => "OU",
        }
    }

    fn oid(self) -> DnType {
        match self {
            Self::CommonName => DnType::CommonName,
            Self::Country => DnType::CountryName,
            Self::Organization => DnType::OrganizationName,
            Self::OrganizationalUnit => DnType::OrganizationalUnitName,
            Self::Surname => DnType::CustomDnType(vec![2, 5, 4, 4]),
            Self::SerialNumber => DnType::CustomDnType(vec![2, 5, 4, 5]),
            Self::Title => DnType::CustomDnType(vec![2, 5, 4, 12]),
            Self::GivenName => DnType::CustomDnType(vec![2, 5, 4, 42]),
        }
    }

    /// The most characters (RFC 5280, appendix A.1, upper bounds).
    fn longest(self) -> usize {
        match self {
            Self::Country => 2,
            Self::Surname | Self::GivenName => 32_768,
            _ => 64,
        }
    }

    /// The value as it is signed.
    fn value(self, text: &str) -> Result<DnValue, Error> {
        let unfit = |why| Error::Subject { attribute: self.as_str(), value: text.to_owned(), why };
        if text.trim().is_empty() {
            return Err(unfit("it is empty"));
        }
        if text.chars().count() > self.longest() {
            return Err(unfit("it is too long"));
        }
        if text.chars().any(char::is_control) {
            return Err(unfit("it holds a control character"));
        }
        match self {
            Self::Country if !text.chars().all(|char| char.is_ascii_uppercase()) => {
                Err(unfit("a country is two capital letters, such as KZ"))
            }
            Self::Country | Self::SerialNumber => PrintableString::try_from(text)
                .map(DnValue::PrintableString)
                .map_err(|_| unfit("only Latin letters, digits and ' ()+,-./:=? may stand in it")),
            _ => Ok(DnValue::Utf8String(text.to_owned())),
        }
    }
}

impl FromStr for Attribute {
    type Err = Error;

    fn from_str(name: &str) -> Result<Self, Error> {
        let known = Self::ALL.into_iter().find(|one| one.as_str().eq_ignore_ascii_case(name));
        known.ok_or_else(|| Error::Attribute { name: name.to_owned() })
    }
}

/// A distinguished name as it was asked for: attributes with their values, each once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Subject(Vec<(Attribute, String)>);

impl Subject {
    /// A subject of a common name alone.
    pub fn of_name(name: &str) -> Self {
        Self(vec![(Attribute::CommonName, name.to_owned())])
    }

    /// A subject of attributes by their names (RFC 4519) with their values, in this order; those
    /// that are empty are left out.
    ///
    /// # Errors
    /// [`Error::Attribute`].
    pub fn of_parts(parts: &[(&str, &str)]) -> Result<Self, Error> {
        let given = parts.iter().filter(|(_, value)| !value.trim().is_empty());
        let parts: Result<Vec<_>, Error> =
            given.map(|(name, value)| Ok((name.parse()?, value.trim().to_owned()))).collect();
        Ok(Self(parts?))
    }

    /// A subject of an organisation and a common name.
    pub(crate) fn of_organization(organization: &str, name: &str) -> Self {
        let organization = (Attribute::Organization, organization.to_owned());
        Self(vec![organization, (Attribute::CommonName, name.to_owned())])
    }

    /// The common name; empty where there is none.
    pub fn common_name(&self) -> &str {
        self.value_of(Attribute::CommonName).unwrap_or_default()
    }

    /// Whose certificate it is.
    pub fn person(&self) -> PersonId {
        let number = self.value_of(Attribute::SerialNumber);
        PersonId::of_subject(number, self.common_name(), self.institution())
    }

    /// The institution, where it names one.
    pub fn institution(&self) -> Option<&str> {
        self.value_of(Attribute::Organization)
    }

    fn value_of(&self, wanted: Attribute) -> Option<&str> {
        self.0.iter().find(|(one, _)| *one == wanted).map(|(_, value)| value.as_str())
    }

    /// As the profile wants it: its attributes, in its order.
    pub(crate) fn fitted(&self, profile: &Profile) -> Result<DistinguishedName, Error> {
        for (attribute, value) in &self.0 {
            if profile.subject.iter().all(|slot| slot.attribute != *attribute) {
                let why = "this kind of certificate has no such attribute";
                let (attribute, value) = (attribute.as_str(), value.clone());
                return Err(Error::Subject { attribute, value, why });
            }
        }
        let mut name = DistinguishedName::new();
        for slot in &profile.subject {
            match self.value_of(slot.attribute) {
                Some(text) => name.push(slot.attribute.oid(), slot.attribute.value(text)?),
                None if slot.is_required => {
                    return Err(Error::Subject {
                        attribute: slot.attribute.as_str(),
                        value: String::new(),
                        why: "it is needed and missing",
                    });
                }
                None => {}
            }
        }
        Ok(name)
    }
}

impl FromStr for Subject {
    type Err = Error;

    /// Reads `CN=Aigul Omarova,O=Akimat\, city,serialNumber=IIN850101400012` (RFC 4514); spaces
    /// around a part say nothing.
    fn from_str(text: &str) -> Result<Self, Error> {
        let mut all: Vec<(Attribute, String)> = Vec::new();
        for part in split(text)? {
            let (name, value) =
                part.split_once('=').ok_or_else(|| Error::NoPair { part: part.clone() })?;
            let attribute: Attribute = name.trim().parse()?;
            if all.iter().any(|(known, _)| *known == attribute) {
                let (attribute, value) = (attribute.as_str(), value.to_owned());
                return Err(Error::Subject { attribute, value, why: "it stands there twice" });
            }
            all.push((attribute, unescape(trimmed(value))?));
        }
        Ok(Self(all))
    }
}

impl fmt::Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, (attribute, value)) in self.0.iter().enumerate() {
            let comma = if at == 0 { "" } else { "," };
            write!(f, "{comma}{}={}", attribute.as_str(), escape(value))?;
        }
        Ok(())
    }
}

/// The parts between commas that are not escaped; a part keeps its escapes.
fn split(text: &str) -> Result<Vec<String>, Error> {
    let (mut parts, mut part, mut chars) = (Vec::new(), String::new(), text.chars());
    while let Some(char) = chars.next() {
        match char {
            '\\' => {
                part.push('\\');
                part.push(chars.next().ok_or_else(|| Error::NoPair { part: part.clone() })?);
            }
            ',' => parts.push(std::mem::take(&mut part)),
            other => part.push(other),
        }
    }
    parts.push(part);
    Ok(parts)
}

/// The value without the spaces around it; an escaped one belongs to it.
fn trimmed(value: &str) -> &str {
    let (value, plain) = (value.trim_start(), value.trim());
    let slashes = plain.bytes().rev().take_while(|byte| *byte == b'\\').count();
    match value.get(..plain.len() + 1) {
        Some(longer) if slashes % 2 == 1 => longer,
        _ => plain,
    }
}

/// The value without its escapes: `\,` and `\C4` (RFC 4514, section 2.4).
fn unescape(text: &str) -> Result<String, Error> {
    let bad = || Error::NoPair { part: text.to_owned() };
    let (mut bytes, mut rest) = (Vec::new(), text.as_bytes().iter());
    while let Some(byte) = rest.next() {
        if *byte != b'\\' {
            bytes.push(*byte);
            continue;
        }
        let escaped = *rest.next().ok_or_else(bad)?;
        match char::from(escaped).to_digit(16) {
            Some(high) => {
                let low = rest.next().and_then(|low| char::from(*low).to_digit(16));
                bytes.push((high * 16 + low.ok_or_else(bad)?) as u8);
            }
            None => bytes.push(escaped),
        }
    }
    String::from_utf8(bytes).map_err(|_| bad())
}

fn escape(value: &str) -> String {
    let mut text = String::new();
    for (at, char) in value.char_indices() {
        let is_edge = at == 0 || at + char.len_utf8() == value.len();
        let special = matches!(char, ',' | '+' | '"' | '\\' | '<' | '>' | ';');
        if special || (is_edge && char == ' ') || (at == 0 && char == '#') {
            text.push('\\');
        }
        text.push(char);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    /// covers: T1.2
    #[test]
    fn a_subject_is_read_as_people_write_it_and_written_so_that_it_is_read_back() {
        let text = r"CN=Айгүл Омарова, O=Akimat\, city,serialNumber=IIN850101400012";
        let subject: Subject = text.parse().unwrap();
        assert_eq!(subject.common_name(), "Айгүл Омарова");
        assert_eq!(subject.value_of(Attribute::Organization), Some("Akimat, city"));
        assert_eq!(subject.to_string().parse::<Subject>().unwrap(), subject);
        let escaped: Subject = r"CN=\D0\90#\20".parse().unwrap();
        assert_eq!(escaped.common_name(), "А# ");
        assert_eq!(escaped.to_string().parse::<Subject>().unwrap(), escaped);
    }

    /// covers: T1.2
    #[test]
    fn a_subject_that_does_not_fit_says_what_is_wrong() {
        let profile = Profile::named("civil-servant").unwrap();
        for (text, word) in [
            ("O=Akimat", "CN"),
            ("CN=A,C=kz", "capital letters"),
            ("CN=A,serialNumber=№7", "Latin"),
            ("CN= ", "empty"),
            ("CN=A\nB", "control"),
        ] {
            let told = text.parse::<Subject>().and_then(|one| one.fitted(profile)).unwrap_err();
            assert!(told.to_string().contains(word), "{text}: {told}");
        }
        let long = format!("CN={}", "я".repeat(65));
        assert!(long.parse::<Subject>().unwrap().fitted(profile).is_err());
        for text in ["CN", "L=Kenzhar", "CN=A,CN=B", r"CN=A\", r"CN=\C4"] {
            assert!(text.parse::<Subject>().is_err(), "{text}");
        }
        let hub = Profile::named("hub").unwrap();
        assert!("CN=A,title=B".parse::<Subject>().unwrap().fitted(hub).is_err(), "no such slot");
    }
}
