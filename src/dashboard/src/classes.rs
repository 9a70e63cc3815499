//! What classes of traffic are called: services by their names from the rules, the rest in words.

use std::sync::Arc;

use ets_i18n::{Tr, t};
use ets_model::{Service, ServiceNo};
use ets_netd_api::Class;
use ets_rules::Rights;

use crate::service::App;

/// The names of classes that are no services, for machines.
const FIXED: [(Class, &str); 5] = [
    (Class::Hub, "hub"),
    (Class::Outside, "outside"),
    (Class::Neighbour, "neighbour"),
    (Class::Other, "other"),
    (Class::Dropped, "dropped"),
];

/// The classes as of one moment. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Classes(Option<Arc<Rights>>);

impl Classes {
    /// As of now.
    pub(crate) fn of(app: &App) -> Self {
        Self(app.deps.rules.as_ref().map(ets_rules::Handle::rights))
    }

    fn service(&self, no: ServiceNo) -> Option<&Service> {
        self.0.as_ref()?.by_no(no)
    }

    /// In the reader's language.
    pub(crate) fn name(&self, tr: &Tr, class: Class) -> String {
        match class {
            Class::Hub => t::class_hub(tr).to_owned(),
            Class::Outside => t::class_outside(tr).to_owned(),
            Class::Neighbour => t::class_neighbour(tr).to_owned(),
            Class::Other => t::class_other(tr).to_owned(),
            Class::Dropped => t::class_dropped(tr).to_owned(),
            Class::Service(no) => self.service(no).map_or_else(
                || t::class_service(tr, no.0.to_string()),
                |one| match one.name.get(tr.lang()) {
                    "" => one.id.to_string(),
                    name => name.to_owned(),
                },
            ),
        }
    }

    /// For machines: `hub`, `outside`, `neighbour`, `other`, `dropped`, the identifier of a
    /// service, or `service-7` where the rules do not know it or its identifier is one of these.
    pub(crate) fn code(&self, class: Class) -> String {
        if let Some((_, code)) = FIXED.iter().find(|(fixed, _)| *fixed == class) {
            return (*code).to_owned();
        }
        let Class::Service(no) = class else { return "other".to_owned() };
        let free = |one: &&Service| FIXED.iter().all(|(_, code)| *code != one.id.as_str());
        self.service(no)
            .filter(free)
            .map_or_else(|| format!("service-{no}"), |one| one.id.to_string())
    }

    /// The class with this name for machines.
    pub(crate) fn read(&self, code: &str) -> Option<Class> {
        self.all().into_iter().find(|class| self.code(*class) == code)
    }

    /// Those that may have traffic: services first, in their order, then the others.
    pub(crate) fn all(&self) -> Vec<Class> {
        let services = self.0.iter().flat_map(|rights| rights.services.iter());
        let services = services.map(|one| Class::Service(one.no));
        services.chain(FIXED.iter().map(|(class, _)| *class)).collect()
    }
}
