//! Contracted rates: each packet of a segment with a rate gets the traffic class of the segment, which
//! the queues of the interface that it leaves by know (N8.1).

use std::collections::BTreeMap;

use ets_model::Rate;

use super::ground::Ground;
use super::line::{End, Ip, Line, state};
use super::parts::Parts;
use super::sources::By;
use crate::nft::ir::{Expr, Hook, KeyPart, MetaKey, Rule};

/// `NF_IP_PRI_MANGLE`
const MANGLE: i32 = -150;
/// The major number of the traffic classes: `1:`.
const MAJOR: u32 = 1 << 16;

pub(super) fn chains(ground: &Ground<'_>, parts: &mut Parts) {
    if !ground.is_any_shaped() && !ground.links.metered {
        return;
    }
    let mut rules = super::meter::down(ground);
    if ground.is_any_shaped() {
        rules.extend(shape(ground, parts));
    }
    parts.base("leave", (Hook::Postrouting, MANGLE), false, rules);
}

fn shape(ground: &Ground<'_>, parts: &mut Parts) -> Vec<Rule> {
    classes(ground, parts, "shaped_up", |rate| rate.up_kbps);
    classes(ground, parts, "shaped_down", |rate| rate.down_kbps);
    let up = Line::new("the class of who sends").oif_in("service_ports").mark(0);
    let mut rules = vec![
        Line::new("probes do not wait").ct(state::UNTRACKED).accept(),
        set_priority(up, "shaped_up"),
        Line::new("not to a segment")
            .meta(MetaKey::OutputInterface, 0)
            .outside("segment_ports", 0)
            .accept(),
    ];
    for ip in Ip::BOTH {
        // The longest prefix that fits is asked last, so that it has the last word.
        for length in By::Address.lengths(ground, ip).into_iter().rev() {
            let line = Line::new(format!("the class of who receives, IPv{} /{length}", ip.digit()));
            let line = line.is(ip).network(ip, End::Destination, length, 0);
            rules.push(set_priority(line.map(&By::Address.set(ip, length), 0, 0), "shaped_down"));
        }
    }
    rules
}

fn set_priority(line: Line, classes: &str) -> Rule {
    line.map(classes, 0, 0).with(Expr::SetMeta { key: MetaKey::Priority, from: 0 }).rule()
}

/// From a segment's number to its class.
fn classes(ground: &Ground<'_>, parts: &mut Parts, name: &str, kbps: fn(Rate) -> u64) {
    let shaped =
        ground.policy.arms.iter().filter(|arm| arm.rate.is_some_and(|rate| kbps(rate) != 0));
    let class = |no: u32| MAJOR | (no & 0xffff);
    let map: BTreeMap<Vec<u8>, u32> =
        shaped.map(|arm| (arm.no.0.to_ne_bytes().to_vec(), class(arm.no.0))).collect();
    parts.marks(name, &[KeyPart::Mark], map);
}
