//! `GET /rights/people/{no}`: one person with everything that he has and had.

use axum::extract::Path;
use axum::response::Response;
use ets_i18n::{Tr, t};
use ets_model::WallTime;
use ets_rights::{Grant, Person, Substitution};
use ets_web::table::{Column, Row, Table, table};
use ets_web::{Html, Page, card, facts, notice, when};

use super::{below, button, find, may_change, person_href, rights, words};
use crate::Error;
use crate::pages::view::View;

/// `GET /rights/people/{no}`
pub(super) async fn page(view: View, Path(no): Path<i64>) -> Result<Response, Error> {
    let known = find(&view, no)?;
    let person = rights(&view)?.history(&known.id).await?;
    let tr = view.tr();
    let mut body = card::card(t::me_who(tr), &Html::default(), &who(&view, &person));
    body.push(&card::card(t::rights_grants(tr), &tools(&view, &person), &grants(&view, &person)));
    body.push(&card::card(t::rights_stands_in(tr), &Html::default(), &stands_in(&view, &person)?));
    body.push(&card::card(t::rights_stand_ins(tr), &Html::default(), &stand_ins(&view, &person)?));
    let mut page = below(&view, person.name.clone(), body, None);
    page.layout = ets_web::page::Layout::Wide;
    Ok(view.respond(&Page { title: person.name.clone(), ..page }))
}

fn who(view: &View, person: &Person) -> Html {
    let tr = view.tr();
    let state = match person.is_suspended(view.ctx.now) {
        true => t::rights_person_suspended(tr),
        false => t::rights_person_active(tr),
    };
    let known = person.institution.as_ref().and_then(|id| view.catalog.institution(id));
    let known = known.map(|one| Html::text(one.name.get(view.lang())));
    let organisation = match person.organisation.as_str() {
        "" => facts::none(tr),
        text => Html::text(text),
    };
    facts::list(&[
        (t::rights_person_id(tr), Html::code(person.id.as_str())),
        (t::rights_person_institution(tr), organisation),
        (t::rights_person_known(tr), known.unwrap_or_else(|| facts::none(tr))),
        (t::rights_column_state(tr), Html::text(state)),
    ])
}

fn tools(view: &View, person: &Person) -> Html {
    if !may_change(view) {
        return Html::default();
    }
    let (tr, base) = (view.tr(), person_href(person.no));
    let (act, text) = match person.is_suspended(view.ctx.now) {
        true => ("resume", t::rights_act_person_resume(tr)),
        false => ("suspend", t::rights_act_person_suspend(tr)),
    };
    button(&format!("{base}/give"), t::rights_act_give(tr))
        .then(&button(&format!("{base}/stand-in"), t::rights_act_stand_in(tr)))
        .then(&button(&format!("{base}/act/{act}"), text))
}

/// How a grant stands.
pub(super) fn state(tr: &Tr, grant: &Grant, now: WallTime) -> &'static str {
    if grant.is_over(now) {
        t::rights_state_over(tr)
    } else if grant.waits(now) {
        t::rights_state_waits(tr)
    } else if grant.is_suspended(now) {
        t::rights_state_suspended(tr)
    } else if grant.holds(now) {
        t::rights_state_holds(tr)
    } else {
        t::rights_state_later(tr)
    }
}

fn acts(view: &View, grant: &Grant) -> Html {
    let (tr, now) = (view.tr(), view.ctx.now);
    if !may_change(view) || grant.is_over(now) {
        return facts::none(tr);
    }
    let href = |act: &str| format!("/rights/grants/{}/act/{act}", grant.no);
    let mut all = Html::default();
    if grant.waits(now) {
        all.push(&button(&href("confirm"), t::rights_act_confirm(tr)));
    }
    match grant.is_suspended(now) {
        true => all.push(&button(&href("resume"), t::rights_act_resume(tr))),
        false => all.push(&button(&href("suspend"), t::rights_act_suspend(tr))),
    }
    all.then(&button(&href("end"), t::rights_act_end(tr)))
}

fn grants(view: &View, person: &Person) -> Html {
    let (tr, now) = (view.tr(), view.ctx.now);
    if person.grants.is_empty() {
        let text = Html::text(t::rights_grants_empty_text(tr));
        return notice::empty(t::rights_grants_empty(tr), &text);
    }
    let row = |grant: &Grant| {
        let until = grant.ended.or(grant.wanted.until);
        let until = until.map(|at| when::moment(&view.ctx, at));
        Row {
            cells: vec![
                Html::text(words::role(tr, &grant.role, "")).into(),
                Html::text(&words::scope(view, &grant.scope)).into(),
                when::moment(&view.ctx, grant.wanted.from).into(),
                until.unwrap_or_else(|| Html::text(t::rights_no_end(tr))).into(),
                Html::text(state(tr, grant, now)).into(),
                Html::text(&grant.given_by).into(),
                Html::text(&grant.why).into(),
                acts(view, grant).into(),
            ],
            ..Row::default()
        }
    };
    let columns = vec![
        Column::new("", t::rights_column_role(tr)),
        Column::new("", t::rights_column_scope(tr)),
        Column::new("", t::rights_column_from(tr)).minor(),
        Column::new("", t::rights_column_until(tr)),
        Column::new("", t::rights_column_state(tr)),
        Column::new("", t::rights_column_given_by(tr)).minor(),
        Column::new("", t::rights_column_why(tr)).minor(),
        Column::new("", t::rights_column_acts(tr)),
    ];
    // What stands comes before what is over.
    let mut all: Vec<&Grant> = person.grants.iter().rev().collect();
    all.sort_by_key(|grant| grant.is_over(now));
    let caption = t::rights_grants(tr).to_owned();
    let rows = all.into_iter().map(row).collect();
    table(tr, &Table { caption, columns, rows, ..Table::default() })
}

/// One substitution with the other person.
type Line = (std::sync::Arc<Person>, Substitution);

fn stands_in(view: &View, person: &Person) -> Result<Html, Error> {
    let rights = rights(view)?;
    let lines =
        person.stands_in.iter().filter_map(|one| Some((rights.person(&one.of)?, one.clone())));
    substitutions(view, lines.collect())
}

fn stand_ins(view: &View, person: &Person) -> Result<Html, Error> {
    substitutions(view, rights(view)?.stand_ins(&person.id))
}

/// How a substitution stands.
fn passing(tr: &Tr, one: &Substitution, waits: bool, now: WallTime) -> &'static str {
    match (waits, one.needs_second) {
        (true, true) => t::rights_state_waits(tr),
        (true, false) => t::rights_state_waits_partly(tr),
        (false, _) if one.holds(now) => t::rights_state_holds(tr),
        (false, _) => t::rights_state_later(tr),
    }
}

fn substitution_acts(view: &View, one: &Substitution, waits: bool) -> Html {
    let tr = view.tr();
    if !may_change(view) {
        return facts::none(tr);
    }
    let href = |act: &str| format!("/rights/substitutions/{}/{act}", one.no);
    let mut all = Html::default();
    if waits {
        all.push(&button(&href("confirm"), t::rights_act_confirm(tr)));
    }
    all.then(&button(&href("end"), t::rights_act_end(tr)))
}

fn substitutions(view: &View, mut lines: Vec<Line>) -> Result<Html, Error> {
    let (tr, now, rights) = (view.tr(), view.ctx.now, rights(view)?);
    lines.retain(|(_, one)| !one.span.is_over(now));
    if lines.is_empty() {
        let nobody = format!("<p class=\"mut\">{}</p>", t::rights_none_stands_in(tr));
        return Ok(Html::trusted(nobody));
    }
    let row = |(other, one): &Line| {
        let until = one.span.until.map(|at| when::moment(&view.ctx, at));
        let waits = rights.waits(one);
        Row {
            cells: vec![
                Html::link(&person_href(other.no), &other.name).into(),
                when::moment(&view.ctx, one.span.from).into(),
                until.unwrap_or_else(|| Html::text(t::rights_no_end(tr))).into(),
                Html::text(passing(tr, one, waits, now)).into(),
                Html::text(&one.given_by).into(),
                Html::text(&one.why).into(),
                substitution_acts(view, one, waits).into(),
            ],
            ..Row::default()
        }
    };
    let columns = vec![
        Column::new("", t::rights_column_name(tr)),
        Column::new("", t::rights_column_from(tr)),
        Column::new("", t::rights_column_until(tr)),
        Column::new("", t::rights_column_state(tr)),
        Column::new("", t::rights_column_given_by(tr)).minor(),
        Column::new("", t::rights_column_why(tr)).minor(),
        Column::new("", t::rights_column_acts(tr)),
    ];
    let caption = t::rights_stand_ins(tr).to_owned();
    let rows = lines.iter().map(row).collect();
    Ok(table(tr, &Table { caption, columns, rows, ..Table::default() }))
}
