//! What lies on one token shares its fate.

use super::*;

/// Three certificates of one person, each renewed by the next, all valid.
async fn chain(ground: &Ground, subject: &str) -> [Order; 3] {
    let first = ground.person(subject).await;
    let second = ground.renew(&first).await.unwrap();
    let third = ground.renew(&second).await.unwrap();
    [first, second, third]
}

/// covers: T1.3, T1.4
#[tokio::test]
async fn what_happens_to_the_token_happens_to_all_certificates_on_it() {
    let store = TestStore::sqlite(&migrations()).await;
    let ground = Ground::open(&store, soon()).await;
    let all = chain(&ground, PERSON).await;
    let stages = async || {
        let [a, b, c] = &all;
        [ground.stage(a).await, ground.stage(b).await, ground.stage(c).await]
    };
    for lost in 0..3 {
        let mut expected = [Stage::Suspended; 3];
        expected[lost] = Stage::Lost;
        ground.desk.lose(all[lost].id, &officer()).await.unwrap();
        assert_eq!(stages().await, expected);
        ground.desk.find_again(all[lost].id, &officer()).await.unwrap();
        assert_eq!(stages().await, [Stage::Active; 3]);
    }
    let card = ("day card".to_owned(), Some(request()));
    ground.desk.stand_in(all[2].id, 9, card, &officer()).await.unwrap();
    assert_eq!(stages().await, [Stage::Suspended; 3]);
    ground.desk.find_again(all[2].id, &officer()).await.unwrap();
    // While all are good, the next one comes in the place of the newest.
    let wrong = ground.desk.reissue(all[0].id, "T-2".to_owned(), None, &officer()).await;
    assert!(matches!(wrong, Err(Error::Replaced(_, id)) if id == all[1].id), "{wrong:?}");
    ground.desk.lose(all[0].id, &officer()).await.unwrap();
    let (token, request) = ("T-2".to_owned(), Some(request()));
    let next = ground.desk.reissue(all[0].id, token, request, &officer()).await.unwrap();
    ground.desk.issue(next.id, None, &officer()).await.unwrap();
    assert_eq!(stages().await, [Stage::Revoked; 3]);
    assert_eq!(ground.stage(&next).await, Stage::Issued);
}

/// covers: T1.3, T1.4
#[tokio::test]
async fn whose_key_is_in_foreign_hands_loses_all_that_lies_on_the_token() {
    let store = TestStore::sqlite(&migrations()).await;
    let ground = Ground::open(&store, soon()).await;
    // The one before the last is dead already, the first one was issued without an order.
    let wanted = Wanted {
        profile: "civil-servant".to_owned(),
        subject: PERSON.parse().unwrap(),
        names: Vec::new(),
        until: None,
    };
    let issued = ground.ca.issue(wanted, Some(request().as_bytes()), &officer()).await.unwrap();
    let first = ground.ca.find(issued.serial).await.unwrap();
    let held = (first.serial, first.id());
    let second = ground.desk.renew(held, &request(), &owner()).await.unwrap();
    let third = ground.renew(&second).await.unwrap();
    ground.desk.end_renewed(ground.held(&third).await, &owner()).await.unwrap();
    assert_eq!(ground.stage(&third).await, Stage::Active);
    ground.compromised(third.serial.unwrap()).await.unwrap();
    for serial in [first.serial, third.serial.unwrap()] {
        let dead = ground.ca.find(serial).await.unwrap();
        assert_eq!((dead.state, dead.reason), (State::Revoked, Some(Reason::KeyCompromise)));
    }
    let again = ground.compromised(third.serial.unwrap()).await;
    assert!(matches!(again, Err(Error::Ca(ets_ca::Error::Over(..)))), "{again:?}");
    // The database cannot say what lies beside: it follows.
    let [a, b, c] = chain(&ground, "CN=Dana").await;
    ground.sql("ALTER TABLE token_order RENAME TO away").await;
    let owed = ground.compromised(b.serial.unwrap()).await;
    assert!(matches!(owed, Err(Error::Ca(ets_ca::Error::Owed(_)))), "{owed:?}");
    assert!(ground.is_out(&b).await && !ground.is_out(&a).await);
    ground.sql("ALTER TABLE away RENAME TO token_order").await;
    let follows = async {
        while !(ground.is_out(&a).await && ground.is_out(&c).await) {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(10), follows).await.expect("they follow");
}

/// covers: T1.3, T1.4, T-7
#[tokio::test]
async fn all_on_a_lost_token_bite_at_once_and_each_although_another_one_fails() {
    let store = TestStore::sqlite(&migrations()).await;
    let ground = Ground::open(&store, soon()).await;
    let all = chain(&ground, PERSON).await;
    let are_out = async || {
        let [a, b, c] = &all;
        [ground.is_out(a).await, ground.is_out(b).await, ground.is_out(c).await]
    };
    let busy = Busy::begin(&ground.store).await;
    let (desk, id) = (ground.desk.clone(), all[0].id);
    let losing = tokio::spawn(async move { desk.lose(id, &officer()).await });
    let bitten = async {
        while are_out().await != [true; 3] {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(10), bitten)
        .await
        .expect("all of them bite meanwhile");
    assert!(!losing.is_finished(), "the database has not taken it yet");
    busy.end().await;
    losing.await.unwrap().unwrap();
    ground.desk.find_again(id, &officer()).await.unwrap();
    // The database takes nothing: the first one is out before it, which is a refusal of its own.
    ground.sql("ALTER TABLE journal_entry RENAME TO away").await;
    let owed = ground.ca.suspend(all[0].serial.unwrap(), &officer()).await;
    assert!(matches!(owed, Err(ets_ca::Error::Owed(_))), "{owed:?}");
    assert_eq!(are_out().await, [true, false, false]);
    let refused = ground.desk.lose(id, &officer()).await;
    assert!(matches!(refused, Err(Error::Ca(ets_ca::Error::Over(..)))), "{refused:?}");
    assert_eq!(are_out().await, [true; 3]);
}

/// covers: T1.3, T1.4
#[tokio::test]
async fn a_renewal_that_waits_is_not_issued_once_the_token_is_lost() {
    let store = TestStore::sqlite(&migrations()).await;
    let ground = Ground::open(&store, Rules { four_eyes: true, ..Rules::default() }).await;
    let [a, b] = [ground.person("CN=a").await, ground.person("CN=b").await];
    ground.before_the_end(&a, 5).await;
    let [of_a, of_b] = [ground.renew(&a).await.unwrap(), ground.renew(&b).await.unwrap()];
    for order in [&of_a, &of_b] {
        ground.desk.confirm(order.id, &officer()).await.unwrap();
    }
    ground.desk.lose(a.id, &officer()).await.unwrap();
    let late = ground.desk.issue(of_a.id, None, &officer()).await;
    assert!(matches!(late, Err(Error::NotNow(_, Stage::Refused))), "{late:?}");
    ground.ca.revoke(b.serial.unwrap(), Reason::KeyCompromise, &officer()).await.unwrap();
    let late = ground.desk.issue(of_b.id, None, &officer()).await;
    assert!(matches!(late, Err(Error::Withdrawn(_))), "{late:?}");
}

/// covers: T1.3, T1.4
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_renewal_and_the_report_of_the_loss_at_once_leave_nothing_that_opens() {
    let store = TestStore::sqlite(&migrations()).await;
    let ground = Ground::open(&store, Rules::default()).await;
    for round in 0..20 {
        let old = ground.person(&format!("CN=person {round}")).await;
        ground.before_the_end(&old, 5).await;
        let (held, request) = (ground.held(&old).await, request());
        let desk = ground.desk.clone();
        let renewing =
            tokio::spawn(async move { desk.renew(held, &request, &owner()).await.is_ok() });
        tokio::time::sleep(Duration::from_micros(round * 300)).await;
        ground.desk.lose(old.id, &officer()).await.unwrap();
        let is_renewed = renewing.await.unwrap();
        assert_eq!(ground.stage(&old).await, Stage::Lost);
        if let Some(new) = ground.desk.renewed_by(held.0).await.unwrap() {
            let stage = ground.stage(&new).await;
            assert!(!stage.opens(), "{round}: {stage:?}, renewed: {is_renewed}");
        }
    }
}
