//! Asking for what was refused: a word that the gateway gives with its refusal, and what is filed with
//! it.
//!
//! The word says what was refused, to whom, by which rule, and until when it is good, and is sealed
//! with a key that only this process has (HMAC-SHA-256). Nothing that a form says of these is
//! believed. A page of somebody else cannot have a browser file anything: it would need such a word
//! for this very address, and cannot read the answer to a request that it provokes (same-origin
//! policy). A word files one request, however often it is sent.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use aws_lc_rs::hmac;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ets_journal::{Entry, Filter, Page, Recorded, Subject};
use ets_listen::Network;
use ets_model::{Segment, WallTime};
use ets_registry::Author;
use ets_store::Tx;
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::gateway::Refusal;
use crate::policy::{Verdict, Why};
use crate::target::{Host, Target};
use crate::{Desk, Error};

/// Under this name requests stand in the journal.
pub const ACTION: &str = "gateway.request";
/// How long a word is good.
const GOOD: Duration = Duration::from_secs(3_600);
/// What one address may file in that time, and how many addresses are remembered.
const MOST: usize = 5;
const ADDRESSES: usize = 10_000;
/// The longest word that is looked at.
const LONGEST: usize = 1_024;
/// The longest name, telephone and reason, in characters.
const NAME: usize = 100;
const PHONE: usize = 40;
const REASON: usize = 1_000;
/// Requests that are listed.
const LISTED: u32 = 50;

/// What was refused.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refused {
    /// The host.
    pub host: String,
    /// The port.
    pub port: u16,
    /// The rule that says no; none where no rule says yes.
    pub rule: Option<String>,
    /// To whom.
    of: IpAddr,
    /// Until when the word is good, in seconds since 1970.
    until: i64,
}

/// What somebody files.
#[derive(Clone, Debug, Default, Deserialize)]
pub struct Asked {
    /// The word of the refusal.
    pub word: String,
    /// Who asks.
    #[serde(default)]
    pub name: String,
    /// His telephone.
    #[serde(default)]
    pub phone: String,
    /// What for.
    #[serde(default)]
    pub reason: String,
}

/// Why nothing was filed.
#[derive(Debug, thiserror::Error)]
pub enum Denied {
    /// The word is not of this gateway, or for somebody else.
    #[error("the request does not belong to a refusal of this address")]
    Foreign,
    /// It is too old.
    #[error("the refusal is over an hour ago")]
    Old,
    /// A field is empty or too long.
    #[error("{0} is missing or too long")]
    Field(&'static str),
    /// So many were filed from this address already.
    #[error("this address has asked often enough for now")]
    Often,
    /// It could not be kept.
    #[error(transparent)]
    Kept(#[from] Error),
}

/// What was filed by one address: when, the seal of the word, the number.
type Filed = Vec<(WallTime, [u8; 32], i64)>;

/// Gives words and remembers what was filed with them.
#[derive(Debug)]
pub struct Asking {
    key: hmac::Key,
    filed: Mutex<HashMap<Network, Filed>>,
    /// The port of the hub on which requests are filed.
    port: u16,
}

impl Asking {
    /// With a key of its own; `port` is where the hub takes requests. None where no random numbers
    /// are to be had.
    pub(crate) fn new(port: u16) -> Option<Self> {
        let mut key = [0; 32];
        getrandom::fill(&mut key).ok()?;
        let key = hmac::Key::new(hmac::HMAC_SHA256, &key);
        Some(Self { key, filed: Mutex::default(), port })
    }

    /// Where to ask for what was refused: an address of the hub's page. None where asking leads to
    /// nothing: the rules do not decide it.
    pub(crate) fn link(
        &self,
        (refusal, target): (&Refusal, &Target),
        (of, hub): (IpAddr, IpAddr),
        now: WallTime,
    ) -> Option<String> {
        let Refusal::Rules(ruled) = refusal else { return None };
        if !matches!(ruled.why, Why::Rule(_) | Why::NoRule) {
            return None;
        }
        let rule = Verdict::Refused(ruled.why).rule().map(|at| ruled.policy.rule(at).id.clone());
        let host = match &target.host {
            Host::Name(name) => name.to_string(),
            Host::Address(address) => address.to_string(),
        };
        let until = now.plus(GOOD).0 / 1_000_000;
        let of = of.to_canonical();
        let word = self.word(&Refused { host, port: target.port, rule, of, until })?;
        let hub = match hub.to_canonical() {
            IpAddr::V4(hub) => hub.to_string(),
            IpAddr::V6(hub) => format!("[{hub}]"),
        };
        let port = if self.port == 80 { String::new() } else { format!(":{}", self.port) };
        Some(format!("http://{hub}{port}/request?word={word}"))
    }

    fn word(&self, refused: &Refused) -> Option<String> {
        let text = serde_json::to_vec(refused).ok()?;
        let seal = hmac::sign(&self.key, &text);
        let encoded = |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes);
        let word = format!("{}.{}", encoded(&text), encoded(seal.as_ref()));
        (word.len() <= LONGEST).then_some(word)
    }

    /// What a word says, to the one that it was given to.
    ///
    /// # Errors
    /// [`Denied::Foreign`], [`Denied::Old`].
    pub fn read(&self, word: &str, of: IpAddr, now: WallTime) -> Result<Refused, Denied> {
        self.sealed(word, of, now).map(|(refused, _)| refused)
    }

    fn sealed(&self, word: &str, of: IpAddr, now: WallTime) -> Result<(Refused, [u8; 32]), Denied> {
        if word.len() > LONGEST {
            return Err(Denied::Foreign);
        }
        let parts = word.split_once('.').ok_or(Denied::Foreign)?;
        let decode = |text: &str| URL_SAFE_NO_PAD.decode(text).map_err(|_| Denied::Foreign);
        let (text, seal) = (decode(parts.0)?, decode(parts.1)?);
        hmac::verify(&self.key, &text, &seal).map_err(|_| Denied::Foreign)?;
        let refused: Refused = serde_json::from_slice(&text).map_err(|_| Denied::Foreign)?;
        if refused.of != of.to_canonical() {
            return Err(Denied::Foreign);
        }
        if refused.until < now.0 / 1_000_000 {
            return Err(Denied::Old);
        }
        let seal = seal.try_into().map_err(|_| Denied::Foreign)?;
        Ok((refused, seal))
    }

    /// The number under which this word was filed before; else a place among what the address may
    /// file, which is kept under number 0 until there is one.
    fn place(&self, of: IpAddr, seal: [u8; 32], now: WallTime) -> Result<Option<i64>, Denied> {
        let mut all = self.filed.lock().unwrap_or_else(PoisonError::into_inner);
        if all.len() >= ADDRESSES {
            all.retain(|_, filed| filed.iter().any(|(at, ..)| now.since(*at) < GOOD));
        }
        if all.len() >= ADDRESSES {
            return Err(Denied::Often);
        }
        let filed = all.entry(Network::from(of)).or_default();
        filed.retain(|(at, ..)| now.since(*at) < GOOD);
        match filed.iter().find(|(_, one, _)| *one == seal) {
            // Under way: sent twice at the same moment.
            Some((.., 0)) => Err(Denied::Often),
            Some((.., number)) => Ok(Some(*number)),
            None if filed.len() >= MOST => Err(Denied::Often),
            None => {
                filed.push((now, seal, 0));
                Ok(None)
            }
        }
    }

    /// Keeps the number of a place, or gives the place back where there is none.
    fn settle(&self, of: IpAddr, seal: [u8; 32], number: Option<i64>) {
        let mut all = self.filed.lock().unwrap_or_else(PoisonError::into_inner);
        let filed = all.entry(Network::from(of)).or_default();
        match number {
            None => filed.retain(|(_, one, _)| *one != seal),
            Some(number) => {
                let kept = filed.iter_mut().find(|(_, one, _)| *one == seal);
                if let Some((.., kept)) = kept {
                    *kept = number;
                }
            }
        }
    }
}

impl Asked {
    /// The fields without space around them.
    ///
    /// # Errors
    /// [`Denied::Field`].
    fn checked(&self) -> Result<(String, String, String), Denied> {
        let field = |name: &'static str, text: &str, longest: usize| {
            let text: String =
                text.trim().chars().filter(|one| !one.is_control() || *one == '\n').collect();
            let fits = !text.is_empty() && text.chars().count() <= longest;
            if fits { Ok(text) } else { Err(Denied::Field(name)) }
        };
        Ok((
            field("name", &self.name, NAME)?,
            field("phone", &self.phone, PHONE)?,
            field("reason", &self.reason, REASON)?,
        ))
    }
}

impl Desk {
    /// Files a request of somebody in a segment; answers its number, which he can quote. It stands in
    /// the journal, and nothing follows from it by itself.
    ///
    /// # Errors
    /// [`Denied`].
    pub async fn file(
        &self,
        asked: &Asked,
        (of, segment): (IpAddr, &Segment),
    ) -> Result<i64, Denied> {
        let asking = self.asking().ok_or(Denied::Foreign)?;
        let now = self.now();
        let (refused, seal) = asking.sealed(&asked.word, of, now)?;
        let (name, phone, reason) = asked.checked()?;
        if let Some(number) = asking.place(of, seal, now)? {
            return Ok(number);
        }
        let author = Author {
            from_segment: Some(segment.id.clone()),
            reason,
            ..Author::new(format!("segment {}", segment.id))
        };
        let detail = json!({
            "host": refused.host,
            "port": refused.port,
            "rule": refused.rule,
            "name": name,
            "phone": phone,
            "address": of.to_canonical(),
        });
        let subject = Subject::new("segment", segment.id.to_string());
        let entry = author.entry(ACTION, subject).detail(detail);
        // Whoever asked may have gone before it is written: the place would be taken for nothing.
        let desk = self.clone();
        let writing = tokio::spawn(async move {
            let written = desk.write_request(now, entry).await;
            let number = written.as_ref().ok().map(|kept| kept.seq);
            if let Some(asking) = desk.asking() {
                asking.settle(of, seal, number);
            }
            written
        });
        Ok(writing.await.map_err(|_| Error::Abandoned)??.seq)
    }

    async fn write_request(&self, now: WallTime, entry: Entry) -> Result<Recorded, Error> {
        self.store()
            .write(move |tx: &mut Tx<'_>| {
                Box::pin(async move { Ok(ets_journal::append(tx, now, entry).await?) })
            })
            .await
    }

    /// The last requests, newest first.
    ///
    /// # Errors
    /// The database's.
    pub async fn requests(&self) -> Result<Vec<Recorded>, Error> {
        let filter = Filter { action: Some(ACTION.to_owned()), ..Filter::default() };
        let page = Page { limit: LISTED, ..Page::default() };
        Ok(ets_journal::list(self.store(), &filter, page).await?.entries)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(until: i64) -> Refused {
        let of = "10.10.7.2".parse().unwrap();
        Refused { host: "games.example".into(), port: 443, rule: Some("games".into()), of, until }
    }

    fn at(seconds: i64) -> WallTime {
        WallTime(seconds * 1_000_000)
    }

    /// covers: N6.5, T-8: what a form says is not believed
    #[test]
    fn a_word_is_good_for_the_one_it_was_given_to_and_for_an_hour() {
        let asking = Asking::new(80).unwrap();
        let (mine, other) = ("10.10.7.2".parse().unwrap(), "10.10.7.3".parse().unwrap());
        let word = asking.word(&refused(3_600)).unwrap();
        assert_eq!(asking.read(&word, mine, at(0)).unwrap(), refused(3_600));
        let mapped = "::ffff:10.10.7.2".parse().unwrap();
        assert!(asking.read(&word, mapped, at(0)).is_ok(), "the same in IPv6's clothes");
        assert!(matches!(asking.read(&word, other, at(0)), Err(Denied::Foreign)));
        assert!(matches!(asking.read(&word, mine, at(3_601)), Err(Denied::Old)));
        let elsewhere = Asking::new(80).unwrap();
        assert!(matches!(elsewhere.read(&word, mine, at(0)), Err(Denied::Foreign)));
        let (text, seal) = word.split_once('.').unwrap();
        let mut changed = URL_SAFE_NO_PAD.decode(text).unwrap();
        changed.extend_from_slice(b" ");
        let changed = format!("{}.{seal}", URL_SAFE_NO_PAD.encode(changed));
        for bad in [changed, text.to_owned(), format!("{text}."), ".".into(), "a".repeat(9_999)] {
            assert!(matches!(asking.read(&bad, mine, at(0)), Err(Denied::Foreign)), "{bad}");
        }
    }

    /// covers: N6.5, T-8: bounded, and one word files one request
    #[test]
    fn an_address_files_five_an_hour_and_a_word_only_once() {
        let asking = Asking::new(80).unwrap();
        let of: IpAddr = "10.10.7.2".parse().unwrap();
        for number in 1..=5 {
            let seal = [number; 32];
            assert_eq!(asking.place(of, seal, at(0)).unwrap(), None);
            assert!(asking.place(of, seal, at(0)).is_err(), "twice at the same moment");
            asking.settle(of, seal, Some(i64::from(number)));
            assert_eq!(asking.place(of, seal, at(1)).unwrap(), Some(i64::from(number)));
        }
        assert!(matches!(asking.place(of, [6; 32], at(2)), Err(Denied::Often)));
        let other = "10.10.7.3".parse().unwrap();
        assert_eq!(asking.place(other, [7; 32], at(2)).unwrap(), None, "another address");
        asking.settle(other, [7; 32], None);
        assert_eq!(asking.place(other, [7; 32], at(2)).unwrap(), None, "it was not kept");
        assert_eq!(asking.place(of, [6; 32], at(3_600)).unwrap(), None, "an hour later");
    }

    /// covers: N6.5, T-8
    #[test]
    fn a_field_is_there_and_not_too_long() {
        let asked = |name: &str, reason: String| Asked {
            name: name.into(),
            phone: "21-14".into(),
            reason,
            ..Asked::default()
        };
        assert!(asked(" Асем ", "для работы".into()).checked().is_ok());
        for (name, reason) in
            [("", "a".to_owned()), ("a", " ".to_owned()), ("a", "я".repeat(1_001))]
        {
            assert!(matches!(asked(name, reason).checked(), Err(Denied::Field(_))));
        }
    }
}
