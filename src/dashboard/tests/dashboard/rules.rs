//! The pages of the rules: what is in force, drafts with their safety line, history, the proof,
//! offences; over the real room and a `netd` that takes everything.

use axum::body::Body;
use ets_model::SegmentNo;
use ets_netd_api::{Drift, OffenceKind};
use http::{Request, StatusCode, header};

use crate::bed::{Bed, text};
use crate::pages::{heading, in_language, post};

const PAGES: &[&str] = &[
    "/",
    "/segments/s001",
    "/rules",
    "/rules/draft",
    "/rules/services/new",
    "/rules/services/mail",
    "/rules/services/mail?q=s00&which=may",
    "/rules/services/portal/edit",
    "/rules/segments/s001",
    "/rules/limits",
    "/rules/text",
    "/rules/history",
    "/rules/history/1",
    "/reachability",
    "/reachability?which=odd",
    "/reachability?a=s003&b=mail",
    "/offences",
    "/offences?state=open&segment=s003",
    "/gateway",
    "/gateway?segment=s001&to=203.0.113.7:443&at=2026-11-30T09:00",
    "/gateway/edit",
    "/gateway/rules/new",
    "/journal?kind=rules",
];

const FILES: &[&str] = &["/rules.csv", "/rules/history.csv", "/reachability.csv", "/offences.csv"];

/// The place to which an answer leads, and what is said there.
async fn sent(bed: &Bed, path: &str, form: &str) -> String {
    let response = bed.ask(post(path, form)).await;
    assert_eq!(response.status(), StatusCode::SEE_OTHER, "{}", text(response).await);
    response.headers()[header::LOCATION].to_str().unwrap().to_owned()
}

async fn shown(bed: &Bed, path: &str) -> String {
    in_language(bed, path, "ru").await.1
}

fn digest(html: &str) -> &str {
    html.split("name=\"digest\" value=\"").nth(1).unwrap().split('"').next().unwrap()
}

/// Applies the draft as a person does: from the page that shows it.
async fn apply(bed: &Bed) -> String {
    let page = shown(bed, "/rules/draft").await;
    let form = format!("reason=%D0%BF%D0%B8%D1%81%D1%8C%D0%BC%D0%BE&digest={}", digest(&page));
    sent(bed, "/rules/draft", &form).await
}

/// covers: N2.3, N11
#[tokio::test]
async fn every_page_of_the_rules_answers_in_every_language() {
    let bed = Bed::ruled(5).await;
    bed.offence(3, OffenceKind::Scan, false).await;
    for drafted in [false, true] {
        if drafted {
            sent(&bed, "/rules/services/mail/retire", "").await;
        }
        for lang in ["kk", "ru", "en"] {
            for path in PAGES {
                let (status, html) = in_language(&bed, path, lang).await;
                assert_eq!(status, StatusCode::OK, "{path} in {lang}");
                assert_eq!(html.matches("<h1").count(), 1, "{path} in {lang}");
                assert!(!html.contains("onclick=") && !html.contains(" style=\""), "{path}");
            }
        }
    }
    for path in FILES {
        let response = bed.get(path).await;
        assert_eq!(response.status(), StatusCode::OK, "{path}");
        assert!(text(response).await.lines().count() > 1, "{path}");
    }
}

/// covers: N2.3
#[tokio::test]
async fn nobody_sees_or_changes_the_rules_without_entry() {
    let bed = Bed::ruled(3).await;
    for path in PAGES.iter().chain(FILES) {
        let request = Request::get(*path).body(Body::empty()).unwrap();
        let response = bed.ask_as_nobody(request, ets_listen::Scheme::Https).await;
        assert_eq!(response.status(), StatusCode::UNAUTHORIZED, "{path}");
    }
    let foreign = Request::post("/rules/draft/discard").header("sec-fetch-site", "cross-site");
    let response = bed.ask(foreign.body(Body::empty()).unwrap()).await;
    assert_eq!(response.status(), StatusCode::FORBIDDEN);
}

/// covers: N2.3
#[tokio::test]
async fn a_service_is_drafted_reviewed_and_put_in_force_at_once() {
    let bed = Bed::ruled(3).await;
    let form = "id=archive&name_ru=%D0%90%D1%80%D1%85%D0%B8%D0%B2&place=behind\
        &addresses=10.1.0.11&ports=tcp/8443%0D%0Aicmp&open_to=granted";
    assert_eq!(sent(&bed, "/rules/services/new", form).await, "/rules/draft");
    let page = shown(&bed, "/rules/draft").await;
    assert_eq!(heading(&page), "Черновик: 1 правка");
    assert!(page.contains("Новая служба «Архив»"), "{page}");
    assert!(page.contains("+ tcp dport 25 accept"), "the plan in rules");
    assert!(!page.contains("name=\"within\""), "nothing is taken away, nothing waits");
    assert_eq!(apply(&bed).await, "/rules");
    assert!(bed.rules().state().waiting.is_none());
    assert!(shown(&bed, "/rules").await.contains("Архив"));
    let page = shown(&bed, "/rules/history").await;
    assert!(page.contains("письмо"), "the reason stays: {page}");
    assert!(shown(&bed, "/journal").await.contains("правила изменены"));
}

/// covers: N2.3
#[tokio::test]
async fn what_is_wrong_with_a_service_is_said_at_its_field_and_nothing_typed_is_lost() {
    let bed = Bed::ruled(3).await;
    let form = "id=No+Good&name_ru=&place=behind&addresses=10.1.0&ports=sctp/1&open_to=granted";
    let response = bed.ask(post("/rules/services/new", form)).await;
    assert_eq!(response.status(), StatusCode::UNPROCESSABLE_ENTITY);
    let html = text(response).await;
    for field in ["id", "name_ru", "addresses", "ports"] {
        assert_eq!(html.matches(&format!("id=\"e-{field}\"")).count(), 1, "{field}");
    }
    assert!(html.contains("sctp/1") && html.contains("No Good"), "{html}");
    let form = "id=mail&name_ru=x&place=behind&addresses=10.1.0.9&ports=tcp/26&open_to=granted";
    let response = bed.ask(post("/rules/services/new", form)).await;
    assert!(text(response).await.contains("id=\"e-id\""), "the identifier is taken");
    let form =
        "id=many&name_ru=x&place=behind&addresses=10.1.0.9&ports=tcp/26&open_to=granted&checks=";
    let form = format!("{form}{}", "tcp%0D%0A".repeat(9));
    let html = text(bed.ask(post("/rules/services/new", &form)).await).await;
    assert!(html.contains("id=\"e-checks\"") && html.contains("больше 8 проверок"), "{html}");
}

/// covers: N2.3
#[tokio::test]
async fn a_draft_that_cannot_be_put_in_force_names_both_sides() {
    let bed = Bed::ruled(3).await;
    let form = "id=twin&name_ru=Twin&place=behind&addresses=10.1.0.10&ports=tcp/25&open_to=granted";
    sent(&bed, "/rules/services/new", form).await;
    let page = shown(&bed, "/rules/draft").await;
    assert_eq!(heading(&page), "В черновике 1 ошибка");
    assert!(page.contains("Службы «Почта» и «Twin» обе отвечают на tcp/25"), "{page}");
    assert!(!page.contains("name=\"digest\""), "it cannot be applied");
    assert_eq!(sent(&bed, "/rules/draft/undo", "edit=1").await, "/rules/draft");
    assert_eq!(heading(&shown(&bed, "/rules/draft").await), "Черновик пуст");
}

/// covers: N2.3
#[tokio::test]
async fn a_change_that_takes_away_waits_for_its_author_and_every_page_says_so() {
    let bed = Bed::ruled(4).await;
    let form = "act=withdraw&segment=s001&segment=s002";
    assert_eq!(sent(&bed, "/rules/services/mail/grants", form).await, "/rules/draft");
    let page = shown(&bed, "/rules/draft").await;
    assert!(page.contains("Отнимает") && page.contains("name=\"within\""), "{page}");
    let response = bed.ask(post("/rules/draft", "reason=&within=120")).await;
    assert_eq!(response.status(), StatusCode::UNPROCESSABLE_ENTITY, "a reason is wanted");
    apply(&bed).await;
    let no = bed.rules().state().waiting.as_ref().unwrap().change;
    for path in ["/", "/journal", "/segments/s003", "/help"] {
        let page = shown(&bed, path).await;
        assert!(page.contains("data-until="), "{path}");
        assert!(page.contains(&format!("/rules/{no}/confirm")), "{path}");
    }
    let page = shown(&bed, "/rules").await;
    assert_eq!(heading(&page), format!("Изменение № {no} ждёт подтверждения"));
    assert_eq!(page.matches("data-until=").count(), 1, "once, with everything about it");
    let other = Request::get("/journal").body(Body::empty()).unwrap();
    let page = text(bed.ask_as("other", other).await).await;
    assert!(!page.contains("/confirm\"") && page.contains("/withdraw\""), "{page}");
    let response = bed.ask_as("other", post(&format!("/rules/{no}/confirm"), "")).await;
    assert_eq!(response.status(), StatusCode::SEE_OTHER);
    assert!(bed.rules().state().waiting.is_some(), "the author alone confirms");
    assert_eq!(sent(&bed, &format!("/rules/{no}/confirm"), "").await, "/rules");
    assert!(bed.rules().state().waiting.is_none());
    let page = shown(&bed, &format!("/rules/history/{no}")).await;
    assert!(page.contains("теряют 2 сегмента"), "{page}");
}

/// covers: N2.3
#[tokio::test]
async fn a_change_is_taken_back_and_an_old_one_restored_into_the_draft() {
    let bed = Bed::ruled(3).await;
    sent(&bed, "/rules/services/mail/grants", "act=withdraw&segment=s001").await;
    apply(&bed).await;
    let no = bed.rules().state().waiting.as_ref().unwrap().change;
    assert_eq!(sent(&bed, &format!("/rules/{no}/withdraw"), "").await, "/rules");
    assert!(bed.rules().state().waiting.is_none());
    assert_eq!(bed.rules().state().change(), 1);
    let page = shown(&bed, &format!("/rules/history/1?with={no}")).await;
    assert!(page.contains("теряет службу «Почта»"), "{page}");
    assert_eq!(sent(&bed, &format!("/rules/history/{no}/restore"), "").await, "/rules/draft");
    assert_eq!(
        heading(&shown(&bed, "/rules/draft").await),
        "Черновик: 1 правка, кое-что будет отнято"
    );
    assert_eq!(sent(&bed, "/rules/draft/discard", "").await, "/rules");
}

/// covers: N2.3
#[tokio::test]
async fn rights_limits_and_rates_of_a_segment_are_changed_in_one_form() {
    let bed = Bed::ruled(3).await;
    let form = "service=mail&limits=own&connections=1+000&new_connections=&packets=\
        &shape=own&down_kbps=2048&up_kbps=1024";
    assert_eq!(sent(&bed, "/rules/segments/s003", form).await, "/rules/draft");
    let page = shown(&bed, "/rules/draft").await;
    assert_eq!(heading(&page), "Черновик: 3 правки, кое-что будет отнято");
    let wrong = "limits=own&connections=many&shape=none";
    let response = bed.ask(post("/rules/segments/s003", wrong)).await;
    assert_eq!(response.status(), StatusCode::UNPROCESSABLE_ENTITY);
    let html = text(response).await;
    assert!(html.contains("id=\"e-connections\"") && html.contains("value=\"many\""), "{html}");
    let form = "connections=3000&new_connections=50&packets=";
    assert_eq!(sent(&bed, "/rules/limits", form).await, "/rules/draft");
}

/// covers: N2.1
#[tokio::test]
async fn the_matrix_says_what_the_kernel_does_and_names_every_exception() {
    let bed = Bed::ruled(4).await;
    let page = shown(&bed, "/reachability").await;
    assert_eq!(heading(&page), "Ни один сегмент не имеет доступа к другому");
    assert!(page.contains("0 из 12 пар"), "{page}");
    bed.kernel(|kernel| {
        let mut reach = kernel.as_wished();
        reach.segments[3].set(0);
        reach.segments[0].services.clear();
        reach.neighbours = vec![(SegmentNo(3), SegmentNo(4))];
        kernel.reach = Some(reach);
        // Another state of the kernel: it is asked anew.
        kernel.drift = vec![Drift { what: "rule".into(), wanted: "a".into(), found: "b".into() }];
    });
    bed.rules().look();
    let told = |state: &std::sync::Arc<ets_rules::State>| {
        state.rules.as_ref().is_some_and(|rules| !rules.drift.is_empty())
    };
    bed.rules().subscribe().wait_for(told).await.unwrap();
    let page = shown(&bed, "/reachability").await;
    assert_eq!(heading(&page), "1 пара сегментов не изолирована");
    assert!(page.contains("есть доступ к сегменту"), "{page}");
    assert!(page.contains("<b>лишнее</b>") && page.contains("<b>не работает</b>"), "{page}");
    let page = shown(&bed, "/reachability?a=s004&b=mail").await;
    assert!(page.contains("хотя доступ не разрешён"), "{page}");
    let file = text(bed.get("/reachability.csv").await).await;
    assert_eq!(file.lines().count(), 5);
    assert_eq!(heading(&shown(&bed, "/rules").await), "В ядре 1 отличие от правил");
}

/// covers: N8.1
#[tokio::test]
async fn an_offence_is_listed_with_its_evidence_and_told_on_the_overview() {
    let bed = Bed::ruled(3).await;
    assert_eq!(heading(&shown(&bed, "/offences").await), "Сейчас никто не нарушает");
    bed.offence(2, OffenceKind::Scan, false).await;
    let page = shown(&bed, "/offences").await;
    assert_eq!(heading(&page), "Продолжается 1 нарушение");
    assert!(page.contains("10.10.2.1 tcp/445") && page.contains("href=\"/segments/s002\""));
    assert!(shown(&bed, "/").await.contains("/offences?state=open"));
    let page = shown(&bed, "/segments/s002").await;
    assert!(page.contains("Перебор адресов и портов"), "{page}");
    bed.offence(2, OffenceKind::Scan, true).await;
    assert_eq!(heading(&shown(&bed, "/offences").await), "Сейчас никто не нарушает");
    assert!(text(bed.get("/offences.csv").await).await.contains("s002"));
}

/// covers: N2.3
#[tokio::test]
async fn without_netd_the_pages_say_so_and_drafts_go_on() {
    let bed = Bed::ruled(3).await;
    bed.without_netd().await;
    assert_eq!(heading(&shown(&bed, "/rules").await), "Что сейчас в силе, неизвестно");
    for path in PAGES {
        assert_eq!(bed.get(path).await.status(), StatusCode::OK, "{path}");
    }
    let page = shown(&bed, "/reachability").await;
    assert_eq!(heading(&page), "Проверить правила ядра сейчас нельзя");
    sent(&bed, "/rules/services/mail/grants", "act=grant&segment=s003").await;
    let page = shown(&bed, "/rules/draft").await;
    assert!(page.contains("получает службу «Почта»"), "{page}");
    let form = format!("reason=x&digest={}", digest(&page));
    let response = bed.ask(post("/rules/draft", &form)).await;
    assert!(text(response).await.contains("Процесс наблюдения не отвечает"));
}
