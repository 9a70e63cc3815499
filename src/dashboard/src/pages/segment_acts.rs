//! What can be done with a segment: ping it, put it under maintenance, retire and restore it.

use std::time::Duration;

use axum::extract::{Form, Path};
use axum::response::Response;
use ets_i18n::{Tr, t};
use ets_model::{Outcome, Segment};
use ets_netd_api::PingLine;
use ets_watch::PingStream;
use ets_web::html::escape;
use ets_web::live::fragment;
use ets_web::origin::is_own;
use ets_web::page::Layout;
use ets_web::{Crumb, Html, Page, card, form, notice};
use serde::Deserialize;

use super::view::View;
use super::{evidence, lists, segment};
use crate::Error;
use crate::api::{self, PingRequest};

/// How long maintenance may be announced for with one button, in minutes.
const LENGTHS: [u64; 6] = [30, 60, 120, 240, 480, 1440];

/// The cards of an active segment.
pub(crate) fn cards(view: &View, segment: &Segment, ping: &Html) -> Html {
    let (tr, none) = (view.tr(), Html::default());
    card::card(t::segment_ping(tr), &none, &ping_card(view, segment, ping)).then(&card::card(
        t::segment_maintenance(tr),
        &none,
        &fragment("works", &maintenance_card(view, segment)),
    ))
}

fn ping_card(view: &View, segment: &Segment, answered: &Html) -> Html {
    let tr = view.tr();
    let counts: String = [5, 10, 20, 50, 100]
        .iter()
        .map(|count| format!("<option value=\"{count}\">{count}</option>"))
        .collect();
    let waiting = if answered.is_empty() { t::segment_ping_waiting(tr) } else { "" };
    Html::trusted(format!(
        "<p class=\"help\" id=\"ping\">{text}</p>\
         <form class=\"filter\" method=\"post\" action=\"/segments/{id}/ping\" \
         data-stream=\"/segments/{id}/ping.stream\" data-into=\"ping-output\"><label>{count} <select name=\"count\">{counts}</select></label>\
         <button class=\"primary\">{verb}</button></form>\
         <pre class=\"log\" id=\"ping-output\" aria-live=\"polite\" tabindex=\"0\" \
         aria-label=\"{result}\">{waiting}{answered}</pre>",
        text = t::segment_ping_text(tr),
        id = segment.id,
        count = t::segment_ping_count(tr),
        verb = t::segment_ping_start(tr),
        result = t::segment_ping_result(tr),
    ))
}

fn maintenance_card(view: &View, segment: &Segment) -> Html {
    let tr = view.tr();
    let action = format!("/segments/{}/maintenance", segment.id);
    if let Some(until) = segment.maintenance_until.filter(|_| segment.in_maintenance(view.ctx.now))
    {
        let told = t::segment_maintenance_on(tr, tr.moment(until, view.ctx.now));
        let stop = form::button("", &action, t::segment_maintenance_stop(tr), true);
        return Html::trusted(format!("<p>{}</p><p class=\"acts\">{stop}</p>", escape(&told)));
    }
    let options: String = LENGTHS
        .iter()
        .map(|minutes| {
            format!("<option value=\"{minutes}\">{}</option>", length_word(tr, *minutes))
        })
        .collect();
    Html::trusted(format!(
        "<p class=\"help\" id=\"works\">{}</p><form class=\"filter\" method=\"post\" action=\"{action}\">\
         <label>{} <select name=\"minutes\">{options}</select></label><button>{}</button></form>",
        t::segment_maintenance_off_text(tr),
        t::segment_maintenance_until(tr),
        t::segment_maintenance_start(tr),
    ))
}

fn length_word(tr: &Tr, minutes: u64) -> &'static str {
    match minutes {
        30 => t::segment_maintenance_for_30(tr),
        60 => t::segment_maintenance_for_60(tr),
        120 => t::segment_maintenance_for_120(tr),
        240 => t::segment_maintenance_for_240(tr),
        480 => t::segment_maintenance_for_480(tr),
        _ => t::segment_maintenance_for_1440(tr),
    }
}

/// The card of a retired segment.
pub(crate) fn retired_card(view: &View, segment: &Segment) -> Html {
    let tr = view.tr();
    let action = format!("/segments/{}/restore", segment.id);
    let restore = form::button("", &action, t::registry_restore(tr), true);
    let body = format!("<p>{}</p><p class=\"acts\">{restore}</p>", t::segment_ping_retired(tr));
    card::card(t::registry_retired_title(tr), &Html::default(), &Html::trusted(body))
}

/// What the ping form sends.
#[derive(Deserialize)]
pub(crate) struct Ping {
    #[serde(default)]
    count: u16,
}

impl Ping {
    fn request(&self) -> PingRequest {
        let count = if self.count == 0 { 5 } else { self.count.min(100) };
        PingRequest { count, ..PingRequest::default() }
    }
}

/// `POST /segments/{id}/ping`: the page with all answers, for who has no script.
pub(crate) async fn ping(
    view: View,
    Path(id): Path<String>,
    Form(asked): Form<Ping>,
) -> Result<Response, Error> {
    let segment = view.catalog.segment(&id).ok_or_else(|| Error::segment(&id))?.clone();
    let text = match api::start_ping(&view.app, &id, asked.request()).await {
        Ok(stream) => collect(view.tr(), stream).await,
        Err(error) => refusal(view.tr(), &error),
    };
    let body = segment::body(&view, &segment, Html::text(&text)).await?;
    let mut page = segment::frame(&view, &segment, body);
    // The answers are to be read: the page must not renew itself.
    page.live = None;
    Ok(view.respond(&page))
}

/// `GET /segments/{id}/ping.stream`: the same as lines that come one by one, for the script. It
/// sends packets, so only our own pages may ask for it.
pub(crate) async fn ping_stream(view: View, Path(id): Path<String>) -> Result<Response, Error> {
    if !is_own(&http::Method::POST, &view.headers, view.authority.as_deref()) {
        return Err(Error::CrossSite);
    }
    let asked = Ping { count: view.asked("count").parse().unwrap_or_default() };
    let (tr, end) = (view.tr().clone(), view.tr().clone());
    Ok(match api::start_ping(&view.app, &id, asked.request()).await {
        Ok(stream) => api::ping_events(
            stream,
            move |line| line_text(&tr, line),
            move |lines| summary(&end, lines),
        ),
        Err(error) => api::ping_failed(&refusal(view.tr(), &error)),
    })
}

fn refusal(tr: &Tr, error: &Error) -> String {
    match error {
        Error::NetdAway => t::segment_ping_netd_away(tr).to_owned(),
        Error::NotFound { .. } => t::segment_ping_retired(tr).to_owned(),
        other => other.to_string(),
    }
}

async fn collect(tr: &Tr, mut stream: PingStream) -> String {
    let (mut text, mut lines) = (String::new(), Vec::new());
    while let Some(line) = stream.next().await {
        match line {
            Ok(line) => {
                text.push_str(&line_text(tr, &line));
                text.push('\n');
                lines.push(line);
            }
            Err(error) => return text + &refusal(tr, &error.into()),
        }
    }
    text + &summary(tr, &lines)
}

fn line_text(tr: &Tr, line: &PingLine) -> String {
    let number = line.number.to_string();
    match (line.outcome, line.error) {
        (Outcome::Answered(rtt), _) => t::segment_ping_line(tr, number, tr.millis(rtt)),
        // Nobody answered: the hub itself could not send.
        (Outcome::Lost, Some((from, kind))) if from.is_unspecified() => {
            t::segment_ping_unsent(tr, number, evidence::icmp_error(tr, kind))
        }
        (Outcome::Lost, Some((from, kind))) => {
            t::segment_ping_error(tr, from.to_string(), number, evidence::icmp_error(tr, kind))
        }
        (Outcome::Lost, None) => t::segment_ping_lost(tr, number),
    }
}

fn summary(tr: &Tr, lines: &[PingLine]) -> String {
    let times: Vec<Duration> = lines
        .iter()
        .filter_map(|line| match line.outcome {
            Outcome::Answered(rtt) => Some(rtt),
            Outcome::Lost => None,
        })
        .collect();
    let lost = lines.len() - times.len();
    let ratio = lost as f64 / lines.len().max(1) as f64;
    let told = t::segment_ping_summary(tr, times.len(), lost, tr.percent(ratio), lines.len());
    let (Some(min), Some(max)) = (times.iter().min(), times.iter().max()) else { return told };
    let mean = times.iter().sum::<Duration>() / u32::try_from(times.len()).unwrap_or(1);
    let times = t::segment_ping_times(tr, tr.millis(*max), tr.millis(mean), tr.millis(*min));
    format!("{told}\n{times}")
}

/// What the maintenance form sends: minutes to come, or nothing to end it.
#[derive(Deserialize)]
pub(crate) struct Maintenance {
    #[serde(default)]
    minutes: Option<u64>,
    #[serde(default)]
    until: String,
}

/// `POST /segments/{id}/maintenance`
pub(crate) async fn maintenance(
    view: View,
    Path(id): Path<String>,
    Form(asked): Form<Maintenance>,
) -> Result<Response, Error> {
    let minutes = asked.minutes.map(|minutes| Duration::from_secs(minutes.min(525_600) * 60));
    let until = minutes
        .map(|length| view.ctx.now.plus(length))
        .or_else(|| lists::moment(&view, &asked.until, 0));
    let author = view.author()?;
    view.app.deps.registry.set_maintenance(&id, until, &author).await?;
    let tr = view.tr();
    let told = match until {
        Some(until) => t::segment_maintenance_on(tr, tr.moment(until, view.ctx.now)),
        None => t::segment_maintenance_stopped(tr).to_owned(),
    };
    Ok(view.done(&format!("/segments/{id}"), told))
}

/// `GET /segments/{id}/retire`: asks once more.
pub(crate) async fn ask_retire(view: View, Path(id): Path<String>) -> Result<Response, Error> {
    let segment = view.catalog.segment(&id).ok_or_else(|| Error::segment(&id))?;
    let tr = view.tr();
    let name = view.catalog.name(segment, view.lang()).to_owned();
    let form = form::form(
        tr,
        &form::Form {
            action: format!("/segments/{id}/retire"),
            hidden: vec![("version", segment.version.to_string())],
            submit: t::registry_retire(tr).to_owned(),
            cancel: format!("/segments/{id}"),
            danger: true,
            ..form::Form::default()
        },
    );
    let text = notice::notice(notice::Tone::Warning, &Html::text(t::registry_retire_text(tr)));
    let page = Page {
        heading: t::registry_retire_heading(tr, &name),
        body: text.then(&form),
        nav: "segments",
        crumbs: vec![
            Crumb::new(t::registry_title(tr), "/segments"),
            Crumb::new(name, format!("/segments/{id}")),
        ],
        layout: Layout::Narrow,
        ..Page::default()
    };
    Ok(view.respond(&page))
}

/// What names the version that was seen.
#[derive(Deserialize)]
pub(crate) struct Seen {
    pub version: i64,
}

/// `POST /segments/{id}/retire`
pub(crate) async fn retire(
    view: View,
    Path(id): Path<String>,
    Form(seen): Form<Seen>,
) -> Result<Response, Error> {
    let author = view.author()?;
    view.app.deps.registry.retire_segment(&id, seen.version, &author).await?;
    Ok(view.done(&format!("/segments/{id}"), t::registry_retired(view.tr())))
}

/// `POST /segments/{id}/restore`
pub(crate) async fn restore(view: View, Path(id): Path<String>) -> Result<Response, Error> {
    let segment = view.catalog.segment(&id).ok_or_else(|| Error::segment(&id))?;
    let author = view.author()?;
    view.app.deps.registry.restore_segment(&id, segment.version, &author).await?;
    Ok(view.done(&format!("/segments/{id}"), t::registry_restored(view.tr())))
}
