//! `ets-hub run`: starts `netd` and `serve`, starts them again when they end, ends them together.

use std::path::Path;
use std::process::Stdio;
use std::time::{Duration, Instant};

use ets_runtime::Shutdown;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use tokio::process::{Child, Command};

use crate::exit::Failure;

/// The first pause before a part that ended is started again, and the longest.
const FIRST_PAUSE: Duration = Duration::from_millis(100);
const LONGEST_PAUSE: Duration = Duration::from_secs(10);
/// A part that ran this long is healthy: its next pause is the first again.
const HEALTHY: Duration = Duration::from_secs(30);
/// How long a part may take to end when asked.
const GRACE: Duration = Duration::from_secs(8);

/// Supervises both processes until shutdown.
pub(crate) async fn run(config: &Path, shutdown: Shutdown) -> Result<(), Failure> {
    let program = std::env::current_exe().map_err(|error| Failure::internal(&error))?;
    let keep = |part: &'static str| supervise(program.clone(), part, config, shutdown.clone());
    let (netd, serve) = tokio::join!(keep("netd"), keep("serve"));
    netd.and(serve)
}

async fn supervise(
    program: std::path::PathBuf,
    part: &'static str,
    config: &Path,
    shutdown: Shutdown,
) -> Result<(), Failure> {
    let mut pause = FIRST_PAUSE;
    while !shutdown.is_requested() {
        let started = Instant::now();
        let mut child = spawn(&program, part, config)?;
        tokio::select! {
            () = shutdown.requested() => return end(child).await,
            status = child.wait() => tracing::error!(part, ?status, "ended and is started again"),
        }
        pause = if started.elapsed() > HEALTHY { FIRST_PAUSE } else { pause };
        tokio::select! {
            () = shutdown.requested() => {}
            () = tokio::time::sleep(pause) => {}
        }
        pause = (pause * 2).min(LONGEST_PAUSE);
    }
    Ok(())
}

fn spawn(program: &Path, part: &str, config: &Path) -> Result<Child, Failure> {
    Command::new(program)
        .arg(part)
        .arg("--config")
        .arg(config)
        .stdin(Stdio::null())
        .kill_on_drop(true)
        .spawn()
        .map_err(|error| Failure::internal(&error))
}

async fn end(mut child: Child) -> Result<(), Failure> {
    let pid = child.id().and_then(|id| i32::try_from(id).ok()).map(Pid::from_raw);
    if let Some(pid) = pid
        && kill(pid, Signal::SIGTERM).is_err()
    {
        return Ok(());
    }
    if tokio::time::timeout(GRACE, child.wait()).await.is_err() {
        child.start_kill().map_err(|error| Failure::internal(&error))?;
    }
    Ok(())
}
