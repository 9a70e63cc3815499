//! Sorting as people of the region expect: Kazakh letters in their places, ё beside е, numbers
//! by their value, capitals beside small letters.

use std::cmp::Ordering;

use crate::Lang;

/// The Kazakh alphabet, which holds the Russian one in its order.
const CYRILLIC: &str = "аәбвгғдеёжзийкқлмнңоөпрстуұүфхһцчшщъыіьэюя";

/// A key whose bytes sort as the text should in `lang`. The reader's own script comes first.
#[must_use]
pub fn collation_key(lang: Lang, text: &str) -> Vec<u8> {
    let mut key = Vec::with_capacity(text.len() + 4);
    let mut accents = Vec::new();
    let mut chars = text.chars().peekable();
    while let Some(char) = chars.next() {
        if let Some(first) = char.to_digit(10) {
            let mut number = u64::from(first);
            while let Some(digit) = chars.peek().and_then(|next| next.to_digit(10)) {
                number = number.saturating_mul(10).saturating_add(u64::from(digit));
                chars.next();
            }
            key.push(DIGITS);
            key.extend_from_slice(&number.to_be_bytes());
            continue;
        }
        for small in char.to_lowercase() {
            if small.is_alphabetic() {
                letter(lang, small, &mut key);
                accents.push(u8::from(small == 'ё') * 2 + u8::from(char != small));
            } else if key.last() != Some(&SPACE) {
                key.push(SPACE);
            }
        }
    }
    while key.last() == Some(&SPACE) {
        key.pop();
    }
    key.push(0);
    key.append(&mut accents);
    key
}

/// Compares two texts as [`collation_key`] sorts them.
#[must_use]
pub fn compare(lang: Lang, left: &str, right: &str) -> Ordering {
    collation_key(lang, left).cmp(&collation_key(lang, right))
}

const SPACE: u8 = 1;
const DIGITS: u8 = 2;
const OWN: u8 = 3;
const OTHER: u8 = 4;
const REST: u8 = 5;

fn letter(lang: Lang, small: char, key: &mut Vec<u8>) {
    let (own, other) = if lang == Lang::En { (OTHER, OWN) } else { (OWN, OTHER) };
    let plain = if small == 'ё' { 'е' } else { small };
    let place = CYRILLIC.chars().position(|letter| letter == plain);
    if let Some(place) = place.and_then(|place| u8::try_from(place).ok()) {
        key.extend_from_slice(&[own, place]);
    } else if let Ok(latin @ b'a'..=b'z') = u8::try_from(small) {
        key.extend_from_slice(&[other, latin]);
    } else {
        key.push(REST);
        key.extend_from_slice(&u32::from(small).to_be_bytes());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn sorted(lang: Lang, mut words: Vec<&str>) -> Vec<&str> {
        words.sort_by_key(|word| collation_key(lang, word));
        words
    }

    #[test]
    fn kazakh_letters_stand_in_their_alphabetical_places() {
        let words = vec![
            "Үржар",
            "Яблочное",
            "Ұлан",
            "Уба",
            "Қатон",
            "Катон",
            "Әкімдік",
            "Аягөз",
            "Іле",
            "Ышкы",
            "Һор",
            "Хор",
        ];
        let expected = [
            "Аягөз",
            "Әкімдік",
            "Катон",
            "Қатон",
            "Уба",
            "Ұлан",
            "Үржар",
            "Хор",
            "Һор",
            "Ышкы",
            "Іле",
            "Яблочное",
        ];
        assert_eq!(sorted(Lang::Kk, words), expected);
    }

    #[test]
    fn numbers_sort_by_value_and_the_own_script_comes_first() {
        assert_eq!(
            sorted(Lang::Ru, vec!["ЦОН № 10", "ЦОН № 2", "Archive", "Архив", "ЦОН"]),
            ["Архив", "ЦОН", "ЦОН № 2", "ЦОН № 10", "Archive"]
        );
        assert_eq!(sorted(Lang::En, vec!["Архив", "Archive"]), ["Archive", "Архив"]);
    }

    #[test]
    fn yo_stands_beside_ye_and_capitals_beside_small_letters() {
        assert_eq!(
            sorted(Lang::Ru, vec!["Ёлки", "Ель", "ёж", "Жук", "елка"]),
            ["ёж", "елка", "Ёлки", "Ель", "Жук"]
        );
    }

    proptest! {
        #[test]
        fn any_two_texts_can_be_compared(left in ".{0,40}", right in ".{0,40}") {
            let there = compare(Lang::Kk, &left, &right);
            prop_assert_eq!(there, compare(Lang::Kk, &right, &left).reverse());
        }
    }
}
