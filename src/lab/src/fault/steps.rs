//! What each kind of fault does to the star, as steps that know how to undo themselves.

use super::conflict::Conflict;
use super::relay::{Delay, RelayPlace, Relays, Scope};
use super::spoof::Spoof;
use super::worker::Worker;
use super::{Draft, Faults, Spec, Target};
use crate::args::{Kind, Side};
use crate::error::{Error, Result};
use crate::plan::{LinkPlan, Mode, SERVICES, SegmentPlan};
use crate::star::Star;
use crate::topology;

/// One change and its undoing.
pub(super) enum Step {
    /// `ip` commands in a namespace.
    Ip {
        place: String,
        run: String,
        undo: String,
    },
    /// `tc` commands in a namespace.
    Tc {
        place: String,
        run: String,
        undo: String,
    },
    /// nftables rules in a namespace.
    Nft {
        place: String,
        run: String,
        undo: String,
    },
    /// A delay of some packets on a port of the trunk.
    Delay {
        place: RelayPlace,
        fault: u64,
        scope: Scope,
        delay: Delay,
    },
    /// A second device with a router's address.
    Conflict(Conflict),
    /// Packets with a false sender.
    Spoof(Spoof),
}

/// A change that was made.
pub(super) enum Done {
    /// Undone by `ip`, `tc`, `nft`.
    Ip {
        place: String,
        undo: String,
    },
    Tc {
        place: String,
        undo: String,
    },
    Nft {
        place: String,
        undo: String,
    },
    /// Undone by taking the rule out of the relay.
    Delay {
        port: String,
        fault: u64,
    },
    /// Undone by dropping it.
    Worker(#[allow(dead_code)] Worker),
}

/// Makes all changes, or none when one fails.
pub(super) fn run_all(steps: Vec<Step>, star: &Star, relays: &mut Relays) -> Result<Vec<Done>> {
    let mut done = Vec::new();
    for step in steps {
        match run(step, star, relays) {
            Ok(change) => done.push(change),
            Err(error) => {
                let _ = undo_all(done, star, relays);
                return Err(error);
            }
        }
    }
    Ok(done)
}

fn run(step: Step, star: &Star, relays: &mut Relays) -> Result<Done> {
    match step {
        Step::Ip { place, run, undo } => star
            .programs
            .ip(star.namespace(&place)?, &run)
            .map(|()| Done::Ip { place, undo }),
        Step::Tc { place, run, undo } => star
            .programs
            .tc(star.namespace(&place)?, &run)
            .map(|()| Done::Tc { place, undo }),
        Step::Nft { place, run, undo } => star
            .programs
            .nft(star.namespace(&place)?, &run)
            .map(|()| Done::Nft { place, undo }),
        Step::Delay {
            place,
            fault,
            scope,
            delay,
        } => {
            let port = place.port.clone();
            relays
                .add(star, place, fault, scope, delay)
                .map(|()| Done::Delay { port, fault })
        }
        Step::Conflict(conflict) => conflict.start(star).map(Done::Worker),
        Step::Spoof(spoof) => spoof.start(star).map(Done::Worker),
    }
}

/// Undoes changes, the last first; goes on after a failure and reports the first one.
pub(super) fn undo_all(done: Vec<Done>, star: &Star, relays: &mut Relays) -> Result<()> {
    let mut result = Ok(());
    for change in done.into_iter().rev() {
        let undone = match change {
            Done::Ip { place, undo } => star
                .namespace(&place)
                .and_then(|at| star.programs.ip(at, &undo)),
            Done::Tc { place, undo } => star
                .namespace(&place)
                .and_then(|at| star.programs.tc(at, &undo)),
            Done::Nft { place, undo } => star
                .namespace(&place)
                .and_then(|at| star.programs.nft(at, &undo)),
            Done::Delay { port, fault } => relays.remove(star, &port, fault),
            Done::Worker(worker) => {
                drop(worker);
                Ok(())
            }
        };
        result = result.and(undone);
    }
    result
}

impl Faults {
    pub(super) fn draft(&self, spec: &Spec, target: &Target, id: u64) -> Result<Draft> {
        match target {
            Target::Trunk => Ok(self.trunk_fault(spec.kind, id)),
            Target::ProviderPoint(parent) => Ok(self.provider_down(parent)),
            Target::Segment(segment) => self.segment_fault(spec, segment, id),
        }
    }

    fn trunk_fault(&self, kind: Kind, id: u64) -> Draft {
        let plan = &self.star.plan;
        let place = plan.place("trunk");
        let (text, step) = if kind == Kind::TrunkDown {
            let ports = || plan.links.iter().map(|link| link.trunk_port.as_str());
            (
                "every port of the hub is dark",
                set_links(place, ports(), "down", "up"),
            )
        } else {
            let run = format!(
                "table bridge ets_fault_{id} {{ chain forward {{ type filter hook forward priority -300; policy drop; }}; }}"
            );
            let undo = format!("delete table bridge ets_fault_{id}");
            (
                "the trunk swallows everything",
                Step::Nft { place, run, undo },
            )
        };
        Draft {
            target: "trunk".to_owned(),
            text: text.to_owned(),
            steps: vec![step],
        }
    }

    fn provider_down(&self, parent: &str) -> Draft {
        let plan = &self.star.plan;
        let mut bridges: Vec<&str> = Vec::new();
        let mut count = 0;
        for (index, segment) in plan.segments.iter().enumerate() {
            if self.seed.parent_of(index) == parent {
                bridges.push(&plan.link_of(segment).bridge);
                count += 1;
            }
        }
        bridges.dedup();
        let step = set_links(plan.place("trunk"), bridges.into_iter(), "down", "up");
        let text = format!("provider point down, {count} segments behind it");
        Draft {
            target: parent.to_owned(),
            text,
            steps: vec![step],
        }
    }

    fn segment_fault(&self, spec: &Spec, segment: &SegmentPlan, id: u64) -> Result<Draft> {
        let loss = spec.loss.unwrap_or(10.0);
        let named = |text: String, steps: Vec<Step>| Draft {
            target: segment.id.clone(),
            text,
            steps,
        };
        Ok(match spec.kind {
            Kind::LinkDown => return self.link_down(spec.side, segment),
            Kind::Silent => named(
                "its packets vanish".to_owned(),
                vec![filter(segment, id, "drop")],
            ),
            Kind::Loss => named(
                format!("{loss} % lost each way"),
                vec![filter(segment, id, &random_drop(loss))],
            ),
            Kind::Rate => named(
                format!("{} kbit/s each way", spec.rate),
                self.rate(spec.rate, segment, id),
            ),
            Kind::Delay => named(
                format!(
                    "{} ± {} ms each way, {} % lost",
                    spec.delay,
                    spec.jitter,
                    spec.loss.unwrap_or(0.0)
                ),
                vec![self.delay(spec, segment, id)],
            ),
            Kind::Reboot => named(
                format!("its router is down for {} s", spec.seconds),
                vec![self.reboot(segment, id)],
            ),
            Kind::WrongRoute => {
                let other = self.another(segment)?;
                named(
                    format!("the hub's route leads to {}", other.id),
                    vec![self.wrong_route(segment, other)],
                )
            }
            Kind::AddressConflict => named(
                "a second device has the router's address".to_owned(),
                self.conflict(segment)?,
            ),
            Kind::Spoof => {
                let other = self.another(segment)?;
                named(
                    format!("sends in the name of {}", other.id),
                    vec![self.spoof(segment, other)],
                )
            }
            Kind::ProviderDown | Kind::TrunkDown | Kind::TrunkSilent => {
                return Err(Error::Bug(
                    "this kind of fault is not one of a segment".to_owned(),
                ));
            }
        })
    }

    fn link_down(&self, side: Side, segment: &SegmentPlan) -> Result<Draft> {
        let plan = &self.star.plan;
        let trunk = plan.place("trunk");
        let link = plan.link_of(segment);
        if side == Side::Hub {
            let step = set_links(trunk, [link.trunk_port.as_str()].into_iter(), "down", "up");
            let text = "the hub's port has no carrier".to_owned();
            return Ok(Draft {
                target: link.interface.clone(),
                text,
                steps: vec![step],
            });
        }
        let port = segment
            .port
            .as_deref()
            .ok_or_else(|| no_port(segment, "use `silent`"))?;
        let step = set_links(trunk, [port].into_iter(), "down", "up");
        Ok(Draft {
            target: segment.id.clone(),
            text: "its own port has no carrier".to_owned(),
            steps: vec![step],
        })
    }

    fn rate(&self, kbps: u64, segment: &SegmentPlan, id: u64) -> Vec<Step> {
        let Some(port) = &segment.port else {
            let rule = format!(
                "limit rate over {} bytes/second burst 16 kbytes drop",
                (kbps * 125).max(1)
            );
            return vec![filter(segment, id, &rule)];
        };
        let shape = |place: String, device: &str| Step::Tc {
            place,
            run: format!(
                "qdisc add dev {device} root tbf rate {kbps}kbit burst 16kb latency 300ms\n"
            ),
            undo: format!("qdisc del dev {device} root\n"),
        };
        vec![
            shape(segment.netns.clone(), "up0"),
            shape(self.star.plan.place("trunk"), port),
        ]
    }

    fn delay(&self, spec: &Spec, segment: &SegmentPlan, id: u64) -> Step {
        let plan = &self.star.plan;
        let link = plan.link_of(segment);
        let (port, scope) = match (&segment.port, &link.router) {
            (None, Some(router)) => (router.port.clone(), Scope::Nets(segment.nets())),
            (port, _) => (port.clone().unwrap_or_default(), Scope::Everything),
        };
        let apart = plan.shape.mode() == Mode::Shared;
        let place = RelayPlace {
            trunk: plan.place("trunk"),
            port,
            bridge: link.bridge.clone(),
            apart,
        };
        let delay = Delay::new(spec.delay, spec.jitter, spec.loss.unwrap_or(0.0));
        Step::Delay {
            place,
            fault: id,
            scope,
            delay,
        }
    }

    fn reboot(&self, segment: &SegmentPlan, id: u64) -> Step {
        if segment.port.is_none() {
            return filter(segment, id, "drop");
        }
        let undo = topology::uplink(&self.star.plan, segment);
        Step::Ip {
            place: segment.netns.clone(),
            run: "link set up0 down\n".to_owned(),
            undo,
        }
    }

    fn wrong_route(&self, segment: &SegmentPlan, other: &SegmentPlan) -> Step {
        let plan = &self.star.plan;
        let link = plan.link_of(other);
        let (via4, via6) = match &link.router {
            Some(router) => (router.at4, router.at6),
            None => (other.router4, other.router6),
        };
        let table = 10_000 + segment.number;
        let (port, net4, net6) = (&link.interface, segment.net4, segment.net6);
        let run = format!(
            "route add default via {via4} dev {port} table {table}\n\
             route add default via {via6} dev {port} table {table}\n\
             rule add to {net4} lookup {table} pref 90\n\
             -6 rule add to {net6} lookup {table} pref 90\n"
        );
        let undo = run.replace("add", "del");
        Step::Ip {
            place: plan.place("hub"),
            run,
            undo,
        }
    }

    fn conflict(&self, segment: &SegmentPlan) -> Result<Vec<Step>> {
        if segment.port.is_none() {
            return Err(no_port(
                segment,
                "an address conflict needs a star of at most 200 segments",
            ));
        }
        let plan = &self.star.plan;
        let LinkPlan { bridge, hub4, .. } = plan.link_of(segment);
        let (place, router) = (plan.place("trunk"), segment.router4);
        let address = Step::Ip {
            place: place.clone(),
            run: format!("addr add {router} peer {hub4} dev {bridge}\n"),
            undo: format!("addr del {router} peer {hub4} dev {bridge}\n"),
        };
        let device = bridge.clone();
        Ok(vec![
            address,
            Step::Conflict(Conflict {
                place,
                device,
                address: router,
            }),
        ])
    }

    fn spoof(&self, segment: &SegmentPlan, other: &SegmentPlan) -> Step {
        Step::Spoof(Spoof {
            place: segment.netns.clone(),
            claimed_host: other.host4,
            claimed_router: other.router4,
            server: SERVICES.server4,
            hub: self.star.plan.link_of(other).hub4,
        })
    }

    /// The next segment on another link, else the next one.
    fn another(&self, segment: &SegmentPlan) -> Result<&SegmentPlan> {
        let all = &self.star.plan.segments;
        let after = all
            .iter()
            .skip_while(|other| other.number <= segment.number);
        let ring: Vec<_> = after
            .chain(all)
            .filter(|other| other.number != segment.number)
            .collect();
        let elsewhere = ring.iter().find(|other| other.link != segment.link);
        let refusal = || {
            Error::Refused("this fault needs a second segment: run the lab with more".to_owned())
        };
        elsewhere.or(ring.first()).copied().ok_or_else(refusal)
    }
}

fn no_port(segment: &SegmentPlan, remedy: &str) -> Error {
    Error::Refused(format!(
        "{} shares its link's router and has no port of its own: {remedy}",
        segment.id
    ))
}

fn set_links<'a>(
    place: String,
    links: impl Iterator<Item = &'a str> + Clone,
    run: &str,
    undo: &str,
) -> Step {
    let lines = |to: &str| {
        links
            .clone()
            .map(|link| format!("link set {link} {to}\n"))
            .collect()
    };
    Step::Ip {
        place,
        run: lines(run),
        undo: lines(undo),
    }
}

/// Rules on the segment's side of its link that treat its packets, both ways, with `verdict`.
fn filter(segment: &SegmentPlan, id: u64, verdict: &str) -> Step {
    let (net4, net6) = (segment.net4, segment.net6);
    let run = format!(
        "table inet ets_fault_{id} {{\n\
           chain arriving {{ type filter hook prerouting priority -300;\n\
             ip daddr {net4} {verdict}\n ip6 daddr {net6} {verdict}\n }}\n\
           chain leaving {{ type filter hook postrouting priority 300;\n\
             ip saddr {net4} {verdict}\n ip6 saddr {net6} {verdict}\n }}\n\
         }}\n"
    );
    Step::Nft {
        place: segment.netns.clone(),
        run,
        undo: format!("delete table inet ets_fault_{id}\n"),
    }
}

fn random_drop(percent: f64) -> String {
    // Within 0 to 100 by Spec::check.
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
    let of_ten_thousand = (percent * 100.0).round() as u32;
    match of_ten_thousand {
        10_000.. => "drop".to_owned(),
        chance => format!("numgen random mod 10000 < {chance} drop"),
    }
}
