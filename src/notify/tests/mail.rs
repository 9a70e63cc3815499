//! Letters to a mail server that is not ours (aiosmtpd): once, whole, and never lost.

#![allow(clippy::unwrap_used, reason = "a test may end at once")]

use std::io::{BufRead, BufReader};
use std::net::IpAddr;
use std::os::fd::AsFd;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use ets_model::{Stamp, WallTime};
use ets_notify::{Config, Kept, Letter, LetterId, Notify, Relay, State, Tls};
use ets_runtime::{Clock, Shutdown, ShutdownTrigger};
use ets_store::testing::TestStore;
use ets_store::{Store, Tx};
use serde_json::Value;
use tokio::net::TcpSocket;

/// The mail server, ended with the test.
struct Judge {
    child: Child,
    folder: tempfile::TempDir,
    port: u16,
}

impl Drop for Judge {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A port that is ours from here on: nobody answers there until the mail server has it.
struct Place(TcpSocket);

impl Place {
    fn new() -> Self {
        let socket = TcpSocket::new_v4().unwrap();
        socket.bind((HOST.parse::<IpAddr>().unwrap(), 0).into()).unwrap();
        Self(socket)
    }

    fn port(&self) -> u16 {
        self.0.local_addr().unwrap().port()
    }
}

const HOST: &str = "127.0.0.1";

fn judge() -> Judge {
    Judge::start(&Place::new(), &[])
}

fn python() -> PathBuf {
    let usual = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/judges-venv/bin/python");
    assert!(usual.exists(), "the judges are missing: run scripts/setup.sh test");
    usual
}

impl Judge {
    fn start(place: &Place, more: &[&Path]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/relay.py");
        let mut child = Command::new(python())
            .args([&script, folder.path()])
            .args(more)
            .stdin(Stdio::from(place.0.as_fd().try_clone_to_owned().unwrap()))
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        assert_eq!(line, "ready\n");
        Self { child, folder, port: place.port() }
    }

    fn letters(&self) -> Vec<Value> {
        let files = std::fs::read_dir(self.folder.path()).unwrap().map(|one| one.unwrap().path());
        let files = files.filter(|path| path.extension().is_some_and(|one| one == "json"));
        files.map(|path| serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap()).collect()
    }
}

fn config(port: u16, tls: Tls) -> Config {
    let relay = Relay { host: HOST.to_owned(), port };
    Config { relay, from: "Узел ВКО <hub@ets.kz>".parse().unwrap(), tls }
}

/// The sender of one life of the process.
struct Life {
    notify: Notify,
    trigger: ShutdownTrigger,
    running: tokio::task::JoinHandle<Result<(), ets_notify::Error>>,
}

impl Life {
    fn begin(store: &Store, clock: &Clock, config: &Config) -> Self {
        let notify = ets_notify::build(config, store.clone(), clock.clone()).unwrap();
        let (trigger, shutdown) = Shutdown::new();
        let running = tokio::spawn(notify.clone().run(shutdown));
        Self { notify, trigger, running }
    }

    async fn end(self) {
        self.trigger.fire();
        self.running.await.unwrap().unwrap();
    }

    /// As `kill -9`: whatever is under way is broken off.
    async fn kill(self) {
        self.running.abort();
        assert!(self.running.await.unwrap_err().is_cancelled());
    }
}

async fn write(notify: &Notify, store: &Store, to: &str, at: WallTime) -> LetterId {
    let (notify, letter) = (notify.clone(), letter(to));
    let written = store
        .write(move |tx: &mut Tx<'_>| Box::pin(async move { notify.queue(tx, &letter, at).await }));
    written.await.unwrap()
}

fn letter(to: &str) -> Letter {
    Letter {
        to: to.parse().unwrap(),
        subject: "Сертификат заканчивается: Әйгүл Омарова, осталось 14 дней".to_owned(),
        text: "Қайырлы күн!\n.строка с точки\nhttps://ets.kz/me\n".to_owned(),
    }
}

/// Waits until a letter is as wanted.
async fn until(store: &Store, id: LetterId, wanted: impl Fn(&Kept) -> bool) -> Kept {
    let begun = Instant::now();
    loop {
        let kept = ets_notify::find(store, id).await.unwrap().unwrap();
        if wanted(&kept) {
            return kept;
        }
        assert!(begun.elapsed() < Duration::from_secs(30), "{kept:?}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

/// A clock that stands until it is moved.
fn clock() -> Clock {
    let now = Clock::system().stamp();
    Clock::by_hand(now)
}

fn pass(clock: &Clock, time: Duration) {
    let now = clock.stamp();
    clock.set(Stamp { wall: now.wall.plus(time), ..now });
}

async fn a_letter_arrives_once_with_the_headers_that_a_letter_has(store: TestStore) {
    let (judge, clock) = (judge(), clock());
    let kept = tried(&store, &clock, &config(judge.port, Tls::None), "person").await;
    assert_eq!(kept.state, State::Sent);
    // A second life finds nothing to do.
    let life = Life::begin(&store, &clock, &config(judge.port, Tls::None));
    tokio::time::sleep(Duration::from_millis(300)).await;
    life.end().await;
    let all = judge.letters();
    let [got] = all.as_slice() else { panic!("{all:?}") };
    let headers = &got["headers"];
    assert_eq!(got["from"], "hub@ets.kz");
    assert_eq!(got["to"], serde_json::json!(["person@ets.kz"]));
    assert_eq!(headers["Subject"], letter("a@b").subject.as_str());
    let raw = got["raw_subject"].as_str().unwrap();
    assert!(raw.to_lowercase().contains("=?utf-8?"), "{raw}");
    assert_eq!(headers["From"], "Узел ВКО <hub@ets.kz>");
    assert_eq!(headers["Message-ID"], kept.message_id.as_str());
    assert!(kept.message_id.ends_with("@ets.kz>"), "{}", kept.message_id);
    assert_eq!(headers["Auto-Submitted"], "auto-generated");
    assert!(headers["Date"].as_str().unwrap().contains("20"), "{headers}");
    assert_eq!(got["text"].as_str().unwrap().replace("\r\n", "\n"), letter("a@b").text);
    assert_eq!(got["defects"], serde_json::json!([]));
    assert_eq!(ets_notify::figures(&store).await.unwrap().sent, 1);
}

ets_store::on_both_databases!(
    /// covers: T1.4
    arrives_once,
    ets_notify::MIGRATIONS,
    a_letter_arrives_once_with_the_headers_that_a_letter_has
);

/// covers: T1.4
#[tokio::test]
async fn what_waits_for_a_relay_that_is_down_goes_when_it_is_back() {
    let (store, clock, place) =
        (TestStore::sqlite(ets_notify::MIGRATIONS).await, clock(), Place::new());
    let port = place.port();
    let life = Life::begin(&store, &clock, &config(port, Tls::None));
    let id = write(&life.notify, &store, "person@ets.kz", clock.wall()).await;
    let waits = until(&store, id, |kept| kept.tries == 1).await;
    assert!(waits.state == State::Queued && !waits.words.is_empty(), "{waits:?}");
    assert_eq!(waits.next_try, clock.wall().plus(Duration::from_secs(60)));
    life.kill().await;
    // Down as well, later: the pause grows.
    pass(&clock, Duration::from_secs(61));
    let life = Life::begin(&store, &clock, &config(port, Tls::None));
    let waits = until(&store, id, |kept| kept.tries == 2).await;
    assert_eq!(waits.next_try, clock.wall().plus(Duration::from_secs(180)));
    life.kill().await;
    let judge = Judge::start(&place, &[]);
    pass(&clock, Duration::from_secs(181));
    let life = Life::begin(&store, &clock, &config(port, Tls::None));
    let sent = until(&store, id, |kept| kept.state == State::Sent).await;
    life.end().await;
    assert_eq!(sent.message_id, waits.message_id);
    assert_eq!(judge.letters().len(), 1);
}

/// covers: T1.4
#[tokio::test]
async fn a_sender_that_dies_before_the_answer_sends_the_same_letter_again() {
    let (store, clock) = (TestStore::sqlite(ets_notify::MIGRATIONS).await, clock());
    let judge = judge();
    let config = config(judge.port, Tls::None);
    let notify = ets_notify::build(&config, (*store).clone(), clock.clone()).unwrap();
    write(&notify, &store, "mute@ets.kz", clock.wall()).await;
    for _ in 0..2 {
        let life = Life::begin(&store, &clock, &config);
        let before = judge.letters().len();
        let begun = Instant::now();
        while judge.letters().len() == before {
            assert!(begun.elapsed() < Duration::from_secs(20));
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        life.kill().await;
    }
    let all = judge.letters();
    let [one, two] = all.as_slice() else { panic!("{all:?}") };
    assert_eq!(one["headers"], two["headers"], "date and Message-ID are those of the first");
    assert_eq!(ets_notify::figures(&store).await.unwrap().queued, 1);
}

/// covers: T1.4
#[tokio::test]
async fn what_the_relay_refuses_for_good_is_kept_with_its_words_and_for_now_is_tried_again() {
    let (store, clock) = (TestStore::sqlite(ets_notify::MIGRATIONS).await, clock());
    let judge = judge();
    let config = config(judge.port, Tls::None);
    let notify = ets_notify::build(&config, (*store).clone(), clock.clone()).unwrap();
    let refused = write(&notify, &store, "refused@ets.kz", clock.wall()).await;
    let later = write(&notify, &store, "later@ets.kz", clock.wall()).await;
    let good = write(&notify, &store, "good@ets.kz", clock.wall()).await;
    let life = Life::begin(&store, &clock, &config);
    let failed = until(&store, refused, |kept| kept.state == State::Failed).await;
    assert!(failed.words.contains("550") && failed.words.contains("no such person"), "{failed:?}");
    let waits = until(&store, later, |kept| kept.tries == 1).await;
    assert!(waits.words.contains("greylisted"), "{waits:?}");
    until(&store, good, |kept| kept.state == State::Sent).await;
    life.end().await;
    let figures = ets_notify::figures(&store).await.unwrap();
    assert_eq!((figures.queued, figures.sent, figures.failed), (1, 1, 1));
}

/// Only the address can be refused for good: the rest can be mended, and the letter goes then.
///
/// covers: T1.4
#[tokio::test]
async fn what_the_relay_has_against_us_or_the_text_costs_no_letter() {
    let (store, clock) = (TestStore::sqlite(ets_notify::MIGRATIONS).await, clock());
    let judge = judge();
    let ours = config(judge.port, Tls::None);
    let strange = Config { from: "stranger@ets.kz".parse().unwrap(), ..ours.clone() };
    let person = tried(&store, &clock, &strange, "person").await;
    assert!(person.state == State::Queued && person.words.contains("550"), "{person:?}");
    pass(&clock, Duration::from_secs(61));
    let life = Life::begin(&store, &clock, &ours);
    until(&store, person.id, |kept| kept.state == State::Sent).await;
    life.end().await;
    for (to, code) in [
        ("policy", "554"),
        ("relaying", "550"),
        ("login", "530"),
        ("sender", "550"),
        ("full", "552"),
        ("text", "554"),
    ] {
        let waits = tried(&store, &clock, &ours, to).await;
        assert!(waits.state == State::Queued && waits.words.contains(code), "{to}: {waits:?}");
    }
    let gone = tried(&store, &clock, &ours, "gone").await;
    assert!(gone.state == State::Failed && gone.words.contains("553"), "{gone:?}");
}

/// A letter after its first try, in a life of its own: the first look of a life is at once.
async fn tried(store: &Store, clock: &Clock, config: &Config, to: &str) -> Kept {
    let notify = ets_notify::build(config, store.clone(), clock.clone()).unwrap();
    let id = write(&notify, store, &format!("{to}@ets.kz"), clock.wall()).await;
    let life = Life::begin(store, clock, config);
    let kept = until(store, id, |kept| kept.tries > 0 || kept.done.is_some()).await;
    life.end().await;
    kept
}

/// covers: T1.4
#[tokio::test]
async fn a_letter_of_a_transaction_that_fails_was_never_written() {
    let (store, clock) = (TestStore::sqlite(ets_notify::MIGRATIONS).await, clock());
    let notify = ets_notify::build(&config(1, Tls::None), (*store).clone(), clock.clone()).unwrap();
    let at = clock.wall();
    let undone: Result<(), ets_notify::Error> = store
        .write(move |tx: &mut Tx<'_>| {
            Box::pin(async move {
                let id = notify.queue(tx, &letter("person@ets.kz"), at).await?;
                Err(ets_notify::Error::Unreadable(id.0))
            })
        })
        .await;
    assert!(undone.is_err());
    assert_eq!(ets_notify::figures(&store).await.unwrap(), ets_notify::Figures::default());
}

/// covers: T1.4
#[tokio::test]
async fn with_starttls_nothing_goes_to_a_relay_of_another_authority() {
    let (store, clock) = (TestStore::sqlite(ets_notify::MIGRATIONS).await, clock());
    let dir = tempfile::tempdir().unwrap();
    let [own, other] = ["own", "other"].map(|name| certificate(dir.path(), name));
    let judge = Judge::start(&Place::new(), &[&own.0, &own.1]);
    let other = config(judge.port, Tls::StartTls(other.0));
    let waits = tried(&store, &clock, &other, "person").await;
    assert!(waits.state == State::Queued && judge.letters().is_empty(), "{waits:?}");
    pass(&clock, Duration::from_secs(61));
    let life = Life::begin(&store, &clock, &config(judge.port, Tls::StartTls(own.0)));
    until(&store, waits.id, |kept| kept.state == State::Sent).await;
    life.end().await;
    let all = judge.letters();
    assert!(all.len() == 1 && all[0]["tls"] == true, "{all:?}");
    let missing = config(judge.port, Tls::StartTls(dir.path().join("none.pem")));
    let refused = ets_notify::build(&missing, (*store).clone(), clock.clone());
    assert!(matches!(refused, Err(ets_notify::Error::Roots { .. })), "{refused:?}");
}

/// A certificate of the relay that signs itself, and its key.
fn certificate(dir: &Path, name: &str) -> (PathBuf, PathBuf) {
    let (pem, key) = (dir.join(format!("{name}.pem")), dir.join(format!("{name}.key")));
    let made = Command::new("openssl")
        .args(["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"])
        .args(["-days", "2", "-subj", "/CN=relay", "-addext", "subjectAltName=IP:127.0.0.1"])
        .args(["-addext", "basicConstraints=critical,CA:FALSE"])
        .arg("-out")
        .arg(&pem)
        .arg("-keyout")
        .arg(&key)
        .output()
        .unwrap();
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    (pem, key)
}
