//! What was seen, as a line for people. The pages say the same in the reader's language.

use std::time::Duration;

use ets_model::{BlindReason, Fact, IcmpErrorKind, NeighbourState, Obstacle, Source};
use serde_json::{Value, from_value};

use super::text;

/// When, who, what.
pub(super) fn line(piece: &Value) -> String {
    let who = &piece["source"];
    let who = from_value(who.clone()).map_or_else(|_| text(who), |who| source(who).to_owned());
    format!("  {}  {who}: {}\n", moment(&piece["at"]), seen(&piece["fact"]))
}

/// What was seen; what a newer hub knows and this command does not is shown as it came.
pub(super) fn seen(fact: &Value) -> String {
    from_value(fact.clone()).map_or_else(|_| text(fact), |fact| words(&fact))
}

/// An RFC 3339 moment in UTC, to the millisecond: pieces of evidence lie close together.
pub(super) fn moment(moment: &Value) -> String {
    let parsed = moment.as_str().and_then(|text| text.parse::<jiff::Timestamp>().ok());
    parsed.map_or_else(|| text(moment), |at| at.strftime("%Y-%m-%d %H:%M:%S%.3f").to_string())
}

fn source(source: Source) -> &'static str {
    match source {
        Source::Icmp => "ICMP probes",
        Source::Tcp => "TCP probes",
        Source::Carrier => "the hub's port",
        Source::Neighbour => "the neighbour table",
        Source::Monitor => "the hub itself",
        Source::Registry => "an administrator",
    }
}

fn words(fact: &Fact) -> String {
    match fact {
        Fact::ProbesLost { lost, timeout } => {
            format!("{} unanswered, waited {} for each", probes(*lost), span(*timeout))
        }
        Fact::NotSent { probes: count, obstacle } => {
            format!("{} could not be sent: {}", probes(*count), not_sent(*obstacle))
        }
        Fact::Answered { rtt } => format!("an answer came in {}", span(*rtt)),
        Fact::LossRate { sent, lost } => format!("{lost} of {sent} probes lost"),
        Fact::Flapping { changes, window } => {
            format!("the state changed {changes} times within {}", span(*window))
        }
        Fact::Carrier { interface, up: true } => format!("port {interface} got its signal back"),
        Fact::Carrier { interface, up: false } => format!("port {interface} lost its signal"),
        Fact::Neighbour { address, state } => neighbour(&address.to_string(), *state),
        Fact::IcmpError { from, kind } => format!("{from} reports: {}", icmp_error(*kind)),
        Fact::Blind { reason } => blind(*reason).to_owned(),
        Fact::Maintenance { on: true } => "planned works began".to_owned(),
        Fact::Maintenance { on: false } => "planned works ended".to_owned(),
    }
}

fn probes(count: u32) -> String {
    if count == 1 { "1 probe".to_owned() } else { format!("{count} probes in a row") }
}

/// `100 ms`, `0.042 ms`, `90 s`.
fn span(time: Duration) -> String {
    let (seconds, millis) = (time.as_secs_f64(), time.as_micros() as f64 / 1e3);
    if time < Duration::from_secs(1) { format!("{millis} ms") } else { format!("{seconds} s") }
}

fn not_sent(obstacle: Obstacle) -> &'static str {
    match obstacle {
        Obstacle::NoPort => "the hub has no such port",
        Obstacle::NoRoute => "the hub has no way to the address",
        Obstacle::Forbidden => "the hub's own rules forbid it",
    }
}

fn neighbour(address: &str, state: NeighbourState) -> String {
    match state {
        NeighbourState::Reachable => format!("{address} answers for its hardware address"),
        NeighbourState::Stale => {
            format!("{address} has not confirmed its hardware address for a while")
        }
        NeighbourState::Probing => format!("the hub asks {address} for its hardware address"),
        NeighbourState::Failed => format!("{address} does not answer for its hardware address"),
        NeighbourState::Moved => format!(
            "the hardware address of {address} changed: the router was replaced or two devices \
             took one address"
        ),
    }
}

fn icmp_error(kind: IcmpErrorKind) -> String {
    match kind {
        IcmpErrorKind::NetUnreachable => "no way to the network",
        IcmpErrorKind::HostUnreachable => "the last router cannot reach the address",
        IcmpErrorKind::NeighbourSilent => {
            "the next device on the way does not answer for its hardware address"
        }
        IcmpErrorKind::ProtocolUnreachable => "the address does not speak the protocol",
        IcmpErrorKind::PortUnreachable => "the port is closed",
        IcmpErrorKind::Prohibited => "forbidden by an administrator",
        IcmpErrorKind::TooBig => "the packet is too big",
        IcmpErrorKind::TimeExceeded => "the packet goes round in circles",
        IcmpErrorKind::Other { kind, code } => {
            return format!("ICMP error, type {kind}, code {code}");
        }
    }
    .to_owned()
}

fn blind(reason: BlindReason) -> &'static str {
    match reason {
        BlindReason::Stalled => "the watching process stood still",
        BlindReason::QueueOverflow => "the queue of answers overflowed",
        BlindReason::TrunkDark => "the trunk went dark",
        BlindReason::Restarted => "the watching process restarted",
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn told(source: &str, fact: &Value) -> String {
        line(&json!({"at": "2026-11-28T17:56:18.2Z", "source": source, "fact": fact}))
    }

    #[test]
    fn each_piece_of_evidence_is_a_sentence_with_its_moment_and_its_witness() {
        let icmp = json!({"icmp_error": {"from": "10.10.11.1", "kind": "host_unreachable"}});
        assert_eq!(
            told("icmp", &icmp),
            "  2026-11-28 17:56:18.200  ICMP probes: 10.10.11.1 reports: the last router cannot \
             reach the address\n"
        );
        let silent = json!({"neighbour": {"address": "10.10.6.1", "state": "failed"}});
        let wanted = "the neighbour table: 10.10.6.1 does not answer for its hardware address\n";
        assert!(told("neighbour", &silent).ends_with(wanted));
        let one = json!({"probes_lost": {"lost": 1, "timeout": {"secs": 2, "nanos": 0}}});
        assert!(
            told("tcp", &one).ends_with("TCP probes: 1 probe unanswered, waited 2 s for each\n")
        );
        let answered = json!({"answered": {"rtt": {"secs": 0, "nanos": 42_500}}});
        assert!(told("icmp", &answered).ends_with("an answer came in 0.042 ms\n"));
    }

    #[test]
    fn what_only_a_newer_hub_knows_is_shown_as_it_came() {
        assert!(told("owl", &json!({"hoot": 3})).ends_with("owl: {\"hoot\":3}\n"));
    }
}
