//! Live streams: a change reaches every viewer, resumes where it left off, ends with its session.

use std::time::{Duration, Instant};

use axum::body::{Body, BodyDataStream};
use ets_listen::Scheme;
use ets_model::{LinkState, SegmentNo};
use ets_watch::ChangeBody;
use futures_util::StreamExt;
use http::{Request, StatusCode, header};
use tokio::time::timeout;

use crate::bed::Bed;

struct Viewer {
    stream: BodyDataStream,
    text: String,
}

impl Viewer {
    async fn open(bed: &Bed, path: &str, last: Option<&str>) -> Self {
        let mut request = Request::get(path);
        if let Some(id) = last {
            request = request.header("last-event-id", id);
        }
        let response = bed.ask(request.body(Body::empty()).unwrap()).await;
        assert_eq!(response.status(), StatusCode::OK);
        assert_eq!(response.headers()[header::CONTENT_TYPE], "text/event-stream");
        Self { stream: response.into_body().into_data_stream(), text: String::new() }
    }

    /// Reads until the text is there.
    async fn until(&mut self, wanted: &str) -> &str {
        let read = async {
            while !self.text.contains(wanted) {
                let Some(bytes) = self.stream.next().await else { return };
                self.text.push_str(std::str::from_utf8(&bytes.unwrap()).unwrap());
            }
        };
        timeout(Duration::from_secs(5), read).await.unwrap_or_else(|_| {
            panic!("{wanted:?} did not come; this came: {}", self.text);
        });
        &self.text
    }
}

fn goes_down(bed: &Bed, no: u32) {
    bed.feeder.put(bed.picture(&[(no, LinkState::Down)]));
    bed.feeder.tell(ChangeBody::State {
        segment: SegmentNo(no),
        from: LinkState::Up,
        to: LinkState::Down,
        since: bed.clock.wall(),
    });
}

/// covers: N11
#[tokio::test]
async fn a_change_reaches_overview_segment_and_program() {
    let bed = Bed::new(5).await;
    let mut overview = Viewer::open(&bed, "/live", None).await;
    let mut segment = Viewer::open(&bed, "/live/segments/s003", None).await;
    let mut other = Viewer::open(&bed, "/live/segments/s004", None).await;
    let mut program = Viewer::open(&bed, "/api/v1/events", None).await;
    program.until("event: hello").await;
    let start = Instant::now();
    goes_down(&bed, 3);
    overview.until("\"state\":\"down\"").await;
    segment.until("\"state\":\"down\"").await;
    program.until("event: state").await;
    assert!(start.elapsed() < Duration::from_millis(300), "{:?}", start.elapsed());
    let overview = overview.until("event: summary").await;
    assert!(overview.contains("\"id\":\"s003\""));
    bed.feeder.tell(ChangeBody::Tick);
    let other = other.until("event: tick").await;
    assert!(!other.contains("s003"));
}

/// covers: N11
#[tokio::test]
async fn the_page_of_a_segment_hears_its_heading_and_what_is_outdated_both_ways() {
    let bed = Bed::new(5).await;
    let request = Request::get("/live/segments/s003").header(header::COOKIE, "lang=en");
    let response = bed.ask(request.body(Body::empty()).unwrap()).await;
    let stream = response.into_body().into_data_stream();
    let mut viewer = Viewer { stream, text: String::new() };
    viewer.until(": up\"").await;
    goes_down(&bed, 3);
    viewer.until(": no link\",\"counts\":[],\"badges\":[[\"outages\",1]]").await;
    viewer.until("\"fragments\":[\"now\",\"history\"").await;
    viewer.text.clear();
    bed.feeder.put(bed.picture(&[]));
    bed.feeder.tell(ChangeBody::State {
        segment: SegmentNo(3),
        from: LinkState::Down,
        to: LinkState::Up,
        since: bed.clock.wall(),
    });
    viewer.until(": up\",\"counts\":[],\"badges\":[[\"outages\",0]]").await;
    viewer.until("\"fragments\":[\"now\",\"history\"").await;
}

#[tokio::test]
async fn the_summary_speaks_the_viewers_language() {
    let bed = Bed::new(5).await;
    let request = Request::get("/live").header(header::COOKIE, "lang=kk");
    let response = bed.ask(request.body(Body::empty()).unwrap()).await;
    let stream = response.into_body().into_data_stream();
    let mut viewer = Viewer { stream, text: String::new() };
    viewer.until("event: tick").await;
    goes_down(&bed, 3);
    assert!(viewer.until("event: summary").await.contains(" "));
    viewer.until("байланыссыз").await;
}

#[tokio::test]
async fn a_program_that_comes_back_misses_nothing() {
    let bed = Bed::new(5).await;
    let mut program = Viewer::open(&bed, "/api/v1/events", None).await;
    goes_down(&bed, 2);
    let seen = program.until("event: state").await;
    let id = seen.lines().filter_map(|line| line.strip_prefix("id: ")).next_back().unwrap();
    let id = id.to_owned();
    drop(program);
    goes_down(&bed, 4);
    let mut again = Viewer::open(&bed, "/api/v1/events", Some(&id)).await;
    let text = again.until("event: state").await;
    assert!(text.contains("\"segment\":\"s004\"") && !text.contains("\"segment\":\"s002\""));
    let mut lost = Viewer::open(&bed, "/api/v1/events", Some("ffff-1")).await;
    lost.until("event: reset").await;
}

#[tokio::test]
async fn a_page_that_was_made_before_the_change_hears_of_it() {
    let bed = Bed::new(5).await;
    let page = crate::bed::text(bed.get("/").await).await;
    let stream = page.split("data-live=\"").nth(1).unwrap().split('"').next().unwrap().to_owned();
    goes_down(&bed, 3);
    let mut viewer = Viewer::open(&bed, &stream, None).await;
    viewer.until("\"id\":\"s003\",\"state\":\"down\"").await;
}

#[tokio::test]
async fn a_stream_ends_with_its_session() {
    let bed = Bed::new(2).await;
    let link = bed.dashboard.new_entry_link("test").await.unwrap();
    let request = Request::post("/enter")
        .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
        .body(Body::from(format!("token={}", link.token.as_str())))
        .unwrap();
    let response = bed.ask_as_nobody(request, Scheme::Https).await;
    let cookie = response.headers()[header::SET_COOKIE].to_str().unwrap();
    let cookie = cookie.split(';').next().unwrap().to_owned();
    let ask = |method: &str, path: &str| {
        Request::builder()
            .method(method)
            .uri(path)
            .header(header::COOKIE, &cookie)
            .body(Body::empty())
            .unwrap()
    };
    let response = bed.ask_as_nobody(ask("GET", "/live"), Scheme::Https).await;
    let stream = response.into_body().into_data_stream();
    let mut viewer = Viewer { stream, text: String::new() };
    viewer.until("event: tick").await;
    bed.ask_as_nobody(ask("POST", "/leave"), Scheme::Https).await;
    viewer.until("event: gone").await;
    assert!(timeout(Duration::from_secs(1), viewer.stream.next()).await.unwrap().is_none());
}

/// covers: N11
#[tokio::test]
async fn above_three_hundred_segments_the_groups_of_the_star_follow() {
    let bed = Bed::new(400).await;
    let page = crate::bed::text(bed.get("/").await).await;
    let group = |html: &str| {
        let keys = html.split("data-group=\"").skip(1).filter_map(|part| part.split('"').next());
        keys.map(str::to_owned).collect::<std::collections::BTreeSet<_>>()
    };
    let shown = group(&page);
    assert!(!shown.is_empty(), "the star shows groups");
    let mut viewer = Viewer::open(&bed, "/live", None).await;
    viewer.until("event: tick").await;
    goes_down(&bed, 7);
    viewer.until("event: group").await;
    let told = viewer.until("event: change").await;
    for key in &shown {
        assert!(told.contains(&format!("\"key\":\"{key}\"")), "{key} in {told}");
    }
    assert!(told.contains("\"state\":\"down\",\"troubled\":1"));
}

/// covers: N11
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn five_hundred_viewers_hear_of_a_change_together() {
    let bed = Bed::new(49).await;
    let mut viewers = Vec::new();
    for _ in 0..500 {
        let mut viewer = Viewer::open(&bed, "/live", None).await;
        viewer.until("event: tick").await;
        viewers.push(viewer);
    }
    let start = Instant::now();
    goes_down(&bed, 7);
    let mut slowest = Duration::ZERO;
    for viewer in &mut viewers {
        viewer.until("\"state\":\"down\"").await;
        slowest = slowest.max(start.elapsed());
    }
    println!("500 viewers: the last one heard after {slowest:?}");
    assert!(slowest < Duration::from_secs(1), "{slowest:?}");
}
