//! A list of domains as it is written, kept in one piece: a million small allocations would cost more
//! than the names themselves.

use std::fmt;

use serde::de::{SeqAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Between two names; no name has it.
const END: char = '\n';

/// Domains of a list, in their order: `example.kz` with all under it, `=example.kz` alone.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct List(String);

impl List {
    /// The names as they were written.
    pub fn iter(&self) -> impl Iterator<Item = &str> {
        self.0.split_terminator(END)
    }

    fn push(&mut self, name: &str) {
        self.0.push_str(name);
        self.0.push(END);
    }
}

impl Serialize for List {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.iter())
    }
}

impl<'de> Deserialize<'de> for List {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_seq(Names)
    }
}

struct Names;

impl<'de> Visitor<'de> for Names {
    type Value = List;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list of domains")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut names: A) -> Result<List, A::Error> {
        let mut list = List::default();
        while let Some(name) = names.next_element::<String>()? {
            if name.contains(END) {
                return Err(serde::de::Error::custom(format!("{name:?} is no domain name")));
            }
            list.push(&name);
        }
        list.0.shrink_to_fit();
        Ok(list)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// covers: N6.1, G3
    #[test]
    fn a_list_is_read_and_written_as_it_stands_and_two_names_cannot_pass_for_one() {
        let text = r#"["example.kz","","=mail.example.kz","қазақстан.kz"]"#;
        let list: List = serde_json::from_str(text).unwrap();
        let names: Vec<&str> = list.iter().collect();
        assert_eq!(names, ["example.kz", "", "=mail.example.kz", "қазақстан.kz"]);
        assert_eq!(serde_json::to_string(&list).unwrap(), text);
        let error = serde_json::from_str::<List>(r#"["a.kz\nb.kz"]"#).unwrap_err();
        assert!(error.to_string().contains("no domain name"), "{error}");
        assert_eq!(serde_json::from_str::<List>("[]").unwrap().iter().count(), 0);
    }
}
