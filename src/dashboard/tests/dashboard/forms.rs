//! The form of a new segment, and the import page: what is told, and what is kept.

use axum::body::Body;
use http::{Request, StatusCode, header};

use crate::bed::{Bed, text};
use crate::pages::post;

async fn refused(bed: &Bed, form: &str) -> String {
    let response = bed.ask(post("/registry/new", form)).await;
    assert_eq!(response.status(), StatusCode::UNPROCESSABLE_ENTITY);
    text(response).await
}

/// covers: N1.2
#[tokio::test]
async fn everything_that_is_wrong_with_a_form_is_said_at_once() {
    let bed = Bed::new(3).await;
    let html = refused(
        &bed,
        "id=s001&prefixes=10.10.1.0%2F25&probe_address=10.77.0.1&interface=eth+50&method=smtp\
         &institution=&down_kbps=fast&criticality=normal",
    )
    .await;
    let fields =
        ["id", "prefixes", "probe_address", "interface", "method", "institution", "down_kbps"];
    for field in fields {
        assert_eq!(html.matches(&format!("id=\"e-{field}\"")).count(), 1, "{field}");
    }
    assert!(!html.contains("id=\"e-name_ru\""), "one choice, one fault");
    let html = refused(&bed, "method=icmp&criticality=normal").await;
    for field in ["id", "prefixes", "probe_address", "interface", "institution"] {
        assert_eq!(html.matches(&format!("id=\"e-{field}\"")).count(), 1, "{field}");
    }
}

/// covers: N1.2
#[tokio::test]
async fn a_bad_identifier_is_one_fault_and_the_choice_of_a_new_institution_is_kept() {
    let bed = Bed::new(3).await;
    let rest = "&prefixes=10.99.50.0%2F24&probe_address=10.99.50.1&interface=eth50&method=icmp\
        &institution=%2Bnew&criticality=normal";
    let html = refused(&bed, &format!("id=S+50{rest}&name_ru=School")).await;
    assert_eq!(html.matches("class=\"error\"").count(), 1, "{html}");
    assert!(html.contains("<option value=\"+new\" selected>"), "{html}");
    let html = refused(&bed, &format!("id=s050{rest}")).await;
    assert_eq!(html.matches("class=\"error\"").count(), 1);
    assert!(html.contains("id=\"e-name_ru\""), "a new institution needs a name");
    let response = bed.ask(post("/registry/new", &format!("id=s050{rest}&name_ru=School"))).await;
    assert_eq!(response.status(), StatusCode::SEE_OTHER);
}

/// covers: N1.2
#[tokio::test]
async fn an_unusual_address_is_shown_once_and_taken_when_saved_again() {
    let bed = Bed::new(3).await;
    let form = "id=s050&prefixes=10.99.50.0%2F24&probe_address=10.77.0.1&interface=eth50\
        &method=icmp&institution=%2Bnew&name_ru=School&criticality=normal";
    let html = refused(&bed, form).await;
    let seen = html.split("name=\"unusual\" value=\"").nth(1).unwrap().split('"').next().unwrap();
    let seen = percent_encoding::utf8_percent_encode(seen, percent_encoding::NON_ALPHANUMERIC);
    let response = bed.ask(post("/registry/new", &format!("{form}&unusual={seen}"))).await;
    assert_eq!(response.status(), StatusCode::SEE_OTHER);
}

/// covers: N1.2
#[tokio::test]
async fn a_form_is_no_import_in_the_journal_and_names_no_stranger() {
    let bed = Bed::new(3).await;
    let before = journal(&bed).await.matches("registry.import").count();
    let known = bed.registry.catalog().segment("s002").unwrap().institution.clone();
    let name = bed.registry.catalog().institution(&known).unwrap().name.clone();
    let form = format!(
        "id=s050&prefixes=10.99.50.0%2F24&probe_address=10.99.50.1&interface=eth50\
         &method=icmp&institution={known}&district=Elsewhere&criticality=normal"
    );
    let response = bed.ask(post("/registry/new", &form)).await;
    assert_eq!(response.status(), StatusCode::SEE_OTHER);
    assert_eq!(journal(&bed).await.matches("registry.import").count(), before);
    assert_eq!(bed.registry.catalog().institution(&known).unwrap().name, name);
}

async fn journal(bed: &Bed) -> String {
    let page = ets_journal::Page { before: None, limit: 200 };
    let list = ets_journal::list(&bed.store, &ets_journal::Filter::default(), page).await.unwrap();
    list.entries.iter().map(|one| format!("{}\n", one.entry.action)).collect()
}

/// covers: N1.2
#[tokio::test]
async fn the_form_proposes_the_next_identifier_and_network() {
    let bed = Bed::new(3).await;
    let html = text(bed.get("/registry/new").await).await;
    assert!(html.contains("placeholder=\"s004\""), "{html}");
    assert!(html.contains("placeholder=\"10.10.4.0/24\""), "{html}");
    assert!(html.contains("<datalist id=\"l-district\">"), "{html}");
    let folded = html.find("<details class=\"data\"").unwrap();
    assert!(html.find("f-institution").unwrap() < folded, "what is required comes first");
}

/// covers: N1.2
#[tokio::test]
async fn a_confirmed_import_that_is_no_longer_what_was_shown_says_so() {
    let bed = Bed::new(3).await;
    let file = bed.registry.export_csv().replacen("eth2", "eth202", 1);
    let sent = percent_encoding::utf8_percent_encode(&file, percent_encoding::NON_ALPHANUMERIC);
    let form = format!("digest=0000&text={sent}");
    let response = bed.ask(post("/registry/import/apply", &form)).await;
    assert_eq!(response.status(), StatusCode::CONFLICT);
    assert!(text(response).await.contains("ничего не загружено"));
}

/// Sends a file as the form of the import page does.
async fn upload(bed: &Bed, file: &[u8]) -> String {
    let mut body =
        b"--b\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a.csv\"\r\n\r\n"
            .to_vec();
    body.extend(file);
    body.extend(b"\r\n--b--\r\n");
    let request = Request::post("/registry/import")
        .header(header::CONTENT_TYPE, "multipart/form-data; boundary=b")
        .header("sec-fetch-site", "same-origin")
        .body(Body::from(body))
        .unwrap();
    text(bed.ask(request).await).await
}

/// covers: N1.2
#[tokio::test]
async fn a_line_with_a_fault_is_not_told_as_one_to_be_added_and_no_file_is_told_as_that() {
    let bed = Bed::new(3).await;
    let good = bed.registry.export_csv();
    let new = |id: &str, number: &str| {
        let line = good.lines().find(|line| line.contains("s003")).unwrap();
        line.replace("s003", id).replace("10.10.3", number).replace("eth3", "eth9")
    };
    let file = format!("{good}{}\n{}\n", new("s008", "10.10.8"), new("s009", "ten.ten.9"));
    let html = upload(&bed, file.as_bytes()).await;
    assert!(html.contains("ten.ten.9.0/24"), "{html}");
    let added = html.find("<code>s008</code>").expect("the sound line is told");
    assert!(!html[added..].contains("<code>s009</code>"), "{html}");
    let html = upload(&bed, b"").await;
    assert!(html.contains("Сначала выберите файл") && html.contains("type=\"file\""), "{html}");
}

/// covers: N1.2
#[tokio::test]
async fn a_file_in_another_encoding_is_not_offered_for_mending() {
    let bed = Bed::new(3).await;
    let html = upload(&bed, b"id,name_ru\r\ns1,\xd8\xea\xee\xeb\xe0").await;
    assert!(html.contains("Windows-1251"), "{html}");
    assert!(!html.contains("<textarea"));
}

/// covers: N1.2
#[tokio::test]
async fn a_segment_that_moves_to_another_institution_leaves_its_name_alone() {
    let bed = Bed::new(3).await;
    let catalog = bed.registry.catalog();
    let (one, other) = (catalog.segment("s001").unwrap(), catalog.segment("s002").unwrap());
    let before = catalog.institution(&other.institution).unwrap().clone();
    let form = format!(
        "version={}&prefixes=10.10.1.0%2F24&probe_address={}&interface=eth1&method=icmp\
         &institution={}&name_ru=Old+one&down_kbps=5000&criticality=normal",
        one.version, one.probing.address, other.institution
    );
    let response = bed.ask(post("/segments/s001/edit", &form)).await;
    assert_eq!(response.status(), StatusCode::SEE_OTHER);
    let catalog = bed.registry.catalog();
    assert_eq!(catalog.segment("s001").unwrap().institution, before.id);
    assert_eq!(**catalog.institution(&before.id).unwrap(), *before);
    let html = text(bed.get("/segments/s001").await).await;
    assert!(html.contains("5\u{a0}М") || html.contains("5,00\u{a0}М"), "the known rate");
    assert!(!html.contains("0\u{a0}бит"), "the other one is not known");
}
