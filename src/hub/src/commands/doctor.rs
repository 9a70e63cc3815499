//! `ets-hub doctor`: how the running hub is, and what is wrong with it.

use jiff::Timestamp;
use serde_json::Value;

use super::{clock, rows, show, text};
use crate::cli::Global;
use crate::client::Client;
use crate::exit::Failure;

/// Segments that are named one by one.
const NAMED: usize = 20;
/// From so many blind seconds an hour on a person should look.
const TOO_BLIND: f64 = 10.0;

pub(crate) async fn run(client: &Client, global: &Global) -> Result<(), Failure> {
    let mut health = client.get("/api/v1/health").await?;
    health["troubled"] = troubled(client.get("/api/v1/segments").await?);
    show(global, &health, people);
    match problems(&health).len() {
        0 => Ok(()),
        1 => Err(Failure::Refused("one thing needs a person".to_owned())),
        many => Err(Failure::Refused(format!("{many} things need a person"))),
    }
}

/// The segments that somebody should look at.
fn troubled(segments: Value) -> Value {
    let Value::Array(mut all) = segments else { return Value::Null };
    all.retain(|one| matches!(one["state"].as_str(), Some("down" | "degraded" | "unknown")));
    all.into()
}

/// The verdict first, then one line a part; everything else is in `--json`.
fn people(health: &Value) {
    let problems = problems(health);
    println!("{}", if problems.is_empty() { "nothing is wrong" } else { "this needs a person:" });
    for problem in problems {
        println!("  {problem}");
    }
    let (netd, serve) = (&health["netd"]["status"], &health["serve"]);
    for (name, part) in [("netd", netd), ("serve", serve)] {
        let mib = part["resident_bytes"].as_u64().unwrap_or(0) >> 20;
        println!(
            "{name}: process {}, {mib} MiB, since {} UTC",
            text(&part["pid"]),
            clock(&part["started"])
        );
    }
    println!("watched segments: {} ({})", text(&netd["targets"]), states(health));
    let refused = netd["engine"]["send_errors"].as_u64().unwrap_or(0);
    println!("probes that the kernel refused to send, since netd started: {refused}");
    println!("blind in the last hour: {:.1} s", blind_last_hour(health));
    println!("blind in the last 24 hours: {:.1} s", health["blind_s"].as_f64().unwrap_or(0.0));
}

/// `47 up, 1 down`
fn states(health: &Value) -> String {
    let order = ["down", "degraded", "unknown", "maintenance", "up"];
    let count = |state: &str| health["segments"][state].as_u64().filter(|count| *count > 0);
    let parts: Vec<_> =
        order.iter().filter_map(|state| Some(format!("{} {state}", count(state)?))).collect();
    if parts.is_empty() { "none".to_owned() } else { parts.join(", ") }
}

/// Seconds in which the hub could not see, within the hour before the answer.
fn blind_last_hour(health: &Value) -> f64 {
    let moment = |value: &Value| value.as_str().and_then(|text| text.parse::<Timestamp>().ok());
    let Some(now) = moment(&health["at"]) else { return 0.0 };
    let begin = now.as_second() - 3_600;
    let within = |one: &&Value| moment(&one["to"]).is_some_and(|to| to.as_second() >= begin);
    let seconds = |one: &Value| one["seconds"].as_f64().unwrap_or(0.0);
    // An empty sum of floats is minus nought.
    rows(&health["blind"]).iter().filter(within).map(seconds).sum::<f64>() + 0.0
}

/// What needs a person, as sentences.
fn problems(health: &Value) -> Vec<String> {
    let mut problems = Vec::new();
    if health["netd"]["connected"] == false {
        problems.push(format!("netd: {}", text(&health["netd"]["problem"])));
    }
    for database in rows(&health["databases"]) {
        if database["writable"] == false {
            problems.push(format!("{}: {}", text(&database["name"]), text(&database["problem"])));
        }
    }
    problems.extend(rows(&health["troubled"]).iter().take(NAMED).map(trouble));
    let more = rows(&health["troubled"]).len().saturating_sub(NAMED);
    if more > 0 {
        problems.push(format!("and {more} segments more: ets-hub segment list"));
    }
    let blind = blind_last_hour(health);
    if blind >= TOO_BLIND {
        problems.push(format!("the hub could not see for {blind:.1} s in the last hour"));
    }
    problems
}

/// One segment in trouble as a sentence.
fn trouble(segment: &Value) -> String {
    let (id, name, state) = (text(&segment["id"]), text(&segment["name"]), text(&segment["state"]));
    let why = match segment["obstacle"].as_str() {
        Some("no_port") => "; probes are not sent: the hub has no such port",
        Some("no_route") => "; probes are not sent: the hub has no way to the address",
        Some("forbidden") => "; probes are not sent: the hub's own rules forbid them",
        _ if segment["unheard"] == true => "; it has never answered yet",
        _ => "",
    };
    format!("{id} ({name}): {state} since {} UTC{why}", clock(&segment["since"]))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn segments_that_do_not_answer_and_an_hour_half_blind_need_a_person() {
        let well = json!({"at": "2026-01-01T12:00:00Z", "netd": {"connected": true}});
        assert_eq!(problems(&well), [""; 0]);
        let mut ill = well;
        ill["troubled"] = troubled(json!([
            {"id": "s001", "name": "A", "state": "up"},
            {"id": "s050", "name": "B", "state": "unknown", "obstacle": "no_port",
                "since": "2026-01-01T11:00:00Z"},
        ]));
        ill["blind"] = json!([
            {"to": "2026-01-01T11:30:00Z", "seconds": 40.0},
            {"to": "2026-01-01T09:30:00Z", "seconds": 900.0},
        ]);
        let told = problems(&ill);
        assert_eq!(told.len(), 2, "{told:?}");
        assert!(told[0].starts_with("s050 (B): unknown since 2026-01-01 11:00:00 UTC; probes"));
        assert!(told[1].contains("40.0 s"), "{told:?}");
    }
}
