//! Why a service does not answer, in words that say what to do.

use std::io;

use serde::{Deserialize, Serialize};

/// Why a check failed. Kept in the history as JSON: kinds may be added.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(tag = "why", rename_all = "snake_case")]
pub enum Reason {
    /// The server refused the connection (RST): nothing listens on the port.
    Refused,
    /// Nothing came in time.
    TimedOut,
    /// The server does not answer on its link, or a router says that it is not there.
    NoHost,
    /// The hub has no way to the server's network.
    NoWay,
    /// The connection was taken and broken off before the answer was whole.
    BrokenOff,
    /// An HTTP status that is not good.
    Status {
        /// The code.
        code: u16,
    },
    /// The body has not got the text that was looked for.
    NoText,
    /// What came is no HTTP/1.1.
    NotHttp,
    /// The name server refuses, or fails; the code of RFC 1035, as it is called there.
    DnsCode {
        /// Its name.
        code: String,
    },
    /// The name server knows no address of the name.
    NoName,
    /// What came is no answer to the question.
    NotDns,
    /// The network through which it is reached is dark: nothing is known.
    Dark {
        /// The network.
        network: String,
    },
    /// The hub itself lacks something: descriptors, memory. Nothing is known.
    Ours {
        /// What the system says.
        error: String,
    },
    /// Anything else.
    Other {
        /// What the system says.
        error: String,
    },
    /// A kind that a later release wrote.
    #[serde(other)]
    Unknown,
}

impl Reason {
    /// Whether it says nothing about the service.
    pub fn is_blind(&self) -> bool {
        matches!(self, Self::Dark { .. } | Self::Ours { .. } | Self::NoWay)
    }
}

impl From<io::Error> for Reason {
    fn from(error: io::Error) -> Self {
        use io::ErrorKind as E;
        // EMFILE, ENFILE, ENOBUFS, ENOMEM, EADDRNOTAVAIL: nothing that the service could help.
        const OURS: [i32; 5] = [24, 23, 105, 12, 99];
        match error.kind() {
            _ if error.raw_os_error().is_some_and(|code| OURS.contains(&code)) => {
                Self::Ours { error: error.to_string() }
            }
            E::ConnectionRefused => Self::Refused,
            E::TimedOut => Self::TimedOut,
            E::HostUnreachable => Self::NoHost,
            E::NetworkUnreachable | E::NetworkDown => Self::NoWay,
            E::ConnectionReset | E::BrokenPipe | E::UnexpectedEof | E::ConnectionAborted => {
                Self::BrokenOff
            }
            _ => Self::Other { error: error.to_string() },
        }
    }
}

/// The reason as a sentence for the API, the command line and the log; pages say the same in the
/// reader's language.
pub fn words(reason: &Reason) -> String {
    match reason {
        Reason::Refused => {
            "connection refused: nothing listens on this port of the server; start the service \
             there, or correct the port here"
                .into()
        }
        Reason::TimedOut => {
            "no answer in time: the server is off or overloaded, or a packet filter drops what the \
             hub sends"
                .into()
        }
        Reason::NoHost => {
            "no route to host: the server does not answer on its link; look whether it is on and \
             connected, and whether its address is right here"
                .into()
        }
        Reason::NoWay => {
            "network unreachable: the hub has no way to this address; look at its links and routes"
                .into()
        }
        Reason::BrokenOff => {
            "the connection was broken off before the answer was whole: look at the service's log"
                .into()
        }
        Reason::Status { code } if *code >= 500 => {
            format!(
                "status {code}: the service runs and reports a fault of its own; look at its log"
            )
        }
        Reason::Status { code } => format!(
            "status {code}: the service answers, but not what is expected; look at the path and \
             the status of the check"
        ),
        Reason::NoText => {
            "the answer has not got the expected text: the service shows something else, or the \
             text of the check is not right any more"
                .into()
        }
        Reason::NotHttp => {
            "the answer is not HTTP/1.1: another service stands on this port, or it speaks TLS: \
             check it by tcp then"
                .into()
        }
        Reason::DnsCode { code } => {
            format!("the name server answers {code}: look at its log and at whom it serves")
        }
        Reason::NoName => {
            "the name server knows no address of the name: look at its zone, or at the name of the \
             check"
                .into()
        }
        Reason::NotDns => {
            "the answer is no answer to the question: another service stands on this port".into()
        }
        Reason::Dark { network } => format!(
            "network {network} behind the hub is dark: nothing is known of the service until it \
             is back"
        ),
        Reason::Ours { error } => {
            format!("the hub itself could not ask ({error}): nothing is known of the service")
        }
        Reason::Other { error } => error.clone(),
        Reason::Unknown => "a later release of the hub wrote down why".into(),
    }
}
