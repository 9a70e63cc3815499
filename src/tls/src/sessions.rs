//! TLS sessions that may be resumed, by the certificate that opened them, so that they can be
//! dropped with it: who left, was idle for long or was revoked signs with the token again.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use rustls::server::StoresServerSessions;

use crate::CertId;

/// Sessions that are kept; two belong to a TLS 1.3 handshake. A token signs slowly and one
/// connection at a time, so that who comes back with a session spares its owner a second and a PIN.
pub(crate) const MOST: usize = 20_000;
/// How long after the signature a session may be resumed: a working day.
const LIFE: Duration = Duration::from_secs(8 * 3600);
/// So many drops are remembered by certificate; a handshake that is older than all of them keeps
/// no session.
const REMEMBERED: usize = 1024;

/// All sessions of one acceptor. Never shared between two that verify differently.
#[derive(Debug)]
pub(crate) struct Sessions(Mutex<Kept>);

#[derive(Debug)]
struct Kept {
    by_key: HashMap<Vec<u8>, Session>,
    by_certificate: HashMap<CertId, Vec<Vec<u8>>>,
    /// Of those who proved a certificate, and of those who proved none: strangers come as often as
    /// they like, and must not take the place of anybody.
    known: Share,
    nobody: Share,
    drops: u64,
    dropped: VecDeque<(u64, CertId)>,
}

#[derive(Debug, Default)]
struct Share {
    most: usize,
    kept: usize,
    /// The oldest first; keys that are gone already are passed over.
    order: VecDeque<Vec<u8>>,
}

#[derive(Clone, Debug)]
struct Session {
    secrets: Vec<u8>,
    of: Option<CertId>,
    signed: Instant,
}

impl Sessions {
    /// None yet; of those without a certificate at most so many will be kept.
    pub(crate) fn new(nobody: usize) -> Arc<Self> {
        let share = |most| Share { most, ..Share::default() };
        let (by_key, by_certificate, drops, dropped) = <_>::default();
        let (known, nobody) = (share(MOST), share(nobody));
        Arc::new(Self(Mutex::new(Kept { by_key, by_certificate, known, nobody, drops, dropped })))
    }

    /// What one handshake sees of the store.
    pub(crate) fn handshake(self: &Arc<Self>) -> Arc<Handshake> {
        let begun = self.kept().drops;
        let (found, made) = (Mutex::default(), Mutex::default());
        Arc::new(Handshake { sessions: Arc::clone(self), begun, found, made })
    }

    /// Drops the sessions of a certificate, those of handshakes that are under way too. Answers
    /// how many there were.
    pub(crate) fn drop_of(&self, id: CertId) -> usize {
        let mut kept = self.kept();
        kept.drops += 1;
        let drop = (kept.drops, id);
        kept.dropped.push_back(drop);
        if kept.dropped.len() > REMEMBERED {
            kept.dropped.pop_front();
        }
        let keys = kept.by_certificate.remove(&id).unwrap_or_default();
        let count = keys.iter().filter(|key| kept.by_key.remove(*key).is_some()).count();
        kept.known.kept -= count;
        count
    }

    fn kept(&self) -> MutexGuard<'_, Kept> {
        // One call leaves it whole, or a session short: then a handshake is a full one.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Kept {
    fn is_dropped_since(&self, begun: u64, id: CertId) -> bool {
        let forgotten = self.dropped.front().is_some_and(|(first, _)| *first > begun + 1);
        forgotten || self.dropped.iter().any(|(drop, of)| *drop > begun && *of == id)
    }

    fn insert(&mut self, key: Vec<u8>, session: Session) {
        let of = session.of;
        if self.share(of).most == 0 {
            return;
        }
        while let Some(oldest) = self.share(of).displaced() {
            self.remove(&oldest);
        }
        if let Some(id) = of {
            self.by_certificate.entry(id).or_default().push(key.clone());
        }
        let share = self.share(of);
        share.kept += 1;
        share.order.push_back(key.clone());
        self.by_key.insert(key, session);
    }

    fn share(&mut self, of: Option<CertId>) -> &mut Share {
        if of.is_some() { &mut self.known } else { &mut self.nobody }
    }

    fn remove(&mut self, key: &[u8]) -> Option<Session> {
        let session = self.by_key.remove(key)?;
        self.share(session.of).kept -= 1;
        if let Some(id) = session.of
            && let Some(keys) = self.by_certificate.get_mut(&id)
        {
            keys.retain(|one| one != key);
            if keys.is_empty() {
                self.by_certificate.remove(&id);
            }
        }
        Some(session)
    }
}

impl Share {
    /// The oldest key, where one more has no room.
    fn displaced(&mut self) -> Option<Vec<u8>> {
        let is_full = self.kept >= self.most || self.order.len() >= 2 * self.most;
        if is_full { self.order.pop_front() } else { None }
    }
}

/// The store as one handshake sees it: what it makes is kept once the client was admitted, under
/// the certificate that it proved, and with the moment of the signature that it goes back to.
#[derive(Debug)]
pub(crate) struct Handshake {
    sessions: Arc<Sessions>,
    begun: u64,
    found: Mutex<Option<Instant>>,
    made: Mutex<Vec<(Vec<u8>, Vec<u8>)>>,
}

impl Handshake {
    /// Keeps what was made. `of` is whose certificate was proved, `resumed` whether the handshake
    /// was short. Answers when the client last proved that it holds its key.
    pub(crate) fn keep(&self, of: Option<CertId>, resumed: bool) -> Instant {
        let found = resumed.then(|| *locked(&self.found)).flatten();
        let signed = found.unwrap_or_else(Instant::now);
        let mut kept = self.sessions.kept();
        if !of.is_some_and(|id| kept.is_dropped_since(self.begun, id)) {
            for (key, secrets) in locked(&self.made).drain(..) {
                kept.insert(key, Session { secrets, of, signed });
            }
        }
        signed
    }

    /// Whether the sessions of this certificate were dropped since the handshake began.
    pub(crate) fn is_dropped(&self, id: CertId) -> bool {
        self.sessions.kept().is_dropped_since(self.begun, id)
    }

    fn find(&self, session: Option<Session>) -> Option<Vec<u8>> {
        let session = session.filter(|session| session.signed.elapsed() < LIFE)?;
        *locked(&self.found) = Some(session.signed);
        Some(session.secrets)
    }
}

impl StoresServerSessions for Handshake {
    fn put(&self, key: Vec<u8>, value: Vec<u8>) -> bool {
        locked(&self.made).push((key, value));
        true
    }

    fn get(&self, key: &[u8]) -> Option<Vec<u8>> {
        let session = self.sessions.kept().by_key.get(key).cloned();
        self.find(session)
    }

    fn take(&self, key: &[u8]) -> Option<Vec<u8>> {
        let session = self.sessions.kept().remove(key);
        self.find(session)
    }

    fn can_cache(&self) -> bool {
        true
    }
}

fn locked<T>(part: &Mutex<T>) -> MutexGuard<'_, T> {
    part.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(number: u8) -> CertId {
        CertId::new(b"issuer", &[number])
    }

    fn kept(sessions: &Arc<Sessions>, key: &[u8], of: u8) {
        let handshake = sessions.handshake();
        handshake.put(key.to_vec(), vec![of]);
        handshake.keep(Some(id(of)), false);
    }

    /// covers: T2.3
    #[test]
    fn who_leaves_takes_his_sessions_along_and_nobody_elses() {
        let sessions = Sessions::new(MOST);
        kept(&sessions, b"a", 1);
        kept(&sessions, b"b", 2);
        assert_eq!(sessions.drop_of(id(1)), 1);
        assert_eq!(sessions.handshake().take(b"a"), None);
        assert_eq!(sessions.handshake().take(b"b"), Some(vec![2]));
        assert_eq!(sessions.drop_of(id(2)), 0, "a ticket is good once");
    }

    /// covers: T2.3
    #[test]
    fn a_handshake_that_was_under_way_when_its_owner_left_keeps_no_session() {
        let sessions = Sessions::new(MOST);
        let (his, other) = (sessions.handshake(), sessions.handshake());
        sessions.drop_of(id(1));
        his.put(b"a".to_vec(), vec![1]);
        other.put(b"b".to_vec(), vec![2]);
        his.keep(Some(id(1)), true);
        other.keep(Some(id(2)), false);
        assert!(his.is_dropped(id(1)) && !other.is_dropped(id(2)));
        assert_eq!(sessions.handshake().take(b"a"), None);
        assert_eq!(sessions.handshake().take(b"b"), Some(vec![2]));
        for number in 0..REMEMBERED {
            sessions.drop_of(CertId::new(b"many", &number.to_be_bytes()));
        }
        assert!(other.is_dropped(id(2)), "what was forgotten counts as dropped");
        assert!(!sessions.handshake().is_dropped(id(2)));
    }

    /// covers: T2.3
    #[test]
    fn a_resumed_session_is_as_old_as_its_signature() {
        let sessions = Sessions::new(MOST);
        let first = sessions.handshake();
        first.put(b"a".to_vec(), vec![1]);
        let signed = first.keep(Some(id(1)), false);
        let second = sessions.handshake();
        assert!(second.take(b"a").is_some());
        second.put(b"b".to_vec(), vec![1]);
        assert_eq!(second.keep(Some(id(1)), true), signed);
        let third = sessions.handshake();
        assert!(third.take(b"b").is_some());
        assert_eq!(third.keep(Some(id(1)), true), signed);
        let full = sessions.handshake();
        assert!(full.keep(Some(id(1)), false) >= signed);
    }

    /// covers: T-8: who has no certificate cannot make the tokens of others sign again
    #[test]
    fn strangers_take_the_place_of_strangers_only() {
        let sessions = Sessions::new(5);
        kept(&sessions, b"a", 1);
        let stranger = |number: usize| {
            let handshake = sessions.handshake();
            handshake.put(number.to_be_bytes().to_vec(), Vec::new());
            handshake.keep(None, false);
        };
        (0..MOST + 10).for_each(stranger);
        {
            let kept = sessions.kept();
            assert_eq!((kept.by_key.len(), kept.nobody.kept, kept.known.kept), (6, 5, 1));
        }
        assert!(sessions.handshake().take(&(MOST + 9).to_be_bytes()).is_some());
        assert!(sessions.handshake().take(&0_usize.to_be_bytes()).is_none());
        assert_eq!(sessions.handshake().take(b"a"), Some(vec![1]));
        let closed = Sessions::new(0);
        let handshake = closed.handshake();
        handshake.put(b"b".to_vec(), Vec::new());
        handshake.keep(None, false);
        assert!(closed.handshake().take(b"b").is_none(), "none is kept at all");
    }

    /// covers: T-8: memory is bounded
    #[test]
    fn the_oldest_sessions_make_room() {
        let sessions = Sessions::new(MOST);
        for number in 0..MOST + 10 {
            let handshake = sessions.handshake();
            handshake.put(number.to_be_bytes().to_vec(), Vec::new());
            handshake.keep(Some(id(1)), false);
        }
        let kept = sessions.kept();
        assert_eq!((kept.by_key.len(), kept.by_certificate[&id(1)].len()), (MOST, MOST));
        drop(kept);
        assert_eq!(sessions.drop_of(id(1)), MOST);
        assert_eq!(sessions.kept().known.kept, 0);
    }
}
