//! Asking the servers outside: one question for many equal ones at once, and an older answer where
//! they are silent (RFC 8767).
//!
//! Port, number and the case of letters are drawn at random for each question by the package that
//! asks (RFC 5452), which also comes again by TCP where an answer is cut.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use ets_listen::{Place, Tally};
use hickory_resolver::config::{
    ConnectionConfig, NameServerConfig, ResolverOpts, ServerOrderingStrategy,
};
use hickory_resolver::net::runtime::TokioRuntimeProvider;
use hickory_resolver::net::xfer::{DnsHandle, FirstAnswer};
use hickory_resolver::net::{DnsError, NetError};
use hickory_resolver::proto::op::{DnsRequestOptions, DnsResponse, Query, ResponseCode};
use hickory_resolver::proto::rr::{Name, RData, Record};
use hickory_resolver::{NameServerPool, PoolContext, TlsConfig};
use moka::sync::Cache as Moka;
use tokio::sync::watch;
use tokio::time::{Instant, timeout};

use crate::cache::{Cache, Kept, Key};
use crate::message::UDP_MOST;
use crate::world::Client;

/// How long the servers may take altogether: clients ask again after five seconds.
const PATIENCE: Duration = Duration::from_secs(4);
/// How long a client waits where there is an older answer (RFC 8767, section 5).
const WAIT: Duration = Duration::from_millis(1_800);
/// That a name cannot be found out is remembered so long (RFC 9520, section 3.2: 1 to 300 s).
const FAILED: Duration = Duration::from_secs(5);
/// Where there is an older answer, they are asked again after this (RFC 8767, section 5).
const AGAIN: Duration = Duration::from_secs(30);
/// Questions outside at one time; above that there is no answer.
const MOST: usize = 4_096;
/// Of one segment: the others and the gateway still have theirs when it asks for names without end.
const MOST_OF_ONE: usize = 512;
/// Of the hub itself, which asks for all whom its gateway serves.
const MOST_OF_OURS: usize = MOST / 2;
/// Aliases of one answer: longer chains are a fault or an attack.
const ALIASES: usize = 16;
/// Names whose failure is remembered.
const FAILURES: u64 = 16_384;

type Pool = NameServerPool<TokioRuntimeProvider>;
type Outcome = Option<Result<Arc<Kept>, ()>>;

/// Where an answer came from.
#[derive(Debug)]
pub(crate) enum Found {
    /// The cache, in its time.
    Kept(Arc<Kept>),
    /// A server, just now.
    Asked(Arc<Kept>),
    /// The cache, after its time.
    Stale(Arc<Kept>),
    /// Nobody answers.
    Nobody,
}

/// The servers outside and what they said.
pub(crate) struct Outside {
    pool: Option<Pool>,
    cache: Cache,
    failed: Moka<Key, Instant>,
    under_way: Mutex<HashMap<Key, watch::Receiver<Outcome>>>,
    places: Arc<Tally<Client>>,
}

impl Outside {
    pub(crate) fn new(servers: &[SocketAddr]) -> Self {
        let failed = Moka::builder().max_capacity(FAILURES).time_to_live(AGAIN).build();
        let pool = if servers.is_empty() { None } else { pool(servers) };
        Self {
            pool,
            cache: Cache::new(),
            failed,
            under_way: Mutex::default(),
            places: Arc::default(),
        }
    }

    /// Answers in the cache, about.
    pub(crate) fn kept(&self) -> u64 {
        self.cache.len()
    }

    /// What is in the cache in its time.
    pub(crate) fn at_hand(&self, key: &Key) -> Option<Arc<Kept>> {
        self.cache.get(key).filter(|kept| kept.is_fresh())
    }

    /// What is known, though it may be older than it was good for (RFC 8767).
    pub(crate) fn old(&self, key: &Key) -> Option<Arc<Kept>> {
        self.cache.get(key).filter(|kept| kept.may_be_stale())
    }

    /// A place for one question more of this client, unless it has as many as it may.
    pub(crate) fn place(&self, client: Client) -> Option<Place<Client>> {
        let most = if client == Client::Own { MOST_OF_OURS } else { MOST_OF_ONE };
        self.places.take(client, most)
    }

    /// The answer, from wherever it can be had. The place is taken until it is there, and as long as
    /// somebody outside is being asked for it.
    pub(crate) async fn find(self: &Arc<Self>, key: Key, place: Place<Client>) -> Found {
        let place = Arc::new(place);
        let kept = self.cache.get(&key);
        if let Some(kept) = kept.as_ref().filter(|kept| kept.is_fresh()) {
            return Found::Kept(Arc::clone(kept));
        }
        let old = kept.filter(|kept| kept.may_be_stale());
        let failed = self.failed.get(&key).map(|at| at.elapsed());
        let rest = if old.is_some() { AGAIN } else { FAILED };
        let (wait, instead) = match old {
            Some(old) => (WAIT, Found::Stale(old)),
            None => (PATIENCE + WAIT, Found::Nobody),
        };
        if failed.is_some_and(|since| since < rest) {
            return instead;
        }
        let Some(mut answer) = self.ask(key, &place) else { return instead };
        match timeout(wait, answer.wait_for(Option::is_some)).await {
            Ok(Ok(answer)) => match answer.as_ref() {
                Some(Ok(kept)) => Found::Asked(Arc::clone(kept)),
                _ => instead,
            },
            _ => instead,
        }
    }

    /// The question that is under way, or a new one. It goes on when nobody waits any more.
    fn ask(
        self: &Arc<Self>,
        key: Key,
        place: &Arc<Place<Client>>,
    ) -> Option<watch::Receiver<Outcome>> {
        let pool = self.pool.clone()?;
        let mut under_way = self.under_way();
        if let Some(answer) = under_way.get(&key) {
            return Some(answer.clone());
        }
        if under_way.len() >= MOST {
            return None;
        }
        let (tell, answer) = watch::channel(None);
        under_way.insert(key.clone(), answer.clone());
        drop(under_way);
        let (this, place) = (Arc::clone(self), Arc::clone(place));
        let asking = Asking { of: Arc::clone(self), key: key.clone() };
        tokio::spawn(async move {
            let said = ask(&pool, &key).await;
            let said = said.map(Arc::new).inspect_err(|error| {
                tracing::debug!(name = %key.0, kind = %key.1, error, "no answer from outside");
            });
            match &said {
                Ok(kept) => {
                    this.failed.invalidate(&key);
                    this.cache.put(key.clone(), Arc::clone(kept));
                }
                Err(_) => this.failed.insert(key.clone(), Instant::now()),
            }
            drop((asking, place));
            tell.send_replace(Some(said.map_err(drop)));
        });
        Some(answer)
    }

    fn under_way(&self) -> MutexGuard<'_, HashMap<Key, watch::Receiver<Outcome>>> {
        self.under_way.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A question under way. However it ends, it can be asked again then.
struct Asking {
    of: Arc<Outside>,
    key: Key,
}

impl Drop for Asking {
    fn drop(&mut self) {
        self.of.under_way().remove(&self.key);
    }
}

async fn ask(pool: &Pool, (name, kind): &Key) -> Result<Kept, String> {
    let mut options = DnsRequestOptions::default();
    options.edns_payload_len = UDP_MOST;
    let asked = pool.lookup(Query::query(name.clone(), *kind), options).first_answer();
    match timeout(PATIENCE, asked).await {
        Err(_) => Err("time is over".to_owned()),
        Ok(Ok(response)) => answered(name, response),
        Ok(Err(NetError::Dns(DnsError::NoRecordsFound(none)))) => {
            let is_sound =
                matches!(none.response_code, ResponseCode::NoError | ResponseCode::NXDomain);
            // Without a SOA and with servers it is a referral: the server does not ask for others.
            if !is_sound || (none.soa.is_none() && none.ns.is_some()) {
                return Err(format!("it says {}", none.response_code));
            }
            let soa = none.soa.into_iter().map(|soa| soa.into_record_of_rdata());
            Ok(Kept::new(none.response_code, Vec::new(), soa.collect()))
        }
        Ok(Err(error)) => Err(error.to_string()),
    }
}

/// What of an answer belongs to the question: the name's own records and those that its aliases
/// lead to. Whatever else a server says nobody asked for.
fn answered(name: &Name, response: DnsResponse) -> Result<Kept, String> {
    let message = response.into_message();
    let code = message.metadata.response_code;
    let mut wanted = vec![name.clone()];
    let mut answers = Vec::new();
    for record in message.answers {
        if !wanted.contains(&record.name) {
            continue;
        }
        if let RData::CNAME(alias) = &record.data {
            if wanted.len() > ALIASES {
                return Err(format!("its answer has more than {ALIASES} aliases"));
            }
            wanted.push(alias.0.clone());
        }
        answers.push(record);
    }
    if answers.is_empty() {
        return Err("its answer is to another question".to_owned());
    }
    let is_soa = |record: &Record| matches!(record.data, RData::SOA(_));
    let authorities = message.authorities.into_iter().filter(is_soa).collect();
    Ok(Kept::new(code, answers, authorities))
}

fn pool(servers: &[SocketAddr]) -> Option<Pool> {
    // There is none; it cannot fail.
    let tls = TlsConfig::new().ok()?;
    let server = |at: &SocketAddr| {
        let ways = [ConnectionConfig::udp(), ConnectionConfig::tcp()].map(|mut way| {
            way.port = at.port();
            way
        });
        NameServerConfig::new(at.ip(), true, ways.to_vec())
    };
    let mut options = ResolverOpts::default();
    options.timeout = PATIENCE;
    options.case_randomization = true;
    options.edns_payload_len = UDP_MOST;
    options.max_active_requests = MOST;
    // One dead server of two must not double the wait: they are asked side by side.
    options.num_concurrent_reqs = 2;
    options.server_ordering_strategy = ServerOrderingStrategy::UserProvidedOrder;
    let context = PoolContext::new(options, tls);
    let provider = TokioRuntimeProvider::default();
    Some(Pool::from_config(servers.iter().map(server), Arc::new(context), provider))
}

#[cfg(test)]
mod tests {
    use hickory_resolver::proto::op::{Message, OpCode};
    use hickory_resolver::proto::rr::RecordType;
    use hickory_resolver::proto::rr::rdata::{A, CNAME};

    use super::*;

    fn alias(number: usize) -> Name {
        Name::from_ascii(format!("n{number}.example.")).unwrap()
    }

    /// covers: G6
    #[test]
    fn a_chain_of_aliases_has_an_end() {
        let chain = |length: usize| {
            let mut message = Message::response(0, OpCode::Query);
            for number in 0..length {
                let data = RData::CNAME(CNAME(alias(number + 1)));
                message.add_answer(Record::from_rdata(alias(number), 60, data));
            }
            let data = RData::A(A::new(192, 0, 2, 1));
            message.add_answer(Record::from_rdata(alias(length), 60, data));
            answered(&alias(0), DnsResponse::from_message(message).unwrap())
        };
        assert!(chain(ALIASES).is_ok());
        assert!(chain(ALIASES + 1).is_err());
    }

    /// covers: G6, N9.2
    #[tokio::test]
    async fn a_question_whose_task_breaks_can_be_asked_again() {
        let outside = Arc::new(Outside::new(&[]));
        let key = (alias(0), RecordType::A);
        let (_tell, answer) = watch::channel(None);
        outside.under_way().insert(key.clone(), answer);
        let asking = Asking { of: Arc::clone(&outside), key };
        let task = tokio::spawn(async move {
            let _asking = asking;
            panic!("as a fault of the package that asks would");
        });
        assert!(task.await.unwrap_err().is_panic());
        assert!(outside.under_way().is_empty());
    }
}
