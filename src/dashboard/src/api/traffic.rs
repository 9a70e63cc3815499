//! `/api/v1/traffic`: what passes now or passed at a moment, who moves the most, what is missing.

use std::time::Duration;

use axum::extract::{Query, State};
use axum::response::Response;
use ets_model::{SegmentNo, WallTime};
use ets_netd_api::Direction;
use ets_registry::Catalog;
use ets_traffic::{Amount, Both, By, Filter, Flow, Gap, Period, Picture, Ranked, Snapshot};
use http::StatusCode;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::amounts::{rates, split, total, volumes};
use super::outages::moment;
use super::segments::{Language, answer};
use super::{segment_doc, time};
use crate::Error;
use crate::classes::Classes;
use crate::service::App;

/// Lines of a list where nobody says otherwise.
const LISTED: usize = 100;
/// The longest list.
const LONGEST: usize = 10_000;

/// Which picture.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(crate) struct Shown {
    segment: String,
    at: String,
}

/// `GET /api/v1/traffic`: now, or at a moment.
pub(crate) async fn live(
    State(app): State<App>,
    Query(asked): Query<Shown>,
) -> Result<Response, Error> {
    let traffic = app.traffic()?;
    let catalog = app.deps.registry.catalog();
    let only = match asked.segment.as_str() {
        "" => None,
        id => Some(segment_doc::number(&catalog, id)?),
    };
    let telling = Telling { catalog: &catalog, classes: &Classes::of(&app), only };
    let document = match moment("at", &asked.at)? {
        None => telling.now(&traffic.snapshot()),
        Some(at) => telling.past(&traffic.picture(at).await?),
    };
    Ok(answer(StatusCode::OK, &document))
}

/// How a picture becomes a document.
struct Telling<'a> {
    catalog: &'a Catalog,
    classes: &'a Classes,
    only: Option<SegmentNo>,
}

impl Telling<'_> {
    fn now(&self, now: &Snapshot) -> Value {
        let mut document = self.picture(now.hub, &now.classes);
        let segments = now.segments.iter().map(|one| (one.segment, one.rate));
        self.put_segments(&mut document, segments, |no| now.of_segment(no).to_vec());
        let head = [
            ("at", time::rfc3339(now.at.wall).into()),
            ("over_s", now.over.as_secs_f64().into()),
            ("by", now.by.as_str().into()),
            ("stale_since", time::moment(now.stale_since)),
        ];
        document.extend(head.map(|(name, value)| (name.to_owned(), value)));
        document.into()
    }

    fn past(&self, picture: &Picture) -> Value {
        let over = picture.length().as_secs().max(1);
        let flows: Vec<Flow> = averaged(&picture.hub.flows, over);
        let mut document = self.picture(average(picture.hub.amount, over), &flows);
        let segments =
            picture.segments.iter().map(|(no, total)| (*no, average(total.amount, over)));
        let flows_of = |no: SegmentNo| {
            let found = picture.segments.iter().find(|(segment, _)| *segment == no);
            found.map(|(_, total)| averaged(&total.flows, over)).unwrap_or_default()
        };
        self.put_segments(&mut document, segments, flows_of);
        document.insert("at".to_owned(), time::rfc3339(picture.period.from).into());
        document.insert("over_s".to_owned(), over.into());
        document.into()
    }

    fn picture(&self, hub: Both<Amount>, flows: &[Flow]) -> Map<String, Value> {
        let mut one = rates(hub);
        one.extend(split(self.classes, flows, rates));
        [("hub".to_owned(), one.into())].into_iter().collect()
    }

    fn put_segments(
        &self,
        document: &mut Map<String, Value>,
        segments: impl Iterator<Item = (SegmentNo, Both<Amount>)>,
        flows: impl Fn(SegmentNo) -> Vec<Flow>,
    ) {
        let mut list = Vec::new();
        for (no, rate) in segments.filter(|(no, _)| self.only.is_none_or(|only| only == *no)) {
            let Some(segment) = self.catalog.by_no(no) else { continue };
            let mut one = rates(rate);
            one.insert("segment".to_owned(), segment.id.as_str().into());
            if self.only.is_some() {
                one.extend(split(self.classes, &flows(no), rates));
            }
            list.push(Value::Object(one));
        }
        document.insert("segments".to_owned(), list.into());
    }
}

fn average(amount: Both<Amount>, seconds: u64) -> Both<Amount> {
    let one = |amount: Amount| Amount {
        bytes: amount.bytes / seconds,
        packets: amount.packets / seconds,
    };
    Both { up: one(amount.up), down: one(amount.down) }
}

fn averaged(flows: &[Flow], seconds: u64) -> Vec<Flow> {
    let one = |flow: &Flow| Flow { class: flow.class, amount: average(flow.amount, seconds) };
    flows.iter().map(one).collect()
}

/// Which list.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(crate) struct Top {
    period: String,
    from: String,
    to: String,
    by: String,
    class: String,
    direction: String,
    limit: Option<usize>,
}

/// `GET /api/v1/traffic/top`
pub(crate) async fn top(
    State(app): State<App>,
    Language(lang): Language,
    Query(asked): Query<Top>,
) -> Result<Response, Error> {
    let traffic = app.traffic()?;
    let classes = Classes::of(&app);
    let span = Span { period: asked.period.clone(), from: asked.from, to: asked.to };
    let period = span.read(&app, "day")?;
    let by = read_by(&asked.by)?;
    let filter = Filter {
        class: read_class(&classes, &asked.class)?,
        direction: read_direction(&asked.direction)?,
    };
    let limit = asked.limit.unwrap_or(LISTED).clamp(1, LONGEST);
    let top = traffic.top(period, by, filter, limit).await?;
    let catalog = app.deps.registry.catalog();
    let line = |one: &Ranked| {
        let segment = catalog.by_no(one.segment);
        let mut line = volumes(one.amount);
        line.insert("segment".to_owned(), segment.map(|one| one.id.as_str()).into());
        line.insert("name".to_owned(), segment.map(|one| catalog.name(one, lang)).into());
        line.insert("value".to_owned(), one.value.into());
        line.insert("total".to_owned(), total(&classes, &one.total).into());
        Value::Object(line)
    };
    let document = json!({
        "from": time::rfc3339(period.from),
        "to": time::rfc3339(period.to),
        "segments": top.iter().map(line).collect::<Vec<_>>(),
    });
    Ok(answer(StatusCode::OK, &document))
}

/// What a list is ordered by.
fn read_by(word: &str) -> Result<By, Error> {
    match word {
        "" | "bytes" => Ok(By::Bytes),
        "packets" => Ok(By::Packets),
        "peak" => Ok(By::Peak),
        _ => Err(Error::BadRequest(format!("by is bytes, packets or peak, not {word:?}"))),
    }
}

fn read_class(classes: &Classes, word: &str) -> Result<Option<ets_netd_api::Class>, Error> {
    if word.is_empty() {
        return Ok(None);
    }
    let known = || classes.all().into_iter().map(|one| classes.code(one)).collect::<Vec<_>>();
    let unknown = || Error::BadRequest(format!("class is one of {}", known().join(", ")));
    classes.read(word).map(Some).ok_or_else(unknown)
}

fn read_direction(word: &str) -> Result<Option<Direction>, Error> {
    match word {
        "" => Ok(None),
        "up" => Ok(Some(Direction::Up)),
        "down" => Ok(Some(Direction::Down)),
        _ => Err(Error::BadRequest(format!("direction is up or down, not {word:?}"))),
    }
}

/// A stretch of time: `period=hour` up to now, or `from` and `to`.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(crate) struct Span {
    pub period: String,
    pub from: String,
    pub to: String,
}

impl Span {
    /// The stretch; `usual` where nobody says.
    pub(super) fn read(&self, app: &App, usual: &str) -> Result<Period, Error> {
        let now = app.deps.clock.wall();
        let (from, to) = (moment("from", &self.from)?, moment("to", &self.to)?);
        let to = to.unwrap_or(now);
        if let Some(from) = from {
            return Ok(Period { from, to });
        }
        let word = if self.period.is_empty() { usual } else { &self.period };
        let length = length(word).ok_or_else(|| {
            let words = "hour, day, week, month or year";
            Error::BadRequest(format!("period is {words}, not {word:?}; or give from and to"))
        })?;
        Ok(Period { from: to.minus(length), to })
    }
}

/// How long a period of this name is.
pub(crate) fn length(word: &str) -> Option<Duration> {
    let hours = match word {
        "hour" => 1,
        "day" => 24,
        "week" => 7 * 24,
        "month" => 30 * 24,
        "year" => 365 * 24,
        _ => return None,
    };
    Some(Duration::from_secs(hours * 3_600))
}

/// `GET /api/v1/traffic/gaps`
pub(crate) async fn gaps(
    State(app): State<App>,
    Query(asked): Query<Span>,
) -> Result<Response, Error> {
    let gaps = app.traffic()?.gaps(asked.read(&app, "month")?).await?;
    let (catalog, classes) = (app.deps.registry.catalog(), Classes::of(&app));
    let documents: Vec<Value> = gaps.iter().map(|one| gap(&catalog, &classes, one)).collect();
    Ok(answer(StatusCode::OK, &documents))
}

fn gap(catalog: &Catalog, classes: &Classes, gap: &Gap) -> Value {
    let examples = gap.examples.iter().map(|one| {
        json!({
            "segment": catalog.by_no(one.segment).map(|segment| segment.id.as_str()),
            "class": classes.code(one.class),
            "direction": one.direction,
            "had": one.had,
            "found": one.found,
        })
    });
    json!({
        "id": gap.id,
        "kind": gap.kind,
        "since": time::rfc3339(gap.since),
        "until": time::rfc3339(gap.until),
        "counters": gap.counters,
        "examples": examples.collect::<Vec<_>>(),
    })
}

/// When a moment is in words of the API; for other files of this folder.
pub(super) fn stretch(period: Period) -> [(String, Value); 2] {
    let told = |at: WallTime| time::rfc3339(at).into();
    [("from".to_owned(), told(period.from)), ("to".to_owned(), told(period.to))]
}
