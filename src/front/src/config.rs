//! `[front]`.

use ets_model::Names;

/// What the pages are told by the file.
#[derive(Clone, Debug, Default)]
pub struct Config {
    /// The port, in plain HTTP; none where there are no such pages.
    pub port: Option<u16>,
    /// Whom to call, with the telephone; none of it where nobody is named.
    pub duty: Names,
    /// Where people with a certificate enter.
    pub certificate_url: String,
    /// The IANA time zone of moments and days.
    pub time_zone: String,
    /// The hub's name.
    pub title: String,
    /// The institution that runs the hub.
    pub owner: String,
    /// Ports of the hub that the pages name.
    pub ways: Ways,
}

/// Ports of other parts of the hub; none where there is no such part.
#[derive(Clone, Copy, Debug, Default)]
pub struct Ways {
    /// The HTTP proxy.
    pub http: Option<u16>,
    /// The SOCKS proxy.
    pub socks: Option<u16>,
    /// The measurement of the channel.
    pub speed: Option<u16>,
}
