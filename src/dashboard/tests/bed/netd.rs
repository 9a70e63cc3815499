//! A `netd` that takes every change of the rules and tells what the test says of the kernel,
//! behind the real protocol.

use std::path::Path;
use std::sync::{Arc, Mutex};

use ets_model::{Arm, Policy};
use ets_netd_api::{
    Apply, Connection, Drift, Pending, Plan, Reach, Reply, Request, RulesNow, Subject, greet,
};
use ets_runtime::stamp_now;
use tokio::net::UnixListener;
use tokio::task::JoinHandle;

/// What it has, and what it is to say.
#[derive(Default)]
pub(crate) struct Kernel {
    change: u64,
    policy: Option<Policy>,
    pending: Option<(Pending, Option<Policy>)>,
    /// `None`: who may reach what is as the policy wishes.
    pub(crate) reach: Option<Reach>,
    pub(crate) drift: Vec<Drift>,
}

/// The process; ends with its value.
pub(crate) struct Netd {
    pub(crate) kernel: Arc<Mutex<Kernel>>,
    server: JoinHandle<()>,
}

impl Netd {
    pub(crate) fn start(path: &Path) -> Self {
        let listener = UnixListener::bind(path).unwrap();
        let kernel = Arc::<Mutex<Kernel>>::default();
        let server = tokio::spawn(serve(listener, kernel.clone()));
        Self { kernel, server }
    }

    /// Ends: whoever asks from now on hears nothing.
    pub(crate) fn end(&self) {
        self.server.abort();
    }
}

async fn serve(listener: UnixListener, kernel: Arc<Mutex<Kernel>>) {
    loop {
        let (stream, _) = listener.accept().await.unwrap();
        let mut connection = Connection::new(stream);
        if greet(&mut connection).await.is_err() {
            continue;
        }
        if let Ok(Some(request)) = connection.receive::<Request>("a request").await {
            let reply = kernel.lock().unwrap().reply(request);
            let _ = connection.send(&reply).await;
        }
    }
}

impl Kernel {
    fn reply(&mut self, request: Request) -> Reply {
        match request {
            Request::Rules => self.now(),
            Request::Apply(wish) => self.apply(*wish),
            Request::Confirm { .. } => {
                self.pending = None;
                self.now()
            }
            Request::Withdraw { .. } => {
                if let Some((pending, policy)) = self.pending.take() {
                    (self.change, self.policy) = (pending.back_to, policy);
                }
                self.now()
            }
            Request::Plan(_) => {
                let (added, removed) = (vec!["tcp dport 25 accept".into()], Vec::new());
                Reply::Plan(Box::new(Plan { added, removed }))
            }
            Request::Reach => {
                let reach = self.reach.clone().unwrap_or_else(|| self.as_wished());
                Reply::Reach(Box::new(Reach { change: self.change, ..reach }))
            }
            Request::RulesText => Reply::Text("table inet ets {\n}\n".into()),
            _ => Reply::Refused("not here".into()),
        }
    }

    /// What a kernel without a fault lets through.
    pub(crate) fn as_wished(&self) -> Reach {
        let policy = self.policy.clone().unwrap_or_default();
        let services: Vec<_> = policy.services.iter().map(|service| service.no).collect();
        let row = |arm: &Arm| {
            let mut row = Subject { segment: arm.no, ..Subject::default() };
            let reached = services.iter().enumerate();
            reached.filter(|(_, no)| policy.may(arm.no, **no)).for_each(|(at, _)| row.set(at));
            row
        };
        let segments: Vec<_> = policy.arms.iter().map(row).collect();
        let (at, count) = (stamp_now(), segments.len() as u64);
        let pairs = count * count.saturating_sub(1);
        Reach { services, segments, pairs, at, ..Reach::default() }
    }

    fn apply(&mut self, apply: Apply) -> Reply {
        let (back_to, former) = (self.change, self.policy.take());
        (self.change, self.policy) = (apply.change, Some(apply.policy));
        if let Some(within) = apply.confirm_within {
            let now = stamp_now();
            let until = now.at(now.boot + within);
            let pending = Pending { change: apply.change, author: apply.author, until, back_to };
            self.pending = Some((pending, former));
        }
        self.now()
    }

    fn now(&self) -> Reply {
        Reply::Rules(Box::new(RulesNow {
            change: self.change,
            policy: self.policy.clone(),
            pending: self.pending.as_ref().map(|(pending, _)| pending.clone()),
            drift: self.drift.clone(),
            compared: Some(stamp_now()),
            problem: String::new(),
        }))
    }
}
