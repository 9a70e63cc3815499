//! Network namespaces with a name, made and entered without a program's help.
//!
//! A namespace is kept alive by a bind mount of its file under `/run/netns`, as `ip netns` does
//! it, so that every tool of the system finds it there.

use std::fs::{self, File, OpenOptions};
use std::path::{Path, PathBuf};

use nix::mount::{MntFlags, MsFlags, mount, umount2};
use nix::sched::{CloneFlags, setns, unshare};

use crate::error::{Context, Error, Result};

/// Where `ip netns` keeps its names.
pub(crate) const FOLDER: &str = "/run/netns";

/// A network namespace with a name.
#[derive(Debug)]
pub(crate) struct Namespace {
    name: String,
    file: File,
}

impl Namespace {
    /// Opens the one with this name.
    pub(crate) fn open(name: &str) -> Result<Self> {
        let path = path_of(name);
        let file = File::open(&path).at("open", &path)?;
        Ok(Self { name: name.to_owned(), file })
    }

    /// Its name for `ip netns`.
    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// Moves the calling thread into it, for the rest of the thread's life.
    pub(crate) fn enter(&self) -> Result<()> {
        setns(&self.file, CloneFlags::CLONE_NEWNET)
            .context(|| format!("cannot enter the namespace {}", self.name))
    }

    /// Does something inside, on a thread of its own; children and sockets made there stay there.
    pub(crate) fn within<T: Send>(&self, work: impl FnOnce() -> T + Send) -> Result<T> {
        std::thread::scope(|scope| {
            let worker = scope.spawn(|| self.enter().map(|()| work()));
            worker.join().map_err(|_| Error::Bug(format!("a task in {} broke", self.name)))?
        })
    }
}

/// The path of a namespace's name.
pub(crate) fn path_of(name: &str) -> PathBuf {
    Path::new(FOLDER).join(name)
}

/// Makes `/run/netns` ready as `ip netns` does: a shared mount, so that names made here are seen
/// by processes with mount namespaces of their own.
pub(crate) fn prepare_folder() -> Result<()> {
    let folder = Path::new(FOLDER);
    fs::create_dir_all(folder).at("create", folder)?;
    let share = || {
        mount(
            None::<&str>,
            folder,
            None::<&str>,
            MsFlags::MS_SHARED | MsFlags::MS_REC,
            None::<&str>,
        )
    };
    if share().is_err() {
        mount(Some(folder), folder, None::<&str>, MsFlags::MS_BIND | MsFlags::MS_REC, None::<&str>)
            .at("mount", folder)?;
        share().at("share", folder)?;
    }
    Ok(())
}

/// Makes new namespaces, in order, and leaves the calling thread where it is.
pub(crate) fn create(names: &[String]) -> Result<Vec<Namespace>> {
    std::thread::scope(|scope| {
        let worker = scope.spawn(|| names.iter().map(|name| create_here(name)).collect());
        worker.join().map_err(|_| Error::Bug("making namespaces broke".to_owned()))?
    })
}

fn create_here(name: &str) -> Result<Namespace> {
    let path = path_of(name);
    OpenOptions::new().write(true).create_new(true).open(&path).at("create", &path)?;
    unshare(CloneFlags::CLONE_NEWNET).context(|| format!("cannot make the namespace {name}"))?;
    mount(Some("/proc/thread-self/ns/net"), &path, None::<&str>, MsFlags::MS_BIND, None::<&str>)
        .at("mount", &path)?;
    Namespace::open(name)
}

/// Takes a namespace's name away; the namespace ends with the last process in it. One that is not
/// there is no error.
pub(crate) fn remove(name: &str) {
    let path = path_of(name);
    let _ = umount2(&path, MntFlags::MNT_DETACH);
    let _ = fs::remove_file(&path);
}
