//! Outages and what was seen of them, in words.

use std::net::IpAddr;
use std::time::Duration;

use ets_i18n::{Tr, t};
use ets_model::{
    BlindReason, Evidence, Fact, IcmpErrorKind, LinkState, NeighbourState, Obstacle, Outage,
    OutageKind, Parent, Segment, Source, WallTime,
};
use ets_watch::OutageRow;
use ets_web::html::escape;
use ets_web::story::{Story, story as tell};
use ets_web::{Html, when};

use super::view::View;
use crate::Error;

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
    Full,
}

/// Whether the segment gave no answer from the moment it was first watched until the outage began.
pub(crate) async fn never_answered(view: &View, outage: &Outage) -> Result<bool, Error> {
    const AT_ONCE: Duration = Duration::from_secs(1);
    let Some(no) = outage.segment else { return Ok(false) };
    let (start, after) = (WallTime(0), outage.began_after);
    let unseen = view.app.deps.watch.unseen(no, start, outage.began_before).await?;
    Ok(unseen.first().is_some_and(|span| span.from == start && after.since(span.to) <= AT_ONCE))
}

/// The outage as a story. `common`: the provider point at which it most likely lies, together with
/// others.
pub(crate) async fn story(
    view: &View,
    row: &OutageRow,
    telling: Telling,
    common: Option<&Parent>,
) -> Result<Html, Error> {
    let outage = &row.outage;
    let never = never_answered(view, outage).await?;
    let name = outage_name(view, row);
    let brief = telling == Telling::Brief;
    let facts = match telling {
        Telling::Brief => brief_facts(view, outage, common, never),
        Telling::Full => full_facts(view, outage, never),
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
        // A segment that never had a link has no emergency either.
        planned: (row.maintenance || !never).then_some(row.maintenance),
        why: match common {
            Some(point) => common_lead(view, point),
            None => Html::text(&lead(view, outage, never)),
        },
        facts,
        actions: if brief { Vec::new() } else { super::outage::actions(view, row) },
        segment: segment_of(view, outage).map(|one| one.id.to_string()).unwrap_or_default(),
    };
    Ok(tell(&view.ctx, &told))
}

fn segment_of<'a>(view: &'a View, outage: &Outage) -> Option<&'a Segment> {
    outage.segment.and_then(|no| view.catalog.by_no(no)).map(AsRef::as_ref)
}

/// What keeps probes from reaching a segment, in words.
pub(crate) fn obstacle(tr: &Tr, segment: &Segment, obstacle: Obstacle) -> String {
    let address = || segment.probing.address.to_string();
    match obstacle {
        Obstacle::NoPort => t::obstacle_no_port(tr, &segment.interface),
        Obstacle::NoRoute => t::obstacle_no_route(tr, address()),
        Obstacle::Forbidden => t::obstacle_forbidden(tr, address()),
    }
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
fn brief_facts(
    view: &View,
    outage: &Outage,
    common: Option<&Parent>,
    never: bool,
) -> Vec<(String, Html)> {
    let tr = view.tr();
    let since = when::moment(&view.ctx, outage.began_before)
        .then(&Html::text(" · "))
        .then(&length(view, outage));
    let mut facts = vec![(t::outage_began(tr).to_owned(), since)];
    let call = match common {
        Some(point) => super::points::whom_to_call(tr, point),
        None => whom_to_call(view, outage),
    };
    let call = call.filter(|_| outage.ended.is_none() && !never && !went_astray(view, outage));
    if let Some(call) = call {
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
    } else if began_with_signal(outage) {
        (t::outage_began_between(tr, after, before), t::outage_began_carrier_note(tr))
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

/// Whether the outage began at the moment at which the port lost its signal, before any probe was
/// lost.
fn began_with_signal(outage: &Outage) -> bool {
    let lost = |one: &&Evidence| matches!(one.fact, Fact::Carrier { up: false, .. });
    let at = outage.evidence.iter().find(lost).map(|one| one.at.wall);
    at.is_some_and(|at| at.since(outage.began_before).is_zero() && at >= outage.began_after)
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
    let channel = &segment_of(view, outage)?.channel;
    if channel.provider.is_empty() {
        return duty(view, outage);
    }
    Some(if channel.contract.is_empty() {
        t::outage_next_provider_only(tr, &channel.provider)
    } else {
        t::outage_next_provider(tr, &channel.contract, &channel.provider)
    })
}

/// The person on duty at the institution, if the register names one.
pub(crate) fn duty(view: &View, outage: &Outage) -> Option<String> {
    let institution = view.catalog.institution(&segment_of(view, outage)?.institution)?;
    (!institution.duty.is_empty()).then(|| t::outage_next_duty(view.tr(), &institution.duty))
}

/// Others behind the same provider point were lost together with it.
fn common_lead(view: &View, point: &Parent) -> Html {
    let link = Html::link(&super::points::href(&point.id), super::points::name(view, point));
    Html::text(t::outage_common_why(view.tr())).then(&Html::text(" ")).then(&link)
}

/// The most telling piece of evidence as a sentence.
fn lead(view: &View, outage: &Outage, never: bool) -> String {
    let tr = view.tr();
    if outage.kind == OutageKind::Hub {
        return t::outage_lead_hub(tr).to_owned();
    }
    let facts = || outage.evidence.iter().map(|piece| &piece.fact);
    let carrier = facts().find_map(|fact| match fact {
        Fact::Carrier { interface, up: false } => Some(t::outage_lead_carrier(tr, interface)),
        _ => None,
    });
    let segment = segment_of(view, outage);
    let not_sent = facts().rev().find_map(|fact| match fact {
        Fact::NotSent { obstacle, .. } => Some(*obstacle),
        _ => None,
    });
    let now = outage.segment.and_then(|no| view.snapshot.segment(no)?.obstacle);
    let stopped = now.filter(|_| outage.ended.is_none()).or(not_sent);
    let stopped = stopped
        .zip(segment)
        .map(|(why, segment)| t::outage_lead_obstacle(tr, obstacle(tr, segment, why)));
    let error = || {
        facts().rev().find_map(|fact| match fact {
            Fact::IcmpError { kind: IcmpErrorKind::NeighbourSilent, .. } => {
                Some(t::outage_lead_neighbour(tr).to_owned())
            }
            Fact::IcmpError { from, .. } => Some(match astray(view, outage, *from) {
                Some(other) => {
                    let name = view.catalog.name(other, view.lang());
                    t::outage_lead_astray(tr, name, from.to_string())
                }
                None => t::outage_lead_error(tr, from.to_string()),
            }),
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
        _ if never => t::outage_lead_unheard(tr).to_owned(),
        true => t::outage_lead_silence_signal(tr).to_owned(),
        false => t::outage_lead_silence(tr).to_owned(),
    };
    stopped.or(carrier).or_else(error).or_else(neighbour).unwrap_or_else(silence)
}

/// Whose router answered for the outage's segment: probes that reach another segment's were sent
/// there by the hub itself.
fn astray<'a>(view: &'a View, outage: &Outage, router: IpAddr) -> Option<&'a Segment> {
    let other = view.catalog.by_address(router)?;
    (Some(other.no) != outage.segment).then_some(other.as_ref())
}

/// Whether the probes of an outage went astray: nobody outside is to be called for it.
pub(crate) fn went_astray(view: &View, outage: &Outage) -> bool {
    outage.evidence.iter().any(|piece| match piece.fact {
        Fact::IcmpError { from, .. } => astray(view, outage, from).is_some(),
        _ => false,
    })
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
        Fact::NotSent { probes, obstacle } => {
            t::fact_not_sent(tr, *probes, not_sent(tr, *obstacle))
        }
        Fact::Answered { rtt } => t::fact_answered(tr, millis(tr, *rtt)),
        Fact::LossRate { sent, lost } => t::fact_loss_rate(tr, *lost, *sent),
        Fact::Flapping { changes, window } => t::fact_flapping(tr, *changes, tr.duration(*window)),
        Fact::Carrier { interface, up: true } => t::fact_carrier_up(tr, interface),
        Fact::Carrier { interface, up: false } => t::fact_carrier_down(tr, interface),
        Fact::Neighbour { address, state } => neighbour(tr, &address.to_string(), *state),
        Fact::IcmpError { kind: IcmpErrorKind::NeighbourSilent, .. } => {
            t::fact_icmp_own(tr).to_owned()
        }
        Fact::IcmpError { from, kind } => {
            t::fact_icmp_error(tr, from.to_string(), icmp_error(tr, *kind))
        }
        Fact::Blind { reason } => blind(tr, *reason).to_owned(),
        Fact::Maintenance { on: true } => t::fact_maintenance_on(tr).to_owned(),
        Fact::Maintenance { on: false } => t::fact_maintenance_off(tr).to_owned(),
    }
}

fn not_sent(tr: &Tr, obstacle: Obstacle) -> &'static str {
    match obstacle {
        Obstacle::NoPort => t::not_sent_no_port(tr),
        Obstacle::NoRoute => t::not_sent_no_route(tr),
        Obstacle::Forbidden => t::not_sent_forbidden(tr),
    }
}

fn millis(tr: &Tr, rtt: Duration) -> String {
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
        IcmpErrorKind::NeighbourSilent => t::icmp_neighbour_silent(tr).to_owned(),
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
