//! The command line (design, section 7).

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

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
    /// Segments: list, show, add, retire, import, export
    Segment(Segment),
    /// Outages: list, show
    Outage(Outage),
    /// The journal: list, verify
    Journal(Journal),
    /// Make a one-time entry link to the dashboard (15 minutes, one use)
    #[command(visible_alias = "link")]
    EntryLink(Global),
}

/// Where the configuration lies.
#[derive(Args, Clone, Debug)]
pub(crate) struct ConfigFile {
    /// Configuration file
    #[arg(long, global = true, default_value = "/etc/ets-hub/hub.toml", value_name = "FILE")]
    pub(crate) config: PathBuf,
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
    /// Load and pin the accounting programs (CAP_BPF), once after each boot; then `netd` needs not
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
        id: String,
    },
    /// Add or change one segment from a JSON file (- for standard input), as the API takes it
    Put {
        /// Its identifier
        id: String,
        /// The file
        file: PathBuf,
    },
    /// Begin or end maintenance
    Maintenance {
        /// Its identifier
        id: String,
        /// For how many minutes from now; 0 ends it
        minutes: u32,
    },
    /// Retire one segment: no longer watched, its history stays
    Retire {
        /// Its identifier
        id: String,
    },
    /// Take a retired segment back
    Restore {
        /// Its identifier
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
