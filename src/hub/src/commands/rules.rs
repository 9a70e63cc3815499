//! `ets-hub rules`: who may reach what, and changes of it with their safety line.

use std::path::Path;

use ets_model::PolicyChange;
use ets_rules::{Back, REGISTRY, words};
use http::Method;
use serde_json::{Value, from_value, json};

use super::{clock, read_json, rows, show, table, text};
use crate::cli::{Rules, RulesAction};
use crate::client::Client;
use crate::exit::Failure;
use crate::out;

const RULES: &str = "/api/v1/rules";

pub(crate) async fn run(client: &Client, command: &Rules) -> Result<(), Failure> {
    let global = &command.global;
    match &command.action {
        RulesAction::Show => {
            show(global, &client.get(RULES).await?, |rules| state(rules, &global.options()))
        }
        RulesAction::Text => {
            let text = client.get_bytes("/api/v1/rules/text").await?;
            out::print(&String::from_utf8_lossy(&text))
        }
        RulesAction::Services => show(global, &client.get("/api/v1/services").await?, services),
        RulesAction::Draft => show(global, &client.get("/api/v1/rules/draft").await?, draft),
        RulesAction::Edit { file } => {
            let edits = json!({ "edits": edits(file)? });
            let path = "/api/v1/rules/draft";
            show(global, &client.change(Method::POST, path, &edits).await?, draft)
        }
        RulesAction::Grant { segment, service } => {
            edit(client, command, "grant", segment, service).await
        }
        RulesAction::Deny { segment, service } => {
            edit(client, command, "withdraw", segment, service).await
        }
        RulesAction::Discard => {
            let path = "/api/v1/rules/draft";
            let done = client.change(Method::DELETE, path, &Value::Null).await?;
            show(global, &done, |_| "The draft is thrown away; nothing was changed.\n".to_owned())
        }
        RulesAction::Plan => show(global, &client.get("/api/v1/rules/draft/plan").await?, plan),
        RulesAction::Apply { why, within } => {
            let body = json!({ "reason": why, "confirm_within_s": within });
            let version = client.change(Method::POST, "/api/v1/rules/apply", &body).await?;
            show(global, &version, |version| applied(version, &global.options()))
        }
        RulesAction::Confirm { change } => settle(client, command, *change, "confirm").await,
        RulesAction::Withdraw { change } => settle(client, command, *change, "withdraw").await,
        RulesAction::Versions => {
            let now = client.get(RULES).await?;
            let listing = client.get("/api/v1/rules/versions").await?;
            show(global, &listing, |listing| versions(listing, &now["change"]))
        }
        RulesAction::Compare { from, to } => {
            let path = format!("/api/v1/rules/versions/{from}/compare/{to}");
            show(global, &client.get(&path).await?, compared)
        }
        RulesAction::Restore { change } => {
            let path = format!("/api/v1/rules/versions/{change}/restore");
            show(global, &client.change(Method::POST, &path, &Value::Null).await?, draft)
        }
        RulesAction::Reach => show(global, &client.get("/api/v1/reachability").await?, reach),
        RulesAction::Offences => show(global, &client.get("/api/v1/offences").await?, offences),
    }
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
    show(&command.global, &answer, draft)
}

/// Confirms or withdraws a change; without a number the one that waits: there is never a second.
async fn settle(
    client: &Client,
    command: &Rules,
    change: Option<u64>,
    act: &str,
) -> Result<(), Failure> {
    let change = match change {
        Some(change) => change,
        None => waiting(&client.get(RULES).await?)?,
    };
    let path = format!("/api/v1/rules/{change}/{act}");
    let version = client.change(Method::POST, &path, &Value::Null).await?;
    show(&command.global, &version, |version| {
        format!("Change {}: {}.\n", text(&version["no"]), became(&version["state"]))
    })
}

fn waiting(rules: &Value) -> Result<u64, Failure> {
    let none = || Failure::Refused("no change waits for confirmation".to_owned());
    rules["waiting"]["change"].as_u64().ok_or_else(none)
}

/// A list of edits, or one edit.
fn edits(file: &Path) -> Result<Value, Failure> {
    let value = read_json(file)?;
    Ok(if value.is_array() { value } else { json!([value]) })
}

/// What is in force and, when it waits, what to say next; `options` lead to the same hub.
fn state(rules: &Value, options: &str) -> String {
    let mut told = format!("Change {} is in force.\n", text(&rules["change"]));
    told.push_str(&safety_line(&rules["waiting"], options));
    if !rules["differs"].is_null() {
        told.push_str(&line("The registry asks for other rules", &rules["differs"]["why"]));
    }
    for key in ["problem", "away"] {
        if !rules[key].is_null() {
            told.push_str(&line("Rules cannot be kept in force", &rules[key]));
        }
    }
    for drift in rows(&rules["drift"]) {
        told.push_str(&line("Otherwise than it should be", &drift["what"]));
    }
    told.push_str(&format!(
        "Who reaches what: ets-hub rules reach{options}\n\
         The rules themselves: ets-hub rules text{options}\n"
    ));
    told
}

fn line(what: &str, value: &Value) -> String {
    format!("{what}: {}\n", text(value))
}

/// The change that waits and the two answers to it.
fn safety_line(waiting: &Value, options: &str) -> String {
    if waiting.is_null() {
        return String::new();
    }
    let [change, left, back_to] =
        ["change", "seconds_left", "back_to"].map(|key| text(&waiting[key]));
    format!(
        "It waits for confirmation ({}): {left} s are left, then change {back_to} comes back.\n  \
         keep it:      ets-hub rules confirm {change}{options}\n  \
         take it back: ets-hub rules withdraw {change}{options}\n",
        maker(&waiting["author"])
    )
}

fn maker(author: &Value) -> String {
    match text(author) {
        author if author == REGISTRY => "made by the registry: a change of segments".to_owned(),
        author => format!("made by {author}, who alone may confirm it"),
    }
}

fn services(list: &Value) -> String {
    let row = |service: &Value| {
        let open = text(&service["open_to"]);
        let list = |key: &str| rows(&service[key]).iter().map(text).collect::<Vec<_>>().join(" ");
        vec![text(&service["id"]), list("ports"), list("addresses"), open]
    };
    let rows: Vec<_> = rows(list).iter().map(row).collect();
    table::of(&["SERVICE", "PORTS", "SERVERS", "OPEN TO"], &rows)
}

fn draft(draft: &Value) -> String {
    let part = |key: &str| -> String {
        rows(&draft[key]).iter().map(|line| format!("  {}\n", text(line))).collect()
    };
    let mut told = part("words");
    if told.is_empty() {
        told.push_str("The draft changes nothing.\n");
    }
    for key in ["faults", "warnings"] {
        let lines = part(key);
        if !lines.is_empty() {
            told.push_str(&format!("{key}:\n{lines}"));
        }
    }
    if draft["takes_away"] == true {
        told.push_str("It takes something away: once applied it waits for your confirmation.\n");
    }
    told
}

fn plan(plan: &Value) -> String {
    let part = |key: &str, sign: &str| -> String {
        rows(&plan[key]).iter().map(|line| format!("{sign} {}\n", text(line))).collect()
    };
    part("removed", "-") + &part("added", "+")
}

fn applied(version: &Value, options: &str) -> String {
    let no = text(&version["no"]);
    let mut told = format!("Change {no} is in force.\n");
    if !version["confirm_within"].is_null() {
        told.push_str(&format!(
            "It goes back by itself unless you say: ets-hub rules confirm {no}{options}\n"
        ));
    }
    told
}

/// `now`: the number of the change in force.
fn versions(listing: &Value, now: &Value) -> String {
    let row = |version: &Value| {
        let (no, author) = (text(&version["no"]), text(&version["author"]));
        vec![no, author, why(version), standing(version, now)]
    };
    let rows: Vec<_> = rows(&listing["versions"]).iter().map(row).collect();
    table::of(&["CHANGE", "AUTHOR", "WHY", "STATE"], &rows)
}

/// The author's reason, else what brought the change: nobody gives a reason for what the hub does
/// by itself.
fn why(version: &Value) -> String {
    match (text(&version["why"]), version["cause"].as_str()) {
        (why, _) if !why.is_empty() => why,
        (_, Some("first")) => "the rights that the hub began with".to_owned(),
        (_, Some("registry")) => "segments or networks changed".to_owned(),
        (_, Some("found")) => "netd had it, the database did not".to_owned(),
        _ => "-".to_owned(),
    }
}

/// What a version is now: one alone is in force, whatever became of the others.
fn standing(version: &Value, now: &Value) -> String {
    let became = became(&version["state"]);
    match version["state"]["state"].as_str() {
        Some("waiting" | "in_force" | "confirmed") if version["no"] == *now => {
            format!("in force, {became}")
        }
        Some("in_force" | "confirmed") => format!("was in force, {became}"),
        _ => became,
    }
}

/// What became of a change.
fn became(state: &Value) -> String {
    match state["state"].as_str() {
        Some("sent") => "handed to netd, which has not answered".to_owned(),
        Some("waiting") => "waits for confirmation".to_owned(),
        Some("in_force") => "needed no confirmation".to_owned(),
        Some("confirmed") => format!("confirmed by {}", text(&state["by"])),
        Some("reverted") => format!("went back: {}", back(&state["why"])),
        Some("refused") => format!("never in force: {}", text(&state["why"])),
        _ => text(&state["state"]),
    }
}

fn back(why: &Value) -> String {
    from_value::<Back>(why.clone()).map_or_else(|_| text(why), |why| why.to_string())
}

fn compared(found: &Value) -> String {
    let phrase = |change: &Value| {
        let known = from_value::<PolicyChange>(change.clone());
        known.map_or_else(|_| text(change), |change| words(&change)) + "\n"
    };
    let told: String = rows(&found["changes"]).iter().map(phrase).collect();
    if told.is_empty() { "Nothing is different.\n".to_owned() } else { told }
}

fn reach(reach: &Value) -> String {
    let row = |row: &Value| {
        let services: Vec<String> = rows(&row["services"]).iter().map(text).collect();
        vec![text(&row["segment"]), services.join(" "), text(&row["outside"])]
    };
    let table: Vec<_> = rows(&reach["segments"]).iter().map(row).collect();
    let neighbours = rows(&reach["neighbours"]).len();
    format!(
        "{}{neighbours} of {} pairs of segments can reach each other, by the rules of change {} \
         at {} UTC.\n",
        table::of(&["SEGMENT", "REACHES", "OUTSIDE"], &table),
        text(&reach["pairs"]),
        text(&reach["change"]),
        clock(&reach["at"])
    )
}

fn offences(listing: &Value) -> String {
    let row = |one: &Value| {
        ["kind", "segment", "interface", "since", "open", "packets"]
            .map(|key| text(&one[key]))
            .to_vec()
    };
    let rows: Vec<_> = rows(&listing["offences"]).iter().map(row).collect();
    table::of(&["KIND", "SEGMENT", "PORT", "SINCE", "GOES ON", "PACKETS"], &rows)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn version(no: u64, cause: &str, why: &str, state: &Value) -> Value {
        json!({"no": no, "author": "a", "cause": cause, "why": why, "state": state})
    }

    #[test]
    fn every_version_says_why_and_one_alone_is_in_force() {
        let listing = json!({"versions": [
            version(4, "draft", "mail", &json!({"state": "reverted", "why": {"why": "time_out"}})),
            version(3, "registry", "", &json!({"state": "confirmed", "by": "b"})),
            version(2, "draft", "", &json!({"state": "in_force"})),
            version(1, "first", "", &json!({"state": "in_force"})),
        ]});
        let wanted = "\
            CHANGE  AUTHOR  WHY                                 STATE\n\
            4       a       mail                                went back: nobody confirmed it in time\n\
            3       a       segments or networks changed        in force, confirmed by b\n\
            2       a       -                                   was in force, needed no confirmation\n\
            1       a       the rights that the hub began with  was in force, needed no confirmation\n";
        assert_eq!(versions(&listing, &json!(3)), wanted);
    }

    #[test]
    fn what_waits_is_told_with_its_maker_and_the_next_command() {
        let rules = |author: &str| {
            let waiting = json!({"change": 7, "author": author, "seconds_left": 90, "back_to": 6});
            state(&json!({"change": 7, "waiting": waiting}), " --dir .lab")
        };
        let told = rules("registry");
        for part in [
            "waits for confirmation (made by the registry: a change of segments): 90 s are left",
            "ets-hub rules confirm 7 --dir .lab\n",
            "ets-hub rules withdraw 7 --dir .lab\n",
        ] {
            assert!(told.contains(part), "{part}:\n{told}");
        }
        assert!(rules("anna").contains("(made by anna, who alone may confirm it)"));
        assert!(waiting(&json!({"waiting": null})).is_err());
        assert_eq!(waiting(&json!({"waiting": {"change": 7}})).ok(), Some(7));
    }
}
