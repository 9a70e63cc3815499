//! `ets-hub outage`.

use serde_json::Value;

use super::{rows, show, table, text};
use crate::cli::{Outage, OutageAction};
use crate::client::Client;
use crate::exit::Failure;

pub(crate) async fn run(client: &Client, command: &Outage) -> Result<(), Failure> {
    match &command.action {
        OutageAction::List => {
            let listing = client.get("/api/v1/outages?limit=50").await?;
            show(&command.global, &listing, list);
        }
        OutageAction::Show { number } => {
            let outage = client.get(&format!("/api/v1/outages/{number}")).await?;
            show(&command.global, &outage, story);
        }
    }
    Ok(())
}

fn list(listing: &Value) {
    let row = |outage: &Value| {
        let keys = ["id", "kind", "segment", "began_before", "ended"];
        keys.map(|key| text(&outage[key])).to_vec()
    };
    let rows: Vec<_> = rows(listing).iter().map(row).collect();
    table::print(&["NUMBER", "KIND", "SEGMENT", "BEGAN", "ENDED"], &rows);
}

fn story(outage: &Value) {
    println!(
        "Outage {}, {} {}",
        text(&outage["id"]),
        text(&outage["kind"]),
        text(&outage["segment"])
    );
    let (after, before) = (text(&outage["began_after"]), text(&outage["began_before"]));
    println!("began between {after} and {before}");
    println!("ended {}", text(&outage["ended"]));
    println!("seen:");
    for piece in rows(&outage["evidence"]) {
        println!("  {}  {}  {}", text(&piece["at"]), text(&piece["source"]), piece["fact"]);
    }
}
