//! The desk of rights, `/me`, and people who come in by what they were given.

use std::time::Duration;

use axum::body::Body;
use axum::response::Response;
use ets_listen::SystemUser;
use ets_registry::Author;
use ets_rights::{By, Scope, Wanted};
use futures_util::StreamExt;
use http::{Request, StatusCode, header};
use serde_json::{Value, json};
use tower::ServiceExt;

use crate::bed::{self, Bed, person, text};

fn chief() -> By {
    let author = Author { reason: "order 7".to_owned(), ..Author::new("chief") };
    By { author, is_administrator: true, break_glass: true, ..By::default() }
}

/// Enters somebody and gives him a role.
pub(crate) async fn give(bed: &Bed, name: &str, role: &str, scope: Scope) -> i64 {
    let rights = bed.rights.as_ref().unwrap();
    rights.know(&person(name), name, None).await.unwrap();
    let wanted = Wanted { role: role.to_owned(), scope, from: None, until: None };
    match rights.give(&person(name), wanted, &chief()).await {
        Ok(grant) => grant,
        Err(ets_rights::Error::Already) => 0,
        Err(error) => panic!("{error}"),
    }
}

pub(crate) async fn get(bed: &Bed, name: &str, path: &str) -> Response {
    let request = Request::get(path).header(header::ACCEPT_LANGUAGE, "en");
    bed.ask_as(name, request.body(Body::empty()).unwrap()).await
}

pub(crate) async fn post(bed: &Bed, name: &str, path: &str, form: &str) -> Response {
    let request = Request::post(path)
        .header(header::ACCEPT_LANGUAGE, "en")
        .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
        .header("sec-fetch-site", "same-origin");
    bed.ask_as(name, request.body(Body::from(form.to_owned())).unwrap()).await
}

/// As a user of the hub's own machine, over the socket of commands.
pub(crate) async fn tell(bed: &Bed, method: &str, path: &str, body: &Value) -> (StatusCode, Value) {
    let mut request =
        Request::builder().method(method).uri(path).body(Body::from(body.to_string())).unwrap();
    request.extensions_mut().insert(SystemUser { name: "root".into(), uid: 0 });
    let response = bed.dashboard.control_router().oneshot(request).await.unwrap();
    (response.status(), bed::json(response).await)
}

/// covers: T2.2, T3
#[tokio::test]
async fn the_menu_leads_only_where_the_rights_do() {
    let bed = Bed::judged(2).await;
    give(&bed, "Asem", "ca-officer", Scope::Everywhere).await;
    let html = text(get(&bed, "Asem", "/me").await).await;
    assert!(html.contains("Certificate officer") && html.contains("revoke and suspend"), "{html}");
    assert!(html.contains("href=\"/ca\""), "{html}");
    for closed in ["/journal", "/system", "/rules", "/traffic", "/outages", "/rights"] {
        assert!(!html.contains(&format!("href=\"{closed}\"")), "{closed}: {html}");
    }
    assert!(!html.contains("role=\"search\""), "{html}");
    assert_eq!(get(&bed, "Asem", "/").await.status(), StatusCode::FORBIDDEN);
    assert_eq!(get(&bed, "Asem", "/rights").await.status(), StatusCode::FORBIDDEN);
}

/// covers: T2.2, T3
#[tokio::test]
async fn me_tells_a_program_what_the_certificate_gives() {
    let bed = Bed::judged(2).await;
    give(&bed, "Asem", "observer", Scope::Segment("s001".parse().unwrap())).await;
    give(&bed, "Dana", "ca-officer", Scope::Everywhere).await;
    let rights = bed.rights.as_ref().unwrap();
    let until = Some(bed.clock.wall().plus(Duration::from_secs(3_600)));
    let pair = (&person("Dana"), &person("Asem"));
    rights.substitute(pair.0, pair.1, (None, until), &chief()).await.unwrap();
    let request = Request::get("/me").header(header::ACCEPT, "application/json");
    let me = bed::json(bed.ask_as("Asem", request.body(Body::empty()).unwrap()).await).await;
    assert_eq!((&me["name"], &me["entry"]), (&json!("Asem"), &json!("certificate")));
    assert_eq!(
        me["rights"],
        json!(["ca.issue", "ca.read", "ca.revoke", "network.read", "traffic.read"])
    );
    assert_eq!(me["grants"][0]["scope"], json!({ "kind": "segment", "id": "s001" }));
    assert_eq!(me["grants"][1]["acting_for"]["name"], "Dana");
    assert!(me["grants"][1]["until"].is_string());
    let stranger = text(get(&bed, "Nobody", "/me").await).await;
    assert!(stranger.contains("You have no rights yet. Ask: the network administrator."));
}

/// covers: N6.4, T2.2
#[tokio::test]
async fn who_asked_for_a_rule_is_shown_to_those_who_can_write_one() {
    let bed = Bed::judged_and_ruled(2).await;
    give(&bed, "Asem", "auditor", Scope::Everywhere).await;
    give(&bed, "Boris", "administrator", Scope::Everywhere).await;
    for (name, sees) in [("Asem", false), ("Boris", true)] {
        let html = text(get(&bed, name, "/gateway").await).await;
        assert!(html.contains("href=\"/services\""), "{name}: {html}");
        assert_eq!(html.contains("Requests of people"), sees, "{name}: {html}");
        let listed = get(&bed, name, "/api/v1/gateway/requests").await.status();
        assert_eq!(listed == StatusCode::OK, sees, "{name}: {listed}");
    }
}

/// covers: T3
#[tokio::test]
async fn the_desk_gives_suspends_and_ends_and_it_bites_at_once() {
    let bed = Bed::judged(2).await;
    give(&bed, "Chief", "rights-administrator", Scope::Everywhere).await;
    let rights = bed.rights.clone().unwrap();
    rights.know(&person("Asem"), "Asem", None).await.unwrap();
    let no = rights.person(&person("Asem")).unwrap().no;
    let open = async || get(&bed, "Asem", "/segments/s001").await.status();
    assert_eq!(open().await, StatusCode::FORBIDDEN);
    let list = text(get(&bed, "Chief", "/rights?q=asem").await).await;
    assert!(list.contains(&format!("href=\"/rights/people/{no}\"")), "{list}");

    let give = format!("/rights/people/{no}/give");
    assert!(text(get(&bed, "Chief", &give).await).await.contains("name=\"scope_kind\""));
    let wrong = "role=observer&scope_kind=segment&scope_id=nowhere&why=order";
    let response = post(&bed, "Chief", &give, wrong).await;
    assert_eq!(response.status(), StatusCode::UNPROCESSABLE_ENTITY);
    let silent = "role=observer&scope_kind=segment&scope_id=s001";
    let response = post(&bed, "Chief", &give, silent).await;
    assert_eq!(response.status(), StatusCode::UNPROCESSABLE_ENTITY);
    let right = "role=observer&scope_kind=segment&scope_id=s001&why=order+7";
    assert_eq!(post(&bed, "Chief", &give, right).await.status(), StatusCode::SEE_OTHER);
    assert_eq!(open().await, StatusCode::OK);
    assert_eq!(get(&bed, "Asem", "/segments/s002").await.status(), StatusCode::FORBIDDEN);

    let grant = rights.of(&person("Asem"), bed.clock.wall())[0].grant;
    let act = async |act: &str| {
        let path = format!("/rights/grants/{grant}/act/{act}");
        assert_eq!(get(&bed, "Chief", &path).await.status(), StatusCode::OK, "{act}");
        post(&bed, "Chief", &path, "why=order+8").await.status()
    };
    assert_eq!(act("suspend").await, StatusCode::SEE_OTHER);
    assert_eq!(open().await, StatusCode::FORBIDDEN);
    assert_eq!(act("resume").await, StatusCode::SEE_OTHER);
    assert_eq!(open().await, StatusCode::OK);
    assert_eq!(act("end").await, StatusCode::SEE_OTHER);
    assert_eq!(open().await, StatusCode::FORBIDDEN);
    let page = text(get(&bed, "Chief", &format!("/rights/people/{no}")).await).await;
    assert!(page.contains("order 7") && page.contains("over"), "{page}");

    let own = rights.person(&person("Chief")).unwrap().no;
    let response = post(&bed, "Chief", &format!("/rights/people/{own}/give"), right).await;
    assert_eq!(response.status(), StatusCode::UNPROCESSABLE_ENTITY);
    assert!(text(response).await.contains("Nobody gives rights to himself"));
}

/// covers: T3, T1.5
#[tokio::test]
async fn the_desk_confirms_a_substitute_of_an_officer_by_another_administrator_alone() {
    let bed = Bed::judged(2).await;
    for name in ["Chief", "Deputy"] {
        give(&bed, name, "rights-administrator", Scope::Everywhere).await;
    }
    give(&bed, "Asem", "ca-officer", Scope::Everywhere).await;
    let rights = bed.rights.clone().unwrap();
    rights.know(&person("Dana"), "Dana", None).await.unwrap();
    let words = ["ca.read", "ca.issue", "ca.revoke"].map(str::to_owned);
    rights.put_role("ca-officer", "", &words, true, &chief()).await.unwrap();
    let [asem, dana] = ["Asem", "Dana"].map(|name| rights.person(&person(name)).unwrap().no);
    let may = || {
        let on = &ets_rights::Object::Everywhere;
        rights.decide(&person("Dana"), "ca.issue", on, bed.clock.wall()).is_allowed()
    };

    let form = format!("stand_in={dana}&why=leave");
    let name = format!("/rights/people/{asem}/stand-in");
    let response = post(&bed, "Chief", &name, &form).await;
    assert_eq!(response.status(), StatusCode::SEE_OTHER);
    let no = rights.stand_ins(&person("Asem"))[0].1.no;
    let confirm = format!("/rights/substitutions/{no}/confirm");
    for who in [asem, dana] {
        let page = text(get(&bed, "Deputy", &format!("/rights/people/{who}")).await).await;
        assert!(page.contains("waits for a second person") && page.contains(&confirm), "{page}");
    }
    assert!(!may());
    let response = post(&bed, "Chief", &confirm, "why=leave").await;
    assert_eq!(response.status(), StatusCode::UNPROCESSABLE_ENTITY);
    assert!(text(response).await.contains("A second person must confirm") && !may());
    assert_eq!(get(&bed, "Deputy", &confirm).await.status(), StatusCode::OK);
    let response = post(&bed, "Deputy", &confirm, "why=order+9").await;
    assert_eq!(response.status(), StatusCode::SEE_OTHER);
    assert!(may());
    let page = text(get(&bed, "Deputy", &format!("/rights/people/{asem}")).await).await;
    assert!(!page.contains("waits for a second person") && !page.contains(&confirm), "{page}");
}

/// covers: T3
#[tokio::test]
async fn an_open_stream_ends_with_the_right_to_it() {
    let bed = Bed::judged(2).await;
    let grant = give(&bed, "Asem", "observer", Scope::Everywhere).await;
    let other = give(&bed, "Dana", "observer", Scope::Everywhere).await;
    let rights = bed.rights.clone().unwrap();
    for path in ["/live", "/api/v1/events", "/live/segments/s001"] {
        let mut stream = get(&bed, "Asem", path).await.into_body().into_data_stream();
        assert!(stream.next().await.is_some(), "{path}");
        // The change of somebody else's rights leaves it open.
        rights.suspend_grant(other, None, &chief()).await.unwrap();
        rights.resume_grant(other, &chief()).await.unwrap();
        let more = tokio::time::timeout(Duration::from_millis(50), async {
            while stream.next().await.is_some() {}
        });
        assert!(more.await.is_err(), "{path} ended too early");
        rights.suspend_grant(grant, None, &chief()).await.unwrap();
        let end = async { while stream.next().await.is_some() {} };
        assert!(tokio::time::timeout(Duration::from_secs(2), end).await.is_ok(), "{path}");
        assert_eq!(get(&bed, "Asem", path).await.status(), StatusCode::FORBIDDEN);
        rights.resume_grant(grant, &chief()).await.unwrap();
    }
}

/// covers: T3
#[tokio::test]
async fn who_stands_in_is_in_the_journal_with_the_one_he_acts_for() {
    let bed = Bed::judged(2).await;
    give(&bed, "Asem", "administrator", Scope::Everywhere).await;
    let rights = bed.rights.as_ref().unwrap();
    rights.know(&person("Dana"), "Dana", None).await.unwrap();
    let pair = (&person("Asem"), &person("Dana"));
    rights.substitute(pair.0, pair.1, (None, None), &chief()).await.unwrap();
    let response = post(&bed, "Dana", "/segments/s001/maintenance", "minutes=30").await;
    assert_eq!(response.status(), StatusCode::SEE_OTHER);
    let filter = ets_journal::Filter::default();
    let page = ets_journal::list(&bed.store, &filter, ets_journal::Page::default());
    let page = page.await.unwrap();
    let entry = &page.entries[0].entry;
    assert_eq!(entry.action, "segment.maintenance");
    assert!(entry.actor.contains("Dana"), "{}", entry.actor);
    assert_eq!(entry.on_behalf.as_deref(), Some("Asem"));
}

/// covers: T3
#[tokio::test]
async fn the_report_tells_who_could_on_a_day_and_as_a_table() {
    let bed = Bed::judged(2).await;
    give(&bed, "Asem", "ca-officer", Scope::District("north".into())).await;
    give(&bed, "Auditor", "auditor", Scope::Everywhere).await;
    let html = text(get(&bed, "Auditor", "/rights/report?right=ca.issue").await).await;
    assert!(html.contains("Asem") && html.contains("District: north"), "{html}");
    assert!(!html.contains("href=\"/rights/people/2\""), "{html}");
    let long_ago = text(get(&bed, "Auditor", "/rights/report?on=2020-01-01").await).await;
    assert!(long_ago.contains("Nobody could do this then"), "{long_ago}");
    let csv = text(get(&bed, "Auditor", "/rights/report.csv?right=ca.issue").await).await;
    assert_eq!(csv.lines().count(), 2, "{csv}");
    assert!(csv.contains("ca.issue,district north"), "{csv}");
    assert_eq!(get(&bed, "Auditor", "/rights/roles").await.status(), StatusCode::OK);
    assert_eq!(get(&bed, "Auditor", "/rights/roles/new").await.status(), StatusCode::FORBIDDEN);
}

/// covers: T3, T-9
#[tokio::test]
async fn a_program_gives_confirms_and_ends_over_the_socket() {
    let bed = Bed::judged(2).await;
    let rights = bed.rights.clone().unwrap();
    for name in ["Asem", "Dana"] {
        rights.know(&person(name), name, None).await.unwrap();
    }
    let (asem, dana) = (person("Asem"), person("Dana"));
    let role = json!({ "rights": ["portal.enter"], "needs_second": true, "reason": "order 1" });
    let (status, _) = tell(&bed, "PUT", "/api/v1/rights/roles/guest", &role).await;
    assert_eq!(status, StatusCode::OK);
    let order = json!({ "role": "guest", "reason": "order 2" });
    let grants = "/api/v1/rights/people/1/grants";
    let (status, given) = tell(&bed, "POST", grants, &order).await;
    assert_eq!(status, StatusCode::CREATED, "{given}");
    let grant = given["grant"].as_i64().unwrap();
    let (status, _) = tell(&bed, "POST", grants, &json!({ "role": "guest" })).await;
    assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY);
    let why = json!({ "reason": "order 3" });
    let act = |act: &str| format!("/api/v1/rights/grants/{grant}/{act}");
    let (status, _) = tell(&bed, "POST", &act("confirm"), &why).await;
    assert_eq!(status, StatusCode::FORBIDDEN);
    rights.confirm(grant, &chief()).await.unwrap();
    let pair = json!({ "of": asem.as_str(), "by": dana.as_str(), "reason": "leave" });
    let (status, made) = tell(&bed, "POST", "/api/v1/rights/substitutions", &pair).await;
    assert_eq!(status, StatusCode::CREATED, "{made}");
    let stand_in = made["substitution"].as_i64().unwrap();
    let may = async || {
        let path = "/api/v1/rights/report?right=portal.enter";
        let (_, report) = tell(&bed, "GET", path, &Value::Null).await;
        report["lines"].as_array().unwrap().len()
    };
    let dana = async || tell(&bed, "GET", "/api/v1/rights/people/2", &Value::Null).await.1;
    assert_eq!((may().await, &dana().await["stands_in"][0]["waits"]), (1, &json!(true)));
    let stands_in = |act: &str| format!("/api/v1/rights/substitutions/{stand_in}/{act}");
    let (status, _) = tell(&bed, "POST", &stands_in("confirm"), &why).await;
    assert_eq!((status, may().await), (StatusCode::FORBIDDEN, 1));
    let order = Request::post(stands_in("confirm")).body(Body::from(why.to_string())).unwrap();
    give(&bed, "Chief", "rights-administrator", Scope::Everywhere).await;
    assert_eq!(bed.ask_as("Chief", order).await.status(), StatusCode::OK);
    assert_eq!((may().await, &dana().await["stands_in"][0]["waits"]), (2, &json!(false)));
    let one = dana().await;
    assert_eq!(one["held"][0]["acting_for"]["name"], "Asem", "{one}");
    let (status, _) = tell(&bed, "POST", &stands_in("promote"), &why).await;
    assert_eq!(status, StatusCode::NOT_FOUND);
    let (status, _) = tell(&bed, "POST", &act("end"), &why).await;
    assert_eq!(status, StatusCode::OK);
    let (status, _) = tell(&bed, "POST", &act("end"), &why).await;
    assert_eq!(status, StatusCode::NOT_FOUND);
}

/// covers: T3
#[tokio::test]
async fn every_page_of_the_desk_answers_in_every_language() {
    let bed = Bed::judged(2).await;
    give(&bed, "Chief", "rights-administrator", Scope::Everywhere).await;
    let grant = give(&bed, "Asem", "observer", Scope::Segment("s001".parse().unwrap())).await;
    let rights = bed.rights.as_ref().unwrap();
    let pair = (&person("Asem"), &person("Chief"));
    let stand_in = rights.substitute(pair.0, pair.1, (None, None), &chief()).await.unwrap();
    let words = vec!["portal.enter".to_owned()];
    rights.put_role("guest", "Guest", &words, false, &chief()).await.unwrap();
    let mut paths: Vec<String> = [
        "/me",
        "/rights",
        "/rights?q=nobody",
        "/rights/people/1",
        "/rights/people/2",
        "/rights/people/2/give",
        "/rights/people/2/stand-in",
        "/rights/people/2/act/suspend",
        "/rights/roles",
        "/rights/roles/new",
        "/rights/roles/guest/edit",
        "/rights/roles/observer/edit",
        "/rights/report",
        "/rights/report?on=2020-01-01",
    ]
    .map(str::to_owned)
    .into();
    for act in ["end", "suspend", "resume", "confirm"] {
        paths.push(format!("/rights/grants/{grant}/act/{act}"));
    }
    for act in ["end", "confirm"] {
        paths.push(format!("/rights/substitutions/{stand_in}/{act}"));
    }
    let title = [("kk", "Рұқсат"), ("ru", "Доступ"), ("en", "Access")];
    for (lang, title) in title {
        for path in &paths {
            let request = Request::get(path).header(header::ACCEPT_LANGUAGE, lang);
            let response = bed.ask_as("Chief", request.body(Body::empty()).unwrap()).await;
            assert_eq!(response.status(), StatusCode::OK, "{lang} {path}");
            let html = text(response).await;
            assert!(html.contains(title), "{lang} {path}");
            assert!(html.contains(&format!("<html lang=\"{lang}\"")), "{lang} {path}");
        }
    }
    assert_eq!(get(&bed, "Chief", "/rights/people/9").await.status(), StatusCode::NOT_FOUND);
    let act = get(&bed, "Chief", "/rights/people/2/act/promote").await;
    assert_eq!(act.status(), StatusCode::NOT_FOUND);
}

/// covers: T3, N1.2
#[tokio::test]
async fn a_segment_is_moved_only_by_who_may_change_both_institutions() {
    let bed = Bed::judged(2).await;
    let catalog = bed.registry.catalog();
    let [from, to] = ["s001", "s002"].map(|id| catalog.segment(id).unwrap().institution.clone());
    assert_ne!(from, to);
    let path = "/api/v1/segments/s001";
    let put = async |name: &str, institution: &str, notes: &str| {
        let mut document = bed::json(get(&bed, name, path).await).await;
        document["institution"] = institution.into();
        document["notes"] = notes.into();
        let request = Request::put(path).body(Body::from(document.to_string())).unwrap();
        let response = bed.ask_as(name, request).await;
        (response.status(), bed::json(response).await)
    };
    let stands = || bed.registry.catalog().segment("s001").unwrap().institution.clone();
    let giving = [
        ("Segment", Scope::Segment("s001".parse().unwrap())),
        ("Old", Scope::Institution(from.clone())),
        ("Both", Scope::Institution(from.clone())),
        ("Both", Scope::Institution(to.clone())),
        // The segment alone, not the institution that it is taken from.
        ("New", Scope::Segment("s001".parse().unwrap())),
        ("New", Scope::Institution(to.clone())),
    ];
    for (name, scope) in giving {
        give(&bed, name, "administrator", scope).await;
    }
    for name in ["Segment", "Old", "New"] {
        let (status, told) = put(name, to.as_str(), "moved").await;
        assert_eq!(status, StatusCode::FORBIDDEN, "{name}: {told}");
        assert_eq!(told["missing_right"], "network.write", "{name}");
        assert_eq!(stands(), from, "{name}");
        assert_eq!(put(name, from.as_str(), name).await.0, StatusCode::OK, "{name}");
    }
    // The form as well: it changes the institution with the segment.
    for (name, institution) in [("Segment", from.as_str()), ("Old", to.as_str())] {
        let form = format!("institution={institution}&notes=by+form");
        let told = post(&bed, name, "/segments/s001/edit", &form).await;
        assert_eq!((told.status(), stands()), (StatusCode::FORBIDDEN, from.clone()), "{name}");
    }
    let (status, told) = put("Both", to.as_str(), "moved").await;
    assert_eq!((status, stands()), (StatusCode::OK, to), "{told}");
}
