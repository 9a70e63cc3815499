//! `ets-hub doctor`: how the running hub is, and what is wrong with it.

use serde_json::Value;

use super::{clock, rows, show, text};
use crate::cli::Global;
use crate::client::Client;
use crate::exit::Failure;

pub(crate) async fn run(client: &Client, global: &Global) -> Result<(), Failure> {
    let health = client.get("/api/v1/health").await?;
    show(global, &health, people);
    match problems(&health).len() {
        0 => Ok(()),
        1 => Err(Failure::Refused("one thing needs a person".to_owned())),
        many => Err(Failure::Refused(format!("{many} things need a person"))),
    }
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
    println!("watched segments: {}", text(&netd["targets"]));
    println!("blind in the last 24 hours: {:.1} s", health["blind_s"].as_f64().unwrap_or(0.0));
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
    problems
}
