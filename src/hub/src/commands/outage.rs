//! `ets-hub outage`.

use serde_json::Value;

use super::{clock, evidence, rows, show, table, text};
use crate::cli::{Outage, OutageAction};
use crate::client::Client;
use crate::exit::Failure;

pub(crate) async fn run(client: &Client, command: &Outage) -> Result<(), Failure> {
    match &command.action {
        OutageAction::List => {
            let listing = client.get("/api/v1/outages?limit=50").await?;
            show(&command.global, &listing, list)
        }
        OutageAction::Show { number } => {
            let outage = client.get(&format!("/api/v1/outages/{number}")).await?;
            show(&command.global, &outage, story)
        }
    }
}

fn list(listing: &Value) -> String {
    let row = |outage: &Value| {
        let keys = ["id", "kind", "segment", "began_before", "ended"];
        keys.map(|key| text(&outage[key])).to_vec()
    };
    let rows: Vec<_> = rows(listing).iter().map(row).collect();
    table::of(&["NUMBER", "KIND", "SEGMENT", "BEGAN", "ENDED"], &rows)
}

fn story(outage: &Value) -> String {
    let facts = table::facts(&[
        ("outage", format!("{}, {}", text(&outage["id"]), whose(outage))),
        ("began", began(outage)),
        ("ended", ended(outage)),
        ("planned", if outage["maintenance"] == true { "yes".to_owned() } else { String::new() }),
    ]);
    let seen: String = rows(&outage["evidence"]).iter().map(evidence::line).collect();
    if seen.is_empty() { facts } else { format!("{facts}seen (times in UTC):\n{seen}") }
}

fn whose(outage: &Value) -> String {
    match outage["segment"].as_str() {
        Some(segment) => format!("of segment {segment}"),
        None => "the hub itself could not see".to_owned(),
    }
}

/// The hub knows the last answer before and the first loss after it began.
fn began(outage: &Value) -> String {
    let [after, before] = ["began_after", "began_before"].map(|key| &outage[key]);
    if after == before {
        return format!("{} UTC", clock(before));
    }
    format!("between {} and {} UTC", evidence::moment(after), evidence::moment(before))
}

fn ended(outage: &Value) -> String {
    match &outage["ended"] {
        Value::Null => "not yet".to_owned(),
        end => format!("{} UTC", clock(end)),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn an_outage_is_told_in_lines_for_people() {
        let told = story(&json!({
            "id": 1, "kind": "segment", "segment": "s001", "ended": null, "maintenance": false,
            "began_after": "2026-11-28T17:56:17.644506Z",
            "began_before": "2026-11-28T17:56:17.843843Z",
            "evidence": [{
                "at": "2026-11-28T17:56:18.205507Z", "source": "icmp",
                "fact": {"probes_lost": {"lost": 10, "timeout": {"secs": 0, "nanos": 100_000_000}}},
            }],
        }));
        let wanted = "\
            outage:  1, of segment s001\n\
            began:   between 2026-11-28 17:56:17.644 and 2026-11-28 17:56:17.843 UTC\n\
            ended:   not yet\n\
            seen (times in UTC):\n  \
            2026-11-28 17:56:18.205  ICMP probes: \
            10 probes in a row unanswered, waited 100 ms for each\n";
        assert_eq!(told, wanted);
    }
}
