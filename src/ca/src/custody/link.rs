//! The sessions on a token: opened as they are needed, given up together.
//!
//! When a session ends (the token was pulled out, its machine is away) all of them are, and the next
//! signature finds the token again and logs in anew.

use std::sync::atomic::Ordering;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use cryptoki::context::Pkcs11;
use cryptoki::object::ObjectHandle;
use cryptoki::session::Session;
use rcgen::SubjectPublicKeyInfo;

use super::module::{self, Open};
use super::pin::Refused;
use super::pkcs11::{Seen, Token, TokenError};
use super::scheme::Scheme;

/// A token that could not be reached is looked for again after so long.
const PAUSE: Duration = Duration::from_secs(1);
/// Signed when a token is found, with random octets behind it, so that its key is seen to be the right
/// one. It is no certificate.
const CHALLENGE: &[u8] = b"ETS Hub asks whether this is the key of its issuing authority";

/// What all threads share.
pub(super) struct Link {
    place: Token,
    public: SubjectPublicKeyInfo,
    scheme: Scheme,
    refused: Refused,
    seen: Arc<Seen>,
    state: Mutex<State>,
    /// A session was given back.
    freed: Condvar,
}

#[derive(Default)]
struct State {
    module: Option<Pkcs11>,
    /// Sessions of an older one are dead.
    generation: u64,
    /// Its key was seen to be the right one in this generation, and it was not away since.
    is_proved: bool,
    idle: Vec<Seat>,
    out: usize,
    /// As many sessions as the token has; nought while that is not known.
    most: usize,
    failed: Option<(Instant, TokenError)>,
    /// What was said last, so that it is said once.
    told: Option<TokenError>,
}

/// A session that signs.
struct Seat {
    session: Open,
    key: ObjectHandle,
    generation: u64,
}

impl Link {
    /// To the key in `place` that belongs to a public one.
    pub(super) fn new(
        (place, public, scheme): (Token, SubjectPublicKeyInfo, Scheme),
        refused: Refused,
        seen: Arc<Seen>,
    ) -> Self {
        let (state, freed) = (Mutex::default(), Condvar::new());
        Self { place, public, scheme, refused, seen, state, freed }
    }

    /// How the token was lately.
    pub(super) fn seen(&self) -> &Seen {
        &self.seen
    }

    /// Signs; where there is nothing to sign, a challenge, as a session that waits says nothing about
    /// the token. A session may have died since it was last used, so a failure is tried once more with
    /// a new one.
    pub(super) fn answer(&self, input: Option<&[u8]>) -> Result<Vec<u8>, TokenError> {
        let first = self.seat()?;
        if let Ok(raw) = self.answer_on(first, input) {
            return Ok(raw);
        }
        let second = self.seat()?;
        self.answer_on(second, input).inspect_err(|error| self.fail(&mut self.state(), error))
    }

    fn answer_on(&self, seat: Seat, input: Option<&[u8]>) -> Result<Vec<u8>, TokenError> {
        let answered = match input {
            Some(input) => self.sign(&seat.session, seat.key, input),
            None => self.prove(&seat.session, seat.key).map(|()| Vec::new()),
        };
        match answered {
            Ok(_) => self.give_back(seat),
            Err(_) => self.give_up(seat),
        }
        answered
    }

    fn sign(
        &self,
        session: &Session,
        key: ObjectHandle,
        input: &[u8],
    ) -> Result<Vec<u8>, TokenError> {
        Ok(session.sign(&self.scheme.mechanism(), key, input)?)
    }

    /// Whether the key is the authority's: it signs what nobody has seen before.
    fn prove(&self, session: &Session, key: ObjectHandle) -> Result<(), TokenError> {
        let mut fresh = [0; 32];
        getrandom::fill(&mut fresh).map_err(|error| TokenError::Device(error.to_string()))?;
        let challenge = [CHALLENGE, &fresh].concat();
        let raw = self.sign(session, key, &self.scheme.input(&challenge))?;
        let proof = self.scheme.signature(&raw, &challenge, &self.public);
        let (token, key) = (self.place.token.clone(), self.place.key.clone());
        proof.map(drop).ok_or(TokenError::Other { token, key })
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A session that waits, or a new one.
    fn seat(&self) -> Result<Seat, TokenError> {
        let mut state = self.state();
        loop {
            if let Some(seat) = state.idle.pop() {
                state.out += 1;
                return Ok(seat);
            }
            if let Some((at, error)) = &state.failed
                && at.elapsed() < PAUSE
            {
                return Err(error.clone());
            }
            let is_full = state.most > 0 && state.out >= state.most;
            if !is_full {
                match self.connect(&mut state) {
                    Err(TokenError::Busy) if state.out > 0 => state.most = state.out,
                    Err(error) => {
                        self.fail(&mut state, &error);
                        return Err(error);
                    }
                    Ok(seat) => {
                        state.out += 1;
                        self.recover(&mut state);
                        return Ok(seat);
                    }
                }
            }
            let waited = self.freed.wait_timeout(state, PAUSE);
            state = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    fn give_back(&self, seat: Seat) {
        let mut state = self.state();
        state.out -= 1;
        if seat.generation == state.generation {
            self.seen.is_well.store(true, Ordering::Relaxed);
            state.idle.push(seat);
        }
        self.freed.notify_one();
    }

    /// All sessions of a generation die together.
    fn give_up(&self, seat: Seat) {
        let mut state = self.state();
        state.out -= 1;
        if seat.generation == state.generation {
            state.generation += 1;
            state.is_proved = false;
            state.most = 0;
            state.idle.clear();
        }
        drop(seat);
        self.seen.is_well.store(false, Ordering::Relaxed);
        self.freed.notify_all();
    }

    fn fail(&self, state: &mut State, error: &TokenError) {
        state.failed = Some((Instant::now(), error.clone()));
        state.is_proved = false;
        self.seen.is_well.store(false, Ordering::Relaxed);
        if state.told.as_ref() != Some(error) {
            tracing::error!(%error, "the issuing key cannot sign");
            state.told = Some(error.clone());
        }
    }

    fn recover(&self, state: &mut State) {
        state.failed = None;
        self.seen.is_well.store(true, Ordering::Relaxed);
        if state.told.take().is_some() {
            tracing::info!(token = self.place.token, "the issuing key signs again");
        }
    }

    /// A new session. A module may have to begin anew to find what came back.
    fn connect(&self, state: &mut State) -> Result<Seat, TokenError> {
        let was_loaded = state.module.is_some();
        let module = match &state.module {
            Some(module) => module.clone(),
            None => state.module.insert(module::load(&self.place.module)?).clone(),
        };
        match self.attach(&module, state) {
            Err(error) if was_loaded && state.out == 0 && error.may_pass() => {
                module::begin_anew(&module, &self.place.module)?;
                self.attach(&module, state)
            }
            other => other,
        }
    }

    fn attach(&self, module: &Pkcs11, state: &mut State) -> Result<Seat, TokenError> {
        let session = module::open(module, &self.place, &self.refused, false)?;
        let key = module::private(&session, &self.place)?;
        if !state.is_proved {
            self.prove(&session, key)?;
            state.is_proved = true;
        }
        Ok(Seat { session, key, generation: state.generation })
    }
}
