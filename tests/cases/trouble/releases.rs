//! Databases of other releases (S13; design, section 4: N reads what N+1 migrated, refuses N+2).

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use nix::sys::signal::Signal;

use super::OFTEN;
use crate::support::{Lab, hub_binary, tool, wait_for};

/// A `serve` on its own, without `netd`.
pub(super) struct Serve(Child);

impl Serve {
    /// Starts it; it logs beside its configuration.
    pub(super) fn start(config: &Path) -> Self {
        let log = config.with_extension("log");
        let log = std::fs::File::create(log).expect("a log can be made");
        let child = Command::new(hub_binary())
            .args(["serve", "--config"])
            .arg(config)
            .stdin(Stdio::null())
            .stdout(log.try_clone().expect("a file can be shared"))
            .stderr(log)
            .spawn()
            .expect("serve starts");
        Self(child)
    }

    /// Asks it to end and waits.
    #[track_caller]
    pub(super) fn stop(mut self) {
        Lab::signal(i64::from(self.0.id()), Signal::SIGTERM);
        wait_for("the end of serve", Duration::from_secs(10), OFTEN, || {
            self.0.try_wait().ok().flatten()
        });
    }
}

impl Drop for Serve {
    fn drop(&mut self) {
        drop(self.0.kill());
        drop(self.0.wait());
    }
}

/// The configuration of a hub in a folder of its own.
pub(super) fn configure(dir: &Path) -> PathBuf {
    let file = dir.join("hub.toml");
    let text = format!(
        "[server]\ndata_dir = \"{0}/data\"\nsocket = \"{0}/serve.sock\"\n\
         [netd]\nsocket = \"{0}/netd.sock\"\nstate_dir = \"{0}/netd\"\n\
         [[trunk]]\nname = \"main\"\ninterfaces = [\"s*\"]\n",
        dir.display()
    );
    std::fs::write(&file, text).expect("it can be written");
    file
}

/// Writes a release into a database that nobody has open, by a foreign program.
#[track_caller]
fn stamp(database: &Path, number: u32, minimum_reader: u32) {
    let script = "import sqlite3,sys\n\
        d=sqlite3.connect(sys.argv[1])\n\
        d.execute('UPDATE ets_release SET number=?, minimum_reader=?',sys.argv[2:4])\n\
        assert d.total_changes==1\n\
        d.commit()\n\
        d.execute('PRAGMA wal_checkpoint(TRUNCATE)')\n\
        d.close()";
    let path = database.to_string_lossy().into_owned();
    tool("python3", &["-c", script, &path, &number.to_string(), &minimum_reader.to_string()]);
}

/// The release that a database is of.
#[track_caller]
fn release(database: &Path) -> u32 {
    let script = "import sqlite3,sys\n\
        d=sqlite3.connect(sys.argv[1])\n\
        print(d.execute('SELECT number FROM ets_release').fetchone()[0])\n\
        d.close()";
    let said = tool("python3", &["-c", script, &database.to_string_lossy()]);
    said.trim().parse().expect("a number")
}

/// Every file under a folder with its bytes.
fn content(folder: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut found = BTreeMap::new();
    for entry in std::fs::read_dir(folder).expect("it can be listed") {
        let path = entry.expect("it can be listed").path();
        if path.is_dir() {
            found.extend(content(&path));
        } else {
            let bytes = std::fs::read(&path).expect("it can be read");
            found.insert(path, bytes);
        }
    }
    found
}

/// `serve` must end by itself.
#[track_caller]
fn refused(config: &Path) -> Output {
    let mut child = Command::new(hub_binary())
        .args(["serve", "--config"])
        .arg(config)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("serve starts");
    let deadline = Instant::now() + Duration::from_secs(10);
    while child.try_wait().expect("it can be waited for").is_none() {
        if Instant::now() > deadline {
            drop(child.kill());
            panic!("serve runs on a database that it may not read");
        }
        std::thread::sleep(OFTEN);
    }
    child.wait_with_output().expect("it can be waited for")
}

/// covers: S13
#[test]
fn a_database_two_releases_newer_is_refused_with_a_clear_word_and_stays_as_it_is() {
    let dir = tempfile::tempdir().expect("a folder can be made");
    let config = configure(dir.path());
    let socket = dir.path().join("serve.sock");
    let serve = Serve::start(&config);
    wait_for("serve", Duration::from_secs(10), OFTEN, || socket.exists().then_some(()));
    serve.stop();
    let data = dir.path().join("data");
    let logs = content(&data).into_keys().filter(|path| path.to_string_lossy().ends_with("-wal"));
    assert_eq!(logs.count(), 0, "who ends in order leaves no log to be read again");
    for database in ["state.db", "series.db"] {
        let database = data.join(database);
        let ours = release(&database);
        stamp(&database, ours + 2, ours + 1);
        let before = content(&data);
        let output = refused(&config);
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        println!("{}", said.trim());
        assert_eq!(output.status.code(), Some(64), "{said}");
        for word in [
            database.to_string_lossy().as_ref(),
            &format!(
                "was migrated by release {} and can be read by release {} or newer, this is release {ours}",
                ours + 2,
                ours + 1
            ),
            "start the newer release, or restore a backup",
        ] {
            assert!(said.contains(word), "{said} does not say {word}");
        }
        let after = content(&data);
        let names = |all: &BTreeMap<PathBuf, _>| all.keys().cloned().collect::<Vec<_>>();
        assert_eq!(names(&before), names(&after), "files came or went");
        for (path, bytes) in &before {
            assert!(after[path] == *bytes, "{} was changed", path.display());
        }
        // What the next release migrated can still be read.
        stamp(&database, ours + 1, ours);
        drop(std::fs::remove_file(&socket));
        let serve = Serve::start(&config);
        wait_for("serve on the next release's database", Duration::from_secs(10), OFTEN, || {
            socket.exists().then_some(())
        });
        serve.stop();
    }
}
