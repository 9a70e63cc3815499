//! Invented changes.

use std::convert::Infallible;
use std::time::Duration;

use axum::http::Uri;
use axum::response::sse::{Event, Sse};
use ets_model::LinkState;
use ets_web::live;
use futures_util::{Stream, stream};

/// A tick each second; every third second a segment goes down or comes back. The query `quiet`
/// stops it all after three ticks, so that the page can be seen to notice.
pub(crate) async fn events(uri: Uri) -> Sse<impl Stream<Item = Result<Event, Infallible>>> {
    let quiet = uri.query().is_some_and(|query| query.contains("quiet"));
    Sse::new(stream::unfold(0_u64, move |step| async move {
        if step > 0 {
            tokio::time::sleep(Duration::from_millis(500)).await;
        }
        if quiet && step > 5 {
            std::future::pending::<()>().await;
        }
        Some((Ok(event(step).id(step.to_string())), step + 1))
    }))
}

fn event(step: u64) -> Event {
    let now = crate::now().0 / 1_000;
    if step % 6 == 5 {
        let down = step % 12 == 5;
        return json(
            "segment",
            &live::Segment {
                id: "s003".into(),
                state: if down { LinkState::Down } else { LinkState::Up },
                since: now,
                rtt: (!down).then_some(4.2),
                loss: Some(if down { 1.0 } else { 0.0 }),
                spark: crate::data::course(step as usize, 60, 5.0),
            },
        );
    }
    json("tick", &live::Tick { now, at: now })
}

fn json(name: &str, data: &impl serde::Serialize) -> Event {
    let text = serde_json::to_string(data).expect("our messages are JSON");
    Event::default().event(name).data(text)
}
