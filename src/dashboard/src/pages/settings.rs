//! Settings: language, look, keys, and the sessions that are open.

use axum::extract::Path;
use axum::response::Response;
use ets_i18n::{Lang, t};
use ets_web::html::escape;
use ets_web::page::Layout;
use ets_web::table::{Column, Row, Table, table};
use ets_web::{Html, Page, Theme, card, form, when};

use super::view::View;
use crate::Error;
use crate::entry::{Proof, Session};

/// `GET /settings`
pub(crate) async fn page(view: View) -> Result<Response, Error> {
    let tr = view.tr();
    let sessions = view.app.sessions.list().await?;
    let look = format!("{}{}{}", languages(&view), themes(&view), keys(&view));
    let none = Html::default();
    let body = card::card(t::settings_look(tr), &none, &Html::trusted(look))
        .then(&card::card(t::settings_entry(tr), &none, &entry(&view)))
        .then(&card::card(t::settings_sessions(tr), &none, &list(&view, &sessions)));
    let page = Page {
        heading: t::settings_title(tr).to_owned(),
        body,
        layout: Layout::Narrow,
        ..Page::default()
    };
    Ok(view.respond(&page))
}

/// One choice of [`ets_web::preferences`] as a row of buttons.
fn choice(title: &str, name: &str, options: &[(&str, &str, bool)]) -> String {
    let buttons: String = options
        .iter()
        .map(|(value, text, current)| {
            let current = if *current { " class=\"primary\" aria-current=\"true\"" } else { "" };
            format!("<button name=\"{name}\" value=\"{value}\"{current}>{}</button> ", escape(text))
        })
        .collect();
    format!(
        "<form method=\"post\" action=\"/preferences\"><input type=\"hidden\" name=\"back\" \
         value=\"/settings\"><fieldset class=\"field\"><legend>{}</legend><p class=\"acts\">{buttons}\
         </p></fieldset></form>",
        escape(title)
    )
}

fn languages(view: &View) -> String {
    let names = [(Lang::Kk, "Қазақша"), (Lang::Ru, "Русский"), (Lang::En, "English")];
    let options = names.map(|(lang, name)| (lang.code(), name, lang == view.lang()));
    choice(t::language_switch(view.tr()), "lang", &options)
}

fn themes(view: &View) -> String {
    let tr = view.tr();
    let words = [
        (Theme::Auto, t::theme_auto(tr)),
        (Theme::Light, t::theme_light(tr)),
        (Theme::Dark, t::theme_dark(tr)),
    ];
    let options = words.map(|(theme, word)| (theme.as_str(), word, theme == view.ctx.theme));
    choice(t::theme_switch(tr), "theme", &options)
}

fn keys(view: &View) -> String {
    let tr = view.tr();
    let on = view.ctx.shortcuts;
    let options = [("on", t::help_shortcuts_on(tr), on), ("off", t::help_shortcuts_off(tr), !on)];
    choice(t::help_title(tr), "keys", &options)
}

/// How the reader came in.
fn entry(view: &View) -> Html {
    let tr = view.tr();
    let text = match view.who.as_ref().map(|who| (&who.name, &who.proof)) {
        Some((name, Proof::Certificate { serial })) => t::settings_by_certificate(tr, name, serial),
        Some((_, Proof::Session { hash })) => t::settings_by_session(tr, hash.short()),
        _ => t::settings_by_system(tr).to_owned(),
    };
    Html::trusted(format!("<p>{}</p>", escape(&text)))
}

fn list(view: &View, sessions: &[Session]) -> Html {
    let tr = view.tr();
    let rows = sessions.iter().map(|session| {
        let end = form::button(
            "",
            &format!("/settings/sessions/{}/end", session.hash.short()),
            t::settings_end(tr),
            false,
        );
        Row {
            cells: vec![
                Html::code(&session.hash.short()).into(),
                when::moment(&view.ctx, session.opened).into(),
                when::moment(&view.ctx, session.seen).into(),
                Html::text(&session.agent).into(),
                end.into(),
            ],
            ..Row::default()
        }
    });
    let columns = vec![
        Column::new("", t::settings_column_session(tr)),
        Column::new("", t::settings_column_opened(tr)),
        Column::new("", t::settings_column_seen(tr)),
        Column::new("", t::settings_column_agent(tr)).minor(),
        Column::new("", t::settings_column_end(tr)),
    ];
    let empty = Html::trusted(format!("<p class=\"mut\">{}</p>", t::settings_no_sessions(tr)));
    let caption = t::settings_sessions(tr).to_owned();
    table(tr, &Table { caption, columns, rows: rows.collect(), empty, ..Table::default() })
}

/// `POST /settings/sessions/{id}/end`
pub(crate) async fn end_session(view: View, Path(id): Path<String>) -> Result<Response, Error> {
    let sessions = view.app.sessions.list().await?;
    let found = sessions.iter().find(|session| session.hash.short() == id);
    let session = found.ok_or_else(|| Error::NotFound { what: "session", id: id.clone() })?;
    view.app.sessions.end(session.hash, view.identity()?).await?;
    Ok(view.done("/settings", t::settings_ended(view.tr())))
}
