//! `/ca/new`: ordering a certificate.

use axum::extract::Form;
use axum::response::Response;
use ets_ca::Subject;
use ets_ca::life::{Contact, New};
use ets_i18n::{Lang, Tr, t};
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

/// The languages as they call themselves.
const LANGUAGES: [&str; 3] = ["Қазақша", "Русский", "English"];

/// What reaches a token (`OpenSC`).
const TOOL: &str = "pkcs11-tool --module /usr/lib/x86_64-linux-gnu/opensc-pkcs11.so --login";
/// The key of the first certificate on a token.
const FIRST: &str = "01";

/// How a key of this number (hexadecimal) and a request for it are made on a token (`OpenSC`, and
/// the PKCS#11 engine of OpenSSL). Of the request the public key alone is taken; the name in it is
/// for whoever keeps the file.
pub(in crate::pages) fn commands(number: &str, name: &str) -> String {
    let digits = number.as_bytes().chunks(2);
    let octets: String = digits.map(|two| format!("%{}", String::from_utf8_lossy(two))).collect();
    format!(
        "{TOOL} \\\n    --keypairgen --key-type EC:prime256v1 --id {number} --label ets\n\
         openssl req -new -engine pkcs11 -keyform engine -key \"pkcs11:id={octets};type=private\" \\\n    \
         -utf8 -subj {} -out request.pem",
        quoted(name)
    )
}

/// How a certificate is written beside its key.
pub(in crate::pages) fn writing(number: &str, file: &str) -> String {
    format!(
        "openssl x509 -in {file} -outform DER -out certificate.der\n\
         {TOOL} \\\n    --write-object certificate.der --type cert --id {number} --label ets"
    )
}

/// A name as an argument of a shell, in the form in which openssl reads subjects.
fn quoted(name: &str) -> String {
    let mut subject = String::from("/CN=");
    for char in name.chars().filter(|char| !char.is_control()) {
        if matches!(char, '/' | '+' | '\\') {
            subject.push('\\');
        }
        subject.push(char);
    }
    format!("'{}'", subject.replace('\'', "'\\''"))
}

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
        contact: contact(answers)?,
        profile,
    };
    ets_ca::check(&new.profile, &new.subject, &new.names, new.request.as_deref())?;
    Ok(new)
}

/// Where and in which language its owner is told, as it was typed.
pub(super) fn contact(answers: &Answers) -> Result<Contact, ets_ca::Error> {
    let email = Some(given(answers, "email")).filter(|text| !text.is_empty());
    let email = email.map(str::parse).transpose()?;
    Ok(Contact { email, lang: given(answers, "lang").parse().unwrap_or_default() })
}

/// The questions for it.
pub(super) fn contact_fields(tr: &Tr, of: [String; 2], fault: String) -> [Field; 2] {
    let known = Lang::ALL.iter().zip(LANGUAGES);
    let known = known.map(|(lang, name)| (lang.code().to_owned(), name.to_owned())).collect();
    let [email, lang] = of;
    let lang = if lang.is_empty() { Lang::default().code().to_owned() } else { lang };
    [
        Field::new("email", t::ca_contact_email(tr))
            .help(t::ca_contact_email_help(tr))
            .value(email)
            .error(fault)
            .optional(),
        Field::new("lang", t::ca_contact_lang(tr)).value(lang).kind(Kind::Select(known)),
    ]
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
    let body = body.then(&how(view, "ets"));
    let mut page = below(view, t::ca_new(tr).to_owned(), body);
    if fault.is_some() {
        page.status = StatusCode::UNPROCESSABLE_ENTITY;
    }
    view.respond(&page)
}

/// The command that makes a request: a browser cannot reach a token.
pub(super) fn how(view: &View, name: &str) -> Html {
    let tr = view.tr();
    told(t::ca_form_how(tr), t::ca_form_how_text(tr), &commands(FIRST, name))
}

/// A card with commands.
pub(in crate::pages) fn told(heading: &str, text: &str, commands: &str) -> Html {
    let text = escape(text);
    let body = format!("<p>{text}</p><pre class=\"log\" tabindex=\"0\">{}</pre>", escape(commands));
    card::card(heading, &Html::default(), &Html::trusted(body))
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
    let typed = ["email", "lang"].map(|name| given(answers, name).to_owned());
    let fault = wrong.as_ref().filter(|(place, _)| *place == "email");
    let [email, lang] =
        contact_fields(tr, typed, fault.map(|(_, text)| text.clone()).unwrap_or_default());
    vec![
        ask("profile", t::ca_profile(tr), "").kind(Kind::Radio(kinds)),
        ask("cn", t::ca_form_cn(tr), t::ca_form_cn_help(tr)).group(t::ca_form_who(tr)),
        number,
        institution,
        ask("ou", t::ca_form_ou(tr), "").optional(),
        ask("post", t::ca_form_post(tr), "").optional(),
        ask("token", t::ca_token(tr), t::ca_token_help(tr)).optional(),
        email,
        lang,
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
        Ca::Contact(_) => "email",
        Ca::Name { .. } => "names",
        Ca::NeedRequest | Ca::NoRequest | Ca::Request(_) | Ca::Key(_) => "request",
        _ => "profile",
    }
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use super::*;

    /// covers: T1.2, T1.4
    #[test]
    fn a_shell_and_openssl_read_the_name_in_the_command_as_it_is() {
        for name in ["Айгүл Омарова", "O'Hara/x+y=z", "a\\b $(id) `id` \"c\"", "a, b; c # d"]
        {
            let commands = commands("0a1b", name);
            let (_, subject) = commands.split_once("-subj ").unwrap();
            let (subject, _) = subject.split_once(" -out").unwrap();
            let command = format!(
                "openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes \
                 -keyout /dev/null -utf8 -subj {subject} -noout -subject \
                 -nameopt multiline,utf8,-esc_msb,-esc_ctrl"
            );
            let output = Command::new("sh").args(["-c", &command]).output().unwrap();
            let said = String::from_utf8(output.stdout).unwrap();
            let read = said.lines().find_map(|line| line.split_once("= ")).map(|(_, name)| name);
            assert_eq!(read, Some(name), "{command}: {said}");
        }
        assert!(commands("0a1b", "x").contains("id=%0a%1b;type=private"));
    }
}
