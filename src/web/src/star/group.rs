//! Groups in place of segments, where there are too many to draw.

use ets_i18n::{Tr, t};
use ets_model::LinkState;

use super::{MOST_NODES, Node, Spot, Star};

/// How many segments a group has where it is made by counting off.
const CHUNK: usize = 100;

/// One group while it is gathered.
struct Group<'a> {
    key: String,
    name: String,
    nodes: Vec<&'a Node<'a>>,
}

/// The groups of a star as spots.
pub(super) fn groups(tr: &Tr, star: &Star<'_>) -> Vec<Spot> {
    gather(tr, star.nodes).iter().map(|group| spot(tr, star, group)).collect()
}

/// The key of each node's group.
pub(super) fn keys(nodes: &[Node<'_>]) -> Vec<String> {
    match by_sector(nodes) {
        true => nodes.iter().map(|node| node.sector.to_owned()).collect(),
        false => (0..nodes.len()).map(|index| chunk_key(index / CHUNK)).collect(),
    }
}

/// The nodes of one group.
pub(super) fn members<'a>(nodes: &[Node<'a>], key: &str) -> Vec<Node<'a>> {
    if nodes.len() <= MOST_NODES {
        return nodes.to_vec();
    }
    let keys = keys(nodes);
    nodes.iter().zip(keys).filter(|(_, of)| of == key).map(|(node, _)| *node).collect()
}

/// Whether the sectors are of use as groups: several, and not too many to draw.
fn by_sector(nodes: &[Node<'_>]) -> bool {
    let mut sectors: Vec<&str> = nodes.iter().map(|node| node.sector).collect();
    sectors.sort_unstable();
    sectors.dedup();
    (2..=MOST_NODES).contains(&sectors.len())
}

fn chunk_key(index: usize) -> String {
    format!("~{}", index + 1)
}

fn gather<'a>(tr: &Tr, nodes: &'a [Node<'a>]) -> Vec<Group<'a>> {
    let mut groups: Vec<Group<'a>> = Vec::new();
    let mut places = std::collections::HashMap::new();
    for (node, key) in nodes.iter().zip(keys(nodes)) {
        let place = *places.entry(key.clone()).or_insert_with(|| {
            groups.push(Group { key, name: String::new(), nodes: Vec::new() });
            groups.len() - 1
        });
        groups[place].nodes.push(node);
    }
    for group in &mut groups {
        group.name = name(tr, group);
    }
    groups
}

fn name(tr: &Tr, group: &Group<'_>) -> String {
    if !group.key.starts_with('~') {
        let sector = group.key.as_str();
        return if sector.is_empty() { t::star_no_group(tr).to_owned() } else { sector.to_owned() };
    }
    let first = group.nodes.first().map_or("", |node| node.name);
    let last = group.nodes.last().map_or("", |node| node.name);
    format!("{first} – {last}")
}

fn spot(tr: &Tr, star: &Star<'_>, group: &Group<'_>) -> Spot {
    let worst = LinkState::ALL
        .into_iter()
        .find(|state| group.nodes.iter().any(|node| node.state == *state))
        .unwrap_or_default();
    let troubled = group.nodes.iter().filter(|node| node.state != LinkState::Up).count();
    let total = group.nodes.len();
    let loads: Vec<f32> = group.nodes.iter().filter_map(|node| node.load).collect();
    let load = (!loads.is_empty()).then(|| loads.iter().sum::<f32>() / loads.len() as f32);
    let note = match troubled {
        0 => String::new(),
        troubled => t::star_group_troubled(tr, troubled, total),
    };
    let mut state = crate::state::word(tr, worst).to_owned();
    if troubled > 0 {
        state = format!("{state}, {note}");
    }
    Spot {
        follows: ("data-group", group.key.clone()),
        sector: String::new(),
        text: t::star_group(tr, total, &group.name, state),
        name: group.name.clone(),
        note,
        href: (star.group_href)(&group.key),
        state: worst,
        load,
        named: true,
        size: (total as f32 / 100.0).sqrt().clamp(1.0, 2.0),
    }
}
