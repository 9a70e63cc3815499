//! The star on this machine: its namespaces, made from a plan and taken down again.

use std::collections::HashMap;
use std::fs;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::error::{Context, Error, Result};
use crate::namespace::{self, Namespace};
use crate::plan::{EXTERNAL, LinkPlan, Mode, Plan, SERVICES, SegmentPlan};
use crate::programs::Programs;
use crate::topology;

/// A name below `/proc/sys/net` and its value.
type Setting = (&'static str, &'static str);

const ROUTER: &[Setting] = &[
    ("ipv4/ip_forward", "1"),
    ("ipv6/conf/all/forwarding", "1"),
    // A router that comes back from a reboot still has its addresses.
    ("ipv6/conf/all/keep_addr_on_down", "1"),
];

/// The trunk and the provider points are plain cables and switches.
const SWITCH: &[Setting] =
    &[("ipv6/conf/default/disable_ipv6", "1"), ("ipv6/conf/all/disable_ipv6", "1")];

/// A built star.
#[derive(Debug)]
pub(crate) struct Star {
    /// What it was built from.
    pub(crate) plan: Plan,
    /// The programs that change it.
    pub(crate) programs: Programs,
    places: HashMap<String, Namespace>,
}

impl Star {
    /// Builds the star of this plan.
    pub(crate) fn build(plan: Plan, programs: Programs) -> Result<Self> {
        namespace::prepare_folder()?;
        let mut star = Self { places: HashMap::new(), plan, programs };
        let names = star.plan.namespaces();
        for place in namespace::create(&names)? {
            star.places.insert(place.name().to_owned(), place);
        }
        star.set_kernel()?;
        star.lay_cables()?;
        star.hurry_neighbours()?;
        star.give_addresses()?;
        Ok(star)
    }

    /// The namespace with this full name.
    pub(crate) fn namespace(&self, name: &str) -> Result<&Namespace> {
        self.places.get(name).ok_or_else(|| Error::Bug(format!("no namespace {name} in the star")))
    }

    /// One of `hub`, `trunk`, `services`, `external`.
    pub(crate) fn place(&self, name: &str) -> Result<&Namespace> {
        self.namespace(&self.plan.place(name))
    }

    /// The namespace of a segment.
    pub(crate) fn of_segment(&self, segment: &SegmentPlan) -> Result<&Namespace> {
        self.namespace(&segment.netns)
    }

    fn set_kernel(&self) -> Result<()> {
        let trunk = self.plan.place("trunk");
        for place in self.places.values() {
            let settings = if place.name() == trunk { SWITCH } else { ROUTER };
            place.within(|| settings.iter().try_for_each(|(name, value)| set(name, value)))??;
        }
        Ok(())
    }

    /// A neighbour that came back is asked for five times a second, not once: else the kernel
    /// alone would add a second to every recovery.
    fn hurry_neighbours(&self) -> Result<()> {
        let set_port = |link: &LinkPlan| {
            ["ipv4", "ipv6"].iter().try_for_each(|family| {
                set(&format!("{family}/neigh/{}/retrans_time_ms", link.interface), "200")
            })
        };
        self.place("hub")?.within(|| self.plan.links.iter().try_for_each(set_port))?
    }

    fn lay_cables(&self) -> Result<()> {
        self.programs.ip(self.place("hub")?, &topology::hub_cables(&self.plan))?;
        self.programs.ip(self.place("trunk")?, &topology::trunk(&self.plan))
    }

    fn give_addresses(&self) -> Result<()> {
        let plan = &self.plan;
        let mut scripts = vec![(plan.place("hub"), topology::hub_addresses(plan))];
        for net in [SERVICES, EXTERNAL] {
            scripts.push((plan.place(net.place), topology::servers(net)));
        }
        if plan.shape.mode() == Mode::Routed {
            for (index, link) in plan.links.iter().enumerate() {
                let netns = link.router.as_ref().map(|router| router.netns.clone());
                scripts.push((netns.unwrap_or_default(), topology::link_router(plan, index)));
            }
        } else {
            let own = plan.segments.iter();
            scripts.extend(
                own.map(|segment| (segment.netns.clone(), topology::segment(plan, segment))),
            );
        }
        self.run_all(&scripts)
    }

    /// Runs scripts in their namespaces, several at a time.
    fn run_all(&self, scripts: &[(String, String)]) -> Result<()> {
        let next = AtomicUsize::new(0);
        let work = || {
            while let Some((name, script)) = scripts.get(next.fetch_add(1, Ordering::Relaxed)) {
                self.programs.ip(self.namespace(name)?, script)?;
            }
            Ok(())
        };
        std::thread::scope(|scope| {
            let workers: Vec<_> = (0..4).map(|_| scope.spawn(work)).collect();
            workers.into_iter().try_for_each(|worker| {
                worker
                    .join()
                    .unwrap_or_else(|_| Err(Error::Bug("building the star broke".to_owned())))
            })
        })
    }
}

/// Takes the names of a star's namespaces away when it is dropped, however far the star got.
#[derive(Debug)]
pub(crate) struct Names(pub(crate) Vec<String>);

impl Drop for Names {
    fn drop(&mut self) {
        for name in &self.0 {
            namespace::remove(name);
        }
    }
}

/// Sets one value of the calling thread's namespace.
fn set(name: &str, value: &str) -> Result<()> {
    let path = std::path::Path::new("/proc/sys/net").join(name);
    if path.starts_with("/proc/sys/net/ipv6") && !path.exists() {
        return Err(Error::Missing(
            "the lab needs IPv6 in the kernel; start it without ipv6.disable=1".to_owned(),
        ));
    }
    fs::write(&path, value).at("set", &path)
}
