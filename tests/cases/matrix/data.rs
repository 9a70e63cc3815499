//! The database or the authority's log is gone, old or damaged.

use std::fs::{self, File, Permissions};
use std::os::unix::fs::{FileExt, PermissionsExt};
use std::path::{Path, PathBuf};

use super::Bed;
use crate::support::{text, tool};

/// covers: T-7, T-6, T1.3
#[test]
fn a_database_that_is_gone_or_old_and_a_damaged_log_give_nothing_back_to_the_revoked() {
    let bed = Bed::start(Vec::new());
    the_database_cannot_be_read(&bed);
    the_database_is_gone_and_an_older_one_is_put_back(&bed);
    the_log_is_damaged(&bed);
    the_log_ends_in_a_torn_write(&bed);
}

fn the_database_cannot_be_read(bed: &Bed) {
    let person = bed.issue("CN=First");
    let path = bed.data("state.db");
    let mode = |mode| fs::set_permissions(&path, Permissions::from_mode(mode)).expect("it is ours");
    mode(0o000);
    // What is open stays open, so it runs on.
    bed.revoke(&person);
    bed.stays_out(&person, "revoked without a readable file");
    bed.holds("without a readable file");
    bed.while_down(|| {});
    bed.refuses("state.db cannot be opened: check that");
    mode(0o600);
    bed.await_back("the database can be read again");
    bed.stays_out(&person, "after the start");
}

fn the_database_is_gone_and_an_older_one_is_put_back(bed: &Bed) {
    let between = bed.issue("CN=Between");
    let copy = bed.data("state.copy");
    let backup = "import sqlite3, sys\n\
                  a, b = (sqlite3.connect(name) for name in sys.argv[1:])\na.backup(b)\nb.close()\n";
    tool("/usr/bin/python3", &["-c", backup, &bed.data("state.db"), &copy]);
    let after = bed.issue("CN=After");
    bed.revoke(&between);
    bed.while_down(|| remove(bed));
    bed.refuses("the database is empty, and the authority in");
    bed.while_down(|| {
        remove(bed);
        fs::rename(&copy, bed.data("state.db")).expect("the copy is there");
    });
    bed.await_back("an older database was put back");
    bed.stays_out(&between, "revoked after the copy was made");
    bed.stays_out(&after, "issued after the copy was made: nobody knows to whom");
    let journal = bed.lab.api().get("/api/v1/journal?kind=certificate&limit=100");
    for person in [&between, &after] {
        let told = journal.as_array().expect("a list").iter().any(|entry| {
            entry["subject"]["id"] == person.serial.as_str()
                && entry["action"] == "certificate.revoke"
                && text(&entry["why"]).contains("newer in the authority's log")
        });
        assert!(told, "the journal says what was brought back: {journal}");
    }
}

/// The database with what belongs to it: a write-ahead log of another one would be read into it.
fn remove(bed: &Bed) {
    for name in ["state.db", "state.db-wal", "state.db-shm"] {
        drop(fs::remove_file(bed.data(name)));
    }
}

fn the_log_is_damaged(bed: &Bed) {
    let path = log(bed);
    let mut good = Vec::new();
    bed.while_down(|| {
        good = fs::read(&path).expect("the log is there");
        let file = File::options().write(true).open(&path).expect("it can be written");
        file.write_all_at(&[good[500] ^ 1], 500).expect("an octet");
    });
    bed.refuses("was changed or is damaged at octet");
    assert!(bed.said().contains("put the file back from its copy"), "{}", bed.said());
    bed.while_down(|| fs::write(&path, &good).expect("it can be written"));
    bed.await_back("the log was put back");
}

fn the_log_ends_in_a_torn_write(bed: &Bed) {
    let path = log(bed);
    bed.while_down(|| {
        let octets = fs::read(&path).expect("the log is there");
        let end = octets.iter().rposition(|octet| *octet != 0).expect("it has lines") + 1;
        let file = File::options().write(true).open(&path).expect("it can be written");
        let torn = b"0123456789abcdef0123456789abcdef {\"n\":9";
        file.write_all_at(torn, end as u64).expect("half a line");
    });
    bed.await_back("the last write was torn");
    assert!(bed.said().contains("the log ended in a write that was torn"), "{}", bed.said());
}

/// The authority's log.
fn log(bed: &Bed) -> PathBuf {
    let dir = bed.data("ca");
    let mut found = fs::read_dir(Path::new(&dir)).expect("the authority is there");
    let is_log = |path: &PathBuf| {
        path.file_name().is_some_and(|name| name.to_string_lossy().starts_with("log"))
    };
    found.find_map(|entry| Some(entry.ok()?.path()).filter(is_log)).expect("it has a log")
}
