//! `/ca`: what waits, what ends soon, and every certificate there is.

use axum::response::Response;
use ets_ca::life::{Order, Stage};
use ets_ca::{Figures, Kept, Query, SOON, Shown};
use ets_i18n::t;
use ets_web::pager::{Pager, pager};
use ets_web::table::{Column, Row, Table, table};
use ets_web::{Html, Page, card, notice, when};

use super::super::csv::{File, LIMIT};
use super::super::lists::{Choice, address, filter};
use super::super::trust_tabs::{self, Tab};
use super::{DESK, told, words};
use crate::Error;
use crate::pages::view::View;

/// Lines on a page.
const LINES: usize = 50;

/// What was asked for, as it stands in the address.
struct Asked {
    q: String,
    state: String,
    profile: String,
}

impl Asked {
    fn read(view: &View) -> Self {
        Self { q: view.asked("q"), state: view.asked("state"), profile: view.asked("profile") }
    }

    fn query(&self) -> Query {
        let shown = match self.state.as_str() {
            "active" => Some(Shown::Active),
            "suspended" => Some(Shown::Suspended),
            "revoked" => Some(Shown::Revoked),
            "expired" => Some(Shown::Expired),
            "soon" => Some(Shown::EndsWithin(SOON)),
            _ => None,
        };
        Query { text: self.q.clone(), shown, profile: self.profile.clone() }
    }

    fn address(&self, path: &str) -> String {
        let pairs = [("q", self.q.as_str()), ("state", &self.state), ("profile", &self.profile)];
        address(path, &pairs)
    }
}

/// `GET /ca`
pub(super) async fn page(view: View) -> Result<Response, Error> {
    let (tr, store, now) = (view.tr(), &view.app.deps.store, view.ctx.now);
    let asked = Asked::read(&view);
    let figures = ets_ca::figures(store, now).await?;
    let from: usize = view.asked("from").parse().unwrap_or(0);
    let mut found = ets_ca::search(store, &asked.query(), now, (from, LINES + 1)).await?;
    let has_more = found.len() > LINES;
    found.truncate(LINES);
    let waiting = view.app.tokens()?.waiting().await?;
    let base = asked.address(DESK);
    let steps = Pager {
        previous: (from > 0).then(|| format!("{base}from={}", from.saturating_sub(LINES))),
        next: has_more.then(|| format!("{base}from={}", from + LINES)),
        shown: None,
    };
    let list = list(&view, &found, &asked).await?.then(&pager(tr, &steps));
    let mut body = trust_tabs::tabs(&view, Tab::Certificates);
    body.push(&shown(&view, &figures, waiting.len()));
    if !waiting.is_empty() {
        body.push(&card::card(t::ca_orders(tr), &Html::default(), &orders(&view, &waiting)));
    }
    body.push(&filters(&view, &asked));
    body.push(&card::card(t::ca_list(tr), &tools(&view, &asked), &list));
    let heading = match figures.ending {
        0 => t::ca_heading(tr, figures.active),
        soon => t::ca_heading_soon(tr, soon),
    };
    let title = t::ca_title(tr).to_owned();
    Ok(view.respond(&Page { title, heading, body, nav: "ca", ..Page::default() }))
}

fn shown(view: &View, figures: &Figures, waiting: usize) -> Html {
    let tr = view.tr();
    let number = |count: u64| tr.number(i64::try_from(count).unwrap_or(i64::MAX));
    let figure = |count: u64, state: &str| match count {
        0 => Html::text(&number(0)),
        _ => Html::link(&format!("{DESK}?state={state}"), &number(count)),
    };
    card::figures(&[
        (t::ca_figure_valid(tr), figure(figures.active, "active")),
        (t::ca_figure_waiting(tr), Html::text(&number(waiting as u64))),
        (t::ca_figure_soon(tr), figure(figures.ending, "soon")),
        (t::ca_figure_suspended(tr), figure(figures.suspended, "suspended")),
        (t::ca_figure_revoked(tr), figure(figures.revoked, "revoked")),
    ])
}

fn tools(view: &View, asked: &Asked) -> Html {
    let tr = view.tr();
    let csv = asked.address("/ca/certificates.csv");
    Html::trusted(format!(
        "<a class=\"button\" href=\"/ca/new\">{}</a>{}",
        t::ca_new(tr),
        Html::link(csv.trim_end_matches(['?', '&']), t::ca_export(tr)),
    ))
}

fn orders(view: &View, waiting: &[(Order, Stage)]) -> Html {
    let tr = view.tr();
    let row = |(order, stage): &(Order, Stage)| {
        let (name, institution) = words::owner(&order.subject);
        let href = format!("/ca/orders/{}", order.id);
        Row {
            cells: vec![
                Html::link(&href, &t::ca_order(tr, order.id.to_string())).into(),
                name.into(),
                institution.into(),
                Html::text(words::profile(tr, &order.profile)).into(),
                words::stage_badge(tr, *stage).into(),
                when::moment(&view.ctx, order.since).into(),
            ],
            ..Row::default()
        }
    };
    let columns = vec![
        Column::new("", t::ca_order_number(tr)),
        Column::new("", t::ca_owner(tr)),
        Column::new("", t::ca_institution(tr)),
        Column::new("", t::ca_profile(tr)).minor(),
        Column::new("", t::ca_state(tr)),
        Column::new("", t::ca_since(tr)).minor(),
    ];
    let rows = waiting.iter().map(row).collect();
    table(tr, &Table { caption: t::ca_orders(tr).to_owned(), columns, rows, ..Table::default() })
}

/// Of certificates that end soon it is told who knows.
async fn list(view: &View, found: &[Kept], asked: &Asked) -> Result<Html, Error> {
    let tr = view.tr();
    let ends = matches!(asked.query().shown, Some(Shown::EndsWithin(_)));
    let mut rows = Vec::new();
    for kept in found {
        let (name, institution) = words::owner(&kept.subject);
        let serial = kept.serial.to_string();
        let mut row = Row {
            cells: vec![
                Html::link(&format!("/ca/certificates/{serial}"), &name).into(),
                institution.into(),
                Html::text(words::profile(tr, &kept.profile)).into(),
                words::badge(tr, kept, view.ctx.now).into(),
                Html::text(&tr.date(kept.not_after, view.ctx.now)).into(),
                Html::code(&serial).into(),
            ],
            ..Row::default()
        };
        if ends {
            row.cells.push(told::last(view, kept).await?.into());
        }
        rows.push(row);
    }
    let mut columns = vec![
        Column::new("", t::ca_owner(tr)),
        Column::new("", t::ca_institution(tr)),
        Column::new("", t::ca_profile(tr)).minor(),
        Column::new("", t::ca_state(tr)),
        Column::new("", t::ca_until(tr)),
        Column::new("", t::ca_serial(tr)).minor(),
    ];
    if ends {
        columns.push(Column::new("", t::ca_told(tr)));
    }
    let empty = notice::empty(t::ca_none(tr), &Html::text(t::ca_none_text(tr)));
    let caption = t::ca_list(tr).to_owned();
    Ok(table(tr, &Table { caption, columns, rows, empty, ..Table::default() }))
}

fn filters(view: &View, asked: &Asked) -> Html {
    let tr = view.tr();
    let states = [
        ("", t::all(tr)),
        ("active", t::ca_state_active(tr)),
        ("soon", t::ca_figure_soon(tr)),
        ("suspended", t::ca_state_suspended(tr)),
        ("revoked", t::ca_state_revoked(tr)),
        ("expired", t::ca_state_expired(tr)),
    ];
    let mut profiles = vec![("", t::all(tr))];
    let known = words::ORDERED.into_iter().chain(["administrator", "hub", "ocsp"]);
    profiles.extend(known.map(|name| (name, words::profile(tr, name))));
    let choices = [
        Choice::Text { name: "q", label: t::ca_search(tr), value: &asked.q },
        Choice::One {
            name: "state",
            label: t::ca_state(tr),
            value: &asked.state,
            options: &states,
        },
        Choice::One {
            name: "profile",
            label: t::ca_profile(tr),
            value: &asked.profile,
            options: &profiles,
        },
    ];
    filter(tr, DESK, &choices)
}

/// `GET /ca/certificates.csv`
pub(super) async fn csv(view: View) -> Result<Response, Error> {
    let (tr, now) = (view.tr(), view.ctx.now);
    let query = Asked::read(&view).query();
    let found = ets_ca::search(&view.app.deps.store, &query, now, (0, LIMIT)).await?;
    let mut file = File::new(&[
        t::ca_serial(tr),
        t::ca_owner(tr),
        t::ca_institution(tr),
        t::ca_profile(tr),
        t::ca_state(tr),
        t::ca_reason(tr),
        t::ca_from(tr),
        t::ca_until(tr),
        t::ca_names(tr),
    ])?;
    for kept in found {
        let (name, institution) = words::owner(&kept.subject);
        file.line([
            kept.serial.to_string(),
            name,
            institution,
            words::profile(tr, &kept.profile).to_owned(),
            words::state(tr, &kept, now).1.to_owned(),
            kept.reason.map(|reason| words::reason(tr, reason).to_owned()).unwrap_or_default(),
            crate::api::rfc3339(kept.not_before),
            crate::api::rfc3339(kept.not_after),
            kept.names.join(" "),
        ])?;
    }
    file.answer("certificates.csv")
}
