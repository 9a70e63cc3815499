//! Who may reach a service: segments by the rules, people by the closed part's routes. What a person
//! may is answered by the rights, as everywhere.

use ets_access::Route;
use ets_i18n::t;
use ets_model::{Protocol, SegmentId, Service, ServicePlace};
use ets_rights::{Decision, Rights};
use ets_web::html::escape;
use ets_web::{Html, card, facts};

use super::super::{rules, view::View};

/// People whose names fit that are answered for.
const PEOPLE: usize = 5;

/// In one line: the segments, and whether certificates lead there.
pub(super) fn short(view: &View, one: &Service) -> Html {
    if !view.may("rules.read") {
        return facts::none(view.tr());
    }
    let tr = view.tr();
    let link = Html::link(&format!("/rules/services/{}", one.id), &segments(view, one));
    let routes = routes(view, one).count();
    if routes == 0 {
        return link;
    }
    link.then(&Html::trusted("<br><small>"))
        .then(&Html::text(&t::services_routes_count(tr, routes)))
        .then(&Html::trusted("</small>"))
}

fn segments(view: &View, one: &Service) -> String {
    let Some(handle) = view.app.deps.rules.as_ref() else { return String::new() };
    let is_active = |id: &&SegmentId| {
        view.catalog.segment(id.as_str()).is_some_and(|segment| segment.is_active())
    };
    let count = match one.retired {
        None => handle.rights().grantees(&one.id).filter(is_active).count(),
        Some(_) => 0,
    };
    rules::who_may(view.tr(), one.open_to, count)
}

/// The routes of the closed and the open part that lead to the service.
fn routes<'a>(view: &'a View, one: &'a Service) -> impl Iterator<Item = &'a Route> {
    let leads = move |route: &&Route| {
        one.place == ServicePlace::Behind
            && route.upstreams.iter().any(|upstream| {
                one.addresses.contains(&upstream.ip())
                    && one.ports.iter().any(|range| {
                        range.protocol == Protocol::Tcp
                            && (range.first..=range.last).contains(&upstream.port())
                    })
            })
    };
    view.app.deps.routes.iter().filter(leads)
}

/// The card.
pub(super) fn card(view: &View, one: &Service) -> Html {
    let tr = view.tr();
    let link = Html::link(&format!("/rules/services/{}", one.id), &segments(view, one));
    let mut list = vec![(t::services_who_segments(tr), link)];
    let ways: Vec<&Route> = routes(view, one).collect();
    let told = if ways.is_empty() {
        Html::text(t::services_routes_none(tr))
    } else {
        ways_list(view, &ways)
    };
    list.push((t::services_who_people(tr), told));
    let mut body = facts::list(&list);
    let is_closed = ways.iter().any(|route| !route.open);
    if let Some(rights) =
        view.app.deps.rights.as_ref().filter(|_| is_closed && view.may("rights.read"))
    {
        body.push(&question(view, one, rights, &ways));
    }
    card::card(t::rules_column_who(tr), &Html::default(), &body)
}

fn name(route: &Route) -> String {
    format!("{}{}", route.host.as_deref().unwrap_or_default(), route.prefix)
}

fn ways_list(view: &View, ways: &[&Route]) -> Html {
    let tr = view.tr();
    let mut out = String::from("<ul class=\"links\">");
    for route in ways {
        let told = match route.open {
            true => t::services_route_open(tr).to_owned(),
            false => t::services_route_right(tr, &route.right),
        };
        out.push_str(&format!("<li><code>{}</code> {}</li>", escape(&name(route)), escape(&told)));
    }
    out.push_str("</ul>");
    Html::trusted(out)
}

/// "May this person reach it": a field, and the answers for those whose names fit.
fn question(view: &View, one: &Service, rights: &Rights, ways: &[&Route]) -> Html {
    let tr = view.tr();
    let asked = view.asked("person");
    let mut out = format!(
        "<form class=\"filter\" method=\"get\" action=\"/services/{}\"><label>{} \
         <input name=\"person\" value=\"{}\" maxlength=\"200\"></label> <button>{}</button></form>",
        one.id,
        t::services_person(tr),
        escape(&asked),
        t::services_person_ask(tr)
    );
    if asked.trim().is_empty() {
        return Html::trusted(out);
    }
    let people = rights.people(&asked);
    if people.is_empty() {
        out.push_str(&format!("<p>{}</p>", t::services_person_none(tr)));
    }
    let now = view.app.deps.clock.wall();
    for person in people.iter().take(PEOPLE) {
        for route in ways.iter().filter(|route| !route.open) {
            let decision = rights.decide(&person.id, &route.right, &route.object, now);
            let told = match decision {
                Decision::Allowed { .. } => t::services_person_may(tr, &person.name, name(route)),
                Decision::Denied { missing, whom_to_ask } => {
                    let ask = match whom_to_ask.is_empty() {
                        true => t::services_person_administrator(tr).to_owned(),
                        false => whom_to_ask.join(", "),
                    };
                    t::services_person_may_not(tr, ask, missing, &person.name, name(route))
                }
            };
            out.push_str(&format!("<p>{}</p>", escape(&told)));
        }
    }
    Html::trusted(out)
}
