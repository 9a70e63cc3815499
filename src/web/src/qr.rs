//! The address of a page as a QR code, for paper.

use qrcode::{Color, EcLevel, QrCode};

use crate::Html;
use crate::html::put;

/// The code as SVG, one module one unit, with the quiet zone of four (ISO/IEC 18004). Empty where
/// the text is too long for a code.
#[must_use]
pub fn code(text: &str) -> Html {
    let Ok(code) = QrCode::with_error_correction_level(text, EcLevel::M) else {
        return Html::default();
    };
    let width = code.width();
    let colours = code.to_colors();
    let side = width + 8;
    let mut svg = String::with_capacity(width * 40);
    put!(svg, "<svg class=\"qr\" viewBox=\"0 0 {side} {side}\" aria-hidden=\"true\"><path d=\"");
    for (row, line) in colours.chunks(width).enumerate() {
        runs(row + 4, line, &mut svg);
    }
    svg.push_str("\"/></svg>");
    Html::trusted(svg)
}

/// The dark runs of one line as rectangles of one unit's height.
fn runs(row: usize, line: &[Color], svg: &mut String) {
    let mut at = 0;
    while at < line.len() {
        let length = line[at..].iter().take_while(|colour| **colour == Color::Dark).count();
        if length > 0 {
            put!(*svg, "M{} {row}h{length}v1h-{length}z", at + 4);
        }
        at += length.max(1);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_address_becomes_a_small_code_and_an_endless_one_none() {
        let code = code("https://hub.ets.localhost:8443/segments/s001");
        assert!(code.as_str().contains("viewBox=\"0 0 41 41\""), "{}", &code.as_str()[..60]);
        assert!(code.as_str().len() < 6_000);
        assert!(super::code(&"x".repeat(5_000)).is_empty());
    }
}
