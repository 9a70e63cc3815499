//! `/api/v1/segments/{id}/talkers`: who talks in a segment now.

use axum::extract::{Path, Query, State};
use axum::response::Response;
use ets_traffic::{By, Group, Talker, talkers};
use http::StatusCode;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::amounts::volumes;
use super::segments::answer;
use super::{segment_doc, time};
use crate::Error;
use crate::service::App;

/// The longest list.
const LONGEST: usize = 2_000;

/// Which list.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(crate) struct Asked {
    by: String,
    limit: Option<usize>,
}

/// The handler.
pub(crate) async fn get(
    State(app): State<App>,
    Path(id): Path<String>,
    Query(asked): Query<Asked>,
) -> Result<Response, Error> {
    let no = segment_doc::number(&app.deps.registry.catalog(), &id)?;
    let wrong = || Error::BadRequest("by is inside, peer or port".to_owned());
    let group = group(&asked.by).ok_or_else(wrong)?;
    let talk = app.traffic()?.talk(no).await?;
    let limit = asked.limit.unwrap_or(50).clamp(1, LONGEST);
    let list = talkers(&talk.largest, group, By::Bytes, limit);
    let line = |(talker, amount): &(Talker, _)| {
        let mut line: Map<String, Value> = volumes(*amount);
        match talker {
            Talker::Address(address) => line.insert("address".to_owned(), json!(address)),
            Talker::Port(protocol, port) => {
                line.insert("protocol".to_owned(), (*protocol).into());
                line.insert("port".to_owned(), (*port).into())
            }
        };
        Value::Object(line)
    };
    let document = json!({
        "segment": id,
        "at": time::rfc3339(talk.at),
        "connections": talk.count,
        "talkers": list.iter().map(line).collect::<Vec<_>>(),
    });
    Ok(answer(StatusCode::OK, &document))
}

/// What connections are put together by.
pub(crate) fn group(word: &str) -> Option<Group> {
    match word {
        "" | "inside" => Some(Group::Inside),
        "peer" => Some(Group::Peer),
        "port" => Some(Group::Port),
        _ => None,
    }
}
