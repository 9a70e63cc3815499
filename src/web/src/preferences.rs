//! The switches of the frame: language, theme, keys. They work without a script.

use axum::Router;
use axum::extract::Form;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use axum::routing::post;
use ets_i18n::Lang;
use serde::Deserialize;

use crate::Theme;

/// Where the switches post to.
pub const PATH: &str = "/preferences";

/// What a switch sends.
#[derive(Debug, Deserialize)]
struct Choice {
    lang: Option<String>,
    theme: Option<String>,
    keys: Option<String>,
    #[serde(default)]
    back: String,
}

/// The languages of the switch: code, short and whole name.
pub const LANGS: [(&str, &str, &str); 3] =
    [("kk", "ҚАЗ", "Қазақша"), ("ru", "РУС", "Русский"), ("en", "ENG", "English")];

/// The route of the switches. They set a cookie and lead back; there is nothing to protect.
pub fn router<S: Clone + Send + Sync + 'static>() -> Router<S> {
    Router::new().route(PATH, post(choose))
}

async fn choose(Form(choice): Form<Choice>) -> Response {
    let mut response = StatusCode::SEE_OTHER.into_response();
    let headers = response.headers_mut();
    let back = HeaderValue::from_str(local(&choice.back));
    headers.insert(header::LOCATION, back.unwrap_or(HeaderValue::from_static("/")));
    for (name, value) in chosen(&choice) {
        headers.append(header::SET_COOKIE, cookie(name, value));
    }
    response
}

/// The line that keeps a choice for a year.
pub fn cookie(name: &'static str, value: &'static str) -> HeaderValue {
    let line = format!("{name}={value}; Path=/; Max-Age=31536000; SameSite=Lax");
    HeaderValue::from_str(&line).expect("our words are header values")
}

/// The cookies to set: known words only.
fn chosen(choice: &Choice) -> impl Iterator<Item = (&'static str, &'static str)> {
    let lang = choice.lang.as_deref().and_then(|code| code.parse::<Lang>().ok());
    let theme = choice.theme.as_deref().and_then(|word| word.parse::<Theme>().ok());
    let keys = choice.keys.as_deref().map(|word| if word == "off" { "off" } else { "on" });
    [("lang", lang.map(Lang::code)), ("theme", theme.map(Theme::as_str)), ("keys", keys)]
        .into_iter()
        .filter_map(|(name, value)| Some((name, value?)))
}

/// The way back, only if it stays on this site: a path that no browser reads as another host.
fn local(back: &str) -> &str {
    let inside = back.starts_with('/') && !back.starts_with("//") && !back.contains('\\');
    if inside && !back.contains(char::is_control) { back } else { "/" }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_way_back_never_leaves_the_site() {
        assert_eq!(local("/segments?sort=name"), "/segments?sort=name");
        for outside in ["", "//evil.example", "https://evil.example", "/\\evil.example", "/\t/evil"]
        {
            assert_eq!(local(outside), "/", "{outside}");
        }
    }

    #[test]
    fn only_known_words_become_cookies() {
        let choice = Choice {
            lang: Some("kk".into()),
            theme: Some("purple; Domain=x".into()),
            keys: Some("off".into()),
            back: String::new(),
        };
        let cookies: Vec<_> = chosen(&choice).collect();
        assert_eq!(cookies, [("lang", "kk"), ("keys", "off")]);
    }
}
