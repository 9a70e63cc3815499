//! Where labels stand: near their node, away from every node and every other label.

use super::place::{HEIGHT, HUB, MIDDLE, Point, RING, WIDTH};

/// The height of a label's letters with their leading.
pub(super) const LINE: f32 = 23.0;
const FONT: f32 = 19.5;

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
        self.left >= 4.0
            && self.top >= 4.0
            && self.right <= WIDTH - 4.0
            && self.bottom <= HEIGHT - 4.0
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
}

/// A label that found its place.
#[derive(Clone, Copy, Debug)]
pub(super) struct Placed {
    /// Its box.
    pub(super) area: Area,
    /// The lead line to its node, where it stands apart: the elbow and the end at the label.
    pub(super) lead: Option<[Point; 2]>,
}

/// A mark of the star.
#[derive(Clone, Copy, Debug)]
pub(super) struct Mark {
    /// Its middle, where its line from the hub ends.
    pub(super) at: Point,
    /// How far it reaches.
    pub(super) radius: f32,
}

impl Mark {
    /// The box around it, with a little air.
    pub(super) fn area(&self) -> Area {
        Area::around(self.at, self.radius + 2.0)
    }

    /// Whether the line from `from` to `to` touches it.
    fn struck(&self, from: Point, to: Point) -> bool {
        let (dx, dy) = (to.x - from.x, to.y - from.y);
        let (px, py) = (self.at.x - from.x, self.at.y - from.y);
        let length = dx.hypot(dy).max(f32::MIN_POSITIVE);
        let along = ((px * dx + py * dy) / length).clamp(0.0, length);
        (px - dx / length * along).hypot(py - dy / length * along) < self.radius
    }
}

/// The plan of a star: its nodes, its lines, and the labels placed so far.
pub(super) struct Plan<'a> {
    marks: &'a [Mark],
    labels: Vec<Area>,
    leads: Vec<(Point, Point)>,
    /// What is wrong with all the places taken so far.
    pub(super) cost: f32,
}

/// Behind a label at most this many lines may pass; more, and nobody can read it.
const MOST_CROSSINGS: usize = 3;
/// What one of them costs: more than a place apart on a lead line.
const CROSSED: f32 = 14.0;

impl<'a> Plan<'a> {
    /// A plan without labels.
    pub(super) fn new(marks: &'a [Mark]) -> Self {
        Self { marks, labels: Vec::new(), leads: Vec::new(), cost: 0.0 }
    }

    /// Finds a place for a text of this size at node `node`: the best of the free ones.
    pub(super) fn place(&mut self, node: usize, width: f32, height: f32) -> Option<Placed> {
        let mut best: Option<(f32, Placed)> = None;
        for (least, placed) in candidates(self.marks[node], width, height) {
            if best.is_some_and(|(cost, _)| cost <= least) {
                continue;
            }
            if let Some(more) = self.cost(node, &placed)
                && best.is_none_or(|(known, _)| least + more < known)
            {
                best = Some((least + more, placed));
            }
        }
        let (cost, placed) = best?;
        self.cost += cost;
        self.labels.push(placed.area);
        self.leads.extend(segments(self.marks[node].at, &placed));
        Some(placed)
    }

    /// What is wrong with a place; `None` where the label may not stand there.
    fn cost(&self, node: usize, placed: &Placed) -> Option<f32> {
        let area = &placed.area;
        let hub = Area::around(MIDDLE, HUB + 4.0);
        if !area.inside() || area.meets(&hub) || self.labels.iter().any(|label| label.meets(area)) {
            return None;
        }
        if self.marks.iter().any(|other| other.area().meets(area)) {
            return None;
        }
        if self.leads.iter().any(|(from, to)| area.crossed(*from, *to)) {
            return None;
        }
        for (from, to) in segments(self.marks[node].at, placed) {
            let mut others = self.marks.iter().enumerate().filter(|(index, _)| *index != node);
            if others.any(|(_, other)| other.struck(from, to))
                || self.labels.iter().any(|label| label.crossed(from, to))
            {
                return None;
            }
        }
        let crossings = self.marks.iter().filter(|mark| area.crossed(MIDDLE, mark.at)).count();
        (crossings <= MOST_CROSSINGS)
            .then(|| CROSSED * crossings as f32 + 4.0 * self.strangers(node, area) as f32)
    }

    /// How many other nodes stand so near that the label might be taken for theirs.
    fn strangers(&self, node: usize, area: &Area) -> usize {
        let wide = Area {
            left: area.left - 14.0,
            top: area.top - 8.0,
            right: area.right + 14.0,
            bottom: area.bottom + 8.0,
        };
        let near = |(index, other): &(usize, &Mark)| *index != node && other.area().meets(&wide);
        self.marks.iter().enumerate().filter(near).count()
    }
}

/// The two parts of a lead line.
fn segments(node: Point, placed: &Placed) -> impl Iterator<Item = (Point, Point)> {
    placed.lead.into_iter().flat_map(move |[elbow, end]| [(node, elbow), (elbow, end)])
}

/// Places for a label with their cost, the one that is read most easily first: beside the node,
/// above or below it, and outside the rings on a lead line.
fn candidates(mark: Mark, width: f32, height: f32) -> impl Iterator<Item = (f32, Placed)> {
    let Mark { at, radius } = mark;
    let outward = if at.x < MIDDLE.x { -1.0 } else { 1.0 };
    let from = move |side: f32, x: f32, middle: f32| Area {
        left: if side > 0.0 { x } else { x - width },
        top: middle - height / 2.0,
        right: if side > 0.0 { x + width } else { x },
        bottom: middle + height / 2.0,
    };
    let beside = [outward, -outward].into_iter().flat_map(move |side| {
        [0.0, 9.0, -9.0].map(|dy| from(side, at.x + side * (radius + 7.0), at.y + dy))
    });
    let over = [1.0, -1.0]
        .map(|side| from(1.0, at.x - width / 2.0, at.y + side * (radius + height / 2.0 + 4.0)));
    let near = beside.chain(over).enumerate();
    let near = near.map(|(rank, area)| (rank as f32, Placed { area, lead: None }));
    let far = [1.05, 1.11, 1.18].into_iter().flat_map(move |share| {
        SHIFTS.into_iter().map(move |dy| {
            let elbow = beyond(at, share);
            let area = from(outward, elbow.x + outward * 9.0, elbow.y + dy);
            let end = Point { x: elbow.x + outward * 6.0, y: elbow.y + dy };
            let cost = 5.0 + f32::abs(dy) / 12.0 + (share - 1.0) * 12.0;
            (cost, Placed { area, lead: Some([elbow, end]) })
        })
    });
    near.chain(far)
}

/// How far a label on a lead line may slide up and down.
const SHIFTS: [f32; 13] =
    [0.0, 12.0, -12.0, 24.0, -24.0, 36.0, -36.0, 50.0, -50.0, 66.0, -66.0, 84.0, -84.0];

/// The point in the direction of `at` that lies outside the outermost ring.
fn beyond(at: Point, share: f32) -> Point {
    let (dx, dy) = (at.x - MIDDLE.x, at.y - MIDDLE.y);
    let length = dx.hypot(dy).max(1.0);
    let far = RING * share;
    Point { x: MIDDLE.x + dx / length * far, y: MIDDLE.y + dy / length * far }
}

/// A label of at most two lines: a long one is parted at the space nearest to its middle.
pub(super) fn lines(text: &str) -> Vec<String> {
    if width(text) <= LONG {
        return vec![text.to_owned()];
    }
    let middle = text.len() / 2;
    let spaces = text.match_indices(' ').map(|(at, _)| at);
    match spaces.min_by_key(|at| at.abs_diff(middle)) {
        Some(at) => [&text[..at], &text[at + 1..]].map(cut).to_vec(),
        None => vec![cut(text)],
    }
}

/// Longer than this a label becomes two lines.
const LONG: f32 = 200.0;

/// A line that is too long even so ends in dots; its full text stands in the link.
fn cut(line: &str) -> String {
    let mut em = 0.0;
    for (at, char) in line.char_indices() {
        em += letter(char);
        if em * FONT > LONG && at + 3 < line.len() {
            return format!("{}…", line[..at].trim_end());
        }
    }
    line.to_owned()
}

/// The width of a text in the star's semi-bold letters; what the font does not have counts wide.
pub(super) fn width(text: &str) -> f32 {
    let em: f32 = text.chars().map(letter).sum();
    em * FONT + 2.0
}

/// The advance of a letter of IBM Plex Sans 600 in em, rounded up.
fn letter(char: char) -> f32 {
    /// Letters by their advance in thousandths of an em.
    const WIDTHS: [(u16, &str); 14] = [
        (280, " \u{a0}'ijі!,.:;l‘’‹›"),
        (400, "()[]f·rt{|}"),
        (480, "-/I\\І•\"°гғ"),
        (520, "?cszГст“”„"),
        (560, "*JL_aegvxy«»аезухьэёҒүұә"),
        (600, "$+0123456789<=>EFTZ^`bdhknopqu~§±ЁЕТбвклопрчяқһө–−"),
        (640, "SVYЗУдийнцъңҮҰ₸"),
        (680, "#ABCKPRXАБВКРСХЧЬЭЯҺ"),
        (720, "&DGHNOQUИЙНОПмҚӘӨ"),
        (800, "ЛЦЪДфыҢ—"),
        (840, "MwМжшю"),
        (880, "щ…"),
        (960, "@mФЫ%W"),
        (1_040, "ЖЮШ"),
    ];
    let known = WIDTHS.iter().find(|(_, letters)| letters.contains(char));
    f32::from(known.map_or(1_080, |(width, _)| *width)) / 1_000.0
}
