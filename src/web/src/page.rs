//! The frame of every page.

use std::time::Duration;

use askama::Template;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use ets_i18n::t;
use ets_model::WallTime;
use percent_encoding::{NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};

use crate::{Ctx, Html, NavItem, Site, Theme, assets, live, preferences, qr, security};

/// One page: the heading is the answer to what the person came for.
#[derive(Clone, Debug, Default)]
pub struct Page {
    /// The title of the window, without the hub's name; empty: the heading.
    pub title: String,
    /// The first line in large letters, in words: `3 сегмента без связи`.
    pub heading: String,
    /// Small text beside the heading: `из 49`.
    pub sub: Html,
    /// How old the data is, where the page shows live data.
    pub age: Option<Age>,
    /// What lies between the heading and the end.
    pub body: Html,
    /// The [`crate::NavItem::id`] that is lit; empty for none.
    pub nav: &'static str,
    /// The way here, the page itself not included.
    pub crumbs: Vec<Crumb>,
    /// The SSE stream that keeps the page fresh (see [`live`]). Without JavaScript the page
    /// reloads every 10 seconds instead.
    pub live: Option<String>,
    /// How wide.
    pub layout: Layout,
    /// The status of the response; 200 unless set.
    pub status: StatusCode,
}

/// How wide a page is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Layout {
    /// Up to 1640 px: tables and pictures.
    #[default]
    Wide,
    /// A column of text: forms, errors.
    Narrow,
    /// The whole screen, without navigation, in large letters.
    Wall,
}

/// When the data of the page was true.
#[derive(Clone, Copy, Debug)]
pub struct Age {
    /// The moment that the data describes.
    pub at: WallTime,
}

/// One step of the way to a page.
#[derive(Clone, Debug)]
pub struct Crumb {
    /// Its text.
    pub title: String,
    /// Where it leads.
    pub href: String,
}

impl Crumb {
    /// A step.
    pub fn new(title: impl Into<String>, href: impl Into<String>) -> Self {
        Self { title: title.into(), href: href.into() }
    }
}

/// A message about what was just done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Flash {
    /// Of what kind.
    pub kind: FlashKind,
    /// The message, in the reader's language.
    pub text: String,
}

/// How a message is meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FlashKind {
    /// It worked.
    Done,
    /// Something needs attention.
    Warning,
    /// It did not work.
    Failed,
}

impl FlashKind {
    /// Its shape.
    fn icon(self) -> Html {
        match self {
            Self::Done => crate::notice::mark("up", "done"),
            Self::Warning => crate::notice::mark("degraded", "degraded"),
            Self::Failed => crate::notice::mark("down", "down"),
        }
    }

    /// The word in class names and in the cookie.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::Warning => "warning",
            Self::Failed => "failed",
        }
    }
}

impl Flash {
    /// The `Set-Cookie` value that carries the message over a redirect. The next page shows it
    /// once and clears it.
    #[must_use]
    pub fn set_cookie(&self) -> HeaderValue {
        let text = utf8_percent_encode(&self.text, NON_ALPHANUMERIC);
        let line = format!(
            "flash={}.{text}; Path=/; Max-Age=60; HttpOnly; SameSite=Strict",
            self.kind.as_str()
        );
        HeaderValue::from_str(&line).expect("percent-encoded text is a header value")
    }

    pub(crate) fn from_cookie(value: &str) -> Option<Self> {
        let (kind, text) = value.split_once('.')?;
        let kind = [FlashKind::Done, FlashKind::Warning, FlashKind::Failed]
            .into_iter()
            .find(|known| known.as_str() == kind)?;
        let text = percent_decode_str(text).decode_utf8().ok()?.chars().take(400).collect();
        Some(Self { kind, text })
    }
}

/// Clears the cookie of [`Flash::set_cookie`].
const CLEAR_FLASH: HeaderValue =
    HeaderValue::from_static("flash=; Path=/; Max-Age=0; HttpOnly; SameSite=Strict");

#[derive(Template)]
#[template(path = "frame.html")]
struct Frame<'a> {
    page: &'a Page,
    ctx: &'a Ctx,
    site: &'a Site,
    tr: &'a ets_i18n::Tr,
    title: &'a str,
    words: String,
    age: String,
    qr: Html,
}

impl Page {
    /// The whole document.
    #[must_use]
    pub fn render(&self, site: &Site, ctx: &Ctx) -> String {
        let frame = Frame {
            page: self,
            ctx,
            site,
            tr: &ctx.tr,
            title: if self.title.is_empty() { &self.heading } else { &self.title },
            words: live::words(&ctx.tr),
            age: self.age.map(|age| age_text(ctx, age)).unwrap_or_default(),
            qr: qr::code(&format!("{}{}", ctx.origin, ctx.path)),
        };
        frame.render().expect("writing a template to memory cannot fail")
    }

    /// The response: the document with the headers of [`security`].
    #[must_use]
    pub fn respond(&self, site: &Site, ctx: &Ctx) -> Response {
        let mut response = (self.status, self.render(site, ctx)).into_response();
        let headers = response.headers_mut();
        let html = HeaderValue::from_static("text/html; charset=utf-8");
        headers.insert(header::CONTENT_TYPE, html);
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        headers.insert(header::VARY, HeaderValue::from_static("Cookie, Accept-Language"));
        if !ctx.flash.is_empty() {
            headers.append(header::SET_COOKIE, CLEAR_FLASH);
        }
        security::apply(headers);
        response
    }
}

fn age_text(ctx: &Ctx, age: Age) -> String {
    let length = ctx.now.since(age.at);
    if length < Duration::from_secs(2) {
        t::age_now(&ctx.tr).to_owned()
    } else {
        t::age(&ctx.tr, ctx.tr.whole_duration(length))
    }
}

impl Frame<'_> {
    fn badge(&self, id: &str) -> Option<String> {
        let (_, count) =
            self.ctx.badges.iter().find(|(badge, count)| *badge == id && *count > 0)?;
        Some(self.tr.number(i64::try_from(*count).unwrap_or(i64::MAX)))
    }

    fn nav_title(&self, item: &NavItem) -> &'static str {
        self.tr.get(item.title)
    }

    fn exact(&self, moment: &WallTime) -> String {
        self.tr.exact(*moment)
    }

    fn machine(&self, moment: &WallTime) -> String {
        self.tr.machine(*moment)
    }

    fn clock(&self, moment: &WallTime) -> String {
        self.tr.time(*moment)
    }

    /// The zone that all times on the page are told in: `Asia/Almaty, UTC+5`.
    fn zone(&self) -> String {
        let zoned = self.tr.zoned(self.ctx.now);
        let offset = zoned.strftime("%:::z").to_string();
        let short = offset.replacen("+0", "+", 1).replacen("-0", "\u{2212}", 1);
        match self.tr.zone().iana_name() {
            Some(name) if name != "UTC" => t::zone_of_times(self.tr, format!("{name}, UTC{short}")),
            _ => t::zone_of_times(
                self.tr,
                if zoned.offset().is_zero() { "UTC".to_owned() } else { format!("UTC{short}") },
            ),
        }
    }

    fn layout(&self) -> &'static str {
        match self.page.layout {
            Layout::Wide => "wide",
            Layout::Narrow => "narrow",
            Layout::Wall => "wall",
        }
    }

    fn themes(&self) -> [(Theme, &'static str); 3] {
        [
            (Theme::Auto, t::theme_auto(self.tr)),
            (Theme::Light, t::theme_light(self.tr)),
            (Theme::Dark, t::theme_dark(self.tr)),
        ]
    }

    fn langs(&self) -> [(&'static str, &'static str, &'static str); 3] {
        preferences::LANGS
    }
}
