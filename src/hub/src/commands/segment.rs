//! `ets-hub segment`.

use std::path::Path;
use std::time::{Duration, SystemTime};

use ets_model::WallTime;
use http::Method;
use serde_json::{Value, json};

use super::{escaped, rows, show, table, text};
use crate::cli::{Global, Segment, SegmentAction};
use crate::client::Client;
use crate::exit::Failure;

pub(crate) async fn run(client: &Client, command: &Segment) -> Result<(), Failure> {
    let global = &command.global;
    match &command.action {
        SegmentAction::List => {
            let listing = client.get("/api/v1/segments").await?;
            show(global, &listing, list);
        }
        SegmentAction::Show { id } => one(global, &client.get(&path(id)).await?),
        SegmentAction::Put { id, file } => one(global, &put(client, id, file).await?),
        SegmentAction::Maintenance { id, minutes } => {
            let body = json!({"until": until(*minutes)});
            let path = format!("{}/maintenance", path(id));
            one(global, &client.change(Method::PUT, &path, &body).await?);
        }
        SegmentAction::Retire { id } => {
            one(global, &client.change(Method::DELETE, &path(id), &Value::Null).await?);
        }
        SegmentAction::Restore { id } => {
            let path = format!("{}/restore", path(id));
            one(global, &client.change(Method::POST, &path, &Value::Null).await?);
        }
        SegmentAction::Import { file, yes } => return import(client, global, file, *yes).await,
        SegmentAction::Export => {
            let file = client.get_bytes("/api/v1/export").await?;
            print!("{}", String::from_utf8_lossy(&file));
        }
        SegmentAction::Ping { id, count } => return ping(client, id, *count).await,
    }
    Ok(())
}

fn path(id: &str) -> String {
    format!("/api/v1/segments/{}", escaped(id))
}

/// Changes the segment when there is one of that name, else adds it.
async fn put(client: &Client, id: &str, file: &Path) -> Result<Value, Failure> {
    let mut body: Value = serde_json::from_slice(&read(file)?)
        .map_err(|error| Failure::Usage(format!("{}: {error}", file.display())))?;
    body["id"] = id.into();
    match client.get(&path(id)).await {
        Ok(_) => client.change(Method::PUT, &path(id), &body).await,
        Err(_) => client.change(Method::POST, "/api/v1/segments", &body).await,
    }
}

async fn import(client: &Client, global: &Global, file: &Path, yes: bool) -> Result<(), Failure> {
    let csv = read(file)?;
    let preview = client.post_csv("/api/v1/import/preview", csv.clone()).await?.json()?;
    show(global, &preview, |preview| say_preview(file, preview));
    if preview["clean"] != true {
        return Err(Failure::Refused("nothing was changed: mend the lines above".to_owned()));
    }
    if !yes {
        eprintln!("Nothing was changed. Give --yes to apply it.");
        return Ok(());
    }
    let digest = text(&preview["digest"]);
    client.post_csv(&format!("/api/v1/import/{}", escaped(&digest)), csv).await?.ok()?;
    eprintln!("Imported.");
    Ok(())
}

fn say_preview(file: &Path, preview: &Value) {
    let count = |key: &str| rows(&preview[key]).len();
    println!(
        "new: {}, changed: {}, unchanged: {}",
        count("new"),
        count("changed"),
        count("unchanged")
    );
    for (kind, key) in [("fault", "faults"), ("warning", "warnings")] {
        for one in rows(&preview[key]) {
            let (line, column) = (text(&one["line"]), text(&one["column"]));
            let (message, remedy) = (text(&one["message"]), text(&one["remedy"]));
            println!("{}:{line}:{column}: {kind}: {message}; {remedy}", file.display());
        }
    }
}

async fn ping(client: &Client, id: &str, count: u16) -> Result<(), Failure> {
    let body = json!({"count": count});
    let print = |bytes: &[u8]| {
        for line in String::from_utf8_lossy(bytes).lines() {
            if let Some(data) = line.strip_prefix("data:") {
                println!("{}", data.trim());
            }
        }
    };
    client.stream(Method::POST, &format!("{}/ping", path(id)), &body, print).await
}

fn list(listing: &Value) {
    let row = |segment: &Value| {
        let keys = ["id", "state", "since", "rtt_ms", "loss", "name"];
        keys.map(|key| text(&segment[key])).to_vec()
    };
    let rows: Vec<_> = rows(listing).iter().map(row).collect();
    table::print(&["SEGMENT", "STATE", "SINCE", "RTT, MS", "LOSS", "NAME"], &rows);
}

fn one(global: &Global, segment: &Value) {
    show(global, segment, |segment| println!("{segment:#}"));
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
