//! What each kind of fault does to the star.

use ipnet::IpNet;

use super::conflict::Conflict;
use super::relay::{Delay, RelayPlace, Scope};
use super::spoof::Spoof;
use super::steps::{Step, additions, script};
use super::{Draft, Faults, Spec, Target};
use crate::args::{Kind, Side};
use crate::error::{Error, Result};
use crate::plan::{LinkPlan, Mode, SERVICES, SegmentPlan};
use crate::programs::Tool;
use crate::topology;

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
            ("every port of the hub is dark", set_links(place, ports(), "down", "up"))
        } else {
            let run = format!(
                "table bridge ets_fault_{id} {{ chain forward {{ type filter hook forward priority -300; policy drop; }}; }}"
            );
            let undo = format!("delete table bridge ets_fault_{id}");
            ("the trunk swallows everything", script(Tool::Nft, place, run, undo))
        };
        Draft { target: "trunk".to_owned(), text: text.to_owned(), steps: vec![step] }
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
        Draft { target: parent.to_owned(), text, steps: vec![step] }
    }

    fn segment_fault(&self, spec: &Spec, segment: &SegmentPlan, id: u64) -> Result<Draft> {
        let loss = spec.loss.unwrap_or(10.0);
        let named =
            |text: String, steps: Vec<Step>| Draft { target: segment.id.clone(), text, steps };
        Ok(match spec.kind {
            Kind::LinkDown => return self.link_down(spec.side, segment),
            Kind::Silent => {
                named("its packets vanish".to_owned(), vec![filter(segment, id, "drop")])
            }
            Kind::Loss => named(
                format!("{loss} % lost each way"),
                vec![filter(segment, id, &random_drop(loss))],
            ),
            Kind::Rate => {
                named(format!("{} kbit/s each way", spec.rate), self.rate(spec.rate, segment, id))
            }
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
                    self.wrong_route(segment, other),
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
                return Err(Error::Bug("this kind of fault is not one of a segment".to_owned()));
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
            return Ok(Draft { target: link.interface.clone(), text, steps: vec![step] });
        }
        let port = segment.port.as_deref().ok_or_else(|| no_port(segment, "use `silent`"))?;
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
        let shape = |place: String, device: &str| {
            let add = format!(
                "qdisc add dev {device} root tbf rate {kbps}kbit burst 16kb latency 300ms\n"
            );
            script(Tool::Tc, place, add, format!("qdisc del dev {device} root\n"))
        };
        vec![shape(segment.netns.clone(), "up0"), shape(self.star.plan.place("trunk"), port)]
    }

    fn delay(&self, spec: &Spec, segment: &SegmentPlan, id: u64) -> Step {
        let plan = &self.star.plan;
        let link = plan.link_of(segment);
        let (port, scope) = match (&segment.port, &link.router) {
            (None, Some(router)) => (router.port.clone(), Scope::Nets(segment.nets())),
            (port, _) => (port.clone().unwrap_or_default(), Scope::Everything),
        };
        let apart = plan.shape.mode() == Mode::Shared;
        let place =
            RelayPlace { trunk: plan.place("trunk"), port, bridge: link.bridge.clone(), apart };
        let delay = Delay::new(spec.delay, spec.jitter, spec.loss.unwrap_or(0.0));
        Step::Delay { place, fault: id, scope, delay }
    }

    fn reboot(&self, segment: &SegmentPlan, id: u64) -> Step {
        if segment.port.is_none() {
            return filter(segment, id, "drop");
        }
        let undo = topology::uplink(&self.star.plan, segment);
        script(Tool::Ip, segment.netns.clone(), "link set up0 down\n".to_owned(), undo)
    }

    /// The hub sends the segment's packets to another router, which has no route for them and says
    /// so (ICMP unreachable).
    fn wrong_route(&self, segment: &SegmentPlan, other: &SegmentPlan) -> Vec<Step> {
        let plan = &self.star.plan;
        let link = plan.link_of(other);
        let (via4, via6) = match &link.router {
            Some(router) => (router.at4, router.at6),
            None => (other.router4, other.router6),
        };
        let table = 10_000 + segment.number;
        let (port, net4, net6) = (&link.interface, segment.net4, segment.net6);
        let hub = plan.place("hub");
        let stranger = format!("route add unreachable {net4}\nroute add unreachable {net6}\n");
        let routes = format!(
            "route add default via {via4} dev {port} table {table}\n\
             route add default via {via6} dev {port} table {table}\n"
        );
        let rule = |net: IpNet| format!("rule add to {net} lookup {table} pref 90\n");
        vec![
            additions(Tool::Ip, other.netns.clone(), stranger),
            additions(Tool::Ip, hub.clone(), routes),
            additions(Tool::Ip, hub.clone(), rule(net4.into())),
            additions(Tool::Ip6, hub, rule(net6.into())),
        ]
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
        let address = format!("addr add {router} peer {hub4} dev {bridge}\n");
        let address = additions(Tool::Ip, place.clone(), address);
        let rogue = (place, bridge.clone());
        let rightful = (segment.netns.clone(), "up0".to_owned());
        Ok(vec![address, Step::Conflict(Conflict { rogue, rightful, address: router })])
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
        let after = all.iter().skip_while(|other| other.number <= segment.number);
        let ring: Vec<_> =
            after.chain(all).filter(|other| other.number != segment.number).collect();
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
    let lines = |to: &str| links.clone().map(|link| format!("link set {link} {to}\n")).collect();
    script(Tool::Ip, place, lines(run), lines(undo))
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
    script(Tool::Nft, segment.netns.clone(), run, format!("delete table inet ets_fault_{id}\n"))
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
