//! `/api/v1/import` and `/api/v1/export`: the register as a CSV file.

use axum::body::{Body, Bytes};
use axum::extract::{Path, Query, State};
use axum::response::{IntoResponse, Response};
use ets_registry::{Fault, Preview};
use http::{StatusCode, header};
use serde::Deserialize;
use serde_json::{Value, json};

use super::asker::Asker;
use super::segments::answer;
use crate::Error;
use crate::service::App;

/// `POST /api/v1/import/preview`: what the file would change. Nothing is changed.
pub(crate) async fn preview(State(app): State<App>, file: Bytes) -> Response {
    answer(StatusCode::OK, &document(&app.deps.registry.preview_csv(&file)))
}

/// `POST /api/v1/import/{digest}`: the same file again, with the digest of its preview.
pub(crate) async fn apply(
    by: Asker,
    Path(digest): Path<String>,
    file: Bytes,
) -> Result<Response, Error> {
    let applied = by.registry().apply_csv(&file, &digest, &by.author).await?;
    Ok(answer(StatusCode::OK, &applied))
}

/// How the file is to be.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(crate) struct Export {
    people: bool,
}

/// `GET /api/v1/export`
pub(crate) async fn export(State(app): State<App>, Query(asked): Query<Export>) -> Response {
    let registry = &app.deps.registry;
    let file = if asked.people { registry.export_csv_for_people() } else { registry.export_csv() };
    csv("segments.csv", file)
}

/// A CSV file to keep.
pub(crate) fn csv(name: &str, file: impl Into<Body>) -> Response {
    to_keep(name, "text/csv; charset=utf-8; header=present", file)
}

/// A file of some media type to keep.
pub(crate) fn to_keep(name: &str, kind: &'static str, file: impl Into<Body>) -> Response {
    let head = [
        (header::CONTENT_TYPE, kind.to_owned()),
        (header::CONTENT_DISPOSITION, format!("attachment; filename=\"{name}\"")),
        (header::CACHE_CONTROL, "no-store".to_owned()),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff".to_owned()),
    ];
    (head, file.into()).into_response()
}

fn document(preview: &Preview) -> Value {
    let rows = |rows: &[ets_registry::Row]| -> Vec<Value> {
        rows.iter()
            .map(|row| json!({"line": row.line, "id": row.segment.id, "changes": row.diffs}))
            .collect()
    };
    json!({
        "digest": preview.digest,
        "clean": preview.is_clean(),
        "new": rows(&preview.new),
        "changed": rows(&preview.changed),
        "unchanged": preview.unchanged,
        "absent": preview.absent,
        "faults": preview.faults.iter().map(fault).collect::<Vec<_>>(),
        "warnings": preview.warnings.iter().map(fault).collect::<Vec<_>>(),
    })
}

fn fault(fault: &Fault) -> Value {
    json!({
        "line": fault.line,
        "column": fault.column,
        "field": fault.field,
        "value": fault.value,
        "rule": fault.code(),
        "message": fault.message(),
        "remedy": fault.remedy(),
    })
}
