//! The catalogue of services with whether they answer. What is written down of a service is changed
//! at the rules, with who may reach it.

mod list;
mod page;
mod who;
mod words;

use std::sync::Arc;

use axum::routing::get;
use ets_i18n::{Tr, t};
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

/// How many services are in each state, the worst first; those without checks are in none.
fn tally(states: impl Iterator<Item = HealthState>) -> [usize; HealthState::ALL.len()] {
    let mut counts = [0; HealthState::ALL.len()];
    states.for_each(|state| counts[state as usize] += 1);
    counts
}

/// The line of the overview: how many answer, as a link; nothing where nothing is checked.
pub(super) fn line(view: &View) -> Html {
    let counts = tally(picture(view).services.values().map(|health| health.state));
    fragment(FRAGMENT, &summary(view.tr(), counts))
}

/// All states that there are, with the shape of the worst.
fn summary(tr: &Tr, counts: [usize; HealthState::ALL.len()]) -> Html {
    let all = HealthState::ALL.into_iter().zip(counts).filter(|(_, count)| *count > 0);
    let Some((worst, _)) = all.clone().next() else { return Html::default() };
    let parts: Vec<String> =
        all.rev().map(|(state, count)| words::counted(tr, state, count)).collect();
    let text = format!("{}: {}", t::services_title(tr), parts.join(", "));
    Html::trusted(format!(
        "<p class=\"services\"><a href=\"/services\"><span class=\"st {worst}\">{}</span>{}</a></p>",
        words::icon(worst),
        escape(&text)
    ))
}

fn href(service: &Service) -> String {
    format!("/services/{}", service.id)
}

#[cfg(test)]
mod tests {
    use ets_i18n::{Lang, TimeZone};

    use super::*;

    /// covers: N7.1
    #[test]
    fn the_line_of_the_overview_has_the_shape_of_the_worst_state() {
        use HealthState::{Down, Unknown, Up};
        let tr = Tr::new(Lang::En, TimeZone::UTC);
        let told = |states: &[HealthState]| {
            summary(&tr, tally(states.iter().copied())).as_str().to_owned()
        };
        assert_eq!(told(&[]), "");
        for (states, class, text) in [
            (&[Unknown, Unknown][..], "st unknown", "2 unknown"),
            (&[Up, Unknown], "st unknown", "1 up, 1 unknown"),
            (&[Up, Down, Unknown], "st down", "1 up, 1 unknown, 1 down"),
            (&[Up], "st up", "1 up"),
        ] {
            let html = told(states);
            assert!(html.contains(class) && html.contains(text), "{states:?}: {html}");
        }
    }
}
