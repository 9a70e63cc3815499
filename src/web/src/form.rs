//! Forms: one question after another, label above, help below, errors at the field and in a
//! summary that links to it. What was typed is never lost.

use ets_i18n::{Tr, t};

use crate::Html;
use crate::html::{escape, put};

/// A form that posts to the hub.
#[derive(Clone, Debug, Default)]
pub struct Form {
    /// Where it posts to.
    pub action: String,
    /// The token of the session.
    pub csrf: String,
    /// Its questions, in order.
    pub fields: Vec<Field>,
    /// Further values that it carries: name and value.
    pub hidden: Vec<(&'static str, String)>,
    /// The verb of its button; empty: save.
    pub submit: String,
    /// Where cancelling leads; empty for no such link.
    pub cancel: String,
    /// The name under which the browser keeps an unsent draft; empty: no draft.
    pub draft: String,
    /// A fault of the whole rather than of one field; empty for none.
    pub fault: String,
    /// Whether what is marked is allowed and only to be looked at once more.
    pub unusual: bool,
    /// Whether it sends a file.
    pub upload: bool,
    /// Whether the button does what cannot be undone.
    pub danger: bool,
}

/// One question.
#[derive(Clone, Debug, Default)]
pub struct Field {
    /// Its name; the element's id is `f-` and the name.
    pub name: &'static str,
    /// The question.
    pub label: String,
    /// How to answer it; empty for none.
    pub help: String,
    /// What is wrong with the answer and what to do; empty for nothing.
    pub error: String,
    /// The answer so far.
    pub value: String,
    /// What kind of answer.
    pub kind: Kind,
    /// Whether it must be answered.
    pub required: bool,
    /// When it must be answered, instead of "optional"; empty for a question that may be left out.
    pub when: String,
    /// Begins a group of questions with this title; empty for none.
    pub group: String,
    /// An answer as an example, in the empty field; empty for none.
    pub placeholder: String,
    /// Answers that others gave: offered while typing, for one-line answers.
    pub suggestions: Vec<String>,
    /// Begins a part that is folded away under this title until it is wanted, to the end of the
    /// form; open when something in it is wrong. Empty for none.
    pub fold: String,
}

/// What kind of answer a question takes.
#[derive(Clone, Debug, Default)]
pub enum Kind {
    /// One line.
    #[default]
    Text,
    /// One line of addresses, serial numbers and the like, in the monospaced face.
    Code,
    /// A number.
    Number,
    /// A date and time without seconds: `2026-11-22T14:30`.
    Moment,
    /// Several lines.
    Area {
        /// How many lines are shown.
        rows: u8,
    },
    /// One of several, from a list: value and text.
    Select(Vec<(String, String)>),
    /// One of a few, all in sight: value, text, help.
    Radio(Vec<(String, String, String)>),
    /// Yes or no; sends the value `on`.
    Check,
    /// A file.
    File {
        /// The types that it takes: `.csv,text/csv`.
        accept: &'static str,
    },
    /// A picture. Where a script runs, one that is too large is made smaller before it is sent.
    Picture {
        /// The types that it takes: `image/jpeg,image/png`.
        accept: &'static str,
        /// How many bytes it may have.
        limit: usize,
    },
}

impl Field {
    /// A question with a one-line answer that must be given.
    pub fn new(name: &'static str, label: impl Into<String>) -> Self {
        Self { name, label: label.into(), required: true, ..Self::default() }
    }

    /// With this answer.
    #[must_use]
    pub fn value(mut self, value: impl Into<String>) -> Self {
        self.value = value.into();
        self
    }

    /// With this kind of answer.
    #[must_use]
    pub fn kind(mut self, kind: Kind) -> Self {
        self.kind = kind;
        self
    }

    /// With this help.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = help.into();
        self
    }

    /// With this fault.
    #[must_use]
    pub fn error(mut self, error: impl Into<String>) -> Self {
        self.error = error.into();
        self
    }

    /// May be left empty.
    #[must_use]
    pub fn optional(mut self) -> Self {
        self.required = false;
        self
    }

    /// Must be answered in a case that is told beside the question, or one of several must.
    #[must_use]
    pub fn when(mut self, case: impl Into<String>) -> Self {
        self.required = false;
        self.when = case.into();
        self
    }

    /// Begins a group with this title.
    #[must_use]
    pub fn group(mut self, title: impl Into<String>) -> Self {
        self.group = title.into();
        self
    }
}

/// The form as markup, with its error summary first.
#[must_use]
pub fn form(tr: &Tr, form: &Form) -> Html {
    let mut out = String::new();
    summary(tr, form, &mut out);
    put!(out, "<form class=\"form\" method=\"post\" action=\"{}\"", escape(&form.action));
    if form.upload {
        out.push_str(" enctype=\"multipart/form-data\"");
    }
    if !form.draft.is_empty() {
        put!(out, " data-draft=\"{}\"", escape(&form.draft));
    }
    out.push_str(" novalidate>");
    hidden("csrf", &form.csrf, &mut out);
    for (name, value) in &form.hidden {
        hidden(name, value, &mut out);
    }
    questions(tr, &form.fields, &mut out);
    let submit = if form.submit.is_empty() { t::form_save(tr) } else { &form.submit };
    let class = if form.danger { "danger" } else { "primary" };
    put!(out, "<div class=\"acts\"><button class=\"{class}\">{}</button>", escape(submit));
    if !form.cancel.is_empty() {
        let cancel = t::form_cancel(tr);
        put!(out, " <a class=\"button\" href=\"{}\">{cancel}</a>", escape(&form.cancel));
    }
    out.push_str("</div></form>");
    Html::trusted(out)
}

fn questions(tr: &Tr, fields: &[Field], out: &mut String) {
    let mut is_folded = false;
    for (at, field) in fields.iter().enumerate() {
        if !field.fold.is_empty() && !is_folded {
            is_folded = true;
            let wrong = fields[at..].iter().any(|one| !one.error.is_empty());
            let open = if wrong { " open" } else { "" };
            let title = escape(&field.fold);
            put!(*out, "<details class=\"data\"{open}><summary>{title}</summary>");
        }
        if !field.group.is_empty() {
            put!(*out, "<h2>{}</h2>", escape(&field.group));
        }
        question(tr, field, out);
    }
    if is_folded {
        out.push_str("</details>");
    }
}

/// A form of one button, for what changes something: `Принять`.
#[must_use]
pub fn button(csrf: &str, action: &str, text: &str, primary: bool) -> Html {
    let mut out = String::new();
    put!(out, "<form class=\"inline\" method=\"post\" action=\"{}\">", escape(action));
    hidden("csrf", csrf, &mut out);
    let class = if primary { " class=\"primary\"" } else { "" };
    put!(out, "<button{class}>{}</button></form>", escape(text));
    Html::trusted(out)
}

fn hidden(name: &str, value: &str, out: &mut String) {
    put!(*out, "<input type=\"hidden\" name=\"{}\" value=\"{}\">", escape(name), escape(value));
}

fn summary(tr: &Tr, form: &Form, out: &mut String) {
    let wrong: Vec<&Field> = form.fields.iter().filter(|field| !field.error.is_empty()).collect();
    if wrong.is_empty() && form.fault.is_empty() {
        return;
    }
    let class = if form.unusual { "errors unusual" } else { "errors" };
    put!(*out, "<div class=\"{class}\" role=\"alert\" tabindex=\"-1\" data-focus>");
    if wrong.is_empty() {
        put!(*out, "<p><b>{}</b></p>", escape(&form.fault));
    } else {
        let heading = match form.unusual {
            true => t::form_unusual(tr).to_owned(),
            false => t::form_errors(tr, wrong.len()),
        };
        put!(*out, "<h2>{}</h2>", escape(&heading));
        if !form.fault.is_empty() {
            put!(*out, "<p>{}</p>", escape(&form.fault));
        }
        out.push_str("<ul>");
        for field in wrong {
            let (name, label, error) = (field.name, escape(&field.label), escape(&field.error));
            put!(*out, "<li><a href=\"#f-{name}\">{label}</a>: {error}</li>");
        }
        out.push_str("</ul>");
    }
    out.push_str("</div>");
}

fn question(tr: &Tr, field: &Field, out: &mut String) {
    let wrong = if field.error.is_empty() { "" } else { " wrong" };
    match &field.kind {
        Kind::Radio(options) => {
            put!(*out, "<fieldset class=\"field{wrong}\" id=\"f-{}\"><legend>", field.name);
            put!(*out, "{}</legend>", escape(&field.label));
            hints(tr, field, out);
            radios(field, options, out);
            out.push_str("</fieldset>");
        }
        Kind::Check => {
            put!(*out, "<div class=\"field check{wrong}\">");
            let checked = if field.value.is_empty() { "" } else { " checked" };
            put!(*out, "<input type=\"checkbox\"{}{checked}>", attributes(field));
            put!(*out, "<label for=\"f-{}\">{}</label>", field.name, escape(&field.label));
            hints(tr, field, out);
            out.push_str("</div>");
        }
        _ => {
            put!(*out, "<div class=\"field{wrong}\">");
            put!(*out, "<label for=\"f-{}\">{}", field.name, escape(&field.label));
            if !field.required {
                let case = if field.when.is_empty() { t::form_optional(tr) } else { &field.when };
                put!(*out, " <small>{}</small>", escape(case));
            }
            out.push_str("</label>");
            input(tr, field, out);
            hints(tr, field, out);
            out.push_str("</div>");
        }
    }
}

/// Name, id, and what describes the field to assistive tools.
fn attributes(field: &Field) -> String {
    let mut out = String::new();
    put!(out, " id=\"f-{0}\" name=\"{0}\"", field.name);
    let help = if field.help.is_empty() { String::new() } else { format!("h-{}", field.name) };
    let error = if field.error.is_empty() { String::new() } else { format!("e-{}", field.name) };
    let described = format!("{error} {help}");
    if !described.trim().is_empty() {
        put!(out, " aria-describedby=\"{}\"", described.trim());
    }
    if !field.error.is_empty() {
        out.push_str(" aria-invalid=\"true\"");
    }
    if field.required && !matches!(field.kind, Kind::Check) {
        out.push_str(" required");
    }
    if !field.placeholder.is_empty() {
        put!(out, " placeholder=\"{}\"", escape(&field.placeholder));
    }
    if !field.suggestions.is_empty() {
        put!(out, " list=\"l-{}\"", field.name);
    }
    out
}

fn suggestions(field: &Field, out: &mut String) {
    if field.suggestions.is_empty() {
        return;
    }
    put!(*out, "<datalist id=\"l-{}\">", field.name);
    for one in &field.suggestions {
        put!(*out, "<option value=\"{}\"></option>", escape(one));
    }
    out.push_str("</datalist>");
}

fn hints(tr: &Tr, field: &Field, out: &mut String) {
    if !field.error.is_empty() {
        let (name, error) = (field.name, escape(&field.error));
        let word = t::form_error(tr);
        put!(
            *out,
            "<p class=\"error\" id=\"e-{name}\"><span class=\"vh\">{word} </span>{error}</p>"
        );
    }
    if !field.help.is_empty() {
        put!(*out, "<p class=\"help\" id=\"h-{}\">{}</p>", field.name, escape(&field.help));
    }
}

fn input(tr: &Tr, field: &Field, out: &mut String) {
    let (attributes, value) = (attributes(field), escape(&field.value));
    match &field.kind {
        Kind::Code => put!(
            *out,
            "<input type=\"text\" class=\"code\" autocapitalize=\"off\" spellcheck=\"false\" \
             autocomplete=\"off\"{attributes} value=\"{value}\">"
        ),
        Kind::Number => put!(
            *out,
            "<input type=\"text\" inputmode=\"decimal\" class=\"short\"{attributes} value=\"{value}\">"
        ),
        Kind::Moment => {
            put!(
                *out,
                "<input type=\"datetime-local\" class=\"short\"{attributes} value=\"{value}\">"
            );
        }
        Kind::Area { rows } => {
            put!(*out, "<textarea rows=\"{rows}\"{attributes}>{value}</textarea>");
        }
        Kind::Select(options) => select(tr, field, options, out),
        Kind::File { accept } => {
            put!(*out, "<input type=\"file\" accept=\"{accept}\"{attributes}>");
        }
        Kind::Picture { accept, limit } => put!(
            *out,
            "<input type=\"file\" accept=\"{accept}\" data-limit=\"{limit}\"{attributes}>"
        ),
        _ => put!(*out, "<input type=\"text\"{attributes} value=\"{value}\">"),
    }
    suggestions(field, out);
}

fn select(tr: &Tr, field: &Field, options: &[(String, String)], out: &mut String) {
    put!(*out, "<select{}>", attributes(field));
    if !options.iter().any(|(value, _)| *value == field.value) {
        put!(*out, "<option value=\"\" selected>{}</option>", t::form_choose(tr));
    }
    for (value, text) in options {
        let selected = if *value == field.value { " selected" } else { "" };
        put!(*out, "<option value=\"{}\"{selected}>{}</option>", escape(value), escape(text));
    }
    out.push_str("</select>");
}

fn radios(field: &Field, options: &[(String, String, String)], out: &mut String) {
    for (index, (value, text, help)) in options.iter().enumerate() {
        let checked = if *value == field.value { " checked" } else { "" };
        let id = format!("f-{}-{index}", field.name);
        put!(
            *out,
            "<div class=\"radio\"><input type=\"radio\" id=\"{id}\" name=\"{}\" value=\"{}\"{checked}>\
             <label for=\"{id}\">{}",
            field.name,
            escape(value),
            escape(text)
        );
        if !help.is_empty() {
            put!(*out, "<small>{}</small>", escape(help));
        }
        out.push_str("</label></div>");
    }
}
