//! What a page knows of the site and of the request.

use std::str::FromStr;

use axum::http::{HeaderMap, Uri, header};
use ets_i18n::{Key, Lang, TimeZone, Tr};
use ets_model::{Names, WallTime};

use crate::page::Flash;

/// What all pages of one hub share; built once.
#[derive(Clone, Debug)]
pub struct Site {
    /// The short mark beside the star: `ETC`.
    pub mark: String,
    /// The hub's name: `узел ВКО`.
    pub name: Names,
    /// The institution that runs it, for the letterhead in print.
    pub owner: Names,
    /// The zone that times are told in.
    pub zone: TimeZone,
    /// The language where neither cookie nor browser names one of ours.
    pub lang: Lang,
    /// The entries of the navigation: at most eight, one line.
    pub nav: Vec<NavItem>,
    /// Where `/`, the search box, sends its question (`q=`).
    pub search: &'static str,
    /// Where `w` leads; empty when there is no wall screen.
    pub wall: &'static str,
    /// The address that people use, without a trailing slash, for the QR code in print:
    /// `https://hub.ets.localhost:8443`. Empty: taken from the request.
    pub origin: String,
}

/// One entry of the navigation.
#[derive(Clone, Copy, Debug)]
pub struct NavItem {
    /// Its name in [`crate::Page::nav`].
    pub id: &'static str,
    /// Its text.
    pub title: Key,
    /// Where it leads.
    pub href: &'static str,
    /// The letter after `g` that leads there, if any.
    pub go: Option<char>,
}

/// Light, dark or as the system says.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Theme {
    /// As the system says.
    #[default]
    Auto,
    /// Dark on light.
    Light,
    /// Light on dark.
    Dark,
}

impl Theme {
    /// All of them, in the order of the switch.
    pub const ALL: [Self; 3] = [Self::Auto, Self::Light, Self::Dark];

    /// The word in the cookie and in `data-theme`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Auto => "auto",
            Self::Light => "light",
            Self::Dark => "dark",
        }
    }
}

impl FromStr for Theme {
    type Err = ();

    fn from_str(word: &str) -> Result<Self, ()> {
        Self::ALL.into_iter().find(|theme| theme.as_str() == word).ok_or(())
    }
}

/// What one request brings: language, look, who asks, from where. Build it with
/// [`Ctx::from_request`], then set `user`, `csrf`, `flash` and `badges`.
#[derive(Clone, Debug)]
pub struct Ctx {
    /// The translator.
    pub tr: Tr,
    /// The look.
    pub theme: Theme,
    /// Whether single-key shortcuts are on.
    pub shortcuts: bool,
    /// The path with its query, for switches that lead back and for the QR code.
    pub path: String,
    /// The scheme and host that the browser used: `https://hub.example`.
    pub origin: String,
    /// The moment of the request.
    pub now: WallTime,
    /// Who is signed in, as shown at the right of the head.
    pub user: Option<String>,
    /// Where the sign-out form posts; empty when there is nothing to sign out of.
    pub sign_out: &'static str,
    /// The token that every form carries as `csrf`.
    pub csrf: String,
    /// Messages from what was done before.
    pub flash: Vec<Flash>,
    /// Numbers beside entries of the navigation: (id, count). Zero is not shown.
    pub badges: Vec<(&'static str, u64)>,
    /// What stands above every page until a person has decided; empty for nothing. The fragment
    /// `banner` of the page.
    pub banner: crate::Html,
}

impl Ctx {
    /// Reads cookies and headers. The language is the cookie's, else the best of
    /// `Accept-Language`, else the site's.
    #[must_use]
    pub fn from_request(site: &Site, uri: &Uri, headers: &HeaderMap, now: WallTime) -> Self {
        let lang = cookie(headers, "lang")
            .and_then(|code| code.parse().ok())
            .or_else(|| accepted(headers))
            .unwrap_or(site.lang);
        let theme = cookie(headers, "theme").and_then(|word| word.parse().ok()).unwrap_or_default();
        Self {
            tr: Tr::new(lang, site.zone.clone()),
            theme,
            shortcuts: cookie(headers, "keys") != Some("off"),
            path: uri.path_and_query().map_or("/", |path| path.as_str()).to_owned(),
            origin: origin(site, uri, headers),
            now,
            user: None,
            sign_out: "",
            csrf: String::new(),
            flash: cookie(headers, "flash").and_then(Flash::from_cookie).into_iter().collect(),
            badges: Vec::new(),
            banner: crate::Html::default(),
        }
    }
}

/// The value of a cookie.
#[must_use]
pub fn cookie<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers
        .get_all(header::COOKIE)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|line| line.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .find_map(|(key, value)| (key == name).then_some(value))
}

/// The language for who sends these headers and has chosen none.
#[must_use]
pub fn language(headers: &HeaderMap) -> Lang {
    accepted(headers).unwrap_or_default()
}

/// The best of our languages that the browser accepts (RFC 9110, section 12.5.4).
fn accepted(headers: &HeaderMap) -> Option<Lang> {
    let line = headers.get(header::ACCEPT_LANGUAGE)?.to_str().ok()?;
    let mut best: Option<(f32, Lang)> = None;
    for part in line.split(',') {
        let (tag, weight) = part.split_once(";q=").unwrap_or((part, "1"));
        let primary = tag.trim().split('-').next().unwrap_or_default().to_ascii_lowercase();
        let (Ok(lang), Ok(weight)) = (primary.parse::<Lang>(), weight.trim().parse::<f32>()) else {
            continue;
        };
        if weight > 0.0 && best.is_none_or(|(most, _)| weight > most) {
            best = Some((weight, lang));
        }
    }
    best.map(|(_, lang)| lang)
}

fn origin(site: &Site, uri: &Uri, headers: &HeaderMap) -> String {
    if !site.origin.is_empty() {
        return site.origin.clone();
    }
    let host = uri
        .authority()
        .map(http::uri::Authority::as_str)
        .or_else(|| headers.get(header::HOST).and_then(|host| host.to_str().ok()))
        .unwrap_or("localhost");
    format!("{}://{host}", uri.scheme_str().unwrap_or("https"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(pairs: &[(header::HeaderName, &str)]) -> HeaderMap {
        pairs.iter().map(|(name, value)| (name.clone(), value.parse().unwrap())).collect()
    }

    #[test]
    fn the_best_of_our_languages_that_the_browser_accepts_is_spoken() {
        let headers = headers(&[(header::ACCEPT_LANGUAGE, "de, en;q=0.7, kk-KZ;q=0.9, ru;q=0")]);
        assert_eq!(accepted(&headers), Some(Lang::Kk));
    }

    #[test]
    fn a_cookie_is_found_among_others() {
        let headers = headers(&[(header::COOKIE, "a=b; theme=dark;lang=en")]);
        assert_eq!(cookie(&headers, "theme"), Some("dark"));
        assert_eq!(cookie(&headers, "lang"), Some("en"));
        assert_eq!(cookie(&headers, "keys"), None);
    }
}
