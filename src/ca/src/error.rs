//! What the authority refuses, and what it fails at.

/// A phrase that says what to do; nothing was signed.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// There is no such kind of certificate.
    #[error("there is no profile \"{name}\": known are {known}")]
    NoProfile {
        /// What was asked for.
        name: String,
        /// What there is.
        known: String,
    },
    /// A subject has an attribute that we do not issue.
    #[error("a subject has no attribute \"{name}\": use CN, SN, GN, serialNumber, title, C, O, OU")]
    Attribute {
        /// Its name.
        name: String,
    },
    /// A part of a subject is no `NAME=value`.
    #[error("\"{part}\" is no part of a subject: write CN=Name,O=Institution (RFC 4514)")]
    NoPair {
        /// The part.
        part: String,
    },
    /// An attribute's value does not fit.
    #[error("{attribute}=\"{value}\" does not fit into the subject: {why}")]
    Subject {
        /// Which attribute.
        attribute: &'static str,
        /// Its value.
        value: String,
        /// What is wrong with it.
        why: &'static str,
    },
    /// A DNS name or address does not fit.
    #[error("\"{name}\" is no DNS name and no address: {why}")]
    Name {
        /// The name.
        name: String,
        /// What is wrong with it.
        why: &'static str,
    },
    /// The profile wants the owner's own key.
    #[error(
        "a certificate of this kind is issued to the owner's own key: give a request (PKCS#10)"
    )]
    NeedRequest,
    /// The profile makes the key itself.
    #[error("the key of a certificate of this kind is made by the authority: give no request")]
    NoRequest,
    /// The request is broken, or its signature is not by its own key.
    #[error("the request (PKCS#10) cannot be used: {0}")]
    Request(String),
    /// The key is too weak, or of a kind that is not accepted.
    #[error("the key cannot be certified: {0}")]
    Key(&'static str),
    /// What would have been signed is not what the profile says.
    #[error("the certificate was not signed, it breaks a rule: {0}")]
    Lint(String),
    /// The address of an owner is none.
    #[error(transparent)]
    Contact(#[from] ets_notify::BadAddress),
    /// A file of the authority cannot be read or written.
    #[error("{path} cannot be read or written: check that it exists and belongs to this user")]
    File {
        /// Which file.
        path: std::path::PathBuf,
        /// The system's reason.
        source: std::io::Error,
    },
    /// The authority's key does not open.
    #[error("{path} does not open: the passphrase is wrong, or the file is damaged")]
    Locked {
        /// Which file.
        path: std::path::PathBuf,
    },
    /// The key and the certificate of the authority are not of one pair.
    #[error(
        "key, issuing certificate and root of the authority do not belong together: restore all from one backup"
    )]
    Mismatch,
    /// An address for certificates cannot be used.
    #[error("\"{base}\" is no address for certificates: write http://NAME:PORT, without https")]
    Base {
        /// What was given.
        base: String,
    },
    /// The authority's log is damaged in its midst.
    #[error(
        "{path} was changed or is damaged at octet {at}: put the file back from its copy; if there is none, move it away and start again, and revoke again what was revoked since the database was last restored"
    )]
    Log {
        /// Which file.
        path: std::path::PathBuf,
        /// Where.
        at: u64,
    },
    /// Another process has the authority's log.
    #[error("{path} is in use by another process: one hub at a time has an authority")]
    InUse {
        /// Which file.
        path: std::path::PathBuf,
    },
    /// The authority's log has no space left for anything but revocations.
    #[error(
        "the disk is full: certificates are issued again when there is space; revocations are taken"
    )]
    Full,
    /// The authority's log takes nothing more.
    #[error(
        "the log of the authority takes nothing more: see the log of the hub, and start it again"
    )]
    LogEnded,
    /// There is no such certificate.
    #[error("there is no certificate {0}")]
    Unknown(crate::Serial),
    /// The certificate is in another state than that needs.
    #[error("the certificate {0} is {1}: nothing was changed")]
    Over(crate::Serial, &'static str),
    /// It is done, and the database does not know it yet: it is told when it can be reached.
    #[error(
        "certificate {0} opens nothing from now on: this is in force and in the authority's log; \
         the register will follow as soon as the database is back"
    )]
    Owed(crate::Serial),
    /// Without it nobody would come into the hub's administration but on the hub itself.
    #[error(
        "certificate {0} is the last administrator's in force: it is taken on the hub itself \
         alone, with ets-hub ca revoke"
    )]
    LastAdministrator(crate::Serial),
    /// Who asks does not hold the certificate, or it opens nothing any more.
    #[error("the certificate {0} is not valid, or not the one that was shown: nothing is renewed")]
    NotHeld(crate::Serial),
    /// Owners do not renew certificates of this kind.
    #[error("certificates of profile {0} are not renewed by their owners: turn to the officer")]
    NoRenewal(String),
    /// The order was given up while it was signed.
    #[error("the order of certificate {0} was given up: order again")]
    Abandoned(crate::Serial),
    /// A row of the database is not as this release writes it.
    #[error("certificate {0} in the database is not as this release writes it")]
    Unreadable(String),
    /// The token with the issuing key does not sign.
    #[error(transparent)]
    Token(#[from] crate::TokenError),
    /// The database's.
    #[error(transparent)]
    Store(#[from] ets_store::Error),
    /// The journal's.
    #[error(transparent)]
    Journal(#[from] ets_journal::Error),
    /// The encoder refuses; a bug of ours or of the authority's certificate.
    #[error("a certificate cannot be made")]
    Make(#[from] rcgen::Error),
}

impl From<getrandom::Error> for Error {
    fn from(_: getrandom::Error) -> Self {
        Self::Key("the system gives no random bytes")
    }
}
