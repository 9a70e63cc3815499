//! `GET /rights`: people with what they have.

use std::sync::Arc;

use axum::response::Response;
use ets_i18n::t;
use ets_rights::Person;
use ets_web::pager::{Pager, pager};
use ets_web::table::{Column, Row, Table, table};
use ets_web::{Html, Page, card, facts, notice};

use super::{DESK, Tab, person_href, respond, rights, words};
use crate::Error;
use crate::pages::lists::{Choice, address, filter};
use crate::pages::view::View;

/// People on a page.
const LINES: usize = 100;

/// `GET /rights`
pub(super) async fn page(view: View) -> Result<Response, Error> {
    let (tr, rights, q) = (view.tr(), rights(&view)?, view.asked("q"));
    let people = rights.people(&q);
    let holding = rights.people("").iter().filter(|one| !one.grants.is_empty()).count();
    let from = view.asked("from").parse().unwrap_or(0_usize).min(people.len());
    let until = (from + LINES).min(people.len());
    let choices = [Choice::Text { name: "q", label: t::search_label(tr), value: &q }];
    let mut body = filter(tr, DESK, &choices);
    if people.is_empty() {
        let text = Html::text(t::rights_people_empty_text(tr));
        body.push(&notice::empty(t::rights_people_empty(tr), &text));
    } else {
        body.push(&list(&view, &people[from..until]));
        let base = address(DESK, &[("q", &q)]);
        let steps = Pager {
            previous: (from > 0).then(|| format!("{base}from={}", from.saturating_sub(LINES))),
            next: (until < people.len()).then(|| format!("{base}from={until}")),
            shown: Some((from as u64 + 1, until as u64, people.len() as u64)),
        };
        body.push(&pager(tr, &steps));
    }
    let heading = match holding {
        0 => t::rights_people_none(tr).to_owned(),
        count => t::rights_people_heading(tr, count),
    };
    let body = card::card(t::rights_people_list(tr), &Html::default(), &body);
    let title = t::rights_title(tr).to_owned();
    Ok(respond(&view, Tab::People, Page { title, heading, body, ..Page::default() }))
}

fn list(view: &View, people: &[Arc<Person>]) -> Html {
    let tr = view.tr();
    let now = view.ctx.now;
    let row = |person: &Arc<Person>| {
        let held: Vec<String> = person
            .grants
            .iter()
            .filter(|grant| !grant.is_over(now))
            .map(|grant| words::role(tr, &grant.role, "").to_owned())
            .collect();
        let state = match (person.is_suspended(now), held.is_empty()) {
            (true, _) => t::rights_person_suspended(tr),
            (false, true) => t::rights_person_nothing(tr),
            (false, false) => t::rights_person_active(tr),
        };
        let or_none = |text: &str| match text {
            "" => facts::none(tr),
            text => Html::text(text),
        };
        Row {
            cells: vec![
                Html::link(&person_href(person.no), &person.name).into(),
                or_none(&person.organisation).into(),
                or_none(&held.join(", ")).into(),
                Html::text(state).into(),
            ],
            ..Row::default()
        }
    };
    let columns = vec![
        Column::new("", t::rights_column_name(tr)),
        Column::new("", t::rights_column_organisation(tr)).minor(),
        Column::new("", t::rights_column_roles(tr)),
        Column::new("", t::rights_column_state(tr)),
    ];
    let caption = t::rights_people_list(tr).to_owned();
    let rows = people.iter().map(row).collect();
    table(tr, &Table { caption, columns, rows, ..Table::default() })
}
