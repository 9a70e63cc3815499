//! HTTP/1.1: the corpus that h2o was fuzzed with, and the requests that gunicorn is tested with.

use super::witness::{Request, find};
use super::{CORPUS, Case, Field, HONEST, Played, Watch, compare, files, statuses, suite};

/// What the service must hear of who asks, as an honest request says it.
const WHO: [&str; 4] = ["x-ets-person", "x-ets-name", "client-cert", "x-forwarded-proto"];

/// covers: T-8, T2.1 (the corpus of h2o)
#[tokio::test(flavor = "multi_thread")]
async fn the_corpus_of_h2o_lets_nobody_in_and_nobody_pass_for_another() {
    let Some(folder) = suite("h2o/fuzz/http1-corpus") else { return };
    let field = Field::start(CORPUS).await;
    let cases: Vec<_> =
        files(&folder).into_iter().map(|(name, bytes)| Case { name, bytes }).collect();
    let ours: Vec<_> = cases.iter().map(at_our_host).collect();
    let count = cases.len();
    assert!(count > 1_500, "{count}");
    let watch = Watch::begin("h2o http1-corpus");
    for cases in [cases, ours.clone()] {
        let played = field.play(None, "http/1.1", cases).await;
        assert!(played.iter().all(|one| one.heard.is_empty()), "nobody without a certificate");
        assert!(played.iter().all(|one| statuses(&one.said).iter().all(|one| *one >= 300)));
        tell("nobody", &played);
    }
    let played = field.play(Some("aigul"), "http/1.1", ours).await;
    judge(&field, &played).await;
    tell("aigul", &played);
    watch.end(96);
    assert!(
        played.iter().map(|one| one.heard.len()).sum::<usize>() > 500,
        "some are good requests"
    );
    field.must_serve().await;
}

/// Our host, and an identity that the proxy must not let pass.
const OURS: &[u8] =
    b"Host: closed.example\r\nX-Ets-Person: name:forged\r\nX_Ets_Person: forged\r\n\
    Client-Cert: :Zm9yZ2Vk:\r\n";

/// With our name in place of whatever host it names, so that it gets as far as it can.
pub(super) fn at_our_host(case: &Case) -> Case {
    let mut bytes = Vec::new();
    let mut targets = Vec::new();
    for line in case.bytes.split_inclusive(|byte| *byte == b'\n') {
        let is_host = line.len() > 5 && line[..5].eq_ignore_ascii_case(b"host:");
        if !is_host {
            bytes.extend(line);
            continue;
        }
        bytes.extend(if line.ends_with(b"\r\n") { OURS } else { b"Host: closed.example\n" });
        targets.push([b"://", line[5..].trim_ascii(), b"/"].concat());
    }
    for target in targets.iter().filter(|target| target.len() > 4) {
        if let Some(at) = bytes.windows(target.len()).position(|part| part == target) {
            bytes.splice(at..at + target.len(), *b"://closed.example/");
            // Over TLS nothing but https comes (RFC 9110, section 7.4).
            if bytes[..at].ends_with(b" http") {
                bytes.insert(at, b's');
            }
        }
    }
    Case { name: case.name.clone(), bytes }
}

/// What the service heard is by who asked, for our host, and answered once; nobody was told of a
/// fault of ours.
pub(super) async fn judge(field: &Field, played: &[Played]) {
    are_by_who_asked(field, played).await;
    for Played { name, said, heard } in played {
        let statuses = statuses(said);
        let good = statuses.iter().filter(|status| **status == 204).count();
        assert!(good <= heard.len(), "{name}: {statuses:?} {heard:?}");
        let faults = [500, 502, 503, 504];
        assert!(statuses.iter().all(|one| !faults.contains(one)), "{name}: {statuses:?}");
        let begins = String::from_utf8_lossy(&said[..said.len().min(60)]);
        assert!(said.is_empty() || begins.starts_with("HTTP/1."), "{name}: {begins}");
    }
}

/// The service heard of each request who asked, and nobody else, as an honest one says it.
pub(super) async fn are_by_who_asked(field: &Field, played: &[Played]) {
    let honest = b"GET / HTTP/1.1\r\nHost: closed.example\r\n\r\n".to_vec();
    let honest = Case { name: "honest".to_owned(), bytes: honest };
    let honest = field.play(Some("aigul"), "http/1.1", vec![honest]).await;
    let honest = &honest[0].heard[0];
    assert_eq!(honest.all("x-ets-person").len(), 1);
    for Played { name, heard, .. } in played {
        assert!(heard.iter().all(|request| is_by(honest, request)), "{name}: {heard:?}");
    }
}

fn is_by(honest: &Request, request: &Request) -> bool {
    let hosts = request.all("host");
    let host = hosts.first().and_then(|host| host.split(':').next()).unwrap_or_default();
    WHO.iter().all(|name| request.all(name) == honest.all(name))
        && !request.headers.iter().any(|(_, value)| value.contains("forged"))
        && hosts.len() == 1
        && matches!(&*host.to_ascii_lowercase(), "closed.example" | "127.0.0.1")
}

/// Prints how often each status was said.
pub(super) fn tell(who: &str, played: &[Played]) {
    let mut said = std::collections::BTreeMap::<String, usize>::new();
    for one in played {
        let last = statuses(&one.said).last().map_or("closed".to_owned(), ToString::to_string);
        *said.entry(last).or_default() += 1;
    }
    let heard: usize = played.iter().map(|one| one.heard.len()).sum();
    println!(
        "{who}: {} cases, {heard} requests heard by the service; last answers {said:?}",
        played.len()
    );
}

/// Why a request is judged otherwise than a suite says.
pub(super) const TOKEN: &str = "every token is a method (RFC 9110, section 9.1)";
pub(super) const CHUNKS: &str = "hyper forgives blanks and an empty extension behind a chunk's size; it is passed on framed anew";
pub(super) const UTF8: &str = "hyper takes UTF-8 in a target; what a path means is the service's";
pub(super) const QUOTES: &str = "no target has a quotation mark (RFC 3986, section 2)";
pub(super) const ELSEWHERE: &str = "the target names another host";
pub(super) const STAR: &str = "* is no path of a service";
pub(super) const CONNECT: &str = "CONNECT leads nowhere";
const LIMITS: &str = "gunicorn's limits are narrower: a head has 64 KiB here";
const TRAILERS: &str =
    "trailers that belong into a head are taken off, which the service's end saw";
const LF: &str = "a line may end by LF (RFC 9112, section 2.2); it is passed on with CRLF";
const BLANK: &str = "blank lines before a request are skipped (RFC 9112, section 2.2)";
const BOTH: &str =
    "of two lengths the chunks count, and the connection ends (RFC 9112, section 6.1)";
const TYPES: &str = "two content types are the service's matter, the proxy goes by none";
const SHORT: &str = "its body is shorter than it says";
const SLASHES: &str = "empty parts of a path are refused: services differ about them";

/// What is judged otherwise than gunicorn does, and why.
const DIFFERENT: &[(&str, &str)] = &[
    ("invalid/003c", TOKEN),
    ("invalid/006", LIMITS),
    ("invalid/007", LIMITS),
    ("invalid/008", LIMITS),
    ("invalid/017", LIMITS),
    ("invalid/041", TYPES),
    ("invalid/chunked_09", CHUNKS),
    ("invalid/rfc9110_trailer_forbidden_cl_01", TRAILERS),
    ("invalid/rfc9110_trailer_forbidden_host_01", TRAILERS),
    ("invalid/rfc9110_trailer_forbidden_te_01", TRAILERS),
    ("invalid/rfc9112_bare_lf_01", LF),
    ("invalid/rfc9112_leading_crlf_02", BLANK),
    ("invalid/rfc9112_smuggle_cl_te_chunked_01", BOTH),
    ("invalid/rfc9112_target_non_ascii_02", UTF8),
    ("valid/014", QUOTES),
    ("valid/099", SHORT),
    ("valid/100", SLASHES),
    ("valid/rfc9112_target_absolute_userinfo_01", ELSEWHERE),
    ("valid/rfc9112_target_asterisk_options_01", STAR),
    ("valid/rfc9112_target_authority_connect_01", CONNECT),
    ("valid/rfc9112_target_authority_ipv6_01", CONNECT),
];

/// covers: T-8 (the requests of gunicorn's tests: what is invalid is refused, what is valid passes)
#[tokio::test(flavor = "multi_thread")]
async fn requests_are_refused_and_passed_on_as_gunicorn_does() {
    let Some(folder) = suite("gunicorn/tests/requests") else { return };
    let field = Field::start(HONEST).await;
    let (mut cases, mut expected, mut skipped) = (Vec::new(), Vec::new(), 0);
    for kind in ["invalid", "valid"] {
        for (file, bytes) in files(&folder.join(kind)) {
            let Some(name) = file.strip_suffix(".http") else { continue };
            let says =
                std::fs::read_to_string(folder.join(kind).join(format!("{name}.py"))).unwrap();
            // They are about a setting of gunicorn's.
            skipped += usize::from(says.contains("cfg.set"));
            if says.contains("cfg.set") {
                continue;
            }
            let case = Case { name: format!("{kind}/{name}"), bytes: unescaped(&bytes) };
            expected.push((kind == "valid").then(|| says.matches("\"method\":").count()));
            cases.push(with_host(at_our_host(&case)));
        }
    }
    let watch = Watch::begin("gunicorn");
    let eager = cases.iter().map(with_trailers).collect();
    judge(&field, &field.play(Some("aigul"), "http/1.1", eager).await).await;
    let played = field.play(Some("aigul"), "http/1.1", cases).await;
    judge(&field, &played).await;
    tell("aigul", &played);
    let mut different = Vec::new();
    for (one, expected) in played.iter().zip(expected) {
        let statuses = statuses(&one.said);
        let is_as_said = match expected {
            Some(count) => statuses == vec![204; count] && one.heard.len() == count,
            None => statuses.last().is_none_or(|last| *last >= 400),
        };
        if !is_as_said {
            let heard: Vec<_> = one.heard.iter().map(|one| &one.line).collect();
            println!("{}: {statuses:?} {heard:?}", one.name);
            different.push(one.name.clone());
        }
    }
    println!(
        "gunicorn: {} cases, {skipped} skipped: they are about gunicorn's settings",
        played.len()
    );
    watch.end(64);
    compare("gunicorn", &different, DIFFERENT);
    field.must_serve().await;
}

/// As one whose trailers the service wants to hear.
fn with_trailers(case: &Case) -> Case {
    let mut case = case.clone();
    if let Some(at) = find(&case.bytes, b"\r\n") {
        case.bytes.splice(at + 2..at + 2, *b"TE: trailers\r\n");
    }
    case
}

/// As gunicorn reads its files.
fn unescaped(file: &[u8]) -> Vec<u8> {
    let text: Vec<u8> = file.iter().copied().filter(|byte| *byte != b'\n').collect();
    let (mut bytes, mut rest) = (Vec::new(), &text[..]);
    while let Some((&first, more)) = rest.split_first() {
        let (byte, length) = match (first, more) {
            (b'\\', [b'r', ..]) => (b'\r', 2),
            (b'\\', [b'n', ..]) => (b'\n', 2),
            (b'\\', [b't', ..]) => (b'\t', 2),
            (b'\\', [b'0', ..]) => (0, 2),
            (b'\\', [b'x', high, low, ..]) => {
                let hex = String::from_utf8_lossy(&[*high, *low]).into_owned();
                (u8::from_str_radix(&hex, 16).unwrap(), 4)
            }
            _ => (first, 1),
        };
        bytes.push(byte);
        rest = &rest[length..];
    }
    bytes
}

/// A request has a host (RFC 9112, section 3.2), of which a parser alone may know nothing; one that
/// is refused is to be refused for something else.
pub(super) fn with_host(mut case: Case) -> Case {
    let has_host = case.bytes.windows(5).any(|part| part.eq_ignore_ascii_case(b"host:"));
    let (line, mut at) = (b" HTTP/1.", 0);
    while !has_host && let Some(next) = find(&case.bytes[at..], line) {
        at += next + line.len();
        if case.bytes.get(at + 1..at + 3) == Some(b"\r\n") {
            case.bytes.splice(at + 3..at + 3, OURS.iter().copied());
        }
    }
    case
}
