//! The change that waits for its confirmation: a slim notice on every page, all of it on the page
//! of the rules; confirming it and taking it back.

use axum::extract::Path;
use axum::response::Response;
use ets_i18n::{Tr, t};
use ets_rules::{Handle, REGISTRY, State, Waiting, Wish};
use ets_web::html::escape;
use ets_web::{Html, card, facts, form, when};

use super::super::view::View;
use super::{ends, handle, mark, names, refusal, words};
use crate::Error;

/// The notice for the frame of every page: a change waits, or the rules are not what the registry
/// asks for; else nothing.
pub(crate) fn slim(view: &View) -> Html {
    let Some(rules) = &view.app.deps.rules else { return Html::default() };
    let (state, tr) = (rules.state(), view.tr());
    let Some(waiting) = &state.waiting else {
        return if state.differs.is_some() { behind(tr) } else { Html::default() };
    };
    let (no, who) = (waiting.change.to_string(), names::who(tr, &waiting.author));
    Html::trusted(format!(
        "<div class=\"notice warning waits\" role=\"status\">{}<span>{} {} {}</span>{}</div>",
        mark::WAITS,
        escape(&t::rules_waits(tr, no, tr.time(waiting.until.wall), who)),
        t::rules_left(tr),
        left(view, waiting),
        buttons(view, waiting),
    ))
}

fn behind(tr: &Tr) -> Html {
    let text = Html::text(t::rules_behind(tr));
    let more = Html::link("/rules", t::details(tr));
    Html::trusted(format!(
        "<div class=\"notice warning waits\" role=\"status\">{}<span>{text} {more}</span></div>",
        mark::WAITS
    ))
}

/// How long is left; the script counts on.
fn left(view: &View, waiting: &Waiting) -> String {
    let (tr, until) = (view.tr(), waiting.until.wall);
    let text = tr.whole_duration(waiting.left(view.app.deps.clock.stamp()));
    format!(
        "<time datetime=\"{}\" title=\"{}\" data-until=\"{}\">{}</time>",
        tr.machine(until),
        escape(&tr.exact(until)),
        until.0 / 1_000,
        escape(&text)
    )
}

/// Confirm, where this person may, and take back, which everybody may.
fn buttons(view: &View, waiting: &Waiting) -> Html {
    let tr = view.tr();
    let action = |what: &str| format!("/rules/{}/{what}", waiting.change);
    let back = form::button("", &action("withdraw"), t::rules_take_back(tr), false);
    if !may_confirm(view, waiting) {
        return back;
    }
    form::button("", &action("confirm"), t::rules_confirm(tr), true).then(&back)
}

fn may_confirm(view: &View, waiting: &Waiting) -> bool {
    view.author().is_ok_and(|author| waiting.may_confirm(&author.actor))
}

/// Everything about the change that waits, with what it does.
pub(super) async fn full(view: &View, rules: &Handle, state: &State) -> Result<Html, Error> {
    let Some(waiting) = &state.waiting else { return Ok(Html::default()) };
    let tr = view.tr();
    let back_to = match waiting.back_to {
        0 => t::rules_back_to_nothing(tr).to_owned(),
        no => t::rules_back_to(tr, no.to_string()),
    };
    let confirms = if waiting.author == REGISTRY {
        t::rules_confirms_any(tr).to_owned()
    } else if may_confirm(view, waiting) {
        t::rules_confirms_you(tr).to_owned()
    } else {
        t::rules_confirms_author(tr, names::who(tr, &waiting.author))
    };
    let until = when::moment(&view.ctx, waiting.until.wall);
    let mut list = vec![
        (t::rules_fact_author(tr), Html::text(&names::who(tr, &waiting.author))),
        (
            t::rules_fact_until(tr),
            until.then(&Html::trusted(format!(" · {}", left(view, waiting)))),
        ),
        (t::rules_fact_then(tr), Html::text(&back_to)),
        (t::rules_fact_confirms(tr), Html::text(&confirms)),
    ];
    let version = rules.version(waiting.change).await?;
    if let Some(version) = &version {
        list.insert(1, (t::rules_fact_why(tr), Html::text(&ends::why(view, version))));
    }
    let told = told(view, rules, state, waiting).await;
    let text = format!(
        "<p>{}</p>{}<div class=\"acts\">{}</div>{told}",
        t::rules_waits_text(tr),
        facts::list(&list),
        buttons(view, waiting)
    );
    // The heading of the page says which.
    let inner = card::card("", &Html::default(), &Html::trusted(text));
    Ok(Html::trusted(format!("<div class=\"waits\">{inner}</div>")))
}

/// What the change does, from the version before it; nothing where that is not known.
async fn told(view: &View, rules: &Handle, state: &State, waiting: &Waiting) -> Html {
    let Ok(found) = rules.compare(waiting.back_to, waiting.change).await else {
        return Html::default();
    };
    words::changes(view, &[&*state.rights], &found.policy)
}

/// `POST /rules/{change}/confirm`
pub(super) async fn confirm(view: View, Path(change): Path<u64>) -> Result<Response, Error> {
    match handle(&view)?.confirm(change, &view.author()?).await {
        Ok(_) => Ok(view.done("/rules", t::rules_confirmed(view.tr(), change.to_string()))),
        Err(error) => refusal::go(&view, "/rules", error),
    }
}

/// `POST /rules/{change}/withdraw`
pub(super) async fn withdraw(view: View, Path(change): Path<u64>) -> Result<Response, Error> {
    match handle(&view)?.withdraw(change, &view.author()?).await {
        Ok(_) => Ok(view.done("/rules", t::rules_withdrawn(view.tr(), change.to_string()))),
        Err(error) => refusal::go(&view, "/rules", error),
    }
}

/// `POST /rules/again`: what rights and registry ask for is tried once more.
pub(super) async fn again(view: View) -> Result<Response, Error> {
    match handle(&view)?.try_again(&view.author()?, Wish::default()).await {
        Ok(version) => Ok(view.done("/rules", applied(&view, &version))),
        Err(error) => refusal::go(&view, "/rules", error),
    }
}

/// What is said after a change was applied.
pub(super) fn applied(view: &View, version: &ets_rules::Version) -> String {
    let (tr, no) = (view.tr(), version.no.to_string());
    match version.state {
        ets_rules::VersionState::Waiting { until } => {
            t::rules_applied_waits(tr, no, tr.time(until))
        }
        _ => t::rules_applied(tr, no),
    }
}
