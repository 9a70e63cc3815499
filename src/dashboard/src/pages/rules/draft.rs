//! The draft: what would differ, what is wrong with it, who would lose what; applying it with a
//! reason and a time to confirm, taking edits out, throwing it away.

use std::time::Duration;

use axum::extract::Form;
use axum::response::Response;
use ets_i18n::{Tr, t};
use ets_rules::{CONFIRM_WITHIN, Draft, Handle, Review, Rights, Wish};
use ets_web::html::escape;
use ets_web::{Html, Page, card, form, notice, when};
use http::StatusCode;
use serde::Deserialize;

use super::super::view::View;
use super::{Tab, banner, edits, faults, handle, names, refusal, respond, status, words};
use crate::Error;

/// Times to confirm that can be chosen, in seconds.
const WITHIN: [u64; 5] = [60, 120, 300, 600, 1_800];
/// Rules of the plan that are shown each way; the rest is counted.
const PLANNED: usize = 500;

/// What the form of the draft sends.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Sent {
    reason: String,
    within: String,
    digest: String,
}

/// What went wrong with an attempt to apply.
#[derive(Default)]
struct Failed {
    fault: String,
    no_reason: bool,
    status: StatusCode,
}

/// `GET /rules/draft`
pub(super) async fn page(view: View) -> Result<Response, Error> {
    show(&view, &Sent::default(), Failed::default()).await
}

/// `POST /rules/draft`: applies it.
pub(super) async fn apply(view: View, Form(sent): Form<Sent>) -> Result<Response, Error> {
    if sent.reason.trim().is_empty() {
        let status = StatusCode::UNPROCESSABLE_ENTITY;
        let failed = Failed { no_reason: true, status, ..Failed::default() };
        return show(&view, &sent, failed).await;
    }
    let author = ets_rules::Author { reason: sent.reason.trim().to_owned(), ..view.author()? };
    let within = sent.within.parse().ok().map(Duration::from_secs);
    let digest = Some(sent.digest.clone()).filter(|digest| !digest.is_empty());
    match handle(&view)?.apply(&author, Wish { within, digest }).await {
        Ok(version) => Ok(view.done("/rules", banner::applied(&view, &version))),
        Err(error) => match refusal::say(&view, &error) {
            None => Err(error.into()),
            Some(fault) => {
                let failed = Failed { fault, status: status(error), ..Failed::default() };
                show(&view, &sent, failed).await
            }
        },
    }
}

/// What a button beside an edit sends.
#[derive(Deserialize)]
pub(super) struct Undone {
    edit: u64,
}

/// `POST /rules/draft/undo`
pub(super) async fn undo(view: View, Form(sent): Form<Undone>) -> Result<Response, Error> {
    match handle(&view)?.undo(&view.author()?.actor, sent.edit).await {
        Ok(_) => Ok(view.done("/rules/draft", t::rules_edit_undone(view.tr()))),
        Err(error) => refusal::go(&view, "/rules/draft", error),
    }
}

/// `POST /rules/draft/discard`
pub(super) async fn discard(view: View) -> Result<Response, Error> {
    match handle(&view)?.discard(&view.author()?.actor).await {
        Ok(()) => Ok(view.done("/rules", t::rules_draft_discarded(view.tr()))),
        Err(error) => refusal::go(&view, "/rules/draft", error),
    }
}

async fn show(view: &View, sent: &Sent, failed: Failed) -> Result<Response, Error> {
    let (rules, author) = (handle(view)?, view.author()?);
    let draft = rules.draft(&author.actor);
    let tr = view.tr();
    if draft.is_empty() {
        return Ok(respond(view, Tab::Draft, empty(tr, &failed)));
    }
    let review = rules.review(&author, view.address());
    let standing = rules.rights();
    let rights = [&*review.rights, &*standing];
    let told = failed_notice(&failed).then(&warnings(view, &review, &rights));
    let wide = card::card(
        t::rules_review_changes(tr),
        &Html::default(),
        &differences(view, rules, &review, &rights).await,
    );
    let side =
        card::card(t::rules_apply(tr), &Html::default(), &apply_form(view, &review, sent, &failed))
            .then(&card::card(
                &t::rules_edits(tr, draft.steps.len()),
                &form::button("", "/rules/draft/discard", t::rules_draft_discard(tr), false),
                &steps(view, &draft, &rights),
            ));
    let heading = match review.faults.len() {
        0 if review.takes_away => t::rules_draft_heading_takes(tr, draft.steps.len()),
        0 => t::rules_draft_heading(tr, draft.steps.len()),
        count => t::rules_draft_heading_faults(tr, count),
    };
    let page = Page {
        title: t::rules_your_draft(tr).to_owned(),
        heading,
        body: told.then(&card::columns(&wide, &side)),
        status: failed.status,
        ..Page::default()
    };
    Ok(respond(view, Tab::Draft, page))
}

fn empty(tr: &Tr, failed: &Failed) -> Page {
    let links = format!(
        "{}</p><p class=\"acts centred\"><a class=\"button primary\" href=\"/rules/services/new\">{}</a> \
         <a class=\"button\" href=\"/rules\">{}</a>",
        t::rules_draft_empty_text(tr),
        t::rules_service_add(tr),
        t::rules_services(tr)
    );
    let body = notice::empty(t::rules_draft_heading_empty(tr), &Html::trusted(links));
    Page {
        title: t::rules_your_draft(tr).to_owned(),
        heading: t::rules_draft_heading_empty(tr).to_owned(),
        body: failed_notice(failed).then(&card::card("", &Html::default(), &body)),
        status: failed.status,
        ..Page::default()
    }
}

fn failed_notice(failed: &Failed) -> Html {
    if failed.fault.is_empty() {
        return Html::default();
    }
    notice::notice(notice::Tone::Bad, &Html::text(&failed.fault))
}

/// Faults first, then what locks the author out, then the rest.
fn warnings(view: &View, review: &Review, rights: &[&Rights]) -> Html {
    let wrong = review.faults.iter().map(|one| faults::say(view, rights, one));
    let wrong = wrong.map(|text| notice::notice(notice::Tone::Bad, &Html::text(&text)));
    let warned = review.warnings.iter().map(|one| {
        let tone = if one.is_own() { notice::Tone::Bad } else { notice::Tone::Warning };
        notice::notice(tone, &Html::text(&faults::warning(view, rights, one)))
    });
    wrong.chain(warned).collect()
}

/// In words, and in rules as the kernel would have them.
async fn differences(view: &View, rules: &Handle, review: &Review, rights: &[&Rights]) -> Html {
    let tr = view.tr();
    let told = if review.changes.is_empty() {
        Html::trusted(format!("<p>{}</p>", t::rules_review_nothing(tr)))
    } else {
        words::changes(view, rights, &review.changes)
    };
    told.then(&plan(view, rules, review).await)
}

async fn plan(view: &View, rules: &Handle, review: &Review) -> Html {
    let tr = view.tr();
    if !review.faults.is_empty() {
        return Html::default();
    }
    let Ok(author) = view.author() else { return Html::default() };
    let inner = match rules.plan(&author).await {
        Ok(plan) if plan.added.is_empty() && plan.removed.is_empty() => {
            format!("<p class=\"mut\">{}</p>", t::rules_plan_same(tr))
        }
        Ok(plan) => format!(
            "{}{}",
            planned(tr, t::rules_plan_removed(tr, plan.removed.len()), "−", &plan.removed),
            planned(tr, t::rules_plan_added(tr, plan.added.len()), "+", &plan.added)
        ),
        Err(error) => {
            let why = refusal::say(view, &error).unwrap_or_default();
            format!("<p>{} {}</p>", t::rules_plan_unknown(tr), escape(&why))
        }
    };
    let title = t::rules_plan(tr);
    Html::trusted(format!("<details class=\"data\"><summary>{title}</summary>{inner}</details>"))
}

fn planned(tr: &Tr, title: String, sign: &str, lines: &[String]) -> String {
    if lines.is_empty() {
        return String::new();
    }
    let mut text = String::new();
    for line in lines.iter().take(PLANNED) {
        text.push_str(&format!("{sign} {}\n", escape(line)));
    }
    if lines.len() > PLANNED {
        text.push_str(&t::db_more(tr, lines.len() - PLANNED));
    }
    format!(
        "<h3>{0}</h3><pre class=\"log\" tabindex=\"0\" aria-label=\"{0}\">{text}</pre>",
        escape(&title)
    )
}

fn steps(view: &View, draft: &Draft, rights: &[&Rights]) -> Html {
    let tr = view.tr();
    let mut out = String::from("<ol class=\"steps\">");
    for step in &draft.steps {
        out.push_str(&format!(
            "<li value=\"{no}\"><span>{text} <small class=\"mut\">{at}</small></span>\
             <form class=\"inline\" method=\"post\" action=\"/rules/draft/undo\">\
             <button name=\"edit\" value=\"{no}\" aria-label=\"{verb}: {text}\">{verb}</button></form></li>",
            no = step.no,
            text = escape(&edits::say(view, rights, &step.edit)),
            at = when::moment(&view.ctx, step.at),
            verb = t::rules_undo(tr),
        ));
    }
    out.push_str("</ol>");
    Html::trusted(out)
}

fn apply_form(view: &View, review: &Review, sent: &Sent, failed: &Failed) -> Html {
    let tr = view.tr();
    if !review.faults.is_empty() {
        return Html::trusted(format!("<p>{}</p>", t::rules_apply_faults(tr)));
    }
    if let Some(waiting) = handle(view).ok().and_then(|rules| rules.state().waiting.clone()) {
        let (no, who) = (waiting.change.to_string(), names::who(tr, &waiting.author));
        let text = t::rules_error_waits(tr, no, tr.time(waiting.until.wall), who);
        return Html::trusted(format!("<p>{}</p>", escape(&text)));
    }
    let error = if failed.no_reason { t::rules_reason_missing(tr) } else { "" };
    let mut fields = vec![
        form::Field::new("reason", t::rules_reason(tr))
            .help(t::rules_reason_help(tr))
            .value(&sent.reason)
            .error(error),
    ];
    if review.takes_away {
        let chosen = CONFIRM_WITHIN.as_secs().to_string();
        let chosen = if sent.within.is_empty() { &chosen } else { &sent.within };
        let length = |seconds: u64| tr.whole_duration(Duration::from_secs(seconds));
        let options = WITHIN.map(|seconds| (seconds.to_string(), length(seconds)));
        fields.push(
            form::Field::new("within", t::rules_within(tr))
                .help(t::rules_within_help(tr))
                .value(chosen)
                .kind(form::Kind::Select(options.into())),
        );
    }
    let text =
        if review.takes_away { t::rules_apply_waits(tr) } else { t::rules_apply_at_once(tr) };
    let form = form::form(
        tr,
        &form::Form {
            action: "/rules/draft".to_owned(),
            fields,
            hidden: vec![("digest", review.digest.clone())],
            submit: t::rules_apply(tr).to_owned(),
            ..form::Form::default()
        },
    );
    Html::trusted(format!("<p class=\"help\">{text}</p>")).then(&form)
}
