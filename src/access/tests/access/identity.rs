//! Who comes in, as whom, and what the service learns of it.

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use ets_access::{Config, Identity};
use serde_json::{Value, json};

use crate::bed::{AIGUL, Bed};

/// covers: T2.1 (RFC 9440)
#[tokio::test(flavor = "multi_thread")]
async fn the_service_learns_from_the_certificate_who_asks() {
    let bed = Bed::start(|_| {}).await;
    for http in ["--http1.1", "--http2"] {
        let seen = bed.seen(&[http, "-H", "Cookie: a=1"], "/a/b?c=d").await;
        let of = |name: &str| seen["headers"][name][0].as_str().unwrap_or_default().to_owned();
        assert_eq!((&seen["method"], &seen["uri"]), (&json!("GET"), &json!("/a/b?c=d")), "{http}");
        let pem = std::fs::read_to_string(bed.dir.path().join("aigul.pem")).unwrap();
        let der: String = pem.lines().filter(|line| !line.starts_with('-')).collect();
        assert_eq!(of("client-cert"), format!(":{der}:"));
        assert!(STANDARD.decode(&der).is_ok());
        let decoded = |name: &str| {
            percent_encoding::percent_decode_str(&of(name)).decode_utf8().unwrap().into_owned()
        };
        assert_eq!(decoded("x-ets-person"), AIGUL);
        assert_eq!(decoded("x-ets-name"), "Айгүл Омарова");
        assert_eq!(decoded("x-ets-institution"), "Әкімдік");
        assert_eq!(
            of("x-ets-rights"),
            "app.use;institution=\"archive\", pay.use;institution=\"archive\""
        );
        assert_eq!(of("host"), "closed.example");
        assert_eq!(of("forwarded"), "for=127.0.0.1;proto=https;host=\"closed.example\"");
        assert_eq!((of("x-forwarded-proto").as_str(), of("cookie").as_str()), ("https", "a=1"));
        assert_eq!(of("x-forwarded-for"), "127.0.0.1");
    }
}

/// covers: T2.1, T-8: each header by which a client could pass for somebody else, both parts
#[tokio::test(flavor = "multi_thread")]
async fn forged_identities_never_reach_a_service() {
    let bed = Bed::start(|_| {}).await;
    let forged = [
        "X-Ets-Person",
        "X-Ets-Name",
        "X-Ets-Institution",
        "X-Ets-Rights",
        "X-Ets-Identity",
        "X-Ets-Anything",
        "X_Ets_Person",
        "X.Ets.Person",
        "X!Ets!Person",
        "Proxy",
        "Client-Cert",
        "Client-Cert-Chain",
        "Client_Cert",
        "X-Forwarded-For",
        "X-Forwarded-Host",
        "X-Forwarded-Proto",
        "X-Forwarded-Client-Cert",
        "X-Forwarded-User",
        "X_Forwarded_For",
        "Forwarded",
        "X-SSL-Client-CN",
        "X-SSL-Client-Verify",
        "SSL_CLIENT_S_DN",
        "X-Client-Cert",
        "X-Client-IP",
        "Remote-User",
        "REMOTE_USER",
        "X-Remote-User",
        "X-Real-IP",
        "X-Original-URL",
        "X-Rewrite-URL",
        "X-Auth-Request-User",
        "X-WebAuth-User",
        "X-User",
    ];
    for name in forged {
        let header = format!("{name}: forged");
        for http in ["--http1.1", "--http2"] {
            let seen = bed.seen(&[http, "-H", &header], "/").await;
            assert!(!seen.to_string().contains("forged"), "{name} by {http}: {seen}");
        }
        let more = ["-H", &header, "-H", "Connection: x-ets-name, client-cert"];
        let (status, open) = bed.ask_as(None, &more, "https://open.example/").await;
        assert!(status == 200 && !open.contains("forged"), "{name}: {open}");
        let open: Value = serde_json::from_str(&open).unwrap();
        assert!(open["headers"].get("x-ets-person").is_none(), "nobody is known there");
    }
    let seen = bed.seen(&["--http1.1", "-H", "Connection: x-ets-person, host"], "/").await;
    assert!(seen["headers"]["x-ets-person"].is_array(), "what is set after stays: {seen}");
}

/// covers: T2.1, T2.2
#[tokio::test(flavor = "multi_thread")]
async fn without_a_certificate_the_closed_part_says_what_to_do_and_opens_nothing() {
    let bed = Bed::start(|_| {}).await;
    let ask = async |who, more: &[&str]| bed.ask_as(who, more, "https://closed.example/x").await;
    for (language, word) in
        [("en", "Insert the token"), ("ru", "Вставьте носитель"), ("kk", "салыңыз")]
    {
        let header = format!("Accept-Language: {language}");
        let (status, page) = ask(None, &["-H", header.as_str(), "-H", "Accept: text/html"]).await;
        assert!(status == 403 && page.contains(word) && page.contains("<h1"), "{page}");
    }
    let (status, problem) = ask(None, &["-H", "Accept: application/json"]).await;
    let problem: Value = serde_json::from_str(&problem).unwrap();
    assert_eq!((status, &problem["type"]), (403, &json!("urn:ets:access:no-certificate")));
    let (status, page) =
        ask(Some("ended"), &["-H", "Accept-Language: en", "-H", "Accept: text/html"]).await;
    assert!(status == 403 && page.contains("Your certificate has ended"), "{page}");
    let (status, me) = bed
        .ask_as(Some("ended"), &["-H", "Accept: application/json"], "https://closed.example/me")
        .await;
    assert!(status == 403 && me.contains("certificate-expired"), "{me}");
    let refused = bed.access.figures().refused;
    assert!(
        refused.contains(&("no-certificate", 4)) && refused.contains(&("certificate-expired", 2))
    );
}

/// covers: T2.1, T3, T-9
#[tokio::test(flavor = "multi_thread")]
async fn who_lacks_a_right_is_told_which_and_whom_to_ask() {
    let bed = Bed::start(|_| {}).await;
    assert_eq!(bed.ask(&[], "/pay/now").await.0, 200);
    bed.book.take(AIGUL, "pay.use");
    let (status, page) = bed.ask(&["-H", "Accept-Language: en"], "/pay/now").await;
    assert!(status == 403 && page.contains("pay.use") && page.contains("Сауле Ержанова"), "{page}");
    let (status, problem) = bed.ask(&["-H", "Accept: application/json"], "/pay").await;
    let problem: Value = serde_json::from_str(&problem).unwrap();
    assert_eq!((status, &problem["missing"]), (403, &json!("pay.use")));
    assert_eq!(problem["whom_to_ask"], json!(["Сауле Ержанова"]));
    for way_round in ["/x/../pay", "/%70ay", "/x/%2e%2e/pay", "//pay", "/x/..;/pay", "/.%2fpay"] {
        let (status, body) = bed.ask(&["--path-as-is"], way_round).await;
        assert!(matches!(status, 400 | 403), "{way_round}: {status} {body}");
    }
    assert_eq!(bed.ask(&[], "/payment").await.0, 200, "another path than the prefix");
    assert_eq!(
        bed.ask_as(Some("bolat"), &[], "https://closed.example/pay").await.0,
        200,
        "the right is the person's"
    );
    bed.book.give_back();
    assert_eq!(bed.ask(&[], "/pay").await.0, 200, "at once again");
}

/// covers: T2.2
#[tokio::test(flavor = "multi_thread")]
async fn after_entry_one_sees_who_one_is_and_what_one_may() {
    let bed = Bed::start(|config| {
        config.routes.remove(0);
    })
    .await;
    let (status, me) = bed.ask(&["-H", "Accept: application/json"], "/me").await;
    let me: Value = serde_json::from_str(&me).unwrap();
    assert_eq!((status, &me["name"], &me["person"]), (200, &json!("Айгүл Омарова"), &json!(AIGUL)));
    assert_eq!((&me["institution"], &me["entry"]), (&json!("Әкімдік"), &json!("certificate")));
    assert_eq!(me["rights"], json!(["app.use", "pay.use"]));
    assert_eq!(me["grants"][0]["scope"], json!({ "kind": "institution", "id": "archive" }));
    assert!(me["not_after"].as_str().unwrap().ends_with('Z') && me["serial"].is_string());
    for (language, word) in
        [("en", "What you may do"), ("ru", "Ваши права"), ("kk", "Құқықтарыңыз")]
    {
        let header = format!("Accept-Language: {language}");
        let (status, page) = bed.ask(&["-L", "-H", &header], "/").await;
        assert!(status == 200 && page.contains(word) && page.contains("app.use"), "{page}");
        let style = page.split("href=\"").find_map(|rest| {
            let href = rest.split('"').next()?;
            href.ends_with(".css").then(|| href.to_owned())
        });
        assert_eq!(
            bed.ask_as(None, &[], &format!("https://closed.example{}", style.unwrap())).await.0,
            200
        );
    }
    let set = bed.ask(&["-i", "-d", "lang=kk", "-d", "back=/me"], "/preferences").await.1;
    assert!(set.contains("lang=kk"), "{set}");
}

/// covers: T2.1: the token is checked by openssl with the published key
#[tokio::test(flavor = "multi_thread")]
async fn a_signed_word_on_who_asks_can_be_checked_by_others() {
    let bed = Bed::start(|config: &mut Config| {
        config.routes[1].identity = Identity::SignedToken;
        config.routes[0].identity = Identity::None;
    })
    .await;
    let seen = bed.seen(&["-H", "X-Ets-Identity: forged"], "/pay").await;
    let token = seen["headers"]["x-ets-identity"][0].as_str().unwrap().to_owned();
    assert!(
        seen["headers"].get("x-ets-person").is_none()
            && seen["headers"].get("client-cert").is_none()
    );
    let parts: Vec<&str> = token.split('.').collect();
    let part = |at: usize| -> Value {
        serde_json::from_slice(&URL_SAFE_NO_PAD.decode(parts[at]).unwrap()).unwrap()
    };
    let (head, claims) = (part(0), part(1));
    assert_eq!(
        (&head["alg"], &claims["sub"], &claims["aud"]),
        (&json!("ES256"), &json!(AIGUL), &json!("/pay"))
    );
    assert_eq!(claims["exp"].as_i64().unwrap() - claims["iat"].as_i64().unwrap(), 60);
    let keys =
        bed.ask_as(None, &[], "https://closed.example/.well-known/ets-identity.json").await.1;
    let keys: Value = serde_json::from_str(&keys).unwrap();
    let key =
        keys["keys"].as_array().unwrap().iter().find(|key| key["kid"] == head["kid"]).unwrap();
    let coordinate = |name: &str| URL_SAFE_NO_PAD.decode(key[name].as_str().unwrap()).unwrap();
    let signed = format!("{}.{}", parts[0], parts[1]);
    let signature = URL_SAFE_NO_PAD.decode(parts[2]).unwrap();
    let point = [&[4][..], &coordinate("x"), &coordinate("y")].concat();
    assert!(verifies(&bed, &point, signed.as_bytes(), &signature));
    assert!(!verifies(&bed, &point, b"something else", &signature));
    let silent = bed.seen(&[], "/").await;
    assert!(silent["headers"].get("x-ets-identity").is_none(), "{silent}");
}

/// Asks openssl. The key and the signature are wrapped as it wants them (RFC 5480, RFC 3279).
fn verifies(bed: &Bed, point: &[u8], message: &[u8], signature: &[u8]) -> bool {
    let spki = [
        &[0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01][..],
        &[0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07, 0x03, 0x42, 0x00],
        point,
    ]
    .concat();
    let integer = |bytes: &[u8]| {
        let first = bytes.iter().position(|byte| *byte != 0).unwrap_or(bytes.len() - 1);
        let mut digits = bytes[first..].to_vec();
        if digits[0] > 0x7f {
            digits.insert(0, 0);
        }
        [&[2, u8::try_from(digits.len()).unwrap()][..], &digits].concat()
    };
    let both = [integer(&signature[..32]), integer(&signature[32..])].concat();
    let der = [&[0x30, u8::try_from(both.len()).unwrap()][..], &both].concat();
    let file = |name: &str, bytes: &[u8]| {
        let path = bed.dir.path().join(name);
        std::fs::write(&path, bytes).unwrap();
        path
    };
    let (key, message) = (file("key.der", &spki), file("message", message));
    let signature = file("signature", &der);
    let mut openssl = std::process::Command::new("openssl");
    openssl.args(["dgst", "-sha256", "-keyform", "DER", "-verify"]).arg(key);
    openssl.arg("-signature").arg(signature).arg(message);
    openssl.output().unwrap().status.success()
}
