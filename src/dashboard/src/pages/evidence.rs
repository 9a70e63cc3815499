//! Outages and what was seen of them, in words.

use ets_i18n::{Tr, t};
use ets_model::{
    BlindReason, Evidence, Fact, IcmpErrorKind, LinkState, NeighbourState, Outage, OutageKind,
    Source,
};
use ets_watch::OutageRow;
use ets_web::html::escape;
use ets_web::story::{Story, story as tell};
use ets_web::{Html, when};

use super::view::View;

/// What the outage is called: its segment's name, or the hub's trunk.
pub(crate) fn outage_name(view: &View, row: &OutageRow) -> String {
    let outage = &row.outage;
    if !row.trunk.is_empty() {
        return t::outages_hub_named(view.tr(), &row.trunk);
    }
    match outage.segment.and_then(|no| view.catalog.by_no(no)) {
        Some(segment) => view.catalog.name(segment, view.lang()).to_owned(),
        None => t::outages_hub(view.tr()).to_owned(),
    }
}

/// How much is told of an outage.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Telling {
    /// For a list of them.
    Brief,
    /// Everything.
    Full {
        /// Whether the segment has not answered since it is watched.
        never_answered: bool,
    },
}

/// The outage as a story.
pub(crate) fn story(view: &View, row: &OutageRow, telling: Telling) -> Html {
    let (tr, outage) = (view.tr(), &row.outage);
    let name = outage_name(view, row);
    let brief = telling == Telling::Brief;
    let facts = match telling {
        Telling::Brief => brief_facts(view, outage),
        Telling::Full { never_answered } => full_facts(view, outage, never_answered),
    };
    let state = match outage.kind {
        _ if outage.ended.is_some() => LinkState::Up,
        OutageKind::Hub => LinkState::Unknown,
        OutageKind::Segment if row.maintenance => LinkState::Maintenance,
        OutageKind::Segment => LinkState::Down,
    };
    let told = Story {
        state,
        title: format!("{name} — {}", what(view, outage)),
        href: if brief { format!("/outages/{}", outage.id) } else { String::new() },
        planned: Some(row.maintenance),
        why: Html::text(&lead(tr, outage)),
        facts,
        actions: if brief { Vec::new() } else { super::outage::actions(view, row) },
        segment: String::new(),
    };
    tell(&view.ctx, &told)
}

/// Whether the outage ended because its segment was retired, not because it answered.
pub(crate) fn ended_by_retiring(view: &View, outage: &Outage) -> bool {
    let segment = outage.segment.and_then(|no| view.catalog.by_no(no));
    let retired = segment.and_then(|segment| segment.retired);
    outage.ended.zip(retired).is_some_and(|(ended, retired)| ended >= retired)
}

fn what(view: &View, outage: &Outage) -> &'static str {
    let tr = view.tr();
    match (outage.kind, outage.ended) {
        _ if ended_by_retiring(view, outage) => t::outage_what_retired(tr),
        (OutageKind::Hub, _) => t::outage_what_hub(tr),
        (OutageKind::Segment, None) => t::state_down(tr),
        (OutageKind::Segment, Some(_)) => t::outage_what_over(tr),
    }
}

/// Since when and for how long in one line, and whom to call.
fn brief_facts(view: &View, outage: &Outage) -> Vec<(String, Html)> {
    let tr = view.tr();
    let since = when::moment(&view.ctx, outage.began_before)
        .then(&Html::text(" · "))
        .then(&length(view, outage));
    let mut facts = vec![(t::outage_began(tr).to_owned(), since)];
    if let Some(call) = whom_to_call(view, outage).filter(|_| outage.ended.is_none()) {
        facts.push((t::outage_next(tr).to_owned(), Html::text(&call)));
    }
    facts
}

/// The exact moments, and how many pieces of evidence they stand on.
fn full_facts(view: &View, outage: &Outage, never_answered: bool) -> Vec<(String, Html)> {
    let tr = view.tr();
    let (after, before) = (tr.exact_time(outage.began_after), tr.exact_time(outage.began_before));
    let (between, note) = if never_answered {
        (t::outage_began_never(tr, before), t::outage_began_never_note(tr))
    } else {
        (t::outage_began_between(tr, after, before), t::outage_began_note(tr))
    };
    let began = format!(
        "{} {}<br><small>{note}</small>",
        escape(&tr.date(outage.began_before, view.ctx.now)),
        escape(&between),
    );
    let ended = match outage.ended {
        Some(end) => {
            let at = format!("{} {}", tr.date(end, view.ctx.now), tr.exact_time(end));
            let retired = ended_by_retiring(view, outage);
            let told = if retired { t::outage_ended_retired } else { t::outage_ended_at };
            Html::text(&told(tr, at))
        }
        None => Html::text(t::outage_lasts(tr)),
    };
    let lasted = match outage.ended {
        Some(_) => t::outages_column_length(tr),
        None => t::outage_length(tr),
    };
    vec![
        (t::outage_began(tr).to_owned(), Html::trusted(began)),
        (t::outage_ended(tr).to_owned(), ended),
        (lasted.to_owned(), length(view, outage)),
        (t::outage_evidence(tr).to_owned(), Html::text(&count(tr, outage))),
    ]
}

fn length(view: &View, outage: &Outage) -> Html {
    match outage.ended {
        None => when::lasting(&view.ctx, outage.began_before),
        Some(end) => when::length(&view.ctx, end.since(outage.began_before)),
    }
}

fn count(tr: &Tr, outage: &Outage) -> String {
    t::outage_evidence_count(tr, outage.evidence.len())
}

/// Whom to call first, if the register says.
pub(crate) fn whom_to_call(view: &View, outage: &Outage) -> Option<String> {
    let tr = view.tr();
    let segment = view.catalog.by_no(outage.segment?)?;
    let channel = &segment.channel;
    if !channel.provider.is_empty() {
        return Some(if channel.contract.is_empty() {
            t::outage_next_provider_only(tr, &channel.provider)
        } else {
            t::outage_next_provider(tr, &channel.contract, &channel.provider)
        });
    }
    let institution = view.catalog.institution(&segment.institution)?;
    (!institution.duty.is_empty()).then(|| t::outage_next_duty(tr, &institution.duty))
}

/// The most telling piece of evidence as a sentence.
pub(crate) fn lead(tr: &Tr, outage: &Outage) -> String {
    if outage.kind == OutageKind::Hub {
        return t::outage_lead_hub(tr).to_owned();
    }
    let facts = || outage.evidence.iter().map(|piece| &piece.fact);
    let carrier = facts().find_map(|fact| match fact {
        Fact::Carrier { interface, up: false } => Some(t::outage_lead_carrier(tr, interface)),
        _ => None,
    });
    let error = || {
        facts().rev().find_map(|fact| match fact {
            Fact::IcmpError { from, .. } => Some(t::outage_lead_error(tr, from.to_string())),
            _ => None,
        })
    };
    let neighbour = || {
        facts().rev().find_map(|fact| match fact {
            Fact::Neighbour { state: NeighbourState::Failed, .. } => {
                Some(t::outage_lead_neighbour(tr).to_owned())
            }
            Fact::Neighbour { state: NeighbourState::Moved, address } => {
                Some(t::fact_neighbour_moved(tr, address.to_string()))
            }
            _ => None,
        })
    };
    // A signal is claimed only where it was seen.
    let signal = facts().any(|fact| matches!(fact, Fact::Carrier { up: true, .. }));
    let silence = || match signal {
        true => t::outage_lead_silence_signal(tr).to_owned(),
        false => t::outage_lead_silence(tr).to_owned(),
    };
    carrier.or_else(error).or_else(neighbour).unwrap_or_else(silence)
}

/// Who saw it.
pub(crate) fn source(tr: &Tr, source: Source) -> &'static str {
    match source {
        Source::Icmp => t::source_icmp(tr),
        Source::Tcp => t::source_tcp(tr),
        Source::Carrier => t::source_carrier(tr),
        Source::Neighbour => t::source_neighbour(tr),
        Source::Monitor => t::source_monitor(tr),
        Source::Registry => t::source_registry(tr),
    }
}

/// What was seen.
pub(crate) fn fact(tr: &Tr, piece: &Evidence) -> String {
    match &piece.fact {
        Fact::ProbesLost { lost, timeout } => t::fact_probes_lost(tr, *lost, tr.duration(*timeout)),
        Fact::Answered { rtt } => t::fact_answered(tr, millis(tr, *rtt)),
        Fact::LossRate { sent, lost } => t::fact_loss_rate(tr, *lost, *sent),
        Fact::Flapping { changes, window } => t::fact_flapping(tr, *changes, tr.duration(*window)),
        Fact::Carrier { interface, up: true } => t::fact_carrier_up(tr, interface),
        Fact::Carrier { interface, up: false } => t::fact_carrier_down(tr, interface),
        Fact::Neighbour { address, state } => neighbour(tr, &address.to_string(), *state),
        Fact::IcmpError { from, kind } => {
            t::fact_icmp_error(tr, from.to_string(), icmp_error(tr, *kind))
        }
        Fact::Blind { reason } => blind(tr, *reason).to_owned(),
        Fact::Maintenance { on: true } => t::fact_maintenance_on(tr).to_owned(),
        Fact::Maintenance { on: false } => t::fact_maintenance_off(tr).to_owned(),
    }
}

fn millis(tr: &Tr, rtt: std::time::Duration) -> String {
    format!("{}\u{a0}{}", tr.millis(rtt), t::unit_millisecond(tr))
}

fn neighbour(tr: &Tr, address: &str, state: NeighbourState) -> String {
    match state {
        NeighbourState::Reachable => t::fact_neighbour_reachable(tr, address),
        NeighbourState::Stale => t::fact_neighbour_stale(tr, address),
        NeighbourState::Probing => t::fact_neighbour_probing(tr, address),
        NeighbourState::Failed => t::fact_neighbour_failed(tr, address),
        NeighbourState::Moved => t::fact_neighbour_moved(tr, address),
    }
}

/// An ICMP error in words.
pub(crate) fn icmp_error(tr: &Tr, kind: IcmpErrorKind) -> String {
    match kind {
        IcmpErrorKind::NetUnreachable => t::icmp_net_unreachable(tr).to_owned(),
        IcmpErrorKind::HostUnreachable => t::icmp_host_unreachable(tr).to_owned(),
        IcmpErrorKind::ProtocolUnreachable => t::icmp_protocol_unreachable(tr).to_owned(),
        IcmpErrorKind::PortUnreachable => t::icmp_port_unreachable(tr).to_owned(),
        IcmpErrorKind::Prohibited => t::icmp_prohibited(tr).to_owned(),
        IcmpErrorKind::TooBig => t::icmp_too_big(tr).to_owned(),
        IcmpErrorKind::TimeExceeded => t::icmp_time_exceeded(tr).to_owned(),
        IcmpErrorKind::Other { kind, code } => t::icmp_other(tr, code, kind),
    }
}

/// Why the hub could not see.
pub(crate) fn blind(tr: &Tr, reason: BlindReason) -> &'static str {
    match reason {
        BlindReason::Stalled => t::blind_stalled(tr),
        BlindReason::QueueOverflow => t::blind_overflow(tr),
        BlindReason::TrunkDark => t::blind_trunk(tr),
        BlindReason::Restarted => t::blind_restarted(tr),
    }
}
