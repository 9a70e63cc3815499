//! What segments did that they must not: floods, scans, forged senders, calls to neighbours; with
//! evidence, since when, until when, and what the hub did about it.

use std::net::IpAddr;

use axum::response::Response;
use ets_i18n::{Tr, t};
use ets_model::Segment;
use ets_netd_api::OffenceKind;
use ets_rules::{OffenceFilter, OffenceRow};
use ets_web::html::escape;
use ets_web::live::fragment;
use ets_web::pager::{Pager, pager};
use ets_web::table::{Column, Row, Table, table};
use ets_web::{Html, Page, card, facts, notice, when};

use super::super::lists::{Choice, address, filter};
use super::super::view::View;
use super::{Tab, handle, mark, names, respond_live};
use crate::Error;

/// Lines on a page.
const LINES: u32 = 50;
/// Open offences that are counted.
const COUNTED: u32 = 1_000;

/// What was asked for, as it stands in the address.
pub(super) struct Asked {
    state: String,
    segment: String,
    before: String,
}

impl Asked {
    pub(super) fn read(view: &View) -> Self {
        Self {
            state: view.asked("state"),
            segment: view.asked("segment"),
            before: view.asked("before"),
        }
    }

    /// `None` when the segment is unknown: nothing can be found then.
    pub(super) fn filter(&self, view: &View, limit: u32) -> Option<OffenceFilter> {
        let segment = view.narrowed_to(&self.segment)?;
        let open = self.state == "open";
        Some(OffenceFilter { segment, open, before: self.before.parse().ok(), limit })
    }

    pub(super) fn address(&self, path: &str) -> String {
        address(path, &[("state", self.state.as_str()), ("segment", &self.segment)])
    }
}

/// `GET /offences`
pub(super) async fn page(view: View) -> Result<Response, Error> {
    let rules = handle(&view)?;
    let tr = view.tr();
    let asked = Asked::read(&view);
    let found = match asked.filter(&view, LINES) {
        Some(filter) => rules.offences(&filter).await?,
        None => ets_rules::Offences { rows: Vec::new(), next: None },
    };
    let open = count_open(&view).await?;
    let heading = match open {
        0 => t::offences_heading_none(tr).to_owned(),
        count => t::offences_heading(tr, count),
    };
    let base = asked.address("/offences");
    let steps = Pager {
        previous: (!asked.before.is_empty()).then(|| base.trim_end_matches(['?', '&']).to_owned()),
        next: found.next.map(|next| format!("{base}before={next}")),
        shown: None,
    };
    let csv = asked.address("/offences.csv");
    let csv = Html::link(csv.trim_end_matches(['?', '&']), t::download_csv(tr));
    let list = fragment("changed", &lines(&view, &found.rows)).then(&pager(tr, &steps));
    let body = filters(&view, &asked).then(&card::card(t::rules_tab_offences(tr), &csv, &list));
    let page =
        Page { title: t::rules_tab_offences(tr).to_owned(), heading, body, ..Page::default() };
    Ok(respond_live(&view, Tab::Offences, page))
}

async fn count_open(view: &View) -> Result<usize, Error> {
    let filter = OffenceFilter { open: true, limit: COUNTED, ..OffenceFilter::default() };
    Ok(handle(view)?.offences(&filter).await?.rows.len())
}

/// The line of the overview: that offences go on; nothing where none does.
pub(crate) async fn open_notice(view: &View) -> Result<Html, Error> {
    if view.app.deps.rules.is_none() {
        return Ok(Html::default());
    }
    let tr = view.tr();
    Ok(match count_open(view).await? {
        0 => Html::default(),
        count => {
            let link = Html::link("/offences?state=open", &t::offences_heading(tr, count));
            notice::notice(notice::Tone::Bad, &link)
        }
    })
}

fn filters(view: &View, asked: &Asked) -> Html {
    let tr = view.tr();
    let states = [("", t::all(tr)), ("open", t::offences_open(tr))];
    let choices = [
        Choice::One {
            name: "state",
            label: t::rules_grants_which(tr),
            value: &asked.state,
            options: &states,
        },
        Choice::Text {
            name: "segment",
            label: t::outages_segment_field(tr),
            value: &asked.segment,
        },
    ];
    filter(tr, "/offences", &choices)
}

fn lines(view: &View, rows: &[OffenceRow]) -> Html {
    let tr = view.tr();
    let list = Table {
        caption: t::rules_tab_offences(tr).to_owned(),
        columns: vec![
            Column::new("", t::offences_column_kind(tr)),
            Column::new("", t::db_segment(tr)),
            Column::new("", t::offences_column_since(tr)),
            Column::new("", t::offences_column_until(tr)),
            Column::new("", t::offences_column_packets(tr)).numeric(),
            Column::new("", t::offences_column_action(tr)),
            Column::new("", t::offences_column_examples(tr)),
        ],
        rows: rows.iter().map(|row| line(view, row)).collect(),
        empty: notice::empty(t::offences_none(tr), &Html::text(t::offences_none_text(tr))),
        ..Table::default()
    };
    table(tr, &list)
}

fn line(view: &View, row: &OffenceRow) -> Row {
    let tr = view.tr();
    let (icon, until) = if row.open {
        let length = when::lasting(&view.ctx, row.since);
        (mark::WRONG, Html::text(t::db_lasts(tr)).then(&Html::text(" ")).then(&length))
    } else {
        (mark::OVER, when::moment(&view.ctx, row.seen))
    };
    Row {
        cells: vec![
            Html::trusted(format!("{icon}{}", kind(tr, row.kind))).into(),
            from(view, row).into(),
            when::moment(&view.ctx, row.since).into(),
            until.into(),
            Html::text(&tr.number(i64::try_from(row.packets).unwrap_or(i64::MAX))).into(),
            Html::text(action(tr, row.kind)).into(),
            examples(view, row).into(),
        ],
        class: if row.open { "open" } else { "" },
        ..Row::default()
    }
}

/// Who did it: the segment, else the port of the hub where it came in.
fn from(view: &View, row: &OffenceRow) -> Html {
    let known = row.segment.and_then(|no| view.catalog.by_no(no));
    match known {
        Some(segment) => names::segment_link(view, &segment.id),
        None => {
            let port = Html::text(&t::offences_interface(view.tr(), &row.interface));
            match behind(view, &row.interface) {
                Some(segment) => {
                    port.then(&Html::text(" · ")).then(&names::segment_link(view, &segment.id))
                }
                None => port,
            }
        }
    }
}

/// The segment behind a port of the hub, where it is the only one there.
pub(in crate::pages) fn behind<'a>(view: &'a View, interface: &str) -> Option<&'a Segment> {
    let mut there = view.catalog.segments().filter(|one| one.interface == interface);
    there.next().filter(|_| there.next().is_none()).map(AsRef::as_ref)
}

/// What it is called.
pub(super) fn kind(tr: &Tr, kind: OffenceKind) -> &'static str {
    match kind {
        OffenceKind::Flood => t::offence_flood(tr),
        OffenceKind::Scan => t::offence_scan(tr),
        OffenceKind::Spoof => t::offence_spoof(tr),
        OffenceKind::Neighbour => t::offence_neighbour(tr),
    }
}

/// What the hub did about it.
pub(super) fn action(tr: &Tr, kind: OffenceKind) -> &'static str {
    match kind {
        OffenceKind::Flood => t::offence_flood_action(tr),
        OffenceKind::Scan => t::offence_scan_action(tr),
        OffenceKind::Spoof => t::offence_spoof_action(tr),
        OffenceKind::Neighbour => t::offence_neighbour_action(tr),
    }
}

fn examples(view: &View, row: &OffenceRow) -> Html {
    let tr = view.tr();
    if row.examples.is_empty() {
        return facts::none(tr);
    }
    let list: String = row
        .examples
        .iter()
        .map(|one| format!("<li><code>{}</code></li>", escape(&example(one))))
        .collect();
    Html::trusted(format!(
        "<details><summary>{}</summary><ul class=\"links\">{list}</ul></details>",
        t::offences_examples(tr, row.examples.len())
    ))
}

/// Destination, protocol and port: `10.10.2.1 tcp/445`.
pub(super) fn example((to, protocol, port): &(IpAddr, u8, u16)) -> String {
    match protocol {
        1 | 58 => format!("{to} icmp"),
        6 => format!("{to} tcp/{port}"),
        17 => format!("{to} udp/{port}"),
        other => format!("{to} {other}/{port}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// covers: N8.1
    #[test]
    fn an_example_names_destination_protocol_and_port() {
        let to: IpAddr = "10.10.2.1".parse().unwrap();
        assert_eq!(example(&(to, 6, 445)), "10.10.2.1 tcp/445");
        assert_eq!(example(&(to, 1, 0)), "10.10.2.1 icmp");
        assert_eq!(example(&(to, 47, 0)), "10.10.2.1 47/0");
    }
}
