//! The drawing itself.

use ets_i18n::{Tr, t};
use ets_model::LinkState;

use super::Spot;
use super::label::{Area, Placed, Plan, width};
use super::place::{self, HEIGHT, HUB, MIDDLE, Point, WIDTH, places};
use crate::Html;
use crate::html::{escape, put};
use crate::state::icon;

/// More labels than this nobody reads: the list takes the rest.
const MOST_LABELS: usize = 28;
/// More entries than this nobody reads either.
const MOST_LISTED: usize = 24;

/// The star of these spots; `segments` is how many segments they stand for.
pub(super) fn draw(tr: &Tr, mark: &str, segments: usize, spots: &[Spot]) -> Html {
    let (points, radius) = places(spots);
    let areas = areas(spots, &points, radius);
    let labels = labels(spots, &points, &areas);
    let mut out = String::with_capacity(1_024 + spots.len() * 300);
    put!(out, "<div class=\"star\"><svg viewBox=\"0 0 {WIDTH} {HEIGHT}\" role=\"group\" aria-label=\"");
    put!(out, "{}\"><g aria-hidden=\"true\">", escape(&t::star_label(tr, segments)));
    for (spot, point) in spots.iter().zip(&points) {
        line(spot, *point, radius, &mut out);
    }
    out.push_str("</g>");
    hub(tr, mark, &mut out);
    for (spot, point) in spots.iter().zip(&points) {
        node(spot, *point, radius, &mut out);
    }
    out.push_str("<g class=\"lbs\" aria-hidden=\"true\">");
    for (index, label) in labels.iter().enumerate() {
        if let Some(label) = label {
            text(&spots[index], points[index], label, &mut out);
        }
    }
    out.push_str("</g></svg>");
    list(tr, spots, &labels, &mut out);
    out.push_str("</div>");
    Html::trusted(out)
}

fn areas(spots: &[Spot], points: &[Point], radius: f32) -> Vec<Area> {
    let around = |(spot, point): (&Spot, &Point)| Area::around(*point, reach(spot, radius) + 2.0);
    spots.iter().zip(points).map(around).collect()
}

/// How far a mark reaches from its middle: loud states are larger.
fn reach(spot: &Spot, radius: f32) -> f32 {
    radius * spot.size * if spot.troubled() { 1.3 } else { 1.0 }
}

/// The labels, the worst state first; a healthy group's name only if there is room left.
fn labels(spots: &[Spot], points: &[Point], areas: &[Area]) -> Vec<Option<Placed>> {
    let mut order: Vec<usize> =
        (0..spots.len()).filter(|index| spots[*index].troubled() || spots[*index].named).collect();
    let severity = |state: LinkState| LinkState::ALL.iter().position(|known| *known == state);
    order.sort_by_key(|index| severity(spots[*index].state));
    let most = if spots.iter().any(|spot| spot.named) { spots.len() } else { MOST_LABELS };
    let mut plan = Plan::new(areas, points);
    let mut labels = vec![None; spots.len()];
    for index in order.into_iter().take(most) {
        labels[index] = plan.place(index, width(&label_text(&spots[index])));
    }
    labels
}

fn label_text(spot: &Spot) -> String {
    if spot.note.is_empty() { spot.name.clone() } else { format!("{} · {}", spot.name, spot.note) }
}

fn line(spot: &Spot, point: Point, radius: f32, out: &mut String) {
    let from = MIDDLE.towards(point, HUB + 1.0);
    let to = point.towards(MIDDLE, reach(spot, radius));
    let (attribute, value) = (&spot.follows.0, escape(&spot.follows.1));
    let state = spot.state;
    put!(*out, "<path class=\"l{}\" {attribute}=\"{value}\" data-state=\"{state}\" d=\"", band(spot.load));
    put!(*out, "M{:.0} {:.0}L{:.0} {:.0}\"/>", from.x, from.y, to.x, to.y);
}

/// The class of a line's width and tint: five bands of use.
fn band(load: Option<f32>) -> &'static str {
    match load {
        None => "",
        Some(load) if load < 0.02 => " u0",
        Some(load) if load < 0.15 => " u1",
        Some(load) if load < 0.4 => " u2",
        Some(load) if load < 0.7 => " u3",
        Some(_) => " u4",
    }
}

fn hub(tr: &Tr, mark: &str, out: &mut String) {
    let Point { x, y } = MIDDLE;
    put!(*out, "<g class=\"hub\"><circle cx=\"{x}\" cy=\"{y}\" r=\"{HUB}\"/>");
    put!(*out, "<text x=\"{x}\" y=\"{}\">{}</text>", y + 1.0, escape(mark));
    put!(*out, "<text class=\"s\" x=\"{x}\" y=\"{}\">{}</text></g>", y + 19.0, t::star_hub(tr));
}

fn node(spot: &Spot, point: Point, radius: f32, out: &mut String) {
    let (attribute, value) = (&spot.follows.0, escape(&spot.follows.1));
    let (state, scale) = (spot.state, radius * spot.size / place::MARK);
    put!(*out, "<a class=\"n\" href=\"{}\" {attribute}=\"{value}\" data-state=\"{state}\" ", escape(&spot.href));
    put!(*out, "transform=\"translate({:.0} {:.0})", point.x, point.y);
    if (scale - 1.0).abs() > 0.01 {
        put!(*out, "scale({scale:.2})");
    }
    put!(*out, "\"><title>{}</title><circle class=\"hit\" r=\"14\"/>", escape(&spot.text));
    put!(*out, "<use href=\"#n-{state}\"/></a>");
}

fn text(spot: &Spot, point: Point, label: &Placed, out: &mut String) {
    let area = &label.area;
    let left = area.right <= point.x;
    let above = area.left < point.x && area.right > point.x;
    let (x, anchor) = match (above, left) {
        (true, _) => (f32::midpoint(area.left, area.right), " m"),
        (_, true) => (area.right, " e"),
        _ => (area.left, ""),
    };
    let y = area.bottom - 5.5;
    let state = spot.state;
    if label.lead {
        let end = if above { x } else if left { area.right + 2.0 } else { area.left - 2.0 };
        let middle = f32::midpoint(area.top, area.bottom);
        put!(*out, "<path class=\"lead\" d=\"M{:.0} {:.0}L{end:.0} {middle:.0}\"/>", point.x, point.y);
    }
    put!(*out, "<text class=\"lb {state}{anchor}\" x=\"{x:.0}\" y=\"{y:.0}\">{}", escape(&spot.name));
    if !spot.note.is_empty() {
        put!(*out, " <tspan>· {}</tspan>", escape(&spot.note));
    }
    out.push_str("</text>");
}

/// Every troubled spot as a list: shown whole where the star is small, else only those that
/// found no room for a label.
fn list(tr: &Tr, spots: &[Spot], labels: &[Option<Placed>], out: &mut String) {
    let mut troubled: Vec<usize> =
        (0..spots.len()).filter(|index| spots[*index].troubled()).collect();
    if troubled.is_empty() {
        return;
    }
    let severity = |state: LinkState| LinkState::ALL.iter().position(|known| *known == state);
    troubled.sort_by_key(|index| (severity(spots[*index].state), labels[*index].is_some()));
    let whole = if troubled.iter().all(|index| labels[*index].is_some()) { " small" } else { "" };
    put!(*out, "<div class=\"star-list{whole}\"><h3>{}</h3><ul>", t::star_elsewhere(tr));
    for index in troubled.iter().take(MOST_LISTED) {
        let spot = &spots[*index];
        let class = if labels[*index].is_some() { " class=\"small\"" } else { "" };
        put!(*out, "<li{class}>{}<a href=\"{}\">", icon(spot.state), escape(&spot.href));
        put!(*out, "{}</a></li>", escape(&label_text(spot)));
    }
    if let Some(more) = troubled.len().checked_sub(MOST_LISTED).filter(|more| *more > 0) {
        put!(*out, "<li>{}</li>", t::star_more(tr, more));
    }
    out.push_str("</ul></div>");
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn spot(index: usize, state: LinkState) -> Spot {
        Spot {
            follows: ("data-seg", format!("s{index:03}")),
            sector: format!("{}", index / 7),
            name: format!("Управление делами района № {index}"),
            note: String::new(),
            text: String::new(),
            href: String::new(),
            state,
            load: None,
            named: false,
            size: 1.0,
        }
    }

    fn any_state() -> impl Strategy<Value = LinkState> {
        prop_oneof![
            4 => Just(LinkState::Up),
            1 => Just(LinkState::Down),
            1 => Just(LinkState::Degraded),
            1 => Just(LinkState::Unknown),
            1 => Just(LinkState::Maintenance),
        ]
    }

    proptest! {
        /// covers: N11
        #[test]
        fn no_label_touches_a_node_or_another_label(
            states in prop::collection::vec(any_state(), 1..300)
        ) {
            let spots: Vec<Spot> =
                states.iter().enumerate().map(|(index, state)| spot(index, *state)).collect();
            let (points, radius) = places(&spots);
            let areas = areas(&spots, &points, radius);
            let placed: Vec<Area> =
                labels(&spots, &points, &areas).into_iter().flatten().map(|label| label.area).collect();
            for (index, label) in placed.iter().enumerate() {
                prop_assert!(areas.iter().all(|node| !node.meets(label)));
                prop_assert!(placed[..index].iter().all(|other| !other.meets(label)));
            }
        }
    }

    /// covers: N11
    #[test]
    fn a_few_troubled_segments_of_forty_nine_all_find_room() {
        let spots: Vec<Spot> = (0..49)
            .map(|index| spot(index, if index % 8 == 0 { LinkState::Down } else { LinkState::Up }))
            .collect();
        let (points, radius) = places(&spots);
        let areas = areas(&spots, &points, radius);
        let found = labels(&spots, &points, &areas).into_iter().flatten().count();
        assert_eq!(found, 7);
    }

    #[test]
    fn nodes_never_touch_each_other_up_to_three_hundred() {
        for count in [1, 12, 13, 49, 50, 100, 180, 300] {
            let spots: Vec<Spot> = (0..count).map(|index| spot(index, LinkState::Up)).collect();
            let (points, radius) = places(&spots);
            for (index, one) in points.iter().enumerate() {
                for other in &points[..index] {
                    let distance = (one.x - other.x).hypot(one.y - other.y);
                    assert!(distance > radius * 2.0, "{count}: {distance}");
                }
            }
        }
    }
}
