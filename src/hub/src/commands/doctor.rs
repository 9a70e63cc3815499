//! `ets-hub doctor`: how the running hub is, and what is wrong with it.

use serde_json::Value;

use super::{rows, show, text};
use crate::cli::Global;
use crate::client::Client;
use crate::exit::Failure;

pub(crate) async fn run(client: &Client, global: &Global) -> Result<(), Failure> {
    let health = client.get("/api/v1/health").await?;
    show(global, &health, people);
    let problems = problems(&health);
    if problems.is_empty() { Ok(()) } else { Err(Failure::Refused(problems.join("\n"))) }
}

fn people(health: &Value) {
    for part in ["netd", "serve", "databases", "disk", "blind"] {
        println!("{part}: {:#}", health[part]);
    }
    if problems(health).is_empty() {
        println!("nothing is wrong");
    }
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
