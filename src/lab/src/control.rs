//! The lab's own socket: one request a connection, one line of JSON each way. Works the same as
//! root and as an ordinary user, whose namespaces nobody else can enter.

use std::io::{BufRead, BufReader, Read, Write};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use nix::sys::socket::{getsockopt, sockopt::PeerCredentials};
use serde::{Deserialize, Serialize};

use crate::error::{Context, Error, Result};
use crate::fault::{self, Faults, Listed, Spec};
use crate::say;

/// The longest request and answer.
const LINE_LIMIT: u64 = 4 << 20;

/// What a lab can be asked.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Request {
    /// Break something.
    Fault {
        /// How.
        spec: Spec,
        /// What.
        targets: Vec<String>,
    },
    /// Mend these, or all.
    Heal(Vec<String>),
    /// List the faults.
    Status,
}

/// What a lab answers: what was made, mended or is in force; or why not.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Answer {
    /// Done.
    Faults(Vec<Listed>),
    /// Not done: the exit code and the reason.
    Refused(u8, String),
}

/// Asks the lab that runs in the folder of this socket.
pub(crate) fn ask(socket: &Path, request: &Request) -> Result<Vec<Listed>> {
    let mut stream = UnixStream::connect(socket).map_err(|error| {
        Error::Refused(format!(
            "no lab answers at {} ({error}): start one with `ets-hub lab run`, or give its --dir",
            socket.display()
        ))
    })?;
    let mut line = encode(request)?;
    line.push(b'\n');
    stream.write_all(&line).at("write to", socket)?;
    let mut answer = String::new();
    BufReader::new(stream.take(LINE_LIMIT)).read_line(&mut answer).at("read from", socket)?;
    match serde_json::from_str(&answer) {
        Ok(Answer::Faults(faults)) => Ok(faults),
        Ok(Answer::Refused(64, reason)) => Err(Error::Usage(reason)),
        Ok(Answer::Refused(_, reason)) => Err(Error::Refused(reason)),
        Err(_) => Err(Error::Refused("the lab ended before it answered".to_owned())),
    }
}

/// Opens the socket and answers on a thread for the rest of the process.
pub(crate) fn serve(socket: &Path, faults: Arc<Mutex<Faults>>) -> Result<()> {
    let _ = std::fs::remove_file(socket);
    let listener = UnixListener::bind(socket).at("open", socket)?;
    std::fs::set_permissions(socket, std::fs::Permissions::from_mode(0o600))
        .at("protect", socket)?;
    let thread = std::thread::Builder::new().name("control".to_owned());
    let accept = move || {
        for stream in listener.incoming().flatten() {
            // Its sender is gone or speaks another language: nobody to tell.
            let _ = answer(&stream, &faults);
        }
    };
    thread.spawn(accept).map(drop).context(|| "cannot start a thread".to_owned())
}

/// Undoes faults whose time is over, a few times a second, for the rest of the process.
pub(crate) fn watch_expiry(faults: Arc<Mutex<Faults>>) -> Result<()> {
    let work = move || {
        loop {
            std::thread::sleep(Duration::from_millis(100));
            if let Err(error) = fault::lock(&faults).heal_expired() {
                say::error(&format!("a fault could not be undone: {error}"));
            }
        }
    };
    let thread = std::thread::Builder::new().name("expiry".to_owned()).spawn(work);
    thread.map(drop).context(|| "cannot start a thread".to_owned())
}

fn answer(stream: &UnixStream, faults: &Mutex<Faults>) -> Result<()> {
    let talk = || "cannot talk on the lab's socket".to_owned();
    stream.set_read_timeout(Some(Duration::from_secs(5))).context(talk)?;
    let peer = getsockopt(stream, PeerCredentials).context(talk)?;
    let own = nix::unistd::geteuid().as_raw();
    let mut line = String::new();
    BufReader::new(stream.take(LINE_LIMIT)).read_line(&mut line).context(talk)?;
    let answer = if peer.uid() == own || peer.uid() == 0 {
        act(&line, faults)
    } else {
        Answer::Refused(1, "this lab belongs to another user".to_owned())
    };
    let mut line = encode(&answer)?;
    line.push(b'\n');
    let mut stream = stream;
    stream.write_all(&line).context(talk)
}

fn act(line: &str, faults: &Mutex<Faults>) -> Answer {
    let Ok(request) = serde_json::from_str::<Request>(line) else {
        return Answer::Refused(1, "the lab is of another version than this command".to_owned());
    };
    let mut faults = fault::lock(faults);
    let done = match request {
        Request::Fault { spec, targets } => faults.apply(&spec, &targets),
        Request::Heal(targets) => faults.heal(&targets),
        Request::Status => Ok(faults.list()),
    };
    done.map_or_else(|error| Answer::Refused(error.exit_code(), error.to_string()), Answer::Faults)
}

fn encode<T: Serialize>(message: &T) -> Result<Vec<u8>> {
    serde_json::to_vec(message).map_err(|error| Error::Bug(error.to_string()))
}
