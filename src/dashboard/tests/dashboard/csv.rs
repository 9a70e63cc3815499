//! Lists as CSV files.

use axum::body::Body;
use ets_model::LinkState;
use http::{Request, StatusCode, header};

use crate::bed::{Bed, text};

async fn file(bed: &Bed, path: &str) -> String {
    let request = Request::get(path).header(header::COOKIE, "lang=ru");
    let response = bed.ask(request.body(Body::empty()).unwrap()).await;
    assert_eq!(response.status(), StatusCode::OK, "{path}");
    let kind = response.headers()[header::CONTENT_TYPE].to_str().unwrap().to_owned();
    assert!(kind.starts_with("text/csv"), "{path}: {kind}");
    text(response).await
}

/// covers: N11
#[tokio::test]
async fn a_list_as_a_file_has_the_filters_of_the_screen() {
    let bed = Bed::new(9).await;
    bed.feeder.put(bed.picture(&[(3, LinkState::Down)]));
    let all = file(&bed, "/segments.csv").await;
    assert!(all.starts_with('\u{feff}'), "spreadsheets know UTF-8 by its mark");
    assert_eq!(all.lines().count(), 10);
    let down = file(&bed, "/segments.csv?state=down").await;
    assert_eq!(down.lines().count(), 2);
    assert!(down.contains("s003") && down.contains("нет связи"));
}

/// covers: N1.2
#[tokio::test]
async fn the_exported_register_is_taken_back_unchanged() {
    let bed = Bed::new(9).await;
    let export = file(&bed, "/registry/export.csv").await;
    let preview = bed.registry.preview_csv(export.as_bytes());
    assert!(preview.is_clean());
    assert_eq!(preview.unchanged.len(), 9);
}

#[tokio::test]
async fn outages_and_journal_are_files_too() {
    let bed = Bed::new(3).await;
    bed.outage(2, bed.clock.wall(), None).await;
    assert_eq!(file(&bed, "/outages.csv").await.lines().count(), 2);
    assert!(file(&bed, "/journal.csv").await.lines().count() > 4);
}
