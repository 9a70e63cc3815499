//! Every address that somebody can open names what it needs, or it cannot be opened: there is no
//! other way to put a page or an operation behind the gate.

use axum::Router;
use axum::middleware::from_fn_with_state;
use axum::routing::MethodRouter;
use ets_rights::Object;
use percent_encoding::percent_decode_str;

use super::guard::{Gate, require_entry};
use crate::service::App;

/// What an address needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Needs {
    /// Nothing: it judges for itself whom it answers.
    Public,
    /// That somebody proved who he is.
    Known,
    /// This right on the object that the address names.
    Right(&'static str),
}

/// An address, for those who go through all of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Address {
    /// The path with its parameters in braces.
    pub path: &'static str,
    /// The only method that this is about, lower case; `None` for all that are offered.
    pub method: Option<&'static str>,
    /// What it needs.
    pub needs: Needs,
}

/// One address with what answers there.
struct Route {
    path: &'static str,
    method: Option<&'static str>,
    needs: Needs,
    handler: MethodRouter<App>,
}

/// Addresses in the making.
#[derive(Default)]
pub(crate) struct Routes(Vec<Route>);

impl Routes {
    pub(crate) fn new() -> Self {
        Self::default()
    }

    /// An address that needs this right.
    #[must_use]
    pub(crate) fn route(
        self,
        path: &'static str,
        right: &'static str,
        handler: MethodRouter<App>,
    ) -> Self {
        self.with(path, None, Needs::Right(right), handler)
    }

    /// The same for one method, where others on the same path need another right.
    #[must_use]
    pub(crate) fn on(
        self,
        method: &'static str,
        path: &'static str,
        needs: Needs,
        handler: MethodRouter<App>,
    ) -> Self {
        self.with(path, Some(method), needs, handler)
    }

    /// An address for everybody who proved who he is.
    #[must_use]
    pub(crate) fn known(self, path: &'static str, handler: MethodRouter<App>) -> Self {
        self.with(path, None, Needs::Known, handler)
    }

    /// An address that is open to strangers.
    #[must_use]
    pub(crate) fn public(self, path: &'static str, handler: MethodRouter<App>) -> Self {
        self.with(path, None, Needs::Public, handler)
    }

    fn with(
        mut self,
        path: &'static str,
        method: Option<&'static str>,
        needs: Needs,
        handler: MethodRouter<App>,
    ) -> Self {
        self.0.push(Route { path, method, needs, handler });
        self
    }

    /// Both.
    #[must_use]
    pub(crate) fn merge(mut self, other: Self) -> Self {
        self.0.extend(other.0);
        self
    }

    /// What there is.
    pub(crate) fn addresses(&self) -> impl Iterator<Item = Address> + '_ {
        self.0.iter().map(|route| Address {
            path: route.path,
            method: route.method,
            needs: route.needs,
        })
    }

    /// The router, with the gate before each address.
    pub(crate) fn build(self, app: &App) -> Router<App> {
        self.0.into_iter().fold(Router::new(), |router, route| {
            let Route { path, needs, handler, .. } = route;
            let handler = match needs {
                Needs::Public => handler,
                _ => {
                    let gate = Gate { app: app.clone(), needs, path };
                    handler.layer(from_fn_with_state(gate, require_entry))
                }
            };
            router.route(path, handler)
        })
    }
}

/// The object that a path names, by the place of its parameter: a segment below `segments`, an
/// institution below `institutions` or as `{institution}`. Everything else is about the whole hub.
pub(crate) fn object(template: &str, path: &str) -> Object {
    let mut before = "";
    for (part, value) in template.split('/').zip(path.split('/')) {
        let value = percent_decode_str(value).decode_utf8_lossy();
        let named = match (before, part) {
            ("segments", "{id}") => value.parse().ok().map(Object::Segment),
            ("institutions", "{id}") | (_, "{institution}") => {
                value.parse().ok().map(Object::Institution)
            }
            _ => None,
        };
        if let Some(object) = named {
            return object;
        }
        before = part;
    }
    Object::Everywhere
}

#[cfg(test)]
mod tests {
    use super::*;

    /// covers: T3
    #[test]
    fn a_path_names_its_object_and_an_unreadable_one_is_the_whole_hub() {
        let segment = Object::Segment("s001".parse().unwrap());
        let archive = Object::Institution("archive".parse().unwrap());
        for (template, path, expected) in [
            ("/segments/{id}/edit", "/segments/s001/edit", &segment),
            ("/api/v1/segments/{id}", "/api/v1/segments/s%30%301", &segment),
            ("/rules/segments/{id}", "/rules/segments/s001", &segment),
            ("/api/v1/institutions/{id}", "/api/v1/institutions/archive", &archive),
            ("/traffic/reports/{institution}", "/traffic/reports/archive", &archive),
            ("/segments/{id}", "/segments/A%2Fb", &Object::Everywhere),
            ("/rules/services/{id}", "/rules/services/s001", &Object::Everywhere),
            ("/segments", "/segments", &Object::Everywhere),
        ] {
            assert_eq!(object(template, path), *expected, "{template} {path}");
        }
    }
}
