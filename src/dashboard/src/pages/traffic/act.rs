//! A month of an institution as an act to be signed.

use ets_documents::act::{Act, Grid, GridColumn, Signature, pdf};
use ets_i18n::t;
use ets_model::Institution;
use ets_traffic::{Flow, Report};

use super::figures::{Unit, larger, whole};
use super::month::Month;
use super::picture::Words;
use super::report_table::{Line, name, ordered, segments, sum};
use crate::Error;
use crate::pages::view::View;

/// The last day of a month is named by its last moment: a microsecond before the next.
const MOMENT: i64 = 1;

/// Makes acts of a month.
pub(super) struct Maker<'a> {
    pub view: &'a View,
    pub words: Words<'a>,
    pub month: Month,
}

impl Maker<'_> {
    /// The act of a report.
    pub(super) fn act(&self, report: &Report) -> Act {
        let tr = self.words.tr;
        let lines = segments(self.words, report);
        let known = self.words.catalog.institution(&report.institution);
        Act {
            lang: tr.lang(),
            letterhead: self.letterhead(),
            title: t::act_title(tr).to_owned(),
            subtitle: self.subtitle(report),
            facts: self.facts(report, known.map(AsRef::as_ref)),
            tables: vec![self.segments(&lines), self.classes(report)],
            notes: self.notes(report),
            signatures: self.signatures(report, known.map(AsRef::as_ref)),
            address: format!(
                "{}/traffic/reports/{}?month={}",
                self.view.ctx.origin,
                report.institution,
                self.month.word()
            ),
            page_of: t::act_page(tr, "{page}", "{pages}"),
        }
    }

    /// The acts as one file, made aside: it takes a while.
    pub(super) async fn pdf(&self, title: &str, acts: Vec<Act>) -> Result<Vec<u8>, Error> {
        let title = format!("{title}, {}", self.month.name(self.words.tr));
        let made = tokio::task::spawn_blocking(move || pdf(&title, &acts)).await;
        Ok(made.map_err(Error::internal)??)
    }

    fn operator(&self) -> String {
        let owner = self.view.app.config.owner.trim();
        let name = self.view.site().name.get(self.words.tr.lang());
        match (owner, self.view.app.config.title.trim()) {
            ("", "") => t::act_owner_unknown(self.words.tr).to_owned(),
            ("", _) => format!("{} {name}", self.view.site().mark),
            (owner, _) => owner.to_owned(),
        }
    }

    fn letterhead(&self) -> Vec<String> {
        let site = self.view.site();
        let hub = format!("{} {}", site.mark, site.name.get(self.words.tr.lang()));
        vec![self.operator(), hub]
    }

    fn subtitle(&self, report: &Report) -> Vec<String> {
        let (tr, period) = (self.words.tr, self.month.period);
        let number = format!("{}/{}", self.month.word(), report.institution);
        let last = ets_model::WallTime(period.to.0 - MOMENT);
        let (from, to) = (tr.full_date(period.from), tr.full_date(last));
        let mut lines =
            vec![t::act_number(tr, number), t::act_period(tr, from, self.month.full(tr), to)];
        if self.month.runs(self.view) {
            lines.push(t::act_running(tr).to_owned());
        }
        lines
    }

    fn facts(&self, report: &Report, known: Option<&Institution>) -> Vec<(String, String)> {
        let tr = self.words.tr;
        let mut contracts: Vec<&str> = report
            .segments
            .iter()
            .filter_map(|one| self.words.catalog.by_no(one.segment))
            .map(|segment| segment.channel.contract.as_str())
            .filter(|contract| !contract.is_empty())
            .collect();
        contracts.sort_unstable();
        contracts.dedup();
        let address = known.map_or("", |one| one.address.as_str());
        [
            (t::act_institution(tr), name(self.words, report)),
            (t::act_address(tr), address.to_owned()),
            (t::act_contracts(tr), contracts.join(", ")),
        ]
        .into_iter()
        .filter(|(_, value)| !value.is_empty())
        .map(|(term, value)| (term.to_owned(), value))
        .collect()
    }

    fn segments(&self, lines: &[Line]) -> Grid {
        let tr = self.words.tr;
        let sum = sum(lines);
        let volume = Unit::of_volume(larger(sum.total.amount));
        let p95 = lines.iter().filter_map(|line| line.percentile).map(|one| one.larger());
        let peak = sum.total.peak_bps().larger();
        let rate = Unit::of_rate(peak.max(p95.max().unwrap_or(0)));
        let row = |line: &Line, name: String| {
            let p95 = line.percentile.map(|one| rate.show(tr, one.larger()));
            vec![
                name,
                volume.show(tr, line.total.amount.down.bytes),
                volume.show(tr, line.total.amount.up.bytes),
                whole(tr, line.total.amount.sum().packets),
                rate.show(tr, line.total.peak_bps().larger()),
                p95.unwrap_or_else(|| "–".to_owned()),
            ]
        };
        let head = [
            (t::db_segment(tr).to_owned(), 2.9),
            (t::flow_down_in(tr, volume.word(tr)), 1.6),
            (t::flow_up_in(tr, volume.word(tr)), 1.6),
            (t::flow_packets(tr).to_owned(), 1.6),
            (t::flow_peak_in(tr, rate.word(tr)), 1.6),
            (t::flow_p95_in(tr, rate.word(tr)), 2.0),
        ];
        Grid {
            title: t::act_segments(tr).to_owned(),
            columns: columns(head),
            rows: lines.iter().map(|line| row(line, titled(line))).collect(),
            totals: vec![row(&sum, t::report_sum(tr).to_owned())],
        }
    }

    fn classes(&self, report: &Report) -> Grid {
        let tr = self.words.tr;
        let flows = ordered(&report.total);
        let unit = Unit::of_volume(flows.iter().map(|one| larger(one.amount)).max().unwrap_or(0));
        let all = report.total.amount.sum().bytes.max(1);
        let row = |flow: &&Flow| {
            let amount = flow.amount;
            let dropped = flow.class == ets_netd_api::Class::Dropped;
            let share = tr.percent(amount.sum().bytes as f64 / all as f64);
            vec![
                self.words.classes.name(tr, flow.class),
                unit.show(tr, amount.down.bytes),
                unit.show(tr, amount.up.bytes),
                whole(tr, amount.sum().packets),
                if dropped { "–".to_owned() } else { share },
            ]
        };
        let head = [
            (t::flow_class(tr).to_owned(), 3.6),
            (t::flow_down_in(tr, unit.word(tr)), 1.6),
            (t::flow_up_in(tr, unit.word(tr)), 1.6),
            (t::flow_packets(tr).to_owned(), 1.6),
            (t::flow_share(tr).to_owned(), 1.1),
        ];
        Grid {
            title: t::act_classes(tr).to_owned(),
            columns: columns(head),
            rows: flows.iter().map(row).collect(),
            totals: Vec::new(),
        }
    }

    fn notes(&self, report: &Report) -> Vec<String> {
        let tr = self.words.tr;
        let dropped = !report.total.of_class(ets_netd_api::Class::Dropped).sum().is_zero();
        let notes = [
            Some(t::act_note_count(tr)),
            Some(t::act_note_p95(tr)),
            dropped.then(|| t::flow_dropped_note(tr)),
            report.total.spread.then(|| t::act_note_spread(tr)),
        ];
        notes.into_iter().flatten().map(str::to_owned).collect()
    }

    fn signatures(&self, report: &Report, known: Option<&Institution>) -> Vec<Signature> {
        let tr = self.words.tr;
        let side = |side: &str, lines: Vec<String>| Signature {
            side: side.to_owned(),
            lines: lines.into_iter().filter(|line| !line.is_empty()).collect(),
            under: t::act_under(tr).to_owned(),
            below: t::act_below(tr, self.month.year.to_string()),
        };
        let head = known.map(|one| one.head.clone()).unwrap_or_default();
        vec![
            side(t::act_operator(tr), vec![self.operator()]),
            side(t::act_customer(tr), vec![name(self.words, report), head]),
        ]
    }
}

fn titled(line: &Line) -> String {
    if line.id.is_empty() { line.name.clone() } else { format!("{} ({})", line.name, line.id) }
}

/// The first column is a text, the others are numbers.
fn columns<const N: usize>(head: [(String, f32); N]) -> Vec<GridColumn> {
    let column = |(index, (title, share)): (usize, (String, f32))| GridColumn {
        title,
        share,
        is_number: index > 0,
    };
    head.into_iter().enumerate().map(column).collect()
}
