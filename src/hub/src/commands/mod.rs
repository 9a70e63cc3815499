//! The commands that ask or tell the running hub.

mod ca;
mod check;
mod doctor;
mod evidence;
mod gateway;
mod journal;
mod outage;
mod rights;
mod root;
mod rules;
mod segment;
mod table;
mod together;

use std::future::Future;
use std::io::Read;
use std::path::Path;

use serde_json::Value;

use crate::cli::{Command, Global};
use crate::client::Client;
use crate::config::Config;
use crate::exit::Failure;
use crate::out;

/// The socket of a lab, below its folder.
const LAB_SOCKET: &str = "serve.sock";
/// What is named one by one; of more the number is enough.
const NAMED: usize = 20;

/// Runs one command to its end.
pub(crate) fn dispatch(command: Command) -> Result<(), Failure> {
    match command {
        Command::Check(check) => check::run(&check),
        Command::Doctor(global) => ask(&global, async |client| doctor::run(&client, &global).await),
        Command::Segment(command) => {
            ask(&command.global, async |client| segment::run(&client, &command).await)
        }
        Command::Outage(command) => {
            ask(&command.global, async |client| outage::run(&client, &command).await)
        }
        Command::Rules(command) => {
            ask(&command.global, async |client| rules::run(&client, &command).await)
        }
        Command::Gateway(command) => {
            ask(&command.global, async |client| gateway::run(&client, &command).await)
        }
        Command::Journal(command) => {
            ask(&command.global, async |client| journal::run(&client, &command).await)
        }
        Command::Rights(command) => {
            ask(&command.global, async |client| rights::run(&client, &command).await)
        }
        Command::Ca(command) => {
            ask(&command.global, async |client| ca::run(&client, &command).await)
        }
        Command::Root(command) => root::run(&command),
        Command::EntryLink(global) => {
            ask(&global, async |client| entry_link(&client, &global).await)
        }
        Command::Run(_) | Command::Netd(_) | Command::Serve(_) | Command::Lab(_) => {
            Err(Failure::Bug("a process is no command".to_owned()))
        }
    }
}

async fn entry_link(client: &Client, global: &Global) -> Result<(), Failure> {
    let link = client.change(http::Method::POST, "/api/v1/entry-links", &Value::Null).await?;
    show(global, &link, |link| {
        format!("{}\nGood once, until {} UTC.\n", text(&link["url"]), clock(&link["expires"]))
    })
}

/// Runs `body` with a client of the hub that `global` names.
fn ask<F>(global: &Global, body: impl FnOnce(Client) -> F) -> Result<(), Failure>
where
    F: Future<Output = Result<(), Failure>>,
{
    let socket = match &global.dir {
        Some(dir) => dir.join(LAB_SOCKET),
        None if !global.file.config.exists() => return Err(no_hub(&global.file.config)),
        None => Config::read(&global.file.config)?.server.socket,
    };
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure::internal(&error))?
        .block_on(body(Client::new(&socket)))
}

/// Nothing says where the hub is.
fn no_hub(config: &Path) -> Failure {
    Failure::Usage(format!(
        "there is no {}: give --config FILE, or --dir DIR (.lab, say) for a hub that `ets-hub lab run` started",
        config.display()
    ))
}

/// What a JSON file says; `-` is standard input.
fn read_json(file: &Path) -> Result<Value, Failure> {
    let unread = |error: std::io::Error| Failure::Usage(format!("{}: {error}", file.display()));
    let mut bytes = Vec::new();
    if file == Path::new("-") {
        std::io::stdin().read_to_end(&mut bytes).map_err(unread)?;
    } else {
        bytes = std::fs::read(file).map_err(unread)?;
    }
    serde_json::from_slice(&bytes)
        .map_err(|error| Failure::Usage(format!("{} is no JSON: {error}", file.display())))
}

/// Prints an answer as JSON, or as `people` read it.
fn show(
    global: &Global,
    answer: &Value,
    people: impl FnOnce(&Value) -> String,
) -> Result<(), Failure> {
    out::print(&if global.json { format!("{answer:#}\n") } else { people(answer) })
}

/// A value as people read it: texts without quotes, a dash for none.
fn text(value: &Value) -> String {
    match value {
        Value::Null => "-".to_owned(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

/// Identifiers one by one as long as they are few.
fn named(ids: &[String]) -> String {
    let shown = ids.iter().take(NAMED).cloned().collect::<Vec<_>>().join(", ");
    match ids.len().saturating_sub(NAMED) {
        0 => shown,
        more => format!("{shown} and {more} more"),
    }
}

/// An RFC 3339 moment in UTC, to the second, as people read it.
fn clock(moment: &Value) -> String {
    let moment = text(moment);
    moment.split(['.', 'Z']).next().unwrap_or_default().replace('T', " ")
}

/// A part of a path or query, escaped.
fn escaped(part: &str) -> impl std::fmt::Display + '_ {
    percent_encoding::utf8_percent_encode(part, percent_encoding::NON_ALPHANUMERIC)
}

/// The rows of a listing.
fn rows(listing: &Value) -> &[Value] {
    listing.as_array().map_or(&[], Vec::as_slice)
}
