//! What may be done: a fixed register of rights, one word per action, complete when the hub starts.

use std::collections::HashMap;

use crate::Error;

/// What the hub itself has. Modules and access routes add theirs by configuration.
pub const BUILT_IN: &[&str] = &[
    "network.read",
    "network.write",
    "rules.read",
    "rules.write",
    "traffic.read",
    "traffic.write",
    "journal.read",
    "system.read",
    "system.write",
    "ca.read",
    "ca.issue",
    "ca.revoke",
    "rights.read",
    "rights.write",
    "portal.enter",
];

/// The right to change rights: whom to ask about a denial is who has it.
pub(crate) const GIVE: &str = "rights.write";

/// One right: its name is `room.action`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Right {
    /// Its name.
    pub id: String,
}

/// All rights there are.
#[derive(Clone, Debug)]
pub struct Register {
    rights: Vec<Right>,
    places: HashMap<String, usize>,
}

impl Register {
    /// Those of the hub and these.
    ///
    /// # Errors
    /// [`Error::NoRight`] when a name is not two or more words of `a-z`, `0-9`, `-` with dots
    /// between them.
    pub fn new<'a>(more: impl IntoIterator<Item = &'a str>) -> Result<Self, Error> {
        let mut register = Self { rights: Vec::new(), places: HashMap::new() };
        for id in BUILT_IN.iter().copied().chain(more) {
            if !is_name(id) {
                return Err(Error::NoRight(id.to_owned()));
            }
            if !register.places.contains_key(id) {
                register.places.insert(id.to_owned(), register.rights.len());
                register.rights.push(Right { id: id.to_owned() });
            }
        }
        Ok(register)
    }

    /// All of them, those of the hub first.
    pub fn all(&self) -> &[Right] {
        &self.rights
    }

    /// Whether there is such a right.
    pub fn has(&self, id: &str) -> bool {
        self.places.contains_key(id)
    }

    pub(crate) fn place(&self, id: &str) -> Option<usize> {
        self.places.get(id).copied()
    }

    /// The rights that `words` name: `*` all, `*.read` each of that action, else one by its name.
    pub(crate) fn mask(&self, words: &[String]) -> Mask {
        let mut mask = Mask(vec![0; self.rights.len().div_ceil(64)]);
        for (place, right) in self.rights.iter().enumerate() {
            if words.iter().any(|word| names(word, &right.id)) {
                mask.0[place / 64] |= 1 << (place % 64);
            }
        }
        mask
    }

    /// Whether a role may be made of this word.
    pub(crate) fn knows(&self, word: &str) -> bool {
        self.rights.iter().any(|right| names(word, &right.id))
    }
}

fn names(word: &str, right: &str) -> bool {
    match word.strip_prefix('*') {
        Some("") => true,
        Some(action) => action.starts_with('.') && right.ends_with(action),
        None => word == right,
    }
}

fn is_name(id: &str) -> bool {
    let is_word = |word: &str| {
        let ok = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
        !word.is_empty() && word.bytes().all(ok)
    };
    id.len() <= 64 && id.contains('.') && id.split('.').all(is_word)
}

/// A set of rights, as bits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Mask(Vec<u64>);

impl Mask {
    pub(crate) fn has(&self, place: usize) -> bool {
        self.0.get(place / 64).is_some_and(|bits| bits >> (place % 64) & 1 == 1)
    }

    /// Whether it has every right of another set.
    pub(crate) fn contains(&self, other: &Self) -> bool {
        other.0.iter().zip(&self.0).all(|(other, own)| other & !own == 0)
    }

    /// Whether it has a right that one of `some` has and none of `others`.
    pub(crate) fn has_more(&self, some: &[&Self], others: &[&Self]) -> bool {
        let all = |masks: &[&Self], at: usize| masks.iter().fold(0, |bits, mask| bits | mask.0[at]);
        self.0.iter().enumerate().any(|(at, own)| own & all(some, at) & !all(others, at) != 0)
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.iter().all(|bits| *bits == 0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// covers: T3
    #[test]
    fn a_word_with_a_star_names_rights_that_come_later_too() {
        let more: Vec<String> = (0..80).map(|n| format!("portal.m{n}.read")).collect();
        let register = Register::new(more.iter().map(String::as_str)).unwrap();
        let reads = register.mask(&["*.read".to_owned()]);
        let has = |id: &str| reads.has(register.place(id).unwrap());
        assert!(has("portal.m79.read") && has("journal.read") && !has("rules.write"));
        let all = register.mask(&["*".to_owned()]);
        assert!(register.all().iter().all(|one| all.has(register.place(&one.id).unwrap())));
    }

    /// covers: T3
    #[test]
    fn a_right_is_words_with_dots_between() {
        for bad in ["", "portal", "portal.", ".read", "Portal.read", "portal documents.x"] {
            assert!(Register::new([bad]).is_err(), "{bad}");
        }
        assert!(Register::new(["portal.documents"]).unwrap().has("portal.documents"));
        assert!(!Register::new([]).unwrap().has("portal.documents"));
    }
}
