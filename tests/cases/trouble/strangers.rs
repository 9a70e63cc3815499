//! Who does not belong on the sockets: other protocols, other versions, other users (S13; design 1).

use std::fs::Permissions;
use std::io::{Read, Write};
use std::net::Shutdown;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use super::{OFTEN, SOON, await_up, lab, metric, outages};
use crate::support::{Api, hub_binary, is_root, wait_for};

/// A frame of the protocol between the processes: length, little-endian, then the body.
fn frame(body: &[u8]) -> Vec<u8> {
    let length = u32::try_from(body.len()).expect("a short frame");
    [&length.to_le_bytes(), body].concat()
}

/// A hello: magic, version as a variable-length number, build.
fn hello(magic: [u8; 4], version: u16) -> Vec<u8> {
    let mut body = magic.to_vec();
    let mut rest = version;
    while rest > 0x7f {
        body.push((rest & 0x7f) as u8 | 0x80);
        rest >>= 7;
    }
    body.push(rest as u8);
    body.extend([5]);
    body.extend(b"9.9.9");
    body
}

/// Says something to `netd` and gives all that it answered.
#[track_caller]
fn say(socket: &Path, words: &[u8]) -> Vec<u8> {
    let mut stream = UnixStream::connect(socket).expect("netd listens");
    stream.set_read_timeout(Some(Duration::from_secs(13))).expect("a timeout can be set");
    // It may have been refused before all of it was said.
    drop(stream.write_all(words));
    let mut answer = Vec::new();
    // A reset after the refusal was read is as good as an end.
    drop(stream.read_to_end(&mut answer));
    drop(stream.shutdown(Shutdown::Both));
    answer
}

/// The version that `netd` speaks, from its own hello.
#[track_caller]
fn version(socket: &Path) -> u16 {
    let answer = say(socket, &frame(&hello(*b"HTTP", 1)));
    assert_eq!(answer.get(4..8), Some(&b"ETSN"[..]), "{answer:?}");
    u16::from(answer[8])
}

/// covers: S13 (wrong, missing and future protocol versions)
#[test]
fn a_stranger_on_the_socket_of_netd_gets_its_word_and_netd_goes_on() {
    let lab = lab(8);
    let socket = lab.path().join("netd.sock");
    let (pid, ours) = (lab.pid("netd"), version(&socket));
    assert!(ours < 0x7f, "the next version still takes one byte");
    let good = frame(&hello(*b"ETSN", ours));
    let mut longer = hello(*b"ETSN", ours + 7);
    longer.extend([1, 2, 3]);
    let no_hello = "does not speak the netd protocol: it did not begin with a hello";
    let newer = "restart this side with the newer ets-hub";
    let cases: Vec<(&str, Vec<u8>, &str)> = vec![
        ("no hello at all", Vec::new(), no_hello),
        ("half a hello", good[..6].to_vec(), no_hello),
        ("an empty frame", frame(&[]), no_hello),
        ("another protocol", b"GET / HTTP/1.1\r\nhost: hub\r\n\r\n".to_vec(), no_hello),
        ("a wrong magic", frame(&hello(*b"ETSX", ours)), no_hello),
        (
            "an older version",
            frame(&hello(*b"ETSN", ours - 1)),
            "restart the other side with this version of ets-hub",
        ),
        ("the next version", frame(&hello(*b"ETSN", ours + 1)), newer),
        ("a far version", frame(&hello(*b"ETSN", 60_000)), newer),
        ("a far version with more fields", frame(&longer), newer),
        (
            "a request that is none",
            [good.clone(), frame(&[0x77; 9])].concat(),
            "cannot be decoded as a request: nothing was changed",
        ),
        (
            "a frame without end",
            [good.clone(), u32::MAX.to_le_bytes().to_vec()].concat(),
            "longer than the 16777216 bytes allowed",
        ),
        ("a hello and nothing more", good, "no request came within 10 s"),
    ];
    let sent = metric(&lab, "ets_probe_sent_total");
    std::thread::scope(|scope| {
        let socket = &socket;
        for (what, words, expected) in &cases {
            scope.spawn(move || {
                let answer = say(socket, words);
                let text = String::from_utf8_lossy(&answer).into_owned();
                assert!(text.contains(expected), "{what}: {text:?}");
            });
        }
    });
    assert_eq!(lab.pid("netd"), pid, "netd was started again");
    assert!(metric(&lab, "ets_probe_sent_total") > sent + 8 * 5, "netd went on probing");
    await_up(&lab, 8);
    assert!(outages(&lab.api()).is_empty());
}

/// covers: S13
#[test]
fn serve_says_that_netd_speaks_another_version() {
    for (theirs, expected) in [
        (0, "speaks version 0 of the netd protocol, this one speaks"),
        (9, "speaks version 9 of the netd protocol, this one only speaks"),
    ] {
        let dir = tempfile::tempdir().expect("a folder can be made");
        let listener = UnixListener::bind(dir.path().join("netd.sock")).expect("a socket");
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let Ok(mut stream) = stream else { return };
                drop(stream.write_all(&frame(&hello(*b"ETSN", theirs))));
                // Held open until the other side has had enough.
                drop(stream.read_to_end(&mut Vec::new()));
            }
        });
        let serve = super::releases::Serve::start(&super::releases::configure(dir.path()));
        let socket = dir.path().join("serve.sock");
        wait_for("serve", SOON, OFTEN, || socket.exists().then_some(()));
        let netd = wait_for("its word", SOON, OFTEN, || {
            let health = Api::new(&socket).try_get("/api/v1/health")?;
            let netd = health["netd"].clone();
            (netd["problem"].as_str()?.contains("version")).then_some(netd)
        });
        println!("{}", netd["problem"]);
        assert_eq!(netd["connected"], false);
        assert!(netd["problem"].as_str().is_some_and(|said| said.contains(expected)), "{netd}");
        let log = std::fs::read_to_string(dir.path().join("hub.log")).expect("it has a log");
        assert!(log.contains(expected), "the log does not say it: {log}");
        serve.stop();
    }
}

/// A program as nobody.
fn as_nobody(program: &str) -> Command {
    let mut command = crate::support::program("setpriv");
    command.args(["--reuid", "65534", "--regid", "65534", "--clear-groups", program]);
    command.stdin(Stdio::null());
    command
}

const CONNECT: &str = "import socket,sys\n\
    s=socket.socket(socket.AF_UNIX)\n\
    s.settimeout(8)\n\
    try: s.connect(sys.argv[1])\n\
    except PermissionError: print('permission denied'); sys.exit()\n\
    s.sendall(bytes.fromhex(sys.argv[2]))\n\
    a=b''\n\
    while True:\n\
    \x20b=s.recv(4096)\n\
    \x20if not b: break\n\
    \x20a+=b\n\
    print(a.decode(errors='replace'))";

#[track_caller]
fn connect_as_nobody(socket: &Path, words: &[u8]) -> String {
    let hex: String = words.iter().map(|byte| format!("{byte:02x}")).collect();
    // Debian's own: others may lie where nobody can reach them.
    let output = as_nobody("/usr/bin/python3")
        .args(["-c", CONNECT, &socket.to_string_lossy(), &hex])
        .output()
        .expect("setpriv starts");
    let said = [output.stdout, output.stderr].concat();
    String::from_utf8_lossy(&said).into_owned()
}

/// covers: design 1 (peer checked by `SO_PEERCRED`), design 7 (who may speak to serve)
#[test]
fn another_user_is_refused_on_both_sockets() {
    if !is_root() {
        println!("skipped: only root becomes another user");
        return;
    }
    let lab = lab(2);
    let open = |path: &Path, mode| {
        std::fs::set_permissions(path, Permissions::from_mode(mode)).expect("ours to open");
    };
    // The folder keeps strangers out already: that door is opened, to try the next ones.
    open(lab.path(), 0o755);
    let (netd, serve) = (lab.path().join("netd.sock"), lab.path().join("serve.sock"));
    let words = frame(&hello(*b"ETSN", version(&netd)));
    for socket in [&netd, &serve] {
        let said = connect_as_nobody(socket, &words);
        assert_eq!(said.trim(), "permission denied", "{}", socket.display());
    }
    // And if its file were open to all, the kernel still says who is there.
    open(&netd, 0o777);
    let said = connect_as_nobody(&netd, &words);
    assert!(said.contains("user 65534 may not control netd"), "{said:?}");
    let hub = std::fs::copy(hub_binary(), lab.path().join("ets-hub"));
    hub.expect("the program can be put where nobody reaches it");
    let program = lab.path().join("ets-hub");
    let started = Instant::now();
    let output = as_nobody(&program.to_string_lossy())
        .args(["segment", "--dir", &lab.path().to_string_lossy(), "list"])
        .output()
        .expect("setpriv starts");
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(69), "{said}");
    assert!(said.contains("may this user speak to it?"), "{said}");
    assert!(started.elapsed() < Duration::from_secs(5));
    await_up(&lab, 2);
}
