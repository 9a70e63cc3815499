//! The streams that keep pages fresh.

use axum::extract::Path;
use axum::response::Response;
use ets_watch::ChangeId;

use super::view::View;
use crate::{Error, live};

/// The stream of the overview, the wall screen and the list of outages.
pub(crate) async fn overview(view: View) -> Result<Response, Error> {
    Ok(live::page_stream(&view.app, view.identity()?.clone(), after(&view), view.lang()))
}

/// The stream of one segment's page.
pub(crate) async fn segment(view: View, Path(id): Path<String>) -> Result<Response, Error> {
    let segment = view.catalog.segment(&id).ok_or_else(|| Error::segment(&id))?;
    let (who, lang) = (view.identity()?.clone(), view.lang());
    Ok(live::segment_stream(&view.app, who, after(&view), segment.no, lang))
}

/// Where the script left off (`last`), else where the page was made (`after`).
fn after(view: &View) -> Option<ChangeId> {
    let (last, after) = (view.asked("last"), view.asked("after"));
    live::resume_from(&view.headers, [last.as_str(), after.as_str()])
}
