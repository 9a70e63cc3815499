//! Changes in plain words, for the journal, the command line and the API. Pages say the same in
//! the reader's language.

use std::fmt::Display;

use ets_model::{Limits, PolicyChange, Rate};

/// One change as a phrase: `s001 may reach mail`.
pub fn words(change: &PolicyChange) -> String {
    use PolicyChange as C;
    match change {
        C::SegmentAdded { segment, prefixes } => {
            format!("{segment} is new, with {}", list(prefixes))
        }
        C::SegmentRemoved { segment } => format!("{segment} goes"),
        C::SegmentMoved { segment, from, to } => {
            format!("{segment} hangs on {to} instead of {from}")
        }
        C::PrefixAdded { segment, prefix } => format!("{segment} has {prefix} as well"),
        C::PrefixRemoved { segment, prefix } => format!("{segment} no longer has {prefix}"),
        C::Bound { segment, to: Some(to), .. } => format!("{segment} is bound to the router {to}"),
        C::Bound { segment, to: None, .. } => format!("{segment} is bound to no router any more"),
        C::Granted { segment, service } => format!("{segment} may reach {service}"),
        C::Withdrawn { segment, service } => format!("{segment} may no longer reach {service}"),
        C::Limits { segment: None, to, .. } => {
            format!("limits of all without their own: {}", limits(to.unwrap_or_default()))
        }
        C::Limits { segment: Some(segment), to: Some(to), .. } => {
            format!("limits of {segment}: {}", limits(*to))
        }
        C::Limits { segment: Some(segment), to: None, .. } => {
            format!("{segment} has the limits of all again")
        }
        C::Rate { segment, to: Some(to), .. } => format!("{segment} is shaped to {}", rate(*to)),
        C::Rate { segment, to: None, .. } => format!("{segment} is no longer shaped"),
        C::ServiceAdded { service } => format!("service {service} is new"),
        C::ServiceRemoved { service } => format!("service {service} goes"),
        C::Ports { service, from, to } => {
            format!("service {service} answers on {} instead of {}", list(to), list(from))
        }
        C::Servers { service, from, to } => {
            format!("service {service} runs on {} instead of {}", place(to), place(from))
        }
        C::Opened { service } => format!("service {service} is open to every segment"),
        C::Closed { service } => format!("service {service} is open to granted segments only"),
        C::Network { name } => format!("network {name} is other than it was"),
    }
}

fn list(all: &[impl Display]) -> String {
    let all: Vec<String> = all.iter().map(ToString::to_string).collect();
    if all.is_empty() { "nothing".to_owned() } else { all.join(", ") }
}

fn place(addresses: &[std::net::IpAddr]) -> String {
    if addresses.is_empty() { "the hub".to_owned() } else { list(addresses) }
}

fn limits(limits: Limits) -> String {
    let parts = [
        (limits.connections, "connections"),
        (limits.new_connections, "new connections a second"),
        (limits.packets, "packets a second"),
    ];
    let told = parts.iter().filter(|(most, _)| *most > 0);
    let told: Vec<String> = told.map(|(most, what)| format!("{most} {what}")).collect();
    if told.is_empty() { "none".to_owned() } else { told.join(", ") }
}

fn rate(rate: Rate) -> String {
    let one = |kbps: u64| match kbps {
        0 => "as fast as it goes".to_owned(),
        kbps => format!("{kbps} kbit/s"),
    };
    format!("{} down, {} up", one(rate.down_kbps), one(rate.up_kbps))
}
