//! The resolver between a foreign server (unbound) and a foreign client (dig).

#![allow(clippy::unwrap_used, reason = "a test ends where something is missing")]

mod support;

use std::io::{ErrorKind, Read, Write};
use std::net::{TcpStream, UdpSocket};
use std::time::{Duration, Instant};

use support::{Foreign, Ours};

const SEGMENT: &str = "127.0.1.9";
const OTHER: &str = "127.0.2.9";
const QUICK: [&str; 2] = ["+tries=1", "+time=8"];

fn ask(ours: &Ours, from: &str, words: &[&str]) -> String {
    ours.dig(from, &[QUICK.as_slice(), words].concat())
}

/// The record lines of an answer, spaces made one.
fn records(said: &str) -> Vec<String> {
    let lines = said.lines().filter(|line| !line.starts_with(';') && !line.is_empty());
    lines.map(|line| line.split_whitespace().collect::<Vec<_>>().join(" ")).collect()
}

/// covers: N6.1, G1 (DNS with dig over UDP and TCP)
#[test]
fn the_own_zone_is_answered_with_authority_over_udp_and_tcp() {
    let ours = Ours::start(&[]);
    for way in ["+notcp", "+tcp"] {
        let said = ask(&ours, SEGMENT, &[way, "mail.ets.example"]);
        assert!(said.contains("flags: qr aa rd ra"), "{said}");
        assert_eq!(records(&said), ["mail.ets.example. 60 IN A 10.10.1.5"], "{said}");
        // The hub is where it was asked; dig itself holds the source of the answer against it.
        for name in ["hub.ets.example", "gateway.ets.example"] {
            let said = ask(&ours, SEGMENT, &[way, name]);
            assert_eq!(records(&said), [format!("{name}. 60 IN A 127.0.0.7")], "{said}");
        }
        let said = ask(&ours, SEGMENT, &[way, "MAIL.ets.EXAMPLE", "AAAA"]);
        assert_eq!(records(&said), ["MAIL.ets.EXAMPLE. 60 IN AAAA fd10::5"], "{said}");
    }
    let none = ask(&ours, SEGMENT, &["nothing.ets.example"]);
    assert!(none.contains("status: NXDOMAIN") && none.contains("SOA"), "{none}");
    for (name, kind) in [("mail.ets.example", "TXT"), ("under.ets.example", "A")] {
        let said = ask(&ours, SEGMENT, &[name, kind]);
        assert!(said.contains("status: NOERROR") && said.contains("SOA"), "{said}");
    }
    let said = ask(&ours, SEGMENT, &["ets.example", "NS"]);
    assert_eq!(records(&said), ["ets.example. 60 IN NS hub.ets.example."], "{said}");
    assert!(ask(&ours, SEGMENT, &["ets.example", "AXFR"]).contains("failed"), "no transfer");
}

/// covers: N6.1, G6: names of inner addresses stay inside
#[test]
fn reverse_names_of_inner_addresses_are_never_asked_outside() {
    let foreign = Foreign::start();
    let ours = Ours::start(&[foreign.at]);
    let said = ask(&ours, SEGMENT, &["-x", "10.10.1.5"]);
    assert_eq!(records(&said), ["5.1.10.10.in-addr.arpa. 60 IN PTR mail.ets.example."], "{said}");
    for words in [
        &["-x", "10.10.9.9"][..],
        &["-x", "192.168.3.4"],
        &["-x", "fd10::99"],
        &["b._dns-sd._udp.0.1.10.10.in-addr.arpa", "PTR"],
        &["printer.local"],
        &["use-application-dns.net"],
    ] {
        let said = ask(&ours, SEGMENT, words);
        assert!(said.contains("status: NXDOMAIN") && said.contains("SOA"), "{words:?}: {said}");
    }
    assert_eq!((ours.counted("asked"), ours.counted("failed")), (0, 0));
    ask(&ours, SEGMENT, &["-x", "203.0.113.5"]);
    assert_eq!(ours.counted("asked") + ours.counted("failed"), 1, "an outer one is asked for");
}

/// covers: N6.1, G1: forwarding, its cache, aliases, long answers by TCP on both sides
#[test]
fn names_outside_are_asked_for_once_in_their_time() {
    let foreign = Foreign::start();
    let ours = Ours::start(&[foreign.at]);
    let before = foreign.asked("alias.out.example");
    for _ in 0..3 {
        let said = ask(&ours, SEGMENT, &["alias.OUT.example"]);
        let told = records(&said);
        assert!(told[0].starts_with("alias.OUT.example. ") && told[0].contains("CNAME"), "{said}");
        assert!(!said.contains("flags: qr aa"), "it is not ours to say: {said}");
    }
    assert_eq!(foreign.asked("alias.out.example") - before, 1);
    assert_eq!((ours.counted("asked"), ours.counted("cached")), (1, 2));
    // A name that there is not is kept too, for as long as its zone says (RFC 2308): 2 s.
    let none = || {
        let said = ask(&ours, SEGMENT, &["no.out.example"]);
        assert!(said.contains("status: NXDOMAIN") && said.contains("SOA"), "{said}");
        foreign.asked("no.out.example")
    };
    assert_eq!([none(), none()], [1, 1]);
    std::thread::sleep(Duration::from_millis(2_100));
    assert_eq!(none(), 2);
    let cut = ask(&ours, SEGMENT, &["+ignore", "long.out.example", "TXT"]);
    assert!(cut.contains("flags: qr tc") && cut.contains("MSG SIZE"), "{cut}");
    let size: usize = cut.rsplit("rcvd: ").next().unwrap().trim().parse().unwrap();
    assert!(size < 100, "{size} bytes of a cut answer");
    let whole = ask(&ours, SEGMENT, &["long.out.example", "TXT"]);
    assert!(whole.contains(&"x".repeat(250)) && whole.contains("(TCP)"), "{whole}");
    // Letters are spelt at random outside, so that an answer is hard to forge.
    for name in ["aaaaaaaaaaaaaaaa.out.example", "bbbbbbbbbbbbbbbb.out.example"] {
        ask(&ours, SEGMENT, &[name]);
        assert!(foreign.spellings(name).iter().all(|spelt| spelt != name), "{name}");
    }
}

/// covers: N6.1: one question outside for many equal ones
#[test]
fn many_who_ask_the_same_at_once_are_one_question_outside() {
    let foreign = Foreign::start();
    let ours = Ours::start(&[foreign.at]);
    foreign.silent(true);
    std::thread::scope(|scope| {
        let asked: Vec<_> =
            (0..20).map(|_| scope.spawn(|| ask(&ours, SEGMENT, &["www.out.example"]))).collect();
        std::thread::sleep(Duration::from_millis(300));
        foreign.silent(false);
        for one in asked {
            assert!(one.join().unwrap().contains("203.0.113.5"));
        }
    });
    // It was asked again while it was silent: those are repetitions of one.
    assert!(foreign.asked("www.out.example") <= 3, "{}", foreign.asked("www.out.example"));
}

/// covers: N6.1 (serve-stale, RFC 8767)
#[test]
fn a_server_that_is_silent_is_stood_in_for_by_what_it_said_before() {
    let foreign = Foreign::start();
    let ours = Ours::start(&[foreign.at]);
    assert!(ask(&ours, SEGMENT, &["www.out.example"]).contains("203.0.113.5"));
    foreign.silent(true);
    std::thread::sleep(Duration::from_millis(2_100));
    let started = Instant::now();
    let said = ask(&ours, SEGMENT, &["www.out.example"]);
    let took = started.elapsed();
    assert_eq!(records(&said), ["www.out.example. 30 IN A 203.0.113.5"], "{said}");
    assert!(said.contains("EDE: 3 (Stale Answer)"), "{said}");
    assert!(took > Duration::from_millis(1_700) && took < Duration::from_millis(2_600), "{took:?}");
    // Once it is known to be silent, nobody waits for it any more.
    std::thread::sleep(Duration::from_millis(2_500));
    let started = Instant::now();
    assert!(ask(&ours, SEGMENT, &["www.out.example"]).contains("EDE: 3"));
    assert!(started.elapsed() < Duration::from_millis(500), "{:?}", started.elapsed());
    let none = ask(&ours, SEGMENT, &["new.out.example"]);
    assert!(none.contains("status: SERVFAIL") && none.contains("EDE: 22"), "{none}");
    assert!(ours.counted("stale") == 2 && ours.counted("failed") == 1);
    foreign.silent(false);
    let addresses = ours.block_on(ours.resolver.addresses("www.out.example")).unwrap();
    assert_eq!(addresses.len(), 2, "the gateway asks the same: {addresses:?}");
}

/// covers: G6 (DNS rebinding)
#[test]
fn an_inner_address_from_outside_is_taken_out() {
    let foreign = Foreign::start();
    let ours = Ours::start(&[foreign.at]);
    let said = ask(&ours, SEGMENT, &["rebind.out.example"]);
    assert_eq!(records(&said), ["rebind.out.example. 300 IN A 203.0.113.7"], "{said}");
    assert!(said.contains("EDE: 15 (Blocked)"), "{said}");
    for words in [["private.out.example", "A"], ["hint.out.example", "HTTPS"]] {
        let said = ask(&ours, SEGMENT, &words);
        assert!(records(&said).is_empty() && said.contains("EDE: 15"), "{said}");
    }
    let said = ask(&ours, SEGMENT, &["may.private.out.example"]);
    assert!(said.contains("192.168.1.2"), "a domain of the file may: {said}");
    assert_eq!(ours.resolver.figures().stripped(), 3);
    let addresses = ours.block_on(ours.resolver.addresses("rebind.out.example")).unwrap();
    assert_eq!(addresses, ["203.0.113.7".parse::<std::net::IpAddr>().unwrap()]);
}

/// covers: N6.2: a name to which no rule lets the segment is refused, also out of the cache
#[test]
fn a_segment_looks_up_what_its_rules_let_it_to() {
    let foreign = Foreign::start();
    let ours = Ours::start(&[foreign.at]);
    assert!(ask(&ours, SEGMENT, &["blocked.out.example"]).contains("203.0.113.6"));
    for way in ["+notcp", "+tcp"] {
        let said = ask(&ours, OTHER, &[way, "Blocked.out.example"]);
        assert!(said.contains("status: REFUSED") && said.contains("EDE: 15"), "{said}");
        assert!(records(&said).is_empty(), "{said}");
    }
    assert_eq!(ours.counted("refused"), 2);
}

/// covers: G6 (open resolver, DNS amplification)
#[test]
fn strangers_get_no_answer_and_nobody_an_amplifier() {
    let foreign = Foreign::start();
    let ours = Ours::start(&[foreign.at]);
    let short = ["+tries=1", "+time=1", "mail.ets.example"];
    assert!(ours.dig("127.0.9.9", &short).contains("no servers could be reached"));
    assert!(!ours.dig("127.0.9.9", &[&short[..], &["+tcp"]].concat()).contains("NOERROR"));
    assert_eq!(ours.counted("stranger"), 2);
    let any = ask(&ours, SEGMENT, &["+notcp", "long.out.example", "ANY"]);
    assert!(any.contains("HINFO") && any.contains("RFC8482") && records(&any).len() == 1, "{any}");
    assert!(ask(&ours, SEGMENT, &["version.bind", "CH", "TXT"]).contains("status: REFUSED"));
    assert!(ask(&ours, SEGMENT, &["+norec", "www.out.example"]).contains("status: REFUSED"));
    assert!(
        ask(&ours, SEGMENT, &["+edns=1", "+noednsneg", "mail.ets.example"]).contains("BADVERS")
    );
    // Answers, fragments and garbage are not answered.
    let socket = UdpSocket::bind("127.0.1.8:0").unwrap();
    socket.connect(("127.0.0.1", ours.port)).unwrap();
    socket.set_read_timeout(Some(Duration::from_millis(300))).unwrap();
    let question = question("long.out.example", 16);
    let mut answer = question.clone();
    answer[2] |= 0x80;
    for bytes in
        [&answer[..], &question[..11], b"", b"\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff"]
    {
        socket.send(bytes).unwrap();
        assert!(socket.recv(&mut [0; 2048]).is_err(), "{bytes:?} is answered");
    }
    socket.send(&question[..question.len() - 1]).unwrap();
    let mut buffer = [0; 2048];
    assert_eq!(socket.recv(&mut buffer).unwrap(), 12, "a question cut off is a format error");
    assert_eq!(buffer[3] & 0x0f, 1);
    // A flood: what comes out is bounded by time, whatever is asked.
    let (mut sent, mut received, mut largest) = (0, 0, 0);
    let started = Instant::now();
    socket.set_nonblocking(true).unwrap();
    while started.elapsed() < Duration::from_secs(3) {
        for _ in 0..50 {
            sent += socket.send(&question).unwrap_or(0);
        }
        while let Ok(length) = socket.recv(&mut buffer) {
            received += length;
            largest = largest.max(length);
        }
        std::thread::sleep(Duration::from_millis(2));
    }
    assert!(received > 0 && largest <= 1_232, "{largest} bytes of an answer");
    assert!(received <= sent * 2, "{received} bytes out for {sent} in");
    assert!(ours.counted("limited") > 0);
    let still = ask(&ours, OTHER, &["www.out.example"]);
    assert!(still.contains("203.0.113.5"), "another network is not touched: {still}");
}

/// covers: G6 (questions for names that no server says anything of)
#[test]
fn a_segment_that_asks_without_end_leaves_the_others_their_places() {
    let foreign = Foreign::start();
    let ours = Ours::start(&[foreign.at]);
    let socket = UdpSocket::bind("127.0.1.8:0").unwrap();
    socket.connect(("127.0.0.1", ours.port)).unwrap();
    socket.set_read_timeout(Some(Duration::from_secs(2))).unwrap();
    let beside = UdpSocket::bind("127.0.1.8:0").unwrap();
    beside.connect(("127.0.0.1", ours.port)).unwrap();
    beside.set_read_timeout(Some(Duration::from_secs(5))).unwrap();
    foreign.silent(true);
    let mut buffer = [0; 2048];
    for nth in 0..600 {
        socket.send(&question(&format!("n{nth}.out.example"), 1)).unwrap();
        if nth % 50 == 0 {
            // Its answer says that those before it were read: the kernel drops what does not fit.
            beside.send(&question("localhost", 1)).unwrap();
            beside.recv(&mut buffer).unwrap();
        }
    }
    for _ in 0..600 - 512 {
        let length = socket.recv(&mut buffer).unwrap();
        assert_eq!(buffer[..length][3] & 0x0f, 2, "it cannot be had now");
    }
    assert_eq!(ours.counted("limited"), 600 - 512);
    foreign.silent(false);
    let other = ask(&ours, OTHER, &["www.out.example"]);
    assert!(other.contains("203.0.113.5"), "another segment is served: {other}");
    let of_hub = ours.block_on(ours.resolver.addresses("www.out.example")).unwrap();
    assert!(of_hub.contains(&[203, 0, 113, 5].into()), "so is the gateway: {of_hub:?}");
    let deadline = Instant::now() + Duration::from_secs(10);
    while !ask(&ours, SEGMENT, &["alias.out.example"]).contains("NOERROR") {
        assert!(Instant::now() < deadline, "the places are given back");
    }
}

/// covers: N6.1 (RFC 7766), G6 (slow clients by the thousand)
#[test]
fn many_questions_on_one_connection_are_answered_and_connections_are_bounded() {
    let foreign = Foreign::start();
    let ours = Ours::start(&[foreign.at]);
    let mut stream = connect(&ours, "127.0.1.7");
    stream.set_read_timeout(Some(Duration::from_secs(8))).unwrap();
    let mut all = Vec::new();
    for id in 0..100_u16 {
        let mut one = question(&format!("n{}.out.example", id % 7), 1);
        one[..2].copy_from_slice(&id.to_be_bytes());
        all.extend_from_slice(&(one.len() as u16).to_be_bytes());
        all.extend_from_slice(&one);
    }
    stream.write_all(&all).unwrap();
    stream.shutdown(std::net::Shutdown::Write).unwrap();
    let mut said = Vec::new();
    stream.read_to_end(&mut said).unwrap();
    let mut ids = Vec::new();
    let mut rest = said.as_slice();
    while let [high, low, tail @ ..] = rest {
        let (one, tail) = tail.split_at(usize::from(u16::from_be_bytes([*high, *low])));
        ids.push(u16::from_be_bytes([one[0], one[1]]));
        rest = tail;
    }
    ids.sort_unstable();
    assert_eq!(ids, (0..100).collect::<Vec<_>>());
    // What is longer than any question is not read at all.
    let mut long = connect(&ours, "127.0.1.7");
    long.set_read_timeout(Some(Duration::from_secs(2))).unwrap();
    long.write_all(&4_097_u16.to_be_bytes()).unwrap();
    assert_eq!(long.read(&mut [0]).unwrap(), 0, "it is closed at once");
    // Sixty-four of one address, no more; another address is served all the same.
    let held: Vec<TcpStream> = (0..64).map(|_| connect(&ours, "127.0.1.6")).collect();
    std::thread::sleep(Duration::from_millis(200));
    let more = connect(&ours, "127.0.1.6");
    assert!(is_closed(&more, Duration::from_secs(2)), "it is closed at once");
    assert!(ask(&ours, OTHER, &["+tcp", "mail.ets.example"]).contains("10.10.1.5"));
    // Who says nothing is sent away.
    assert!(is_closed(&held[0], Duration::from_secs(12)));
}

/// Whether the other side closes within a time, in order or by a reset, and has said nothing.
fn is_closed(mut stream: &TcpStream, within: Duration) -> bool {
    stream.set_read_timeout(Some(within)).unwrap();
    match stream.read(&mut [0]) {
        Ok(length) => length == 0,
        Err(error) => error.kind() == ErrorKind::ConnectionReset,
    }
}

fn connect(ours: &Ours, from: &str) -> TcpStream {
    let socket = socket2::Socket::new(socket2::Domain::IPV4, socket2::Type::STREAM, None).unwrap();
    let from: std::net::SocketAddr = format!("{from}:0").parse().unwrap();
    socket.bind(&from.into()).unwrap();
    let to = std::net::SocketAddr::from(([127, 0, 0, 1], ours.port));
    socket.connect(&to.into()).unwrap();
    socket.into()
}

/// A question as bytes, with EDNS.
fn question(name: &str, kind: u16) -> Vec<u8> {
    let mut bytes = vec![0x12, 0x34, 1, 0, 0, 1, 0, 0, 0, 0, 0, 1];
    for label in name.split('.') {
        bytes.push(label.len() as u8);
        bytes.extend_from_slice(label.as_bytes());
    }
    bytes.push(0);
    bytes.extend_from_slice(&kind.to_be_bytes());
    bytes.extend_from_slice(&[0, 1]);
    bytes.extend_from_slice(&[0, 0, 41, 0x10, 0, 0, 0, 0, 0, 0, 0]);
    bytes
}
