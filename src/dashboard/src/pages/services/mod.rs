//! The catalogue of services with whether they answer. What is written down of a service is changed
//! at the rules, with who may reach it.

mod list;
mod page;
mod who;
mod words;

use std::sync::Arc;

use axum::routing::get;
use ets_i18n::t;
use ets_model::{HealthState, Service};
use ets_poll::{Health, Picture};
use ets_web::Html;
use ets_web::html::escape;
use ets_web::live::fragment;

use super::view::View;
use crate::Error;
use crate::entry::Routes;

/// The part of the pages that the stream renews when a service turns.
pub(crate) const FRAGMENT: &str = "services";

pub(super) use list::owner_name;

/// The pages of this module.
pub(super) fn routes() -> Routes {
    Routes::new().route("/services", "network.read", get(list::page)).route(
        "/services/{id}",
        "network.read",
        get(page::page),
    )
}

/// The services in use, with how each is; `None` where it has no checks.
type Known = Vec<(Service, Option<Arc<Health>>)>;

fn known(view: &View) -> Result<Known, Error> {
    let rules = view.app.deps.rules.as_ref().ok_or(Error::NetdAway)?;
    let (rights, picture) = (rules.rights(), picture(view));
    let health = |one: &Service| picture.services.get(&one.id).cloned();
    Ok(rights.active().map(|one| (one.clone(), health(one))).collect())
}

fn picture(view: &View) -> Arc<Picture> {
    view.app.deps.services.as_ref().map(ets_poll::Handle::picture).unwrap_or_default()
}

/// How many of them are in a state; those without checks are in none.
fn count(known: &Known, state: HealthState) -> usize {
    known.iter().flat_map(|(_, health)| health).filter(|health| health.state == state).count()
}

/// The line of the overview: how many answer, as a link; nothing where nothing is checked.
pub(super) fn line(view: &View) -> Html {
    let Ok(known) = known(view) else { return Html::default() };
    if known.iter().all(|(_, health)| health.is_none()) {
        return fragment(FRAGMENT, &Html::default());
    }
    let tr = view.tr();
    let parts = HealthState::ALL.iter().rev().filter_map(|state| {
        let count = count(&known, *state);
        (count > 0).then(|| words::counted(tr, *state, count))
    });
    let parts: Vec<String> = parts.collect();
    let text = format!("{}: {}", t::services_title(tr), parts.join(", "));
    let down = count(&known, HealthState::Down) > 0;
    let class = if down { "st down" } else { "st up" };
    let state = if down { HealthState::Down } else { HealthState::Up };
    fragment(
        FRAGMENT,
        &Html::trusted(format!(
            "<p class=\"services\"><a href=\"/services\"><span class=\"{class}\">{}</span>{}</a></p>",
            words::icon(state),
            escape(&text)
        )),
    )
}

fn href(service: &Service) -> String {
    format!("/services/{}", service.id)
}
