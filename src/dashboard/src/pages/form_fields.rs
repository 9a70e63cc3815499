//! The register's fields as questions of a form: label, help, kind, faults.

use ets_i18n::{Key, Lang, Tr, compare, key, t};
use ets_registry::{Catalog, Fault, Field};
use ets_web::form::{self, Kind};

/// A longer list is no help to choose from: the identifier is typed then.
const MOST_OPTIONS: usize = 500;

/// The words of one field: its label and its help.
pub(crate) fn words(field: Field) -> (Key, Option<Key>) {
    match field {
        Field::Id => (key::FIELD_ID, Some(key::FIELD_ID_HELP)),
        Field::Institution => (key::FIELD_INSTITUTION, Some(key::FIELD_INSTITUTION_HELP)),
        Field::NameKk => (key::FIELD_NAME_KK, None),
        Field::NameRu => (key::FIELD_NAME_RU, None),
        Field::NameEn => (key::FIELD_NAME_EN, None),
        Field::Kind => (key::FIELD_KIND, Some(key::FIELD_KIND_HELP)),
        Field::BudgetLevel => (key::FIELD_BUDGET_LEVEL, None),
        Field::District => (key::FIELD_DISTRICT, None),
        Field::Address => (key::FIELD_ADDRESS, None),
        Field::Head => (key::FIELD_HEAD, None),
        Field::Duty => (key::FIELD_DUTY, Some(key::FIELD_DUTY_HELP)),
        Field::LabelKk => (key::FIELD_LABEL_KK, None),
        Field::LabelRu => (key::FIELD_LABEL_RU, Some(key::FIELD_LABEL_HELP)),
        Field::LabelEn => (key::FIELD_LABEL_EN, None),
        Field::Prefixes => (key::FIELD_PREFIXES, Some(key::FIELD_PREFIXES_HELP)),
        Field::Interface => (key::FIELD_INTERFACE, Some(key::FIELD_INTERFACE_HELP)),
        Field::ProbeAddress => (key::FIELD_PROBE_ADDRESS, Some(key::FIELD_PROBE_ADDRESS_HELP)),
        Field::Method => (key::FIELD_METHOD, Some(key::FIELD_METHOD_HELP)),
        Field::Provider => (key::FIELD_PROVIDER, None),
        Field::Technology => (key::FIELD_TECHNOLOGY, None),
        Field::DownKbps => (key::FIELD_DOWN_KBPS, None),
        Field::UpKbps => (key::FIELD_UP_KBPS, None),
        Field::Contract => (key::FIELD_CONTRACT, None),
        Field::RouterManagement => (key::FIELD_ROUTER_MANAGEMENT, None),
        Field::RouterSnmp => (key::FIELD_ROUTER_SNMP, Some(key::FIELD_ROUTER_SNMP_HELP)),
        Field::Parent => (key::FIELD_PARENT, Some(key::FIELD_PARENT_HELP)),
        Field::Criticality => (key::FIELD_CRITICALITY, None),
        Field::Notes => (key::FIELD_NOTES, None),
        Field::RouterHardware => {
            (key::FIELD_ROUTER_HARDWARE, Some(key::FIELD_ROUTER_HARDWARE_HELP))
        }
    }
}

/// The label of a field, for tables of faults and differences.
pub(crate) fn label(tr: &Tr, field: Field) -> &'static str {
    tr.get(words(field).0)
}

/// What the reader is told about a fault: what is wrong and what to do, in his language.
pub(crate) fn fault(tr: &Tr, fault: &Fault) -> String {
    let args = fault.rule.args();
    let given: Vec<&str> = args
        .iter()
        .filter(|(name, value)| *name != "field" && !value.is_empty())
        .map(|(_, value)| value.as_str())
        .collect();
    let sentence = |text: &str| sentence(tr.lang(), text, &given);
    format!("{} {}", sentence(&message(tr, fault)), sentence(&remedy(tr, fault)))
}

/// What is wrong.
pub(crate) fn message(tr: &Tr, fault: &Fault) -> String {
    said(tr, "rule", fault).unwrap_or_else(|| fault.message())
}

/// What to do.
pub(crate) fn remedy(tr: &Tr, fault: &Fault) -> String {
    said(tr, "remedy", fault).unwrap_or_else(|| fault.remedy())
}

fn said(tr: &Tr, what: &str, fault: &Fault) -> Option<String> {
    let name = format!("{what}-{}", fault.code().replace('_', "-"));
    let key = Key::named(&name)?;
    let args = fault.rule.args().into_iter().map(|(name, value)| {
        // A field is told by its label, everything else as it stands.
        let field = (name == "field").then(|| Field::from_name(&value)).flatten();
        let value = match field {
            Some(field) => label(tr, field).to_owned(),
            None if fault.code() == "photo_size" => amount(tr, value),
            None => value,
        };
        (name, value.into())
    });
    Some(tr.with(key, args))
}

/// A number of bytes as people say it.
fn amount(tr: &Tr, bytes: String) -> String {
    bytes.parse().map_or(bytes, |bytes| tr.bytes(bytes))
}

/// A sentence of a text: with a full stop, and with a capital unless it begins with an address, an
/// identifier (one of `given`) or a name of the machine's.
fn sentence(lang: Lang, text: &str, given: &[&str]) -> String {
    let is_name = given.iter().any(|one| text.starts_with(one))
        || (lang != Lang::En && text.starts_with(|first: char| first.is_ascii_alphabetic()));
    let stop = if text.ends_with('.') { "" } else { "." };
    let mut chars = text.chars();
    match chars.next() {
        Some(first) if !is_name => first.to_uppercase().chain(chars).chain(stop.chars()).collect(),
        _ => format!("{text}{stop}"),
    }
}

/// The faults of one field as one text.
pub(crate) fn errors(tr: &Tr, faults: &[Fault], field: Field) -> String {
    let all: Vec<String> =
        faults.iter().filter(|one| one.field == Some(field)).map(|one| fault(tr, one)).collect();
    all.join(" ")
}

/// A field as a question.
pub(crate) fn question(
    tr: &Tr,
    catalog: &Catalog,
    field: Field,
    value: &str,
    faults: &[Fault],
) -> form::Field {
    let (label, help) = words(field);
    let required = matches!(
        field,
        Field::Id | Field::Prefixes | Field::Interface | Field::ProbeAddress | Field::Institution
    );
    form::Field {
        name: field.name(),
        label: tr.get(label).to_owned(),
        help: help.map(|help| tr.get(help).to_owned()).unwrap_or_default(),
        error: errors(tr, faults, field),
        value: value.to_owned(),
        kind: kind(tr, catalog, field),
        required,
        when: when(tr, field).to_owned(),
        group: group(tr, field).to_owned(),
        ..form::Field::default()
    }
}

/// When a field that is not always asked for must be filled in; empty for one that may stay empty.
pub(crate) fn when(tr: &Tr, field: Field) -> &'static str {
    match field {
        Field::NameRu | Field::NameKk | Field::NameEn => t::form_one_of_three(tr),
        _ => "",
    }
}

fn kind(tr: &Tr, catalog: &Catalog, field: Field) -> Kind {
    match field {
        Field::Id
        | Field::Interface
        | Field::ProbeAddress
        | Field::Method
        | Field::RouterManagement
        | Field::RouterSnmp
        | Field::RouterHardware => Kind::Code,
        Field::Prefixes => Kind::Area { rows: 2 },
        Field::Notes => Kind::Area { rows: 4 },
        Field::DownKbps | Field::UpKbps => Kind::Number,
        Field::Criticality => Kind::Radio(vec![
            ("normal".into(), t::segment_pace_normal(tr).to_owned(), String::new()),
            ("critical".into(), t::segment_pace_critical(tr).to_owned(), String::new()),
        ]),
        Field::Institution if catalog.institutions().len() <= MOST_OPTIONS => {
            let mut all =
                vec![(super::form_check::NEW.to_owned(), t::edit_new_institution(tr).to_owned())];
            let mut known: Vec<(String, String)> = catalog
                .institutions()
                .map(|one| (one.id.to_string(), one.name.get(tr.lang()).to_owned()))
                .collect();
            known.sort_by(|one, other| compare(tr.lang(), &one.1, &other.1));
            all.append(&mut known);
            Kind::Select(all)
        }
        Field::Parent => {
            let named = |id: &str, name: &str| (id.to_owned(), name.to_owned());
            let mut all = vec![named("", t::value_none(tr))];
            all.extend(catalog.parents().map(|parent| {
                let name = parent.name.get(tr.lang());
                named(&parent.id, if name.is_empty() { &parent.id } else { name })
            }));
            Kind::Select(all)
        }
        _ => Kind::Text,
    }
}

/// The groups of the form begin with these fields.
fn group(tr: &Tr, field: Field) -> &'static str {
    match field {
        Field::Institution => t::edit_group_institution(tr),
        Field::LabelRu => t::db_segment(tr),
        Field::Provider => t::edit_group_channel(tr),
        Field::RouterManagement => t::edit_group_router(tr),
        Field::Criticality => t::edit_group_more(tr),
        _ => "",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// covers: N4.2
    #[test]
    fn what_begins_with_a_name_keeps_its_letters() {
        let ru = |text: &str, given: &[&str]| sentence(Lang::Ru, text, given);
        assert_eq!(ru("поле пустое", &[]), "Поле пустое.");
        assert_eq!(ru("fe80::/64 не подходит", &["fe80::/64"]), "fe80::/64 не подходит.");
        assert_eq!(ru("icmp или tcp:443.", &[]), "icmp или tcp:443.");
        let en = |text: &str, given: &[&str]| sentence(Lang::En, text, given);
        assert_eq!(en("mail is taken", &["mail"]), "mail is taken.");
        assert_eq!(en("use another", &["mail"]), "Use another.");
    }
}
