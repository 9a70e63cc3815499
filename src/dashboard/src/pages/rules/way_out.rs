//! The one way out: its rules with their versions, and what would become of a question.

use std::collections::BTreeMap;

use axum::extract::Form;
use axum::response::Response;
use ets_gateway::policy::{Action, Rule, Rules, Unfit, Verdict, Way};
use ets_gateway::{Desk, Target, Version, Would, words};
use ets_i18n::{Tr, t};
use ets_model::PersonId;
use ets_web::table::{Column, Row, Table, table};
use ets_web::{Crumb, Html, Page, card, facts, form, notice, when};
use http::StatusCode;

use super::super::answers::{Answers, given};
use super::super::lists::{Choice, filter, moment};
use super::super::view::View;
use super::{Tab, relays, respond, way_out_rule};
use crate::Error;

/// Versions that are listed.
const LISTED: u16 = 20;
/// Lines of the text in which rules are changed.
const LINES: u8 = 30;

/// `GET /gateway`
pub(super) async fn page(view: View) -> Result<Response, Error> {
    let (tr, desk) = (view.tr(), view.app.gateway()?);
    let policy = desk.gateway().policy();
    let rules = &policy.source().rules;
    let heading = match rules.len() {
        0 => t::out_heading_none(tr).to_owned(),
        count => t::out_heading(tr, count),
    };
    let version = desk.version();
    let open = tr.number(i64::try_from(desk.gateway().open()).unwrap_or(i64::MAX));
    let [by_udp, dropped] = relays::datagrams(tr, desk.gateway().datagrams());
    let told = facts::list(&[
        (t::out_version(tr), told(&view, &version)),
        (t::out_open(tr), Html::text(&open)),
        by_udp,
        dropped,
    ]);
    let change = Html::link(&way_out_rule::href(way_out_rule::NEW), t::out_rule_add(tr))
        .then(&Html::trusted(" "))
        .then(&Html::link("/gateway/edit", t::out_as_text(tr)));
    let side = card::card(t::out_now(tr), &Html::default(), &told).then(&card::card(
        t::out_versions(tr),
        &Html::default(),
        &versions(&view, desk).await?,
    ));
    let main = card::card(t::out_would(tr), &Html::default(), &simulator(&view, desk).await?)
        .then(&super::goes::volumes(&view)?)
        .then(&card::card(t::out_rules(tr), &change, &list(tr, rules)))
        .then(&card::card(t::out_relays(tr), &Html::default(), &relays::list(tr, desk)))
        .then(&asked(&view, desk, &change).await?);
    let page = Page {
        title: t::out_title(tr).to_owned(),
        heading,
        body: card::columns(&main, &side),
        ..Page::default()
    };
    Ok(respond(&view, Tab::Out, page))
}

/// Names and telephones are for those who can do what is asked for.
async fn asked(view: &View, desk: &Desk, change: &Html) -> Result<Html, Error> {
    if !view.may("rules.write") {
        return Ok(Html::default());
    }
    let list = super::requests::list(view, desk).await?;
    Ok(card::card(t::out_requests(view.tr()), change, &list))
}

fn told(view: &View, version: &Version) -> Html {
    if version.no == 0 {
        return facts::none(view.tr());
    }
    let at = when::moment(&view.ctx, version.at);
    Html::text(&format!("{}, ", version.no))
        .then(&at)
        .then(&Html::text(&format!(", {}", version.author)))
}

/// The rules in their order.
fn list(tr: &Tr, rules: &[Rule]) -> Html {
    let rows = rules.iter().map(|rule| {
        let does = match (rule.off, rule.action) {
            (true, _) => t::out_off(tr),
            (false, Action::Allow) => t::out_allows(tr),
            (false, Action::Refuse) => t::out_refuses(tr),
        };
        Row {
            cells: vec![
                Html::link(&way_out_rule::href(&rule.id), rule.name.get(tr.lang()))
                    .then(&id(rule))
                    .into(),
                Html::text(does).into(),
                Html::text(&who(tr, rule)).into(),
                Html::text(&whereto(tr, rule)).into(),
                Html::text(&hours(tr, rule)).into(),
            ],
            ..Row::default()
        }
    });
    let list = Table {
        caption: t::out_rules(tr).to_owned(),
        columns: vec![
            Column::new("", t::out_rule(tr)),
            Column::new("", t::out_does(tr)),
            Column::new("", t::out_for(tr)),
            Column::new("", t::out_to(tr)),
            Column::new("", t::out_hours(tr)).minor(),
        ],
        rows: rows.collect(),
        empty: notice::empty(t::out_heading_none(tr), &Html::text(t::out_empty(tr))),
        ..Table::default()
    };
    table(tr, &list)
}

fn id(rule: &Rule) -> Html {
    Html::trusted(" ").then(&Html::code(&rule.id))
}

fn who(tr: &Tr, rule: &Rule) -> String {
    let segments = rule.who.segments.iter().map(ToString::to_string);
    let all =
        segments.chain(rule.who.groups.iter().cloned()).chain(rule.who.persons.iter().cloned());
    some(all, t::out_everybody(tr))
}

fn whereto(tr: &Tr, rule: &Rule) -> String {
    let names = rule.to.domains.iter().chain(&rule.to.lists).cloned();
    let places =
        some(names.chain(rule.to.addresses.iter().map(ToString::to_string)), t::out_anywhere(tr));
    let ports: Vec<String> = rule.ports.iter().map(ToString::to_string).collect();
    if ports.is_empty() { places } else { format!("{places}; {}", ports.join(", ")) }
}

fn hours(tr: &Tr, rule: &Rule) -> String {
    some(rule.hours.iter().map(ToString::to_string), t::out_always(tr))
}

pub(super) fn some(all: impl Iterator<Item = String>, none: &str) -> String {
    let all: Vec<String> = all.collect();
    if all.is_empty() { none.to_owned() } else { all.join(", ") }
}

async fn versions(view: &View, desk: &Desk) -> Result<Html, Error> {
    let tr = view.tr();
    let rows = desk.history(LISTED).await?.into_iter().map(|version| Row {
        cells: vec![
            Html::link(&format!("/gateway/edit?of={}", version.no), &version.no.to_string()).into(),
            when::moment(&view.ctx, version.at).into(),
            Html::text(&version.author).into(),
            Html::text(&version.why).into(),
        ],
        ..Row::default()
    });
    let list = Table {
        caption: t::out_versions(tr).to_owned(),
        columns: vec![
            Column::new("", t::out_version(tr)).numeric(),
            Column::new("", t::db_when(tr)),
            Column::new("", t::rules_fact_author(tr)),
            Column::new("", t::rules_fact_why(tr)).minor(),
        ],
        rows: rows.collect(),
        empty: Html::trusted(format!("<p class=\"mut\">{}</p>", t::out_no_versions(tr))),
        ..Table::default()
    };
    Ok(table(tr, &list))
}

/// The question in one line, and its answer below.
async fn simulator(view: &View, desk: &Desk) -> Result<Html, Error> {
    let tr = view.tr();
    let (segment, to, at) = (view.asked("segment"), view.asked("to"), view.asked("at"));
    let person = view.asked("person");
    let way = view.asked("way");
    let ways = [("", t::out_by_proxy(tr)), ("transparent", t::out_by_itself(tr))];
    let choices = [
        Choice::Text { name: "segment", label: t::out_segment(tr), value: &segment },
        Choice::Text { name: "to", label: t::out_host(tr), value: &to },
        Choice::Text { name: "person", label: t::out_person(tr), value: &person },
        Choice::Text { name: "at", label: t::out_moment(tr), value: &at },
        Choice::One { name: "way", label: t::out_way(tr), value: &way, options: &ways },
    ];
    let asked = filter(tr, "/gateway", &choices);
    if segment.is_empty() && to.is_empty() {
        return Ok(asked.then(&Html::trusted(format!("<p class=\"help\">{}</p>", t::out_help(tr)))));
    }
    let bad =
        |text: &str| asked.clone().then(&notice::notice(notice::Tone::Bad, &Html::text(text)));
    let known = view.catalog.named(&segment);
    let Some(known) = known else { return Ok(bad(t::out_no_segment(tr))) };
    let Some(target) = Target::read(to.trim()) else { return Ok(bad(t::out_no_host(tr))) };
    let moment = match at.trim() {
        "" => None,
        text => match moment(view, text, 0) {
            Some(moment) => Some(moment),
            None => return Ok(bad(t::out_no_moment(tr))),
        },
    };
    let person = Some(person.trim()).filter(|person| !person.is_empty());
    let person = person.map(PersonId::from_kept);
    let way = if way == "transparent" { Way::Transparent } else { Way::Proxy };
    let would = desk.would(&known.id, &target, person.as_ref(), (way, moment)).await?;
    Ok(asked.then(&answer(view, &would)))
}

fn answer(view: &View, would: &Would) -> Html {
    let tr = view.tr();
    let name = |place: usize| would.policy.rule(place).name.get(tr.lang());
    let (tone, mut text) = match would.verdict() {
        None => (notice::Tone::Warning, t::out_no_address(tr).to_owned()),
        Some(Verdict::Allowed(place)) => (notice::Tone::Good, t::out_yes(tr, name(place))),
        Some(Verdict::Refused(why)) => {
            let why = words::why(tr, why, &would.policy);
            (notice::Tone::Bad, format!("{} {why}", t::out_no(tr)))
        }
    };
    if let Some(until) = &would.until {
        text = format!("{text} {}", words::until(tr, until));
    }
    let addresses: Vec<String> = would.addresses.iter().map(|(at, _)| at.to_string()).collect();
    let mut told = vec![(t::out_addresses(tr), Html::text(&addresses.join(", ")))];
    let passed: Vec<String> = would
        .passed_over
        .iter()
        .map(|(place, unfit)| format!("{}: {}", name(*place), because(tr, *unfit)))
        .collect();
    if !passed.is_empty() {
        told.push((t::out_passed(tr), Html::text(&passed.join("; "))));
    }
    notice::notice(tone, &Html::text(&text)).then(&facts::list(&told))
}

fn because(tr: &Tr, unfit: Unfit) -> &'static str {
    match unfit {
        Unfit::Off => t::out_off(tr),
        Unfit::Who => t::out_unfit_who(tr),
        Unfit::To => t::out_unfit_to(tr),
        Unfit::Port => t::out_unfit_port(tr),
        Unfit::Hours => t::out_unfit_hours(tr),
        Unfit::Way => t::out_unfit_way(tr),
    }
}

/// `GET /gateway/edit`: the rules in force, or those of a version, to be changed and applied.
pub(super) async fn edit(view: View) -> Result<Response, Error> {
    let desk = view.app.gateway()?;
    let rules = match view.asked("of").parse() {
        Ok(no) => desk.rules_of(no).await?,
        Err(_) => Rules::clone(desk.gateway().policy().source()),
    };
    let text = serde_json::to_string_pretty(&rules).map_err(Error::internal)?;
    let base = desk.version().no.to_string();
    let answers = [("rules".to_owned(), text), ("base".to_owned(), base)];
    editor(&view, &BTreeMap::from(answers), "", StatusCode::OK)
}

/// `POST /gateway/edit`
pub(super) async fn apply(view: View, Form(answers): Form<Answers>) -> Result<Response, Error> {
    let tr = view.tr();
    let wrong = |text: &str| editor(&view, &answers, text, StatusCode::UNPROCESSABLE_ENTITY);
    let rules: Rules = match serde_json::from_str(given(&answers, "rules")) {
        Ok(rules) => rules,
        Err(error) => return wrong(&t::out_unreadable(tr, error.to_string())),
    };
    match way_out_rule::apply(&view, rules, &answers).await? {
        Ok(done) => Ok(done),
        Err(text) => wrong(&text),
    }
}

fn editor(
    view: &View,
    answers: &Answers,
    fault: &str,
    status: StatusCode,
) -> Result<Response, Error> {
    let tr = view.tr();
    let field = form::Field::new("rules", t::out_text(tr))
        .value(given(answers, "rules"))
        .help(t::out_text_help(tr))
        .error(fault)
        .kind(form::Kind::Area { rows: LINES });
    let reason = form::Field::new("reason", t::rules_fact_why(tr))
        .value(given(answers, "reason"))
        .optional();
    let form = form::form(
        tr,
        &form::Form {
            action: "/gateway/edit".to_owned(),
            csrf: view.ctx.csrf.clone(),
            fields: vec![field, reason],
            hidden: vec![("base", given(answers, "base").to_owned())],
            submit: t::out_apply(tr).to_owned(),
            cancel: "/gateway".to_owned(),
            ..form::Form::default()
        },
    );
    let page = Page {
        title: t::out_change(tr).to_owned(),
        heading: t::out_change_heading(tr).to_owned(),
        body: card::card("", &Html::default(), &form),
        crumbs: vec![Crumb::new(t::out_title(tr), "/gateway")],
        status,
        ..Page::default()
    };
    Ok(respond(view, Tab::Out, page))
}
