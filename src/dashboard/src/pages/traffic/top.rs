//! `/traffic/top`: who moved the most in a period.

use axum::response::Response;
use ets_i18n::{Tr, t};
use ets_netd_api::{Class, Direction};
use ets_traffic::{Amount, Both, By, Filter, Ranked};
use ets_web::table::{Column, Row, Table, table};
use ets_web::{Html, Page, card, notice};

use super::figures::{Unit, bps, larger, rate_in, share, volume, whole};
use super::period::{self, Asked};
use super::picture::{Words, link};
use super::{bars, frame};
use crate::Error;
use crate::classes::Classes;
use crate::pages::lists::{Choice, address, filter};
use crate::pages::view::View;

/// Lines on the page.
const LISTED: usize = 50;

/// What was asked for.
pub(super) struct Question {
    pub asked: Asked,
    by: String,
    class: String,
    direction: String,
    pub order: By,
    pub filter: Filter,
}

impl Question {
    pub(super) fn read(view: &View, classes: &Classes) -> Self {
        let (by, class) = (view.asked("by"), view.asked("class"));
        let direction = view.asked("direction");
        let order = match by.as_str() {
            "packets" => By::Packets,
            "peak" => By::Peak,
            _ => By::Bytes,
        };
        let way = match direction.as_str() {
            "down" => Some(Direction::Down),
            "up" => Some(Direction::Up),
            _ => None,
        };
        let filter = Filter { class: classes.read(&class), direction: way };
        Self { asked: Asked::read(view, "day"), by, class, direction, order, filter }
    }

    /// The address of the same question at `path`.
    fn address(&self, path: &str) -> String {
        let mut pairs = self.asked.pairs().to_vec();
        pairs.extend([
            ("by", self.by.as_str()),
            ("class", &self.class),
            ("direction", &self.direction),
        ]);
        address(path, &pairs).trim_end_matches(['?', '&']).to_owned()
    }

    fn filters(&self, tr: &Tr, classes: &Classes) -> Html {
        let words = period::WORDS.into_iter().chain([period::CUSTOM]);
        let periods: Vec<(&str, &str)> =
            words.map(|word| (word, period::title(tr, word))).collect();
        let orders = [
            ("", t::top_by_bytes(tr)),
            ("packets", t::top_by_packets(tr)),
            ("peak", t::top_by_peak(tr)),
        ];
        let named: Vec<(String, String)> = classes
            .all()
            .into_iter()
            .map(|class| (classes.code(class), classes.name(tr, class)))
            .collect();
        let mut kinds: Vec<(&str, &str)> = vec![("", t::all(tr))];
        kinds.extend(named.iter().map(|(code, name)| (code.as_str(), name.as_str())));
        let ways = [("", t::top_both(tr)), ("down", t::top_down(tr)), ("up", t::top_up(tr))];
        let one = |name, label, value, options| Choice::One { name, label, value, options };
        let choices = [
            one("period", t::top_period(tr), self.asked.word, periods.as_slice()),
            Choice::Day { name: "from", label: t::db_from(tr), value: &self.asked.from },
            Choice::Day { name: "to", label: t::db_to(tr), value: &self.asked.to },
            one("by", t::top_by(tr), &self.by, &orders),
            one("class", t::top_class(tr), &self.class, kinds.as_slice()),
            one("direction", t::top_direction(tr), &self.direction, &ways),
        ];
        filter(tr, "/traffic/top", &choices)
    }
}

/// `GET /traffic/top`
pub(super) async fn page(view: View) -> Result<Response, Error> {
    let classes = Classes::of(&view.app);
    let question = Question::read(&view, &classes);
    let tr = view.tr();
    let mut body = question.filters(tr, &classes);
    let Some(period) = question.asked.period else {
        body.push(&not_understood(tr));
        return Ok(view.respond(&frame(&view, "top", t::top_title(tr).to_owned(), &body)));
    };
    let traffic = view.app.traffic()?;
    let top = traffic.top(period, question.order, question.filter, LISTED + 1).await?;
    let words = Words { tr, catalog: &view.catalog, classes: &classes };
    body.push(&card::card(t::top_title(tr), &files(tr, &question), &list(words, &question, &top)));
    let page = Page {
        title: t::top_title(tr).to_owned(),
        ..frame(&view, "top", heading(words, &question, &top), &body)
    };
    Ok(view.respond(&page))
}

/// The days of an own period make no sense.
pub(super) fn not_understood(tr: &Tr) -> Html {
    notice::notice(notice::Tone::Warning, &Html::text(t::top_bad_period(tr)))
}

fn files(tr: &Tr, question: &Question) -> Html {
    Html::link(&question.address("/traffic/top.csv"), t::download_csv(tr))
        .then(&Html::link(&question.address("/traffic/top.xlsx"), t::traffic_xlsx(tr)))
}

/// Who it is and how much.
fn heading(words: Words<'_>, question: &Question, top: &[Ranked]) -> String {
    let tr = words.tr;
    let phrase = question.asked.phrase(tr);
    let Some(first) = top.first() else { return t::top_heading_none(tr, phrase) };
    let name = words.catalog.by_no(first.segment).map_or_else(
        || first.segment.to_string(),
        |one| words.catalog.name(one, tr.lang()).to_owned(),
    );
    let amount = match question.order {
        By::Bytes => tr.bytes(first.value),
        By::Packets => t::top_packets(tr, first.value),
        By::Peak => bps(tr, first.value.saturating_mul(8) / 60),
    };
    t::top_heading(tr, amount, name, phrase)
}

fn list(words: Words<'_>, question: &Question, top: &[Ranked]) -> Html {
    let tr = words.tr;
    if top.is_empty() {
        let title = t::top_heading_none(tr, question.asked.phrase(tr));
        return notice::empty(&title, &t::top_empty_hint(tr).into());
    }
    let (shown, more) = (&top[..top.len().min(LISTED)], top.len() > LISTED);
    let mut html = lines(words, question, shown);
    if more {
        let text = t::top_rest(tr, LISTED);
        html.push(&Html::trusted(format!("<p class=\"mut\">{text}</p>")));
    }
    if question.filter.class == Some(Class::Dropped) {
        let note = t::flow_dropped_note(tr);
        html.push(&Html::trusted(format!("<p class=\"mut\">{note}</p>")));
    }
    html
}

fn lines(words: Words<'_>, question: &Question, top: &[Ranked]) -> Html {
    let tr = words.tr;
    let most = top.iter().map(|one| larger(one.amount)).max().unwrap_or(0);
    let busiest = top.iter().map(|one| peak(one).larger()).max().unwrap_or(0);
    let (volumes, rates) = (Unit::of_volume(most), Unit::of_rate(busiest));
    let row = |(place, one): (usize, &Ranked)| {
        let all = one.total.amount.sum().bytes;
        let mut cells = vec![
            Html::text(&tr.number(i64::try_from(place + 1).unwrap_or(0))).into(),
            link(words, one.segment).into(),
            bar(question.order, one, most, busiest).into(),
            volume(tr, volumes, one.amount.down).into(),
            volume(tr, volumes, one.amount.up).into(),
            Html::text(&whole(tr, one.amount.sum().packets)).into(),
            rate_in(tr, rates, peak(one).larger()).into(),
        ];
        if question.filter.class.is_some() {
            cells.push(share(tr, one.amount.sum().bytes, all).into());
        }
        Row { cells, ..Row::default() }
    };
    let mut columns = vec![
        Column::new("", t::top_place(tr)).numeric().minor(),
        Column::new("", t::db_segment(tr)),
        Column::new("", t::flow_bars(tr)).minor(),
        Column::new("", t::flow_down_in(tr, volumes.word(tr))).numeric(),
        Column::new("", t::flow_up_in(tr, volumes.word(tr))).numeric(),
        Column::new("", t::flow_packets(tr)).numeric(),
        Column::new("", t::flow_peak_in(tr, rates.word(tr))).numeric(),
    ];
    if question.filter.class.is_some() {
        columns.push(Column::new("", t::flow_share(tr)).numeric());
    }
    let rows = top.iter().enumerate().map(row).collect();
    let caption = t::top_title(tr).to_owned();
    table(tr, &Table { caption, columns, rows, ..Table::default() })
}

/// Bars of what the list is ordered by.
fn bar(order: By, one: &Ranked, most: u64, busiest: u64) -> Html {
    match order {
        By::Bytes | By::Packets => bars::both(one.amount, most),
        By::Peak => bars::of(peak(one), busiest),
    }
}

/// The busiest minute in bits a second.
pub(super) fn peak(one: &Ranked) -> Both<u64> {
    one.total.peak_bps()
}

/// Volumes both ways as figures of a file.
pub(super) fn exact(amount: Both<Amount>) -> [u64; 4] {
    [amount.down.bytes, amount.up.bytes, amount.down.packets, amount.up.packets]
}
