//! The command line of certificates, the root and rights.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::{ConfigFile, Global, Whom, identifier};

/// A step of an order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum OrderStep {
    /// The second officer's word
    Confirm,
    /// Refuse the order
    Refuse,
    /// Issue the certificate; what it replaces is revoked
    Issue,
    /// The owner has signed for it
    HandOver,
    /// The token is lost: it opens nothing from now on
    Lose,
    /// The token was found: it opens again
    Find,
    /// A new certificate in its place
    Reissue,
    /// A temporary certificate
    StandIn,
    /// The token came back
    Return,
}

/// `root`
#[derive(Args, Debug)]
pub(crate) struct RootCommand {
    /// Say what was done in JSON
    #[arg(long, global = true)]
    pub(crate) json: bool,
    #[command(subcommand)]
    pub(crate) action: RootAction,
}

/// What to do with a root.
#[derive(Debug, Subcommand)]
pub(crate) enum RootAction {
    /// Make a root in a folder, on a machine without a network
    Make {
        /// The folder
        #[arg(long, value_name = "DIR")]
        dir: PathBuf,
        /// Whose it is, as its name says
        #[arg(long)]
        owner: String,
        /// A file with the passphrase of its key
        #[arg(long, value_name = "FILE")]
        passphrase: PathBuf,
    },
    /// Certify the hub's request as an issuing authority
    Certify {
        /// The root's folder
        #[arg(long, value_name = "DIR")]
        dir: PathBuf,
        /// A file with the passphrase of its key
        #[arg(long, value_name = "FILE")]
        passphrase: PathBuf,
        /// The request that `root ask` wrote on the hub
        #[arg(long, value_name = "FILE")]
        request: PathBuf,
        /// Whose authority it is, as its name says
        #[arg(long)]
        owner: String,
        /// Where the hub answers about certificates: `url` of `[pki]`
        #[arg(long)]
        url: String,
        /// A name (with all below it) or network that its certificates may bear; may be given again
        #[arg(long = "name", value_name = "NAME")]
        names: Vec<String>,
        /// A folder for what the hub takes
        #[arg(long, value_name = "DIR")]
        out: PathBuf,
    },
    /// On the hub, before its first start: make the authority's key and a request
    Ask {
        #[command(flatten)]
        file: ConfigFile,
        /// Whose authority it is
        #[arg(long)]
        owner: String,
    },
    /// On the hub: take what the root answered
    Take {
        #[command(flatten)]
        file: ConfigFile,
        /// The folder that `root certify` wrote
        #[arg(long, value_name = "DIR")]
        from: PathBuf,
    },
}

/// `ca`
#[derive(Args, Debug)]
pub(crate) struct Ca {
    #[command(flatten)]
    pub(crate) global: Global,
    #[command(subcommand)]
    pub(crate) action: CaAction,
}

/// What to do with certificates.
#[derive(Debug, Subcommand)]
pub(crate) enum CaAction {
    /// The newest certificates
    List,
    /// Issue a certificate into a folder
    Issue {
        /// Its kind: civil-servant, civil-servant-file, administrator, server, router, …
        #[arg(long)]
        profile: String,
        /// Whom it is for: CN=Name,O=Institution
        #[arg(long)]
        subject: String,
        /// A DNS name or address that its owner answers at; may be given again
        #[arg(long = "name", value_name = "NAME")]
        names: Vec<String>,
        /// A request (PKCS#10 in PEM) by the owner's key
        #[arg(long, value_name = "FILE")]
        csr: Option<PathBuf>,
        /// The folder
        #[arg(long, value_name = "DIR")]
        out: PathBuf,
    },
    /// Revoke a certificate for good: what it opened is closed at once
    Revoke {
        /// Its serial number, as `list` shows it
        #[arg(long, value_name = "HEX", value_parser = identifier)]
        serial: String,
        /// Why: keyCompromise (lost or stolen), affiliationChanged, superseded, …
        #[arg(long, default_value = "unspecified")]
        reason: String,
    },
    /// Suspend a certificate: it opens nothing until `resume`
    Suspend {
        /// Its serial number
        #[arg(long, value_name = "HEX", value_parser = identifier)]
        serial: String,
    },
    /// End a suspension
    Resume {
        /// Its serial number
        #[arg(long, value_name = "HEX", value_parser = identifier)]
        serial: String,
    },
    /// Orders of certificates and their tokens, the newest first
    Orders,
    /// Order a certificate; it is issued by a step of its own
    Order {
        /// Its kind: civil-servant, civil-servant-file, server, router
        #[arg(long)]
        profile: String,
        /// Whom it is for: CN=Name,O=Institution,serialNumber=Number
        #[arg(long)]
        subject: String,
        /// A DNS name or address that its owner answers at; may be given again
        #[arg(long = "name", value_name = "NAME")]
        names: Vec<String>,
        /// What is written on the token
        #[arg(long, default_value = "")]
        token: String,
        /// A request (PKCS#10 in PEM), where it is there already
        #[arg(long, value_name = "FILE")]
        csr: Option<PathBuf>,
    },
    /// Take an order a step further
    Step {
        /// Its number
        order: u64,
        /// The step
        #[arg(value_enum)]
        step: OrderStep,
        /// issue, reissue, stand-in: a request (PKCS#10 in PEM) made on the token
        #[arg(long, value_name = "FILE")]
        csr: Option<PathBuf>,
        /// reissue, stand-in: what is written on the other token
        #[arg(long, default_value = "")]
        token: String,
        /// stand-in: for how many hours
        #[arg(long, default_value_t = 9)]
        hours: u64,
        /// Why, for the journal
        #[arg(long, default_value = "")]
        reason: String,
        /// issue: the folder for what is issued
        #[arg(long, value_name = "DIR", required_if_eq("step", "issue"))]
        out: Option<PathBuf>,
    },
    /// Make a key that binds an institution's ACME account (certbot --eab-kid, --eab-hmac-key)
    AcmeKey {
        /// The institution, as it is to stand in the certificates
        #[arg(long)]
        institution: String,
        /// A DNS suffix or network that it may ask for; may be given again
        #[arg(long = "name", value_name = "NAME", required = true)]
        names: Vec<String>,
        /// How many accounts it is good for
        #[arg(long, default_value_t = 1)]
        accounts: u32,
    },
    /// Make a secret with which a router gets its first certificate (EST)
    EstSecret {
        /// The router's name
        #[arg(long)]
        name: String,
    },
}

/// `rights`
#[derive(Args, Debug)]
pub(crate) struct Rights {
    #[command(flatten)]
    pub(crate) global: Global,
    #[command(subcommand)]
    pub(crate) action: RightsAction,
}

/// What to do with rights. A person is named by his number or identifier, as `list` shows them.
#[derive(Debug, Subcommand)]
pub(crate) enum RightsAction {
    /// The people that are known, with their roles
    List {
        /// Only those in whose name, identifier or institution this occurs
        #[arg(default_value = "")]
        query: String,
    },
    /// Give a role to a person
    Grant {
        /// The person
        #[arg(value_parser = identifier)]
        person: String,
        /// The role
        role: String,
        /// Where: everywhere, district:NAME, institution:ID, segment:ID
        #[arg(long, default_value = "everywhere")]
        scope: String,
        /// From then on (RFC 3339); at once unless given
        #[arg(long)]
        from: Option<String>,
        /// Until then (RFC 3339); without an end unless given
        #[arg(long)]
        until: Option<String>,
        /// Why, for the journal
        #[arg(long)]
        why: String,
    },
    /// End a grant
    End {
        /// Its number
        grant: i64,
        /// Why, for the journal
        #[arg(long)]
        why: String,
    },
    /// Confirm a grant as the second person
    Confirm {
        /// Its number
        grant: i64,
        /// Why, for the journal
        #[arg(long)]
        why: String,
    },
    /// Suspend everything of a person, or one grant
    Suspend {
        #[command(flatten)]
        whom: Whom,
        /// Until then (RFC 3339); until it is lifted unless given
        #[arg(long)]
        until: Option<String>,
    },
    /// Lift a suspension
    Resume {
        #[command(flatten)]
        whom: Whom,
    },
    /// The roles and their rights
    Roles,
    /// Who may what, now or at a moment in the past
    Who {
        /// Only who has this right
        #[arg(long, default_value = "")]
        right: String,
        /// The moment (RFC 3339); now unless given
        #[arg(long, default_value = "")]
        at: String,
    },
}
