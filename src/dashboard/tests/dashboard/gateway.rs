//! The page of the way out: rules changed as text, refused with their faults, tried before they are
//! needed; the same over the API.

use http::{Method, Request, StatusCode, header};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Value, json};

use crate::bed::{Bed, json as read, text};
use crate::pages::{in_language, post};

const RULES: &str = r#"{ "rules": [{ "id": "bank", "name": { "en": "The <bank>", "ru": "Банк" },
    "who": { "segments": ["s001"] }, "to": { "addresses": ["203.0.113.0/24"] },
    "hours": ["mon-fri 09:00-18:00"], "action": "allow" }] }"#;

fn form(rules: &str, base: u64) -> String {
    let rules = utf8_percent_encode(rules, NON_ALPHANUMERIC);
    format!("base={base}&reason=why&rules={rules}")
}

async fn asked(bed: &Bed, query: &str) -> String {
    in_language(bed, &format!("/gateway?{query}"), "en").await.1
}

/// covers: N6.1, N6.5
#[tokio::test]
async fn rules_are_changed_as_text_and_tried_before_they_are_needed() {
    let bed = Bed::ruled(2).await;
    let (_, html) = in_language(&bed, "/gateway", "en").await;
    assert!(html.contains("Nobody gets out"), "{html}");
    for (rules, base, fault) in [
        ("{ no json", 0, "Это не набор правил"),
        (&RULES.replace("\"s001\"", "\"s9\""), 0, "rule bank: there is no segment s9"),
        (RULES, 7, "действует версия 0"),
    ] {
        let response = bed.ask(post("/gateway/edit", &form(rules, base))).await;
        assert_eq!(response.status(), StatusCode::UNPROCESSABLE_ENTITY, "{rules}");
        let html = text(response).await;
        assert!(html.contains(fault), "{fault}: {html}");
        assert!(html.contains("value=\"why\""), "what was typed stands there again");
    }
    let response = bed.ask(post("/gateway/edit", &form(RULES, 0))).await;
    assert_eq!(response.status(), StatusCode::SEE_OTHER);
    let html = asked(&bed, "").await;
    assert!(html.contains("The &lt;bank&gt;") && html.contains("mon-fri 09:00-18:00"), "{html}");
    let at = "at=2026-11-30T10:00";
    let yes = asked(&bed, &format!("segment=s001&to=203.0.113.7:443&{at}")).await;
    assert!(yes.contains("Yes, by the rule “The &lt;bank&gt;”."), "{yes}");
    for (question, told) in [
        ("segment=s001&to=203.0.113.7:443&at=2026-11-29T10:00", "is for other hours"),
        ("segment=s002&to=203.0.113.7:443&at=2026-11-30T10:00", "is for others"),
        ("segment=s007&to=203.0.113.7:443", "There is no such segment"),
        ("segment=s001&to=203.0.113.7", "Write a host and a port"),
        ("segment=s001&to=a.example:443", "The name has no address"),
        ("segment=s001&to=203.0.113.7:443&at=soon", "Write a moment so"),
    ] {
        let html = asked(&bed, question).await;
        assert!(html.contains(told), "{question}: {html}");
    }
    let version = in_language(&bed, "/gateway/edit?of=1", "en").await.1;
    assert!(version.contains("203.0.113.0/24"), "{version}");
}

/// The answers of the form of one rule, with these instead of the usual ones.
fn rule(instead: &[(&str, &str)]) -> String {
    let usual = [
        ("id", "school"),
        ("base", "0"),
        ("name_ru", "Школы"),
        ("action", "allow"),
        ("place", "1"),
        ("segments", "s001\r\ns002"),
        ("domains", "example.kz"),
        ("ports", "tcp/443"),
        ("hours", "mon,wed-thu 00:00-24:00"),
    ];
    let usual = usual.iter().filter(|(name, _)| instead.iter().all(|(one, _)| one != name));
    let pairs = usual
        .chain(instead)
        .map(|(name, value)| format!("{name}={}", utf8_percent_encode(value, NON_ALPHANUMERIC)));
    pairs.collect::<Vec<_>>().join("&")
}

/// covers: N6.1
#[tokio::test]
async fn one_rule_is_written_moved_and_removed_by_a_form_that_says_what_is_wrong_where() {
    let bed = Bed::ruled(2).await;
    for (instead, fault) in [
        (("id", "Школы"), "Латинские строчные буквы"),
        (("name_ru", ""), "#f-name_ru"),
        (("segments", "s001;s9"), "Нет такого сегмента: s9"),
        (("addresses", "203.0.113.0/99"), "Не удалось понять: 203.0.113.0/99"),
        (("ports", "443"), "Не удалось понять: 443"),
        (("hours", "mon 9-18"), "Не удалось понять: mon 9-18"),
        (("domains", "a..kz"), "Не удалось понять: a..kz"),
        (("lists", "banks"), "there is no list banks"),
        (("place", ""), "Напишите число больше нуля"),
        (("place", "first"), "Напишите число больше нуля"),
        (("id", "new"), "Это обозначение занято"),
        (("base", "7"), "действует версия 0"),
    ] {
        let response = bed.ask(post("/gateway/rules/new", &rule(&[instead]))).await;
        assert_eq!(response.status(), StatusCode::UNPROCESSABLE_ENTITY, "{instead:?}");
        let html = text(response).await;
        assert!(html.contains(fault), "{fault}: {html}");
        assert!(html.contains("mon") && html.contains("school") || (instead.0 == "id"), "{html}");
    }
    let send = async |at: &str, form: &str| bed.ask(post(at, form)).await.status();
    let rules = async || read(bed.get("/api/v1/gateway").await).await["rules"]["rules"].clone();
    assert_eq!(send("/gateway/rules/new", &rule(&[])).await, StatusCode::SEE_OTHER);
    // As the help under the field has it.
    let ports = ("ports", "tcp/443, udp/5000-5100");
    let second = [("id", "bank"), ("base", "1"), ("place", "1"), ("segments", ""), ports];
    assert_eq!(send("/gateway/rules/new", &rule(&second)).await, StatusCode::SEE_OTHER);
    let taken = [("base", "2")];
    assert_eq!(send("/gateway/rules/new", &rule(&taken)).await, StatusCode::UNPROCESSABLE_ENTITY);
    let now = rules().await;
    assert_eq!((&now[0]["id"], &now[1]["id"]), (&json!("bank"), &json!("school")), "{now}");
    assert_eq!(now[0]["ports"], json!(["tcp/443", "udp/5000-5100"]), "{now}");
    assert_eq!(now[1]["hours"], json!(["mon,wed-thu 00:00-24:00"]), "{now}");
    assert_eq!(now[1]["who"]["segments"], json!(["s001", "s002"]), "{now}");

    let (_, html) = in_language(&bed, "/gateway/rules/bank", "en").await;
    assert!(html.contains("example.kz") && html.contains("value=\"1\""), "{html}");
    let moved = [("base", "2"), ("place", "9"), ("action", "refuse"), ("off", "on")];
    assert_eq!(send("/gateway/rules/bank", &rule(&moved)).await, StatusCode::SEE_OTHER);
    let now = rules().await;
    assert_eq!((&now[1]["id"], &now[1]["off"]), (&json!("bank"), &json!(true)), "{now}");
    assert_eq!(now[1]["action"], "refuse", "{now}");
    assert_eq!(send("/gateway/rules/bank/remove", "base=2").await, StatusCode::SEE_OTHER);
    assert_eq!(rules().await.as_array().map(Vec::len), Some(2), "made from an older version");
    assert_eq!(send("/gateway/rules/bank/remove", "base=3").await, StatusCode::SEE_OTHER);
    assert_eq!(rules().await.as_array().map(Vec::len), Some(1));
    assert_eq!(bed.get("/gateway/rules/bank").await.status(), StatusCode::NOT_FOUND);
}

/// covers: N6.1
#[tokio::test]
async fn the_same_is_done_over_the_api_and_a_stale_version_is_refused() {
    let bed = Bed::ruled(2).await;
    let rules: Value = serde_json::from_str(RULES).unwrap();
    let put = async |version: u64, rules: &Value| {
        let mut body = rules.clone();
        body["version"] = version.into();
        let request = Request::put("/api/v1/gateway/rules")
            .header(header::CONTENT_TYPE, "application/json")
            .body(body.to_string().into())
            .unwrap();
        let response = bed.ask(request).await;
        (response.status(), read(response).await)
    };
    let (status, answer) = put(0, &rules).await;
    assert_eq!((status, &answer["version"]["no"]), (StatusCode::OK, &json!(1)), "{answer}");
    let (status, answer) = put(2, &rules).await;
    assert_eq!(status, StatusCode::PRECONDITION_FAILED, "{answer}");
    let (status, answer) = put(1, &json!({ "rules": [{ "id": "A" }] })).await;
    assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY, "{answer}");
    let state = read(bed.get("/api/v1/gateway").await).await;
    assert_eq!(state["rules"]["rules"][0]["id"], "bank", "{state}");
    let would = "/api/v1/gateway/would?segment=s001&to=203.0.113.7:443&at=2026-11-30T10:00:00Z";
    let would = read(bed.get(would).await).await;
    assert_eq!((&would["allowed"], &would["rule"]), (&json!(true), &json!("bank")), "{would}");
    assert_eq!(would["until"], "2026-11-30T13:00:00Z", "{would}");
    for path in ["/api/v1/gateway/versions/9", "/api/v1/gateway/would?segment=s1&to=a:1"] {
        assert_eq!(bed.get(path).await.status(), StatusCode::NOT_FOUND, "{path}");
    }
    let request = Request::builder().method(Method::GET);
    let request = request.uri("/api/v1/gateway/would?segment=s001&to=nonsense");
    let response = bed.ask(request.body(String::new().into()).unwrap()).await;
    assert_eq!(response.status(), StatusCode::BAD_REQUEST);
}

const CALLS: &str = r#"{ "relays": [{ "id": "calls", "name": { "en": "Video <calls>", "ru": "Видео" },
    "ports": ["tcp/4307", "udp/50000-50100"], "target": "10.1.0.10",
    "who": { "segments": ["s002"] } }] }"#;

/// covers: N6.3, N15.1, N6.5
#[tokio::test]
async fn relays_stand_on_the_page_in_each_language_and_their_faults_are_told() {
    let bed = Bed::ruled(2).await;
    let (_, html) = in_language(&bed, "/gateway", "en").await;
    assert!(html.contains("no service is reached through the hub alone"), "{html}");
    let to_a_segment = bed.get("/api/v1/segments/s001").await;
    let to_a_segment = read(to_a_segment).await["prefixes"][0].as_str().unwrap().to_owned();
    let address = to_a_segment.split('/').next().unwrap();
    for (rules, fault) in [
        (CALLS.replace("10.1.0.10", address), "a relay leads to a server behind the hub"),
        (CALLS.replace("tcp/4307", "tcp/443"), "the hub relays ports from 1024 on"),
        (CALLS.replace("s002", "s9"), "relay calls: there is no segment s9"),
    ] {
        let response = bed.ask(post("/gateway/edit", &form(&rules, 0))).await;
        assert_eq!(response.status(), StatusCode::UNPROCESSABLE_ENTITY, "{rules}");
        let html = text(response).await;
        assert!(html.contains(fault), "{fault}: {html}");
    }
    let response = bed.ask(post("/gateway/edit", &form(CALLS, 0))).await;
    assert_eq!(response.status(), StatusCode::SEE_OTHER);
    for (language, told) in [
        ("en", ["Video &lt;calls&gt;", "udp/50000-50100", "10.1.0.10", "listens"]),
        ("ru", ["Видео", "SOCKS 0, службы 0", "Отброшено датаграмм", "принимает"]),
        ("kk", ["calls", "SOCKS 0, қызметтер 0", "Тасталған датаграммалар", "қабылдайды"]),
    ] {
        let (_, html) = in_language(&bed, "/gateway", language).await;
        for told in told {
            assert!(html.contains(told), "{language} {told}: {html}");
        }
    }
    let state = read(bed.get("/api/v1/gateway").await).await;
    assert_eq!(state["relays"][0]["id"], "calls", "{state}");
    assert_eq!(state["datagrams"]["dropped"]["stranger"], 0, "{state}");
}

/// covers: N6.1: who goes where, for people and machines; each look at hosts and persons is entered
#[tokio::test]
async fn who_goes_where_is_told_and_who_looks_is_entered_in_the_journal() {
    let bed = Bed::ruled(2).await;
    let limits = r#", "limits": [{ "id": "school", "name": { "en": "School’s <own>" },
        "who": { "segments": ["s001"] }, "volume": { "bytes": 5000000, "per": "month" } }] }"#;
    let rules = RULES.trim_end().strip_suffix('}').unwrap().to_owned() + limits;
    let response = bed.ask(post("/gateway/edit", &form(&rules, 0))).await;
    assert_eq!(response.status(), StatusCode::SEE_OTHER);
    // The deed itself is the room's own matter; here an ask that is refused.
    let desk = bed.gateway();
    let from = "10.10.1.2".parse().unwrap();
    let target = ets_gateway::Target::read("198.51.100.7:443").unwrap();
    let refused = desk.gateway().reach(from, None, &target).await.is_err();
    assert!(refused);
    for (lang, words) in [("en", "Who goes where"), ("ru", "Кто куда ходит"), ("kk", "Кім қайда")]
    {
        let (_, html) = in_language(&bed, "/gateway/report", lang).await;
        assert!(html.contains(words), "{lang}: {html}");
    }
    let (_, html) = in_language(&bed, "/gateway", "en").await;
    assert!(html.contains("School’s &lt;own&gt;"), "{html}");
    assert!(html.replace('\u{a0}', " ").contains("0 B of 5.00 MB, 0%"), "{html}");
    let state = read(bed.get("/api/v1/gateway").await).await;
    assert_eq!(state["volumes"][0]["limit"], "school", "{state}");
    let before = entries(&bed).await;
    let path = "/api/v1/gateway/report?by=rule&refused=true";
    let told = read(bed.get(path).await).await;
    assert_eq!(told["by"], "rule", "{told}");
    assert_eq!(entries(&bed).await, before, "rules are nobody's secret");
    let told = read(bed.get("/api/v1/gateway/report?by=domain&refused=true").await).await;
    assert_eq!(told["lines"][0]["domain"], "198.51.100.7", "{told}");
    assert_eq!(entries(&bed).await, before + 1);
    let file = text(bed.get("/gateway/report.csv?by=domain&refused=1").await).await;
    assert!(file.contains("Узел") && file.contains("198.51.100.7,1,0,0"), "{file}");
    assert_eq!(entries(&bed).await, before + 2);
    for wrong in ["by=planet", "from=yesterday", "segment=s9", "format=pdf"] {
        let status = bed.get(&format!("/api/v1/gateway/report?{wrong}")).await.status();
        assert!(status.is_client_error(), "{wrong}: {status}");
    }
}

/// Looks at hosts and persons that the journal has.
async fn entries(bed: &Bed) -> usize {
    let sql = "SELECT COUNT(*) AS n FROM journal_entry WHERE action = 'gateway.report'";
    let rows = bed.store.query(sql, &[]).await.unwrap();
    rows[0].number("n").unwrap()
}
