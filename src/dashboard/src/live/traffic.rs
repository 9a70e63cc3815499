//! The stream of the traffic pages: heading and picture as markup, each second, made once for all
//! who look at the same in the same language.

use std::collections::HashMap;
use std::convert::Infallible;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use axum::body::Body;
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use ets_i18n::{Lang, Tr};
use ets_model::SegmentNo;
use ets_traffic::Handle;
use ets_web::live::Tick;
use futures_util::stream;
use serde_json::json;
use tokio::sync::watch;

use super::frames::write_json;
use super::{STREAM_HEAD, Viewer};
use crate::Error;
use crate::classes::Classes;
use crate::entry::Identity;
use crate::pages;
use crate::service::App;

/// Where no new picture comes, the page hears at least so often that the stream is alive.
const BEAT: Duration = Duration::from_millis(1_100);
/// The session is looked at once in so many pictures.
const LOOK: u32 = 15;
/// The chart of the last hour is renewed once in so many pictures.
const HOUR: u32 = 15;

/// What one viewer looks at.
type View = (Lang, Option<SegmentNo>);

/// The newest words for each view, as they were told last.
#[derive(Default)]
pub(crate) struct Pictures(Mutex<HashMap<View, (u64, Bytes)>>);

/// More views than this are those of segments that nobody looks at any more.
const VIEWS: usize = 256;

impl Pictures {
    /// The words of this view for a picture, made if need be.
    fn get(&self, view: View, seq: u64, make: impl FnOnce() -> Bytes) -> Bytes {
        let lock = || self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let known = lock().get(&view).filter(|(made, _)| *made == seq).map(|one| one.1.clone());
        if let Some(bytes) = known {
            return bytes;
        }
        let bytes = make();
        let mut views = lock();
        if views.len() >= VIEWS {
            views.clear();
        }
        views.insert(view, (seq, bytes.clone()));
        bytes
    }
}

struct Following {
    app: App,
    who: Identity,
    view: View,
    live: ets_traffic::Live,
    endings: watch::Receiver<u64>,
    told: u32,
    over: bool,
    _viewer: Viewer,
}

/// The stream of `/traffic`, or of the traffic of one segment.
pub(crate) fn traffic_stream(
    app: &App,
    who: Identity,
    lang: Lang,
    segment: Option<SegmentNo>,
) -> Result<Response, Error> {
    let mut live = app.traffic()?.subscribe();
    // What stands now is told at once.
    live.mark_changed();
    let following = Following {
        endings: app.sessions.endings(),
        app: app.clone(),
        who,
        view: (lang, segment),
        live,
        told: 0,
        over: false,
        _viewer: app.live.join().0,
    };
    let stream = stream::unfold(following, |mut following| async {
        let bytes = following.next().await?;
        Some((Ok::<_, Infallible>(bytes), following))
    });
    Ok((STREAM_HEAD, Body::from_stream(stream)).into_response())
}

impl Following {
    async fn next(&mut self) -> Option<Bytes> {
        if self.over {
            return None;
        }
        let gone = tokio::select! {
            changed = self.live.changed() => changed.is_err(),
            ended = self.endings.changed() => ended.is_err() || !self.holds(),
            () = tokio::time::sleep(BEAT) => false,
        };
        self.told = self.told.wrapping_add(1);
        if self.told.is_multiple_of(LOOK) {
            self.app.sessions.touch(&self.who).await;
        }
        if gone || (self.told.is_multiple_of(LOOK) && !self.holds()) {
            self.over = true;
            return Some(Bytes::from_static(b"event: gone\ndata: {}\n\n"));
        }
        self.words()
    }

    fn holds(&self) -> bool {
        self.app.sessions.still_holds(&self.who)
    }

    fn words(&self) -> Option<Bytes> {
        let traffic: &Handle = self.app.deps.traffic.as_ref()?;
        let now = traffic.snapshot();
        let app = &self.app;
        let mut words = app.live.pictures.get(self.view, now.seq, || picture(app, self.view, &now));
        let mut rest = String::new();
        // Of a silence the age counts from the last picture.
        let tick = Tick {
            now: app.deps.clock.wall().0 / 1_000,
            at: pages::traffic_middle(&now).0 / 1_000,
        };
        write_json(&mut rest, "tick", &tick);
        if self.told.is_multiple_of(HOUR) {
            write_json(&mut rest, "change", &json!({"fragments": ["hour"]}));
        }
        words = [words.as_ref(), rest.as_bytes()].concat().into();
        Some(words)
    }
}

fn picture(app: &App, (lang, segment): View, now: &ets_traffic::Snapshot) -> Bytes {
    let tr = Tr::new(lang, app.zone.clone());
    let catalog = app.deps.registry.catalog();
    let classes = Classes::of(app);
    let (summary, html) = pages::traffic_told(&tr, &catalog, &classes, now, segment);
    let mut out = String::with_capacity(html.len() + 1_024);
    write_json(&mut out, "summary", &summary);
    write_json(&mut out, "picture", &json!({"html": html}));
    out.into()
}
