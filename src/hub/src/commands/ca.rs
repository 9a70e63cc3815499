//! `ets-hub ca`: the officer's desk on the command line.

use std::fs;
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use http::Method;
use serde_json::{Value, json};

use super::{clock, escaped, rows, show, table, text};
use crate::cli::{Ca, CaAction, OrderStep};
use crate::client::Client;
use crate::exit::Failure;
use crate::out;

const ORDERS: &str = "/api/v1/ca/orders";
const CERTIFICATES: &str = "/api/v1/ca/certificates";

pub(crate) async fn run(client: &Client, command: &Ca) -> Result<(), Failure> {
    match &command.action {
        CaAction::List => {
            let listing = client.get(CERTIFICATES).await?;
            show(&command.global, &listing, list)
        }
        CaAction::Issue { profile, subject, names, csr, out } => {
            let csr = csr.as_deref().map(read).transpose()?;
            // The key exists nowhere else: there must be a place for it before it is made.
            prepare(out)?;
            let order =
                json!({ "profile": profile, "subject": subject, "names": names, "csr": csr });
            let issued = client.change(Method::POST, CERTIFICATES, &order).await?;
            handed_over(command, &issued, out)
        }
        CaAction::Orders => {
            let listing = client.get(ORDERS).await?;
            show(&command.global, &listing, orders)
        }
        CaAction::Order { profile, subject, names, token, csr } => {
            let csr = csr.as_deref().map(read).transpose()?;
            let order = json!({
                "profile": profile, "subject": subject, "names": names, "token": token, "csr": csr,
            });
            let made = client.change(Method::POST, ORDERS, &order).await?;
            show(&command.global, &made, stands)
        }
        CaAction::Step { order, step, csr, token, hours, reason, out } => {
            let csr = csr.as_deref().map(read).transpose()?;
            let body = match step {
                OrderStep::Issue => json!({ "csr": csr }),
                OrderStep::Reissue => json!({ "csr": csr, "token": token, "reason": reason }),
                OrderStep::StandIn => {
                    json!({ "csr": csr, "token": token, "reason": reason, "hours": hours })
                }
                OrderStep::Lose | OrderStep::Refuse => json!({ "reason": reason }),
                _ => Value::Null,
            };
            if let Some(out) = out {
                prepare(out)?;
            }
            let name = clap::ValueEnum::to_possible_value(step);
            let name = name.as_ref().map_or("", |value| value.get_name());
            let done =
                client.change(Method::POST, &format!("{ORDERS}/{order}/{name}"), &body).await?;
            match out {
                _ if is_owed(&done) => show(&command.global, &done, |_| String::new()),
                Some(out) if *step == OrderStep::Issue => handed_over(command, &done, out),
                _ => show(&command.global, &done, stands),
            }
        }
        CaAction::AcmeKey { institution, names, accounts } => {
            let order = json!({ "institution": institution, "names": names, "accounts": accounts });
            let made = client.change(Method::POST, "/api/v1/ca/acme-keys", &order).await?;
            show(&command.global, &made, |made| {
                format!("kid   {}\nhmac  {}\n", text(&made["kid"]), text(&made["hmac"]))
            })
        }
        CaAction::EstSecret { name } => {
            let order = json!({ "name": name });
            let made = client.change(Method::POST, "/api/v1/ca/router-secrets", &order).await?;
            show(&command.global, &made, |made| {
                let until = clock(&made["until"]);
                let (name, secret) = (text(&made["name"]), text(&made["secret"]));
                format!("user      {name}\npassword  {secret}\nGood once, until {until} UTC.\n")
            })
        }
        CaAction::Revoke { serial, reason } => {
            let done = turn(client, serial, "revoke", &json!({ "reason": reason })).await?;
            show(&command.global, &done, |_| format!("{serial} is revoked\n"))
        }
        CaAction::Suspend { serial } => {
            let done = turn(client, serial, "suspend", &Value::Null).await?;
            show(&command.global, &done, |_| format!("{serial} is suspended\n"))
        }
        CaAction::Resume { serial } => {
            let done = turn(client, serial, "resume", &Value::Null).await?;
            show(&command.global, &done, |_| format!("{serial} is active again\n"))
        }
    }
}

async fn turn(client: &Client, serial: &str, to: &str, body: &Value) -> Result<Value, Failure> {
    let path = format!("{CERTIFICATES}/{}/{to}", escaped(serial));
    let done = client.change(Method::POST, &path, body).await?;
    if is_owed(&done) {
        return Ok(done);
    }
    client.get(&format!("{CERTIFICATES}/{}", escaped(serial))).await
}

/// Whether it is done and the database does not know it yet; then it is said.
fn is_owed(answer: &Value) -> bool {
    let is_owed = answer["type"].as_str().is_some_and(|kind| kind.ends_with("#owed"));
    if is_owed {
        out::note(&format!("warning: {}; {}", text(&answer["detail"]), text(&answer["remedy"])));
    }
    is_owed
}

fn handed_over(command: &Ca, issued: &Value, out: &Path) -> Result<(), Failure> {
    let handed = hand_over(issued, out)?;
    show(&command.global, &handed, |handed| {
        let key = handed["key"].as_str().map(|key| ("key", key.to_owned()));
        let serial = ("serial", text(&handed["serial"]));
        let facts = [Some(serial), Some(("cert", text(&handed["cert"]))), key];
        table::facts(&facts.into_iter().flatten().collect::<Vec<_>>())
    })
}

/// Writes what was issued into a folder: the certificate with its chain, and the key, if one was
/// made, for its owner alone.
fn hand_over(issued: &Value, out: &Path) -> Result<Value, Failure> {
    let serial = text(&issued["serial"]);
    let cert = out.join(format!("{serial}.pem"));
    write(&cert, &format!("{}{}", text(&issued["certificate"]), text(&issued["chain"])), 0o644)?;
    let key = match issued["key"].as_str() {
        Some(pem) => {
            let key = out.join(format!("{serial}.key"));
            write(&key, pem, 0o600)?;
            Some(key)
        }
        None => None,
    };
    Ok(json!({ "serial": serial, "cert": cert, "key": key }))
}

fn prepare(out: &Path) -> Result<(), Failure> {
    let probe = out.join(".ets-hub-probe");
    fs::create_dir_all(out)
        .and_then(|()| fs::write(&probe, "probe"))
        .and_then(|()| fs::remove_file(&probe))
        .map_err(|error| Failure::unusable(out, &error))
}

fn read(path: &Path) -> Result<String, Failure> {
    fs::read_to_string(path).map_err(|error| Failure::unusable(path, &error))
}

fn write(path: &Path, content: &str, mode: u32) -> Result<(), Failure> {
    fs::OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(mode)
        .open(path)
        .and_then(|mut file| file.write_all(content.as_bytes()).and_then(|()| file.sync_all()))
        .map_err(|error| Failure::unusable(path, &error))
}

fn list(listing: &Value) -> String {
    let row = |one: &Value| {
        let state = match one["reason"].as_str() {
            Some(reason) => format!("{} ({reason})", text(&one["state"])),
            None => text(&one["state"]),
        };
        let until = clock(&one["not_after"]);
        vec![text(&one["serial"]), text(&one["profile"]), state, until, text(&one["subject"])]
    };
    let rows: Vec<_> = rows(listing).iter().map(row).collect();
    table::of(&["SERIAL", "PROFILE", "STATE", "UNTIL", "SUBJECT"], &rows)
}

fn orders(listing: &Value) -> String {
    let row = |one: &Value| {
        let (stage, since) = (text(&one["stage"]), clock(&one["since"]));
        let (token, subject) = (text(&one["token"]), text(&one["subject"]));
        vec![text(&one["id"]), stage, since, text(&one["profile"]), token, subject]
    };
    let rows: Vec<_> = rows(listing).iter().map(row).collect();
    table::of(&["ORDER", "STAGE", "SINCE", "PROFILE", "TOKEN", "SUBJECT"], &rows)
}

fn stands(order: &Value) -> String {
    format!("order {} is {}\n", text(&order["id"]), text(&order["stage"]))
}
