//! Where everything stands: angles from the order, rings from the number.

use std::f32::consts::TAU;

use super::Spot;

/// The drawing's own size; all figures of the star are in these units.
pub(super) const WIDTH: f32 = 1100.0;
/// Its height.
pub(super) const HEIGHT: f32 = 776.0;
/// The hub's radius.
pub(super) const HUB: f32 = 42.0;

/// A point of the drawing.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Point {
    pub(super) x: f32,
    pub(super) y: f32,
}

/// The radius of the outermost ring.
pub(super) const RING: f32 = 318.0;

/// The middle, where the hub stands.
pub(super) const MIDDLE: Point = Point { x: WIDTH / 2.0, y: HEIGHT / 2.0 };

/// The places of all spots, in their order, and the radius of a mark of size 1.
pub(super) fn places(spots: &[Spot]) -> (Vec<Point>, f32) {
    let rings = match spots.len() {
        0..=12 => 1,
        13..=49 => 2,
        _ => 3,
    };
    let radius = match spots.len() {
        0..=49 => 8.0,
        50..=100 => 6.5,
        101..=180 => 5.0,
        _ => 4.0,
    };
    let order = by_sector(spots);
    let gaps = order.windows(2).filter(|pair| spots[pair[0]].sector != spots[pair[1]].sector);
    let sectors = gaps.count() + 1;
    let gap = if sectors > 1 { GAP } else { 0.0 };
    let step = TAU / (spots.len().max(1) as f32 + gap * sectors as f32);
    let mut points = vec![MIDDLE; spots.len()];
    let mut turn = 0.0;
    let mut before: Option<usize> = None;
    for (position, index) in order.into_iter().enumerate() {
        if let Some(before) = before {
            turn += step;
            if spots[before].sector != spots[index].sector {
                turn += gap * step;
            }
        }
        before = Some(index);
        points[index] = on_ring(turn, position % rings, rings);
    }
    (points, radius)
}

/// The space between two sectors, in steps between two nodes.
const GAP: f32 = 0.9;

/// The indices of the spots, sector by sector in the order in which sectors first appear.
fn by_sector(spots: &[Spot]) -> Vec<usize> {
    let mut sectors: Vec<&str> = Vec::new();
    for spot in spots {
        if !sectors.contains(&spot.sector.as_str()) {
            sectors.push(&spot.sector);
        }
    }
    let place = |index: &usize| sectors.iter().position(|name| *name == spots[*index].sector);
    let mut order: Vec<usize> = (0..spots.len()).collect();
    order.sort_by_key(place);
    order
}

/// The point at `turn` from the top, clockwise, on ring 0 (outermost) to `rings - 1`.
fn on_ring(turn: f32, ring: usize, rings: usize) -> Point {
    let share = match rings {
        1 => 0.85,
        2 => [1.0, 0.74][ring],
        _ => [1.0, 0.8, 0.6][ring],
    };
    let radius = RING * share;
    Point { x: MIDDLE.x + radius * turn.sin(), y: MIDDLE.y - radius * turn.cos() }
}

impl Point {
    /// The point `distance` away from `self` on the way to `other`.
    pub(super) fn towards(self, other: Self, distance: f32) -> Self {
        let (dx, dy) = (other.x - self.x, other.y - self.y);
        let length = dx.hypot(dy).max(f32::MIN_POSITIVE);
        Self { x: self.x + dx / length * distance, y: self.y + dy / length * distance }
    }
}
