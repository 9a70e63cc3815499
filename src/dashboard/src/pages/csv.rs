//! Lists as CSV (RFC 4180) for spreadsheets: with a byte order mark, with words in the reader's
//! language and figures alike in all of them (a decimal point, no spaces), and with no cell that a
//! spreadsheet would take for a formula.

use axum::response::Response;
use bytes::Bytes;
use ets_i18n::{Tr, t};
use ets_watch::SegmentNow;

use super::evidence::outage_name;
use super::view::View;
use super::{journal, outages, registry};
use crate::Error;
use crate::api::{csv_answer, current_rtt};

/// The mark by which spreadsheets know UTF-8.
const BYTE_ORDER_MARK: &str = "\u{feff}";
/// A file has at most so many lines; more is fetched in parts, by filter.
pub(super) const LIMIT: usize = 100_000;

/// A file in the making.
pub(super) struct File(csv::Writer<Vec<u8>>);

impl File {
    pub(super) fn new(head: &[&str]) -> Result<Self, Error> {
        let mut file = Self(csv::Writer::from_writer(BYTE_ORDER_MARK.as_bytes().to_vec()));
        file.line(head.iter().map(|cell| (*cell).to_owned()))?;
        Ok(file)
    }

    pub(super) fn line(&mut self, cells: impl IntoIterator<Item = String>) -> Result<(), Error> {
        let cells = cells.into_iter().map(|cell| guarded(&cell));
        self.0.write_record(cells).map_err(Error::internal)
    }

    pub(super) fn answer(self, name: &str) -> Result<Response, Error> {
        let bytes = self.0.into_inner().map_err(|error| Error::internal(error.into_error()))?;
        Ok(csv_answer(name, Bytes::from(bytes)))
    }
}

/// A cell that begins like a formula gets an apostrophe before it (OWASP, CSV injection).
/// Numbers keep their sign.
pub(crate) fn guarded(cell: &str) -> String {
    let risky = cell.starts_with(['=', '+', '-', '@', '\t', '\r', '\n']);
    if risky && cell.parse::<f64>().is_err() { format!("'{cell}") } else { cell.to_owned() }
}

/// `GET /segments.csv`
pub(crate) async fn segments(view: View) -> Result<Response, Error> {
    let tr = view.tr();
    let asked = registry::Asked::read(&view);
    let mut file = File::new(&[
        t::segment_fact_id(tr),
        t::db_segment(tr),
        t::db_district(tr),
        t::db_state(tr),
        t::db_since(tr),
        t::db_rtt_ms(tr),
        t::db_loss_percent(tr),
        t::segment_fact_probe(tr),
        t::segment_fact_prefixes(tr),
        t::db_provider(tr),
    ])?;
    for (segment, now) in asked.find(&view).into_iter().take(LIMIT) {
        let prefixes: Vec<String> = segment.prefixes.iter().map(ToString::to_string).collect();
        let (state, since, rtt, loss) = live_cells(tr, now);
        file.line([
            segment.id.to_string(),
            view.catalog.name(segment, view.lang()).to_owned(),
            view.catalog.district(segment).to_owned(),
            state,
            since,
            rtt,
            loss,
            segment.probing.address.to_string(),
            prefixes.join(" "),
            segment.channel.provider.clone(),
        ])?;
    }
    file.answer("segments.csv")
}

fn live_cells(tr: &Tr, now: Option<&SegmentNow>) -> (String, String, String, String) {
    let Some(now) = now else { return Default::default() };
    (
        ets_web::state::word(tr, now.state).to_owned(),
        moment(tr, now.since),
        current_rtt(now).map(|rtt| format!("{:.3}", rtt.as_secs_f64() * 1e3)).unwrap_or_default(),
        now.loss().map(|loss| format!("{:.1}", loss * 100.0)).unwrap_or_default(),
    )
}

/// A moment that spreadsheets understand, in the reader's zone.
pub(super) fn moment(tr: &Tr, at: ets_model::WallTime) -> String {
    tr.zoned(at).strftime("%Y-%m-%d %H:%M:%S").to_string()
}

/// `GET /registry/export.csv`: the file that an import takes back.
pub(crate) async fn registry(view: View) -> Response {
    csv_answer("registry.csv", view.app.deps.registry.export_csv())
}

/// `GET /outages.csv`
pub(crate) async fn outages(view: View) -> Result<Response, Error> {
    let tr = view.tr();
    let mut file = File::new(&[
        t::outages_column_number(tr),
        t::outages_column_what(tr),
        t::outages_column_kind(tr),
        t::csv_began_after(tr),
        t::csv_began_before(tr),
        t::outages_column_ended(tr),
        t::csv_seconds(tr),
    ])?;
    let asked = outages::Asked::read(&view);
    let mut next = asked.filter(&view, 1000);
    let mut lines = 0;
    while let Some(filter) = next.take() {
        let page = view.app.deps.watch.outages(&filter).await?;
        for row in &page.rows {
            let outage = &row.outage;
            let kind = if row.maintenance { t::story_planned(tr) } else { t::story_emergency(tr) };
            file.line([
                outage.id.to_string(),
                outage_name(&view, row),
                kind.trim_end_matches('.').to_owned(),
                moment(tr, outage.began_after),
                moment(tr, outage.began_before),
                outage.ended.map(|end| moment(tr, end)).unwrap_or_default(),
                outages::seconds(outage.began_before, outage.ended),
            ])?;
        }
        lines += page.rows.len();
        next = page
            .next
            .filter(|_| lines < LIMIT)
            .map(|after| ets_watch::OutageFilter { after: Some(after), ..filter });
    }
    file.answer("outages.csv")
}

/// `GET /journal.csv`
pub(crate) async fn journal(view: View) -> Result<Response, Error> {
    let tr = view.tr();
    let mut file = File::new(&[
        t::outages_column_number(tr),
        t::db_when(tr),
        t::journal_column_actor(tr),
        t::journal_column_action(tr),
        t::journal_column_subject(tr),
        t::journal_column_detail(tr),
        "SHA-256",
    ])?;
    let filter = journal::Asked::read(&view).filter(&view);
    let mut before = None;
    let mut lines = 0;
    loop {
        let part = ets_journal::Page { before, limit: 1000 };
        let listing = ets_journal::list(&view.app.deps.store, &filter, part).await?;
        for recorded in &listing.entries {
            let entry = &recorded.entry;
            file.line([
                recorded.seq.to_string(),
                moment(tr, recorded.at),
                entry.actor.clone(),
                journal::action(tr, &entry.action),
                format!("{} {}", entry.subject.kind, entry.subject.id),
                entry.detail.to_string(),
                hex::encode(recorded.hash),
            ])?;
        }
        lines += listing.entries.len();
        before = listing.next;
        if before.is_none() || lines >= LIMIT {
            return file.answer("journal.csv");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// covers: N1.2
    #[test]
    fn no_cell_is_taken_for_a_formula() {
        assert_eq!(guarded("=1+1"), "'=1+1");
        assert_eq!(guarded("@SUM(A1)"), "'@SUM(A1)");
        assert_eq!(guarded("-12.5"), "-12.5");
        assert_eq!(guarded("-cmd"), "'-cmd");
        assert_eq!(guarded("Аягоз"), "Аягоз");
    }
}
