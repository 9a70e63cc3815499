//! Why a request is not passed on, with what the person can do.

use ets_model::WallTime;
use http::StatusCode;

/// A request that is answered by us.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// 403: no certificate was proved on a closed name.
    NoCertificate,
    /// 403: the certificate ended.
    Expired(WallTime),
    /// 403: the right is missing.
    NoRight {
        /// Which one.
        missing: String,
        /// Whom to ask for it, at most a few.
        whom: Vec<String>,
    },
    /// 403: the token's signature is too old for this route.
    Stale,
    /// 403: the owner has left, or the certificate opens nothing any more.
    Left,
    /// 404: no route leads there.
    Unknown,
    /// 421: the host is none of ours, or not the one that the handshake was for.
    Misdirected,
    /// 400: the request can be read in two ways.
    Unclear,
    /// 405: CONNECT, TRACE, or another method than the page takes; with those that it takes.
    Method(&'static str),
    /// 403: the form was sent by a page of another site.
    Foreign,
    /// 429: too much of one certificate.
    Busy(u64),
    /// 429: too much of one address, without a certificate.
    Crowded(u64),
    /// 413: the body is larger than the route takes.
    TooLarge(u64),
    /// 408: the body comes too slowly.
    TooSlow,
    /// 503: all services of the route are down.
    Down(WallTime),
    /// 502: the service broke off.
    Broken,
    /// 504: the service did not begin to answer in time.
    Slow,
}

/// The kinds of [`Refusal`], for counting.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(usize)]
pub(crate) enum Reason {
    NoCertificate,
    Expired,
    NoRight,
    Stale,
    Left,
    Unknown,
    Misdirected,
    Unclear,
    Method,
    Foreign,
    Busy,
    Crowded,
    TooLarge,
    TooSlow,
    Down,
    Broken,
    Slow,
}

impl Reason {
    pub(crate) const ALL: [Self; 17] = [
        Self::NoCertificate,
        Self::Expired,
        Self::NoRight,
        Self::Stale,
        Self::Left,
        Self::Unknown,
        Self::Misdirected,
        Self::Unclear,
        Self::Method,
        Self::Foreign,
        Self::Busy,
        Self::Crowded,
        Self::TooLarge,
        Self::TooSlow,
        Self::Down,
        Self::Broken,
        Self::Slow,
    ];

    /// The word in metrics and in the type of a problem.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::NoCertificate => "no-certificate",
            Self::Expired => "certificate-expired",
            Self::NoRight => "no-right",
            Self::Stale => "signature-too-old",
            Self::Left => "left",
            Self::Unknown => "unknown-address",
            Self::Misdirected => "misdirected",
            Self::Unclear => "unclear-request",
            Self::Method => "method",
            Self::Foreign => "foreign-form",
            Self::Busy => "too-many-requests",
            Self::Crowded => "too-many-requests-of-address",
            Self::TooLarge => "too-large",
            Self::TooSlow => "too-slow",
            Self::Down => "service-down",
            Self::Broken => "service-broke-off",
            Self::Slow => "service-too-slow",
        }
    }
}

impl Refusal {
    pub(crate) fn reason(&self) -> Reason {
        match self {
            Self::NoCertificate => Reason::NoCertificate,
            Self::Expired(_) => Reason::Expired,
            Self::NoRight { .. } => Reason::NoRight,
            Self::Stale => Reason::Stale,
            Self::Left => Reason::Left,
            Self::Unknown => Reason::Unknown,
            Self::Misdirected => Reason::Misdirected,
            Self::Unclear => Reason::Unclear,
            Self::Method(_) => Reason::Method,
            Self::Foreign => Reason::Foreign,
            Self::Busy(_) => Reason::Busy,
            Self::Crowded(_) => Reason::Crowded,
            Self::TooLarge(_) => Reason::TooLarge,
            Self::TooSlow => Reason::TooSlow,
            Self::Down(_) => Reason::Down,
            Self::Broken => Reason::Broken,
            Self::Slow => Reason::Slow,
        }
    }

    pub(crate) fn status(&self) -> StatusCode {
        match self {
            Self::NoCertificate
            | Self::Expired(_)
            | Self::NoRight { .. }
            | Self::Stale
            | Self::Foreign
            | Self::Left => StatusCode::FORBIDDEN,
            Self::Unknown => StatusCode::NOT_FOUND,
            Self::Misdirected => StatusCode::MISDIRECTED_REQUEST,
            Self::Unclear => StatusCode::BAD_REQUEST,
            Self::Method(_) => StatusCode::METHOD_NOT_ALLOWED,
            Self::Busy(_) | Self::Crowded(_) => StatusCode::TOO_MANY_REQUESTS,
            Self::TooLarge(_) => StatusCode::PAYLOAD_TOO_LARGE,
            Self::TooSlow => StatusCode::REQUEST_TIMEOUT,
            Self::Down(_) => StatusCode::SERVICE_UNAVAILABLE,
            Self::Broken => StatusCode::BAD_GATEWAY,
            Self::Slow => StatusCode::GATEWAY_TIMEOUT,
        }
    }

    /// In how many seconds to ask again, where that helps.
    pub(crate) fn retry_after(&self) -> Option<u64> {
        match self {
            Self::Busy(seconds) | Self::Crowded(seconds) => Some(*seconds),
            Self::Down(_) => Some(5),
            _ => None,
        }
    }

    /// Whether the connection has to end with it: only a new one can bring a certificate.
    pub(crate) fn ends_connection(&self) -> bool {
        matches!(self, Self::NoCertificate | Self::Expired(_) | Self::Left)
    }
}
