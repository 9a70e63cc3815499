//! Any sequence of edits, changes, reverts and deaths ends with rights equal to those of the
//! version in force, and rules that are what they and the registry make.

use ets_rules::{Edit, Error, Shaping, Wish};
use ets_store::testing::TestStore;
use proptest::prelude::*;

use crate::hub::{Hub, Place, migrations, wait};
use crate::netd::{Netd, Next};
use crate::star::{grant, id, segment, service, who, withdraw};

#[derive(Clone, Copy, Debug)]
enum Act {
    Grant(u8, u8),
    Withdraw(u8, u8),
    Add(u8),
    Retire(u8),
    BringBack(u8),
    Shape(u8),
    Undo,
    Restore(u8),
    Apply(u8),
    Confirm,
    WithdrawChange,
    Expire,
    Veto,
    RestartNetd,
    KillServe,
    NewSegment,
    RetireSegment(u8),
    TryAgain,
}

fn act() -> impl Strategy<Value = Act> {
    prop_oneof![
        1 => (1..6_u8, 0..4_u8).prop_map(|(a, b)| Act::Grant(a, b)),
        1 => (1..6_u8, 0..4_u8).prop_map(|(a, b)| Act::Withdraw(a, b)),
        1 => (0..4_u8).prop_map(Act::Add),
        1 => (0..4_u8).prop_map(Act::Retire),
        1 => (0..4_u8).prop_map(Act::BringBack),
        1 => (1..6_u8).prop_map(Act::Shape),
        1 => Just(Act::Undo),
        1 => (1..6_u8).prop_map(Act::Restore),
        5 => (0..8_u8).prop_map(Act::Apply),
        2 => Just(Act::Confirm),
        1 => Just(Act::WithdrawChange),
        2 => Just(Act::Expire),
        1 => Just(Act::Veto),
        1 => Just(Act::RestartNetd),
        1 => Just(Act::KillServe),
        1 => Just(Act::NewSegment),
        1 => (1..6_u8).prop_map(Act::RetireSegment),
        1 => Just(Act::TryAgain),
    ]
}

const NAMES: [&str; 4] = ["mail", "web", "dns", "fax"];

struct World {
    place: Place,
    store: TestStore,
    netd: Option<Netd>,
    hub: Option<Hub>,
    segments: u32,
}

impl World {
    async fn new() -> Self {
        let place = Place::new();
        let store = TestStore::sqlite(&migrations()).await;
        let netd = Some(Netd::start(&place.socket()));
        let hub = Some(place.start(&store).await);
        let world = Self { place, store, netd, hub, segments: 4 };
        world.quiet().await;
        world
    }

    fn hub(&self) -> &Hub {
        self.hub.as_ref().unwrap()
    }

    fn netd(&self) -> &Netd {
        self.netd.as_ref().unwrap()
    }

    /// Waits until serve has heard of everything, and has done by itself what it does.
    async fn quiet(&self) {
        wait("quiet", async || {
            let (state, life) = (self.hub().rules.state(), self.netd().life(|life| life.clone()));
            let pending = life.pending.as_ref().map(|(pending, _)| pending.change);
            let settled = state.change() == life.change
                && state.waiting.as_ref().map(|waiting| waiting.change) == pending
                && state.policy() == life.policy.as_ref().unwrap_or(state.policy());
            let followed = pending.is_some()
                || state.differs.is_some()
                || life.policy.as_ref() == Some(&self.hub().rules.wanted());
            settled && followed && self.open().await == u32::from(pending.is_some())
        })
        .await;
    }

    /// Versions whose fate is open.
    async fn open(&self) -> u32 {
        let sql = "SELECT COUNT(*) AS many FROM rules_version WHERE state IN ('sent', 'waiting')";
        self.store.query_one(sql, &[]).await.unwrap().number("many").unwrap()
    }

    async fn edit(&self, edit: Edit) {
        match self.hub().rules.edit(&who("aida"), vec![edit]).await {
            Ok(_) | Err(Error::Invalid(_)) => {}
            Err(error) => panic!("{error}"),
        }
    }

    async fn act(&mut self, act: Act) {
        let rules = self.hub().rules.clone();
        let name = |at: u8| NAMES[at as usize];
        let waiting = rules.state().waiting.as_ref().map_or(0, |waiting| waiting.change);
        match act {
            Act::Grant(no, at) => self.edit(grant(&format!("s{no}"), name(at))).await,
            Act::Withdraw(no, at) => self.edit(withdraw(&format!("s{no}"), name(at))).await,
            Act::Add(at) => {
                let service = service(name(at), 100 + u16::from(at));
                self.edit(Edit::AddService { service }).await;
            }
            Act::Retire(at) => self.edit(Edit::RetireService { service: id(name(at)) }).await,
            Act::BringBack(at) => self.edit(Edit::BringBack { service: id(name(at)) }).await,
            Act::Shape(no) => {
                let to = no.is_multiple_of(2).then_some(Shaping::Contract);
                self.edit(Edit::Shape { segment: id(&format!("s{no}")), to }).await;
            }
            Act::Undo => {
                if let Some(step) = rules.draft("aida").steps.first() {
                    rules.undo("aida", step.no).await.unwrap();
                }
            }
            Act::Restore(no) => drop(rules.restore(no.into(), &who("aida")).await),
            Act::Apply(next) => {
                self.netd().next(match next {
                    0 => Next::Refuse("no"),
                    1 => Next::Swallow,
                    2 => Next::Mute,
                    _ => Next::Take,
                });
                let _ = rules.apply(&who("aida"), Wish::default()).await;
                // What was not handed over leaves the next one as it was.
                self.netd().next(Next::Take);
            }
            Act::Confirm => drop(rules.confirm(waiting, &who("aida")).await),
            Act::WithdrawChange => drop(rules.withdraw(waiting, &who("bolat")).await),
            Act::Expire => self.netd().expire(),
            Act::Veto => self.netd().veto(&[1]),
            Act::RestartNetd => self.netd = Some(self.netd.take().unwrap().restart().await),
            Act::KillServe => {
                self.hub.take().unwrap().kill().await;
                self.store.reopen(&migrations()).await;
                self.hub = Some(self.place.start(&self.store).await);
            }
            Act::NewSegment => {
                self.segments += 1;
                let segment = segment(self.segments);
                self.hub().registry.create_segment(segment, &who("lab")).await.unwrap();
            }
            Act::RetireSegment(no) => {
                let catalog = self.hub().registry.catalog();
                if let Some(known) = catalog.segment(&format!("s{no}")) {
                    let (id, lab) = (known.id.as_str(), who("lab"));
                    let registry = &self.hub().registry;
                    registry.retire_segment(id, known.version, &lab).await.unwrap();
                }
            }
            Act::TryAgain => drop(rules.try_again(&who("aida"), Wish::default()).await),
        }
    }

    async fn holds(&self) {
        self.quiet().await;
        let state = self.hub().rules.state();
        let rights = self.hub().rules.rights_of(state.change()).await.unwrap();
        assert_eq!(*state.rights, rights, "the rights are those of the version in force");
        let policy = self.hub().rules.policy_of(state.change()).await.unwrap();
        assert_eq!(self.netd().policy(), policy, "and so is the policy");
        let version = state.version.clone().unwrap();
        assert!(version.state.stood() || state.waiting.is_some(), "{version:?}");
        let mut last = 0;
        for step in &self.hub().rules.draft("aida").steps {
            assert!(step.no > last);
            last = step.no;
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, max_shrink_iters: 40, ..ProptestConfig::default() })]

    /// covers: N2.3, D3
    #[test]
    fn rights_are_those_of_the_version_in_force_whatever_happens(
        acts in proptest::collection::vec(act(), 1..20),
    ) {
        tokio::runtime::Runtime::new().unwrap().block_on(async {
            let mut world = World::new().await;
            for act in acts {
                world.act(act).await;
                world.holds().await;
            }
            world.hub.take().unwrap().stop().await;
        });
    }
}
