//! The rules as the kernel has them, as text.

use axum::response::Response;
use ets_i18n::{Tr, t};
use ets_web::html::escape;
use ets_web::{Crumb, Html, Page, card, notice};

use super::super::view::View;
use super::{Tab, handle, refusal, respond};
use crate::Error;

/// Lines that are shown; a hub of ten thousand segments has some hundred thousand.
const SHOWN: usize = 3_000;

/// `GET /rules/text`
pub(super) async fn page(view: View) -> Result<Response, Error> {
    let tr = view.tr();
    let plain = Html::link("/api/v1/rules/text", t::rules_text_plain(tr));
    let (heading, body) = match handle(&view)?.rules_text().await {
        Ok(text) => {
            let heading = t::rules_text_heading(tr, text.lines().count());
            let body = format!(
                "<pre class=\"log whole\" tabindex=\"0\" aria-label=\"{}\">{}</pre>",
                t::rules_text_title(tr),
                escape(beginning(&text))
            ) + &rest(tr, &text, &plain);
            (heading, card::card(t::rules_text_title(tr), &plain, &Html::trusted(body)))
        }
        Err(error) => {
            let text = refusal::say(&view, &error).ok_or(error)?;
            let body = notice::notice(notice::Tone::Bad, &Html::text(&text));
            (t::rules_heading_away(tr).to_owned(), body)
        }
    };
    let page = Page {
        title: t::rules_text_title(tr).to_owned(),
        heading,
        body,
        crumbs: vec![Crumb::new(t::rules_title(tr), "/rules")],
        ..Page::default()
    };
    Ok(respond(&view, Tab::Now, page))
}

/// The lines that are shown.
fn beginning(text: &str) -> &str {
    let end = text.match_indices('\n').nth(SHOWN - 1).map_or(text.len(), |(at, _)| at);
    &text[..end]
}

/// Where the lines are that are not.
fn rest(tr: &Tr, text: &str, plain: &Html) -> String {
    if beginning(text).len() == text.len() {
        return String::new();
    }
    format!("<p>{} {plain}</p>", t::rules_text_rest(tr))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_text_is_shown_from_its_beginning() {
        assert_eq!(beginning("a\nb\n"), "a\nb\n");
        let long = "line\n".repeat(SHOWN + 5);
        assert_eq!(beginning(&long).lines().count(), SHOWN);
    }
}
