//! `ets-hub journal`.

use serde_json::Value;

use super::{rows, show, table, text};
use crate::cli::{Journal, JournalAction};
use crate::client::Client;
use crate::exit::Failure;

pub(crate) async fn run(client: &Client, command: &Journal) -> Result<(), Failure> {
    match &command.action {
        JournalAction::List { limit } => {
            let listing = client.get(&format!("/api/v1/journal?limit={limit}")).await?;
            show(&command.global, &listing, list)
        }
        JournalAction::Verify => verify(client, command).await,
    }
}

async fn verify(client: &Client, command: &Journal) -> Result<(), Failure> {
    let verdict = client.get("/api/v1/journal/verify").await?;
    show(&command.global, &verdict, |verdict| {
        format!("{} entries are as they were written\n", text(&verdict["sound"]))
    })?;
    match &verdict["broken"] {
        Value::Null => Ok(()),
        broken => Err(Failure::Refused(format!(
            "entry {} is not as it was written ({}): restore the database from a backup and compare",
            text(&broken["seq"]),
            text(&broken["fault"])
        ))),
    }
}

fn list(listing: &Value) -> String {
    let row = |entry: &Value| {
        let subject = &entry["subject"];
        let subject = format!("{} {}", text(&subject["kind"]), text(&subject["id"]));
        let keys = ["seq", "at", "actor", "action"];
        keys.map(|key| text(&entry[key])).into_iter().chain([subject]).collect()
    };
    let rows: Vec<_> = rows(listing).iter().map(row).collect();
    table::of(&["NUMBER", "AT", "WHO", "WHAT", "SUBJECT"], &rows)
}
