//! `ets-hub root`: a root on a machine of its own. Works on files; nothing of it speaks to a hub.

use std::fs;
use std::path::Path;

use ets_ca::Addresses;
use ets_ca::root::{Root, ask, take};
use serde_json::json;

use crate::cli::{RootAction, RootCommand};
use crate::config::Config;
use crate::exit::{Failure, chain};
use crate::out;
use crate::serve::{files, keys, request, secret};

pub(crate) fn run(command: &RootCommand) -> Result<(), Failure> {
    let made = match &command.action {
        RootAction::Make { dir, owner, passphrase } => {
            let passphrase = secret(passphrase)?;
            Root::make(dir, owner, &passphrase).map_err(told)?;
            dir.join("root.pem")
        }
        RootAction::Certify { dir, passphrase, request, owner, url, names, out } => {
            let root = Root::open(dir, &secret(passphrase)?).map_err(told)?;
            let addresses = Addresses::new(url).map_err(told)?;
            root.certify(&bytes(request)?, owner, (&addresses, names), out).map_err(told)?;
            out.join("issuing.pem")
        }
        RootAction::Ask { file, owner } => {
            let config = Config::read(&file.config)?;
            let files = files(&config);
            let made = ask(&files, owner, &keys(&config, &files)?).map_err(told)?;
            let path = request(&files);
            fs::write(&path, made).map_err(|error| Failure::unusable(&path, &error))?;
            path
        }
        RootAction::Take { file, from } => {
            let config = Config::read(&file.config)?;
            let files = files(&config);
            take(&files, &keys(&config, &files)?, from).map_err(told)?;
            files.issuing
        }
    };
    out::print(&if command.json {
        format!("{:#}\n", json!({ "file": made }))
    } else {
        format!("{}\n", made.display())
    })
}

fn bytes(path: &Path) -> Result<Vec<u8>, Failure> {
    fs::read(path).map_err(|error| Failure::unusable(path, &error))
}

fn told(error: ets_ca::Error) -> Failure {
    match error {
        ets_ca::Error::Token(_) => Failure::Missing(chain(&error)),
        error => Failure::Usage(chain(&error)),
    }
}
