//! The fonts that we serve have every character that we write.

#![allow(clippy::unwrap_used, reason = "a test may end at once")]

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).to_path_buf()
}

fn covered() -> BTreeSet<char> {
    let list = fs::read_to_string(root().join("assets/covered.txt")).unwrap();
    list.lines()
        .filter(|line| !line.starts_with('#'))
        .map(|line| char::from_u32(u32::from_str_radix(line, 16).unwrap()).unwrap())
        .collect()
}

/// covers: N11
#[test]
fn every_character_of_every_text_is_in_the_fonts() {
    let covered = covered();
    let locales = root().join("../i18n/locales");
    for lang in ["kk", "ru", "en"] {
        for entry in fs::read_dir(locales.join(lang)).unwrap() {
            let path = entry.unwrap().path();
            let text = fs::read_to_string(&path).unwrap();
            for (index, line) in text.lines().enumerate() {
                let foreign: String = line.chars().filter(|char| !covered.contains(char)).collect();
                let place = format!("{}:{}", path.display(), index + 1);
                assert!(foreign.is_empty(), "{place}: the fonts lack {foreign:?}");
            }
        }
    }
}

/// covers: N11
#[test]
fn the_fonts_have_all_kazakh_letters_and_the_tenge_sign() {
    let covered = covered();
    for char in "ӘәҒғҚқҢңӨөҰұҮүҺһІі₸№«»…–—".chars() {
        assert!(covered.contains(&char), "{char}");
    }
}
