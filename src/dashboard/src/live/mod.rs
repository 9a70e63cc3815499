//! Live streams: every change and every second's figures are put into words once and handed as
//! the same bytes to all viewers. [`ets_web::live`] says what the streams tell pages;
//! [`crate::api`] has the machine's own stream beside it.

mod beat;
mod frames;
mod rules;
mod runner;
mod services;
mod stream;
mod traffic;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use http::{HeaderName, header};
use tokio::sync::broadcast;

pub(crate) use beat::Beat;
pub(crate) use frames::{api_frame, frame};
pub(crate) use runner::{STAR_LIMIT, run};
pub(crate) use stream::{page_stream, resume_from, segment_stream, watched};
pub(crate) use traffic::{Pictures, traffic_stream};

/// Beats that a slow viewer may lag behind; some 25 seconds.
const BACKLOG: usize = 256;

/// The head of every event stream: nobody keeps it, no proxy holds it back.
pub(crate) const STREAM_HEAD: [(HeaderName, &str); 3] = [
    (header::CONTENT_TYPE, "text/event-stream"),
    (header::CACHE_CONTROL, "no-store"),
    (HeaderName::from_static("x-accel-buffering"), "no"),
];

/// Where viewers meet the beats.
pub(crate) struct Live {
    beats: broadcast::Sender<Arc<Beat>>,
    viewers: Arc<AtomicUsize>,
    pictures: Pictures,
}

/// Counts a viewer as long as it is held.
pub(crate) struct Viewer(Arc<AtomicUsize>);

impl Default for Live {
    fn default() -> Self {
        let beats = broadcast::Sender::new(BACKLOG);
        Self { beats, viewers: Arc::default(), pictures: Pictures::default() }
    }
}

impl Live {
    /// How many streams are open.
    pub(crate) fn viewers(&self) -> usize {
        self.viewers.load(Ordering::Relaxed)
    }

    fn join(&self) -> (Viewer, broadcast::Receiver<Arc<Beat>>) {
        self.viewers.fetch_add(1, Ordering::Relaxed);
        (Viewer(Arc::clone(&self.viewers)), self.beats.subscribe())
    }
}

impl Drop for Viewer {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}
