//! The lab alone, for its tests: `ets-lab run --no-hub`.

use std::process::ExitCode;

use clap::Parser;

#[derive(Parser)]
struct Cli {
    #[command(flatten)]
    lab: ets_lab::Args,
}

fn main() -> ExitCode {
    ets_lab::main(Cli::parse().lab)
}
