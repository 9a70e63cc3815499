//! The drawing itself.

use ets_i18n::{Tr, t};
use ets_model::LinkState;

use super::Spot;
use super::label::{LINE, Mark, Placed, Plan, lines, width};
use super::place::{HEIGHT, HUB, MIDDLE, Point, WIDTH, places};
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
    let marks = marks(spots, &points, radius);
    let labels = labels(spots, &marks);
    let mut out = String::with_capacity(1_024 + spots.len() * 300);
    let dense = if spots.len() > 100 { " class=\"dense\"" } else { "" };
    put!(
        out,
        "<div class=\"star\"><svg{dense} viewBox=\"0 0 {WIDTH} {HEIGHT}\" role=\"group\" aria-label=\""
    );
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
            text(&spots[index], marks[index], label, &mut out);
        }
    }
    out.push_str("</g></svg>");
    list(tr, spots, &labels, &mut out);
    out.push_str("</div>");
    Html::trusted(out)
}

fn marks(spots: &[Spot], points: &[Point], radius: f32) -> Vec<Mark> {
    let mark = |(spot, at): (&Spot, &Point)| Mark { at: *at, radius: reach(spot, radius) };
    spots.iter().zip(points).map(mark).collect()
}

/// How far a mark reaches from its middle: loud states are larger, and never tiny.
fn reach(spot: &Spot, radius: f32) -> f32 {
    let radius = if spot.troubled() { (radius * 1.3).max(6.4) } else { radius };
    radius * spot.size
}

/// How far the symbols reach as they are drawn in the sprite.
fn natural(state: LinkState) -> f32 {
    if state == LinkState::Up { 8.0 } else { 10.4 }
}

/// How much a state needs a person, the most first.
fn severity(state: LinkState) -> usize {
    LinkState::ALL.iter().position(|known| *known == state).unwrap_or_default()
}

/// The labels: of troubled spots, the worst state first, and of groups. Whoever comes first may
/// stand in another's way, so several orders are tried and the best outcome is taken.
fn labels(spots: &[Spot], marks: &[Mark]) -> Vec<Option<Placed>> {
    let mut wanted: Vec<usize> =
        (0..spots.len()).filter(|index| spots[*index].troubled() || spots[*index].named).collect();
    wanted.sort_by_key(|index| severity(spots[*index].state));
    if !spots.iter().any(|spot| spot.named) {
        wanted.truncate(MOST_LABELS);
    }
    let texts: Vec<(f32, f32)> = wanted.iter().map(|index| size(&spots[*index])).collect();
    let turn = |place: usize| {
        let at = marks[wanted[place]].at;
        (at.x - MIDDLE.x).atan2(MIDDLE.y - at.y)
    };
    let far = |place: usize| {
        let at = marks[wanted[place]].at;
        (at.x - MIDDLE.x).hypot(at.y - MIDDLE.y)
    };
    let by = |key: &dyn Fn(usize) -> f32| {
        let mut order: Vec<usize> = (0..wanted.len()).collect();
        order.sort_by(|a, b| key(*a).total_cmp(&key(*b)));
        order
    };
    let orders = [
        by(&|place| place as f32),
        by(&turn),
        by(&|place| -turn(place)),
        by(&far),
        by(&|place| -far(place)),
    ];
    let mut best = (f32::INFINITY, Vec::new());
    for order in orders {
        let mut plan = Plan::new(marks);
        let mut labels = vec![None; spots.len()];
        let mut homeless = 0.0;
        for place in order {
            let (index, (width, height)) = (wanted[place], texts[place]);
            labels[index] = plan.place(index, width, height);
            if labels[index].is_none() {
                homeless += 300.0 - 50.0 * severity(spots[index].state) as f32;
            }
        }
        if homeless + plan.cost < best.0 {
            best = (homeless + plan.cost, labels);
        }
    }
    if best.1.is_empty() { vec![None; spots.len()] } else { best.1 }
}

/// The width and height of a spot's label.
fn size(spot: &Spot) -> (f32, f32) {
    let lines = lines(&label_text(spot));
    let widest = lines.iter().map(|line| width(line)).fold(0.0, f32::max);
    (widest, LINE * lines.len() as f32)
}

fn label_text(spot: &Spot) -> String {
    if spot.note.is_empty() { spot.name.clone() } else { format!("{} · {}", spot.name, spot.note) }
}

fn line(spot: &Spot, point: Point, radius: f32, out: &mut String) {
    let from = MIDDLE.towards(point, HUB + 1.0);
    let to = point.towards(MIDDLE, reach(spot, radius));
    let (attribute, value) = (&spot.follows.0, escape(&spot.follows.1));
    let state = spot.state;
    put!(
        *out,
        "<path class=\"l{}\" {attribute}=\"{value}\" data-state=\"{state}\" d=\"",
        band(spot.load)
    );
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
    let (state, scale) = (spot.state, reach(spot, radius) / natural(spot.state));
    put!(
        *out,
        "<a class=\"n\" href=\"{}\" {attribute}=\"{value}\" data-state=\"{state}\" ",
        escape(&spot.href)
    );
    put!(*out, "transform=\"translate({:.0} {:.0})", point.x, point.y);
    if (scale - 1.0).abs() > 0.01 {
        put!(*out, "scale({scale:.2})");
    }
    put!(*out, "\"><title>{}</title><circle class=\"hit\" r=\"14\"/>", escape(&spot.text));
    put!(*out, "<use href=\"#n-{state}\"/></a>");
}

fn text(spot: &Spot, mark: Mark, label: &Placed, out: &mut String) {
    let (area, point) = (&label.area, mark.at);
    let (x, anchor) = if area.left < point.x && area.right > point.x {
        (f32::midpoint(area.left, area.right), " m")
    } else if area.right <= point.x {
        (area.right, " e")
    } else {
        (area.left, "")
    };
    if let Some([elbow, end]) = label.lead {
        let from = mark.at.towards(elbow, mark.radius);
        put!(*out, "<path class=\"lead\" d=\"M{:.0} {:.0}", from.x, from.y);
        put!(*out, "L{:.0} {:.0}L{:.0} {:.0}\"/>", elbow.x, elbow.y, end.x, end.y);
    }
    // Ground behind the words, so that no line runs through them.
    put!(*out, "<rect class=\"lbg\" x=\"{:.0}\" y=\"{:.0}\" ", area.left - 2.0, area.top);
    let (wide, high) = (area.right - area.left + 4.0, area.bottom - area.top);
    put!(*out, "width=\"{wide:.0}\" height=\"{high:.0}\"/>");
    put!(*out, "<text class=\"lb {}{anchor}\">", spot.state);
    for (index, line) in lines(&label_text(spot)).iter().enumerate() {
        let y = area.top + LINE * (index as f32 + 0.74);
        put!(*out, "<tspan x=\"{x:.0}\" y=\"{y:.0}\">{}</tspan>", escape(line));
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
    troubled.sort_by_key(|index| (labels[*index].is_some(), severity(spots[*index].state)));
    let homeless = troubled.iter().filter(|index| labels[**index].is_none()).count();
    let whole = if homeless == 0 { " small" } else { "" };
    put!(*out, "<div class=\"star-list{whole}\"><p>{}</p><ul>", t::star_elsewhere(tr));
    for index in troubled.iter().take(MOST_LISTED) {
        let spot = &spots[*index];
        let class = if labels[*index].is_some() { " class=\"small\"" } else { "" };
        put!(*out, "<li{class}>{}<a href=\"{}\">", icon(spot.state), escape(&spot.href));
        put!(*out, "{}</a></li>", escape(&label_text(spot)));
    }
    // The large star's list has only those without a label.
    for (all, class) in [(troubled.len(), "small"), (homeless, "large")] {
        if let Some(more) = all.checked_sub(MOST_LISTED).filter(|more| *more > 0) {
            put!(*out, "<li class=\"{class}\">{}</li>", t::star_more(tr, more));
        }
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
            let marks = marks(&spots, &points, radius);
            let placed: Vec<_> =
                labels(&spots, &marks).into_iter().flatten().map(|label| label.area).collect();
            for (index, label) in placed.iter().enumerate() {
                prop_assert!(marks.iter().all(|mark| !mark.area().meets(label)));
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
        let marks = marks(&spots, &points, radius);
        let found = labels(&spots, &marks).into_iter().flatten().count();
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
