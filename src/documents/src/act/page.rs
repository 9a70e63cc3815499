//! A page as a list of marks. Lengths are points from the upper left corner.

use crate::act::font::Weight;

/// A4.
pub(crate) const WIDTH: f32 = 595.28;
/// A4.
pub(crate) const HEIGHT: f32 = 841.89;

/// What is put on paper.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Mark {
    /// A line of text; `y` is that of its base line.
    Text { x: f32, y: f32, size: f32, weight: Weight, gray: f32, text: String },
    /// A straight line.
    Line { from: (f32, f32), to: (f32, f32), width: f32, gray: f32 },
    /// A filled rectangle by its upper left corner.
    Fill { x: f32, y: f32, width: f32, height: f32, gray: f32 },
}

/// One page.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Page {
    pub(crate) marks: Vec<Mark>,
}
