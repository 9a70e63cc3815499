//! One version: who, when, why, how it ended, what it changed; beside any other version; and its
//! rights once more, as a draft.

use axum::extract::Path;
use axum::response::Response;
use ets_i18n::t;
use ets_rules::{Comparison, Handle, Version};
use ets_web::html::escape;
use ets_web::{Crumb, Html, Page, card, facts, form, when};

use super::super::view::View;
use super::{Tab, ends, handle, names, refusal, respond, words};
use crate::Error;

/// `GET /rules/history/{no}`
pub(super) async fn page(view: View, Path(no): Path<u64>) -> Result<Response, Error> {
    let rules = handle(&view)?;
    let missing = || Error::NotFound { what: "version", id: no.to_string() };
    let version = rules.version(no).await?.ok_or_else(missing)?;
    let tr = view.tr();
    let with = view.asked("with").parse().ok().filter(|with| *with != no);
    let side = card::card(t::segment_facts(tr), &Html::default(), &facts_list(&view, &version))
        .then(&card::card(t::rules_restore(tr), &Html::default(), &restore_card(&view, no)));
    let body = card::columns(&compared(&view, rules, &version, with).await?, &side);
    let page = Page {
        title: t::rules_change_no(tr, no.to_string()),
        heading: heading(&view, &version),
        sub: Html::text(&ends::why(&view, &version)),
        body,
        crumbs: vec![
            Crumb::new(t::rules_title(tr), "/rules"),
            Crumb::new(t::rules_history_title(tr), "/rules/history"),
        ],
        ..Page::default()
    };
    Ok(respond(&view, Tab::History, page))
}

fn heading(view: &View, version: &Version) -> String {
    t::rules_version_heading(view.tr(), version.no.to_string(), ends::words(view, version))
}

fn facts_list(view: &View, version: &Version) -> Html {
    let tr = view.tr();
    let mut list = vec![
        (t::rules_fact_change(tr), Html::text(&version.no.to_string())),
        (t::rules_fact_author(tr), Html::text(&names::who(tr, &version.author))),
        (t::db_when(tr), when::exact(&view.ctx, version.at)),
        (t::rules_fact_why(tr), Html::text(&ends::why(view, version))),
        (t::rules_fact_cause(tr), Html::text(ends::cause(view, version.cause))),
        (t::rules_fact_end(tr), ends::state(view, version)),
    ];
    if let Some(at) = ends::at(version) {
        list.push((t::rules_fact_ended(tr), when::exact(&view.ctx, at)));
    }
    if let Some(of) = &version.on_behalf {
        list.push((t::rules_fact_behalf(tr), Html::text(of)));
    }
    if let Some(segment) = &version.from_segment {
        list.push((t::rules_fact_from(tr), names::segment_link(view, segment)));
    }
    if version.base > 0 {
        let href = format!("/rules/history/{}", version.base);
        list.push((t::rules_fact_base(tr), Html::link(&href, &version.base.to_string())));
    }
    let within = match version.confirm_within {
        Some(length) => Html::text(&tr.whole_duration(length)),
        None => facts::none(tr),
    };
    list.push((t::rules_within(tr), within));
    facts::list(&list)
}

/// What it changed, from the version before it; or what lies between it and any other.
async fn compared(
    view: &View,
    rules: &Handle,
    version: &Version,
    with: Option<u64>,
) -> Result<Html, Error> {
    let tr = view.tr();
    let other = with.unwrap_or(version.base);
    let choose = choose(view, version.no, with);
    let (title, told) = if other == 0 {
        let text = format!("<p class=\"mut\">{}</p>", t::rules_version_first(tr));
        (t::rules_version_changes(tr).to_owned(), Html::trusted(text))
    } else {
        let (from, to) = (other.min(version.no), other.max(version.no));
        let found = rules.compare(from, to).await?;
        let title = match with {
            None => t::rules_version_changes(tr).to_owned(),
            Some(_) => t::rules_version_between(tr, from.to_string(), to.to_string()),
        };
        (title, differences(view, rules, &found).await?)
    };
    Ok(card::card(&title, &Html::default(), &choose.then(&told)))
}

async fn differences(view: &View, rules: &Handle, found: &Comparison) -> Result<Html, Error> {
    if found.policy.is_empty() {
        let text = t::rules_version_same(view.tr());
        return Ok(Html::trusted(format!("<p>{text}</p>")));
    }
    let (later, earlier) =
        (rules.rights_of(found.to.no).await?, rules.rights_of(found.from.no).await?);
    Ok(words::changes(view, &[&later, &earlier], &found.policy))
}

/// The form that asks for another version beside it.
fn choose(view: &View, no: u64, with: Option<u64>) -> Html {
    let tr = view.tr();
    let value = with.map(|with| with.to_string()).unwrap_or_default();
    Html::trusted(format!(
        "<form class=\"filter\" method=\"get\" action=\"/rules/history/{no}\"><label>{} \
         <input type=\"text\" inputmode=\"numeric\" name=\"with\" size=\"6\" value=\"{}\"></label>\
         <button>{}</button></form>",
        t::rules_compare_with(tr),
        escape(&value),
        t::rules_compare(tr),
    ))
}

fn restore_card(view: &View, no: u64) -> Html {
    let tr = view.tr();
    let action = format!("/rules/history/{no}/restore");
    let button = form::button("", &action, t::rules_restore(tr), false);
    Html::trusted(format!(
        "<p class=\"help\">{}</p><div class=\"acts\">{button}</div>",
        t::rules_restore_text(tr)
    ))
}

/// `POST /rules/history/{no}/restore`: its rights into the draft.
pub(super) async fn restore(view: View, Path(no): Path<u64>) -> Result<Response, Error> {
    let tr = view.tr();
    match handle(&view)?.restore(no, &view.author()?).await {
        Ok(restored) if restored.left_out.is_empty() => {
            Ok(view.done("/rules/draft", t::rules_restored(tr, no.to_string())))
        }
        Ok(restored) => {
            let told = t::rules_restored_partly(tr, restored.left_out.len(), no.to_string());
            Ok(view.failed("/rules/draft", told))
        }
        Err(error) => refusal::go(&view, &format!("/rules/history/{no}"), error),
    }
}
