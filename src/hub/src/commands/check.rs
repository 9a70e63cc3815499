//! `ets-hub check`: every fault of a configuration file at once.

use serde_json::json;

use crate::cli::Check;
use crate::config::{self, Config};
use crate::exit::Failure;
use crate::out;

pub(crate) fn run(check: &Check) -> Result<(), Failure> {
    if check.reference {
        return out::print(&config::reference());
    }
    if check.example {
        return out::print(&config::example());
    }
    let result = Config::read(&check.file.config).map(drop);
    if check.json {
        let faults = result.as_ref().err().map(ToString::to_string);
        let faults: Vec<&str> = faults.iter().flat_map(|text| text.lines()).collect();
        out::print(&format!("{}\n", json!({"ok": result.is_ok(), "faults": faults})))?;
    } else if result.is_ok() {
        out::print(&format!("{} is in order\n", check.file.config.display()))?;
    }
    result
}
