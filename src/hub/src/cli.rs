//! The command line (design, section 7).

mod trust;

use std::path::{Path, PathBuf};

use clap::{Args, Parser, Subcommand};

pub(crate) use trust::{Ca, CaAction, OrderStep, Rights, RightsAction, RootAction, RootCommand};

/// Where the configuration lies unless something else is said.
const CONFIG: &str = "/etc/ets-hub/hub.toml";

/// One appliance for a closed network: keeps its segments apart, watches them, says why one is
/// down.
#[derive(Debug, Parser)]
#[command(name = "ets-hub", version, propagate_version = true, arg_required_else_help = true)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Run the hub: starts and supervises `netd` and `serve`
    Run(ConfigFile),
    /// The privileged process: probes, links, the data plane
    Netd(Netd),
    /// The unprivileged process: dashboard, API, database
    Serve(ConfigFile),
    /// A whole star in network namespaces: demo, test bed, training ground
    Lab(Box<ets_lab::Args>),
    /// Check a configuration file and say every fault at once
    Check(Check),
    /// Say how the running hub is and what is wrong with it
    Doctor(Global),
    /// Segments: list, show, add, put, maintenance, retire, restore, import, export, ping
    Segment(Segment),
    /// Outages: list, show
    Outage(Outage),
    /// Who may reach what: show, change with a safety line, prove
    Rules(Rules),
    /// The one way out: show, rules, apply, versions, would
    Gateway(Gateway),
    /// The journal: list, verify
    Journal(Journal),
    /// Who may do what: list, grant, end, suspend, resume, confirm, roles, who
    Rights(Rights),
    /// Certificates: list, issue, revoke, suspend, resume; orders and tokens; keys for machines
    Ca(Ca),
    /// A root on a machine of its own: make, certify; ask and take on the hub
    Root(RootCommand),
    /// Make a one-time entry link to the dashboard (15 minutes, one use)
    #[command(visible_alias = "link")]
    EntryLink(Global),
}

/// Where the configuration lies.
#[derive(Args, Clone, Debug)]
pub(crate) struct ConfigFile {
    /// Configuration file
    #[arg(long, global = true, default_value = CONFIG, value_name = "FILE")]
    pub(crate) config: PathBuf,
}

/// `gateway`
#[derive(Args, Debug)]
pub(crate) struct Gateway {
    #[command(flatten)]
    pub(crate) global: Global,
    #[command(subcommand)]
    pub(crate) action: GatewayAction,
}

/// What to do with the way out.
#[derive(Debug, Subcommand)]
pub(crate) enum GatewayAction {
    /// The rules in force, and how many connections are open
    Show,
    /// The rules as JSON, to be changed and applied again
    Rules {
        /// Those of an earlier version
        #[arg(long, value_name = "VERSION")]
        of: Option<u64>,
    },
    /// Put rules in force at once, for open connections too
    Apply {
        /// The file (- for standard input), as `rules` prints it
        file: PathBuf,
        /// Why, for the journal
        #[arg(long, default_value = "")]
        why: String,
    },
    /// The last versions, newest first
    Versions,
    /// What people who were refused have asked for, newest first
    Requests,
    /// Who went where: the longest list, of whole hours
    Report {
        /// segment, rule, domain or person
        #[arg(long, default_value = "segment")]
        by: String,
        /// From when: so long ago (24h, 7d), or a moment (RFC 3339)
        #[arg(long, default_value = "24h")]
        since: String,
        /// Until when, likewise; now unless given
        #[arg(long, default_value = "")]
        until: String,
        /// Of this segment alone
        #[arg(long, default_value = "")]
        segment: String,
        /// What was refused instead of what passed
        #[arg(long)]
        refused: bool,
        /// Lines at most
        #[arg(long, default_value_t = 100)]
        most: u16,
        /// As CSV
        #[arg(long)]
        csv: bool,
    },
    /// Whether somebody would get out to a host, and which rule says so
    Would {
        /// A segment, or an address in it
        #[arg(long, value_parser = identifier)]
        segment: String,
        /// HOST:PORT
        #[arg(long)]
        to: String,
        /// As somebody with this certificate: the person that `ets-hub rights` shows
        #[arg(long, value_name = "ID")]
        person: Option<String>,
        /// At which moment (RFC 3339); now unless given
        #[arg(long)]
        at: Option<String>,
        /// Of somebody who sends it there without a proxy
        #[arg(long)]
        transparent: bool,
    },
}

/// `rules`
#[derive(Args, Debug)]
pub(crate) struct Rules {
    #[command(flatten)]
    pub(crate) global: Global,
    #[command(subcommand)]
    pub(crate) action: RulesAction,
}

/// What to do with rules.
#[derive(Debug, Subcommand)]
pub(crate) enum RulesAction {
    /// What is in force, what waits for confirmation, and how to confirm it
    Show,
    /// The rules as the kernel has them
    Text,
    /// The services that segments may reach
    Services,
    /// Who reaches what, computed from the rules that the kernel has
    Reach,
    /// Floods, scans and forged sources, the newest first
    Offences,
    /// Your draft and what it would change
    Draft,
    /// Add edits from a JSON file (- for standard input) to your draft
    Edit {
        /// The file
        file: PathBuf,
    },
    /// Add to your draft: a segment may reach a service
    Grant {
        /// The segment
        #[arg(value_parser = identifier)]
        segment: String,
        /// The service
        #[arg(value_parser = identifier)]
        service: String,
    },
    /// Add to your draft: a segment may no longer reach a service by a grant
    Deny {
        /// The segment
        #[arg(value_parser = identifier)]
        segment: String,
        /// The service
        #[arg(value_parser = identifier)]
        service: String,
    },
    /// Throw your draft away
    Discard,
    /// What your draft would change in the kernel, rule by rule
    Plan,
    /// Put your draft in force
    Apply {
        /// Why, for the journal
        #[arg(long, default_value = "")]
        why: String,
        /// Seconds to confirm it, 10 to 1800; 120 unless given
        #[arg(long)]
        within: Option<u64>,
    },
    /// Confirm the change that waits: it stays in force
    Confirm {
        /// Its number; whichever waits unless given
        change: Option<u64>,
    },
    /// Take the change that waits back
    Withdraw {
        /// Its number; whichever waits unless given
        change: Option<u64>,
    },
    /// Every change there was
    Versions,
    /// What leads from one version to another
    Compare {
        /// The one
        from: u64,
        /// The other
        to: u64,
    },
    /// Make your draft lead to the rights of a version
    Restore {
        /// Its number
        change: u64,
    },
}

/// `netd`
#[derive(Args, Clone, Debug)]
#[command(args_conflicts_with_subcommands = false)]
pub(crate) struct Netd {
    #[command(flatten)]
    pub(crate) file: ConfigFile,
    #[command(subcommand)]
    pub(crate) action: Option<NetdAction>,
}

/// What else `netd` can do.
#[derive(Clone, Debug, Subcommand)]
pub(crate) enum NetdAction {
    /// Load and pin the accounting programs, once after each boot, so that `netd` needs no right to
    Setup {
        /// Segment numbers below this can be counted
        #[arg(long, default_value_t = 16_384)]
        segments: u32,
    },
}

/// What every command that speaks to the hub takes.
#[derive(Args, Clone, Debug)]
pub(crate) struct Global {
    #[command(flatten)]
    pub(crate) file: ConfigFile,
    /// The folder of a lab, instead of a configuration file
    #[arg(long, global = true, value_name = "DIR", conflicts_with = "config")]
    pub(crate) dir: Option<PathBuf>,
    /// Answer in JSON
    #[arg(long, global = true)]
    pub(crate) json: bool,
}

impl Global {
    /// What leads another command to the same hub, to be put behind it.
    pub(crate) fn options(&self) -> String {
        match &self.dir {
            Some(dir) => format!(" --dir {}", dir.display()),
            None if self.file.config == Path::new(CONFIG) => String::new(),
            None => format!(" --config {}", self.file.config.display()),
        }
    }
}

/// An identifier becomes a part of an address: an empty one would name the list of all.
fn identifier(text: &str) -> Result<String, &'static str> {
    if text.trim().is_empty() { Err("the identifier is empty") } else { Ok(text.to_owned()) }
}

/// `check`
#[derive(Args, Debug)]
pub(crate) struct Check {
    #[command(flatten)]
    pub(crate) file: ConfigFile,
    /// Print a commented example instead
    #[arg(long)]
    pub(crate) example: bool,
    /// Print the reference of all keys instead (docs/CONFIG.md)
    #[arg(long, conflicts_with = "example")]
    pub(crate) reference: bool,
    /// Answer in JSON
    #[arg(long)]
    pub(crate) json: bool,
}

/// `segment`
#[derive(Args, Debug)]
pub(crate) struct Segment {
    #[command(flatten)]
    pub(crate) global: Global,
    #[command(subcommand)]
    pub(crate) action: SegmentAction,
}

/// What to do with segments.
#[derive(Debug, Subcommand)]
pub(crate) enum SegmentAction {
    /// All segments with their state
    List,
    /// One segment
    Show {
        /// Its identifier
        #[arg(value_parser = identifier)]
        id: String,
    },
    /// Add a segment from a JSON file (- for standard input), in the form of `show ID --json`
    Add {
        /// Its identifier; must be new
        #[arg(value_parser = identifier)]
        id: String,
        /// The file
        file: PathBuf,
    },
    /// Change a segment from such a file, or add it where there is none of that identifier
    Put {
        /// Its identifier
        #[arg(value_parser = identifier)]
        id: String,
        /// The file
        file: PathBuf,
    },
    /// Begin or end maintenance
    Maintenance {
        /// Its identifier
        #[arg(value_parser = identifier)]
        id: String,
        /// For how many minutes from now; 0 ends it
        minutes: u32,
    },
    /// Retire one segment: no longer watched, its history stays
    Retire {
        /// Its identifier
        #[arg(value_parser = identifier)]
        id: String,
    },
    /// Take a retired segment back
    Restore {
        /// Its identifier
        #[arg(value_parser = identifier)]
        id: String,
    },
    /// Import a CSV file: shows what would change and every fault; changes nothing without --yes
    Import {
        /// The file, one row a segment
        file: PathBuf,
        /// Apply what was shown
        #[arg(long)]
        yes: bool,
    },
    /// Write all segments as CSV to standard output, in the form that import takes
    Export,
    /// Ping a segment from the hub
    Ping {
        /// Its identifier
        #[arg(value_parser = identifier)]
        id: String,
        /// How often
        #[arg(long, default_value_t = 5)]
        count: u16,
    },
}

/// `outage`
#[derive(Args, Debug)]
pub(crate) struct Outage {
    #[command(flatten)]
    pub(crate) global: Global,
    #[command(subcommand)]
    pub(crate) action: OutageAction,
}

/// What to do with outages.
#[derive(Debug, Subcommand)]
pub(crate) enum OutageAction {
    /// The newest outages, open ones first
    List,
    /// One outage with its evidence
    Show {
        /// Its number
        number: i64,
    },
}

/// `journal`
#[derive(Args, Debug)]
pub(crate) struct Journal {
    #[command(flatten)]
    pub(crate) global: Global,
    #[command(subcommand)]
    pub(crate) action: JournalAction,
}

/// What to do with the journal.
#[derive(Debug, Subcommand)]
pub(crate) enum JournalAction {
    /// The newest entries
    List {
        /// How many
        #[arg(long, default_value_t = 50)]
        limit: u32,
    },
    /// Check the whole chain; names the first broken entry
    Verify,
}

/// A person or one of his grants.
#[derive(Args, Debug)]
pub(crate) struct Whom {
    /// The person
    #[arg(long, value_parser = identifier, conflicts_with = "grant", required_unless_present = "grant")]
    pub(crate) person: Option<String>,
    /// The number of a grant
    #[arg(long)]
    pub(crate) grant: Option<i64>,
    /// Why, for the journal
    #[arg(long)]
    pub(crate) why: String,
}
