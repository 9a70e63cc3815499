//! The journal: who did what, and whether the chain of hashes holds.

use axum::response::Response;
use ets_i18n::{Key, Tr, t};
use ets_journal::{Entry, Filter, Page as Part, Recorded, Verdict};
use ets_web::html::escape;
use ets_web::pager::{Pager, pager};
use ets_web::table::{Column, Row, Table, table};
use ets_web::{Html, Page, card, facts, notice, when};

use super::lists::{Choice, address, filter, moment};
use super::points;
use super::view::View;
use crate::Error;

/// Lines on a page.
const LINES: u32 = 50;
/// Under this name the privileged process stands in the journal.
const NETD: &str = "netd";
/// Lines of [`short`]; the rest is a link.
const LISTED: u32 = 10;

/// What was asked for, as it stands in the address.
pub(crate) struct Asked {
    person: String,
    action: String,
    kind: String,
    id: String,
    from: String,
    to: String,
    before: String,
}

impl Asked {
    pub(crate) fn read(view: &View) -> Self {
        Self {
            person: view.asked("person"),
            action: view.asked("action"),
            kind: view.asked("kind"),
            id: view.asked("id"),
            from: view.asked("from"),
            to: view.asked("to"),
            before: view.asked("before"),
        }
    }

    pub(crate) fn filter(&self, view: &View) -> Filter {
        let given = |text: &str| {
            let text = text.trim();
            (!text.is_empty()).then(|| text.to_owned())
        };
        Filter {
            person: given(&self.person),
            action: given(&self.action),
            subject_kind: given(&self.kind),
            subject_id: given(&self.id),
            from_segment: None,
            since: moment(view, &self.from, 0),
            until: moment(view, &self.to, 1),
        }
    }

    fn address(&self, path: &str) -> String {
        let pairs = [
            ("person", self.person.as_str()),
            ("action", &self.action),
            ("kind", &self.kind),
            ("id", &self.id),
            ("from", &self.from),
            ("to", &self.to),
        ];
        address(path, &pairs)
    }
}

/// `GET /journal`
pub(crate) async fn page(view: View) -> Result<Response, Error> {
    let tr = view.tr();
    let asked = Asked::read(&view);
    let part = Part { before: asked.before.parse().ok(), limit: LINES };
    let store = &view.app.deps.store;
    let listing = ets_journal::list(store, &asked.filter(&view), part).await?;
    let verdict = match view.asked("verify").as_str() {
        "" => verify_offer(tr),
        _ => told(tr, &ets_journal::verify(store).await?),
    };
    let base = asked.address("/journal");
    let steps = Pager {
        previous: (!asked.before.is_empty()).then(|| base.trim_end_matches(['?', '&']).to_owned()),
        next: listing.next.map(|next| format!("{base}before={next}")),
        shown: None,
    };
    let csv = asked.address("/journal.csv");
    let csv = Html::link(csv.trim_end_matches(['?', '&']), t::download_csv(tr));
    let list = entries(&view, &listing.entries).then(&pager(tr, &steps));
    let body =
        verdict.then(&filters(&view, &asked)).then(&card::card(t::journal_title(tr), &csv, &list));
    let page = Page {
        title: t::journal_title(tr).to_owned(),
        heading: t::journal_heading(tr).to_owned(),
        body,
        nav: "journal",
        ..Page::default()
    };
    Ok(view.respond(&page))
}

fn verify_offer(tr: &Tr) -> Html {
    let link = Html::link("/journal?verify=1", t::journal_verify(tr));
    Html::trusted(format!("<p>{} {link}</p>", t::journal_chain(tr)))
}

fn told(tr: &Tr, verdict: &Verdict) -> Html {
    match &verdict.broken {
        None => {
            let text = t::journal_sound(tr, tr.number(verdict.sound));
            notice::notice(notice::Tone::Good, &Html::text(&text))
        }
        Some(broken) => {
            let text = t::journal_broken(tr, tr.number(broken.seq), tr.number(verdict.sound));
            notice::notice(notice::Tone::Bad, &Html::text(&text))
        }
    }
}

fn filters(view: &View, asked: &Asked) -> Html {
    let tr = view.tr();
    let kinds = [
        ("", t::all(tr)),
        ("segment", t::subject_segment(tr)),
        ("institution", t::subject_institution(tr)),
        ("parent", t::segment_fact_parent(tr)),
        ("rules", t::rules_title(tr)),
        ("quota", t::subject_quota(tr)),
        ("traffic", t::subject_traffic(tr)),
        ("certificate", t::subject_certificate(tr)),
        ("session", t::subject_session(tr)),
        ("entry-link", t::subject_entry_link(tr)),
    ];
    let choices = [
        Choice::Text { name: "person", label: t::journal_column_actor(tr), value: &asked.person },
        Choice::One {
            name: "kind",
            label: t::journal_column_subject(tr),
            value: &asked.kind,
            options: &kinds,
        },
        Choice::Text { name: "id", label: t::segment_fact_id(tr), value: &asked.id },
        Choice::Day { name: "from", label: t::db_from(tr), value: &asked.from },
        Choice::Day { name: "to", label: t::db_to(tr), value: &asked.to },
    ];
    filter(tr, "/journal", &choices)
}

fn entries(view: &View, entries: &[Recorded]) -> Html {
    let tr = view.tr();
    let rows = entries.iter().map(|recorded| {
        let entry = &recorded.entry;
        let on_behalf = entry.on_behalf.as_deref().unwrap_or_default();
        let actor = actor(tr, &entry.actor);
        let actor =
            if on_behalf.is_empty() { actor } else { t::journal_on_behalf(tr, actor, on_behalf) };
        Row {
            cells: vec![
                Html::text(&recorded.seq.to_string()).into(),
                when::moment(&view.ctx, recorded.at).into(),
                Html::text(&actor).into(),
                Html::text(&done(tr, entry)).into(),
                subject(view, recorded).into(),
                detail(view, recorded).into(),
            ],
            ..Row::default()
        }
    });
    let columns = vec![
        Column::new("", t::outages_column_number(tr)).numeric(),
        Column::new("", t::db_when(tr)),
        Column::new("", t::journal_column_actor(tr)),
        Column::new("", t::journal_column_action(tr)),
        Column::new("", t::journal_column_subject(tr)),
        Column::new("", t::journal_column_detail(tr)),
    ];
    let caption = t::journal_title(tr).to_owned();
    let empty = notice::empty(t::journal_empty(tr), &Html::text(t::journal_empty_hint(tr)));
    table(tr, &Table { caption, columns, rows: rows.collect(), empty, ..Table::default() })
}

/// The last entries of one thing, without its name.
pub(crate) async fn short(view: &View, kind: &str, id: &str) -> Result<Html, Error> {
    let tr = view.tr();
    let filter = Filter {
        subject_kind: Some(kind.to_owned()),
        subject_id: Some(id.to_owned()),
        ..Filter::default()
    };
    let page = Part { before: None, limit: LISTED };
    let listing = ets_journal::list(&view.app.deps.store, &filter, page).await?;
    let rows = listing.entries.iter().map(|entry| Row {
        cells: vec![
            when::moment(&view.ctx, entry.at).into(),
            Html::text(&done(tr, &entry.entry)).into(),
            Html::text(&actor(tr, &entry.entry.actor)).into(),
        ],
        ..Row::default()
    });
    Ok(table(
        tr,
        &Table {
            caption: t::journal_title(tr).to_owned(),
            columns: vec![
                Column::new("", t::db_when(tr)),
                Column::new("", t::journal_column_action(tr)),
                Column::new("", t::journal_column_actor(tr)),
            ],
            rows: rows.collect(),
            empty: Html::trusted(format!("<p class=\"mut\">{}</p>", t::segment_no_journal(tr))),
            ..Table::default()
        },
    ))
}

/// Who did it, in words: `session:administrator (68ac…)` is how the journal keeps it.
pub(crate) fn actor(tr: &Tr, kept: &str) -> String {
    let parts = kept.split_once(':').and_then(|(kind, rest)| {
        let (name, id) = rest.strip_suffix(')')?.rsplit_once(" (")?;
        Some((kind, name, id))
    });
    match parts {
        Some(("certificate", name, id)) => t::journal_by_certificate(tr, id, name),
        Some(("session", name, id)) => t::journal_by_session(tr, id, name),
        Some(("system", name, id)) => t::journal_by_system(tr, id, name),
        _ if kept == ets_rules::REGISTRY => t::rules_by_registry(tr).to_owned(),
        _ if kept == NETD => t::rules_by_netd(tr).to_owned(),
        _ => kept.to_owned(),
    }
}

/// What was done, in words where there are words for it.
pub(crate) fn action(tr: &Tr, action: &str) -> String {
    let name = format!("action-{}", action.replace(['.', '_'], "-"));
    Key::named(&name).map_or_else(|| action.to_owned(), |key| tr.get(key).to_owned())
}

/// What was done, where one action does the one and its opposite.
pub(crate) fn done(tr: &Tr, entry: &Entry) -> String {
    match entry.action.as_str() {
        "segment.maintenance" if entry.detail["until"].is_null() => {
            t::action_segment_maintenance_ended(tr).to_owned()
        }
        other => action(tr, other),
    }
}

fn subject(view: &View, recorded: &Recorded) -> Html {
    let subject = &recorded.entry.subject;
    if subject.kind == "institution"
        && let Some(one) = subject.id.parse().ok().and_then(|id| view.catalog.institution(&id))
    {
        return Html::text(one.name.get(view.lang()));
    }
    if subject.kind == "parent"
        && let Some(point) = view.catalog.parent(&subject.id)
    {
        return Html::link(&points::href(&point.id), points::name(view, point));
    }
    if subject.kind == "rules" && subject.id.parse::<u64>().is_ok() {
        let text = t::rules_change_no(view.tr(), &subject.id);
        return Html::link(&format!("/rules/history/{}", subject.id), &text);
    }
    if subject.kind == "certificate" {
        let text = t::ca_certificate_of(view.tr(), holder(recorded));
        return Html::link(&format!("/ca/certificates/{}", subject.id), &text);
    }
    if subject.kind == "token" {
        let text = t::ca_order(view.tr(), &subject.id);
        return Html::link(&format!("/ca/orders/{}", subject.id), &text);
    }
    if subject.kind == "quota" {
        return quota(view, recorded);
    }
    if subject.kind == "traffic" {
        return Html::link("/traffic", t::subject_traffic(view.tr()));
    }
    if subject.kind == "interface" {
        let port = Html::code(&subject.id);
        let Some(segment) = super::rules::behind(view, &subject.id) else { return port };
        let name = view.catalog.name(segment, view.lang());
        let link = Html::link(&format!("/segments/{}", segment.id), name);
        return port.then(&Html::text(" · ")).then(&link);
    }
    if subject.kind != "segment" {
        return Html::code(&subject.id);
    }
    match view.catalog.segment(&subject.id) {
        Some(segment) => {
            let name = view.catalog.name(segment, view.lang());
            Html::link(&format!("/segments/{}", segment.id), name)
        }
        None => Html::code(&subject.id),
    }
}

/// Whose certificate an entry is about.
fn holder(recorded: &Recorded) -> String {
    let entry = &recorded.entry;
    let subject = entry.detail["subject"].as_str().and_then(|text| text.parse().ok());
    let name = subject.map(|subject: ets_ca::Subject| subject.common_name().to_owned());
    name.unwrap_or_else(|| entry.subject.id.clone())
}

/// A quota by the name that it had then.
fn quota(view: &View, recorded: &Recorded) -> Html {
    let entry = &recorded.entry;
    let name = ["after", "before"].into_iter().find_map(|when| entry.detail[when]["name"].as_str());
    let name = name.unwrap_or(&entry.subject.id);
    Html::link("/traffic/quotas", &format!("{}: {name}", t::subject_quota(view.tr())))
}

fn detail(view: &View, recorded: &Recorded) -> Html {
    let entry = &recorded.entry;
    if entry.detail.is_null() && entry.why.is_empty() {
        return facts::none(view.tr());
    }
    let json = serde_json::to_string_pretty(&entry.detail).unwrap_or_default();
    let hash = hex::encode(recorded.hash);
    Html::trusted(format!(
        "<details><summary>{}</summary><p>{}</p><pre class=\"log\" tabindex=\"0\">{}</pre>\
         <p><small><code>{hash}</code></small></p></details>",
        t::details(view.tr()),
        escape(&entry.why),
        escape(&json)
    ))
}

/// One entry as a line of "what changed".
pub(crate) fn sentence(view: &View, recorded: &Recorded) -> Html {
    let what = done(view.tr(), &recorded.entry);
    if recorded.entry.subject.kind == "registry" {
        return Html::text(&format!("{what}{}", counts(view, recorded)));
    }
    subject(view, recorded).then(&Html::text(&format!(": {what}")))
}

/// How much an import did: `: 3 new, 5 changed`.
fn counts(view: &View, recorded: &Recorded) -> String {
    let counts = &recorded.entry.detail["counts"];
    match (counts["new"].as_u64(), counts["changed"].as_u64()) {
        (Some(new), Some(changed)) => {
            format!(": {}", t::journal_import_counts(view.tr(), changed, new))
        }
        _ => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use ets_i18n::{Lang, TimeZone};

    use super::*;

    /// covers: N1.5
    #[test]
    fn an_actor_is_told_in_words_and_a_strange_one_as_it_stands() {
        let tr = Tr::new(Lang::En, TimeZone::UTC);
        let told = |kept: &str| actor(&tr, kept);
        assert_eq!(told("session:administrator (68ac)"), "administrator, by one-time link 68ac");
        assert_eq!(told("certificate:A. B (c) (3fa1)"), "A. B (c), by certificate 3fa1");
        assert_eq!(told("lab"), "lab");
    }
}
