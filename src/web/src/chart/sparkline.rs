//! A sparkline: the course of a figure in the space of a word.

use ets_i18n::{Tr, t};

use crate::Html;
use crate::html::put;

const WIDTH: f32 = 110.0;
const HEIGHT: f32 = 22.0;

/// The course of `values`, oldest first; `None` is a lost probe: a gap in the line and a mark at
/// the foot. `digits` is for the summary that assistive tools read. The scale runs from 0 to the
/// largest value, but never below `floor`, so that noise does not look like a storm.
#[must_use]
pub fn sparkline(tr: &Tr, values: &[Option<f32>], floor: f32, digits: usize) -> Html {
    let known = || values.iter().flatten().copied().filter(|value| value.is_finite());
    let (min, max) = known()
        .fold((f32::INFINITY, 0.0_f32), |(min, max), value| (min.min(value), max.max(value)));
    let label = if min.is_finite() {
        let decimal = |value: f32| tr.decimal(f64::from(value), digits);
        t::sparkline_summary(tr, decimal(max), decimal(min))
    } else {
        t::sparkline_empty(tr).to_owned()
    };
    let mut out = String::with_capacity(96 + values.len() * 10);
    put!(
        out,
        "<svg class=\"sp\" viewBox=\"0 0 {WIDTH} {HEIGHT}\" preserveAspectRatio=\"none\" role=\"img\" \
         aria-label=\"{label}\">"
    );
    let (line, lost) = paths(values, max.max(floor));
    if !line.is_empty() {
        put!(out, "<path class=\"v\" d=\"{line}\"/>");
    }
    if !lost.is_empty() {
        put!(out, "<path class=\"x\" d=\"{lost}\"/>");
    }
    out.push_str("</svg>");
    Html::trusted(out)
}

fn paths(values: &[Option<f32>], top: f32) -> (String, String) {
    let step = WIDTH / (values.len().max(2) - 1) as f32;
    let (mut line, mut lost) = (String::new(), String::new());
    let mut joined = false;
    for (index, value) in values.iter().enumerate() {
        let x = index as f32 * step;
        if let Some(value) = value {
            let y = HEIGHT
                - 2.0
                - (value / top.max(f32::MIN_POSITIVE)).clamp(0.0, 1.0) * (HEIGHT - 4.0);
            put!(line, "{}{x:.0} {y:.1}", if joined { "L" } else { "M" });
            // A lone answer between losses must show: a line of no length with round ends does.
            if !joined {
                line.push_str("h0");
            }
        } else {
            put!(lost, "M{x:.0} {HEIGHT}v-5");
        }
        joined = value.is_some();
    }
    (line, lost)
}

#[cfg(test)]
mod tests {
    use super::*;
    use ets_i18n::{Lang, TimeZone};

    #[test]
    fn losses_are_gaps_with_marks_and_none_is_said_in_words() {
        let tr = Tr::new(Lang::Ru, TimeZone::UTC);
        let svg = sparkline(&tr, &[Some(1.0), None, Some(2.5)], 1.0, 1).into_string();
        assert!(svg.contains("class=\"x\" d=\"M55 22v-5\""), "{svg}");
        assert!(svg.contains("от 1,0 до 2,5"), "{svg}");
        assert!(sparkline(&tr, &[], 1.0, 1).as_str().contains("нет данных"));
    }
}
