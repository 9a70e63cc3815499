//! HTTP/2: what h2spec sends, as nghttp2 keeps it, and the corpus that h2o was fuzzed with.

use std::collections::BTreeMap;

use super::http1::are_by_who_asked;
use super::{CORPUS, Case, Field, Played, Watch, files, suite};

const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
/// Kinds of frames (RFC 9113, section 6).
const HEADERS: u8 = 1;
const RST_STREAM: u8 = 3;
const SETTINGS: u8 = 4;
const GOAWAY: u8 = 7;
/// No frame of ours is larger, as long as the client has not asked for larger ones, which none can
/// make us send (RFC 9113, section 4.2).
const LARGEST: usize = 16 << 10;

/// covers: T-8 (h2spec, as recorded for nghttp2; RFC 9113)
#[tokio::test(flavor = "multi_thread")]
async fn what_h2spec_sends_is_answered_by_frames_and_an_end() {
    let Some(folder) = suite("nghttp2/fuzz/corpus") else { return };
    let cases: Vec<_> =
        ["h2spec", "nghttp"].iter().flat_map(|one| cases(&folder.join(one))).collect();
    assert!(cases.len() > 130, "{}", cases.len());
    play("h2spec", cases, (100, 48)).await;
}

/// covers: T-8 (the corpus of h2o)
#[tokio::test(flavor = "multi_thread")]
async fn the_corpus_of_h2o_over_http2_is_answered_by_frames_and_an_end() {
    let Some(folder) = suite("h2o/fuzz/http2-corpus") else { return };
    let cases = cases(&folder);
    assert!(cases.len() > 1_300, "{}", cases.len());
    // The fuzzer has broken every one of them.
    play("h2o http2-corpus", cases, (0, 96)).await;
}

fn cases(folder: &std::path::Path) -> Vec<Case> {
    files(folder).into_iter().map(|(name, bytes)| Case { name, bytes }).collect()
}

/// As nobody and as somebody; then at least so many requests reach the service. The memory that it
/// takes is in MiB.
async fn play(name: &'static str, cases: Vec<Case>, (least, most): (usize, usize)) {
    let field = Field::start(CORPUS).await;
    let watch = Watch::begin(name);
    for who in [None, Some("aigul")] {
        let begun = cases.iter().map(fitting).collect();
        let played = field.play(who, "h2", begun).await;
        let answers: Vec<_> = played.iter().map(judge).collect();
        let heard: usize = played.iter().map(|one| one.heard.len()).sum();
        match who {
            None => assert_eq!(heard, 0, "nobody without a certificate"),
            Some(_) => assert!(heard >= least, "some are good requests: {heard}"),
        }
        are_by_who_asked(&field, &played).await;
        println!(
            "{name}: {who:?}: {} cases, {heard} requests heard by the service; {:?}",
            played.len(),
            ends(&answers)
        );
    }
    watch.end(most);
    field.must_serve().await;
}

/// With a good beginning, and with https in place of http, which does not come over TLS (RFC 9110,
/// section 7.4).
fn fitting(case: &Case) -> Case {
    let mut bytes = case.bytes.clone();
    if !bytes.starts_with(b"PRI") {
        bytes.splice(..0, PREFACE.iter().copied());
    }
    let mut at = PREFACE.len();
    while let Some(head) = bytes.get(at..at + 9) {
        let length = u32::from_be_bytes([0, head[0], head[1], head[2]]) as usize;
        let end = (at + 9 + length).min(bytes.len());
        if head[3] == HEADERS {
            // As numbers of the static table (RFC 7541, appendix A), behind a priority at the most.
            let begin = &mut bytes[at + 9..end.min(at + 9 + 12)];
            if let Some(scheme) = begin.iter_mut().find(|byte| **byte == 0x86) {
                *scheme = 0x87;
            }
        }
        at = end;
    }
    Case { name: case.name.clone(), bytes }
}

/// The frames of an answer: whole ones, settings first, and nothing after the last word but what
/// was under way. An answer may be missing.
fn judge(played: &Played) -> Vec<(u8, Vec<u8>)> {
    let (mut frames, mut rest) = (Vec::new(), &played.said[..]);
    while let Some((head, more)) = rest.split_at_checked(9) {
        let length = u32::from_be_bytes([0, head[0], head[1], head[2]]) as usize;
        assert!(length <= LARGEST, "{}: a frame of {length} bytes", played.name);
        let Some((body, more)) = more.split_at_checked(length) else { break };
        frames.push((head[3], body.to_vec()));
        rest = more;
    }
    if let Some((first, _)) = frames.first() {
        assert_eq!(
            *first, SETTINGS,
            "{}: settings come first (RFC 9113, section 3.4)",
            played.name
        );
    }
    frames
}

/// How often each error was said last, by its number (RFC 9113, section 7).
fn ends(answers: &[Vec<(u8, Vec<u8>)>]) -> BTreeMap<String, usize> {
    let mut ends = BTreeMap::new();
    for frames in answers {
        let error = |at: usize, body: &[u8]| body.get(at + 3).copied().unwrap_or_default();
        let last = frames.iter().rev().find_map(|(kind, body)| match *kind {
            GOAWAY => Some(format!("goaway {}", error(4, body))),
            RST_STREAM => Some(format!("reset {}", error(0, body))),
            _ => None,
        });
        *ends.entry(last.unwrap_or_else(|| "closed".to_owned())).or_default() += 1;
    }
    ends
}
