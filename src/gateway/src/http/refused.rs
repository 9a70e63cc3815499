//! What is answered to who is not let through: a page that says why, until when, and whom to ask. It
//! stands for itself, as nothing else of ours can be fetched under another host's name.

use bytes::Bytes;
use ets_i18n::{Tr, t};
use ets_web::html::escape;
use http::{HeaderMap, HeaderValue, Response, StatusCode, header};

use crate::gateway::{Refusal, Ruled};
use crate::policy::{Verdict, Why};
use crate::target::Target;
use crate::words;

const STYLE: &str = "body{font:16px/1.5 system-ui,sans-serif;max-width:36rem;margin:12vh auto;padding:0 \
    1rem;color:#1b2733;background:#fff}h1{font-size:1.5rem;line-height:1.25;overflow-wrap:anywhere}\
    .ask{display:inline-block;padding:.5rem 1.25rem;border-radius:6px;background:#0b6e5c;color:#fff;\
    font-weight:600;text-decoration:none}\
    footer{margin-top:2rem;color:#5a6672;font-size:.875rem}\
    @media(prefers-color-scheme:dark){body{color:#e3e8ed;background:#14191f}footer{color:#9aa6b2}}";

/// The answer to a refusal, in the language of the headers; `ask` is where to ask for what was
/// refused.
pub(super) fn answer(
    headers: &HeaderMap,
    (refusal, target): (&Refusal, &Target),
    ask: Option<&str>,
) -> Response<Bytes> {
    let tr = translator(headers, refusal);
    let host = target.to_string();
    let (status, title, lines) = match refusal {
        Refusal::Rules(ruled) => {
            // Volumes come again (RFC 6585, section 4).
            let status = match ruled.why {
                Why::Quota(_) => StatusCode::TOO_MANY_REQUESTS,
                _ => StatusCode::FORBIDDEN,
            };
            (status, t::gateway_refused(&tr, &host), told(&tr, ruled))
        }
        Refusal::NoSuchName => plain(StatusCode::BAD_GATEWAY, t::gateway_no_name(&tr, &host)),
        Refusal::NoResolver => plain(StatusCode::BAD_GATEWAY, t::gateway_no_resolver(&tr, &host)),
        Refusal::Crowded(most) => {
            plain(StatusCode::TOO_MANY_REQUESTS, t::gateway_crowded(&tr, *most))
        }
        Refusal::Full => plain(StatusCode::SERVICE_UNAVAILABLE, t::gateway_full(&tr).to_owned()),
        Refusal::Unreachable => {
            plain(StatusCode::GATEWAY_TIMEOUT, t::gateway_unreachable(&tr, &host))
        }
    };
    let mut answer = page(&tr, status, &title, (&lines, ask));
    if status == StatusCode::TOO_MANY_REQUESTS
        && let Some(until) = retry_after(refusal)
    {
        answer.headers_mut().insert(header::RETRY_AFTER, until);
    }
    answer
}

/// When a volume comes again, as a date (RFC 9110, section 10.2.3).
fn retry_after(refusal: &Refusal) -> Option<HeaderValue> {
    let Refusal::Rules(ruled) = refusal else { return None };
    let until = ruled.until.as_ref()?.timestamp();
    let text =
        jiff::fmt::rfc2822::DateTimePrinter::new().timestamp_to_rfc9110_string(&until).ok()?;
    HeaderValue::try_from(text).ok()
}

/// The answer where a host outside broke off.
pub(super) fn broken(headers: &HeaderMap, target: &Target) -> Response<Bytes> {
    let tr = translator(headers, &Refusal::Unreachable);
    page(&tr, StatusCode::BAD_GATEWAY, &t::gateway_broken(&tr, target.to_string()), (&[], None))
}

/// The answer to a request that is none.
pub(super) fn bare(headers: &HeaderMap, status: StatusCode) -> Response<Bytes> {
    let tr = translator(headers, &Refusal::Unreachable);
    page(&tr, status, t::gateway_wrong(&tr), (&[], None))
}

/// An answer as it stands on the wire (RFC 9112).
pub(super) fn octets(answer: &Response<Bytes>) -> Vec<u8> {
    let mut octets = format!("HTTP/1.1 {}\r\n", answer.status()).into_bytes();
    for (name, value) in answer.headers() {
        octets.extend_from_slice(name.as_str().as_bytes());
        octets.extend_from_slice(b": ");
        octets.extend_from_slice(value.as_bytes());
        octets.extend_from_slice(b"\r\n");
    }
    octets.extend(format!("content-length: {}\r\n\r\n", answer.body().len()).as_bytes());
    octets.extend_from_slice(answer.body());
    octets
}

/// Times are told in the zone in which the rules were asked.
fn translator(headers: &HeaderMap, refusal: &Refusal) -> Tr {
    let zone = match refusal {
        Refusal::Rules(ruled) => ruled.until.as_ref().map(|until| until.time_zone().clone()),
        _ => None,
    };
    let zone = zone.unwrap_or(ets_i18n::TimeZone::UTC);
    Tr::new(ets_web::context::language(headers), zone)
}

fn plain(status: StatusCode, title: String) -> (StatusCode, String, Vec<String>) {
    (status, title, Vec::new())
}

/// Why, until when, and whom to ask.
fn told(tr: &Tr, Ruled { why, until, policy }: &Ruled) -> Vec<String> {
    let mut lines = vec![words::why(tr, *why, policy)];
    lines.extend(until.as_ref().map(|until| words::until(tr, until)));
    if !matches!(why, Why::Nobodys) {
        let rule = Verdict::Refused(*why).rule().map(|place| &policy.rule(place).ask);
        let limit = match why {
            Why::Quota(place) => policy.limit(*place).map(|limit| &limit.ask),
            _ => None,
        };
        let named = rule.or(limit).map(|ask| ask.get(tr.lang())).filter(|whom| !whom.is_empty());
        lines.push(t::gateway_ask(tr, named.unwrap_or(t::gateway_administrator(tr))));
    }
    lines
}

fn page(
    tr: &Tr,
    status: StatusCode,
    title: &str,
    (lines, ask): (&[String], Option<&str>),
) -> Response<Bytes> {
    let paragraph = |line: &String| format!("<p>{}</p>\n", escape(line));
    let lines: String = lines.iter().map(paragraph).collect();
    let ask = ask.map(|link| button(tr, link)).unwrap_or_default();
    let (lang, foot) = (tr.lang().code(), t::gateway_foot(tr));
    let title = escape(title);
    let text = format!(
        "<!doctype html>\n<html lang=\"{lang}\"><head><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width\"><title>{title}</title>\
         <style>{STYLE}</style></head>\n<body><main><h1>{title}</h1>\n{lines}{ask}</main>\
         <footer>{foot}</footer></body></html>\n"
    );
    let mut response = Response::new(Bytes::from(text));
    *response.status_mut() = status;
    let fixed = [
        (header::CONTENT_TYPE, "text/html; charset=utf-8"),
        (header::CACHE_CONTROL, "no-store"),
        (header::CONTENT_SECURITY_POLICY, "default-src 'none'; style-src 'unsafe-inline'"),
        (header::CONTENT_LANGUAGE, lang),
        (header::VARY, "accept-language"),
        (header::CONNECTION, "close"),
    ];
    for (name, value) in fixed {
        response.headers_mut().insert(name, HeaderValue::from_static(value));
    }
    response
}

/// A link that looks like one: it leads to the hub's own page, with the word of this refusal.
fn button(tr: &Tr, link: &str) -> String {
    format!(
        "<p><a class=\"ask\" href=\"{}\">{}</a></p>\n",
        escape(link),
        escape(t::gateway_request(tr))
    )
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::policy::{Ground, Policy};

    fn refusal(why: Why, until: Option<&str>) -> Refusal {
        let until = until.map(|until| until.parse().unwrap());
        Refusal::Rules(Box::new(Ruled { why, until, policy: Arc::new(policy()) }))
    }

    fn policy() -> Policy {
        let rules = r#"{ "rules": [{ "id": "games", "action": "refuse",
            "name": { "en": "No <games>", "ru": "Без игр", "kk": "Ойынсыз" },
            "ask": { "ru": "Асем, тел. 21-14", "en": "Asem, phone 21-14" } }] }"#;
        let rules = Arc::new(serde_json::from_str(rules).unwrap());
        Policy::new(rules, Ground::new([]), |_| None).unwrap()
    }

    fn said(lang: &'static str, refusal: &Refusal) -> (StatusCode, String) {
        let mut headers = HeaderMap::new();
        headers.insert(header::ACCEPT_LANGUAGE, HeaderValue::from_static(lang));
        let target = Target::read("games.example:443").unwrap();
        let answer = answer(&headers, (refusal, &target), Some("http://10.0.0.1/request?word=a"));
        let text = String::from_utf8(answer.body().to_vec()).unwrap();
        (answer.status(), text.replace('\u{a0}', " "))
    }

    /// covers: N6.5
    #[test]
    fn a_refusal_says_which_rule_until_when_and_whom_to_ask_in_each_language() {
        let ruled = refusal(Why::Rule(0), Some("2026-11-30T18:00:00+05:00[Asia/Almaty]"));
        for (lang, words) in [
            ("en", ["“No &lt;games&gt;”", "30 November 2026, 18:00:00", "Asem, phone 21-14"]),
            ("ru", ["«Без игр»", "30 ноября 2026, 18:00:00", "Асем, тел. 21-14"]),
            ("kk", ["«Ойынсыз»", "2026 жылғы 30 қараша, 18:00:00", "Асем, тел. 21-14"]),
        ] {
            let (status, text) = said(lang, &ruled);
            assert_eq!(status, StatusCode::FORBIDDEN);
            assert!(text.contains(&format!("<html lang=\"{lang}\">")), "{text}");
            assert!(text.contains("games.example:443"), "{text}");
            for word in words.into_iter().chain(["href=\"http://10.0.0.1/request?word=a\""]) {
                assert!(text.contains(word), "{word}: {text}");
            }
        }
        let (status, text) = said("ru", &refusal(Why::NoRule, None));
        assert!(status == StatusCode::FORBIDDEN && text.contains("администратор сети"), "{text}");
        assert_eq!(said("en", &Refusal::NoSuchName).0, StatusCode::BAD_GATEWAY);
        assert_eq!(said("en", &Refusal::NoResolver).0, StatusCode::BAD_GATEWAY);
        assert_eq!(said("en", &Refusal::Unreachable).0, StatusCode::GATEWAY_TIMEOUT);
    }
}
