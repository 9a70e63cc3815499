//! The frame of these pages: plain enough for browsers of 2011, and one sheet of paper when printed.

use std::hash::{DefaultHasher, Hash, Hasher};

use axum::body::Bytes;
use axum::response::{IntoResponse, Response};
use ets_i18n::{Lang, t};
use ets_model::LinkState;
use ets_web::html::escape;
use ets_web::{Html, assets, preferences};
use http::{HeaderName, HeaderValue, StatusCode, header};

use crate::site::App;
use crate::visit::Visit;

/// Nothing but what the hub itself serves, and no script at all.
const POLICY: &str = "default-src 'none'; style-src 'self'; img-src 'self'; font-src 'self'; \
    form-action 'self'; frame-ancestors 'none'; base-uri 'none'";
const HEADERS: [(HeaderName, &str); 6] = [
    (header::CONTENT_TYPE, "text/html; charset=utf-8"),
    (header::CACHE_CONTROL, "no-store"),
    (header::VARY, "Cookie, Accept-Language"),
    (header::CONTENT_SECURITY_POLICY, POLICY),
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (header::REFERRER_POLICY, "no-referrer"),
];

/// One page.
#[derive(Debug, Default)]
pub(crate) struct Page {
    /// The answer, in large letters.
    pub(crate) heading: String,
    /// The state that it tells, with its shape before it.
    pub(crate) state: Option<LinkState>,
    /// The line below.
    pub(crate) sub: String,
    /// What follows.
    pub(crate) body: Html,
    /// 200 unless set.
    pub(crate) status: StatusCode,
}

/// The document as a response.
pub(crate) fn respond(app: &App, visit: &Visit, page: &Page) -> Response {
    let mut response = (page.status, document(app, visit, page)).into_response();
    let headers = response.headers_mut();
    for (name, value) in HEADERS {
        headers.insert(name, HeaderValue::from_static(value));
    }
    if let Some(lang) = visit.chosen {
        headers.insert(header::SET_COOKIE, preferences::cookie("lang", lang.code()));
    }
    response
}

fn document(app: &App, visit: &Visit, page: &Page) -> String {
    let tr = &visit.tr;
    let name = if app.config.title.is_empty() { t::front_hub(tr) } else { &app.config.title };
    let mark = page.state.map(shape).unwrap_or_default();
    format!(
        "<!doctype html>\n<html lang=\"{lang}\"><head><meta charset=\"utf-8\">\
         <meta http-equiv=\"X-UA-Compatible\" content=\"IE=edge\">\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\
         <title>{heading} · {name}</title><link rel=\"stylesheet\" href=\"{sheet}\">\
         <link rel=\"icon\" href=\"{icon}\" type=\"image/svg+xml\"></head>\n<body>\
         <div class=\"head\"><div class=\"in\"><b>{name}</b>{langs}</div></div>\n\
         <div class=\"in\" role=\"main\"><h1>{mark}{heading}</h1>\n<p class=\"sub\">{sub}</p>\n\
         {body}\n<p class=\"foot\">{owner} {printed}</p></div></body></html>\n",
        lang = tr.lang().code(),
        heading = escape(&page.heading),
        name = escape(name),
        sheet = app.sheet.path(),
        icon = assets::STAR_SVG,
        langs = languages(tr.lang()),
        sub = escape(&page.sub),
        body = page.body,
        owner = escape(&app.config.owner),
        printed = escape(&t::front_at(tr, tr.exact(visit.now))),
    )
}

fn languages(now: Lang) -> String {
    let link = |(code, short, name): (&str, &str, &str)| match code == now.code() {
        true => format!(" <b lang=\"{code}\">{short}</b>"),
        false => format!(" <a href=\"/?lang={code}\" lang=\"{code}\" title=\"{name}\">{short}</a>"),
    };
    format!("<span class=\"langs\">{}</span>", preferences::LANGS.map(link).concat())
}

/// A part of the page with its title.
pub(crate) fn part(title: &str, body: &Html) -> Html {
    let title =
        if title.is_empty() { String::new() } else { format!("<h2>{}</h2>\n", escape(title)) };
    Html::trusted(format!("<div class=\"part\">{title}{body}</div>\n"))
}

/// Terms and values in two columns.
pub(crate) fn facts(rows: &[(&str, Html)]) -> Html {
    let row = |(term, value): &(&str, Html)| {
        format!("<tr><th scope=\"row\">{}</th><td>{value}</td></tr>\n", escape(term))
    };
    let rows: String = rows.iter().map(row).collect();
    Html::trusted(format!("<table class=\"facts\">\n{rows}</table>\n"))
}

/// A table with a head.
pub(crate) fn table(head: &[&str], rows: &[Vec<Html>]) -> Html {
    let head: String =
        head.iter().map(|title| format!("<th scope=\"col\">{}</th>", escape(title))).collect();
    let row = |cells: &Vec<Html>| {
        let cells: String = cells.iter().map(|cell| format!("<td>{cell}</td>")).collect();
        format!("<tr>{cells}</tr>\n")
    };
    let rows: String = rows.iter().map(row).collect();
    Html::trusted(format!("<table class=\"list\"><tr>{head}</tr>\n{rows}</table>\n"))
}

/// A paragraph of text.
pub(crate) fn paragraph(text: &str) -> Html {
    Html::trusted(format!("<p>{}</p>\n", escape(text)))
}

/// A state as shape and word, the shape drawn in place: old browsers share none between pictures.
pub(crate) fn state(tr: &ets_i18n::Tr, state: LinkState) -> Html {
    let word = escape(ets_web::state::word(tr, state)).to_string();
    Html::trusted(format!("<span class=\"st {state}\">{}{word}</span>", shape(state)))
}

fn shape(state: LinkState) -> Html {
    let inside = match state {
        LinkState::Up => "<circle cx=\"10\" cy=\"10\" r=\"5\" fill=\"#2f7d5b\"/>",
        LinkState::Down => {
            "<rect x=\"3\" y=\"3\" width=\"14\" height=\"14\" rx=\"2\" fill=\"#b3261e\"/>\
             <path d=\"M7 7l6 6m0-6l-6 6\" stroke=\"#fff\" stroke-width=\"2\"/>"
        }
        LinkState::Degraded => "<path d=\"M10 2.5L18.5 17h-17z\" fill=\"#a15c00\"/>",
        LinkState::Maintenance => "<path d=\"M10 1.5l8.5 8.5-8.5 8.5L1.5 10z\" fill=\"#3556a8\"/>",
        LinkState::Unknown => {
            "<circle cx=\"10\" cy=\"10\" r=\"7\" fill=\"none\" stroke=\"#6b7280\" \
             stroke-width=\"2\"/><path d=\"M8 8.3a2 2 0 1 1 2.9 1.8c-.6.3-.9.7-.9 1.4m0 2v.1\" \
             fill=\"none\" stroke=\"#6b7280\" stroke-width=\"2\"/>"
        }
    };
    Html::trusted(format!(
        "<svg class=\"ic\" width=\"20\" height=\"20\" viewBox=\"0 0 20 20\" aria-hidden=\"true\" \
         focusable=\"false\">{inside}</svg>"
    ))
}

/// The style sheet, with the names of the fonts in it. Cheap to clone.
#[derive(Clone, Debug)]
pub(crate) struct Sheet {
    text: Bytes,
    path: String,
}

impl Sheet {
    pub(crate) fn new() -> Self {
        let text = include_str!("../assets/front.css")
            .replace("PLEX_400", assets::PLEX_SANS_400_WOFF2)
            .replace("PLEX_600", assets::PLEX_SANS_600_WOFF2);
        // Whoever has another one keeps it under another name, which tells strangers no release.
        let mut hasher = DefaultHasher::new();
        text.hash(&mut hasher);
        let path = format!("/front.{:016x}.css", hasher.finish());
        Self { text: text.into(), path }
    }

    pub(crate) fn path(&self) -> &str {
        &self.path
    }

    pub(crate) fn respond(&self) -> Response {
        let headers = [
            (header::CONTENT_TYPE, "text/css; charset=utf-8"),
            (header::CACHE_CONTROL, "public, max-age=3600"),
            (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        ];
        (headers, self.text.clone()).into_response()
    }
}
