//! The requests that llhttp, the parser of Node.js, is tested with. They are written down in Markdown
//! beside the parser's log; where that has an error the request is invalid.

use super::http1::{
    CHUNKS, CONNECT, ELSEWHERE, QUOTES, STAR, TOKEN, UTF8, at_our_host, judge, tell, with_host,
};
use super::{Case, Field, HONEST, Watch, compare, files, statuses, suite};

/// Why a request is judged otherwise.
const AFTER: &str = "what comes after the last request of a connection is not read";
const PAUSE: &str = "that the parser pauses is no fault";
const SKIPPED: &str = "the parser was told that bodies do not come";
const OTHERS: &str = "other protocols, and HTTP/0.9, are not spoken";
const LF: &str = "a line may end by LF (RFC 9112, section 2.2): these are two requests, clearly";

/// What is judged otherwise than llhttp does, and why.
const DIFFERENT: &[(&str, &str)] = &[
    ("connection: CRLF between requests, explicit `close`", AFTER),
    ("connection: CRLF between requests, explicit `close` followed by tab", AFTER),
    ("connection: Emitting part of body and pausing", PAUSE),
    ("connection: No restart when keep-alive is off (1.0)", AFTER),
    ("connection: Setting a flag and pausing", PAUSE),
    ("content-length: Content-Length reset when no body is received", SKIPPED),
    ("invalid: HTTP protocol and ANNOUNCE method", TOKEN),
    ("invalid: Invalid method", TOKEN),
    ("invalid: Missing CR between headers", LF),
    ("method: ANNOUNCE request with RTSP", OTHERS),
    ("method: CONNECT request", CONNECT),
    ("method: CONNECT request with CAPS", CONNECT),
    ("method: CONNECT with body", CONNECT),
    ("method: M-SEARCH request", STAR),
    ("method: OPTIONS request with RTSP", OTHERS),
    ("method: SOURCE request with ICE", OTHERS),
    ("sample: No HTTP version", OTHERS),
    ("transfer-encoding: No extension after semicolon", CHUNKS),
    ("transfer-encoding: Space after chunk header", CHUNKS),
    ("uri: Disallow UTF-8 in URI path in strict mode", UTF8),
    ("uri: Host terminated by a query string", ELSEWHERE),
    ("uri: Quotes in URI", QUOTES),
    ("uri: Underscore in hostname", CONNECT),
    ("uri: `host:port` and basic auth", ELSEWHERE),
    ("uri: `host:port` terminated by a query string", ELSEWHERE),
    ("uri: `host:port` terminated by a space", ELSEWHERE),
];

/// A request of the suite, and what the parser makes of it.
struct Example {
    case: Case,
    is_invalid: bool,
    /// So many requests are whole.
    whole: usize,
}

/// covers: T-8 (the requests of llhttp's tests)
#[tokio::test(flavor = "multi_thread")]
async fn requests_are_refused_and_passed_on_as_llhttp_does() {
    let Some(folder) = suite("llhttp/vendor/llhttp/test/request") else { return };
    let field = Field::start(HONEST).await;
    let texts = files(&folder);
    let read = |(name, bytes): &(String, Vec<u8>)| examples(name, &String::from_utf8_lossy(bytes));
    let (examples, lenient): (Vec<_>, Vec<_>) =
        texts.iter().flat_map(read).partition(|(_, kind)| kind == "request");
    let watch = Watch::begin("llhttp");
    let cases = examples.iter().map(|(example, _)| with_host(at_our_host(&example.case)));
    let played = field.play(Some("aigul"), "http/1.1", cases.collect()).await;
    judge(&field, &played).await;
    tell("aigul", &played);
    let mut different = Vec::new();
    for (one, (example, _)) in played.iter().zip(&examples) {
        let statuses = statuses(&one.said);
        let good = statuses.iter().filter(|status| **status == 204).count();
        let is_refused = statuses.last().is_none_or(|last| *last >= 400);
        if good != example.whole || example.is_invalid && !is_refused {
            let heard: Vec<_> = one.heard.iter().map(|one| &one.line).collect();
            println!(
                "{}: {} {} {statuses:?} {heard:?}",
                one.name, example.is_invalid, example.whole
            );
            different.push(one.name.clone());
        }
    }
    println!(
        "llhttp: {} cases, {} skipped: they are about modes of llhttp that forgive",
        played.len(),
        lenient.len()
    );
    watch.end(64);
    compare("llhttp", &different, DIFFERENT);
    field.must_serve().await;
}

/// The examples of a file with the mode of the parser that they are for.
fn examples(file: &str, text: &str) -> Vec<(Example, String)> {
    let file = file.trim_end_matches(".md");
    let (mut title, mut kind, mut all) = ("", "", Vec::new());
    let mut rest = text;
    while let Some((line, more)) = rest.split_once('\n') {
        rest = more;
        if line.starts_with('#') {
            title = line.trim_start_matches('#').trim();
        } else if let Some((_, meta)) = line.split_once("\"type\": \"") {
            kind = meta.split('"').next().unwrap_or_default();
        } else if line == "```http" {
            let (request, after) = more.split_once("```\n").unwrap();
            let (_, log) = after.split_once("```log\n").unwrap();
            let (log, after) = log.split_once("```").unwrap();
            rest = after;
            let name = format!("{file}: {title}");
            let case = Case { name, bytes: unescaped(request) };
            let is_invalid = log.contains("error code=");
            let whole = log.matches("message complete").count();
            all.push((Example { case, is_invalid, whole }, kind.to_owned()));
        }
    }
    all
}

/// As llhttp reads its files.
fn unescaped(request: &str) -> Vec<u8> {
    let text = request.strip_suffix('\n').unwrap_or(request);
    let text = text.replace("\\\n", "").replace('\n', "\r\n");
    let text = text.replace("\\r", "\r").replace("\\n", "\n").replace("\\t", "\t");
    let mut parts = text.replace("\\f", "\x0c").split("\\x").map(str::to_owned).collect::<Vec<_>>();
    let mut bytes = parts.remove(0).into_bytes();
    for part in parts {
        bytes.push(u8::from_str_radix(&part[..2], 16).unwrap());
        bytes.extend(&part.as_bytes()[2..]);
    }
    bytes
}
