//! Bytes, packets and rates as JSON.

use ets_netd_api::Class;
use ets_traffic::{Amount, Both, Flow, Total};
use serde_json::{Map, Value, json};

use crate::classes::Classes;

/// Bits in a byte.
const BITS: u64 = 8;

/// Volumes both ways: `bytes_up`, `bytes_down`, `packets_up`, `packets_down`.
pub(super) fn volumes(amount: Both<Amount>) -> Map<String, Value> {
    named([
        ("bytes_up", amount.up.bytes),
        ("bytes_down", amount.down.bytes),
        ("packets_up", amount.up.packets),
        ("packets_down", amount.down.packets),
    ])
}

/// Rates both ways, from bytes and packets a second: `bps_up`, `bps_down`, `pps_up`, `pps_down`.
pub(super) fn rates(amount: Both<Amount>) -> Map<String, Value> {
    named([
        ("bps_up", amount.up.bytes.saturating_mul(BITS)),
        ("bps_down", amount.down.bytes.saturating_mul(BITS)),
        ("pps_up", amount.up.packets),
        ("pps_down", amount.down.packets),
    ])
}

/// Bits a second both ways.
pub(super) fn bps(both: Both<u64>) -> Value {
    json!({"up": both.up, "down": both.down})
}

/// A total: its volumes, its peak, by class, and what was dropped of it.
pub(super) fn total(classes: &Classes, total: &Total) -> Map<String, Value> {
    let mut map = volumes(total.amount);
    map.extend(split(classes, &total.flows, volumes));
    map.insert("peak_bps".to_owned(), bps(total.peak_bps()));
    map.insert("spread".to_owned(), total.spread.into());
    map
}

/// `classes` and `dropped` of flows, each put into figures by `figures`.
pub(super) fn split(
    classes: &Classes,
    flows: &[Flow],
    figures: fn(Both<Amount>) -> Map<String, Value>,
) -> Map<String, Value> {
    let mut dropped = Both::default();
    let mut list = Vec::new();
    for flow in flows {
        if flow.class == Class::Dropped {
            dropped = flow.amount;
            continue;
        }
        let mut one = figures(flow.amount);
        one.insert("class".to_owned(), classes.code(flow.class).into());
        list.push(Value::Object(one));
    }
    let pairs = [("classes", Value::Array(list)), ("dropped", Value::Object(figures(dropped)))];
    pairs.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
}

fn named<const N: usize>(pairs: [(&str, u64); N]) -> Map<String, Value> {
    pairs.into_iter().map(|(name, value)| (name.to_owned(), value.into())).collect()
}
