//! `ets-hub gateway`: who gets out where, and what would become of a question.

use http::Method;
use serde_json::Value;

use super::{clock, escaped, read_json, rows, show, table, text};
use crate::cli::{Gateway, GatewayAction};
use crate::client::Client;
use crate::exit::Failure;

const GATEWAY: &str = "/api/v1/gateway";

pub(crate) async fn run(client: &Client, command: &Gateway) -> Result<(), Failure> {
    let global = &command.global;
    match &command.action {
        GatewayAction::Show => show(global, &client.get(GATEWAY).await?, state),
        GatewayAction::Rules { of } => {
            let rules = match of {
                Some(no) => client.get(&format!("{GATEWAY}/versions/{no}")).await?,
                None => client.get(GATEWAY).await?["rules"].take(),
            };
            crate::out::print(&format!("{rules:#}\n"))
        }
        GatewayAction::Apply { file, why } => {
            let mut rules = read_json(file)?;
            let object = rules.as_object_mut().ok_or_else(|| {
                Failure::Usage(format!("{} is no object of rules", file.display()))
            })?;
            object.insert("reason".to_owned(), why.clone().into());
            let path = format!("{GATEWAY}/rules");
            show(global, &client.change(Method::PUT, &path, &rules).await?, applied)
        }
        GatewayAction::Versions => {
            show(global, &client.get(&format!("{GATEWAY}/versions")).await?, versions)
        }
        GatewayAction::Requests => {
            show(global, &client.get(&format!("{GATEWAY}/requests")).await?, requests)
        }
        GatewayAction::Report { by, since, until, segment, refused, most, csv } => {
            let mut path = format!("{GATEWAY}/report?refused={refused}&most={most}");
            for (name, value) in
                [("by", by), ("from", since), ("until", until), ("segment", segment)]
            {
                path += &format!("&{name}={}", escaped(value));
            }
            if *csv {
                let file = client.get_bytes(&format!("{path}&format=csv")).await?;
                return crate::out::print(&String::from_utf8_lossy(&file));
            }
            show(global, &client.get(&path).await?, report)
        }
        GatewayAction::Would { segment, to, person, at, transparent } => {
            let mut path =
                format!("{GATEWAY}/would?segment={}&to={}", escaped(segment), escaped(to));
            if let Some(person) = person {
                path += &format!("&person={}", escaped(person));
            }
            if let Some(at) = at {
                path += &format!("&at={}", escaped(at));
            }
            if *transparent {
                path += "&transparent=true";
            }
            show(global, &client.get(&path).await?, would)
        }
    }
}

fn state(state: &Value) -> String {
    let version = &state["version"];
    let facts = table::facts(&[
        ("version", text(&version["no"])),
        ("since", clock(&version["at"])),
        ("by", text(&version["author"])),
        ("open connections", text(&state["open"])),
        ("of them by UDP", udp(&state["datagrams"])),
    ]);
    let relays: Vec<Vec<String>> = rows(&state["relays"])
        .iter()
        .map(|one| relay(one, rows(&state["rules"]["relays"])))
        .collect();
    let volumes: Vec<Vec<String>> = rows(&state["volumes"]).iter().map(volume).collect();
    let mut facts = facts;
    if !relays.is_empty() {
        let columns = ["relay", "ports", "leads to", "for", "open", "state"];
        facts = format!("{facts}\n{}", table::of(&columns, &relays));
    }
    if !volumes.is_empty() {
        let columns = ["segment", "limit", "per", "used", "of", "%", "until (UTC)"];
        facts = format!("{facts}\n{}", table::of(&columns, &volumes));
    }
    let lines: Vec<Vec<String>> = rows(&state["rules"]["rules"]).iter().map(rule).collect();
    if lines.is_empty() {
        return format!("{facts}\nThere is no rule: nobody gets out.\n");
    }
    format!("{facts}\n{}", table::of(&["rule", "does", "for", "to", "name"], &lines))
}

fn udp(datagrams: &Value) -> String {
    format!(
        "{} associations of SOCKS, {} sessions of relays",
        datagrams["associations"], datagrams["sessions"]
    )
}

fn relay(state: &Value, written: &[Value]) -> Vec<String> {
    let relay = written.iter().find(|one| one["id"] == state["id"]).unwrap_or(&Value::Null);
    let many = |value: &Value, none: &str| {
        let all: Vec<String> = rows(value).iter().map(text).collect();
        if all.is_empty() { none.to_owned() } else { all.join(", ") }
    };
    let whom: Value = ["segments", "groups"]
        .iter()
        .flat_map(|field| rows(&relay["who"][*field]).to_vec())
        .collect();
    let is_off = relay["off"] == true;
    let now = state["fault"].as_str().unwrap_or(if is_off { "off" } else { "open" });
    vec![
        text(&state["id"]),
        many(&relay["ports"], ""),
        text(&relay["target"]),
        many(&whom, "everybody"),
        text(&state["open"]),
        now.to_owned(),
    ]
}

fn volume(one: &Value) -> Vec<String> {
    let percent = one["ratio"].as_f64().unwrap_or(0.0) * 100.0;
    let [segment, limit, per, used, bytes] =
        ["segment", "limit", "per", "used", "bytes"].map(|field| text(&one[field]));
    vec![segment, limit, per, used, bytes, format!("{percent:.0}"), clock(&one["until"])]
}

fn report(report: &Value) -> String {
    let by = text(&report["by"]);
    let line = |one: &Value| {
        let figures = ["tunnels", "bytes_up", "bytes_down"].map(|field| text(&one[field]));
        let name = if one[&by] == "" { "-".to_owned() } else { text(&one[&by]) };
        [vec![name], figures.to_vec()].concat()
    };
    let mut lines: Vec<Vec<String>> = rows(&report["lines"]).iter().map(line).collect();
    let mut total = line(&report["total"]);
    total[0] = "in all".to_owned();
    lines.push(total);
    let (from, until) = (clock(&report["from"]), clock(&report["until"]));
    let head = [by.as_str(), "connections", "bytes up", "bytes down"];
    format!("From {from} to {until} UTC\n{}", table::of(&head, &lines))
}

fn rule(rule: &Value) -> Vec<String> {
    let many = |value: &Value, fields: &[&str], none: &str| {
        let all = fields.iter().flat_map(|field| rows(&value[*field])).map(text);
        let all: Vec<String> = all.collect();
        if all.is_empty() { none.to_owned() } else { all.join(", ") }
    };
    let does = if rule["off"] == true { "off".to_owned() } else { text(&rule["action"]) };
    let name = ["en", "ru", "kk"].iter().find_map(|lang| rule["name"][*lang].as_str());
    vec![
        text(&rule["id"]),
        does,
        many(&rule["who"], &["segments", "groups", "persons"], "everybody"),
        many(&rule["to"], &["domains", "lists", "addresses"], "anywhere"),
        name.unwrap_or_default().to_owned(),
    ]
}

fn applied(done: &Value) -> String {
    format!(
        "Version {} is in force; {} open connections lost their right and were cut.\n",
        done["version"]["no"], done["cut"]
    )
}

fn versions(versions: &Value) -> String {
    let line = |one: &Value| {
        vec![text(&one["no"]), clock(&one["at"]), text(&one["author"]), text(&one["why"])]
    };
    let lines: Vec<Vec<String>> = rows(versions).iter().map(line).collect();
    table::of(&["version", "since", "by", "why"], &lines)
}

fn requests(requests: &Value) -> String {
    let line = |one: &Value| {
        let to = format!("{}:{}", text(&one["host"]), one["port"]);
        let who = format!("{}, {}", text(&one["name"]), text(&one["phone"]));
        let (number, at) = (text(&one["number"]), clock(&one["at"]));
        vec![number, at, text(&one["segment"]), to, who, text(&one["reason"])]
    };
    let lines: Vec<Vec<String>> = rows(requests).iter().map(line).collect();
    table::of(&["number", "at", "segment", "to", "who", "what for"], &lines)
}

fn would(answer: &Value) -> String {
    let allowed = answer["allowed"] == true;
    let by = match answer["why"].as_str().unwrap_or_default() {
        "allowed" | "refused" => format!("rule {} says so", text(&answer["rule"])),
        "no-rule" => "no rule allows it".to_owned(),
        "inner-address" => "the address is the hub's or a segment's, which grants open".to_owned(),
        "special-address" => "the address is nobody's outside".to_owned(),
        "no-address" => "the name has no address, or the DNS server does not answer".to_owned(),
        other => other.to_owned(),
    };
    let until = match &answer["until"] {
        Value::Null => String::new(),
        until => format!(", until {} UTC", clock(until)),
    };
    let word = if allowed { "Yes" } else { "No" };
    let mut lines = format!("{word}: {by}{until}.\n");
    for one in rows(&answer["addresses"]) {
        let word = if one["allowed"] == true { "may" } else { "may not" };
        lines += &format!("  {}  {word}\n", text(&one["address"]));
    }
    for one in rows(&answer["passed_over"]) {
        let why = match one["because"].as_str().unwrap_or_default() {
            "off" => "is off",
            "others" => "is for others",
            "elsewhere" => "leads elsewhere",
            "port" => "is for other ports",
            "proxy-only" => "is for those who use a proxy",
            _ => "is for other hours",
        };
        lines += &format!("  rule {} {why}\n", text(&one["rule"]));
    }
    lines
}
