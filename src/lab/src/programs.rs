//! The system's own programs that the lab drives: `ip`, `tc` and `nft`.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::error::{Context, Error, Result};
use crate::namespace::Namespace;

/// Where the programs are.
#[derive(Clone, Debug)]
pub(crate) struct Programs {
    ip: PathBuf,
    tc: PathBuf,
    nft: PathBuf,
}

impl Programs {
    /// Finds all of them; an ordinary user's PATH often lacks the `sbin` folders, so these are
    /// searched too.
    pub(crate) fn find() -> Result<Self> {
        let mut packages = Vec::new();
        let mut need = |program: &str, package: &'static str| {
            search(program).unwrap_or_else(|| {
                packages.push(package);
                PathBuf::new()
            })
        };
        let found = Self {
            ip: need("ip", "iproute2"),
            tc: need("tc", "iproute2"),
            nft: need("nft", "nftables"),
        };
        packages.dedup();
        if packages.is_empty() {
            return Ok(found);
        }
        Err(Error::Missing(format!(
            "the lab needs the programs ip, tc and nft; install them with: apt-get install {}",
            packages.join(" ")
        )))
    }

    /// Runs lines of `ip` commands in one namespace; they must all succeed.
    pub(crate) fn ip(&self, place: &Namespace, lines: &str) -> Result<()> {
        self.run(Tool::Ip, place, lines)
    }

    /// Runs a script in one namespace. nftables takes all of it or nothing; the others stop at the
    /// first line that fails.
    pub(crate) fn run(&self, tool: Tool, place: &Namespace, script: &str) -> Result<()> {
        let mut command = self.command(tool, place);
        match tool {
            // `nft` knows no namespaces; it is started inside.
            Tool::Nft => {
                command.args(["-f", "-"]);
                place.within(|| feed(command, place.name(), script))?
            }
            Tool::Ip | Tool::Ip6 | Tool::Tc => {
                command.args(["-batch", "-"]);
                feed(command, place.name(), script)
            }
        }
    }

    /// Runs every line of a script that can be run, whatever the others do.
    pub(crate) fn run_what_can_be_run(&self, tool: Tool, place: &Namespace, script: &str) {
        let mut command = self.command(tool, place);
        if tool != Tool::Nft {
            command.args(["-force", "-batch", "-"]);
            let _ = feed(command, place.name(), script);
        }
    }

    fn command(&self, tool: Tool, place: &Namespace) -> Command {
        let (program, options): (_, &[&str]) = match tool {
            Tool::Ip => (&self.ip, &["-n", place.name()]),
            Tool::Ip6 => (&self.ip, &["-6", "-n", place.name()]),
            Tool::Tc => (&self.tc, &["-n", place.name()]),
            Tool::Nft => (&self.nft, &[]),
        };
        let mut command = Command::new(program);
        command.args(options);
        command
    }
}

/// How a script is run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Tool {
    /// `ip`: the family follows from the addresses.
    Ip,
    /// `ip -6`: for rules, which do not tell their family by their addresses.
    Ip6,
    /// `tc`.
    Tc,
    /// `nft`: one transaction.
    Nft,
}

fn search(program: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let sbin = ["/usr/sbin", "/sbin", "/usr/local/sbin"].map(PathBuf::from);
    std::env::split_paths(&path)
        .chain(sbin)
        .map(|folder| folder.join(program))
        .find(|at| at.is_file())
}

fn feed(mut command: Command, place: &str, input: &str) -> Result<()> {
    if input.is_empty() {
        return Ok(());
    }
    let program = name_of(command.get_program().as_ref());
    command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::piped());
    let mut child = command.spawn().context(|| format!("cannot start {program}"))?;
    // A program that stops at the first bad line closes its input; its own words say why.
    let mut stdin = child.stdin.take().expect("the standard input is piped, two lines above");
    let _ = stdin.write_all(input.as_bytes());
    drop(stdin);
    let output = child.wait_with_output().context(|| format!("cannot wait for {program}"))?;
    if output.status.success() {
        return Ok(());
    }
    let output = String::from_utf8_lossy(&output.stderr).trim().to_owned();
    Err(Error::Program { program, place: place.to_owned(), output })
}

fn name_of(program: &Path) -> String {
    program.file_name().unwrap_or_default().to_string_lossy().into_owned()
}
