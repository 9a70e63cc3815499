//! The kernel as the ruler needs it: packet filter, settings of the ports, routes to segments.

use std::collections::{BTreeMap, BTreeSet};
use std::net::{IpAddr, SocketAddr};

use ets_dataplane::compile::{Links, Port, TABLE, compile};
use ets_dataplane::nft::ir::{Family, Ruleset};
use ets_dataplane::nft::{Difference, Kernel, Names, TableName, changes, drift, text_of};
use ets_dataplane::{Divert, Route, WayFinder, Ways, reach};
use ets_model::{Intercept, Policy};
use ets_netd_api::{Drift, Plan, Reach};
use ipnet::IpNet;

use super::clash::clashes;
use super::ruler::Plane;
use super::safety::Standing;
use super::settings;
use super::shaper::Shaper;

/// The most lines of a plan or a drift that are told: a change of everything needs no more.
const MOST_LINES: usize = 100_000;
const MOST_DRIFT: usize = 200;
/// So many looks, five a second, after which everything is compared though nothing seems to stir.
const COMPARED_EVERY: u32 = 150;

/// The kernel's data plane in the network namespace of the thread that opened it.
pub(crate) struct Filter {
    kernel: Kernel,
    finder: WayFinder,
    shaper: Shaper,
    divert: Divert,
    /// Whose flows the gateway takes.
    intercept: Option<Intercept>,
    /// Whether the rules have to count, because nothing better can.
    metered: bool,
    /// Where the hub answers those outside.
    published: Vec<SocketAddr>,
    /// The generation of the kernel's rules as of the last look.
    seen: Option<u32>,
    /// The interfaces as of the last look.
    around: Around,
    /// Looks since everything was compared.
    looks: u32,
}

/// The hub's interfaces and addresses.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Around {
    /// The numbers of interfaces by their names.
    pub(crate) ports: BTreeMap<String, u32>,
    /// The hub's own addresses.
    pub(crate) own: BTreeSet<IpAddr>,
}

impl Around {
    fn of(ways: &Ways) -> Self {
        let addresses = ways.interfaces.values().flat_map(|one| one.addresses.iter().copied());
        Self { ports: numbers(ways), own: addresses.collect() }
    }
}

impl Filter {
    /// # Errors
    /// When the kernel has no packet filter or refuses it.
    pub(crate) fn open(
        metered: bool,
        published: Vec<SocketAddr>,
    ) -> Result<Self, ets_dataplane::Error> {
        let (kernel, finder, shaper) = (Kernel::open()?, WayFinder::open()?, Shaper::open()?);
        Ok(Self {
            kernel,
            finder,
            shaper,
            divert: Divert::open()?,
            intercept: None,
            metered,
            published,
            seen: None,
            around: Around::default(),
            looks: 0,
        })
    }

    /// Interfaces and addresses as of the last look.
    pub(crate) fn around(&self) -> &Around {
        &self.around
    }

    /// Where the hub answers those outside.
    pub(crate) fn published(&self) -> Vec<SocketAddr> {
        self.published.clone()
    }

    /// Whose flows the gateway takes.
    pub(crate) fn intercepted(&self) -> Option<&Intercept> {
        self.intercept.as_ref()
    }

    /// The packet filter.
    pub(crate) fn kernel(&mut self) -> &mut Kernel {
        &mut self.kernel
    }

    /// What is only looked at for somebody is not taken as compared: [`Plane::stirred`] must still
    /// see that something changed.
    fn look(&mut self) -> Result<Ways, String> {
        self.finder.read().map_err(|error| chain(&error))
    }

    fn wanted(&mut self, standing: &Standing) -> Result<(Ruleset, Names, Ways), String> {
        let ways = self.look()?;
        let policy = standing.policy();
        let links = self.links(&ways, policy);
        Ok((compile(policy, &links, generation(standing.change)), names(&ways), ways))
    }

    /// What the rules need to know of this machine.
    fn links(&self, ways: &Ways, policy: &Policy) -> Links {
        Links {
            ports: ports(ways, policy),
            metered: self.metered,
            published: self.published.clone(),
            intercept: self.intercept.clone(),
        }
    }

    /// The rules of the kernel, and their generation.
    fn have(&mut self) -> Result<(Ruleset, u32), String> {
        self.kernel.snapshot(&tables()).map_err(|error| chain(&error))
    }

    /// Adds the routes to segments that are missing; those that cannot be added are told as drift.
    fn lay_routes(&mut self, standing: &Standing, ways: &Ways) {
        for (route, _) in wrong_ways(standing, ways) {
            let Some(route) = route else { continue };
            if let Err(error) = self.finder.add(&route) {
                tracing::warn!(to = %route.to, error = chain(&error), "a route cannot be added");
            }
        }
    }
}

impl Plane for Filter {
    fn put(&mut self, standing: &Standing) -> Result<(), String> {
        let (wanted, _, ways) = self.wanted(standing)?;
        self.around = Around::of(&ways);
        settings::set(ports_of(standing));
        self.lay_routes(standing, &ways);
        // There is no moment in which packets are marked and lead nowhere: they would be refused, and
        // held against their sender.
        let diverts = self.intercept.is_some();
        let way = if diverts { self.divert.set(true) } else { Ok(()) };
        // Without a way what is marked is refused: no reason to leave other rules in force.
        self.kernel.apply(&wanted).map_err(|error| refusal(&error))?;
        let way = if diverts { way } else { self.divert.set(false) };
        // After the rules: a packet with a class that there is not would not wait at all.
        self.shaper.set(standing.policy(), &self.around.ports);
        self.seen = self.kernel.generation().ok();
        way.map_err(|error| chain(&error))
    }

    fn intercept(&mut self, wanted: Option<Intercept>) -> Option<Intercept> {
        std::mem::replace(&mut self.intercept, wanted)
    }

    fn clashes(&mut self, policy: &Policy) -> Result<Vec<String>, String> {
        Ok(clashes(policy, &self.look()?))
    }

    fn plan(&mut self, change: u64, policy: &Policy) -> Result<Plan, String> {
        let standing = Standing { change, policy: Some(policy.clone()) };
        let (wanted, names, _) = self.wanted(&standing)?;
        let (have, _) = self.have()?;
        let mut plan = Plan::default();
        for difference in changes(&have, &wanted, &names).into_iter().take(MOST_LINES) {
            let line = |text: &str| format!("{}: {text}", difference.what);
            if !difference.wanted.is_empty() {
                plan.added.push(line(&difference.wanted));
            }
            if !difference.found.is_empty() {
                plan.removed.push(line(&difference.found));
            }
        }
        Ok(plan)
    }

    fn stirred(&mut self) -> bool {
        self.looks += 1;
        if self.looks >= COMPARED_EVERY {
            // Routes and settings have no generation: they are looked at now and then.
            self.looks = 0;
            return true;
        }
        let generation = self.kernel.generation().ok();
        let links = self.finder.links().ok().map(|ways| numbers(&ways));
        generation != self.seen || links.is_some_and(|links| links != self.around.ports)
    }

    fn drift(&mut self, standing: &Standing) -> Result<Vec<Drift>, String> {
        let (wanted, names, ways) = self.wanted(standing)?;
        self.around = Around::of(&ways);
        let (have, seen) = self.have()?;
        self.seen = Some(seen);
        let rules = drift(&have, &wanted, &names).into_iter().map(told);
        let ways = wrong_ways(standing, &ways).into_iter().map(|(_, drift)| drift);
        let settings = settings::wrong(ports_of(standing));
        let queues = self.shaper.wrong(standing.policy(), &self.around.ports);
        let diverted = diverted(&mut self.divert, self.intercept.is_some());
        let rules = rules.chain(diverted);
        Ok(rules.chain(settings).chain(ways).chain(queues).take(MOST_DRIFT).collect())
    }

    fn text(&mut self) -> Result<String, String> {
        let ways = self.look()?;
        Ok(text_of(&self.have()?.0, &names(&ways)))
    }

    fn reach(&mut self, standing: &Standing) -> Result<Reach, String> {
        let ways = self.look()?;
        let (have, _) = self.have()?;
        let policy = standing.policy();
        let links = self.links(&ways, policy);
        reach(&have, policy, &links, standing.change).map_err(|error| chain(&error))
    }
}

/// Why the kernel refuses the rules. Of what is asked of it seldom: what it may lack.
fn refusal(error: &ets_dataplane::Error) -> String {
    let why = chain(error);
    match error {
        ets_dataplane::Error::Rejected { step, .. } if step.contains(" tproxy ") => format!(
            "{why} (rules of the gateway are transparent, for which the kernel needs nft_tproxy: try \
             `modprobe nft_tproxy`, or make no rule transparent)"
        ),
        _ => why,
    }
}

/// The mark of the flows that the rules of a change accepted; never 0.
fn generation(change: u64) -> u32 {
    u32::try_from(change % u64::from(u32::MAX)).unwrap_or(0) + 1
}

fn tables() -> [TableName; 2] {
    [Family::Inet, Family::Arp].map(|family| TableName { family, name: TABLE.to_owned() })
}

/// What is missing, or left over, of the way from marked packets to the hub itself.
fn diverted(divert: &mut Divert, wanted: bool) -> Vec<Drift> {
    let faults = divert.wrong(wanted).unwrap_or_else(|error| vec![chain(&error)]);
    let told = |what: String| {
        let (is, is_not) = ("there".to_owned(), String::new());
        let (wanted, found) = if wanted { (is, is_not) } else { (is_not, is) };
        Drift { what, wanted, found }
    };
    faults.into_iter().map(told).collect()
}

fn told(difference: Difference) -> Drift {
    let Difference { what, wanted, found } = difference;
    Drift { what, wanted, found }
}

fn numbers(ways: &Ways) -> BTreeMap<String, u32> {
    ways.interfaces.iter().map(|(number, one)| (one.name.clone(), *number)).collect()
}

fn names(ways: &Ways) -> Names {
    ways.interfaces.iter().map(|(number, one)| (*number, one.name.clone())).collect()
}

/// The names of the ports that lead to segments.
fn ports_of(standing: &Standing) -> BTreeSet<&str> {
    let arms = standing.policy().arms.iter();
    arms.map(|arm| arm.interface.as_str()).filter(|name| !name.is_empty()).collect()
}

/// The interfaces with what the rules need of them.
fn ports(ways: &Ways, policy: &Policy) -> BTreeMap<String, Port> {
    let mut prefixes: BTreeMap<u32, Vec<IpNet>> = BTreeMap::new();
    let known = numbers(ways);
    for arm in &policy.arms {
        if let Some(number) = known.get(&arm.interface) {
            prefixes.entry(*number).or_default().extend(&arm.prefixes);
        }
    }
    let mut hops: BTreeMap<u32, BTreeSet<IpAddr>> = BTreeMap::new();
    for route in &ways.routes {
        if let Some(gateway) = route.gateway {
            hops.entry(route.interface).or_default().insert(gateway);
        }
    }
    let port = |(number, interface): (&u32, &ets_dataplane::Interface)| {
        let own = prefixes.get(number).map(Vec::as_slice).unwrap_or_default();
        let inside = |hop: &IpAddr| own.iter().any(|prefix| prefix.contains(hop));
        let hops = hops.remove(number).unwrap_or_default();
        let port = Port {
            index: *number,
            addresses: interface.addresses.clone(),
            next_hops: hops.into_iter().filter(|hop| !inside(hop)).collect(),
        };
        (interface.name.clone(), port)
    };
    ways.interfaces.iter().map(port).collect()
}

/// The networks of segments that do not lead to their port: the route that would mend it, where it is
/// plain which, and what is wrong.
fn wrong_ways(standing: &Standing, ways: &Ways) -> Vec<(Option<Route>, Drift)> {
    let known = numbers(ways);
    let index = Index::new(ways);
    let mut wrong = Vec::new();
    for arm in &standing.policy().arms {
        let Some(number) = known.get(&arm.interface).copied() else { continue };
        for prefix in &arm.prefixes {
            let found = index.route(*prefix);
            if found.is_some_and(|route| route.interface == number) {
                continue;
            }
            let drift = Drift {
                what: format!("route to {prefix} of {}", arm.id),
                wanted: format!("by {}", arm.interface),
                found: found.map(|route| by(route, ways)).unwrap_or_default(),
            };
            wrong.push((mend(*prefix, number, ways), drift));
        }
    }
    wrong
}

/// The routes by their destinations, for 10,000 questions in a row.
struct Index<'a> {
    exact: BTreeMap<IpNet, &'a Route>,
    lengths: BTreeSet<(bool, u8)>,
}

impl<'a> Index<'a> {
    fn new(ways: &'a Ways) -> Self {
        let exact = ways.routes.iter().map(|route| (route.to, route)).collect();
        let length = |route: &Route| (route.to.addr().is_ipv4(), route.to.prefix_len());
        Self { exact, lengths: ways.routes.iter().map(length).collect() }
    }

    /// The longest route that holds a whole network.
    fn route(&self, to: IpNet) -> Option<&'a Route> {
        let four = to.addr().is_ipv4();
        let fits = |(family, length): &&(bool, u8)| *family == four && *length <= to.prefix_len();
        self.lengths.iter().rev().filter(fits).find_map(|(_, length)| {
            let wider = IpNet::new(to.addr(), *length).ok()?.trunc();
            self.exact.get(&wider).copied()
        })
    }
}

fn by(route: &Route, ways: &Ways) -> String {
    let name = ways.interfaces.get(&route.interface).map_or("?", |one| one.name.as_str());
    format!("by {name}")
}

/// The next hop is the one router that is known on the port: by another route, or as the one
/// machine on the link.
fn mend(to: IpNet, interface: u32, ways: &Ways) -> Option<Route> {
    let here = ways.routes.iter().filter(|route| route.interface == interface);
    let same = |hop: &IpAddr| hop.is_ipv4() == to.addr().is_ipv4();
    let hops: BTreeSet<IpAddr> = here
        .filter_map(|route| match route.gateway {
            Some(gateway) => Some(gateway),
            None => (route.to.prefix_len() == route.to.max_prefix_len()).then(|| route.to.addr()),
        })
        .filter(same)
        .collect();
    let gateway = hops.first().copied().filter(|_| hops.len() == 1)?;
    Some(Route { to, interface, gateway: Some(gateway) })
}

fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text = format!("{text}: {error}");
        cause = error.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use ets_dataplane::Error::Rejected;

    #[test]
    fn a_missing_module_is_named_where_the_kernel_refuses_what_needs_it_and_nowhere_else() {
        let error = |step: &str| {
            let (step, reason) = (step.to_owned(), String::new());
            Rejected { step, reason, cause: std::io::ErrorKind::NotFound.into() }
        };
        let lacking = error("add rule inet ets intercept4 meta l4proto 6 tproxy to :3129 accept");
        assert!(refusal(&lacking).contains("modprobe nft_tproxy"));
        let other = error("add set inet ets intercepted");
        assert_eq!(refusal(&other), chain(&other));
    }
}
