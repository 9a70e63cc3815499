//! A `netd` that takes every change of the rules and tells what the test says of the kernel,
//! behind the real protocol.

use std::path::Path;
use std::sync::{Arc, Mutex};

use ets_model::Policy;
use ets_netd_api::{
    Apply, Connection, Drift, Pending, Plan, Reach, Reply, Request, RulesNow, greet,
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
    pub(crate) reach: Reach,
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
                let reach = Reach { change: self.change, ..self.reach.clone() };
                Reply::Reach(Box::new(reach))
            }
            Request::RulesText => Reply::Text("table inet ets {\n}\n".into()),
            _ => Reply::Refused("not here".into()),
        }
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
