//! Where labels stand: near their node, away from every node and every other label.

use super::place::{HEIGHT, HUB, MIDDLE, Point, WIDTH};

/// The height of a label's letters with their leading.
pub(super) const LINE: f32 = 20.0;
const FONT: f32 = 17.0;

/// An upright box.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Area {
    pub(super) left: f32,
    pub(super) top: f32,
    pub(super) right: f32,
    pub(super) bottom: f32,
}

impl Area {
    /// The box around a mark.
    pub(super) fn around(point: Point, radius: f32) -> Self {
        Self {
            left: point.x - radius,
            top: point.y - radius,
            right: point.x + radius,
            bottom: point.y + radius,
        }
    }

    /// Whether the two share more than an edge.
    pub(super) fn meets(&self, other: &Self) -> bool {
        self.left < other.right
            && other.left < self.right
            && self.top < other.bottom
            && other.top < self.bottom
    }

    fn inside(&self) -> bool {
        self.left >= 4.0 && self.top >= 4.0 && self.right <= WIDTH - 4.0 && self.bottom <= HEIGHT - 4.0
    }

    /// Whether the line from `from` to `to` passes through.
    fn crossed(&self, from: Point, to: Point) -> bool {
        let (dx, dy) = (to.x - from.x, to.y - from.y);
        let (mut enter, mut leave) = (0.0_f32, 1.0_f32);
        for (start, delta, low, high) in
            [(from.x, dx, self.left, self.right), (from.y, dy, self.top, self.bottom)]
        {
            if delta.abs() < f32::EPSILON {
                if start < low || start > high {
                    return false;
                }
                continue;
            }
            let (near, far) = ((low - start) / delta, (high - start) / delta);
            enter = enter.max(near.min(far));
            leave = leave.min(near.max(far));
        }
        enter < leave
    }

    fn middle(&self) -> Point {
        Point { x: f32::midpoint(self.left, self.right), y: f32::midpoint(self.top, self.bottom) }
    }
}

/// A label that found its place.
#[derive(Clone, Copy, Debug)]
pub(super) struct Placed {
    /// Its box.
    pub(super) area: Area,
    /// Whether a lead line joins it to its node.
    pub(super) lead: bool,
}

/// The plan of a star: its nodes, its lines, and the labels placed so far.
pub(super) struct Plan<'a> {
    /// The box around each node.
    pub(super) nodes: &'a [Area],
    /// The node at the end of each line from the hub.
    pub(super) ends: &'a [Point],
    labels: Vec<Area>,
    leads: Vec<(Point, Point)>,
}

impl<'a> Plan<'a> {
    /// A plan without labels.
    pub(super) fn new(nodes: &'a [Area], ends: &'a [Point]) -> Self {
        Self { nodes, ends, labels: Vec::new(), leads: Vec::new() }
    }

    /// Finds a place for a text of `width` at node `node`; the best of the free ones.
    pub(super) fn place(&mut self, node: usize, width: f32) -> Option<Placed> {
        let mut best: Option<(f32, Placed)> = None;
        for (rank, (area, lead)) in candidates(self.ends[node], self.nodes[node], width).enumerate() {
            let least = rank as f32;
            if best.is_some_and(|(cost, _)| cost <= least) {
                break;
            }
            if let Some(crossings) = self.crossings(node, &area, lead) {
                let cost = least + 2.0 * crossings as f32;
                if best.is_none_or(|(known, _)| cost < known) {
                    best = Some((cost, Placed { area, lead }));
                }
            }
        }
        let (_, placed) = best?;
        self.labels.push(placed.area);
        if placed.lead {
            self.leads.push((self.ends[node], placed.area.middle()));
        }
        Some(placed)
    }

    /// How many lines pass behind the box; `None` where it may not stand.
    fn crossings(&self, node: usize, area: &Area, lead: bool) -> Option<usize> {
        let hub = Area::around(MIDDLE, HUB + 4.0);
        if !area.inside() || area.meets(&hub) || self.labels.iter().any(|label| label.meets(area)) {
            return None;
        }
        if self.nodes.iter().any(|other| other.meets(area)) {
            return None;
        }
        let (from, to) = (self.ends[node], area.middle());
        let mut others = self.nodes.iter().enumerate();
        if lead && others.any(|(index, other)| index != node && other.crossed(from, to)) {
            return None;
        }
        if lead && self.labels.iter().any(|label| label.crossed(from, to)) {
            return None;
        }
        if self.leads.iter().any(|(from, to)| area.crossed(*from, *to)) {
            return None;
        }
        Some(self.ends.iter().filter(|end| area.crossed(MIDDLE, **end)).count())
    }
}

/// Boxes around a node, the one that is read most easily first.
fn candidates(at: Point, node: Area, width: f32) -> impl Iterator<Item = (Area, bool)> {
    let outward = if at.x < MIDDLE.x { -1.0 } else { 1.0 };
    let down = if at.y < MIDDLE.y { -1.0 } else { 1.0 };
    let radius = (node.right - node.left) / 2.0;
    let beside = move |side: f32, dx: f32, dy: f32| {
        let left = if side > 0.0 { at.x + radius + dx } else { at.x - radius - dx - width };
        area_at(left, at.y + dy, width)
    };
    let near = [outward, -outward]
        .into_iter()
        .flat_map(move |side| [0.0, 9.0, -9.0].map(|dy| (beside(side, 6.0, dy), false)));
    let over = [down, -down]
        .into_iter()
        .map(move |side| (area_at(at.x - width / 2.0, at.y + side * (radius + 14.0), width), false));
    let far = [26.0, 46.0, 70.0, 100.0, 135.0].into_iter().flat_map(move |distance| {
        [(1.0, 0.0), (0.9, 0.45), (0.7, 0.7), (0.3, 0.95), (0.9, -0.45), (0.7, -0.7)]
            .into_iter()
            .flat_map(move |(dx, dy)| {
                [outward, -outward]
                    .map(|side| (beside(side, dx * distance, down * dy * distance), true))
            })
    });
    near.chain(over).chain(far)
}

fn area_at(left: f32, middle: f32, width: f32) -> Area {
    Area { left, top: middle - LINE / 2.0, right: left + width, bottom: middle + LINE / 2.0 }
}

/// The width of a text in the star's semi-bold letters, rather too much than too little.
pub(super) fn width(text: &str) -> f32 {
    let em: f32 = text.chars().map(letter).sum();
    em * FONT + 4.0
}

fn letter(char: char) -> f32 {
    match char {
        ' ' | '\u{a0}' | '.' | ',' | ':' | ';' | '\'' | '|' | 'i' | 'l' | 'і' | 'j' => 0.31,
        'ж' | 'ш' | 'щ' | 'ю' | 'ф' | 'м' | 'ы' | 'm' | 'w' | '№' | '%' | '—' => 0.94,
        'Ж' | 'Ш' | 'Щ' | 'Ю' | 'Ф' | 'М' | 'Ы' | 'M' | 'W' => 1.02,
        _ if char.is_uppercase() => 0.74,
        _ => 0.63,
    }
}
