//! The talk with the relay, word by word: what a refusal means is said by the word that it answers.

use std::time::Duration;

use lettre::Message;
use lettre::transport::smtp::Error;
use lettre::transport::smtp::client::AsyncSmtpConnection;
use lettre::transport::smtp::commands::{Data, Mail, Rcpt};

use super::{Outcome, Smtp, Way};

/// How long one of its addresses may take to answer at all.
const REACH: Duration = Duration::from_secs(30);
/// How long the relay may take for one word, and for the last, that it has the letter, twice as
/// long: whoever waits less sends twice (RFC 5321, section 4.5.3.2).
pub(super) const PATIENCE: Duration = Duration::from_secs(300);
/// How long it is waited for after the last word.
const FAREWELL: Duration = Duration::from_secs(5);
/// Replies to a recipient that refuse it for good (RFC 5321, section 4.2.3; RFC 7504): none such
/// here, elsewhere, no such name, no mail there. 552 is a full mailbox.
const NO_ADDRESS: [u16; 4] = [550, 551, 553, 556];
/// The same, where the reply goes into detail (RFC 3463, sections 3.2 and 3.3; RFC 7505): many a
/// relay answers the recipient with what it has against us or our sender.
const NO_ADDRESS_IN_DETAIL: [&str; 6] = ["5.1.1", "5.1.2", "5.1.3", "5.1.6", "5.1.10", "5.2.1"];
/// A mailbox that is full today.
const FULL: u16 = 552;

impl Smtp {
    /// Hands a message over. Letters are few: each has a connection.
    pub(super) async fn hand_over(&self, message: &Message) -> Outcome {
        let mut relay = match in_time(self.patience, self.connect()).await {
            Ok(relay) => relay,
            Err(fault) => return Outcome::Away(fault.words),
        };
        let outcome = self.talk(&mut relay, message).await.err().unwrap_or(Outcome::Sent);
        // What became of the letter is written down meanwhile.
        tokio::spawn(async move { tokio::time::timeout(FAREWELL, relay.abort()).await });
        outcome
    }

    async fn connect(&self) -> Result<AsyncSmtpConnection, Error> {
        let server = (self.relay.host.as_str(), self.relay.port);
        let whole = match &self.way {
            Way::Whole(tls) => Some(tls.clone()),
            Way::Plain | Way::StartTls(_) => None,
        };
        let connected =
            AsyncSmtpConnection::connect_tokio1(server, Some(REACH), &self.hello, whole, None);
        let mut relay = connected.await?;
        if let Way::StartTls(tls) = &self.way {
            relay.starttls(tls.clone(), &self.hello).await?;
        }
        Ok(relay)
    }

    /// The envelope and the message. What is said before the recipient is of us, not of him.
    async fn talk(
        &self,
        relay: &mut AsyncSmtpConnection,
        message: &Message,
    ) -> Result<(), Outcome> {
        let from = Mail::new(message.envelope().from().cloned(), Vec::new());
        in_time(self.patience, relay.command(from))
            .await
            .map_err(|fault| Outcome::Away(fault.words))?;
        for to in message.envelope().to() {
            let to = Rcpt::new(to.clone(), Vec::new());
            in_time(self.patience, relay.command(to)).await.map_err(of_recipient)?;
        }
        in_time(self.patience, relay.command(Data)).await.map_err(later)?;
        let text = message.formatted();
        in_time(2 * self.patience, relay.message(&text)).await.map_err(later)?;
        Ok(())
    }
}

/// Why a word was in vain.
struct Fault {
    /// The relay's reply; none where there was none.
    code: Option<u16>,
    words: String,
    /// The detail at the beginning of the reply (RFC 2034), or nothing.
    detail: String,
}

async fn in_time<T>(
    patience: Duration,
    word: impl Future<Output = Result<T, Error>>,
) -> Result<T, Fault> {
    match tokio::time::timeout(patience, word).await {
        Ok(answer) => answer.map_err(|error| Fault::of(&error)),
        Err(_) => {
            let words = format!("no answer for {patience:?}");
            Err(Fault { code: None, words, detail: String::new() })
        }
    }
}

impl Fault {
    fn of(error: &Error) -> Self {
        let reply = std::error::Error::source(error).map(ToString::to_string).unwrap_or_default();
        let first = reply.split_whitespace().next().unwrap_or_default();
        let is_detail =
            first.splitn(3, '.').filter(|part| part.parse::<u16>().is_ok()).count() == 3;
        let detail = if is_detail { first.to_owned() } else { String::new() };
        Self { code: error.status().map(u16::from), words: told(error), detail }
    }

    fn is_no_address(&self) -> bool {
        self.code.is_some_and(|code| NO_ADDRESS.contains(&code))
            && (self.detail.is_empty() || NO_ADDRESS_IN_DETAIL.contains(&self.detail.as_str()))
    }
}

fn of_recipient(fault: Fault) -> Outcome {
    match fault.code {
        _ if fault.is_no_address() => Outcome::Refused(fault.words),
        Some(FULL) => Outcome::NotNow(fault.words),
        _ => later(fault),
    }
}

fn later(fault: Fault) -> Outcome {
    match fault.code {
        Some(400..=499) => Outcome::NotNow(fault.words),
        _ => Outcome::Away(fault.words),
    }
}

/// An error with its causes, in one line.
fn told(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(one) = cause {
        let one_text = one.to_string();
        if !text.contains(&one_text) {
            text.push_str(": ");
            text.push_str(&one_text);
        }
        cause = one.source();
    }
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may end at once")]

    use super::*;
    use crate::{Config, Relay, Tls};

    /// covers: T1.4
    #[tokio::test]
    async fn a_relay_that_says_nothing_is_not_waited_for_for_ever() {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let relay = Relay { host: "127.0.0.1".to_owned(), port };
        let from = "hub@ets.kz".parse().unwrap();
        let smtp = Smtp::new(&Config { relay, from, tls: Tls::None }).unwrap();
        let smtp = Smtp { patience: Duration::from_millis(50), ..smtp };
        let message = Message::builder()
            .from("hub@ets.kz".parse().unwrap())
            .to("person@ets.kz".parse().unwrap())
            .body(String::new())
            .unwrap();
        let outcome = tokio::time::timeout(REACH, smtp.hand_over(&message)).await;
        assert_eq!(outcome, Ok(Outcome::Away("no answer for 50ms".to_owned())));
    }
}
