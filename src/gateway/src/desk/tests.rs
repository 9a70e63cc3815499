use std::net::IpAddr;

use ets_runtime::Clock;
use ets_store::testing::{Busy, TestStore};

use super::*;
use crate::gateway::Refusal;
use crate::lane::Side;
use crate::{By, Question, service};

const MOMENT: std::time::Duration = std::time::Duration::from_millis(50);

const STAR: &str = "id;institution;name_ru;interface;prefixes;probe_address\n\
    s1;i1;Школа;p1;10.10.1.0/24;10.10.1.1\ns2;i2;Суд;p2;10.10.2.0/24;10.10.2.1\n";

const OPEN: &str = r#"{ "rules": [
    { "id": "courts", "name": { "en": "Courts" }, "who": { "segments": ["s2"] },
      "hours": ["mon-fri 09:00-18:00"], "action": "allow" },
    { "id": "bank", "name": { "en": "Bank" }, "to": { "domains": ["bank.example"] },
      "action": "allow" }
] }"#;

fn rules(text: &str) -> Rules {
    serde_json::from_str(text).unwrap()
}

fn migrations() -> Vec<ets_store::Migration> {
    [ets_journal::MIGRATIONS, ets_registry::MIGRATIONS, crate::MIGRATIONS, crate::SERIES_MIGRATIONS]
        .concat()
}

async fn open(store: &TestStore, seed: Rules) -> Desk {
    let clock = Clock::system();
    let registry = Registry::open((*store).clone(), clock.clone()).await.unwrap();
    if registry.catalog().segments().next().is_none() {
        let preview = registry.preview_csv(STAR.as_bytes());
        let author = Author::new("test");
        registry.apply_csv(STAR.as_bytes(), &preview.digest, &author).await.unwrap();
    }
    let hosts = [("bank.example", "192.0.2.7"), ("trap.example", "10.10.1.1")];
    let hosts = hosts.map(|(name, at)| (name.to_owned(), at.parse::<IpAddr>().unwrap())).into();
    let config = Config { hosts, ..Config::default() };
    let zone = TimeZone::get("Asia/Almaty").unwrap();
    let (store, series, inner) = ((*store).clone(), (*store).clone(), Vec::new());
    let deps = Deps { store, series, registry, clock, zone, inner, seed };
    service::open(&config, deps).await.unwrap()
}

async fn entries(store: &TestStore, action: &str) -> i64 {
    let sql = format!("SELECT COUNT(*) AS n FROM journal_entry WHERE action = '{action}'");
    store.query(&sql, &[]).await.unwrap()[0].int("n").unwrap()
}

async fn versions_are_kept(store: &TestStore) {
    let desk = open(store, Rules::default()).await;
    assert_eq!(desk.version().no, 0, "nobody gets out before the first version");
    let mut by = Author::new("Asem");
    by.reason = "school year".to_owned();
    let first = desk.apply(rules(OPEN), 0, &by).await.unwrap().version;
    assert_eq!((first.no, first.why.as_str()), (1, "school year"));
    let stale = desk.apply(Rules::default(), 0, &by).await.unwrap_err();
    assert!(matches!(stale, Error::Changed(1)), "{stale}");
    let unknown = rules(&OPEN.replace("\"s2\"", "\"s9\", \"s8\""));
    match desk.apply(unknown, 1, &by).await.unwrap_err() {
        Error::Rules(faults) => {
            let told: Vec<String> = faults.iter().map(ToString::to_string).collect();
            let of = |id: &str| format!("rule courts: there is no segment {id}");
            assert_eq!(told, [of("s9"), of("s8")]);
        }
        other => panic!("{other}"),
    }
    assert_eq!(entries(store, "gateway.rules").await, 1, "what was refused left nothing");
    desk.apply(Rules::default(), 1, &by).await.unwrap();
    assert_eq!(desk.rules_of(1).await.unwrap(), rules(OPEN), "and can be put in force again");
    assert!(matches!(desk.rules_of(7).await, Err(Error::NoVersion(7))));
    drop(desk);

    let desk = open(store, rules(OPEN)).await;
    assert_eq!(desk.version().no, 2, "a seed is for an empty database alone");
    assert_eq!(desk.gateway().policy().source().rules, []);
    let numbers: Vec<u64> = desk.history(10).await.unwrap().iter().map(|one| one.no).collect();
    assert_eq!(numbers, [2, 1]);
    assert_eq!(entries(store, "gateway.rules").await, 2);
}

/// covers: N6.1, S9
#[tokio::test]
async fn versions_of_the_rules_are_kept_and_none_is_overwritten_on_sqlite() {
    versions_are_kept(&TestStore::sqlite(&migrations()).await).await;
}

/// covers: N6.1, S9
#[tokio::test]
async fn versions_of_the_rules_are_kept_and_none_is_overwritten_on_postgresql() {
    versions_are_kept(&TestStore::postgres(&migrations()).await).await;
}

/// covers: N6.1
#[tokio::test]
async fn the_simulator_says_what_would_be_at_any_moment_and_by_which_rule() {
    let store = TestStore::sqlite(&migrations()).await;
    let desk = open(&store, rules(OPEN)).await;
    assert_eq!(desk.version().author, "system", "the seed is a version like any other");
    let ask = async |segment: &str, to: &str, at: &str| {
        let at: Timestamp = at.parse().unwrap();
        let at = Some(WallTime(at.as_microsecond()));
        let to = Target::read(to).unwrap();
        desk.would(&segment.parse().unwrap(), &to, None, (Way::Proxy, at)).await.unwrap()
    };
    let verdict = |would: &Would| would.addresses.first().map(|(_, verdict)| *verdict);
    let (monday, sunday) = ("2026-11-30T09:00:00+05:00", "2026-11-29T09:00:00+05:00");

    let open = ask("s2", "198.51.100.1:443", monday).await;
    assert_eq!(verdict(&open), Some(Verdict::Allowed(0)));
    assert_eq!(open.until.unwrap().to_string(), "2026-11-30T18:00:00+05:00[Asia/Almaty]");
    let closed = ask("s2", "198.51.100.1:443", sunday).await;
    assert_eq!(verdict(&closed), Some(Verdict::Refused(crate::policy::Why::NoRule)));
    assert_eq!(closed.passed_over, [(0, Unfit::Hours), (1, Unfit::To)]);
    assert_eq!(closed.until.unwrap().to_string(), "2026-11-30T09:00:00+05:00[Asia/Almaty]");
    let bank = ask("s1", "bank.example:443", sunday).await;
    assert_eq!(verdict(&bank), Some(Verdict::Allowed(1)));
    assert_eq!(bank.passed_over, [(0, Unfit::Who)]);
    let inner = ask("s2", "trap.example:80", monday).await;
    assert_eq!(verdict(&inner), Some(Verdict::Refused(crate::policy::Why::Ours)));
    let nowhere = ask("s1", "no.example:80", monday).await;
    assert!(nowhere.verdict().is_none() && nowhere.addresses.is_empty());
    let (none, to) = ("s7".parse().unwrap(), Target::read("a.b:1").unwrap());
    assert!(matches!(
        desk.would(&none, &to, None, (Way::Proxy, None)).await,
        Err(Error::NoSegment(_))
    ));
}

/// covers: N6.1, G3: the simulator promises nothing by an address that the gateway would not try
#[tokio::test]
async fn the_simulator_asks_for_as_many_addresses_as_the_gateway_tries() {
    let store = TestStore::sqlite(&migrations()).await;
    let fifth = r#"{ "rules": [{ "id": "fifth", "name": { "en": "Fifth" },
        "to": { "addresses": ["198.51.100.5/32"] }, "action": "allow" }] }"#;
    let desk = open(&store, rules(fifth)).await;
    let found: Vec<IpAddr> = (1..=200).map(|last| [198, 51, 100, last].into()).collect();
    desk.gateway().resolver().ask_instead(Box::new(move |_| {
        let found = found.clone();
        Box::pin(async move { Ok(found) })
    }));
    let (segment, to) = ("s1".parse().unwrap(), Target::read("many.example:443").unwrap());
    let would = desk.would(&segment, &to, None, (Way::Proxy, None)).await.unwrap();
    assert_eq!(would.addresses.len(), 4);
    assert!(!would.verdict().unwrap().is_allowed());
    let no = desk.gateway().reach("10.10.1.2".parse().unwrap(), None, &to).await.unwrap_err();
    assert_eq!(no.code(), "no-rule", "as the gateway says itself");
}

/// Who was refused, of all times.
async fn refused(desk: &Desk) -> u64 {
    let (from, until) = (WallTime(0), desk.deps().clock.wall());
    let asked = Question { from, until, by: By::Segment, segment: None, refused: true, most: 9 };
    desk.reports(&[asked], &Author::new("test")).await.unwrap()[0].total.tunnels
}

/// covers: N6.1, S9: whoever looks at persons or hosts is in the journal, with each list once
#[tokio::test]
async fn a_look_at_persons_and_hosts_is_entered_once_however_many_lists_it_has() {
    let store = TestStore::sqlite(&migrations()).await;
    let desk = open(&store, Rules::default()).await;
    let (from, until) = (WallTime(0), desk.deps().clock.wall());
    let ask = |by, refused| Question { from, until, by, segment: None, refused, most: 9 };
    let (by, author) = ([By::Domain, By::Person, By::Rule], Author::new("test"));
    let of_nobody = [ask(By::Rule, false), ask(By::Segment, true)];
    desk.reports(&of_nobody, &author).await.unwrap();
    assert_eq!(entries(&store, "gateway.report").await, 0);
    let all: Vec<Question> =
        [false, true].iter().flat_map(|refused| by.map(|by| ask(by, *refused))).collect();
    assert_eq!(desk.reports(&all, &author).await.unwrap().len(), 6);
    let sql = "SELECT detail FROM journal_entry WHERE action = 'gateway.report'";
    let entered = store.query(sql, &[]).await.unwrap();
    let detail: serde_json::Value =
        serde_json::from_str(entered[0].text("detail").unwrap()).unwrap();
    assert_eq!((entered.len(), &detail["by"]), (1, &json!(["domain", "person"])));
}

/// covers: N6.1: whoever looks goes away while it is written down, and nothing of it is lost
#[tokio::test]
async fn who_went_where_is_written_down_also_when_whoever_asked_has_gone() {
    let store = TestStore::sqlite(&migrations()).await;
    let desk = open(&store, Rules::default()).await;
    let refuse = || {
        let (who, why) = ((SegmentNo(1), None), (&Refusal::Unreachable, ""));
        desk.gateway().note_refusal(who, "a.example", why);
    };
    refuse();
    let busy = Busy::begin(&store).await;
    for _ in 0..2 {
        let gone = tokio::time::timeout(MOMENT, desk.write_down()).await;
        assert!(gone.is_err(), "the database is busy");
        refuse();
    }
    busy.end().await;
    assert_eq!(refused(&desk).await, 3);
}

/// Who has a volume and is told at 80 % of it.
const VOLUMES: &str = r#"{
    "limits": [{ "id": "day", "volume": { "bytes": 1000, "per": "day" } }],
    "rules": [{ "id": "all", "name": { "en": "All" }, "action": "allow" }] }"#;

/// Waits until something is so; whether it came to that.
async fn comes(mut is_so: impl AsyncFnMut() -> bool) -> bool {
    let comes = async {
        while !is_so().await {
            tokio::time::sleep(MOMENT).await;
        }
    };
    tokio::time::timeout(60 * MOMENT, comes).await.is_ok()
}

/// covers: N6.1: what cannot be told holds no volume up, and is told once in its time
#[tokio::test]
async fn volumes_are_held_while_the_journal_takes_nothing() {
    let store = TestStore::sqlite(&migrations()).await;
    let desk = open(&store, rules(VOLUMES)).await;
    let (_trigger, shutdown) = ets_runtime::Shutdown::new();
    let catalog = desk.deps().registry.catalog();
    let [first, second] = ["s1", "s2"].map(|id| catalog.segment(id).unwrap().no);
    let has_its_volume = async |segment| {
        desk.gateway().meters().meter(segment).unwrap().count(Side::Up, 1_000);
        comes(async || desk.gateway().spent(segment).is_some()).await
    };
    // The first look begins the periods.
    desk.gateway().hold();
    let busy = Busy::begin(&store).await;
    let keeping = tokio::spawn(crate::keep(desk.clone(), shutdown));
    assert!(has_its_volume(first).await);
    assert!(has_its_volume(second).await, "the first is not told yet");
    busy.end().await;
    assert!(comes(async || entries(&store, "gateway.quota.reach").await == 2).await);
    tokio::time::sleep(10 * MOMENT).await;
    assert_eq!(entries(&store, "gateway.quota.reach").await, 2, "each is told once");
    keeping.abort();
}

/// covers: N6.5: the browser goes away while a request is filed, and its place is not lost
#[tokio::test]
async fn a_request_is_filed_also_when_whoever_asked_has_gone() {
    let store = TestStore::sqlite(&migrations()).await;
    let desk = open(&store, Rules::default()).await;
    desk.gateway().take_requests(Asking::new(80).unwrap());
    let (of, hub) = ("10.10.1.2".parse().unwrap(), "10.10.1.1".parse().unwrap());
    let target = Target::read("198.51.100.1:443").unwrap();
    let refused = desk.gateway().reach(of, None, &target).await.unwrap_err();
    let link = desk.gateway().ask_link((&refused, &target), of, hub).unwrap();
    let word = link.split_once("word=").unwrap().1.to_owned();
    let (name, phone, reason) = ("Asem".into(), "21-14".into(), "for work".into());
    let asked = crate::Asked { word, name, phone, reason };
    let catalog = desk.deps().registry.catalog();
    let segment = catalog.segment("s1").unwrap();
    let busy = Busy::begin(&store).await;
    let moment = std::time::Duration::from_millis(50);
    let gone = tokio::time::timeout(moment, desk.file(&asked, (of, segment))).await;
    assert!(gone.is_err(), "the database is busy");
    busy.end().await;
    let filed = async {
        while desk.requests().await.unwrap().is_empty() {
            tokio::time::sleep(moment).await;
        }
    };
    tokio::time::timeout(moment * 40, filed).await.expect("it is filed all the same");
    // The number may be kept a moment after the request is.
    tokio::time::sleep(moment).await;
    let number = desk.file(&asked, (of, segment)).await.unwrap();
    assert_eq!(desk.requests().await.unwrap()[0].seq, number, "and sent again it is the same");
}
