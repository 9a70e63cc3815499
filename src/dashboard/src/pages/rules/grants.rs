//! Who may reach a service: the segments with their state now and in the draft, and a form that
//! grants or withdraws for several of them at once.

use std::sync::Arc;

use axum::extract::{Form, Path};
use axum::response::Response;
use ets_i18n::t;
use ets_model::{OpenTo, Segment, Service};
use ets_rules::Edit;
use ets_web::html::escape;
use ets_web::pager::{Pager, pager};
use ets_web::table::{Column, Row, Table, table};
use ets_web::{Html, card, facts, notice};

use super::super::lists::{Choice, address, filter};
use super::super::view::View;
use super::service::{Both, take};
use super::{mark, names};
use crate::Error;

/// Segments on a page.
const LINES: usize = 100;

/// What was asked for, as it stands in the address and in the form.
struct Asked {
    q: String,
    which: String,
}

impl Asked {
    fn read(view: &View) -> Self {
        Self { q: view.asked("q"), which: view.asked("which") }
    }

    /// The active segments that fit, in the registry's order.
    fn find(&self, view: &View, both: &Both, service: &Service) -> Vec<Arc<Segment>> {
        let all: Vec<Arc<Segment>> = if self.q.trim().is_empty() {
            view.catalog.segments().cloned().collect()
        } else {
            view.catalog.search(&self.q, usize::MAX).into_iter().cloned().collect()
        };
        let fits = |one: &Arc<Segment>| {
            let has = both.drafted.has_grant(&one.id, &service.id);
            one.is_active()
                && match self.which.as_str() {
                    "may" => has,
                    "may-not" => !has,
                    _ => true,
                }
        };
        all.into_iter().filter(fits).collect()
    }

    fn address(&self, service: &Service) -> String {
        let pairs = [("q", self.q.as_str()), ("which", &self.which)];
        address(&names::service_href(&service.id), &pairs)
    }
}

/// The card with everything of it.
pub(super) fn card(view: &View, both: &Both, service: &Service) -> Html {
    let tr = view.tr();
    let asked = Asked::read(view);
    let found = asked.find(view, both, service);
    let from = view.asked("from").parse().unwrap_or(0_usize).min(found.len());
    let until = (from + LINES).min(found.len());
    let mut body = Html::default();
    if service.retired.is_some() {
        body.push(&notice::notice(notice::Tone::Plain, &Html::text(t::rules_grants_retired(tr))));
    } else if service.open_to == OpenTo::Everyone {
        body.push(&notice::notice(notice::Tone::Plain, &Html::text(t::rules_grants_open(tr))));
    }
    body.push(&filters(view, service, &asked));
    if found.is_empty() {
        body.push(&notice::empty(
            t::rules_grants_none(tr),
            &Html::text(t::rules_grants_none_text(tr)),
        ));
        return card::card(t::rules_column_who(tr), &Html::default(), &body);
    }
    body.push(&form(view, both, service, (&asked, found.len()), &found[from..until]));
    let base = asked.address(service);
    let steps = Pager {
        previous: (from > 0).then(|| format!("{base}from={}", from.saturating_sub(LINES))),
        next: (until < found.len()).then(|| format!("{base}from={until}")),
        shown: Some((from as u64 + 1, until as u64, found.len() as u64)),
    };
    body.push(&pager(tr, &steps));
    card::card(t::rules_column_who(tr), &Html::default(), &body)
}

fn filters(view: &View, service: &Service, asked: &Asked) -> Html {
    let tr = view.tr();
    let which = [
        ("", t::all(tr)),
        ("may", t::rules_grants_may(tr)),
        ("may-not", t::rules_grants_may_not(tr)),
    ];
    let choices = [
        Choice::Text { name: "q", label: t::search_label(tr), value: &asked.q },
        Choice::One {
            name: "which",
            label: t::rules_grants_which(tr),
            value: &asked.which,
            options: &which,
        },
    ];
    filter(tr, &names::service_href(&service.id), &choices)
}

fn form(
    view: &View,
    both: &Both,
    service: &Service,
    (asked, found): (&Asked, usize),
    segments: &[Arc<Segment>],
) -> Html {
    let tr = view.tr();
    let mut columns = vec![
        Column::new("", t::db_segment(tr)),
        Column::new("", t::segment_fact_id(tr)),
        Column::new("", t::rules_grants_now(tr)),
    ];
    if both.is_drafted() {
        columns.push(Column::new("", t::rules_tab_draft(tr)));
    }
    let list = Table {
        caption: t::rules_column_who(tr).to_owned(),
        columns,
        rows: segments.iter().map(|one| line(view, both, service, one)).collect(),
        ..Table::default()
    };
    let mut out =
        format!("<form method=\"post\" action=\"{}/grants\">", names::service_href(&service.id));
    for (name, value) in [("q", &asked.q), ("which", &asked.which)] {
        out.push_str(&format!(
            "<input type=\"hidden\" name=\"{name}\" value=\"{}\">",
            escape(value)
        ));
    }
    out.push_str(table(tr, &list).as_str());
    out.push_str(&format!(
        "<p class=\"pick\"><input type=\"checkbox\" id=\"all\" name=\"all\" value=\"on\"> \
         <label for=\"all\">{}</label></p><div class=\"acts\">\
         <button class=\"primary\" name=\"act\" value=\"grant\">{}</button>\
         <button name=\"act\" value=\"withdraw\">{}</button></div></form>",
        t::rules_grants_all(tr, found),
        t::rules_grant(tr),
        t::rules_withdraw(tr),
    ));
    Html::trusted(out)
}

fn line(view: &View, both: &Both, service: &Service, segment: &Segment) -> Row {
    let tr = view.tr();
    let id = &segment.id;
    let (now, then) =
        (both.standing.has_grant(id, &service.id), both.drafted.has_grant(id, &service.id));
    let pick = format!(
        "<label class=\"pick\"><input type=\"checkbox\" name=\"segment\" value=\"{id}\"> {}</label>",
        escape(names::segment(view, id))
    );
    let drafted = match (now, then) {
        (false, true) => Html::trusted(format!("{}{}", mark::GIVES, t::rules_grants_will(tr))),
        (true, false) => Html::trusted(format!("{}{}", mark::TAKES, t::rules_grants_will_not(tr))),
        _ => facts::none(tr),
    };
    Row {
        cells: vec![
            Html::trusted(pick).into(),
            Html::trusted(format!("<a class=\"id\" href=\"/segments/{id}\">{id}</a>")).into(),
            super::reach::yes_no(tr, now).into(),
            drafted.into(),
        ],
        ..Row::default()
    }
}

/// `POST /rules/services/{id}/grants`: into the draft.
pub(super) async fn save(
    view: View,
    Path(id): Path<String>,
    Form(sent): Form<Vec<(String, String)>>,
) -> Result<Response, Error> {
    let both = Both::of(&view)?;
    let service = both.service(&id)?;
    let value = |name: &str| {
        let found = sent.iter().find(|(key, _)| key == name);
        found.map_or_else(String::new, |(_, value)| value.clone())
    };
    let asked = Asked { q: value("q"), which: value("which") };
    let chosen: Vec<Arc<Segment>> = if value("all") == "on" {
        asked.find(&view, &both, &service)
    } else {
        let picked = sent.iter().filter(|(key, _)| key == "segment");
        picked.filter_map(|(_, id)| view.catalog.segment(id).cloned()).collect()
    };
    let grant = value("act") == "grant";
    let edits: Vec<Edit> = chosen
        .iter()
        .filter(|one| both.drafted.has_grant(&one.id, &service.id) != grant)
        .map(|one| edit(one, &service, grant))
        .collect();
    let back = asked.address(&service);
    let back = back.trim_end_matches(['?', '&']);
    match (chosen.is_empty(), edits.is_empty()) {
        (true, _) => Ok(view.failed(back, t::rules_grants_nobody(view.tr()))),
        (false, true) => Ok(view.failed(back, t::rules_grants_same(view.tr()))),
        _ => take(&view, edits, back).await,
    }
}

fn edit(segment: &Segment, service: &Service, grant: bool) -> Edit {
    let (segment, service) = (segment.id.clone(), service.id.clone());
    if grant { Edit::Grant { segment, service } } else { Edit::Withdraw { segment, service } }
}
