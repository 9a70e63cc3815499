//! A PostgreSQL server that a test starts and ends itself.
//!
//! The server refuses to run as root, so as root it runs as `postgres` or `nobody`. It listens on
//! a Unix socket in its own folder and on no port.

use std::io::Read as _;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::{Pid, User, chown, geteuid};

/// How long the server may take to answer.
const PATIENCE: Duration = Duration::from_secs(60);

/// A running server with an empty database. Ends when it is dropped.
#[derive(Debug)]
pub struct Server {
    folder: tempfile::TempDir,
    programs: PathBuf,
    child: Option<Child>,
}

impl Server {
    /// Makes and starts a server.
    ///
    /// # Panics
    /// When there is none on this machine, or it does not start.
    pub fn start() -> Self {
        let programs = programs().expect(
            "PostgreSQL's initdb and postgres are on this machine: apt-get install postgresql-15",
        );
        let folder = tempfile::Builder::new().prefix("ets-pg-").tempdir();
        let folder = folder.expect("a temporary folder can be made");
        let mut server = Self { folder, programs, child: None };
        server.make();
        server.begin();
        server
    }

    /// The address of its database.
    pub fn url(&self) -> String {
        let folder = self.folder.path().display().to_string().replace('/', "%2F");
        format!("postgres://ets@{folder}/postgres")
    }

    /// Starts it again after [`Server::stop`].
    ///
    /// # Panics
    /// When it does not start.
    pub fn begin(&mut self) {
        let folder = self.folder.path();
        let mut command = self.program("postgres");
        command.arg("-D").arg(folder.join("data")).arg("-k").arg(folder);
        let settings =
            ["listen_addresses=", "fsync=off", "full_page_writes=off", "max_connections=20"];
        for setting in settings {
            command.args(["-c", setting]);
        }
        self.child = Some(command.spawn().expect("postgres can be started"));
        let begun = Instant::now();
        while !self.answers() {
            assert!(begun.elapsed() < PATIENCE, "postgres does not answer:\n{}", self.log());
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// Ends it at once, as a crash does: connections are cut, nothing is tidied up.
    pub fn stop(&mut self) {
        let Some(mut child) = self.child.take() else { return };
        if let Ok(id) = i32::try_from(child.id()) {
            // It may have gone by itself; the wait below tells.
            let _ = kill(Pid::from_raw(id), Signal::SIGQUIT);
        }
        let begun = Instant::now();
        while matches!(child.try_wait(), Ok(None)) {
            if begun.elapsed() > Duration::from_secs(10) {
                drop(child.kill());
                break;
            }
            std::thread::sleep(Duration::from_millis(5));
        }
        drop(child.wait());
    }

    fn make(&self) {
        if geteuid().is_root() {
            let user = server_user();
            chown(self.folder.path(), Some(user.uid), Some(user.gid)).expect("root may chown");
        }
        let open = std::fs::Permissions::from_mode(0o755);
        std::fs::set_permissions(self.folder.path(), open).expect("the folder is ours");
        let mut command = self.program("initdb");
        command.arg("-D").arg(self.folder.path().join("data"));
        command.args(["-U", "ets", "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8"]);
        command.args(["--no-sync", "--no-instructions"]);
        let done = command.status().expect("initdb can be started");
        assert!(done.success(), "initdb failed:\n{}", self.log());
    }

    /// A program of the server's, run by the server's user, its words kept in a file. It dies
    /// with us where `setpriv` can see to that.
    fn program(&self, name: &str) -> Command {
        let path = self.programs.join(name);
        let mut command = if Path::new("/usr/bin/setpriv").exists() {
            let mut command = Command::new("/usr/bin/setpriv");
            command.args(["--pdeathsig", "QUIT"]).arg(path);
            command
        } else {
            Command::new(path)
        };
        if geteuid().is_root() {
            let user = server_user();
            command.uid(user.uid.as_raw()).gid(user.gid.as_raw());
        }
        let log = std::fs::OpenOptions::new()
            .create(true)
            .append(true)
            .open(self.log_file())
            .expect("the log can be written");
        let again = log.try_clone().expect("a descriptor can be doubled");
        command.current_dir("/").stdin(Stdio::null()).stdout(log).stderr(again);
        command.env("LC_ALL", "C.UTF-8");
        command
    }

    /// The socket is there before the server takes connections; the line in its pid file tells.
    fn answers(&self) -> bool {
        let status = std::fs::read_to_string(self.folder.path().join("data/postmaster.pid"));
        status.is_ok_and(|text| text.lines().nth(7).is_some_and(|line| line.trim() == "ready"))
    }

    fn log_file(&self) -> PathBuf {
        self.folder.path().join("log")
    }

    fn log(&self) -> String {
        let mut text = String::new();
        if let Ok(mut file) = std::fs::File::open(self.log_file()) {
            drop(file.read_to_string(&mut text));
        }
        text
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.stop();
    }
}

fn server_user() -> User {
    let named = |name| User::from_name(name).ok().flatten();
    named("postgres").or_else(|| named("nobody")).expect("every Debian has the user nobody")
}

/// The folder that holds both programs: in PATH, else where Debian puts them, newest first.
fn programs() -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let mut folders: Vec<_> = std::env::split_paths(&path).collect();
    folders.push("/usr/local/bin".into());
    let mut packaged: Vec<_> = std::fs::read_dir("/usr/lib/postgresql")
        .into_iter()
        .flatten()
        .flatten()
        .map(|entry| entry.path().join("bin"))
        .collect();
    packaged.sort();
    folders.extend(packaged.into_iter().rev());
    folders
        .into_iter()
        .find(|folder| runs(&folder.join("initdb")) && runs(&folder.join("postgres")))
}

fn runs(program: &Path) -> bool {
    std::fs::metadata(program).is_ok_and(|file| file.is_file() && file.mode() & 0o111 != 0)
}
