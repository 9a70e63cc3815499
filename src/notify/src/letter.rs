//! A letter: what is written, and what became of it.

use std::fmt;

use ets_model::WallTime;

use crate::Address;

/// The number of a letter.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct LetterId(pub i64);

impl fmt::Display for LetterId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// What is written to somebody.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Letter {
    /// To whom.
    pub to: Address,
    /// What it is about, one line.
    pub subject: String,
    /// The text, without markup.
    pub text: String,
}

/// Where a letter is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum State {
    /// It waits for the relay.
    Queued,
    /// The relay has it.
    Sent,
    /// The relay refused its address for good.
    Failed,
}

impl State {
    /// All of them, in the order of a life.
    pub const ALL: [Self; 3] = [Self::Queued, Self::Sent, Self::Failed];

    /// Its name in the database, in metrics and in the API.
    pub fn code(self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::Sent => "sent",
            Self::Failed => "failed",
        }
    }
}

/// A letter and what became of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Kept {
    /// Its number.
    pub id: LetterId,
    /// To whom it goes.
    pub to: String,
    /// What it is about.
    pub subject: String,
    /// The text.
    pub text: String,
    /// Made once, however often it is tried (RFC 5322, section 3.6.4).
    pub message_id: String,
    /// Where it is.
    pub state: State,
    /// How often it was tried in vain.
    pub tries: u32,
    /// When it was written.
    pub made: WallTime,
    /// When it is tried next.
    pub next_try: WallTime,
    /// When the relay took or refused it.
    pub done: Option<WallTime>,
    /// What the relay said last, or why it was not heard; empty where all went well.
    pub words: String,
}
