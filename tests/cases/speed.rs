//! How fast a channel is, measured from inside a segment by curl, with iperf3 for the work beside it.

use std::process::{Child, Stdio};
use std::time::Duration;

use serde_json::{Value, json};

use crate::support::{Lab, Options, Running, inside_of, text, wait_for};

const SOON: Duration = Duration::from_secs(20);
const OFTEN: Duration = Duration::from_millis(50);
/// Where the lab's hub measures.
const PORT: u16 = 8472;
/// Where iperf3 listens among the services.
const WORK: &str = "5201";
/// The contract of the first segment.
const DOWN_KBPS: u64 = 20_000;
const UP_KBPS: u64 = 10_000;

/// A lab in which the first segment is held to its contract, and the hub's address in it.
fn contracted() -> (Lab, Value, String) {
    let lab = Lab::start(&Options { segments: 3, ..Options::default() });
    wait_for("all up and guarded", SOON, OFTEN, || {
        let guarded = lab.api().get("/api/v1/rules")["change"].as_u64()? > 0;
        (guarded && lab.api().count("up") == 3).then_some(())
    });
    wait_for("traffic is counted", SOON, OFTEN, || {
        (!lab.api().try_get("/api/v1/traffic")?["by"].as_str()?.is_empty()).then_some(())
    });
    let mut segment = lab.api().segment("s001");
    segment["channel"]["down_kbps"] = json!(DOWN_KBPS);
    segment["channel"]["up_kbps"] = json!(UP_KBPS);
    let (status, answer) = lab.api().send("PUT", "/api/v1/segments/s001", &segment);
    assert_eq!(status, 200, "{answer}");
    let services = lab.json()["services"].clone();
    let edits = json!({ "edits": [
        { "edit": "shape", "segment": "s001", "to": "contract" },
        { "edit": "add_service", "service": {
            "id": "work", "no": 0, "version": 0, "place": "behind", "open_to": "everyone",
            "name": { "ru": "Работа", "kk": "Жұмыс", "en": "Work" },
            "addresses": [services["address"]],
            "ports": [format!("tcp/{WORK}")],
        } },
    ] });
    let (status, answer) = lab.api().send("POST", "/api/v1/rules/draft", &edits);
    assert_eq!(status, 200, "{answer}");
    let body = json!({ "reason": "a test", "confirm_within_s": 60 });
    let (status, answer) = lab.api().send("POST", "/api/v1/rules/apply", &body);
    assert_eq!(status, 200, "{answer}");
    let confirm = format!("/api/v1/rules/{}/confirm", answer["no"]);
    let (status, answer) = lab.api().send("POST", &confirm, &Value::Null);
    assert!(status == 200 || status == 409, "{answer}");
    let place = lab.json()["segments"][0].clone();
    let hub = lab.hub_address(&place);
    (lab, place, format!("http://{hub}:{PORT}"))
}

fn down(place: &Value, hub: &str) -> Child {
    let url = format!("{hub}/down");
    inside_of(place, &["curl", "-sS", "-o", "/dev/null", "-w", "%{http_code}", &url])
        .stdout(Stdio::piped())
        .spawn()
        .expect("curl starts")
}

fn up(place: &Value, hub: &str) -> Child {
    let url = format!("{hub}/up");
    inside_of(place, &["curl", "-sS", "-o", "/dev/null", "-T", "/dev/zero", &url])
        .stderr(Stdio::null())
        .spawn()
        .expect("curl starts")
}

fn end(child: Child) -> String {
    let said = child.wait_with_output().expect("curl ends").stdout;
    String::from_utf8_lossy(&said).into_owned()
}

/// The newest measurement of a direction.
fn measured(lab: &Lab, direction: &str) -> Value {
    wait_for("the measurement is kept", SOON, OFTEN, || {
        let list = lab.api().get("/api/v1/segments/s001/speed");
        list.as_array()?.iter().find(|one| one["direction"] == direction).cloned()
    })
}

/// Work of ten seconds from the services to the segment; what it got, in bits a second.
fn work(place: &Value, server: &str) -> Child {
    inside_of(place, &["iperf3", "-c", server, "-p", WORK, "-R", "-t", "14", "-O", "2", "-J"])
        .stdout(Stdio::piped())
        .spawn()
        .expect("iperf3 starts")
}

fn got(work: Child) -> f64 {
    let said: Value = serde_json::from_str(&end(work)).expect("iperf3 speaks JSON");
    said["end"]["sum_received"]["bits_per_second"].as_f64().unwrap_or_else(|| panic!("{said}"))
}

/// covers: N8.1
#[test]
fn a_contract_is_found_from_inside_and_work_goes_first() {
    let (lab, place, hub) = contracted();
    assert_eq!(end(down(&place, &hub)), "200");
    let alone = measured(&lab, "down");
    let rate = alone["rate_bps"].as_u64().expect("a rate") / 1_000;
    assert!((DOWN_KBPS * 9 / 10..=DOWN_KBPS * 11 / 10).contains(&rate), "{alone}");
    assert_eq!(alone["limit"], "contract", "{alone}");
    end(up(&place, &hub));
    let alone = measured(&lab, "up");
    let rate = alone["rate_bps"].as_u64().expect("a rate") / 1_000;
    assert!((UP_KBPS * 9 / 10..=UP_KBPS * 11 / 10).contains(&rate), "{alone}");
    beside_work(&lab, &place, &hub);
}

/// The same beside a transfer that takes all it can get.
fn beside_work(lab: &Lab, place: &Value, hub: &str) {
    let services = lab.json()["services"].clone();
    let server = text(&services["address"]);
    let _listener = Running::start(inside_of(&services, &["iperf3", "-s", "-p", WORK]));
    std::thread::sleep(Duration::from_secs(1));
    let before = got(work(place, server));
    let busy = work(place, server);
    std::thread::sleep(Duration::from_secs(2));
    assert_eq!(end(down(place, hub)), "200");
    let beside = got(busy);
    let told = measured(lab, "down");
    println!("work alone {:.1} Mbit/s, beside a measurement {:.1}", before / 1e6, beside / 1e6);
    assert!(beside > before * 0.9, "work went from {before} to {beside} bit/s: {told}");
    assert_eq!(told["limit"], "work", "{told}");
}
