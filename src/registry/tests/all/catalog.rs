//! Finding things in the catalogue.

use ets_model::{Lang, SegmentNo};

use crate::star;

/// covers: N1.1
#[test]
fn a_segment_is_found_by_identifier_number_address_and_words() {
    let catalog = star::catalog();
    assert_eq!(catalog.segment("s003").unwrap().no, SegmentNo(3));
    assert_eq!(catalog.by_no(SegmentNo(4)).unwrap().id.as_str(), "s004");
    assert_eq!(catalog.by_address("10.10.5.200".parse().unwrap()).unwrap().no, SegmentNo(5));
    assert!(catalog.by_address("10.10.9.1".parse().unwrap()).is_none(), "retired");
    let find = |query: &str| -> Vec<u32> {
        catalog.search(query, 10).iter().map(|segment| segment.no.0).collect()
    };
    assert_eq!(find("10.10.5.200"), [5]);
    assert_eq!(find("мурагат"), [1, 5, 9], "Kazakh letters folded, the retired one last");
    assert_eq!(find("ОНИРЛИК аурух"), [3, 7]);
    assert_eq!(find("s007"), [7]);
    assert_eq!(find("института нет"), Vec::<u32>::new());
    assert_eq!(find("").len(), 9);
}

/// covers: N1.1
#[test]
fn a_segment_without_a_label_is_called_like_its_institution() {
    let catalog = star::catalog();
    let segment = catalog.segment("s002").unwrap();
    assert_eq!(catalog.name(segment, Lang::Kk), "Школа № 3");
    let mut labelled = (**segment).clone();
    labelled.label.kk = "Мектеп".into();
    assert_eq!(catalog.name(&labelled, Lang::Kk), "Мектеп");
}
