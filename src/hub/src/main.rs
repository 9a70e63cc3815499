//! ETS Hub: parse the command line, read the configuration, run one process or one command.

mod cli;
mod client;
mod commands;
mod config;
mod exit;
mod netd;
mod out;
mod run;
mod serve;

use std::future::Future;
use std::process::ExitCode;

use clap::Parser;
use ets_runtime::{
    Shutdown, ShutdownTrigger, give_memory_back, init_tracing, raise_descriptors, set_up_memory,
    shutdown_on_signals,
};
use tokio::runtime::Builder;

use crate::cli::{Cli, Command};
use crate::config::Config;
use crate::exit::{Failure, finish};

/// Exit code for a command line that cannot be understood (`EX_USAGE`).
const USAGE: u8 = 64;
/// Descriptors that `serve` needs at the most: for each client one to him and one to a service
/// ([`ets_listen::Limits`]), and some for files; and those of `netd`.
const OF_SERVE: u64 = 2 * 4_096 + 1_024;
const OF_NETD: u64 = 1_024;

fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => {
            // A reader that has gone (`--help | head`) is no fault.
            let _ = error.print();
            return ExitCode::from(if error.use_stderr() { USAGE } else { 0 });
        }
    };
    match cli.command {
        // Enters namespaces of its own, so it must run before there is any other thread.
        Command::Lab(args) => ets_lab::main(*args),
        Command::Netd(args) => finish(match args.action {
            None => netd(&args.file),
            Some(cli::NetdAction::Setup { segments }) => netd_setup(&args.file, segments),
        }),
        Command::Serve(file) => finish(serve(&file)),
        Command::Run(file) => finish(run(&file)),
        other => finish(commands::dispatch(other)),
    }
}

/// One thread: `netd` gives up rights thread by thread, and its probes have a thread of their own.
fn netd(file: &cli::ConfigFile) -> Result<(), Failure> {
    let config = Config::read(&file.config)?;
    part(&config, Builder::new_current_thread(), |end| {
        raise_descriptors(OF_NETD);
        netd::run(&config, end)
    })
}

fn netd_setup(file: &cli::ConfigFile, segments: u32) -> Result<(), Failure> {
    let config = Config::read(&file.config)?;
    out::print(&format!("{}\n", netd::set_up(&config, segments)?))
}

fn serve(file: &cli::ConfigFile) -> Result<(), Failure> {
    serve::drop_capabilities()?;
    let config = Config::read(&file.config)?;
    part(&config.clone(), Builder::new_multi_thread(), async |end| {
        raise_descriptors(OF_SERVE);
        tokio::spawn(give_memory_back(end.1.clone()));
        Box::pin(serve::run(config, end)).await
    })
}

fn run(file: &cli::ConfigFile) -> Result<(), Failure> {
    let config = Config::read(&file.config)?;
    part(&config, Builder::new_current_thread(), |(_, end)| run::run(&file.config, end))
}

/// Starts the log and runs a long-running part until shutdown.
fn part<F>(
    config: &Config,
    mut builder: Builder,
    body: impl FnOnce((ShutdownTrigger, Shutdown)) -> F,
) -> Result<(), Failure>
where
    F: Future<Output = Result<(), Failure>>,
{
    set_up_memory();
    init_tracing(&config.server.log, config.server.log_format);
    let runtime = builder.enable_all().build().map_err(|error| Failure::internal(&error))?;
    runtime.block_on(async {
        let end = shutdown_on_signals().map_err(|error| Failure::internal(&error))?;
        body(end).await
    })
}
