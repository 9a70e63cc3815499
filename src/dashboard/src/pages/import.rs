//! Importing a CSV file: first what it would do, with every fault by line; then doing it.

use std::collections::HashSet;

use axum::extract::{Form, Multipart};
use axum::response::Response;
use ets_i18n::t;
use ets_registry::{Diff, Fault, Preview, Row as Line};
use ets_web::html::escape;
use ets_web::page::Layout;
use ets_web::table::{Column, Row, Table, table};
use ets_web::{Crumb, Html, Page, card, facts, form, notice};
use http::StatusCode;
use serde::Deserialize;

use super::view::View;
use super::{form_fields, kinds};
use crate::Error;

/// Lines of each table of the preview; the rest is counted.
const SHOWN: usize = 200;

/// `GET /registry/import`
pub(crate) async fn show(view: View) -> Result<Response, Error> {
    let body = upload(&view, "");
    Ok(view.respond(&frame(&view, t::import_heading(view.tr()).to_owned(), body, true)))
}

/// The form for a file, or for text that is mended in place.
fn upload(view: &View, fault: &str) -> Html {
    let tr = view.tr();
    let field = form::Field::new("file", t::import_file(tr))
        .help(t::import_file_help(tr))
        .kind(form::Kind::File { accept: ".csv,text/csv" });
    let form = form::form(
        tr,
        &form::Form {
            action: "/registry/import".to_owned(),
            fields: vec![field],
            submit: t::import_check(tr).to_owned(),
            cancel: "/segments".to_owned(),
            fault: fault.to_owned(),
            upload: true,
            ..form::Form::default()
        },
    );
    let example = Html::link("/registry/export.csv", t::import_example(tr));
    form.then(&Html::trusted(format!("<p class=\"help\">{example}</p>")))
}

/// `POST /registry/import`: a file, or the text of one that was mended in the page.
pub(crate) async fn preview(view: View, mut parts: Multipart) -> Result<Response, Error> {
    let mut file = Vec::new();
    while let Some(part) = parts.next_field().await.map_err(|_| Error::TooLarge)? {
        if matches!(part.name(), Some("file" | "text")) && file.is_empty() {
            file = part.bytes().await.map_err(|_| Error::TooLarge)?.to_vec();
        }
    }
    // The digest of the preview stands for the text as the confirming form will send it.
    let file = match String::from_utf8(file) {
        Ok(text) => restore_lines(&text).into_bytes(),
        Err(broken) => broken.into_bytes(),
    };
    if file.trim_ascii().is_empty() {
        let body = upload(&view, t::import_no_file(view.tr()));
        let heading = t::import_heading(view.tr()).to_owned();
        return Ok(view.respond(&frame(&view, heading, body, false)));
    }
    let preview = view.app.deps.registry.preview_csv_in(&file, view.lang());
    Ok(answer(&view, &preview, &String::from_utf8_lossy(&file), false))
}

/// What the button under the preview sends.
#[derive(Deserialize)]
pub(crate) struct Confirmed {
    digest: String,
    text: String,
}

/// `POST /registry/import/apply`
pub(crate) async fn apply(view: View, Form(sent): Form<Confirmed>) -> Result<Response, Error> {
    let registry = &view.app.deps.registry;
    let file = restore_lines(&sent.text);
    match registry.apply_csv(file.as_bytes(), &sent.digest, &view.author()?).await {
        Ok(done) => {
            let told = t::import_done(view.tr(), done.changed, done.new);
            Ok(view.done("/segments", told))
        }
        Err(ets_registry::Error::Changed | ets_registry::Error::Invalid(_)) => {
            let preview = registry.preview_csv_in(file.as_bytes(), view.lang());
            Ok(answer(&view, &preview, &file, true))
        }
        Err(error) => Err(error.into()),
    }
}

/// A browser sends the lines of a text area with CRLF; the digest stands for what was shown.
fn restore_lines(text: &str) -> String {
    text.trim_start_matches('\u{feff}').replace("\r\n", "\n").replace('\r', "\n")
}

/// `moved`: it was confirmed, and the registry or the file is no longer what was shown.
fn answer(view: &View, preview: &Preview, text: &str, moved: bool) -> Response {
    let tr = view.tr();
    let clean = preview.is_clean();
    let heading = if clean {
        t::import_heading_clean(tr, preview.changed.len(), preview.new.len())
    } else {
        t::import_heading_faults(tr, preview.faults.len())
    };
    let mut out = String::new();
    if moved {
        let told = Html::text(t::import_moved(tr));
        out.push_str(notice::notice(notice::Tone::Bad, &told).as_str());
    }
    if clean {
        out.push_str(confirm(view, preview, text).as_str());
    } else {
        out.push_str(&mend(view, preview, text));
    }
    out.push_str(&warnings(view, preview));
    out.push_str(&lines(view, t::import_new(tr), &sound(preview, &preview.new), false));
    out.push_str(&lines(view, t::import_changed(tr), &sound(preview, &preview.changed), true));
    out.push_str(&format!(
        "<p class=\"mut\">{} {}</p>",
        t::import_unchanged(tr, preview.unchanged.len()),
        t::import_absent(tr, preview.absent.len())
    ));
    let mut page = frame(view, heading, Html::trusted(out), clean);
    if moved {
        page.status = StatusCode::CONFLICT;
    }
    view.respond(&page)
}

fn frame(view: &View, heading: String, body: Html, clean: bool) -> Page {
    let tr = view.tr();
    Page {
        title: t::registry_import(tr).to_owned(),
        heading,
        body,
        nav: "segments",
        crumbs: vec![Crumb::new(t::registry_title(tr), "/segments")],
        layout: Layout::Wide,
        status: if clean { StatusCode::OK } else { StatusCode::UNPROCESSABLE_ENTITY },
        ..Page::default()
    }
}

/// Nothing is wrong: one button.
fn confirm(view: &View, preview: &Preview, text: &str) -> Html {
    let tr = view.tr();
    if preview.new.is_empty() && preview.changed.is_empty() {
        let back = Html::link("/segments", t::registry_title(tr));
        return notice::empty(t::import_nothing(tr), &back);
    }
    let hint = notice::notice(notice::Tone::Good, &Html::text(t::import_clean_text(tr)));
    hint.then(&form::form(
        tr,
        &form::Form {
            action: "/registry/import/apply".to_owned(),
            hidden: vec![("digest", preview.digest.clone()), ("text", text.to_owned())],
            submit: t::import_apply(tr).to_owned(),
            cancel: "/registry/import".to_owned(),
            ..form::Form::default()
        },
    ))
}

/// Every fault by line, and the file to mend in place.
fn mend(view: &View, preview: &Preview, text: &str) -> String {
    let tr = view.tr();
    let hint = notice::notice(notice::Tone::Bad, &Html::text(t::import_faults_text(tr)));
    let faults = fault_table(view, t::import_faults(tr), &preview.faults);
    if preview.faults.iter().any(|fault| fault.code() == "not_utf8") {
        let again = notice::notice(notice::Tone::Plain, &Html::text(t::import_encoding(tr)));
        return format!(
            "<section class=\"card\"><div class=\"card-head\"><h2>{}</h2></div>{faults}</section>{}",
            t::import_faults(tr),
            again.then(&upload(view, "")).into_string()
        );
    }
    let rows = text.lines().count().clamp(4, 30);
    format!(
        "{hint}<section class=\"card\"><div class=\"card-head\"><h2>{title}</h2></div>{faults}</section>\
         <section class=\"card\"><form class=\"form\" method=\"post\" action=\"/registry/import\" \
         enctype=\"multipart/form-data\"><div class=\"field\"><label for=\"f-text\">{label}</label>\
         <textarea id=\"f-text\" name=\"text\" class=\"code\" rows=\"{rows}\" wrap=\"off\" \
         spellcheck=\"false\" aria-describedby=\"h-text\">{text}</textarea>\
         <p class=\"help\" id=\"h-text\">{help}</p></div>\
         <p class=\"acts\"><button class=\"primary\">{verb}</button> \
         <a class=\"button\" href=\"/registry/import\">{other}</a></p></form></section>",
        title = t::import_faults(tr),
        label = t::import_text(tr),
        text = escape(text),
        help = t::import_text_help(tr),
        verb = t::import_check_again(tr),
        other = t::import_other_file(tr),
    )
}

fn warnings(view: &View, preview: &Preview) -> String {
    if preview.warnings.is_empty() {
        return String::new();
    }
    let title = t::import_warnings(view.tr());
    card::card(title, &Html::default(), &fault_table(view, title, &preview.warnings)).into_string()
}

fn fault_table(view: &View, caption: &str, faults: &[Fault]) -> Html {
    let tr = view.tr();
    let number = |number: Option<u64>| match number {
        Some(number) => Html::text(&number.to_string()),
        None => facts::none(tr),
    };
    let rows = faults.iter().take(SHOWN).map(|fault| {
        let place = fault.field.map_or("", |field| form_fields::label(tr, field));
        Row {
            cells: vec![
                number(fault.line).into(),
                number(fault.column.map(|column| column as u64)).into(),
                Html::text(place).into(),
                Html::code(&fault.value).into(),
                Html::text(&form_fields::message(tr, fault)).into(),
                Html::text(&form_fields::remedy(tr, fault)).into(),
            ],
            ..Row::default()
        }
    });
    let columns = vec![
        Column::new("", t::import_column_line(tr)).numeric(),
        Column::new("", t::import_column_column(tr)).numeric(),
        Column::new("", t::import_column_field(tr)),
        Column::new("", t::import_column_value(tr)).minor(),
        Column::new("", t::import_column_message(tr)),
        Column::new("", t::import_column_remedy(tr)),
    ];
    let caption = caption.to_owned();
    let list = table(tr, &Table { caption, columns, rows: rows.collect(), ..Table::default() });
    list.then(&more(view, faults.len()))
}

fn more(view: &View, count: usize) -> Html {
    if count <= SHOWN {
        return Html::default();
    }
    Html::trusted(format!("<p>{}</p>", t::db_more(view.tr(), count - SHOWN)))
}

/// The lines without a fault: the others stand among the faults.
fn sound<'a>(preview: &Preview, lines: &'a [Line]) -> Vec<&'a Line> {
    let broken: HashSet<u64> = preview.faults.iter().filter_map(|fault| fault.line).collect();
    lines.iter().filter(|line| !broken.contains(&line.line)).collect()
}

/// What would be added or changed.
fn lines(view: &View, title: &str, lines: &[&Line], with_changes: bool) -> String {
    if lines.is_empty() {
        return String::new();
    }
    let tr = view.tr();
    let lang = view.lang();
    let rows = lines.iter().take(SHOWN).map(|line| {
        let label = line.segment.label.get(lang);
        let name = if label.is_empty() { line.institution.name.get(lang) } else { label };
        let mut cells = vec![
            Html::text(&line.line.to_string()).into(),
            Html::code(line.segment.id.as_str()).into(),
            Html::text(name).into(),
        ];
        if with_changes {
            cells.push(changes(view, &line.diffs).into());
        }
        Row { cells, ..Row::default() }
    });
    let mut columns = vec![
        Column::new("", t::import_column_line(tr)).numeric(),
        Column::new("", t::segment_fact_id(tr)),
        Column::new("", t::db_segment(tr)),
    ];
    if with_changes {
        columns.push(Column::new("", t::import_column_changes(tr)));
    }
    let caption = title.to_owned();
    let all = table(tr, &Table { caption, columns, rows: rows.collect(), ..Table::default() });
    card::card(title, &Html::default(), &all.then(&more(view, lines.len()))).into_string()
}

fn changes(view: &View, diffs: &[Diff]) -> Html {
    let tr = view.tr();
    let item = |diff: &Diff| {
        format!(
            "<li>{}: <del>{}</del> <ins>{}</ins></li>",
            form_fields::label(tr, diff.field),
            escape(kinds::word(tr, diff.field, &diff.before)),
            escape(kinds::word(tr, diff.field, &diff.after))
        )
    };
    let items: String = diffs.iter().map(item).collect();
    Html::trusted(format!("<ul class=\"diff\">{items}</ul>"))
}
