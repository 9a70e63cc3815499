//! What one segment may reach, its limits and rates: a card on its page, and a form that changes
//! all of it in the draft.

use std::collections::BTreeSet;

use axum::extract::{Form, Path};
use axum::response::Response;
use ets_i18n::t;
use ets_model::{OpenTo, Segment, Service};
use ets_rules::{Edit, OffenceFilter, Rights, Shaping};
use ets_web::html::escape;
use ets_web::live::fragment;
use ets_web::page::Layout;
use ets_web::{Crumb, Html, Page, card as cards, facts, notice};
use http::StatusCode;

use super::super::view::View;
use super::own_limits::{self, Numbers};
use super::service::{Both, crumbs, take};
use super::{Tab, mark, names, offences, respond};
use crate::Error;

/// The card on the segment's page; nothing where no rules are kept.
pub(crate) async fn card(view: &View, segment: &Segment) -> Result<Html, Error> {
    let Some(rules) = &view.app.deps.rules else { return Ok(Html::default()) };
    let tr = view.tr();
    let rights = rules.rights();
    let filter = OffenceFilter {
        segment: Some(segment.no),
        open: true,
        limit: 5,
        ..OffenceFilter::default()
    };
    let open = rules.offences(&filter).await?;
    let mut out = Html::default();
    for row in &open.rows {
        let text =
            Html::link(&format!("/offences?segment={}", segment.id), offences::kind(tr, row.kind));
        out.push(&notice::notice(notice::Tone::Bad, &text));
    }
    out.push(&facts::list(&[
        (t::rules_segment_may(tr), reached(view, &rights, segment)),
        (t::rules_limits(tr), limits_told(view, &rights, segment)),
        (t::rules_shaping(tr), shaping_told(view, &rights, segment)),
    ]));
    let edit = Html::link(&format!("/rules/segments/{}", segment.id), t::segment_edit(tr));
    let tools = if segment.is_active() { edit } else { Html::default() };
    Ok(cards::card(t::rules_segment_title(tr), &tools, &fragment("rules", &out)))
}

/// The services by name; those open to everyone last.
fn reached(view: &View, rights: &Rights, segment: &Segment) -> Html {
    let (open, granted): (Vec<&Service>, Vec<&Service>) = rights
        .active()
        .filter(|one| rights.may(&segment.id, &one.id))
        .partition(|one| one.open_to == OpenTo::Everyone);
    if open.is_empty() && granted.is_empty() {
        return facts::none(view.tr());
    }
    let link = |one: &&Service| format!("<li>{}</li>", names::service_link(view, one));
    let links: String = granted.iter().chain(&open).map(link).collect();
    Html::trusted(format!("<ul class=\"links\">{links}</ul>"))
}

fn limits_told(view: &View, rights: &Rights, segment: &Segment) -> Html {
    let tr = view.tr();
    let told = names::limits(tr, rights.limits_of(&segment.id));
    let own = rights.own_limits.contains_key(&segment.id);
    Html::text(&if own { t::rules_limits_its_own(tr, told) } else { told })
}

fn shaping_told(view: &View, rights: &Rights, segment: &Segment) -> Html {
    let tr = view.tr();
    match rights.shaped.get(&segment.id) {
        None => facts::none(tr),
        Some(Shaping::Contract) => Html::text(t::rules_shape_contract(tr)),
        Some(Shaping::Own(rate)) => Html::text(&names::rate(tr, *rate)),
    }
}

/// `GET /rules/segments/{id}`
pub(super) async fn page(view: View, Path(id): Path<String>) -> Result<Response, Error> {
    let both = Both::of(&view)?;
    let segment = view.catalog.segment(&id).ok_or_else(|| Error::segment(&id))?.clone();
    let numbers = Numbers::of(&both.drafted, &segment);
    let granted = both.drafted.granted(&segment.id).map(ToString::to_string).collect();
    Ok(show(&view, &both, &segment, &granted, &numbers))
}

/// `POST /rules/segments/{id}`: what is different from the draft goes into it.
pub(super) async fn save(
    view: View,
    Path(id): Path<String>,
    Form(sent): Form<Vec<(String, String)>>,
) -> Result<Response, Error> {
    let both = Both::of(&view)?;
    let segment = view.catalog.segment(&id).ok_or_else(|| Error::segment(&id))?.clone();
    let mut numbers = Numbers::read(&sent);
    let granted: BTreeSet<String> =
        sent.iter().filter(|(name, _)| name == "service").map(|(_, id)| id.clone()).collect();
    let mut edits = grants(&both.drafted, &segment, &granted);
    edits.extend(numbers.edits(&both.drafted, &segment));
    if !numbers.wrong.is_empty() {
        return Ok(show(&view, &both, &segment, &granted, &numbers));
    }
    let back = format!("/rules/segments/{id}");
    if edits.is_empty() {
        return Ok(view.failed(&back, t::rules_grants_same(view.tr())));
    }
    take(&view, edits, &back).await
}

fn grants(rights: &Rights, segment: &Segment, wanted: &BTreeSet<String>) -> Vec<Edit> {
    let mut edits = Vec::new();
    for service in rights.active().filter(|one| one.open_to == OpenTo::Granted) {
        let (has, wants) =
            (rights.has_grant(&segment.id, &service.id), wanted.contains(service.id.as_str()));
        let (segment, service) = (segment.id.clone(), service.id.clone());
        match (has, wants) {
            (false, true) => edits.push(Edit::Grant { segment, service }),
            (true, false) => edits.push(Edit::Withdraw { segment, service }),
            _ => {}
        }
    }
    edits
}

fn show(
    view: &View,
    both: &Both,
    segment: &Segment,
    granted: &BTreeSet<String>,
    numbers: &Numbers,
) -> Response {
    let tr = view.tr();
    let name = names::segment(view, &segment.id);
    let mut out = own_limits::summary(tr, numbers);
    out.push_str(&format!(
        "<form class=\"form\" method=\"post\" action=\"/rules/segments/{}\" novalidate>",
        segment.id
    ));
    out.push_str(&services(view, both, segment, granted));
    out.push_str(&own_limits::fields(view, &both.drafted, segment, numbers));
    out.push_str(&format!(
        "<div class=\"acts\"><button class=\"primary\">{}</button> \
         <a class=\"button\" href=\"/segments/{}\">{}</a></div></form>",
        t::rules_to_draft(tr),
        segment.id,
        t::form_cancel(tr)
    ));
    let text = notice::notice(notice::Tone::Plain, &Html::text(t::rules_to_draft_text(tr)));
    let wrong = !numbers.wrong.is_empty();
    let page = Page {
        heading: t::rules_segment_heading(tr, name),
        body: text.then(&Html::trusted(out)),
        crumbs: {
            let mut all = crumbs(view);
            all.push(Crumb::new(name, format!("/segments/{}", segment.id)));
            all
        },
        layout: Layout::Narrow,
        status: if wrong { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK },
        ..Page::default()
    };
    respond(view, Tab::Now, page)
}

/// A tick for each service; those open to everyone are said.
fn services(view: &View, both: &Both, segment: &Segment, granted: &BTreeSet<String>) -> String {
    let tr = view.tr();
    let mut out =
        format!("<fieldset class=\"field\"><legend>{}</legend>", t::rules_segment_may(tr));
    for (at, one) in both.drafted.active().enumerate() {
        let name = escape(names::service(view, one)).to_string();
        let ports = names::ports(&one.ports);
        if one.open_to == OpenTo::Everyone {
            out.push_str(&format!(
                "<div class=\"radio\">{}<span>{name}<small>{}; {}</small></span></div>",
                mark::GIVES,
                escape(&ports),
                t::rules_open_everyone(tr)
            ));
            continue;
        }
        let checked = if granted.contains(one.id.as_str()) { " checked" } else { "" };
        let stands = both.standing.has_grant(&segment.id, &one.id);
        let now = if stands { format!("; {}", t::rules_now_may(tr)) } else { String::new() };
        out.push_str(&format!(
            "<div class=\"radio\"><input type=\"checkbox\" id=\"s-{at}\" name=\"service\" \
             value=\"{}\"{checked}><label for=\"s-{at}\">{name}<small>{}{now}</small></label></div>",
            one.id,
            escape(&ports),
        ));
    }
    out.push_str("</fieldset>");
    out
}
