//! Adding, changing and removing a quota.

use axum::extract::{Form, Path};
use axum::response::Response;
use ets_i18n::t;
use ets_traffic::{Action, Limit, Quota, Way};
use ets_web::form::{Field, Kind};
use ets_web::page::Layout;
use ets_web::{Crumb, Html, Page, form, notice};
use http::StatusCode;

use super::quota_read::{Answers, Faults, read};
use crate::Error;
use crate::pages::view::View;

const LIST: &str = "/traffic/quotas";
/// Identifiers that are offered while typing; more only make the page heavy.
const OFFERED: usize = 500;
/// Bytes in a gigabyte, bits in a megabit.
pub(super) const GIGA: f64 = 1e9;
pub(super) const MEGA: f64 = 1e6;

/// `GET /traffic/quotas/new`
pub(super) async fn new(view: View) -> Result<Response, Error> {
    view.app.traffic()?;
    let answers = [("kind", "month"), ("way", "sum"), ("warn", "80"), ("action", "notice")];
    let answers = answers.map(|(name, value)| (name.to_owned(), value.to_owned())).into();
    Ok(show(&view, None, &answers, &Faults::new(), ""))
}

/// `POST /traffic/quotas/new`
pub(super) async fn create(view: View, Form(answers): Form<Answers>) -> Result<Response, Error> {
    taken(&view, None, &answers).await
}

/// `GET /traffic/quotas/{id}/edit`
pub(super) async fn edit(view: View, Path(id): Path<i64>) -> Result<Response, Error> {
    let quota = find(&view, id).await?;
    Ok(show(&view, Some(&quota), &answers(&view, &quota), &Faults::new(), ""))
}

/// `POST /traffic/quotas/{id}/edit`
pub(super) async fn save(
    view: View,
    Path(id): Path<i64>,
    Form(answers): Form<Answers>,
) -> Result<Response, Error> {
    let known = find(&view, id).await?;
    taken(&view, Some(&known), &answers).await
}

async fn find(view: &View, id: i64) -> Result<Quota, Error> {
    let found = view.app.traffic()?.quotas().await?.into_iter().find(|quota| quota.id == id);
    found.ok_or_else(|| Error::NotFound { what: "quota", id: id.to_string() })
}

async fn taken(view: &View, known: Option<&Quota>, answers: &Answers) -> Result<Response, Error> {
    let tr = view.tr();
    let quota = match read(view, known, answers) {
        Ok(quota) => quota,
        Err(faults) => return Ok(show(view, known, answers, &faults, "")),
    };
    match view.app.traffic()?.put_quota(quota, &view.author()?).await {
        Ok(_) if known.is_some() => Ok(view.done(LIST, t::registry_saved(tr))),
        Ok(_) => Ok(view.done(LIST, t::quota_added(tr))),
        Err(ets_traffic::Error::BadQuota(why)) => {
            Ok(show(view, known, answers, &Faults::new(), &why))
        }
        Err(error) => Err(error.into()),
    }
}

/// A quota as the answers of its form.
fn answers(view: &View, quota: &Quota) -> Answers {
    let plain = |value: f64| {
        let text = view.tr().decimal(value, 3);
        let text: String = text.chars().filter(|c| *c != '\u{a0}').collect();
        text.trim_end_matches('0').trim_end_matches([',', '.']).to_owned()
    };
    let (kind, bytes, rate, minutes) = match quota.limit {
        Limit::BytesADay(bytes) => ("day", plain(bytes as f64 / GIGA), String::new(), 0),
        Limit::BytesAMonth(bytes) => ("month", plain(bytes as f64 / GIGA), String::new(), 0),
        Limit::Rate { bps, minutes } => ("rate", String::new(), plain(bps as f64 / MEGA), minutes),
    };
    let (action, kbps) = match quota.action {
        Action::Notice => ("notice", String::new()),
        Action::Shape { kbps } => ("shape", kbps.to_string()),
    };
    let way = match quota.way {
        Way::Sum => "sum",
        Way::Down => "down",
        Way::Up => "up",
    };
    let segment = quota.segment.and_then(|no| view.catalog.by_no(no));
    let minutes = if minutes == 0 { String::new() } else { minutes.to_string() };
    let pairs = [
        ("name", quota.name.clone()),
        ("segment", segment.map(|one| one.id.to_string()).unwrap_or_default()),
        ("kind", kind.to_owned()),
        ("bytes", bytes),
        ("rate", rate),
        ("minutes", minutes),
        ("way", way.to_owned()),
        ("warn", quota.warn_percent.to_string()),
        ("action", action.to_owned()),
        ("kbps", kbps),
    ];
    pairs.map(|(name, value)| (name.to_owned(), value)).into()
}

fn show(
    view: &View,
    known: Option<&Quota>,
    answers: &Answers,
    faults: &Faults,
    fault: &str,
) -> Response {
    let tr = view.tr();
    let action =
        known.map_or_else(|| format!("{LIST}/new"), |one| format!("{LIST}/{}/edit", one.id));
    let version = known.map(|one| {
        let seen = answers.get("version").cloned();
        ("version", seen.unwrap_or_else(|| one.version.to_string()))
    });
    let body = form::form(
        tr,
        &form::Form {
            draft: action.clone(),
            action,
            fields: questions(view, answers, faults),
            hidden: version.into_iter().collect(),
            submit: if known.is_some() { "" } else { t::quota_add(tr) }.to_owned(),
            cancel: LIST.to_owned(),
            fault: fault.to_owned(),
            ..form::Form::default()
        },
    );
    let mut page = frame(view, t::quota_new(tr).to_owned(), body);
    if let Some(quota) = known {
        page.heading = t::edit_heading(tr, quota.name.as_str());
        let remove = Html::link(&format!("{LIST}/{}/remove", quota.id), t::quota_remove(tr));
        page.body.push(&notice::notice(notice::Tone::Plain, &remove));
    }
    if !faults.is_empty() || !fault.is_empty() {
        page.status = StatusCode::UNPROCESSABLE_ENTITY;
    }
    view.respond(&page)
}

fn frame(view: &View, heading: String, body: Html) -> Page {
    let tr = view.tr();
    Page {
        heading,
        body,
        nav: "traffic",
        crumbs: vec![
            Crumb::new(t::traffic_title(tr), "/traffic"),
            Crumb::new(t::quota_title(tr), LIST),
        ],
        layout: Layout::Narrow,
        ..Page::default()
    }
}

fn questions(view: &View, answers: &Answers, faults: &Faults) -> Vec<Field> {
    let tr = view.tr();
    let ids = view.catalog.segments().take(OFFERED).map(|one| one.id.to_string()).collect();
    let radio = |options: &[(&str, &str, &str)]| {
        let owned = |(value, text, help): &(&str, &str, &str)| {
            ((*value).to_owned(), (*text).to_owned(), (*help).to_owned())
        };
        Kind::Radio(options.iter().map(owned).collect())
    };
    let kinds = radio(&[
        ("day", t::quota_kind_day(tr), ""),
        ("month", t::quota_kind_month(tr), ""),
        ("rate", t::quota_kind_rate(tr), t::quota_kind_rate_help(tr)),
    ]);
    let ways = radio(&[
        ("sum", t::quota_way_sum(tr), ""),
        ("down", t::quota_way_down(tr), ""),
        ("up", t::quota_way_up(tr), ""),
    ]);
    let actions = radio(&[
        ("notice", t::quota_action_notice(tr), t::quota_action_notice_help(tr)),
        ("shape", t::quota_action_shape(tr), t::quota_action_shape_help(tr)),
    ]);
    let ask = |name: &'static str, label: &str, help: &str| {
        Field::new(name, label)
            .help(help)
            .value(answers.get(name).cloned().unwrap_or_default())
            .error(faults.get(name).cloned().unwrap_or_default())
    };
    let number = |name, label: &str, help: &str| ask(name, label, help).kind(Kind::Number);
    let mut segment = ask("segment", t::quota_whose(tr), t::quota_segment_help(tr)).optional();
    segment.kind = Kind::Code;
    segment.suggestions = ids;
    vec![
        ask("name", t::quota_name(tr), t::quota_name_help(tr)),
        segment,
        ask("kind", t::quota_kind(tr), "").kind(kinds),
        number("bytes", t::quota_bytes(tr), t::quota_bytes_help(tr)).when(t::quota_when_volume(tr)),
        number("rate", t::quota_rate(tr), t::quota_rate_help(tr)).when(t::quota_when_rate(tr)),
        number("minutes", t::quota_minutes(tr), t::quota_minutes_help(tr))
            .when(t::quota_when_rate(tr)),
        ask("way", t::quota_way(tr), "").kind(ways),
        number("warn", t::quota_warn(tr), t::quota_warn_help(tr)),
        ask("action", t::quota_action(tr), "").kind(actions),
        number("kbps", t::quota_kbps(tr), t::quota_kbps_help(tr)).when(t::quota_when_shaped(tr)),
    ]
}

/// `GET /traffic/quotas/{id}/remove`
pub(super) async fn ask_remove(view: View, Path(id): Path<i64>) -> Result<Response, Error> {
    let quota = find(&view, id).await?;
    let tr = view.tr();
    let text = notice::notice(notice::Tone::Warning, &Html::text(t::quota_remove_text(tr)));
    let body = text.then(&form::form(
        tr,
        &form::Form {
            action: format!("{LIST}/{id}/remove"),
            hidden: vec![("version", quota.version.to_string())],
            submit: t::quota_remove(tr).to_owned(),
            cancel: format!("{LIST}/{id}/edit"),
            danger: true,
            ..form::Form::default()
        },
    ));
    Ok(view.respond(&frame(&view, t::quota_remove_heading(tr, quota.name.as_str()), body)))
}

/// `POST /traffic/quotas/{id}/remove`
pub(super) async fn remove(
    view: View,
    Path(id): Path<i64>,
    Form(answers): Form<Answers>,
) -> Result<Response, Error> {
    let known = find(&view, id).await?;
    let version = answers.get("version").and_then(|text| text.parse().ok());
    let traffic = view.app.traffic()?;
    traffic.remove_quota(id, version.unwrap_or(known.version), &view.author()?).await?;
    Ok(view.done(LIST, t::quota_removed(view.tr())))
}
