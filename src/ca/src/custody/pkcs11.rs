//! The issuing key on a PKCS #11 token: threads sign, so that nobody waits for a module without an
//! end, which may block for as long as it likes.

use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender, SyncSender};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use cryptoki::error::{Error as Cryptoki, RvError};
use rcgen::{PublicKeyData, SignatureAlgorithm, SubjectPublicKeyInfo};

use super::Passphrase;
use super::link::Link;
use super::module;
use super::pin::Refused;
use super::scheme::Scheme;

/// So many signatures are under way at once: a token behind a network answers slowly, and to many.
const THREADS: usize = 8;
/// A token is silent when nobody had an answer for so long.
const WAIT: Duration = Duration::from_secs(5);
/// Nobody waits longer, also where others are answered.
const LONGEST: Duration = Duration::from_secs(60);
/// Of a silent token nobody expects much: who stands in turn behind a signature is not kept.
const GLANCE: Duration = Duration::from_millis(100);
/// A module that does not come to an end holds up the end of the process no longer.
const FAREWELL: Duration = Duration::from_secs(2);

/// Where the issuing key is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Token {
    /// The PKCS #11 module: a shared library of the token's maker.
    pub module: PathBuf,
    /// The token's label.
    pub token: String,
    /// The label of its private key, and of the public one.
    pub key: String,
    /// A file that holds the PIN of the token's user.
    pub pin: PathBuf,
}

impl Token {
    pub(super) fn read_pin(&self) -> Result<Passphrase, TokenError> {
        let text = std::fs::read_to_string(&self.pin);
        let text = text.map_err(|error| error.to_string()).map(|text| Passphrase::new(&text));
        match text {
            Ok(pin) if pin.is_empty() => Err("it is empty".to_owned()),
            other => other,
        }
        .map_err(|why| TokenError::PinFile { path: self.pin.clone(), why })
    }
}

/// Why a token does not sign. What was to be signed was not handed out.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TokenError {
    /// The module cannot be loaded or begun.
    #[error("{path} is no PKCS#11 module that can be used, see module in [pki]: {why}")]
    Module {
        /// Which file.
        path: PathBuf,
        /// What the system or the module says.
        why: String,
    },
    /// No slot has the token.
    #[error("the token \"{token}\" is not there: put it in, or see to the machine that has it")]
    Absent {
        /// Its label.
        token: String,
    },
    /// The file with the PIN cannot be used.
    #[error("{path} with the token's PIN cannot be used: {why}")]
    PinFile {
        /// Which file.
        path: PathBuf,
        /// The system's reason.
        why: String,
    },
    /// The token refused the PIN.
    #[error(
        "the token \"{token}\" refuses the PIN in {pin}, which is not tried again: put the right one there, or remove {mark} if it is right by now"
    )]
    Pin {
        /// The token's label.
        token: String,
        /// The file with the PIN.
        pin: PathBuf,
        /// Where it is remembered.
        mark: PathBuf,
    },
    /// One more wrong PIN locks the token.
    #[error(
        "the token \"{token}\" takes one more PIN before it locks, which is left to a person: log in once with the tool of its maker"
    )]
    LastTry {
        /// Its label.
        token: String,
    },
    /// Too many wrong PINs.
    #[error(
        "the token \"{token}\" is locked after wrong PINs: unlock it with the tool of its maker"
    )]
    Locked {
        /// Its label.
        token: String,
    },
    /// There is not exactly one private key of that name.
    #[error("the token \"{token}\" has {count} private keys \"{key}\", and one is needed")]
    Keys {
        /// The token's label.
        token: String,
        /// The key's label.
        key: String,
        /// How many.
        count: usize,
    },
    /// There is no public key beside the private one.
    #[error("the token \"{token}\" has no public key beside its private key \"{key}\"")]
    NoPublic {
        /// The token's label.
        token: String,
        /// The key's label.
        key: String,
    },
    /// The key is of a kind or size that an authority does not use.
    #[error(
        "the key \"{key}\" on the token \"{token}\" cannot be an issuing key: use EC on P-256 or P-384, or RSA of 3072 bits and more"
    )]
    Unfit {
        /// The token's label.
        token: String,
        /// The key's label.
        key: String,
    },
    /// The token has the key of another authority.
    #[error(
        "the key \"{key}\" on the token \"{token}\" is not that of the issuing certificate: put the right token in, or see token and key in [pki]"
    )]
    Other {
        /// The token's label.
        token: String,
        /// The key's label.
        key: String,
    },
    /// A signature is not right.
    #[error("the token \"{token}\" gave a signature that is wrong: have it looked at")]
    Wrong {
        /// Its label.
        token: String,
    },
    /// The module has not answered in time.
    #[error("the token \"{token}\" does not answer")]
    Silent {
        /// Its label.
        token: String,
    },
    /// The token has as many sessions as it can.
    #[error("the token has as many sessions as it can")]
    Busy,
    /// The module's own words.
    #[error("the token does not sign: {0}")]
    Device(String),
}

impl TokenError {
    /// Whether it is no matter of a token that is away, but of one that is not the authority's.
    pub(crate) fn is_other_key(&self) -> bool {
        matches!(
            self,
            Self::Keys { .. } | Self::NoPublic { .. } | Self::Unfit { .. } | Self::Other { .. }
        )
    }

    /// Whether it may have gone when the module begins anew.
    pub(super) fn may_pass(&self) -> bool {
        matches!(self, Self::Module { .. } | Self::Absent { .. } | Self::Device(_))
    }
}

impl From<Cryptoki> for TokenError {
    fn from(error: Cryptoki) -> Self {
        match error {
            Cryptoki::Pkcs11(RvError::SessionCount, _) => Self::Busy,
            error => Self::Device(module::said(&error)),
        }
    }
}

/// A key on a token. Its threads end when it is dropped.
pub(crate) struct TokenKey {
    public: SubjectPublicKeyInfo,
    scheme: Scheme,
    token: String,
    /// None once it is dropped.
    jobs: Option<Sender<Job>>,
    threads: Vec<JoinHandle<()>>,
    seen: Arc<Seen>,
}

/// How the token was lately.
#[derive(Default)]
pub(super) struct Seen {
    /// It signed when it was last asked to.
    pub(super) is_well: AtomicBool,
    /// It let somebody wait in vain, and has not answered since.
    is_silent: AtomicBool,
    /// How many were answered.
    answers: AtomicU64,
}

impl Seen {
    fn answered(&self) {
        self.answers.fetch_add(1, Ordering::Relaxed);
        self.is_silent.store(false, Ordering::Relaxed);
    }
}

struct Job {
    /// None where it is only asked whether the token is there.
    input: Option<Vec<u8>>,
    /// Held by whoever still waits.
    wanted: Weak<()>,
    done: SyncSender<Result<Vec<u8>, TokenError>>,
}

impl TokenKey {
    /// The key in `place` that belongs to `public`. The token is not asked before it is needed.
    ///
    /// # Errors
    /// [`TokenError::Unfit`]; when the system gives no threads.
    pub(super) fn new(
        place: Token,
        public: SubjectPublicKeyInfo,
        refused: Refused,
    ) -> Result<Self, TokenError> {
        let unfit = || TokenError::Unfit { token: place.token.clone(), key: place.key.clone() };
        let scheme = Scheme::of(&public).ok_or_else(unfit)?;
        let (jobs, inbox) = mpsc::channel();
        let (token, seen) = (place.token.clone(), Arc::<Seen>::default());
        let link = Link::new((place, public.clone(), scheme), refused, Arc::clone(&seen));
        let shared = Arc::new((link, Mutex::new(inbox)));
        let threads: std::io::Result<Vec<_>> = (0..THREADS)
            .map(|_| {
                let (shared, builder) = (Arc::clone(&shared), std::thread::Builder::new());
                builder.name("ca-token".to_owned()).spawn(move || work(&shared.0, &shared.1))
            })
            .collect();
        let threads = threads.map_err(|error| TokenError::Device(error.to_string()))?;
        Ok(Self { public, scheme, token, jobs: Some(jobs), threads, seen })
    }

    /// Whether it signed when it was last asked to.
    pub(crate) fn is_well(&self) -> bool {
        self.seen.is_well.load(Ordering::Relaxed)
    }

    /// Whether it could sign now: the token is there and logged in. Blocks.
    ///
    /// # Errors
    /// What is in the way.
    pub(crate) fn ready(&self) -> Result<(), TokenError> {
        self.ask(None).map(drop)
    }

    /// Signs; the signature was verified. Blocks, for five seconds where the token is silent.
    ///
    /// # Errors
    /// Why the token does not sign.
    pub(crate) fn sign(&self, message: &[u8]) -> Result<Vec<u8>, TokenError> {
        let raw = self.ask(Some(self.scheme.input(message)))?;
        let signature = self.scheme.signature(&raw, message, &self.public);
        signature.ok_or_else(|| {
            // It may be another token: it is asked before anything more is written down for it.
            self.seen.is_well.store(false, Ordering::Relaxed);
            TokenError::Wrong { token: self.token.clone() }
        })
    }

    fn ask(&self, input: Option<Vec<u8>>) -> Result<Vec<u8>, TokenError> {
        let (done, told) = mpsc::sync_channel(1);
        let silent = || TokenError::Silent { token: self.token.clone() };
        let (waiting, begun) = (Arc::new(()), Instant::now());
        let job = Job { input, wanted: Arc::downgrade(&waiting), done };
        let jobs = self.jobs.as_ref().ok_or_else(silent)?;
        jobs.send(job).map_err(|_| silent())?;
        loop {
            let answers = self.seen.answers.load(Ordering::Relaxed);
            let is_silent = self.seen.is_silent.load(Ordering::Relaxed);
            match told.recv_timeout(if is_silent { GLANCE } else { WAIT }) {
                Ok(answer) => return answer,
                Err(RecvTimeoutError::Disconnected) => return Err(silent()),
                Err(RecvTimeoutError::Timeout) => {}
            }
            // Where others are answered, it is a matter of the turn.
            if answers == self.seen.answers.load(Ordering::Relaxed) || begun.elapsed() > LONGEST {
                self.seen.is_silent.store(true, Ordering::Relaxed);
                self.seen.is_well.store(false, Ordering::Relaxed);
                return Err(silent());
            }
        }
    }
}

impl Drop for TokenKey {
    /// The sessions are closed when this returns, unless the token is silent: a module that is used
    /// while the process ends may crash it.
    fn drop(&mut self) {
        drop(self.jobs.take());
        if self.seen.is_silent.load(Ordering::Relaxed) {
            return;
        }
        let begun = Instant::now();
        while !self.threads.iter().all(JoinHandle::is_finished) {
            if begun.elapsed() > FAREWELL {
                tracing::warn!(token = self.token, "the token is left in the midst of its work");
                return;
            }
            std::thread::sleep(Duration::from_millis(2));
        }
        for thread in self.threads.drain(..) {
            drop(thread.join());
        }
    }
}

impl PublicKeyData for TokenKey {
    fn der_bytes(&self) -> &[u8] {
        self.public.der_bytes()
    }

    fn algorithm(&self) -> &'static SignatureAlgorithm {
        self.public.algorithm()
    }
}

fn work(link: &Link, inbox: &Mutex<Receiver<Job>>) {
    loop {
        let job = inbox.lock().unwrap_or_else(PoisonError::into_inner).recv();
        let Ok(job) = job else { return };
        // Whoever asked has gone.
        if job.wanted.strong_count() == 0 {
            continue;
        }
        let answer = link.answer(job.input.as_deref());
        link.seen().answered();
        drop(job.done.send(answer));
    }
}
