//! The `[dashboard]` section of hub.toml.

use std::time::Duration;

/// How the dashboard behaves. Every field has a default that suits a hub of 49 segments.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Config {
    /// The name of the hub beside the mark in the page head: `узел ВКО`. Empty: the plain word.
    pub title: String,
    /// The institution that runs the hub, for the letterhead in print; may be empty.
    pub owner: String,
    /// The address that people use, without a trailing slash: `https://hub.example`. Entry links
    /// begin with it.
    pub public_url: String,
    /// How long a one-time entry link is good for.
    pub link_life: Duration,
    /// A session ends when nothing was asked for so long.
    pub session_idle: Duration,
    /// A session ends after this time in any case.
    pub session_life: Duration,
    /// The IANA time zone in which times are shown.
    pub time_zone: String,
    /// The language of people who have not chosen one and whose browser asks for none of ours.
    pub language: ets_model::Lang,
    /// The command that prints a new entry link of this very hub.
    pub link_command: String,
    /// Where somebody in a segment measures its channel, as people are told it.
    pub speed_url: String,
    /// A sentence for the health page when the hub runs in a test bed; empty otherwise.
    pub lab_note: String,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            title: String::new(),
            owner: String::new(),
            public_url: "https://localhost".to_owned(),
            link_life: Duration::from_secs(15 * 60),
            session_idle: Duration::from_secs(12 * 3600),
            session_life: Duration::from_secs(7 * 24 * 3600),
            time_zone: "Asia/Almaty".to_owned(),
            language: ets_model::Lang::Ru,
            link_command: "ets-hub link".to_owned(),
            speed_url: String::new(),
            lab_note: String::new(),
        }
    }
}
