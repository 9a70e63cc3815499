//! One viewer's stream: what was missed, then every beat, until the session ends.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use ets_i18n::{Lang, Tr};
use ets_model::SegmentNo;
use ets_watch::ChangeId;
use futures_util::stream;
use http::HeaderMap;
use tokio::sync::{broadcast, watch};

use super::frames::{segment, tick, write_id, write_json};
use super::{Beat, STREAM_HEAD, Viewer};
use crate::entry::Identity;
use crate::pages;
use crate::service::App;

/// A comment keeps the connection alive when nothing happens.
const KEEP_ALIVE: Duration = Duration::from_secs(15);

/// What a viewer looks at.
#[derive(Clone, Copy)]
enum View {
    Overview(Lang),
    Segment(SegmentNo, Lang),
    Api,
}

/// The stream of the overview and of every page that shows the whole star.
pub(crate) fn page_stream(
    app: &App,
    who: Identity,
    after: Option<ChangeId>,
    lang: Lang,
) -> Response {
    open(app, who, after, View::Overview(lang))
}

/// The stream of a segment's page.
pub(crate) fn segment_stream(
    app: &App,
    who: Identity,
    after: Option<ChangeId>,
    no: SegmentNo,
    lang: Lang,
) -> Response {
    open(app, who, after, View::Segment(no, lang))
}

/// The stream of the API.
pub(crate) fn watched(app: &App, who: Identity, after: Option<ChangeId>) -> Response {
    open(app, who, after, View::Api)
}

/// The place from which a viewer goes on: what its browser sends at a reconnection, else the
/// first that was named and is a place.
pub(crate) fn resume_from<'a>(
    headers: &'a HeaderMap,
    named: impl IntoIterator<Item = &'a str>,
) -> Option<ChangeId> {
    let sent = headers.get("last-event-id").and_then(|id| id.to_str().ok());
    sent.into_iter().chain(named).find_map(|id| id.parse().ok())
}

struct Following {
    app: App,
    who: Identity,
    view: View,
    waiting: VecDeque<Bytes>,
    beats: broadcast::Receiver<Arc<Beat>>,
    endings: watch::Receiver<u64>,
    /// What the page of a segment was told last: said again only when it is different.
    told: [String; 2],
    over: bool,
    _viewer: Viewer,
}

fn open(app: &App, who: Identity, after: Option<ChangeId>, view: View) -> Response {
    // Joined first: what happens while the past is collected is told twice rather than never.
    let (viewer, beats) = app.live.join();
    let waiting = VecDeque::from([past(app, after, view)]);
    let mut following = Following {
        endings: app.sessions.endings(),
        app: app.clone(),
        who,
        view,
        waiting,
        beats,
        told: <[String; 2]>::default(),
        over: false,
        _viewer: viewer,
    };
    if let View::Segment(no, lang) = view {
        following.tell_segment(no, lang);
    }
    let stream = stream::unfold(following, |mut following| async {
        let bytes = following.next().await?;
        Some((Ok::<_, Infallible>(bytes), following))
    });
    (STREAM_HEAD, Body::from_stream(stream)).into_response()
}

impl Following {
    async fn next(&mut self) -> Option<Bytes> {
        loop {
            if let Some(bytes) = self.waiting.pop_front() {
                return Some(bytes);
            }
            if self.over {
                return None;
            }
            tokio::select! {
                beat = self.beats.recv() => self.take(beat),
                changed = self.endings.changed() => {
                    if changed.is_err() || !self.app.sessions.still_holds(&self.who) {
                        self.end();
                    }
                }
                () = tokio::time::sleep(KEEP_ALIVE) => self.keep_alive().await,
            }
        }
    }

    fn take(&mut self, beat: Result<Arc<Beat>, broadcast::error::RecvError>) {
        match beat {
            Ok(beat) => match self.view {
                View::Overview(lang) => self.queue(beat.for_overview(lang)),
                View::Segment(no, lang) => {
                    self.tell_segment(no, lang);
                    let change = if beat.touches(no) { segment_change() } else { Bytes::new() };
                    self.queue([beat.tail.clone(), change]);
                }
                View::Api => self.queue([beat.api.clone()]),
            },
            // Too slow: what was lost is told as a whole.
            Err(broadcast::error::RecvError::Lagged(_)) => {
                self.waiting.push_back("event: reset\ndata: {}\n\n".into());
            }
            Err(broadcast::error::RecvError::Closed) => self.over = true,
        }
    }

    /// The figures, the heading and the badges of a segment's page as they are now.
    fn tell_segment(&mut self, no: SegmentNo, lang: Lang) {
        let (catalog, snapshot) =
            (self.app.deps.registry.catalog(), self.app.deps.watch.snapshot());
        let tr = Tr::new(lang, self.app.zone.clone());
        let mut now = <[String; 2]>::default();
        if let Some(figures) = snapshot.segment(no).and_then(|now| segment(&catalog, now)) {
            write_json(&mut now[0], "segment", &figures);
        }
        if let Some(summary) = pages::segment_summary(&tr, &catalog, &snapshot, no) {
            write_json(&mut now[1], "summary", &summary);
        }
        for (said, now) in self.told.iter_mut().zip(now) {
            if *said != now {
                self.waiting.push_back(Bytes::from(now.clone()));
                *said = now;
            }
        }
    }

    fn queue<const N: usize>(&mut self, parts: [Bytes; N]) {
        self.waiting.extend(parts.into_iter().filter(|part| !part.is_empty()));
    }

    async fn keep_alive(&mut self) {
        if self.app.sessions.still_holds(&self.who) {
            self.app.sessions.touch(&self.who).await;
            self.waiting.push_back(Bytes::from_static(b": alive\n\n"));
        } else {
            self.end();
        }
    }

    fn end(&mut self) {
        self.waiting.push_back(Bytes::from_static(b"event: gone\ndata: {}\n\n"));
        self.over = true;
    }
}

/// Everything on the page of a segment that is not told by figures.
fn segment_change() -> Bytes {
    let fragments = pages::SEGMENT_FRAGMENTS.map(str::to_owned).to_vec();
    let mut out = String::new();
    write_json(&mut out, "change", &ets_web::live::Change { fragments });
    out.into()
}

/// What a viewer that saw `after` has missed.
fn past(app: &App, after: Option<ChangeId>, view: View) -> Bytes {
    let subscription = app.deps.watch.subscribe(after);
    let (catalog, snapshot) = (app.deps.registry.catalog(), app.deps.watch.snapshot());
    let mut out = String::from("retry: 1000\n\n");
    if matches!(view, View::Api) {
        write_id(
            &mut out,
            if after.is_some() { after.unwrap_or_default() } else { snapshot.change },
        );
        let event = if subscription.reset { "reset" } else { "hello" };
        write_json(&mut out, event, &super::frames::counts(&snapshot));
        for change in &subscription.missed {
            out.push_str(&super::api_frame(&catalog, &snapshot, change));
        }
        return out.into();
    }
    for now in &snapshot.segments {
        let shown = matches!(view, View::Overview(_))
            && subscription.missed.iter().any(|change| is_state_of(change, now.no));
        if let Some(figures) = segment(&catalog, now).filter(|_| shown) {
            write_json(&mut out, "segment", &figures);
        }
    }
    write_id(&mut out, snapshot.change);
    write_json(&mut out, "tick", &tick(&snapshot, app.deps.clock.wall().0 / 1_000));
    if subscription.reset || subscription.missed.iter().any(|change| !is_tick(change)) {
        write_json(&mut out, "reset", &serde_json::json!({}));
    }
    out.into()
}

fn is_tick(change: &ets_watch::Change) -> bool {
    matches!(change.body, ets_watch::ChangeBody::Tick)
}

fn is_state_of(change: &ets_watch::Change, no: SegmentNo) -> bool {
    matches!(change.body, ets_watch::ChangeBody::State { segment, .. } if segment == no)
}
