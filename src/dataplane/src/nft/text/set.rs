//! Sets and elements in words.

use super::Names;
use super::value::{hex, part, verdict};
use crate::nft::ir::{Data, DataKind, Element, KeyPart, Set};

/// What kind of set it is, in the lines of a set's block.
pub(crate) fn kind(set: &Set) -> Vec<String> {
    let key: Vec<_> = set.key.iter().map(|part| type_name(*part)).collect();
    let data = match set.data {
        None => "",
        Some(DataKind::Mark) => " : mark",
        Some(DataKind::Verdict) => " : verdict",
    };
    let mut lines = vec![format!("type {}{data}", key.join(" . "))];
    if set.size != 0 {
        lines.push(format!("size {}", set.size));
    }
    let flags =
        [(set.interval, "interval"), (set.dynamic, "dynamic"), (set.timeout_ms != 0, "timeout")];
    let flags: Vec<_> = flags.iter().filter(|(has, _)| *has).map(|(_, name)| *name).collect();
    if !flags.is_empty() {
        lines.push(format!("flags {}", flags.join(",")));
    }
    match (set.timeout_ms, set.timeout_ms % 1000) {
        (0, _) => {}
        (all, 0) => lines.push(format!("timeout {}s", all / 1000)),
        (all, _) => lines.push(format!("timeout {all}ms")),
    }
    if set.counts {
        lines.push("counter".to_owned());
    }
    lines
}

fn type_name(part: KeyPart) -> String {
    let name = match part {
        KeyPart::Ip4 => "ipv4_addr",
        KeyPart::Ip6 => "ipv6_addr",
        KeyPart::Interface => "iface_index",
        KeyPart::Mark => "mark",
        KeyPart::Hardware => "ether_addr",
        KeyPart::Protocol => "inet_proto",
        KeyPart::Port => "inet_service",
        KeyPart::Unknown { key_type, flags } => {
            return format!("{key_type:#x} with flags {flags:#x}, which is none of ours");
        }
    };
    name.to_owned()
}

/// An element with what it leads to.
pub(crate) fn element(set: &Set, key: &[u8], element: &Element, names: &Names) -> String {
    let text = keys(&set.key, key, element.key_end.as_deref(), names);
    match &element.data {
        None => text,
        Some(Data::Value(mark)) => format!("{text} : {mark:#010x}"),
        Some(Data::Verdict(to)) => format!("{text} : {}", verdict(to)),
        Some(Data::Unknown(what)) => format!("{text} : [{what}]"),
    }
}

fn keys(parts: &[KeyPart], low: &[u8], high: Option<&[u8]>, names: &Names) -> String {
    if low.is_empty() {
        return "*".to_owned();
    }
    let mut texts = Vec::new();
    let mut from = 0;
    for part in parts {
        let low = text(*part, low, from, names);
        let high = high.map(|high| text(*part, high, from, names)).filter(|high| *high != low);
        texts.push(high.map_or(low.clone(), |high| format!("{low}-{high}")));
        from += part.padded();
    }
    texts.join(" . ")
}

fn text(of: KeyPart, key: &[u8], from: usize, names: &Names) -> String {
    let bytes = key.get(from..).unwrap_or_default();
    part(of, bytes, names).unwrap_or_else(|| hex(bytes))
}
