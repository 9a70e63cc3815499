//! How much, to be seen at a glance: one bar for each way, against the largest of the list. The
//! figures stand beside it, so it is silent for assistive tools.

use ets_traffic::{Amount, Both};
use ets_web::Html;

const WIDTH: f64 = 100.0;

/// Both ways; `most` is the length of a full bar.
pub(super) fn both(amount: Both<Amount>, most: u64) -> Html {
    of(Both { up: amount.up.bytes, down: amount.down.bytes }, most)
}

/// The same of plain figures.
pub(in super::super) fn of(both: Both<u64>, most: u64) -> Html {
    let width = |value: u64| {
        let share = value as f64 / most.max(1) as f64;
        if value == 0 { 0.0 } else { (share * WIDTH).clamp(0.5, WIDTH) }
    };
    Html::trusted(format!(
        "<svg class=\"fl\" viewBox=\"0 0 100 12\" preserveAspectRatio=\"none\" aria-hidden=\"true\">\
         <rect class=\"dn\" y=\"1\" height=\"4.5\" width=\"{:.1}\"/>\
         <rect class=\"ub\" y=\"6.5\" height=\"4.5\" width=\"{:.1}\"/></svg>",
        width(both.down),
        width(both.up),
    ))
}

/// One figure of a whole.
pub(in super::super) fn one(part: u64, whole: u64) -> Html {
    let width = (part as f64 / whole.max(1) as f64 * WIDTH).clamp(0.0, WIDTH);
    Html::trusted(format!(
        "<svg class=\"fl\" viewBox=\"0 0 100 12\" preserveAspectRatio=\"none\" aria-hidden=\"true\">\
         <rect class=\"tr\" y=\"2\" height=\"8\" width=\"100\"/>\
         <rect class=\"dn\" y=\"2\" height=\"8\" width=\"{width:.1}\"/></svg>"
    ))
}
