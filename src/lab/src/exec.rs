//! `ets-hub lab exec`: a command inside one of the running lab's namespaces, for both kinds of lab.

use std::fs::File;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use nix::sched::{CloneFlags, setns};

use crate::args::ExecArgs;
use crate::describe::Description;
use crate::error::{Context, Error, Result};
use crate::layout::Layout;
use crate::namespace::{self, FOLDER, Namespace};

/// Replaces this process by the command; returns only when that fails.
pub(crate) fn exec(args: ExecArgs) -> Result<()> {
    let lab = Description::read(&Layout::new(args.dir)?.lab_json())?;
    let netns = find(&lab, &args.place)?;
    let name = Path::new(&netns).file_name().unwrap_or_default().to_string_lossy().into_owned();
    if lab.rootless {
        enter_users_namespaces(lab.lab_pid)?;
    } else if !namespace::path_of(&name).exists() {
        return Err(Error::Refused("this lab has ended: start it again".to_owned()));
    }
    let place = Namespace::open(&name).map_err(|error| {
        Error::Refused(format!("{error}; only root and the lab's own user may enter {FOLDER}"))
    })?;
    place.enter()?;
    let (program, arguments) = args.command.split_first().unwrap_or((&args.place, &[]));
    let error = Command::new(program).args(arguments).exec();
    Err(Error::Missing(format!("cannot run {program}: {error}")))
}

fn find(lab: &Description, place: &str) -> Result<String> {
    let fixed = match place {
        "hub" => Some(&lab.hub_netns),
        "trunk" => Some(&lab.trunk_netns),
        "services" => Some(&lab.services.netns),
        "external" => Some(&lab.external.netns),
        _ => None,
    };
    let segment =
        || lab.segments.iter().find(|segment| segment.id == place).map(|segment| &segment.netns);
    fixed.or_else(segment).cloned().ok_or_else(|| {
        Error::Refused(format!(
            "no place {place:?}: give hub, trunk, services, external or a segment such as s001"
        ))
    })
}

/// Joins the user and mount namespaces of an ordinary user's lab, staying in the same folder.
fn enter_users_namespaces(pid: u32) -> Result<()> {
    let here = std::env::current_dir().unwrap_or_else(|_| PathBuf::from("/"));
    let gone = |error| {
        Error::Refused(format!("this lab has ended or is another user's ({error}): start it again"))
    };
    for (file, kind) in [("user", CloneFlags::CLONE_NEWUSER), ("mnt", CloneFlags::CLONE_NEWNS)] {
        let file = File::open(format!("/proc/{pid}/ns/{file}")).map_err(gone)?;
        setns(file, kind).context(|| "cannot enter the lab's namespaces".to_owned())?;
    }
    std::env::set_current_dir(&here).or_else(|_| std::env::set_current_dir("/")).at("enter", &here)
}
