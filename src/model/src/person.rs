//! Who a person is, whatever certificate he holds at the moment.

use std::fmt;

/// A person, as the subject of his certificates names him: rights are given to it, so that they
/// outlive a lost token.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct PersonId(String);

impl PersonId {
    /// By the number of the person where the subject has one (`serialNumber`, RFC 4519, section
    /// 2.31), by name and institution otherwise. No number is ever equal to a name.
    pub fn of_subject(number: Option<&str>, name: &str, institution: Option<&str>) -> Self {
        let plain = |text: &str| text.trim().replace('\\', "\\\\").replace(',', "\\,");
        match (number.map(str::trim).filter(|number| !number.is_empty()), institution) {
            (Some(number), _) => Self(format!("number:{number}")),
            (None, Some(institution)) => {
                Self(format!("name:{}, {}", plain(name), plain(institution)))
            }
            (None, None) => Self(format!("name:{}", plain(name))),
        }
    }

    /// What was written down before.
    pub fn from_kept(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// As it is written down.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for PersonId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// covers: T3
    #[test]
    fn two_people_are_never_one() {
        let all = [
            PersonId::of_subject(Some("850101300123"), "Asem", Some("Archive")),
            PersonId::of_subject(None, "850101300123", None),
            PersonId::of_subject(None, "Asem", Some("Archive")),
            PersonId::of_subject(None, "Asem, Archive", None),
            PersonId::of_subject(None, "Asem", None),
        ];
        for (at, one) in all.iter().enumerate() {
            assert!(all.iter().skip(at + 1).all(|other| other != one), "{one}");
        }
    }

    /// covers: T3
    #[test]
    fn a_number_names_the_person_whatever_he_is_called() {
        let before = PersonId::of_subject(Some("85 "), "Asem Omarova", Some("Archive"));
        let after = PersonId::of_subject(Some("85"), "Asem Akhmetova", None);
        assert_eq!(before, after);
    }
}
