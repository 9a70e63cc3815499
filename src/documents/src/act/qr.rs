//! An address as a QR code (ISO/IEC 18004).

use qrcode::{Color, EcLevel, QrCode};

use crate::Error;
use crate::act::page::Mark;

/// Empty modules around a code.
const QUIET: usize = 4;

/// The marks of a code of this size, quiet zone included.
pub(crate) fn marks(address: &str, x: f32, y: f32, size: f32) -> Result<Vec<Mark>, Error> {
    let code = QrCode::with_error_correction_level(address, EcLevel::M)
        .map_err(|_| Error::AddressTooLong(address.len()))?;
    let width = code.width();
    let module = size / small(width + 2 * QUIET);
    let at = |index: usize| small(index + QUIET) * module;
    let colors = code.to_colors();
    let mut marks = Vec::new();
    for (row, modules) in colors.chunks(width).enumerate() {
        // Dark modules side by side are one rectangle.
        let mut column = 0;
        for run in modules.chunk_by(|one, other| one == other) {
            if run[0] == Color::Dark {
                let (x, y) = (x + at(column), y + at(row));
                marks.push(Mark::Fill {
                    x,
                    y,
                    width: small(run.len()) * module,
                    height: module,
                    gray: 0.0,
                });
            }
            column += run.len();
        }
    }
    Ok(marks)
}

#[allow(clippy::cast_precision_loss)]
fn small(number: usize) -> f32 {
    number as f32
}
