//! `/ca/new`: ordering a certificate.

use axum::extract::Form;
use axum::response::Response;
use ets_ca::Subject;
use ets_ca::life::New;
use ets_i18n::t;
use ets_web::form::{Field, Kind};
use ets_web::html::escape;
use ets_web::{Html, card, form};
use http::StatusCode;

use super::super::answers::{Answers, given};
use super::{DESK, below, words};
use crate::Error;
use crate::pages::view::View;

/// Institutions that are offered while typing.
const OFFERED: usize = 500;

/// How a key and a request are made on a token (`OpenSC`, and the PKCS#11 engine of OpenSSL).
const COMMANDS: &str = "pkcs11-tool --module /usr/lib/x86_64-linux-gnu/opensc-pkcs11.so --login \\
    --keypairgen --key-type EC:prime256v1 --id 01 --label ets
openssl req -new -engine pkcs11 -keyform engine -key \"pkcs11:id=%01;type=private\" \\
    -subj \"/CN=ets\" -out request.pem";

/// `GET /ca/new`
pub(super) async fn new(view: View) -> Result<Response, Error> {
    view.app.tokens()?;
    let answers = Answers::from([("profile".to_owned(), "civil-servant".to_owned())]);
    Ok(show(&view, &answers, None))
}

/// `POST /ca/new`
pub(super) async fn create(view: View, Form(answers): Form<Answers>) -> Result<Response, Error> {
    let new = match read(&answers) {
        Ok(new) => new,
        Err(error) => return Ok(show(&view, &answers, Some(&error))),
    };
    let order = view.app.tokens()?.order(new, &view.author()?).await?;
    Ok(view.done(&format!("/ca/orders/{}", order.id), t::ca_ordered(view.tr())))
}

/// The order as it was typed; what would break a rule at the signature is told now.
fn read(answers: &Answers) -> Result<New, ets_ca::Error> {
    let parts = [
        ("CN", given(answers, "cn")),
        ("serialNumber", given(answers, "number")),
        ("O", given(answers, "o")),
        ("OU", given(answers, "ou")),
        ("title", given(answers, "post")),
    ];
    let profile = given(answers, "profile").to_owned();
    let new = New {
        subject: Subject::of_parts(&parts)?,
        names: given(answers, "names").split_whitespace().map(str::to_owned).collect(),
        token: given(answers, "token").to_owned(),
        request: Some(given(answers, "request").to_owned()).filter(|text| !text.is_empty()),
        profile,
    };
    ets_ca::check(&new.profile, &new.subject, &new.names, new.request.as_deref())?;
    Ok(new)
}

fn show(view: &View, answers: &Answers, fault: Option<&ets_ca::Error>) -> Response {
    let tr = view.tr();
    let body = form::form(
        tr,
        &form::Form {
            action: "/ca/new".to_owned(),
            draft: "/ca/new".to_owned(),
            fields: questions(view, answers, fault),
            submit: t::ca_form_submit(tr).to_owned(),
            cancel: DESK.to_owned(),
            ..form::Form::default()
        },
    );
    let body = body.then(&how(view));
    let mut page = below(view, t::ca_new(tr).to_owned(), body);
    if fault.is_some() {
        page.status = StatusCode::UNPROCESSABLE_ENTITY;
    }
    view.respond(&page)
}

/// The command that makes a request: a browser cannot reach a token.
pub(super) fn how(view: &View) -> Html {
    let tr = view.tr();
    let text = t::ca_form_how_text(tr);
    let body = format!("<p>{text}</p><pre class=\"log\" tabindex=\"0\">{}</pre>", escape(COMMANDS));
    card::card(t::ca_form_how(tr), &Html::default(), &Html::trusted(body))
}

fn questions(view: &View, answers: &Answers, fault: Option<&ets_ca::Error>) -> Vec<Field> {
    let tr = view.tr();
    let wrong = fault.map(|error| (place(error), error.to_string()));
    let ask = |name: &'static str, label: &str, help: &str| {
        let error = wrong.as_ref().filter(|(place, _)| *place == name);
        Field::new(name, label)
            .help(help)
            .value(answers.get(name).cloned().unwrap_or_default())
            .error(error.map(|(_, text)| text.clone()).unwrap_or_default())
    };
    let kind = |name: &str, help: &str| {
        (name.to_owned(), words::profile(tr, name).to_owned(), help.to_owned())
    };
    let kinds = vec![
        kind("civil-servant", t::ca_profile_token_help(tr)),
        kind("civil-servant-file", t::ca_profile_file_help(tr)),
        kind("server", t::ca_profile_server_help(tr)),
        kind("router", t::ca_profile_router_help(tr)),
    ];
    let mut institution = ask("o", t::ca_form_o(tr), "").optional();
    institution.suggestions = view
        .catalog
        .institutions()
        .take(OFFERED)
        .map(|one| one.name.get(view.lang()).to_owned())
        .collect();
    let mut number = ask("number", t::ca_form_number(tr), t::ca_form_number_help(tr)).optional();
    number.kind = Kind::Code;
    let mut names = ask("names", t::ca_form_names(tr), t::ca_form_names_help(tr))
        .when(t::ca_form_names_when(tr));
    names.kind = Kind::Code;
    vec![
        ask("profile", t::ca_profile(tr), "").kind(Kind::Radio(kinds)),
        ask("cn", t::ca_form_cn(tr), t::ca_form_cn_help(tr)).group(t::ca_form_who(tr)),
        number,
        institution,
        ask("ou", t::ca_form_ou(tr), "").optional(),
        ask("post", t::ca_form_post(tr), "").optional(),
        ask("token", t::ca_token(tr), t::ca_token_help(tr)).optional(),
        names,
        ask("request", t::ca_form_request(tr), t::ca_form_request_help(tr))
            .kind(Kind::Area { rows: 8 })
            .when(t::ca_form_request_when(tr)),
    ]
}

/// The field that a fault is about.
pub(super) fn place(error: &ets_ca::Error) -> &'static str {
    use ets_ca::Error as Ca;
    match error {
        Ca::Subject { attribute, .. } => match *attribute {
            "serialNumber" => "number",
            "O" => "o",
            "OU" => "ou",
            "title" => "post",
            _ => "cn",
        },
        Ca::Name { .. } => "names",
        Ca::NeedRequest | Ca::NoRequest | Ca::Request(_) | Ca::Key(_) => "request",
        _ => "profile",
    }
}
