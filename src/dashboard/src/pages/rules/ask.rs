//! "May this segment reach that?", answered from the rules that the kernel has.

use ets_i18n::t;
use ets_model::{Segment, Service};
use ets_web::html::escape;
use ets_web::{Html, notice};

use super::super::view::View;
use super::names;
use super::reach::{Matrix, Stand};

/// The question, and the answer where it was asked.
pub(super) fn card(view: &View, matrix: &Matrix) -> Html {
    let (tr, a, b) = (view.tr(), view.asked("a"), view.asked("b"));
    let field = |name: &str, label: &str, value: &str, hint: &str| {
        format!(
            "<label>{} <input type=\"search\" name=\"{name}\" value=\"{}\" placeholder=\"{}\"></label>",
            escape(label),
            escape(value),
            escape(hint)
        )
    };
    let hint = matrix.services().next().map(|one| one.id.to_string()).unwrap_or_default();
    let form = format!(
        "<form class=\"filter\" method=\"get\" action=\"/reachability\">{}{}<button>{}</button></form>",
        field("a", t::db_segment(tr), &a, "s001"),
        field("b", t::rules_ask_what(tr), &b, &hint),
        t::rules_ask_button(tr)
    );
    Html::trusted(form).then(&answer(view, matrix, a.trim(), b.trim()))
}

fn answer(view: &View, matrix: &Matrix, a: &str, b: &str) -> Html {
    let tr = view.tr();
    if a.is_empty() || b.is_empty() {
        return Html::default();
    }
    let Some(from) = segment(view, a) else {
        return said(notice::Tone::Warning, &t::rules_ask_no_segment(tr, a));
    };
    let name = names::exact(view, &from.id);
    if let Some(service) = service(view, matrix, b) {
        let what = names::service(view, service);
        return match matrix.stand(from, service) {
            Stand::Reaches => said(notice::Tone::Good, &t::rules_ask_yes(tr, name, what)),
            Stand::Closed => said(notice::Tone::Plain, &t::rules_ask_no(tr, name, what)),
            Stand::Extra => said(notice::Tone::Bad, &t::rules_ask_extra(tr, name, what)),
            Stand::Missing => said(notice::Tone::Warning, &t::rules_ask_missing(tr, name, what)),
        };
    }
    let Some(to) = segment(view, b) else {
        return said(notice::Tone::Warning, &t::rules_ask_nothing(tr, b));
    };
    let other = names::exact(view, &to.id);
    match &matrix.reach {
        None => said(notice::Tone::Warning, &matrix.why),
        Some(reach) if reach.neighbours.contains(&(from.no, to.no)) => {
            said(notice::Tone::Bad, &t::rules_reach_pair(tr, name, other))
        }
        Some(_) => said(notice::Tone::Plain, &t::rules_ask_apart(tr, name, other)),
    }
}

fn said(tone: notice::Tone, text: &str) -> Html {
    notice::notice(tone, &Html::text(text))
}

fn segment<'a>(view: &'a View, text: &str) -> Option<&'a Segment> {
    let found = || view.catalog.search(text, 1).into_iter().next();
    view.catalog.segment(text).or_else(found).map(AsRef::as_ref)
}

/// By identifier or by name in the reader's language.
fn service<'a>(view: &View, matrix: &'a Matrix, text: &str) -> Option<&'a Service> {
    let lower = text.to_lowercase();
    matrix
        .services()
        .find(|one| one.id.as_str() == lower || names::service(view, one).to_lowercase() == lower)
}
