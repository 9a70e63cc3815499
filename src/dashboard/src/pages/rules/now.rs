//! What is in force: since when, by whom; the services and who may use them; what is not as it
//! should be; the way to the draft.

use axum::response::Response;
use ets_i18n::t;
use ets_model::WallTime;
use ets_rules::{Differs, Draft, Handle, State};
use ets_web::html::escape;
use ets_web::live::fragment;
use ets_web::table::{Column, Row, Table, table};
use ets_web::{Html, Page, card, facts, form, notice, when};

use super::super::view::View;
use super::{Tab, banner, edits, ends, faults, handle, names, respond_live, words};
use crate::Error;

/// Edits of the draft that are shown here; the rest is a link.
const SHOWN: usize = 5;
/// Deviations of the kernel that are shown.
const DEVIATIONS: usize = 50;

/// `GET /rules`
pub(super) async fn page(mut view: View) -> Result<Response, Error> {
    // All of it stands below.
    view.ctx.banner = Html::default();
    let rules = handle(&view)?.clone();
    let state = rules.state();
    let tr = view.tr();
    let waiting = banner::full(&view, &rules, &state).await?;
    let draft = rules.draft(&view.author()?.actor);
    let body = notices(&view, &state)
        .then(&waiting)
        .then(&card::columns(&services(&view, &state), &side(&view, &rules, &state, &draft)));
    let page = Page {
        title: t::rules_title(tr).to_owned(),
        heading: heading(&view, &state),
        sub: sub(&view, &state),
        body: fragment("rules", &body),
        ..Page::default()
    };
    Ok(respond_live(&view, Tab::Now, page))
}

/// The worst first.
fn heading(view: &View, state: &State) -> String {
    let tr = view.tr();
    let rules = state.rules.as_deref();
    if let Some(waiting) = &state.waiting {
        return t::rules_heading_waiting(tr, waiting.change.to_string());
    }
    if rules.is_some_and(|rules| !rules.problem.is_empty()) {
        return t::rules_heading_problem(tr).to_owned();
    }
    if !state.away.is_empty() || rules.is_none() {
        return t::rules_heading_away(tr).to_owned();
    }
    let drift = rules.map_or(0, |rules| rules.drift.len());
    match state.change() {
        _ if drift > 0 => t::rules_heading_drift(tr, drift),
        _ if state.differs.is_some() => t::rules_heading_differs(tr).to_owned(),
        0 => t::rules_heading_none(tr).to_owned(),
        no => t::rules_heading_in_force(tr, no.to_string()),
    }
}

fn sub(view: &View, state: &State) -> Html {
    let Some(version) = &state.version else { return Html::default() };
    let tr = view.tr();
    let (at, who) = (tr.moment(version.at, view.ctx.now), names::who(tr, &version.author));
    Html::text(&t::rules_since_by(tr, at, who))
}

/// What is not as it should be, each with what to do.
pub(super) fn notices(view: &View, state: &State) -> Html {
    let tr = view.tr();
    let mut out = Html::default();
    let rules = state.rules.as_deref();
    if !state.away.is_empty() || rules.is_none() {
        out.push(&notice::notice(notice::Tone::Bad, &Html::text(t::rules_away(tr))));
    }
    if let Some(rules) = rules.filter(|rules| !rules.problem.is_empty()) {
        let text = Html::text(&t::rules_problem(tr, &rules.problem));
        out.push(&notice::notice(notice::Tone::Bad, &text));
    }
    if let Some(rules) = rules.filter(|rules| !rules.drift.is_empty()) {
        let text = Html::text(&t::rules_drift(tr, rules.drift.len()));
        out.push(&notice::notice(notice::Tone::Bad, &text));
        out.push(&deviations(view, &rules.drift));
    }
    if let Some(differs) = &state.differs {
        out.push(&differing(view, state, differs));
    }
    out
}

fn deviations(view: &View, drift: &[ets_netd_api::Drift]) -> Html {
    let tr = view.tr();
    let code = |text: &str| if text.is_empty() { facts::none(tr) } else { Html::code(text) };
    let rows = drift.iter().take(DEVIATIONS).map(|one| Row {
        cells: vec![
            Html::text(&one.what).into(),
            code(&one.wanted).into(),
            code(&one.found).into(),
        ],
        ..Row::default()
    });
    let list = Table {
        caption: t::rules_drift_title(tr).to_owned(),
        columns: vec![
            Column::new("", t::rules_drift_what(tr)),
            Column::new("", t::rules_drift_wanted(tr)),
            Column::new("", t::rules_drift_found(tr)),
        ],
        rows: rows.collect(),
        ..Table::default()
    };
    card::card(t::rules_drift_title(tr), &Html::default(), &table(tr, &list))
}

/// Rights and registry ask for other rules than those in force.
fn differing(view: &View, state: &State, differs: &Differs) -> Html {
    let tr = view.tr();
    let rights = [&*state.rights];
    let mut out = format!("<p>{}</p>", t::rules_differs_text(tr));
    for fault in &differs.faults {
        let told = faults::policy(view, &rights, fault);
        out.push_str(notice::notice(notice::Tone::Bad, &Html::text(&told)).as_str());
    }
    if let Some(no) = differs.tried {
        let link =
            Html::link(&format!("/rules/history/{no}"), &t::rules_change_no(tr, no.to_string()));
        out.push_str(&format!("<p>{} {link}</p>", t::rules_differs_tried(tr)));
    }
    out.push_str(words::changes(view, &rights, &differs.changes).as_str());
    if differs.faults.is_empty() && state.waiting.is_none() {
        let again = form::button("", "/rules/again", t::rules_try_again(tr), true);
        out.push_str(&format!("<div class=\"acts\">{again}</div>"));
    }
    card::card(t::rules_heading_differs(tr), &Html::default(), &Html::trusted(out))
}

fn services(view: &View, state: &State) -> Html {
    let tr = view.tr();
    let rows = state.rights.active().map(|one| {
        let who = names::who_may(tr, one.open_to, state.rights.grantees(&one.id).count());
        Row {
            cells: vec![
                names::service_link(view, one).into(),
                Html::text(&who).into(),
                Html::code(&names::ports(&one.ports)).into(),
                Html::text(&names::place(tr, one.place, &one.addresses)).into(),
            ],
            ..Row::default()
        }
    });
    let add = format!(
        "<a class=\"button\" href=\"/rules/services/new\">{}</a>",
        t::rules_service_add(tr)
    );
    let empty = notice::empty(t::rules_no_services(tr), &Html::text(t::rules_no_services_text(tr)));
    let list = Table {
        caption: t::rules_services(tr).to_owned(),
        columns: vec![
            Column::new("", t::rules_column_service(tr)),
            Column::new("", t::rules_column_who(tr)),
            Column::new("", t::rules_column_ports(tr)),
            Column::new("", t::rules_column_place(tr)),
        ],
        rows: rows.collect(),
        empty,
        ..Table::default()
    };
    let tools = Html::trusted(add).then(&Html::link("/rules.csv", t::download_csv(tr)));
    card::card(t::rules_services(tr), &tools, &table(tr, &list).then(&retired(view, state)))
}

/// The services that were taken out of use, folded away.
fn retired(view: &View, state: &State) -> Html {
    let links: String = state
        .rights
        .services
        .iter()
        .filter(|one| one.retired.is_some())
        .map(|one| format!("<li>{}</li>", names::service_link(view, one)))
        .collect();
    if links.is_empty() {
        return Html::default();
    }
    let title = t::rules_services_retired(view.tr());
    Html::trusted(format!(
        "<details class=\"data\"><summary>{title}</summary><ul class=\"links\">{links}</ul></details>"
    ))
}

fn side(view: &View, rules: &Handle, state: &State, draft: &Draft) -> Html {
    let tr = view.tr();
    let text = Html::link("/rules/text", t::rules_text_link(tr));
    let limits = Html::link("/rules/limits", t::segment_edit(tr));
    card::card(t::rules_tab_now(tr), &text, &in_force(view, state))
        .then(&card::card(
            t::rules_your_draft(tr),
            &Html::default(),
            &draft_card(view, rules, draft),
        ))
        .then(&card::card(t::rules_limits(tr), &limits, &limits_card(view, state)))
}

fn in_force(view: &View, state: &State) -> Html {
    let tr = view.tr();
    let mut list = Vec::new();
    if let Some(version) = &state.version {
        let href = format!("/rules/history/{}", version.no);
        list.push((t::rules_fact_change(tr), Html::link(&href, &version.no.to_string())));
        list.push((t::rules_fact_since(tr), when::moment(&view.ctx, version.at)));
        list.push((t::rules_fact_author(tr), Html::text(&names::who(tr, &version.author))));
        list.push((t::rules_fact_why(tr), Html::text(&ends::why(view, version))));
        list.push((t::rules_fact_end(tr), ends::state(view, version)));
    }
    let compared = state.rules.as_ref().and_then(|rules| rules.compared);
    let earlier = |at: WallTime| state.version.as_ref().is_some_and(|one| at < one.at);
    let compared = compared.map(|at| {
        let told = when::moment(&view.ctx, at.wall);
        if !earlier(at.wall) {
            return told;
        }
        let note = format!(" <small class=\"mut\">{}</small>", t::rules_compared_before(tr));
        told.then(&Html::trusted(note))
    });
    list.push((t::rules_fact_compared(tr), compared.unwrap_or_else(|| facts::unknown(tr))));
    facts::list(&list)
}

fn draft_card(view: &View, rules: &Handle, draft: &Draft) -> Html {
    let tr = view.tr();
    let mut out = String::new();
    if draft.is_empty() {
        out.push_str(&format!("<p class=\"mut\">{}</p>", t::rules_draft_empty_text(tr)));
    } else {
        let rights = rules.rights();
        out.push_str("<ul class=\"links\">");
        for step in draft.steps.iter().take(SHOWN) {
            let told = edits::say(view, &[&*rights], &step.edit);
            out.push_str(&format!("<li>{}</li>", escape(&told)));
        }
        if draft.steps.len() > SHOWN {
            let more = t::db_more(tr, draft.steps.len() - SHOWN);
            out.push_str(&format!("<li>{more}</li>"));
        }
        out.push_str(&format!(
            "</ul><p class=\"acts\"><a class=\"button primary\" href=\"/rules/draft\">{}</a></p>",
            t::rules_draft_review(tr)
        ));
    }
    let others = rules.drafts().into_iter().filter(|one| one.author != draft.author);
    let others: Vec<String> = others.map(|one| names::who(tr, &one.author)).collect();
    if !others.is_empty() {
        let told = t::rules_drafts_others(tr, others.join(", "));
        out.push_str(&format!("<p class=\"mut\">{}</p>", escape(&told)));
    }
    Html::trusted(out)
}

fn limits_card(view: &View, state: &State) -> Html {
    let (tr, rights) = (view.tr(), &state.rights);
    let count = |count: usize| match count {
        0 => facts::none(tr),
        count => Html::text(&t::rules_who_some(tr, count)),
    };
    facts::list(&[
        (t::rules_limits_default(tr), Html::text(&names::limits(tr, rights.limits))),
        (t::rules_limits_own(tr), count(rights.own_limits.len())),
        (t::rules_limits_shaped(tr), count(rights.shaped.len())),
    ])
}
