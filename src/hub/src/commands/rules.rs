//! `ets-hub rules`: who may reach what, and changes of it with their safety line.

use std::io::Read;
use std::path::Path;

use http::Method;
use serde_json::{Value, json};

use super::{clock, rows, show, table, text};
use crate::cli::{Rules, RulesAction};
use crate::client::Client;
use crate::exit::Failure;

pub(crate) async fn run(client: &Client, command: &Rules) -> Result<(), Failure> {
    let global = &command.global;
    match &command.action {
        RulesAction::Show => show(global, &client.get("/api/v1/rules").await?, state),
        RulesAction::Text => {
            let text = client.get_bytes("/api/v1/rules/text").await?;
            print!("{}", String::from_utf8_lossy(&text));
        }
        RulesAction::Services => show(global, &client.get("/api/v1/services").await?, services),
        RulesAction::Draft => show(global, &client.get("/api/v1/rules/draft").await?, draft),
        RulesAction::Edit { file } => {
            let edits = json!({ "edits": read(file)? });
            let path = "/api/v1/rules/draft";
            show(global, &client.change(Method::POST, path, &edits).await?, draft);
        }
        RulesAction::Grant { segment, service } => {
            edit(client, command, "grant", segment, service).await?;
        }
        RulesAction::Deny { segment, service } => {
            edit(client, command, "withdraw", segment, service).await?;
        }
        RulesAction::Discard => {
            client.change(Method::DELETE, "/api/v1/rules/draft", &Value::Null).await?;
            println!("The draft is thrown away; nothing was changed.");
        }
        RulesAction::Plan => show(global, &client.get("/api/v1/rules/draft/plan").await?, plan),
        RulesAction::Apply { why, within } => {
            let body = json!({ "reason": why, "confirm_within_s": within });
            let version = client.change(Method::POST, "/api/v1/rules/apply", &body).await?;
            show(global, &version, applied);
        }
        RulesAction::Confirm { change } => settle(client, command, *change, "confirm").await?,
        RulesAction::Withdraw { change } => settle(client, command, *change, "withdraw").await?,
        RulesAction::Versions => {
            show(global, &client.get("/api/v1/rules/versions").await?, versions);
        }
        RulesAction::Compare { from, to } => {
            let path = format!("/api/v1/rules/versions/{from}/compare/{to}");
            show(global, &client.get(&path).await?, |found| println!("{:#}", found["changes"]));
        }
        RulesAction::Restore { change } => {
            let path = format!("/api/v1/rules/versions/{change}/restore");
            show(global, &client.change(Method::POST, &path, &Value::Null).await?, draft);
        }
        RulesAction::Reach => show(global, &client.get("/api/v1/reachability").await?, reach),
        RulesAction::Offences => show(global, &client.get("/api/v1/offences").await?, offences),
    }
    Ok(())
}

async fn edit(
    client: &Client,
    command: &Rules,
    kind: &str,
    segment: &str,
    service: &str,
) -> Result<(), Failure> {
    let edit = json!({ "edit": kind, "segment": segment, "service": service });
    let body = json!({ "edits": [edit] });
    let answer = client.change(Method::POST, "/api/v1/rules/draft", &body).await?;
    show(&command.global, &answer, draft);
    Ok(())
}

async fn settle(client: &Client, command: &Rules, change: u64, act: &str) -> Result<(), Failure> {
    let path = format!("/api/v1/rules/{change}/{act}");
    let version = client.change(Method::POST, &path, &Value::Null).await?;
    show(&command.global, &version, |version| {
        println!("Change {}: {}", text(&version["no"]), version["state"]);
    });
    Ok(())
}

/// A list of edits, or one edit, in JSON; `-` is standard input.
fn read(file: &Path) -> Result<Value, Failure> {
    let unread = |error: std::io::Error| Failure::Usage(format!("{}: {error}", file.display()));
    let mut bytes = Vec::new();
    if file == Path::new("-") {
        std::io::stdin().read_to_end(&mut bytes).map_err(unread)?;
    } else {
        bytes = std::fs::read(file).map_err(unread)?;
    }
    let value: Value = serde_json::from_slice(&bytes)
        .map_err(|error| Failure::Usage(format!("{} is no JSON: {error}", file.display())))?;
    Ok(if value.is_array() { value } else { json!([value]) })
}

fn state(rules: &Value) {
    println!("Change {} is in force.", text(&rules["change"]));
    let waiting = &rules["waiting"];
    if !waiting.is_null() {
        println!(
            "It waits for the confirmation of {} for {} s more; then change {} comes back.",
            text(&waiting["author"]),
            text(&waiting["seconds_left"]),
            text(&waiting["back_to"])
        );
    }
    if !rules["differs"].is_null() {
        println!("The registry asks for other rules: {}", text(&rules["differs"]["why"]));
    }
    for key in ["problem", "away"] {
        if !rules[key].is_null() {
            println!("Rules cannot be kept in force: {}", text(&rules[key]));
        }
    }
    for drift in rows(&rules["drift"]) {
        println!("Otherwise than it should be: {}", text(&drift["what"]));
    }
}

fn services(list: &Value) {
    let row = |service: &Value| {
        let open = text(&service["open_to"]);
        let list = |key: &str| rows(&service[key]).iter().map(text).collect::<Vec<_>>().join(" ");
        vec![text(&service["id"]), list("ports"), list("addresses"), open]
    };
    let rows: Vec<_> = rows(list).iter().map(row).collect();
    table::print(&["SERVICE", "PORTS", "SERVERS", "OPEN TO"], &rows);
}

fn draft(draft: &Value) {
    for (key, none) in [("words", "The draft changes nothing."), ("faults", ""), ("warnings", "")] {
        let lines = rows(&draft[key]);
        if lines.is_empty() && !none.is_empty() {
            println!("{none}");
        } else if key != "words" && !lines.is_empty() {
            println!("{key}:");
        }
        lines.iter().for_each(|line| println!("  {}", text(line)));
    }
    if draft["takes_away"] == true {
        println!("It takes something away: once applied it waits for your confirmation.");
    }
}

fn plan(plan: &Value) {
    rows(&plan["removed"]).iter().for_each(|line| println!("- {}", text(line)));
    rows(&plan["added"]).iter().for_each(|line| println!("+ {}", text(line)));
}

fn applied(version: &Value) {
    let no = text(&version["no"]);
    println!("Change {no} is in force.");
    if !version["confirm_within"].is_null() {
        println!("It goes back by itself unless you say: ets-hub rules confirm {no}");
    }
}

fn versions(listing: &Value) {
    let row = |version: &Value| {
        let state = text(&version["state"]["state"]);
        let keys = ["no", "author", "why"].map(|key| text(&version[key]));
        [keys.to_vec(), vec![state]].concat()
    };
    let rows: Vec<_> = rows(&listing["versions"]).iter().map(row).collect();
    table::print(&["CHANGE", "AUTHOR", "WHY", "STATE"], &rows);
}

fn reach(reach: &Value) {
    let row = |row: &Value| {
        let services: Vec<String> = rows(&row["services"]).iter().map(text).collect();
        vec![text(&row["segment"]), services.join(" "), text(&row["outside"])]
    };
    let table: Vec<_> = rows(&reach["segments"]).iter().map(row).collect();
    table::print(&["SEGMENT", "REACHES", "OUTSIDE"], &table);
    let neighbours = rows(&reach["neighbours"]).len();
    println!(
        "{neighbours} of {} pairs of segments can reach each other, by the rules of change {} at {}.",
        text(&reach["pairs"]),
        text(&reach["change"]),
        clock(&reach["at"])
    );
}

fn offences(listing: &Value) {
    let row = |one: &Value| {
        ["kind", "segment", "interface", "since", "open", "packets"]
            .map(|key| text(&one[key]))
            .to_vec()
    };
    let rows: Vec<_> = rows(&listing["offences"]).iter().map(row).collect();
    table::print(&["KIND", "SEGMENT", "PORT", "SINCE", "GOES ON", "PACKETS"], &rows);
}
