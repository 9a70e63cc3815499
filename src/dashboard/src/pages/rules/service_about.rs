//! The part of a service's form that says what it is for, who answers for it and how it is checked.

use ets_i18n::{Tr, t};
use ets_model::{Check, CheckFault, Names, Owner, Service, Unread};
use ets_web::form::{Field, Kind};

use super::super::answers::{Answers, given, names};
use super::super::view::View;
use super::faults;

pub(super) fn answers_of(service: &Service) -> Vec<(String, String)> {
    let lines: Vec<String> = service.checks.iter().map(ToString::to_string).collect();
    let owner = &service.owner;
    [
        ("about_ru", service.about.ru.clone()),
        ("about_kk", service.about.kk.clone()),
        ("about_en", service.about.en.clone()),
        ("owner_institution", owner.institution.clone()),
        ("owner_name", owner.name.clone()),
        ("owner_phone", owner.phone.clone()),
        ("owner_email", owner.email.clone()),
        ("checks", lines.join("\n")),
    ]
    .map(|(name, value)| (name.to_owned(), value))
    .into()
}

pub(super) fn description(answers: &Answers) -> Names {
    names(answers, ["about_kk", "about_ru", "about_en"])
}

pub(super) fn owner(answers: &Answers) -> Owner {
    let of = |name: &str| given(answers, name).to_owned();
    Owner {
        institution: of("owner_institution"),
        name: of("owner_name"),
        phone: of("owner_phone"),
        email: of("owner_email"),
    }
}

/// The checks, one a line; or all that cannot be read, each with the number of its line.
pub(super) fn checks(tr: &Tr, lines: &str) -> Result<Vec<Check>, String> {
    let lines = lines.lines().map(str::trim).filter(|line| !line.is_empty());
    let (mut checks, mut faults) = (Vec::new(), Vec::<(usize, CheckFault)>::new());
    for (no, line) in (1..).zip(lines) {
        match line.parse::<Check>() {
            Ok(check) => checks.push(check),
            Err(Unread(all)) => faults.extend(all.into_iter().map(|fault| (no, fault))),
        }
    }
    if faults.is_empty() { Ok(checks) } else { Err(faults::checks(tr, &faults)) }
}

pub(super) fn questions(view: &View) -> Vec<Field> {
    let (tr, lang) = (view.tr(), view.lang());
    let mut institutions = vec![(String::new(), t::services_owner_other(tr).to_owned())];
    let known = view.catalog.institutions();
    institutions.extend(known.map(|one| (one.id.to_string(), one.name.get(lang).to_owned())));
    let area = |name, label: &str| Field::new(name, label).kind(Kind::Area { rows: 2 }).optional();
    vec![
        area("about_ru", t::services_about_ru(tr)),
        area("about_kk", t::services_about_kk(tr)),
        area("about_en", t::services_about_en(tr)),
        Field::new("owner_institution", t::services_owner_institution(tr))
            .kind(Kind::Select(institutions))
            .optional(),
        Field::new("owner_name", t::services_owner_name(tr))
            .help(t::services_owner_help(tr))
            .optional(),
        Field::new("owner_phone", t::services_owner_phone(tr)).optional(),
        Field::new("owner_email", t::services_owner_email(tr)).optional(),
        Field::new("checks", t::services_checks(tr))
            .help(t::services_checks_help(tr))
            .kind(Kind::Area { rows: 3 })
            .optional(),
    ]
}
