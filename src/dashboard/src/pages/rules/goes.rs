//! Who goes where: the longest lists of a time, and the same as files.

use axum::response::Response;
use ets_gateway::accounts::OTHERS;
use ets_gateway::{By, Line, Question, Report, Standing, words};
use ets_i18n::{Tr, t};
use ets_model::{SegmentNo, WallTime};
use ets_traffic::Both;
use ets_web::table::{Column, Row, Table, table};
use ets_web::{Html, Page, card, when};

use super::super::csv::File;
use super::super::lists::{Choice, address, filter, moment};
use super::super::traffic::bars;
use super::super::view::View;
use super::{Tab, respond};
use crate::Error;
use crate::api::gateway_line_name;

/// Lines of a list, and of a file.
const LISTED: u16 = 15;
const FILED: u16 = 10_000;
const DAY: i64 = 86_400_000_000;

/// The time and the segment that were asked for.
struct Asked {
    from: WallTime,
    until: WallTime,
    segment: Option<SegmentNo>,
    /// Whether he may see hosts and persons.
    sees_all: bool,
}

impl Asked {
    fn read(view: &View) -> Self {
        let now = view.app.deps.clock.wall();
        let day = |name: &str, days: i64| moment(view, &view.asked(name), days);
        let sees_all = view.who.as_ref().is_some_and(|who| view.app.may(who, "rules.write"));
        Self {
            from: day("from", 0).unwrap_or(WallTime(now.0 - DAY)),
            // The hour that begins with the next day is not meant.
            until: day("until", 1).map_or(now, |end| WallTime(end.0 - 1)),
            segment: view.catalog.named(view.asked("segment").trim()).map(|segment| segment.no),
            sees_all,
        }
    }

    fn question(&self, by: By, refused: bool, most: u16) -> Question {
        let Self { from, until, segment, .. } = *self;
        Question { from, until, by, segment, refused, most }
    }

    /// The lists of the page.
    fn questions(&self) -> Vec<Question> {
        let all = [
            (By::Segment, false),
            (By::Domain, false),
            (By::Person, false),
            (By::Rule, false),
            (By::Domain, true),
            (By::Rule, true),
        ];
        let some = all.into_iter().filter(|(by, _)| self.sees_all || !by.is_personal());
        some.map(|(by, refused)| self.question(by, refused, LISTED)).collect()
    }
}

/// `GET /gateway/report`
pub(super) async fn page(view: View) -> Result<Response, Error> {
    let (tr, asked) = (view.tr(), Asked::read(&view));
    let questions = asked.questions();
    let reports = view.app.gateway()?.reports(&questions, &view.author()?).await?;
    let total = reports.first().map_or(0, |report| report.total.up + report.total.down);
    let heading = match total {
        0 => t::goes_heading_none(tr).to_owned(),
        bytes => t::goes_heading(tr, tr.bytes(bytes)),
    };
    let [from, until, segment] = ["from", "until", "segment"].map(|name| view.asked(name));
    let choices = [
        Choice::Day { name: "from", label: t::goes_from(tr), value: &from },
        Choice::Day { name: "until", label: t::goes_until(tr), value: &until },
        Choice::Text { name: "segment", label: t::out_segment(tr), value: &segment },
    ];
    let note = if asked.sees_all { t::goes_noted(tr) } else { t::goes_hidden(tr) };
    let mut body = filter(tr, "/gateway/report", &choices)
        .then(&Html::trusted(format!("<p class=\"help\">{note}</p>")));
    let pairs = [("from", &*from), ("until", &*until), ("segment", &*segment)];
    for (question, report) in questions.iter().zip(&reports) {
        let base = address("/gateway/report.csv", &pairs);
        let refused = if question.refused { "&refused=1" } else { "" };
        let href = format!("{base}by={}{refused}", question.by.name());
        let list = list(&view, question, report);
        body.push(&card::card(&title(tr, question), &Html::link(&href, "CSV"), &list));
    }
    let page = Page { title: t::goes_title(tr).to_owned(), heading, body, ..Page::default() };
    Ok(respond(&view, Tab::Goes, page))
}

/// `GET /gateway/report.csv`
pub(super) async fn csv(view: View) -> Result<Response, Error> {
    let (tr, asked) = (view.tr(), Asked::read(&view));
    let by = By::read(&view.asked("by")).unwrap_or(By::Segment);
    if by.is_personal() && !asked.sees_all {
        return Err(Error::Denied { missing: "rules.write".to_owned(), whom_to_ask: Vec::new() });
    }
    let question = asked.question(by, !view.asked("refused").is_empty(), FILED);
    let reports = view.app.gateway()?.reports(&[question], &view.author()?).await?;
    let (head, tunnels) = heads(tr, &question);
    let mut file = File::new(&[head, tunnels, t::goes_up(tr), t::goes_down(tr)])?;
    for line in reports.iter().flat_map(|report| &report.lines) {
        let [tunnels, up, down] = [line.tunnels, line.up, line.down].map(|one| one.to_string());
        file.line([gateway_line_name(&view.catalog, line), tunnels, up, down])?;
    }
    file.answer(&format!("gateway-{}.csv", by.name()))
}

fn title(tr: &Tr, question: &Question) -> String {
    let title = match question.by {
        By::Segment => t::goes_segments(tr),
        By::Domain => t::goes_hosts(tr),
        By::Person => t::goes_persons(tr),
        By::Rule => t::goes_rules(tr),
    };
    if question.refused { format!("{}: {title}", t::goes_refused(tr)) } else { title.to_owned() }
}

/// What its lines are about, and what is counted.
fn heads<'a>(tr: &'a Tr, question: &Question) -> (&'a str, &'a str) {
    let head = match question.by {
        By::Segment => t::db_segment(tr),
        By::Domain => t::goes_host(tr),
        By::Person => t::goes_person(tr),
        By::Rule => t::out_rule(tr),
    };
    (head, if question.refused { t::goes_asks(tr) } else { t::goes_tunnels(tr) })
}

fn list(view: &View, question: &Question, report: &Report) -> Html {
    let tr = view.tr();
    if report.lines.is_empty() {
        return Html::trusted(format!("<p class=\"mut\">{}</p>", t::goes_none(tr)));
    }
    let (head, tunnels) = heads(tr, question);
    let mut columns = vec![Column::new("", head), Column::new("", tunnels).numeric()];
    if !question.refused {
        columns.push(Column::new("", t::goes_up(tr)).numeric());
        columns.push(Column::new("", t::goes_down(tr)).numeric());
        columns.push(Column::new("", "").minor());
    }
    let most = report.lines.iter().map(|line| line.up.max(line.down)).max().unwrap_or(0);
    let row = |line: &Line| {
        let count = tr.number(i64::try_from(line.tunnels).unwrap_or(i64::MAX));
        let mut cells = vec![name(view, line).into(), Html::text(&count).into()];
        if !question.refused {
            let both = Both { up: line.up, down: line.down };
            cells.push(Html::text(&tr.bytes(line.up)).into());
            cells.push(Html::text(&tr.bytes(line.down)).into());
            cells.push(bars::of(both, most).into());
        }
        Row { cells, ..Row::default() }
    };
    let rows = report.lines.iter().map(row).collect();
    table(tr, &Table { caption: title(tr, question), columns, rows, ..Table::default() })
}

fn name(view: &View, line: &Line) -> Html {
    if let Some(segment) = line.segment.and_then(|no| view.catalog.by_no(no)) {
        let href = format!("/segments/{}", segment.id);
        return Html::link(&href, view.catalog.name(segment, view.lang()));
    }
    match gateway_line_name(&view.catalog, line).as_str() {
        "" => Html::text(t::goes_unknown(view.tr())),
        OTHERS => Html::text(t::goes_others(view.tr())),
        name => Html::text(name),
    }
}

/// How segments stand with their volumes, those that used most of theirs first; nothing where no
/// segment has one.
pub(super) fn volumes(view: &View) -> Result<Html, Error> {
    let (tr, desk) = (view.tr(), view.app.gateway()?);
    let segments: Vec<SegmentNo> = view.catalog.segments().map(|segment| segment.no).collect();
    let policy = desk.gateway().policy();
    let mut standings = desk.gateway().standings(&segments);
    if standings.is_empty() {
        return Ok(Html::default());
    }
    standings.sort_by(|one, other| other.ratio().total_cmp(&one.ratio()));
    let row = |one: &Standing| {
        let segment = view.catalog.by_no(one.segment);
        let segment = segment.map_or("", |segment| view.catalog.name(segment, view.lang()));
        let limit = policy.limit(one.limit).map_or("", |limit| words::limit(tr, limit));
        let percent = tr.percent(one.ratio());
        let used = t::out_volume_of(tr, tr.bytes(one.bytes), percent, tr.bytes(one.used));
        let until = one.until.as_ref().map(|until| WallTime(until.timestamp().as_microsecond()));
        let until = until.map(|until| when::moment(&view.ctx, until)).unwrap_or_default();
        let used = bars::one(one.used, one.bytes).then(&Html::text(&format!(" {used}")));
        Row {
            cells: vec![
                Html::text(segment).into(),
                Html::text(limit).into(),
                used.into(),
                until.into(),
            ],
            ..Row::default()
        }
    };
    let list = Table {
        caption: t::out_volumes(tr).to_owned(),
        columns: vec![
            Column::new("", t::db_segment(tr)),
            Column::new("", t::out_volume_limit(tr)),
            Column::new("", t::out_volume_used(tr)),
            Column::new("", t::out_volume_left(tr)),
        ],
        rows: standings.iter().take(LISTED_VOLUMES).map(row).collect(),
        ..Table::default()
    };
    Ok(card::card(t::out_volumes(tr), &Html::default(), &table(tr, &list)))
}

/// Segments whose volumes are listed.
const LISTED_VOLUMES: usize = 100;
