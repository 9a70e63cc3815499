//! The built-in fonts: widths, glyphs and lines that fit.

use std::collections::BTreeMap;

use ttf_parser::Face;

use crate::Error;

/// IBM Plex Sans (SIL OFL 1.1), cut down by `scripts/subset-fonts.sh`.
const REGULAR: &[u8] = include_bytes!("../../assets/plex-sans-400.ttf");
const BOLD: &[u8] = include_bytes!("../../assets/plex-sans-600.ttf");

/// Which of the two.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Weight {
    #[default]
    Regular,
    Bold,
}

#[derive(Debug)]
pub(crate) struct Fonts {
    pub(crate) regular: Font,
    pub(crate) bold: Font,
}

/// One font. Lengths are in thousandths of the size.
#[derive(Debug)]
pub(crate) struct Font {
    pub(crate) bytes: &'static [u8],
    pub(crate) name: &'static str,
    pub(crate) bold: bool,
    glyphs: BTreeMap<char, u16>,
    /// By glyph.
    pub(crate) widths: Vec<f32>,
    pub(crate) ascent: f32,
    pub(crate) descent: f32,
    pub(crate) cap_height: f32,
    pub(crate) bbox: [f32; 4],
}

impl Fonts {
    pub(crate) fn built_in() -> Result<Self, Error> {
        Ok(Self {
            regular: Font::parse(REGULAR, "IBMPlexSans", false)?,
            bold: Font::parse(BOLD, "IBMPlexSans-SemiBold", true)?,
        })
    }

    pub(crate) fn of(&self, weight: Weight) -> &Font {
        match weight {
            Weight::Regular => &self.regular,
            Weight::Bold => &self.bold,
        }
    }
}

impl Font {
    fn parse(bytes: &'static [u8], name: &'static str, bold: bool) -> Result<Self, Error> {
        let face = Face::parse(bytes, 0).map_err(|_| Error::Font)?;
        let scale = 1_000.0 / f32::from(face.units_per_em());
        let width = |glyph| {
            let advance = face.glyph_hor_advance(ttf_parser::GlyphId(glyph)).unwrap_or(0);
            f32::from(advance) * scale
        };
        let bbox = face.global_bounding_box();
        Ok(Self {
            bytes,
            name,
            bold,
            glyphs: glyphs(&face),
            widths: (0..face.number_of_glyphs()).map(width).collect(),
            ascent: f32::from(face.ascender()) * scale,
            descent: f32::from(face.descender()) * scale,
            cap_height: f32::from(face.capital_height().unwrap_or(700)) * scale,
            bbox: [bbox.x_min, bbox.y_min, bbox.x_max, bbox.y_max]
                .map(|side| f32::from(side) * scale),
        })
    }

    /// The glyph of a character: its own, or that of the nearest one that the font has. 0 is the
    /// empty box.
    pub(crate) fn glyph(&self, character: char) -> u16 {
        let near = match character {
            '\u{202f}' | '\u{2009}' | '\u{2007}' | '\t' | '\n' => '\u{a0}',
            '\u{2011}' | '\u{2010}' => '-',
            '→' | '⟶' => '›',
            '←' => '‹',
            '≈' => '~',
            other => other,
        };
        let found = self.glyphs.get(&character).or_else(|| self.glyphs.get(&near));
        found.copied().unwrap_or(0)
    }

    /// Each glyph once with its character.
    pub(crate) fn characters(&self) -> impl Iterator<Item = (u16, char)> {
        let mut first: BTreeMap<u16, char> = BTreeMap::new();
        for (character, glyph) in &self.glyphs {
            first.entry(*glyph).or_insert(*character);
        }
        first.into_iter()
    }

    /// How wide a text is at a size.
    pub(crate) fn width(&self, text: &str, size: f32) -> f32 {
        let glyphs = text.chars().map(|c| self.widths.get(usize::from(self.glyph(c))).copied());
        glyphs.map(|width| width.unwrap_or(0.0)).sum::<f32>() * size / 1_000.0
    }

    /// The text in lines of at most this width. A word that is wider is broken.
    pub(crate) fn lines(&self, text: &str, size: f32, width: f32) -> Vec<String> {
        let mut lines = Vec::new();
        for paragraph in text.split('\n') {
            let mut line = String::new();
            for word in paragraph.split(' ').filter(|word| !word.is_empty()) {
                let longer =
                    if line.is_empty() { word.to_owned() } else { format!("{line} {word}") };
                if self.width(&longer, size) <= width {
                    line = longer;
                    continue;
                }
                if !line.is_empty() {
                    lines.push(std::mem::take(&mut line));
                }
                line = self.broken(word, size, width, &mut lines);
            }
            lines.push(line);
        }
        lines
    }

    /// Breaks a word that is too wide; answers what is left of it.
    fn broken(&self, word: &str, size: f32, width: f32, lines: &mut Vec<String>) -> String {
        let mut line = String::new();
        for character in word.chars() {
            line.push(character);
            if self.width(&line, size) > width && line.chars().count() > 1 {
                line.pop();
                lines.push(std::mem::take(&mut line));
                line.push(character);
            }
        }
        line
    }
}

fn glyphs(face: &Face<'_>) -> BTreeMap<char, u16> {
    let mut glyphs = BTreeMap::new();
    let tables = face.tables().cmap.iter().flat_map(|cmap| cmap.subtables);
    for table in tables.filter(ttf_parser::cmap::Subtable::is_unicode) {
        table.codepoints(|point| {
            let found = char::from_u32(point).zip(table.glyph_index(point));
            if let Some((character, glyph)) = found {
                glyphs.insert(character, glyph.0);
            }
        });
    }
    glyphs
}

#[cfg(test)]
mod tests {
    use super::*;

    /// covers: N5.4
    #[test]
    fn the_fonts_have_every_kazakh_and_russian_letter_and_what_numbers_need() {
        let fonts = Fonts::built_in().unwrap();
        let letters = "аәбвгғдеёжзийкқлмнңоөпрстуұүфхһцчшщъыіьэюя";
        let signs = "0123456789.,:;-–—«»“”№%()/+±·×₸ \u{a0}'\"…";
        for font in [&fonts.regular, &fonts.bold] {
            for character in
                letters.chars().chain(letters.to_uppercase().chars()).chain(signs.chars())
            {
                assert_ne!(font.glyph(character), 0, "{character:?}");
            }
            assert_ne!(font.glyph('\u{202f}'), 0, "a narrow space is a space");
        }
    }

    #[test]
    fn lines_fit_and_a_long_word_is_broken() {
        let fonts = Fonts::built_in().unwrap();
        let font = fonts.of(Weight::Regular);
        let text =
            "Шығыс Қазақстан облысының мемлекеттік архивіABCDEFGHIJKLMNOPQRSTUVWXYZABCDEFGHIJ";
        let lines = font.lines(text, 10.0, 100.0);
        assert!(lines.len() > 3);
        assert!(lines.iter().all(|line| font.width(line, 10.0) <= 100.0), "{lines:?}");
        assert_eq!(lines.concat().replace(' ', ""), text.replace(' ', ""));
        assert_eq!(font.lines("", 10.0, 100.0), [""]);
    }
}
