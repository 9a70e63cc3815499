//! The command line of `ets-hub lab`.

use std::path::PathBuf;

use clap::{Subcommand, ValueEnum};

/// Arguments of `ets-hub lab`.
#[derive(Clone, Debug, clap::Args)]
pub struct Args {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// What the lab can be told.
#[derive(Clone, Debug, Subcommand)]
pub enum Command {
    /// Build the star, start the hub in it and keep both running until Ctrl-C
    Run(RunArgs),
    /// Break something in the running lab
    Fault(FaultArgs),
    /// Mend what `fault` broke
    Heal(HealArgs),
    /// Show the running lab and its faults
    Status(StatusArgs),
    /// Run a command inside a segment, the hub, the trunk, the services or the outside network
    Exec(ExecArgs),
}

/// Arguments of `ets-hub lab run`.
#[derive(Clone, Debug, clap::Args)]
pub struct RunArgs {
    /// How many segments the star has
    #[arg(long, value_name = "N", default_value_t = 49, value_parser = clap::value_parser!(u32).range(1..=20_000))]
    pub segments: u32,
    /// Let the segments share this many links instead of one each; needed above 200 segments
    #[arg(long, value_name = "L", value_parser = clap::value_parser!(u32).range(1..=99))]
    pub links: Option<u32>,
    /// Where the lab keeps its data [default: ~/.local/state/ets-hub/lab]
    #[arg(long, value_name = "DIR")]
    pub dir: Option<PathBuf>,
    /// Make no traffic between the segments and the services
    #[arg(long)]
    pub no_traffic: bool,
    /// Port of the dashboard on this machine's loopback [default: 8470, or a free one]
    #[arg(long, value_name = "PORT")]
    pub port: Option<u16>,
    /// Mark the last COUNT segments critical: probed five times a second
    #[arg(long, value_name = "COUNT", default_value_t = 0)]
    pub critical: u32,
    /// Build the star alone, without starting the hub in it
    #[arg(long)]
    pub no_hub: bool,
    /// Print one line of JSON when ready instead of the friendly block
    #[arg(long)]
    pub json: bool,
}

/// Arguments of `ets-hub lab fault`.
#[derive(Clone, Debug, clap::Args)]
pub struct FaultArgs {
    /// What to break
    #[arg(value_enum)]
    pub kind: Kind,
    /// Which segments: s007, 7, s003-s009, all; provider points for provider-down; none for trunk-*
    #[arg(value_name = "SEGMENT")]
    pub segments: Vec<String>,
    /// link-down: whose side of the link loses its carrier
    #[arg(long, value_enum, default_value_t = Side::Hub)]
    pub side: Side,
    /// loss, delay: how many of 100 packets are lost, each way
    #[arg(long, value_name = "PERCENT")]
    pub loss: Option<f64>,
    /// rate: kbit/s each way
    #[arg(long, value_name = "KBPS", default_value_t = 1_000)]
    pub rate: u64,
    /// delay: milliseconds each way
    #[arg(long, value_name = "MS", default_value_t = 80.0)]
    pub delay: f64,
    /// delay: up to so many milliseconds more or less, each way
    #[arg(long, value_name = "MS", default_value_t = 40.0)]
    pub jitter: f64,
    /// reboot: seconds until the router is back
    #[arg(long, value_name = "SECONDS", default_value_t = 20.0)]
    pub seconds: f64,
    /// Where the lab keeps its data
    #[arg(long, value_name = "DIR")]
    pub dir: Option<PathBuf>,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
}

/// A kind of fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// A port of the link goes dark
    LinkDown,
    /// The segment's packets vanish on its side of the link; carriers stay
    Silent,
    /// Some packets are lost each way
    Loss,
    /// The link is slow
    Rate,
    /// Packets take long and are reordered
    Delay,
    /// The segment's router goes down and comes back by itself
    Reboot,
    /// The hub's route leads to another segment: packets go in a circle
    WrongRoute,
    /// A second device answers for the router's address
    AddressConflict,
    /// A provider point dies, and with it every segment behind it
    ProviderDown,
    /// Every port of the hub goes dark
    TrunkDown,
    /// The trunk swallows everything; carriers stay
    TrunkSilent,
    /// The segment sends packets in another segment's name
    Spoof,
}

impl Kind {
    /// As it is written on the command line.
    pub(crate) fn name(self) -> String {
        self.to_possible_value().map_or_else(String::new, |value| value.get_name().to_owned())
    }

    /// Whether it breaks the whole trunk.
    pub(crate) fn of_trunk(self) -> bool {
        matches!(self, Self::TrunkDown | Self::TrunkSilent)
    }
}

/// A side of a link.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum, serde::Serialize, serde::Deserialize,
)]
#[serde(rename_all = "lowercase")]
pub enum Side {
    /// The hub's port.
    #[default]
    Hub,
    /// The segment's port.
    Segment,
}

/// Arguments of `ets-hub lab heal`.
#[derive(Clone, Debug, clap::Args)]
pub struct HealArgs {
    /// What: segments as for `fault`, provider points, trunk (or trunk-down, trunk-silent alone);
    /// everything when nothing is given
    #[arg(value_name = "TARGET")]
    pub targets: Vec<String>,
    /// Where the lab keeps its data
    #[arg(long, value_name = "DIR")]
    pub dir: Option<PathBuf>,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
}

/// Arguments of `ets-hub lab status`.
#[derive(Clone, Debug, clap::Args)]
pub struct StatusArgs {
    /// Where the lab keeps its data
    #[arg(long, value_name = "DIR")]
    pub dir: Option<PathBuf>,
    /// Print JSON
    #[arg(long)]
    pub json: bool,
}

/// Arguments of `ets-hub lab exec`.
#[derive(Clone, Debug, clap::Args)]
pub struct ExecArgs {
    /// Where: s007, hub, trunk, services, external
    #[arg(value_name = "PLACE")]
    pub place: String,
    /// The command and its arguments
    #[arg(
        value_name = "COMMAND",
        required = true,
        trailing_var_arg = true,
        allow_hyphen_values = true
    )]
    pub command: Vec<String>,
    /// Where the lab keeps its data
    #[arg(long, value_name = "DIR")]
    pub dir: Option<PathBuf>,
}
