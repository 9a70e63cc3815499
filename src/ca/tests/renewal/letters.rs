//! Who is told that his certificate ends, and when.

use super::*;

async fn letters(store: &Store) -> Vec<ets_notify::Kept> {
    let mut all = Vec::new();
    while let Some(one) = ets_notify::find(store, LetterId(all.len() as i64 + 1)).await.unwrap() {
        all.push(one);
    }
    all
}

async fn each_lead_time_brings_one_letter_in_the_owners_language(store: TestStore) {
    let ground = Ground::open(&store, Rules::default()).await;
    let order = ground.person(PERSON).await;
    let serial = order.serial.unwrap();
    let days = [14, 3, 30];
    assert_eq!(ground.notices(&days).look().await.unwrap(), 0);
    for (left, expected) in [(31, 0), (30, 1), (29, 1), (14, 2), (13, 2), (2, 3), (1, 3)] {
        ground.before_the_end(&order, left).await;
        // Each look is that of another process: nothing is remembered but in the database.
        ground.notices(&days).look().await.unwrap();
        ground.notices(&days).look().await.unwrap();
        assert_eq!(letters(&store).await.len(), expected, "{left} days before the end");
    }
    ground.before_the_end(&order, 0).await;
    assert_eq!(ground.notices(&days).look().await.unwrap(), 0);
    let all = letters(&store).await;
    assert!(all.iter().all(|one| one.to == "person@ets.kz"), "{all:?}");
    assert_eq!(all[0].subject, "Сертификатыңыздың мерзімі 30 күннен кейін аяқталады");
    assert!(all[0].text.contains("Айгүл Омарова") && all[0].text.contains(&serial.to_string()));
    assert!(all[0].text.contains("https://portal.ets.kz/me/renew"), "{}", all[0].text);
    let told: Vec<u32> = told(&store, serial).await.unwrap().iter().map(|one| one.days).collect();
    assert_eq!(told, [30, 14, 3]);
    let noted = ground.actions().await.iter().filter(|(one, _)| one == "token.notice").count();
    assert_eq!(noted, 3);
}

ets_store::on_both_databases!(
    /// covers: T1.4
    told_once,
    &migrations(),
    each_lead_time_brings_one_letter_in_the_owners_language
);

/// covers: T1.4
#[tokio::test]
async fn who_needs_no_notice_gets_none() {
    let store = TestStore::sqlite(&migrations()).await;
    let ground = Ground::open(&store, Rules::default()).await;
    let [renewed, revoked, lost, silent, late] =
        ["CN=renewed", "CN=revoked", "CN=lost", "CN=silent", "CN=late"]
            .map(|name| ground.person(name));
    let [renewed, revoked, lost, silent, late] =
        [renewed.await, revoked.await, lost.await, silent.await, late.await];
    ground.before_the_end(&renewed, 10).await;
    ground.renew(&renewed).await.unwrap();
    ground.ca.revoke(revoked.serial.unwrap(), Reason::Superseded, &officer()).await.unwrap();
    let card = ("day card".to_owned(), Some(request()));
    let day = ground.desk.stand_in(lost.id, 9, card, &officer()).await.unwrap();
    ground.desk.issue(day.id, None, &officer()).await.unwrap();
    ground.desk.tell_at(silent.id, Contact::default(), &officer()).await.unwrap();
    // Ten days before the end, the nearest lead time alone is told.
    assert_eq!(ground.notices(&[30, 14, 3]).look().await.unwrap(), 1);
    let told = told(&store, late.serial.unwrap()).await.unwrap();
    assert_eq!(told.iter().map(|one| one.days).collect::<Vec<_>>(), [14]);
    // The renewed one that is lost is no successor any more.
    let new = ground.desk.renewed_by(renewed.serial.unwrap()).await.unwrap().unwrap();
    ground.ca.revoke(new.serial.unwrap(), Reason::Unspecified, &officer()).await.unwrap();
    assert_eq!(ground.notices(&[30, 14, 3]).look().await.unwrap(), 1);
}

/// covers: T1.4
#[tokio::test]
async fn a_letter_that_was_refused_is_written_anew_to_another_address() {
    let store = TestStore::sqlite(&migrations()).await;
    let ground = Ground::open(&store, Rules::default()).await;
    let order = ground.person("CN=a").await;
    ground.before_the_end(&order, 10).await;
    ground.notices(&[14]).look().await.unwrap();
    let sql = "UPDATE notify_letter SET state = 'failed', words = '550 no such person'";
    let refused = store
        .write(move |tx: &mut Tx<'_>| Box::pin(async move { tx.execute(sql, &values![]).await }));
    refused.await.unwrap();
    assert_eq!(ground.notices(&[14]).look().await.unwrap(), 0, "it is not tried by itself");
    let contact = Contact { email: Some("other@ets.kz".parse().unwrap()), lang: Lang::En };
    ground.desk.tell_at(order.id, contact, &officer()).await.unwrap();
    assert_eq!(ground.notices(&[14]).look().await.unwrap(), 1);
    let all = letters(&store).await;
    assert_eq!((all.len(), all[1].to.as_str()), (2, "other@ets.kz"));
    assert_eq!(all[1].subject, "Your certificate ends in 10 days");
    // One that was delivered is not written again.
    let sql = "UPDATE notify_letter SET state = 'sent'";
    let sent = store
        .write(move |tx: &mut Tx<'_>| Box::pin(async move { tx.execute(sql, &values![]).await }));
    sent.await.unwrap();
    ground.desk.tell_at(order.id, Contact::default(), &officer()).await.unwrap();
    let contact = Contact { email: Some("third@ets.kz".parse().unwrap()), lang: Lang::Ru };
    ground.desk.tell_at(order.id, contact, &officer()).await.unwrap();
    assert_eq!(ground.notices(&[14]).look().await.unwrap(), 0);
}

/// covers: T1.4
#[tokio::test]
async fn who_cannot_be_told_keeps_no_other_one_from_it_and_a_machine_is_led_to_no_page() {
    let store = TestStore::sqlite(&migrations()).await;
    let ground = Ground::open(&store, Rules::default()).await;
    let [one, two, three, person] =
        ["CN=a", "CN=b", "CN=c", "CN=d"].map(|name| ground.person(name));
    let [one, two, three, person] = [one.await, two.await, three.await, person.await];
    let name = "gw-1.ets.localhost";
    let router = New {
        names: vec![name.to_owned()],
        request: Some(request()),
        ..new("router", &format!("CN={name}"))
    };
    let router = ground.desk.order(router, &officer()).await.unwrap();
    ground.desk.issue(router.id, None, &officer()).await.unwrap();
    ground.before_the_end(&person, 10).await;
    let spoil =
        |what: &str, of: &Order| format!("UPDATE token_order SET {what} WHERE id = {}", of.id);
    ground.sql(spoil("profile = 'of another release'", &one)).await;
    ground.sql(spoil("email = 'nobody'", &two)).await;
    ground.sql(spoil("serial = 'none'", &three)).await;
    let serial = three.serial.unwrap();
    ground
        .sql(format!("UPDATE ca_certificate SET serial = 'none' WHERE serial = '{serial}'"))
        .await;
    assert_eq!(ground.notices(&[14]).look().await.unwrap(), 2);
    let all = letters(&store).await;
    let leads = |text: &str| (text.contains("/me/renew"), text.contains("EST"));
    let text = |of: Option<Serial>| {
        let serial = of.unwrap().to_string();
        all.iter().find(|one| one.text.contains(&serial)).map(|one| leads(&one.text))
    };
    let router = ground.desk.find(router.id).await.unwrap();
    assert_eq!(
        (text(person.serial), text(router.serial)),
        (Some((true, false)), Some((false, true)))
    );
}
