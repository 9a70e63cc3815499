//! Accounts are bound to institutions, and belong to their keys.

use ets_enrol::{AccountKey, Error};
use ets_store::testing::Busy;
use serde_json::{Value, json};

use crate::client::{Client, binding, encoded, jwk, new_key, signed};
use crate::ground::{Ground, URL, officer, words};

/// covers: T1.2
#[tokio::test]
async fn an_account_is_made_with_an_institutions_key_and_with_nothing_else() {
    let ground = Ground::new().await;
    let eab = ground.account_key(1).await;
    let client = Client::new(&ground.enrol);
    let told = client.register(&json!({})).await.must_be(403);
    assert_eq!(told.problem(), "externalAccountRequired");
    let url = format!("{URL}/acme/new-account");
    let good = json!({ "alg": "HS256", "kid": eab.kid, "url": url });
    let with = |key: &str, value: Value| {
        let mut header = good.clone();
        header[key] = value;
        header
    };
    let own = jwk(&client.key);
    let forged = AccountKey { kid: eab.kid.clone(), hmac: encoded([7; 32]) };
    let none = AccountKey { kid: "0123456789abcdef".to_owned(), hmac: eab.hmac.clone() };
    let by_own_key = signed(&client.key, &with("alg", json!("ES256")), &own.to_string());
    for (name, bound) in [
        ("a forged seal", client.binding(&forged)),
        ("no such key", client.binding(&none)),
        ("another account's key", binding(&eab, &good, &jwk(&new_key()))),
        ("another address", binding(&eab, &with("url", json!(URL)), &own)),
        ("another algorithm", binding(&eab, &with("alg", json!("HS512")), &own)),
        ("no algorithm", binding(&eab, &with("alg", json!("none")), &own)),
        ("a nonce", binding(&eab, &with("nonce", json!("a")), &own)),
        ("a key in it", binding(&eab, &with("jwk", own.clone()), &own)),
        ("no kid", binding(&eab, &with("kid", Value::Null), &own)),
        ("a public key's signature", by_own_key),
        ("no JWS", json!("x")),
    ] {
        let told = client.register(&json!({ "externalAccountBinding": bound })).await;
        let problem = told.problem();
        assert!(["unauthorized", "malformed"].contains(&problem.as_str()), "{name}: {problem}");
    }
    let bound = json!({ "externalAccountBinding": client.binding(&eab) });
    let made = client.register(&bound).await.must_be(201);
    assert_eq!(made.json()["status"], "valid");
    let again = client.register(&json!({})).await.must_be(200);
    assert_eq!(again.header("location"), made.header("location"));
    // It was good for one.
    let second = Client::new(&ground.enrol);
    let told = second.register(&json!({ "externalAccountBinding": second.binding(&eab) })).await;
    assert_eq!((told.status.as_u16(), told.problem()), (403, "unauthorized".to_owned()));
    let told = second.register(&json!({ "onlyReturnExisting": true })).await.must_be(400);
    assert_eq!(told.problem(), "accountDoesNotExist");
    let listed = ground.enrol.account_keys().await.unwrap();
    assert_eq!((listed[0].accounts, listed[0].used), (1, 1));
    let kept = ground.store.query_one("SELECT secret FROM acme_key", &[]).await.unwrap();
    assert_eq!(kept.opt_blob("secret").unwrap(), None, "what is used up is forgotten");
    assert_eq!(ground.actions().await, ["acme.key.create", "acme.account.create"]);
}

/// covers: T1.2
#[tokio::test]
async fn an_officer_takes_a_key_back_and_its_accounts_with_it() {
    let ground = Ground::new().await;
    let eab = ground.account_key(5).await;
    let client = Client::bound(&ground.enrol, &eab).await;
    client.order(&["mail.akimat.test"]).await.must_be(201);
    ground.enrol.revoke_account_key(&eab.kid, &officer()).await.unwrap();
    let told = client.order(&["mail.akimat.test"]).await.must_be(403);
    assert_eq!(told.problem(), "unauthorized");
    let other = Client::new(&ground.enrol);
    let told = other.register(&json!({ "externalAccountBinding": other.binding(&eab) })).await;
    assert_eq!(told.problem(), "unauthorized");
    let again = ground.enrol.revoke_account_key(&eab.kid, &officer()).await;
    assert!(matches!(again, Err(Error::NoKey { .. })));
    let by = officer();
    for (institution, names) in [("", "a.test"), ("Akimat", "a b"), ("a\nb", "a.test")] {
        let made = ground.enrol.new_account_key(institution, &words(&[names]), 1, &by).await;
        assert!(made.is_err(), "{institution} {names}");
    }
    let made = ground.enrol.new_account_key("Akimat", &[], 1, &by).await;
    assert!(matches!(made, Err(Error::NoNames)));
}

/// covers: T1.2
#[tokio::test]
async fn an_account_is_changed_and_given_up_by_its_owner_alone() {
    let ground = Ground::new().await;
    let eab = ground.account_key(5).await;
    let mut client = Client::bound(&ground.enrol, &eab).await;
    let other = Client::bound(&ground.enrol, &eab).await;
    let own = client.kid.clone().unwrap();
    let mail = json!({ "contact": ["mailto:it@akimat.test"] }).to_string();
    assert_eq!(
        client.post(&own, &mail).await.must_be(200).json()["contact"][0],
        "mailto:it@akimat.test"
    );
    assert_eq!(
        client.post(&own, "").await.must_be(200).json()["contact"][0],
        "mailto:it@akimat.test"
    );
    assert_eq!(other.post(&own, &mail).await.problem(), "unauthorized");
    assert_eq!(other.post(&format!("{own}/orders"), "").await.problem(), "unauthorized");
    for (contact, kind) in [
        (json!(["tel:+7"]), "unsupportedContact"),
        (json!(["mailto:a@b?cc=c@d"]), "invalidContact"),
        (json!(["mailto:a@b,c@d"]), "invalidContact"),
        (json!(["mailto:nobody"]), "invalidContact"),
        (json!(vec!["mailto:a@b"; 6]), "invalidContact"),
        (json!("mailto:a@b"), "malformed"),
    ] {
        let told = client.post(&own, &json!({ "contact": contact }).to_string()).await;
        assert_eq!(told.problem(), kind, "{contact}");
    }
    let told = client.post(&own, r#"{"status":"revoked"}"#).await;
    assert_eq!(told.problem(), "malformed");
    client.order(&["a.akimat.test"]).await.must_be(201);
    let listed = client.post(&format!("{own}/orders"), "").await.must_be(200).json();
    assert_eq!(listed["orders"].as_array().unwrap().len(), 1);
    let gone = client.post(&own, r#"{"status":"deactivated"}"#).await.must_be(200).json();
    assert_eq!(gone["status"], "deactivated");
    assert_eq!(client.post(&own, "").await.problem(), "unauthorized");
    client.kid = None;
    assert_eq!(client.register(&json!({})).await.problem(), "unauthorized");
}

/// covers: T1.2
#[tokio::test]
async fn a_key_is_rolled_over_and_the_old_one_opens_nothing() {
    let ground = Ground::new().await;
    let eab = ground.account_key(5).await;
    let mut client = Client::bound(&ground.enrol, &eab).await;
    let other = Client::bound(&ground.enrol, &eab).await;
    let (kid, fresh) = (client.kid.clone().unwrap(), new_key());
    let url = format!("{URL}/acme/key-change");
    let good = json!({ "account": kid, "oldKey": jwk(&client.key) });
    let roll = |key, header: Value, said: &Value| signed(key, &header, &said.to_string());
    let header = |key, url: &str| json!({ "alg": "ES256", "jwk": jwk(key), "url": url });
    let foreign = json!({ "account": other.kid, "oldKey": jwk(&client.key) });
    let wrong = json!({ "account": kid, "oldKey": jwk(&fresh) });
    for (name, inner) in [
        ("another's account", roll(&fresh, header(&fresh, &url), &foreign)),
        ("another old key", roll(&fresh, header(&fresh, &url), &wrong)),
        ("another address", roll(&fresh, header(&fresh, URL), &good)),
        ("not by the new key", roll(&client.key, header(&fresh, &url), &good)),
    ] {
        let told = client.post("/acme/key-change", &inner.to_string()).await;
        assert_eq!(told.problem(), "malformed", "{name}");
    }
    let taken = roll(&other.key, header(&other.key, &url), &good).to_string();
    let told = client.post("/acme/key-change", &taken).await.must_be(409);
    assert_eq!(Some(told.header("location")), other.kid);
    let inner = roll(&fresh, header(&fresh, &url), &good).to_string();
    client.post("/acme/key-change", &inner).await.must_be(200);
    assert_eq!(client.post(&kid, "").await.problem(), "malformed", "the old key");
    client.key = fresh;
    client.post(&kid, "").await.must_be(200);
}

/// covers: T-8 (floods)
#[tokio::test]
async fn a_stranger_writes_nothing() {
    let ground = Ground::new().await;
    let client = Client::new(&ground.enrol);
    let none = AccountKey { kid: "0123456789abcdef".to_owned(), hmac: encoded([7; 32]) };
    let bound = json!({ "externalAccountBinding": client.binding(&none) });
    // Somebody else writes for as long as this test asks.
    let busy = Busy::begin(&ground.store).await;
    client.register(&bound).await.must_be(403);
    assert_eq!(client.register(&json!({})).await.problem(), "externalAccountRequired");
    let told = client.register(&json!({ "onlyReturnExisting": true })).await;
    assert_eq!(told.problem(), "accountDoesNotExist");
    assert!(!busy.is_over());
    busy.end().await;
}
