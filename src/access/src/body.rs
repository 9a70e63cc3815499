//! Bodies on their way through: streamed, never gathered, and held to what is allowed.

use std::pin::Pin;
use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use hyper::body::{Body, Frame, Incoming, SizeHint};
use tokio::time::{Instant, Sleep, sleep_until};

use crate::Timeouts;
use crate::headers::clean_trailers;
use crate::holders::InFlight;
use crate::streams::Leash;
use crate::upstream::Lease;
use crate::visit::Visit;

type Fault = Box<dyn std::error::Error + Send + Sync>;
type Polled = Poll<Option<Result<Frame<Bytes>, Fault>>>;

/// Why the body of a request was not passed on to its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[repr(u8)]
pub(crate) enum Broken {
    #[error("the client broke off")]
    Client = 1,
    #[error("the body is larger than allowed")]
    TooLarge,
    #[error("the body comes too slowly")]
    TooSlow,
    #[error("the right is gone")]
    Lost,
}

/// Where the sender of a request finds out how its body fares.
#[derive(Clone, Debug, Default)]
pub(crate) struct Verdict(Arc<Fate>);

#[derive(Debug, Default)]
struct Fate {
    why: AtomicU8,
    with_service: Mutex<Option<Instant>>,
}

impl Verdict {
    /// Why it broke off.
    pub(crate) fn get(&self) -> Option<Broken> {
        let all = [Broken::Client, Broken::TooLarge, Broken::TooSlow, Broken::Lost];
        all.into_iter().find(|one| *one as u8 == self.0.why.load(Ordering::SeqCst))
    }

    /// Since when the service has all that there is so far and it is its turn to take it, or to
    /// answer; `None` while it waits for the client.
    pub(crate) fn with_service(&self) -> Option<Instant> {
        *self.0.with_service.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn is_with_service(&self) {
        self.turn(Some(Instant::now()));
    }

    fn turn(&self, since: Option<Instant>) {
        *self.0.with_service.lock().unwrap_or_else(PoisonError::into_inner) = since;
    }
}

/// The body of a request.
#[derive(Debug)]
pub(crate) struct Upload(Option<Box<Sending>>);

#[derive(Debug)]
struct Sending {
    body: Incoming,
    leash: Leash,
    left: u64,
    begun: Instant,
    passed: u64,
    allowed: Timeouts,
    deadline: Pin<Box<Sleep>>,
    verdict: Verdict,
}

impl Upload {
    pub(crate) fn empty() -> Self {
        Self(None)
    }

    /// At most `max_body` bytes of a body, as long as they come fast enough and the right stands.
    pub(crate) fn new(body: Incoming, leash: Leash, verdict: Verdict) -> Self {
        let route = &leash.way.route;
        let (left, allowed, begun) = (route.max_body, route.timeouts, Instant::now());
        let deadline = Box::pin(sleep_until(begun + allowed.upload));
        let sending = Sending { body, leash, left, begun, passed: 0, allowed, deadline, verdict };
        Self(Some(Box::new(sending)))
    }
}

impl Sending {
    fn poll(&mut self, context: &mut Context<'_>) -> Polled {
        if !self.leash.holds() {
            return self.broken(Broken::Lost);
        }
        let polled = Pin::new(&mut self.body).poll_frame(context);
        self.verdict.turn(polled.is_ready().then(Instant::now));
        let mut frame = match polled {
            Poll::Pending => return self.wait(context),
            Poll::Ready(None) => return Poll::Ready(None),
            Poll::Ready(Some(Err(_))) => return self.broken(Broken::Client),
            Poll::Ready(Some(Ok(frame))) => frame,
        };
        if let Some(trailers) = frame.trailers_mut() {
            clean_trailers(trailers);
        }
        let length = frame.data_ref().map_or(0, |data| data.len() as u64);
        let Some(left) = self.left.checked_sub(length) else {
            return self.broken(Broken::TooLarge);
        };
        self.left = left;
        self.passed += length;
        self.leash.way.counters.up.add(length);
        self.leash.visit.touch();
        let (patience, slowest) = (self.allowed.upload, self.allowed.slowest.max(1));
        let on_average = self.begun + patience + Duration::from_secs(self.passed / slowest);
        self.deadline.as_mut().reset(on_average.min(Instant::now() + patience));
        Poll::Ready(Some(Ok(frame)))
    }

    fn wait(&mut self, context: &mut Context<'_>) -> Polled {
        if self.leash.poll_lost(context).is_ready() {
            return self.broken(Broken::Lost);
        }
        match self.deadline.as_mut().poll(context) {
            Poll::Ready(()) => self.broken(Broken::TooSlow),
            Poll::Pending => Poll::Pending,
        }
    }

    fn broken(&self, why: Broken) -> Polled {
        self.verdict.0.why.store(why as u8, Ordering::SeqCst);
        Poll::Ready(Some(Err(why.into())))
    }
}

impl Body for Upload {
    type Data = Bytes;
    type Error = Fault;

    fn poll_frame(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Polled {
        match &mut self.0 {
            None => Poll::Ready(None),
            Some(sending) => sending.poll(context),
        }
    }

    fn is_end_stream(&self) -> bool {
        self.0.as_ref().is_none_or(|sending| sending.body.is_end_stream())
    }

    fn size_hint(&self) -> SizeHint {
        self.0.as_ref().map_or_else(|| SizeHint::with_exact(0), |sending| sending.body.size_hint())
    }
}

/// The body of an answer.
#[derive(Debug)]
pub(crate) enum Download {
    /// Of a page of our own.
    Own {
        /// The page.
        body: axum::body::Body,
        /// With what the connection ends.
        _farewell: Option<Farewell>,
    },
    /// Of a service.
    Passing(Box<Passing>),
}

impl Download {
    /// A page of our own.
    pub(crate) fn own(body: axum::body::Body) -> Self {
        Self::Own { body, _farewell: None }
    }

    /// A page of our own with which the connection ends.
    pub(crate) fn last(body: axum::body::Body, farewell: Farewell) -> Self {
        Self::Own { body, _farewell: Some(farewell) }
    }
}

#[derive(Debug)]
pub(crate) struct Passing {
    pub(crate) body: Incoming,
    pub(crate) lease: Option<Lease>,
    pub(crate) leash: Leash,
    /// A stream of events may be silent for ever, and what it says is no act of the reader.
    pub(crate) is_events: bool,
    pub(crate) deadline: Option<Pin<Box<Sleep>>>,
    pub(crate) _in_flight: InFlight,
}

#[derive(Debug, thiserror::Error)]
enum Ended {
    #[error("the right is gone")]
    Lost,
    #[error("the service says nothing any more")]
    Quiet,
}

impl Passing {
    fn poll(&mut self, context: &mut Context<'_>) -> Polled {
        if !self.leash.holds() {
            return Poll::Ready(Some(Err(Ended::Lost.into())));
        }
        match Pin::new(&mut self.body).poll_frame(context) {
            Poll::Pending => self.wait(context),
            Poll::Ready(Some(Ok(frame))) => {
                self.deadline = None;
                let length = frame.data_ref().map_or(0, Bytes::len);
                self.leash.way.counters.down.add(length as u64);
                if !self.is_events {
                    self.leash.visit.touch();
                }
                if self.body.is_end_stream() {
                    self.finish();
                }
                Poll::Ready(Some(Ok(frame)))
            }
            Poll::Ready(None) => {
                self.finish();
                Poll::Ready(None)
            }
            Poll::Ready(Some(Err(error))) => {
                self.leash.way.counters.faults.add(1);
                Poll::Ready(Some(Err(error.into())))
            }
        }
    }

    fn wait(&mut self, context: &mut Context<'_>) -> Polled {
        if self.leash.poll_lost(context).is_ready() {
            return Poll::Ready(Some(Err(Ended::Lost.into())));
        }
        if self.is_events {
            return Poll::Pending;
        }
        let quiet = self.leash.way.route.timeouts.quiet;
        let deadline =
            self.deadline.get_or_insert_with(|| Box::pin(sleep_until(Instant::now() + quiet)));
        match deadline.as_mut().poll(context) {
            Poll::Ready(()) => Poll::Ready(Some(Err(Ended::Quiet.into()))),
            Poll::Pending => Poll::Pending,
        }
    }

    fn finish(&mut self) {
        if let Some(lease) = self.lease.take() {
            lease.give_back();
        }
    }
}

impl Body for Download {
    type Data = Bytes;
    type Error = Fault;

    fn poll_frame(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Polled {
        match &mut *self {
            Self::Own { body, .. } => Pin::new(body).poll_frame(context).map_err(Into::into),
            Self::Passing(passing) => passing.poll(context),
        }
    }

    fn is_end_stream(&self) -> bool {
        match self {
            Self::Own { body, .. } => body.is_end_stream(),
            Self::Passing(passing) => passing.body.is_end_stream(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match self {
            Self::Own { body, .. } => body.size_hint(),
            Self::Passing(passing) => passing.body.size_hint(),
        }
    }
}

/// Ends a connection soon after its last answer was handed over.
#[derive(Debug)]
pub(crate) struct Farewell(pub(crate) Arc<Visit>);

/// For the last answer to get out.
const LAST: Duration = Duration::from_millis(100);

impl Drop for Farewell {
    fn drop(&mut self) {
        let cut = self.0.client.cut.clone();
        // At the end of the process there is nothing to wait for.
        let Ok(runtime) = tokio::runtime::Handle::try_current() else { return cut.cancel() };
        runtime.spawn(async move {
            tokio::time::sleep(LAST).await;
            cut.cancel();
        });
    }
}
