//! `ets-hub segment`.

use std::path::Path;
use std::time::{Duration, SystemTime};

use ets_model::WallTime;
use http::Method;
use serde_json::{Value, json};

use super::{clock, escaped, evidence, named, rows, show, table, text};
use crate::cli::{Global, Segment, SegmentAction};
use crate::client::Client;
use crate::exit::Failure;
use crate::out;

const ALL: &str = "/api/v1/segments";

pub(crate) async fn run(client: &Client, command: &Segment) -> Result<(), Failure> {
    let global = &command.global;
    match &command.action {
        SegmentAction::List => show(global, &client.get(ALL).await?, list),
        SegmentAction::Show { id } => show(global, &client.get(&path(id)).await?, one),
        SegmentAction::Add { id, file } => {
            show(global, &client.change(Method::POST, ALL, &definition(id, file)?).await?, one)
        }
        SegmentAction::Put { id, file } => show(global, &put(client, id, file).await?, one),
        SegmentAction::Maintenance { id, minutes } => {
            let body = json!({"until": until(*minutes)});
            let path = format!("{}/maintenance", path(id));
            show(global, &client.change(Method::PUT, &path, &body).await?, one)
        }
        SegmentAction::Retire { id } => {
            show(global, &client.change(Method::DELETE, &path(id), &Value::Null).await?, one)
        }
        SegmentAction::Restore { id } => {
            let path = format!("{}/restore", path(id));
            show(global, &client.change(Method::POST, &path, &Value::Null).await?, one)
        }
        SegmentAction::Import { file, yes } => import(client, global, file, *yes).await,
        SegmentAction::Export => {
            let file = client.get_bytes("/api/v1/export").await?;
            out::print(&String::from_utf8_lossy(&file))
        }
        SegmentAction::Ping { id, count } => ping(client, global, id, *count).await,
    }
}

/// Where the API has a segment.
pub(super) fn path(id: &str) -> String {
    format!("{ALL}/{}", escaped(id))
}

/// A segment's definition from a file, under this identifier.
fn definition(id: &str, file: &Path) -> Result<Value, Failure> {
    let wrong = |why: &dyn std::fmt::Display| Failure::Usage(format!("{}: {why}", file.display()));
    let mut body: Value = serde_json::from_slice(&read(file)?).map_err(|error| wrong(&error))?;
    let Value::Object(fields) = &mut body else {
        return Err(wrong(&"it holds no segment: write it as `segment show ID --json` does"));
    };
    fields.insert("id".to_owned(), id.into());
    Ok(body)
}

/// Changes the segment when there is one of that name, else adds it.
async fn put(client: &Client, id: &str, file: &Path) -> Result<Value, Failure> {
    let body = definition(id, file)?;
    match client.get(&path(id)).await {
        Ok(_) => client.change(Method::PUT, &path(id), &body).await,
        Err(_) => client.change(Method::POST, ALL, &body).await,
    }
}

async fn import(client: &Client, global: &Global, file: &Path, yes: bool) -> Result<(), Failure> {
    let csv = read(file)?;
    let preview = client.post_csv("/api/v1/import/preview", csv.clone()).await?.json()?;
    show(global, &preview, |preview| preview_of(file, preview))?;
    if preview["clean"] != true {
        return Err(Failure::Refused("nothing was changed: mend the lines above".to_owned()));
    }
    if !yes {
        out::note("Nothing was changed. Give --yes to apply it.");
        return Ok(());
    }
    let digest = text(&preview["digest"]);
    client.post_csv(&format!("/api/v1/import/{}", escaped(&digest)), csv).await?.ok()?;
    out::note("Imported.");
    Ok(())
}

fn preview_of(file: &Path, preview: &Value) -> String {
    let mut told = format!(
        "new: {}\nchanged: {}\nunchanged: {}\n",
        counted(&preview["new"]),
        counted(&preview["changed"]),
        rows(&preview["unchanged"]).len()
    );
    for (kind, key) in [("fault", "faults"), ("warning", "warnings")] {
        for one in rows(&preview[key]) {
            let (line, column) = (text(&one["line"]), text(&one["column"]));
            let (message, remedy) = (text(&one["message"]), text(&one["remedy"]));
            let place = format!("{}:{line}:{column}", file.display());
            told.push_str(&format!("{place}: {kind}: {message}; {remedy}\n"));
        }
    }
    told
}

/// How many rows, and which.
fn counted(listing: &Value) -> String {
    let ids: Vec<String> = rows(listing).iter().map(|row| text(&row["id"])).collect();
    if ids.is_empty() { "0".to_owned() } else { format!("{} ({})", ids.len(), named(&ids)) }
}

async fn ping(client: &Client, global: &Global, id: &str, count: u16) -> Result<(), Failure> {
    let body = json!({"count": count});
    let print = |bytes: &[u8]| {
        let heard = String::from_utf8_lossy(bytes);
        let lines = heard.lines().filter_map(|line| line.strip_prefix("data:").map(str::trim));
        let lines = lines.filter(|line| !line.is_empty());
        out::heard(&lines.map(|line| answer(global, line) + "\n").collect::<String>())
    };
    client.stream(Method::POST, &format!("{}/ping", path(id)), &body, print).await
}

/// One line of a ping: a probe, the sum, or why it broke off.
fn answer(global: &Global, line: &str) -> String {
    let parsed = serde_json::from_str::<Value>(line).ok().filter(|_| !global.json);
    let Some(said) = parsed else { return line.to_owned() };
    if let Some(sent) = said["sent"].as_u64() {
        return format!("{} of {sent} answered", text(&said["answered"]));
    }
    let number = text(&said["number"]);
    match (&said["rtt_ms"], &said["error"]) {
        (Value::Null, Value::Null) => format!("{number}: no answer"),
        (Value::Null, error) => {
            format!("{number}: {}", evidence::seen(&json!({"icmp_error": error})))
        }
        (rtt, _) => format!("{number}: answered in {} ms", text(rtt)),
    }
}

fn list(listing: &Value) -> String {
    let row = |segment: &Value| {
        let keys = ["id", "state", "since", "rtt_ms", "loss", "name"];
        keys.map(|key| text(&segment[key])).to_vec()
    };
    let rows: Vec<_> = rows(listing).iter().map(row).collect();
    table::of(&["SEGMENT", "STATE", "SINCE", "RTT, MS", "LOSS", "NAME"], &rows)
}

/// One segment as `name: value` lines: how it is, then what it is.
fn one(segment: &Value) -> String {
    let field = |key: &str| given(&segment[key]);
    table::facts(&[
        ("segment", field("id")),
        ("name", field("name")),
        ("state", standing(segment)),
        ("round trip", unit(&segment["rtt_ms"], "ms")),
        ("loss, last minute", loss(&segment["loss"])),
        ("open outage", field("outage")),
        ("planned works", moment("until", &segment["maintenance_until"])),
        ("networks", texts(&segment["prefixes"])),
        ("port of the hub", field("interface")),
        ("probed", probed(&segment["probing"])),
        ("institution", field("institution")),
        ("district", field("district")),
        ("channel", channel(&segment["channel"])),
        ("contracted", contracted(&segment["channel"])),
        ("router", given(&segment["router"]["management"])),
        ("provider point", field("parent")),
        ("criticality", field("criticality")),
        ("moved, up", unit(&segment["bytes_up"], "bytes")),
        ("moved, down", unit(&segment["bytes_down"], "bytes")),
        ("notes", field("notes")),
    ])
}

/// How a segment is, since when, and what keeps it from being known.
pub(super) fn standing(segment: &Value) -> String {
    if !segment["retired"].is_null() {
        return moment("retired since", &segment["retired"]);
    }
    let why = match segment["obstacle"].as_str() {
        Some("no_port") => "; probes are not sent: the hub has no such port",
        Some("no_route") => "; probes are not sent: the hub has no way to the address",
        Some("forbidden") => "; probes are not sent: the hub's own rules forbid them",
        _ if segment["unheard"] == true => "; it has never answered yet",
        _ => "",
    };
    format!("{} since {} UTC{why}", text(&segment["state"]), clock(&segment["since"]))
}

/// A value, or nothing.
fn given(value: &Value) -> String {
    if value.is_null() { String::new() } else { text(value) }
}

fn unit(value: &Value, unit: &str) -> String {
    if value.is_null() { String::new() } else { format!("{} {unit}", text(value)) }
}

fn moment(word: &str, value: &Value) -> String {
    if value.is_null() { String::new() } else { format!("{word} {} UTC", clock(value)) }
}

fn texts(list: &Value) -> String {
    rows(list).iter().map(text).collect::<Vec<_>>().join(", ")
}

fn loss(share: &Value) -> String {
    share.as_f64().map_or_else(String::new, |share| format!("{:.1} %", share * 100.0))
}

fn probed(probing: &Value) -> String {
    let how = match probing["method"]["tcp"].as_u64() {
        Some(port) => format!("TCP port {port}"),
        None => "ICMP".to_owned(),
    };
    format!("{} by {how}", text(&probing["address"]))
}

fn channel(channel: &Value) -> String {
    let contract = given(&channel["contract"]);
    let contract = if contract.is_empty() { contract } else { format!("contract {contract}") };
    let mut parts = vec![given(&channel["provider"]), given(&channel["technology"]), contract];
    parts.retain(|part| !part.is_empty());
    parts.join(", ")
}

/// The contracted rates; 0: not known.
fn contracted(channel: &Value) -> String {
    let rate = |key: &str, way: &str| {
        let kbps = channel[key].as_u64().filter(|kbps| *kbps > 0)?;
        Some(format!("{kbps} kbit/s {way}"))
    };
    let rates = [rate("down_kbps", "to the segment"), rate("up_kbps", "from it")];
    rates.into_iter().flatten().collect::<Vec<_>>().join(", ")
}

/// The moment so many minutes from now as RFC 3339; null for none.
fn until(minutes: u32) -> Value {
    if minutes == 0 {
        return Value::Null;
    }
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    let now = WallTime(i64::try_from(now.as_micros()).unwrap_or(i64::MAX));
    let until = now.plus(Duration::from_secs(u64::from(minutes) * 60));
    jiff::Timestamp::from_microsecond(until.0).map_or(Value::Null, |at| at.to_string().into())
}

fn read(file: &Path) -> Result<Vec<u8>, Failure> {
    let result = if file == Path::new("-") {
        let mut all = Vec::new();
        std::io::Read::read_to_end(&mut std::io::stdin(), &mut all).map(|_| all)
    } else {
        std::fs::read(file)
    };
    result.map_err(|error| Failure::Usage(format!("{} cannot be read: {error}", file.display())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_segment_is_told_in_lines_and_what_is_not_known_is_left_out() {
        let told = one(&json!({
            "id": "s001", "name": "A", "state": "up", "since": "2026-11-28T17:56:01.044643Z",
            "loss": 0.125, "rtt_ms": null, "outage": null, "parent": "",
            "prefixes": ["10.10.1.0/24", "fd10::/64"], "bytes_up": 12, "bytes_down": null,
            "probing": {"address": "10.10.1.1", "method": {"tcp": 443}},
            "channel": {"provider": "P", "technology": "", "contract": "7", "down_kbps": 8, "up_kbps": 0},
        }));
        let wanted = [
            ("segment", "s001"),
            ("name", "A"),
            ("state", "up since 2026-11-28 17:56:01 UTC"),
            ("loss, last minute", "12.5 %"),
            ("networks", "10.10.1.0/24, fd10::/64"),
            ("probed", "10.10.1.1 by TCP port 443"),
            ("channel", "P, contract 7"),
            ("contracted", "8 kbit/s to the segment"),
            ("moved, up", "12 bytes"),
        ];
        let wanted = wanted.map(|(name, value)| format!("{:<18} {value}\n", format!("{name}:")));
        assert_eq!(told, wanted.concat());
    }

    #[test]
    fn a_retired_segment_says_so() {
        let retired =
            json!({"state": null, "retired": "2026-11-28T17:56:01Z", "obstacle": "no_port"});
        assert_eq!(standing(&retired), "retired since 2026-11-28 17:56:01 UTC");
    }

    #[test]
    fn an_import_names_what_it_changes_as_long_as_it_is_little() {
        let new: Vec<Value> = (1..=22).map(|no| json!({"id": format!("s{no:03}")})).collect();
        let told = preview_of(
            Path::new("a.csv"),
            &json!({"new": new, "changed": [{"id": "x"}], "unchanged": ["y", "z"]}),
        );
        assert!(told.starts_with("new: 22 (s001, s002, "), "{told}");
        assert!(told.contains(", s020 and 2 more)\nchanged: 1 (x)\nunchanged: 2\n"), "{told}");
    }
}
