//! From a question to its answer: who asks, whether he may, and who knows it.

use std::io;
use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;
use std::sync::atomic::Ordering;

use ets_listen::{Network, Place, Tally};
use hickory_resolver::proto::op::ResponseCode;
use hickory_resolver::proto::rr::rdata::HINFO;
use hickory_resolver::proto::rr::{DNSClass, Name, RData, Record, RecordType};

use crate::cache::{Kept, Key};
use crate::config::name;
use crate::figures::{Figures, Result as Ended};
use crate::guard::{Guard, Pass};
use crate::inner::{lies_in, strip};
use crate::message::{Answer, Asked, Note, Read, Way, read};
use crate::outside::{Found, Outside};
use crate::world::{Client, World};
use crate::zone::Zone;
use crate::{Config, Error};

/// The time of the one record that stands for all of a name (RFC 8482, section 4.2).
const ANY_TTL: u32 = 3_600;

/// The resolver. Cheap to clone; one for UDP, TCP and the hub's own look-ups.
#[derive(Clone)]
pub struct Resolver(pub(crate) Arc<Inner>);

pub(crate) struct Inner {
    world: Arc<dyn World>,
    zone: Zone,
    private: Vec<Name>,
    outside: Arc<Outside>,
    guard: Guard,
    figures: Figures,
    /// Connections by address.
    pub(crate) connections: Arc<Tally<Network>>,
}

impl std::fmt::Debug for Resolver {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Resolver")
    }
}

/// A question on its way.
#[derive(Debug)]
pub(crate) enum Turn {
    /// What is answered; `None`: nothing.
    Done(Option<Vec<u8>>),
    /// Somebody outside has to be asked: [`Resolver::later`].
    Later(Later),
}

#[derive(Debug)]
pub(crate) struct Later {
    asked: Asked,
    key: Key,
    place: Place<Client>,
}

impl Resolver {
    /// With an empty cache.
    ///
    /// # Errors
    /// [`Error::Name`].
    pub fn new(config: &Config, world: Arc<dyn World>) -> Result<Self, Error> {
        let private = config.private.iter().map(|one| name(one)).collect::<Result<_, _>>()?;
        Ok(Self(Arc::new(Inner {
            world,
            zone: Zone::new(config)?,
            private,
            outside: Arc::new(Outside::new(&config.servers)),
            guard: Guard::new(),
            figures: Figures::default(),
            connections: Arc::default(),
        })))
    }

    /// What was counted.
    pub fn figures(&self) -> &Figures {
        &self.0.figures
    }

    /// How many answers are kept, about.
    pub fn kept(&self) -> u64 {
        self.0.outside.kept()
    }

    /// The addresses of a name for the hub itself, such as its gateway: out of the same cache. None
    /// where there is no such name.
    ///
    /// # Errors
    /// When nobody outside answers.
    pub async fn addresses(&self, host: &str) -> io::Result<Vec<IpAddr>> {
        let name = name(host).map_err(io::Error::other)?;
        let (v4, v6) =
            tokio::join!(self.of(&name, RecordType::A), self.of(&name, RecordType::AAAA));
        match (v4, v6) {
            (None, None) => Err(io::Error::other("no DNS server answers")),
            (v4, v6) => Ok(v4.into_iter().chain(v6).flatten().collect()),
        }
    }

    async fn of(&self, name: &Name, kind: RecordType) -> Option<Vec<IpAddr>> {
        let Inner { world, zone, .. } = &*self.0;
        let here = IpAddr::V4(Ipv4Addr::LOCALHOST);
        let answers = match zone.answer((name, kind), here, world.as_ref()) {
            Some(own) => own.answers,
            None => {
                let kept = self.outside_of((name.clone(), kind)).await?;
                self.clean(name, &kept, false).0
            }
        };
        let address = |record: Record| match record.data {
            RData::A(address) => Some(IpAddr::V4(address.0)),
            RData::AAAA(address) => Some(IpAddr::V6(address.0)),
            _ => None,
        };
        Some(answers.into_iter().filter_map(address).collect())
    }

    /// For the hub itself. That it has no place for a question more takes nothing from what is known.
    async fn outside_of(&self, key: Key) -> Option<Arc<Kept>> {
        let outside = &self.0.outside;
        if let Some(kept) = outside.at_hand(&key) {
            return Some(kept);
        }
        let Some(place) = outside.place(Client::Own) else { return outside.old(&key) };
        match outside.find(key, place).await {
            Found::Kept(kept) | Found::Asked(kept) | Found::Stale(kept) => Some(kept),
            Found::Nobody => None,
        }
    }

    /// Whether somebody may connect at all.
    pub(crate) fn knows(&self, client: IpAddr) -> bool {
        let known = self.0.world.client(client.to_canonical()) != Client::Stranger;
        if !known {
            self.count(Ended::Stranger);
        }
        known
    }

    /// Takes a question from `client`, sent to our address `at`. Answers at once what is at hand.
    pub(crate) fn turn(&self, client: IpAddr, at: IpAddr, bytes: &[u8], way: Way) -> Turn {
        let client = client.to_canonical();
        let who = self.0.world.client(client);
        if who == Client::Stranger {
            self.count(Ended::Stranger);
            return Turn::Done(None);
        }
        let pass = if way == Way::Udp { self.0.guard.pass(client) } else { Pass::Answer };
        if pass == Pass::Silence {
            self.count(Ended::Limited);
            return Turn::Done(None);
        }
        let asked = match read(bytes, way) {
            Read::Asked(asked) => asked,
            Read::Fault(fault) => return self.done(Ended::Malformed, Some(fault)),
            Read::Nothing => return self.done(Ended::Malformed, None),
        };
        if pass == Pass::ByTcp {
            return self.done(Ended::Limited, asked.by_tcp());
        }
        self.take(who, at.to_canonical(), asked)
    }

    fn take(&self, who: Client, at: IpAddr, asked: Asked) -> Turn {
        let (name, kind) = (asked.query.name().to_lowercase(), asked.query.query_type());
        if let Some(refused) = unanswered(&asked) {
            return self.done(Ended::Refused, asked.write(refused));
        }
        if kind == RecordType::ANY {
            return self.done(Ended::Own, asked.write(any(asked.query.name())));
        }
        let Inner { world, zone, outside, .. } = &*self.0;
        if let Some(own) = zone.answer((&name, kind), at, world.as_ref()) {
            return self.done(Ended::Own, asked.write(own));
        }
        // Others are asked for those alone who want it (RFC 1035, section 4.1.1); nobody learns
        // from us what others asked for.
        let may = match who {
            Client::Segment(segment) => {
                let text = name.to_ascii();
                world.may_look_up(segment, text.trim_end_matches('.'))
            }
            Client::Own | Client::Stranger => true,
        };
        if !may || !asked.recursion {
            let note = if may { Note::Prohibited } else { Note::Blocked };
            let refused = Answer::empty(ResponseCode::Refused, Some(note));
            return self.done(Ended::Refused, asked.write(refused));
        }
        let key = (name, kind);
        if let Some(kept) = outside.at_hand(&key) {
            return self.done(Ended::Cached, self.found(&asked, &key.0, &kept, None));
        }
        if let Some(place) = outside.place(who) {
            return Turn::Later(Later { asked, key, place });
        }
        if let Some(old) = outside.old(&key) {
            let answer = self.found(&asked, &key.0, &old, Some(Note::Stale));
            return self.done(Ended::Stale, answer);
        }
        let failed = Answer::empty(ResponseCode::ServFail, Some(Note::Crowded));
        self.done(Ended::Limited, asked.write(failed))
    }

    /// Asks outside.
    pub(crate) async fn later(&self, Later { asked, key, place }: Later) -> Option<Vec<u8>> {
        let (ended, kept, note) = match self.0.outside.find(key.clone(), place).await {
            Found::Kept(kept) => (Ended::Cached, kept, None),
            Found::Asked(kept) => (Ended::Asked, kept, None),
            Found::Stale(kept) => (Ended::Stale, kept, Some(Note::Stale)),
            Found::Nobody => {
                self.count(Ended::Failed);
                let failed = Answer::empty(ResponseCode::ServFail, Some(Note::NoServer));
                return asked.write(failed);
            }
        };
        self.count(ended);
        self.found(&asked, &key.0, &kept, note)
    }

    fn found(
        &self,
        asked: &Asked,
        name: &Name,
        kept: &Kept,
        note: Option<Note>,
    ) -> Option<Vec<u8>> {
        let is_stale = note == Some(Note::Stale);
        let (answers, authorities, stripped) = self.clean(name, kept, is_stale);
        let note = if stripped { Some(Note::Stripped) } else { note };
        asked.write(Answer { code: kept.code, own: false, answers, authorities, note })
    }

    /// Without inner addresses: held against the network as it is now, not as it was when a server
    /// said it.
    fn clean(&self, name: &Name, kept: &Kept, is_stale: bool) -> (Vec<Record>, Vec<Record>, bool) {
        let (mut answers, authorities) = kept.records(is_stale);
        let may_be_private = lies_in(name, &self.0.private);
        let stripped = strip(&mut answers, self.0.world.as_ref(), may_be_private);
        if stripped > 0 {
            let count = u64::try_from(stripped).unwrap_or(u64::MAX);
            let before = self.0.figures.stripped.fetch_add(count, Ordering::Relaxed);
            // Whoever attacks must not fill the log as well: each power of two is told.
            if (before + count).leading_zeros() < before.leading_zeros() {
                tracing::warn!(%name, stripped, "an answer from outside has an inner address: DNS rebinding");
            }
        }
        (answers, authorities, stripped > 0)
    }

    fn done(&self, ended: Ended, bytes: Option<Vec<u8>>) -> Turn {
        self.count(ended);
        Turn::Done(bytes)
    }

    fn count(&self, ended: Ended) {
        self.0.figures.count(ended);
    }
}

/// What is answered to nobody: other classes than that of the Internet, transfers, and records that
/// are no records.
fn unanswered(asked: &Asked) -> Option<Answer> {
    let kind = asked.query.query_type();
    let is_odd = asked.query.query_class() != DNSClass::IN
        || matches!(kind, RecordType::AXFR | RecordType::IXFR | RecordType::OPT | RecordType::TSIG);
    is_odd.then(|| Answer::empty(ResponseCode::Refused, Some(Note::Prohibited)))
}

/// One small record in place of all (RFC 8482, section 4.2).
fn any(name: &Name) -> Answer {
    let data = RData::HINFO(HINFO::new("RFC8482".to_owned(), String::new()));
    let answers = vec![Record::from_rdata(name.clone(), ANY_TTL, data)];
    Answer { answers, ..Answer::empty(ResponseCode::NoError, None) }
}
