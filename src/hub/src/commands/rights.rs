//! `ets-hub rights`: the desk of rights on the command line.

use http::Method;
use serde_json::{Value, json};

use super::{clock, escaped, rows, show, table, text};
use crate::cli::{Rights, RightsAction, Whom};
use crate::client::Client;
use crate::exit::Failure;

const PEOPLE: &str = "/api/v1/rights/people";
const GRANTS: &str = "/api/v1/rights/grants";

pub(crate) async fn run(client: &Client, command: &Rights) -> Result<(), Failure> {
    let global = &command.global;
    match &command.action {
        RightsAction::List { query } => {
            let listing = client.get(&format!("{PEOPLE}?q={}", escaped(query))).await?;
            show(global, &listing, people)
        }
        RightsAction::Grant { person, role, scope, from, until, why } => {
            let (kind, id) = scope.split_once(':').unwrap_or((scope, ""));
            let order = json!({
                "role": role,
                "scope": { "kind": kind, "id": id },
                "from": from,
                "until": until,
                "reason": why,
            });
            let path = format!("{PEOPLE}/{}/grants", escaped(person));
            let given = client.change(Method::POST, &path, &order).await?;
            show(global, &given, |given| format!("grant {}\n", text(&given["grant"])))
        }
        RightsAction::End { grant, why } => {
            let done = act(client, *grant, "end", &json!({ "reason": why })).await?;
            show(global, &done, |_| format!("grant {grant} is over\n"))
        }
        RightsAction::Confirm { grant, why } => {
            let done = act(client, *grant, "confirm", &json!({ "reason": why })).await?;
            show(global, &done, |_| format!("grant {grant} is confirmed\n"))
        }
        RightsAction::Suspend { whom, until } => {
            let body = json!({ "reason": whom.why, "until": until });
            let done = turn(client, whom, "suspend", &body).await?;
            show(global, &done, |_| "suspended\n".to_owned())
        }
        RightsAction::Resume { whom } => {
            let done = turn(client, whom, "resume", &json!({ "reason": whom.why })).await?;
            show(global, &done, |_| "the suspension is lifted\n".to_owned())
        }
        RightsAction::Roles => {
            let listing = client.get("/api/v1/rights/roles").await?;
            show(global, &listing, roles)
        }
        RightsAction::Who { right, at } => {
            let (right, at) = (escaped(right), escaped(at));
            let path = format!("/api/v1/rights/report?right={right}&at={at}");
            let report = client.get(&path).await?;
            show(global, &report, lines)
        }
    }
}

async fn act(client: &Client, grant: i64, act: &str, body: &Value) -> Result<Value, Failure> {
    client.change(Method::POST, &format!("{GRANTS}/{grant}/{act}"), body).await
}

async fn turn(client: &Client, whom: &Whom, to: &str, body: &Value) -> Result<Value, Failure> {
    match (&whom.person, whom.grant) {
        (_, Some(grant)) => act(client, grant, to, body).await,
        (person, None) => {
            let person = escaped(person.as_deref().unwrap_or_default());
            client.change(Method::POST, &format!("{PEOPLE}/{person}/{to}"), body).await
        }
    }
}

fn scope(value: &Value) -> String {
    match text(&value["id"]).as_str() {
        "" => text(&value["kind"]),
        id => format!("{}:{id}", text(&value["kind"])),
    }
}

fn words(value: &Value) -> String {
    rows(value).iter().map(text).collect::<Vec<_>>().join(" ")
}

fn people(listing: &Value) -> String {
    let grant = |one: &Value| {
        let state = match (one["suspended"].as_bool(), one["waits"].as_bool()) {
            (Some(true), _) => ", suspended",
            (_, Some(true)) => ", waits for a second person",
            _ => "",
        };
        format!("{} {} ({}{state})", text(&one["grant"]), text(&one["role"]), scope(&one["scope"]))
    };
    let row = |one: &Value| {
        let grants: Vec<String> = rows(&one["grants"]).iter().map(grant).collect();
        let state = if one["suspended"] == true { "suspended" } else { "" };
        vec![
            text(&one["no"]),
            text(&one["name"]),
            text(&one["person"]),
            state.to_owned(),
            grants.join("; "),
        ]
    };
    let rows: Vec<_> = rows(listing).iter().map(row).collect();
    table::of(&["NO", "NAME", "PERSON", "STATE", "GRANTS"], &rows)
}

fn roles(listing: &Value) -> String {
    let row = |one: &Value| {
        let second = if one["given_by_two"] == true { "second person" } else { "" };
        vec![text(&one["role"]), second.to_owned(), words(&one["rights"])]
    };
    let rows: Vec<_> = rows(listing).iter().map(row).collect();
    table::of(&["ROLE", "NEEDS", "RIGHTS"], &rows)
}

fn lines(report: &Value) -> String {
    let row = |one: &Value| {
        let until = match &one["until"] {
            Value::Null => "-".to_owned(),
            until => clock(until),
        };
        vec![
            text(&one["name"]),
            text(&one["role"]),
            words(&one["rights"]),
            scope(&one["scope"]),
            until,
            text(&one["acting_for"]["name"]),
        ]
    };
    let rows: Vec<_> = rows(&report["lines"]).iter().map(row).collect();
    table::of(&["NAME", "ROLE", "RIGHTS", "WHERE", "UNTIL", "FOR"], &rows)
}
