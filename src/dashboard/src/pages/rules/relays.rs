//! The relays on the page of the way out: services on the hub's own address, and what is open.

use ets_gateway::datagrams::{Datagrams, Dropped};
use ets_gateway::{Desk, RelayState};
use ets_i18n::{Tr, t};
use ets_web::Html;
use ets_web::table::{Column, Row, Table, table};

/// One row for each relay.
pub(super) fn list(tr: &Tr, desk: &Desk) -> Html {
    let rows = desk.relay_states().into_iter().map(|state| row(tr, &state));
    let list = Table {
        caption: t::out_relays(tr).to_owned(),
        columns: vec![
            Column::new("", t::out_relay(tr)),
            Column::new("", t::out_ports(tr)),
            Column::new("", t::out_target(tr)),
            Column::new("", t::out_for(tr)),
            Column::new("", t::out_relay_open(tr)).numeric(),
            Column::new("", t::out_state(tr)),
        ],
        rows: rows.collect(),
        empty: Html::trusted(format!("<p class=\"mut\">{}</p>", t::out_no_relays(tr))),
        ..Table::default()
    };
    table(tr, &list)
}

fn row(tr: &Tr, state: &RelayState) -> Row {
    let relay = &state.relay;
    let ports: Vec<String> = relay.ports.iter().map(ToString::to_string).collect();
    let segments = relay.who.segments.iter().map(ToString::to_string);
    let whom = super::way_out::some(
        segments.chain(relay.who.groups.iter().cloned()),
        t::out_everybody(tr),
    );
    let now = match &state.fault {
        _ if relay.off => t::out_off(tr).to_owned(),
        Some(why) => t::out_relay_fault(tr, why.as_str()),
        None => t::out_relay_on(tr).to_owned(),
    };
    let name = Html::text(relay.name.get(tr.lang()))
        .then(&Html::trusted(" "))
        .then(&Html::code(&relay.id));
    let open = tr.number(i64::try_from(state.open).unwrap_or(i64::MAX));
    Row {
        cells: vec![
            name.into(),
            Html::text(&ports.join(", ")).into(),
            Html::text(&relay.target.to_string()).into(),
            Html::text(&whom).into(),
            Html::text(&open).into(),
            Html::text(&now).into(),
        ],
        ..Row::default()
    }
}

/// What is open over UDP, and what was dropped.
pub(super) fn datagrams(tr: &Tr, all: &Datagrams) -> [(&'static str, Html); 2] {
    let open = t::out_udp_told(tr, all.associations(), all.sessions());
    let dropped: Vec<String> = all
        .dropped()
        .filter(|(_, count)| *count > 0)
        .map(|(why, count)| {
            let count = tr.number(i64::try_from(count).unwrap_or(i64::MAX));
            format!("{}: {count}", because(tr, why))
        })
        .collect();
    let dropped = if dropped.is_empty() { tr.number(0) } else { dropped.join(", ") };
    [(t::out_udp(tr), Html::text(&open)), (t::out_dropped(tr), Html::text(&dropped))]
}

fn because(tr: &Tr, why: Dropped) -> &'static str {
    match why {
        Dropped::Stranger => t::out_drop_stranger(tr),
        Dropped::Malformed => t::out_drop_malformed(tr),
        Dropped::Fragment => t::out_drop_fragment(tr),
        Dropped::Refused => t::out_drop_refused(tr),
        Dropped::NoName => t::out_drop_no_name(tr),
        Dropped::Crowded => t::out_drop_crowded(tr),
        Dropped::Unasked => t::out_drop_unasked(tr),
        Dropped::Unsent => t::out_drop_unsent(tr),
        Dropped::TooMuch => t::out_drop_too_much(tr),
    }
}
