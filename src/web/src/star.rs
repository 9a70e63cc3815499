//! The star of the hub: the hub in the middle, every segment in its own, lasting place.
//!
//! Places follow from the order of the nodes alone, gathered in sectors; so who knows where a
//! segment lies finds it there tomorrow. Up to 12 nodes stand on one ring, up to 49 on two, up to
//! 300 on three; above that the star shows groups, one for each sector, which open into stars of
//! their own. Every node has its own angle, so that no line passes through another node.
//!
//! Only what needs attention is labelled. A label touches no node and no other label; it moves
//! away on a lead line where it must, and what finds no room stands in a list beside the star.
//! The same list takes the place of all labels where the star is drawn small.

mod draw;
mod group;
mod label;
mod place;

use ets_i18n::Tr;
use ets_model::LinkState;

use crate::Html;

/// Above this many segments a star shows groups.
pub const MOST_NODES: usize = 300;

/// One segment.
#[derive(Clone, Copy, Debug)]
pub struct Node<'a> {
    /// Its identifier: the `data-seg` by which the script finds it.
    pub id: &'a str,
    /// Its name.
    pub name: &'a str,
    /// Where it is told in full.
    pub href: &'a str,
    /// Its state.
    pub state: LinkState,
    /// The sector that it stands in: district or provider point; may be empty.
    pub sector: &'a str,
    /// How much of its line's capacity is in use, 0 to 1; `None` where it is not known.
    pub load: Option<f32>,
}

/// A star.
#[derive(Clone, Copy)]
pub struct Star<'a> {
    /// The mark in the middle: `ETC`.
    pub mark: &'a str,
    /// The segments, in the order of the registry.
    pub nodes: &'a [Node<'a>],
    /// Where a group opens: the address for a group's key. Used above [`MOST_NODES`].
    pub group_href: &'a dyn Fn(&str) -> String,
}

/// The star as SVG with its list. Give it a [`crate::state::legend`] below.
#[must_use]
pub fn star(tr: &Tr, star: &Star<'_>) -> Html {
    if star.nodes.len() > MOST_NODES {
        let groups = group::groups(tr, star);
        return draw::draw(tr, star.mark, star.nodes.len(), &groups);
    }
    let spots: Vec<Spot> = star.nodes.iter().map(|node| Spot::of(tr, node)).collect();
    draw::draw(tr, star.mark, star.nodes.len(), &spots)
}

/// The segments of the group that `key` names, where a star shows groups; all where it does not.
#[must_use]
pub fn members<'a>(nodes: &[Node<'a>], key: &str) -> Vec<Node<'a>> {
    group::members(nodes, key)
}

/// The key of the group that each segment belongs to, in the order of `nodes`; for the `group`
/// events of [`crate::live`]. Empty where the star shows no groups.
#[must_use]
pub fn group_keys(nodes: &[Node<'_>]) -> Vec<String> {
    if nodes.len() > MOST_NODES { group::keys(nodes) } else { Vec::new() }
}

/// What is drawn at one place: a segment or a group.
#[derive(Clone, Debug)]
struct Spot {
    /// `data-seg` or `data-group`, and its value.
    follows: (&'static str, String),
    sector: String,
    name: String,
    /// What stands behind the name in a label: `3 из 200`.
    note: String,
    /// What assistive tools read.
    text: String,
    href: String,
    state: LinkState,
    load: Option<f32>,
    /// Whether the label is wanted though nothing is wrong.
    named: bool,
    /// The size of the mark, 1 for a segment.
    size: f32,
}

impl Spot {
    fn of(tr: &Tr, node: &Node<'_>) -> Self {
        let word = crate::state::word(tr, node.state);
        Self {
            follows: ("data-seg", node.id.to_owned()),
            sector: node.sector.to_owned(),
            name: node.name.to_owned(),
            note: String::new(),
            text: ets_i18n::t::star_node(tr, node.name, word),
            href: node.href.to_owned(),
            state: node.state,
            load: node.load,
            named: false,
            size: 1.0,
        }
    }

    fn troubled(&self) -> bool {
        self.state != LinkState::Up
    }
}
