//! One rule of the way out: a form that is put in force as a version of the whole.

use std::num::NonZeroUsize;

use axum::extract::{Form, Path};
use axum::response::Response;
use ets_gateway::policy::{Action, DomainSet, Fault, Hours, Rule, Rules, To, Who};
use ets_i18n::t;
use ets_model::{Names, SegmentId};
use ets_web::page::Layout;
use ets_web::{Crumb, Html, Page, card, form};
use http::StatusCode;

use super::super::answers::{self, Answers, BLANKS, given, parts};
use super::super::view::View;
use super::{Tab, respond};
use crate::Error;

/// Names of persons and hours have blanks and commas in them.
const LINES: &[char] = &['\n', ';'];

/// What is wrong, by the name of the field; the empty name is the form as a whole.
type Wrong = Vec<(&'static str, String)>;

/// Instead of an identifier: a rule that is not there yet.
pub(super) const NEW: &str = "new";

/// The address of a rule's form.
pub(super) fn href(id: &str) -> String {
    format!("/gateway/rules/{id}")
}

/// `GET /gateway/rules/new`
pub(super) async fn new(view: View) -> Result<Response, Error> {
    let desk = view.app.gateway()?;
    let place = desk.gateway().policy().source().rules.len() + 1;
    let answers = [
        ("action", "allow".to_owned()),
        ("place", place.to_string()),
        ("base", desk.version().no.to_string()),
    ];
    let answers = answers.map(|(name, value)| (name.to_owned(), value)).into();
    Ok(show(&view, None, &answers, &[]))
}

/// `POST /gateway/rules/new`
pub(super) async fn create(view: View, Form(answers): Form<Answers>) -> Result<Response, Error> {
    save_as(&view, None, &answers).await
}

/// `GET /gateway/rules/{id}`
pub(super) async fn edit(view: View, Path(id): Path<String>) -> Result<Response, Error> {
    let desk = view.app.gateway()?;
    let version = desk.version().no;
    let policy = desk.gateway().policy();
    let place = find(policy.source(), &id)?;
    let answers = answers_of(&policy.source().rules[place], place, version);
    Ok(show(&view, Some(&id), &answers, &[]))
}

/// `POST /gateway/rules/{id}`
pub(super) async fn save(
    view: View,
    Path(id): Path<String>,
    Form(answers): Form<Answers>,
) -> Result<Response, Error> {
    save_as(&view, Some(&id), &answers).await
}

/// `POST /gateway/rules/{id}/remove`
pub(super) async fn remove(
    view: View,
    Path(id): Path<String>,
    Form(answers): Form<Answers>,
) -> Result<Response, Error> {
    let mut rules = Rules::clone(view.app.gateway()?.gateway().policy().source());
    rules.rules.remove(find(&rules, &id)?);
    match apply(&view, rules, &answers).await? {
        Ok(done) => Ok(done),
        Err(fault) => Ok(view.failed(&href(&id), fault)),
    }
}

/// The place of a rule among all.
fn find(rules: &Rules, id: &str) -> Result<usize, Error> {
    let missing = || Error::NotFound { what: "rule", id: id.to_owned() };
    rules.rules.iter().position(|rule| rule.id == id).ok_or_else(missing)
}

async fn save_as(view: &View, known: Option<&str>, answers: &Answers) -> Result<Response, Error> {
    let mut rules = Rules::clone(view.app.gateway()?.gateway().policy().source());
    if let Some(id) = known {
        rules.rules.remove(find(&rules, id)?);
    }
    let (rule, mut wrong) = read(view, known, answers);
    let place = given(answers, "place").parse::<NonZeroUsize>();
    if place.is_err() {
        wrong.push(("place", t::quota_not_number(view.tr()).to_owned()));
    }
    // The form of a new rule has the address that a rule of that name would have.
    if rule.id == NEW || rules.rules.iter().any(|one| one.id == rule.id) {
        wrong.push(("id", t::out_rule_id_taken(view.tr()).to_owned()));
    }
    if let (Ok(place), true) = (place, wrong.is_empty()) {
        rules.rules.insert((place.get() - 1).min(rules.rules.len()), rule);
        match apply(view, rules, answers).await? {
            Ok(done) => return Ok(done),
            Err(fault) => wrong.push(("", fault)),
        }
    }
    Ok(show(view, known, answers, &wrong))
}

/// Puts rules in force; else what stands in the way.
pub(super) async fn apply(
    view: &View,
    rules: Rules,
    answers: &Answers,
) -> Result<Result<Response, String>, Error> {
    let tr = view.tr();
    let mut author = view.author()?;
    author.reason = given(answers, "reason").to_owned();
    let base = given(answers, "base").parse().unwrap_or(u64::MAX);
    match view.app.gateway()?.apply(rules, base, &author).await {
        Ok(done) => {
            let told = t::out_applied(tr, done.version.no, done.cut);
            Ok(Ok(view.done("/gateway", told)))
        }
        Err(ets_gateway::Error::Rules(faults)) => {
            Ok(Err(faults.iter().map(Fault::to_string).collect::<Vec<_>>().join("\n")))
        }
        Err(ets_gateway::Error::Changed(now)) => Ok(Err(t::out_changed(tr, now))),
        Err(error) => Err(error.into()),
    }
}

fn answers_of(rule: &Rule, place: usize, version: u64) -> Answers {
    let names = |names: &Names| [names.ru.clone(), names.kk.clone(), names.en.clone()];
    let [name_ru, name_kk, name_en] = names(&rule.name);
    let [ask_ru, ask_kk, ask_en] = names(&rule.ask);
    let action = match rule.action {
        Action::Allow => "allow",
        Action::Refuse => "refuse",
    };
    [
        ("id", rule.id.clone()),
        ("name_ru", name_ru),
        ("name_kk", name_kk),
        ("name_en", name_en),
        ("action", action.to_owned()),
        ("place", (place + 1).to_string()),
        ("segments", lines(&rule.who.segments)),
        ("groups", lines(&rule.who.groups)),
        ("persons", lines(&rule.who.persons)),
        ("domains", lines(&rule.to.domains)),
        ("lists", lines(&rule.to.lists)),
        ("addresses", lines(&rule.to.addresses)),
        ("ports", lines(&rule.ports)),
        ("hours", lines(&rule.hours)),
        ("ask_ru", ask_ru),
        ("ask_kk", ask_kk),
        ("ask_en", ask_en),
        ("transparent", if rule.transparent { "on" } else { "" }.to_owned()),
        ("off", if rule.off { "on" } else { "" }.to_owned()),
        ("base", version.to_string()),
    ]
    .map(|(name, value)| (name.to_owned(), value))
    .into()
}

fn lines<T: ToString>(all: &[T]) -> String {
    all.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
}

/// The rule that the answers describe, and what is wrong with them.
fn read(view: &View, known: Option<&str>, answers: &Answers) -> (Rule, Wrong) {
    let tr = view.tr();
    let mut wrong = Wrong::new();
    let id = known.unwrap_or_else(|| given(answers, "id")).to_owned();
    let good = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    if id.is_empty() || !id.bytes().all(good) {
        wrong.push(("id", t::out_rule_id_wrong(tr).to_owned()));
    }
    let name = answers::names(answers, ["name_kk", "name_ru", "name_en"]);
    if name.is_empty() {
        wrong.push(("name_ru", t::out_rule_no_name(tr).to_owned()));
    }
    let mut unread = |field: &'static str, bad: Vec<String>| {
        if !bad.is_empty() {
            wrong.push((field, t::out_rule_unread(tr, bad.join(", "))));
        }
    };
    let (segments, bad) = parts::<SegmentId>(given(answers, "segments"), BLANKS);
    unread("segments", bad);
    let (addresses, bad) = parts(given(answers, "addresses"), BLANKS);
    unread("addresses", bad);
    let (ports, bad) = parts(given(answers, "ports"), BLANKS);
    unread("ports", bad);
    let (hours, bad) = parts::<Hours>(given(answers, "hours"), LINES);
    unread("hours", bad);
    let (domains, _) = parts::<String>(given(answers, "domains"), BLANKS);
    unread("domains", domains.iter().filter(|one| !is_domain(one)).cloned().collect());
    let unknown = segments.iter().filter(|id| view.catalog.segment(id.as_str()).is_none());
    let unknown: Vec<String> = unknown.map(ToString::to_string).collect();
    if !unknown.is_empty() {
        wrong.push(("segments", t::out_rule_no_segment(tr, unknown.join(", "))));
    }
    let all = |field, between| parts::<String>(given(answers, field), between).0;
    let rule = Rule {
        id,
        name,
        who: Who { segments, groups: all("groups", BLANKS), persons: all("persons", LINES) },
        to: To { domains, lists: all("lists", BLANKS), addresses },
        ports,
        hours,
        action: match given(answers, "action") {
            "refuse" => Action::Refuse,
            _ => Action::Allow,
        },
        ask: answers::names(answers, ["ask_kk", "ask_ru", "ask_en"]),
        transparent: !given(answers, "transparent").is_empty(),
        off: !given(answers, "off").is_empty(),
    };
    (rule, wrong)
}

fn is_domain(text: &str) -> bool {
    DomainSet::new([text]).is_ok()
}

fn show(view: &View, known: Option<&str>, answers: &Answers, wrong: &[(&str, String)]) -> Response {
    let tr = view.tr();
    let (action, title) = match known {
        Some(id) => (href(id), t::out_rule_title(tr).to_owned()),
        None => (href(NEW), t::out_rule_new(tr).to_owned()),
    };
    let of = |field: &str| {
        let faults = wrong.iter().filter(|(name, _)| *name == field).map(|(_, text)| &**text);
        faults.collect::<Vec<_>>().join(" ")
    };
    let fields = fields(view, known.is_none()).into_iter();
    let fields = fields.map(|field| {
        let (value, fault) = (given(answers, field.name).to_owned(), of(field.name));
        field.value(value).error(fault)
    });
    let asked = form::form(
        tr,
        &form::Form {
            action: action.clone(),
            csrf: view.ctx.csrf.clone(),
            fields: fields.collect(),
            hidden: vec![("base", given(answers, "base").to_owned())],
            submit: t::out_apply(tr).to_owned(),
            cancel: "/gateway".to_owned(),
            fault: of(""),
            ..form::Form::default()
        },
    );
    let mut body = asked;
    if known.is_some() {
        body.push(&card::card(
            t::out_rule_remove(tr),
            &Html::default(),
            &removal(view, &action, answers),
        ));
    }
    let heading = match known {
        Some(id) => format!("{title} {id}"),
        None => title.clone(),
    };
    let page = Page {
        title,
        heading,
        body,
        crumbs: vec![Crumb::new(t::out_title(tr), "/gateway")],
        status: if wrong.is_empty() { StatusCode::OK } else { StatusCode::UNPROCESSABLE_ENTITY },
        layout: Layout::Narrow,
        ..Page::default()
    };
    respond(view, Tab::Out, page)
}

/// A rule that is gone can be had back from the version before.
fn removal(view: &View, action: &str, answers: &Answers) -> Html {
    form::form(
        view.tr(),
        &form::Form {
            action: format!("{action}/remove"),
            csrf: view.ctx.csrf.clone(),
            hidden: vec![("base", given(answers, "base").to_owned())],
            submit: t::out_rule_remove(view.tr()).to_owned(),
            danger: true,
            ..form::Form::default()
        },
    )
}

fn fields(view: &View, is_new: bool) -> Vec<form::Field> {
    let tr = view.tr();
    let area = |name, label: &str, help: &str| {
        let field = form::Field::new(name, label).help(help).kind(form::Kind::Area { rows: 2 });
        field.optional()
    };
    let line = |name, label: &str| form::Field::new(name, label).optional();
    let actions = [("allow", t::out_allows(tr)), ("refuse", t::out_refuses(tr))];
    let actions = actions.map(|(value, text)| (value.to_owned(), text.to_owned())).into();
    let mut fields = vec![
        line("name_ru", t::point_name_ru(tr)).help(t::point_name_help(tr)),
        line("name_kk", t::point_name_kk(tr)),
        line("name_en", t::point_name_en(tr)),
        form::Field::new("action", t::out_does(tr)).kind(form::Kind::Select(actions)),
        form::Field::new("place", t::out_rule_place(tr))
            .help(t::out_rule_place_help(tr))
            .kind(form::Kind::Number),
        area("segments", t::out_rule_segments(tr), t::out_rule_segments_help(tr))
            .group(t::out_for(tr)),
        area("groups", t::out_rule_groups(tr), ""),
        area("persons", t::out_rule_persons(tr), t::out_rule_persons_help(tr)),
        area("domains", t::out_rule_domains(tr), t::out_rule_domains_help(tr)).group(t::out_to(tr)),
        area("lists", t::out_rule_lists(tr), ""),
        area("addresses", t::out_rule_addresses(tr), t::out_rule_addresses_help(tr)),
        area("ports", t::out_rule_ports(tr), t::out_rule_ports_help(tr)),
        area("hours", t::out_hours(tr), t::out_rule_hours_help(tr)),
        line("transparent", t::out_rule_transparent(tr)).kind(form::Kind::Check),
        line("ask_ru", t::out_rule_ask_ru(tr))
            .help(t::out_rule_ask_help(tr))
            .group(t::out_rule_ask(tr)),
        line("ask_kk", t::out_rule_ask_kk(tr)),
        line("ask_en", t::out_rule_ask_en(tr)),
        line("off", t::out_rule_off(tr)).kind(form::Kind::Check).group(t::out_apply(tr)),
        line("reason", t::rules_fact_why(tr)),
    ];
    if is_new {
        fields.insert(0, form::Field::new("id", t::out_rule_id(tr)).help(t::point_id_help(tr)));
    }
    fields
}
