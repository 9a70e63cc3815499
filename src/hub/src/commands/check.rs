//! `ets-hub check`: every fault of a configuration file at once.

use serde_json::json;

use crate::cli::Check;
use crate::config::{self, Config};
use crate::exit::Failure;

pub(crate) fn run(check: &Check) -> Result<(), Failure> {
    if check.reference {
        print!("{}", config::reference());
        return Ok(());
    }
    if check.example {
        print!("{}", config::example());
        return Ok(());
    }
    let result = Config::read(&check.file.config).map(drop);
    if check.json {
        let faults = result.as_ref().err().map(ToString::to_string);
        let faults: Vec<&str> = faults.iter().flat_map(|text| text.lines()).collect();
        println!("{}", json!({"ok": result.is_ok(), "faults": faults}));
    } else if result.is_ok() {
        println!("{} is in order", check.file.config.display());
    }
    result
}
