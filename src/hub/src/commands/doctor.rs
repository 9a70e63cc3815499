//! `ets-hub doctor`: how the running hub is, and what is wrong with it.

use serde_json::Value;

use super::segment::standing;
use super::{NAMED, clock, rows, show, text, together};
use crate::cli::Global;
use crate::client::Client;
use crate::exit::Failure;

/// From so many blind seconds an hour on a person should look.
const TOO_BLIND: f64 = 10.0;

pub(crate) async fn run(client: &Client, global: &Global) -> Result<(), Failure> {
    let mut health = client.get("/api/v1/health").await?;
    health["troubled"] = troubled(client.get("/api/v1/segments").await?);
    health["together"] = together::find(client, &health["troubled"]).await?;
    show(global, &health, people)?;
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
fn people(health: &Value) -> String {
    let problems = problems(health);
    let verdict = if problems.is_empty() { "nothing is wrong" } else { "this needs a person:" };
    let mut lines = vec![verdict.to_owned()];
    lines.extend(problems.iter().map(|problem| format!("  {problem}")));
    lines.extend(figures(health));
    lines.join("\n") + "\n"
}

fn figures(health: &Value) -> Vec<String> {
    let (netd, serve) = (&health["netd"]["status"], &health["serve"]);
    let process = |name: &str, part: &Value| {
        let mib = part["resident_bytes"].as_u64().unwrap_or(0) >> 20;
        let (pid, started) = (text(&part["pid"]), clock(&part["started"]));
        format!("{name}: process {pid}, {mib} MiB, since {started} UTC")
    };
    let refused = netd["engine"]["send_errors"].as_u64().unwrap_or(0);
    vec![
        process("netd", netd),
        process("serve", serve),
        format!("watched segments: {} ({})", text(&netd["targets"]), states(health)),
        format!("probes that the kernel refused to send, since netd started: {refused}"),
        format!("blind in the last hour: {:.1} s", blind_last_hour(health)),
        format!("blind in the last 24 hours: {:.1} s", health["blind_s"].as_f64().unwrap_or(0.0)),
    ]
}

/// `47 up, 1 down`
fn states(health: &Value) -> String {
    let order = ["down", "degraded", "unknown", "maintenance", "up"];
    let count = |state: &str| health["segments"][state].as_u64().filter(|count| *count > 0);
    let parts: Vec<_> =
        order.iter().filter_map(|state| Some(format!("{} {state}", count(state)?))).collect();
    if parts.is_empty() { "none".to_owned() } else { parts.join(", ") }
}

/// Seconds in which the hub could not see, within the last hour.
fn blind_last_hour(health: &Value) -> f64 {
    health["blind_hour_s"].as_f64().unwrap_or(0.0)
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
    let groups = &health["together"];
    problems.extend(rows(groups).iter().map(together::sentence));
    let alone = |one: &&Value| !together::holds(groups, &one["id"]);
    let alone: Vec<&Value> = rows(&health["troubled"]).iter().filter(alone).collect();
    problems.extend(alone.iter().take(NAMED).map(|one| trouble(one)));
    let more = alone.len().saturating_sub(NAMED);
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
    let (id, name) = (text(&segment["id"]), text(&segment["name"]));
    format!("{id} ({name}): {}", standing(segment))
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
        ill["blind_hour_s"] = json!(40.0);
        let told = problems(&ill);
        assert_eq!(told.len(), 2, "{told:?}");
        assert!(told[0].starts_with("s050 (B): unknown since 2026-01-01 11:00:00 UTC; probes"));
        assert!(told[1].contains("40.0 s"), "{told:?}");
    }

    #[test]
    fn segments_that_fell_together_are_one_thing_and_named_once() {
        let down = |id: &str| json!({"id": id, "name": "A", "state": "down", "since": "2026-01-01T11:00:00Z"});
        let ids = ["s001", "s002", "s003", "s004"];
        let told = problems(&json!({
            "troubled": ids.map(down),
            "together": [{
                "point": "pp-west", "name": "West", "provider": "Optika", "of": 4,
                "since": "2026-01-01T11:00:00Z", "segments": ["s001", "s003", "s004"],
            }],
        }));
        assert_eq!(told.len(), 2, "{told:?}");
        assert_eq!(
            told[0],
            "provider point pp-west (West): 3 of its 4 segments lost their link together at \
             2026-01-01 11:00:00 UTC; call Optika: s001, s003, s004"
        );
        assert!(told[1].starts_with("s002 (A): down since"), "{told:?}");
    }
}
