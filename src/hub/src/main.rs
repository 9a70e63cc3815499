//! ETS Hub: parse the command line, read the configuration, run one process or one command.

mod cli;
mod client;
mod commands;
mod config;
mod exit;
mod netd;
mod run;
mod serve;

use std::future::Future;
use std::process::ExitCode;

use clap::Parser;
use ets_runtime::{Shutdown, ShutdownTrigger, init_tracing, shutdown_on_signals};

use crate::cli::{Cli, Command};
use crate::config::Config;
use crate::exit::{Failure, finish};

/// Exit code for a command line that cannot be understood (EX_USAGE).
const USAGE: u8 = 64;

fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => {
            let code = if error.use_stderr() { USAGE } else { 0 };
            return error.print().map_or(ExitCode::from(USAGE), |()| ExitCode::from(code));
        }
    };
    match cli.command {
        // Enters namespaces of its own, so it must run before there is any other thread.
        Command::Lab(args) => ets_lab::main(*args),
        Command::Netd(file) => finish(part(&file, |config, end| async move { netd::run(&config, end).await })),
        Command::Serve(file) => {
            finish(part(&file, |config, end| async move { serve::run(config, end).await }))
        }
        Command::Run(file) => {
            let path = file.config.clone();
            finish(part(&file, |_, (_, shutdown)| async move { run::run(&path, shutdown).await }))
        }
        other => finish(commands::dispatch(other)),
    }
}

/// Reads the configuration, starts the log, and runs a long-running part until shutdown.
fn part<F>(
    file: &cli::ConfigFile,
    body: impl FnOnce(Config, (ShutdownTrigger, Shutdown)) -> F,
) -> Result<(), Failure>
where
    F: Future<Output = Result<(), Failure>>,
{
    let config = Config::read(&file.config)?;
    init_tracing(&config.server.log, config.server.log_format);
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .map_err(|error| Failure::internal(&error))?;
    runtime.block_on(async {
        let end = shutdown_on_signals().map_err(|error| Failure::internal(&error))?;
        body(config, end).await
    })
}
