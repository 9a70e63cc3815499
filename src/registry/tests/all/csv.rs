//! CSV files: previews, round trips, exports for people.

use std::sync::Arc;

use ets_model::{Criticality, Method, Names};
use ets_registry::{Catalog, Field, Parts};
use proptest::prelude::*;

use crate::star;

/// A catalogue in which every field of the first segment is filled with something awkward.
fn awkward(text: &str) -> Catalog {
    let text = text.trim().to_owned();
    let mut institution = star::institution(1, "Имя");
    institution.name = Names { kk: text.clone(), ru: "Имя".into(), en: text.clone() };
    institution.duty.clone_from(&text);
    let mut segment = star::segment(1);
    segment.prefixes.push("fd00:1::/64".parse().unwrap());
    segment.probing.method = Method::Tcp(443);
    segment.criticality = Criticality::Critical;
    segment.channel.down_kbps = 100_000;
    segment.router.management = Some("fd00:1::1".parse().unwrap());
    segment.notes = text.clone();
    segment.channel.provider = text;
    let parts = Parts {
        generation: 1,
        institutions: vec![Arc::new(institution)],
        parents: Vec::new(),
        segments: vec![Arc::new(segment)],
    };
    Catalog::new(parts)
}

/// covers: N1.2
#[test]
fn an_export_comes_back_unchanged() {
    let catalog = star::catalog();
    let preview = catalog.preview_csv(catalog.export_csv().as_bytes());
    assert_eq!(preview.faults, []);
    assert_eq!((preview.new.len(), preview.changed.len(), preview.unchanged.len()), (0, 0, 8));
}

/// covers: N1.2
#[test]
fn semicolons_a_byte_order_mark_and_another_order_of_columns_are_taken() {
    let catalog = star::catalog();
    let mut lines = catalog.export_csv();
    lines = lines.replace(',', ";");
    let marked = format!("\u{feff}{lines}");
    assert_eq!(catalog.preview_csv(marked.as_bytes()).unchanged.len(), 8);
    let turned: String = lines
        .lines()
        .map(|line| line.split(';').rev().collect::<Vec<_>>().join(";") + "\n")
        .collect();
    let preview = catalog.preview_csv(turned.as_bytes());
    assert_eq!(preview.faults, []);
    assert_eq!(preview.unchanged.len(), 8);
}

/// covers: N1.2
#[test]
fn a_column_that_the_file_leaves_out_changes_nothing() {
    let catalog = star::catalog();
    let known = catalog.segment("s002").unwrap();
    let (of, at) = (&known.institution, known.probing.address);
    let mut file = "id,institution,prefixes,interface,probe_address,notes\n".to_owned();
    file += &format!("s002,{of},{},{},{at},roof\n", known.prefixes[0], known.interface);
    file += &format!("s090,{of},10.90.0.0/24,ets90,10.90.0.1,\n");
    let preview = catalog.preview_csv(file.as_bytes());
    assert_eq!(preview.faults, []);
    let diffs: Vec<Field> = preview.changed[0].diffs.iter().map(|diff| diff.field).collect();
    assert_eq!(diffs, [Field::Notes]);
    assert_eq!(&preview.new[0].institution, &**catalog.institution(of).unwrap());
}

/// covers: N1.2
#[test]
fn a_preview_tells_new_changed_unchanged_and_absent_apart_field_by_field() {
    let catalog = star::catalog();
    let file = catalog.export_csv();
    let mut lines: Vec<String> = file.lines().map(str::to_owned).collect();
    lines[2] = lines[2].replace("ets2", "tun2").replace("icmp", "tcp:80");
    lines.remove(8);
    lines.push(lines[3].replace('3', "7").replace("s007", "s077").replace("10.10.7.", "10.10.77."));
    let preview = catalog.preview_csv(lines.join("\n").as_bytes());
    assert_eq!(preview.faults, []);
    assert_eq!(
        preview.absent.iter().map(ets_model::SegmentId::as_str).collect::<Vec<_>>(),
        ["s008"]
    );
    assert_eq!(preview.unchanged.len(), 6);
    let [changed] = &preview.changed[..] else { panic!("{:?}", preview.changed) };
    let fields: Vec<_> = changed
        .diffs
        .iter()
        .map(|diff| (diff.field, diff.before.as_str(), diff.after.as_str()))
        .collect();
    assert_eq!(fields, [(Field::Interface, "ets2", "tun2"), (Field::Method, "icmp", "tcp:80")]);
    let [new] = &preview.new[..] else { panic!("{:?}", preview.new) };
    assert_eq!((new.line, new.segment.no.0, new.segment.id.as_str()), (9, 10, "s077"));
}

/// covers: N1.2
#[test]
fn two_segments_may_change_their_prefixes_with_each_other_in_one_file() {
    let catalog = star::catalog();
    let file = catalog.export_csv();
    let swapped = file
        .replace("10.10.1.", "10.10.x.")
        .replace("10.10.2.", "10.10.1.")
        .replace("10.10.x.", "10.10.2.");
    let preview = catalog.preview_csv(swapped.as_bytes());
    assert_eq!(preview.faults, []);
    assert_eq!(preview.changed.len(), 2);
}

/// covers: N1.2
#[test]
fn a_second_segment_of_an_institution_may_leave_its_fields_empty() {
    let catalog = star::catalog();
    let fields = |id: &str, net: &str, name: &str| {
        let mut row = vec![String::new(); Field::ALL.len()];
        let mut put = |field: Field, text: &str| row[field.number() - 1] = text.to_owned();
        put(Field::Id, id);
        put(Field::Institution, "i050");
        put(Field::NameRu, name);
        put(Field::Prefixes, &format!("{net}.0/24"));
        put(Field::Interface, id);
        put(Field::ProbeAddress, &format!("{net}.1"));
        row.join(",")
    };
    let heading: Vec<_> = Field::ALL.iter().map(|field| field.name()).collect();
    let rows =
        [heading.join(","), fields("s050", "10.10.50", ""), fields("s051", "10.10.51", "Школа")];
    let preview = catalog.preview_csv(rows.join("\r\n").as_bytes());
    assert_eq!(preview.faults, []);
    assert!(preview.new.iter().all(|row| row.institution.name.ru == "Школа"));
}

#[test]
fn what_a_spreadsheet_would_take_for_a_formula_is_made_harmless_for_people_only() {
    let catalog = awkward("=HYPERLINK(\"http://x\",\"y\")");
    assert!(catalog.export_csv().contains(",\"=HYPERLINK(\"\"http"));
    let people = catalog.export_csv_for_people();
    assert!(people.starts_with('\u{feff}'));
    assert!(people.contains(",\"'=HYPERLINK(\"\"http"));
}

#[test]
fn a_file_that_is_too_large_is_refused_at_once() {
    let preview = star::catalog().preview_csv(&vec![b'a'; ets_registry::CSV_LIMIT + 1]);
    assert_eq!(preview.faults[0].code(), "too_large");
}

#[test]
fn ten_thousand_rows_are_previewed_within_seconds_and_changes_of_the_registry_change_the_digest() {
    let segments = (0..10_000_u32).map(|number| {
        let mut segment = star::segment(1);
        segment.id = format!("s{number:05}").parse().unwrap();
        segment.no = ets_model::SegmentNo(number + 1);
        let net = format!("10.{}.{}.{}", 64 + number / 4_096, number / 16 % 256, number % 16 * 16);
        segment.prefixes = vec![format!("{net}/28").parse().unwrap()];
        segment.probing.address =
            format!("10.{}.{}.{}", 64 + number / 4_096, number / 16 % 256, number % 16 * 16 + 1)
                .parse()
                .unwrap();
        Arc::new(segment)
    });
    let mut parts = Parts {
        generation: 1,
        institutions: vec![Arc::new(star::institution(1, "Школа"))],
        parents: Vec::new(),
        segments: segments.collect(),
    };
    let catalog = Catalog::new(parts.clone());
    let file = catalog.export_csv();
    let begun = std::time::Instant::now();
    let preview = catalog.preview_csv(file.as_bytes());
    assert!(
        begun.elapsed().as_secs() < 20,
        "{:?} in a build that is not optimised",
        begun.elapsed()
    );
    assert_eq!(preview.unchanged.len(), 10_000);
    parts.generation = 2;
    assert_ne!(Catalog::new(parts).preview_csv(file.as_bytes()).digest, preview.digest);
}

proptest! {
    /// covers: N1.2
    #[test]
    fn any_text_survives_export_and_import_byte_for_byte(text in "[a-zA-Zа-яәіңғүұқөһ0-9 ,;\"'=+@.№«»-]{0,40}") {
        let catalog = awkward(&text);
        let file = catalog.export_csv();
        let preview = catalog.preview_csv(file.as_bytes());
        prop_assert_eq!(&preview.faults, &[]);
        prop_assert_eq!(preview.unchanged.len(), 1, "{:?}", preview.changed);
    }

    #[test]
    fn any_bytes_give_a_preview_and_never_a_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        let catalog = star::catalog();
        let _ = catalog.preview_csv(&bytes);
        let mut broken = catalog.export_csv().into_bytes();
        for (at, byte) in bytes.iter().enumerate() {
            let place = (at * 7_919 + usize::from(*byte)) % broken.len();
            broken[place] = *byte;
        }
        let _ = catalog.preview_csv(&broken);
    }
}

/// covers: N1.2
#[test]
fn other_line_ends_and_a_byte_order_mark_are_the_same_file_for_the_digest() {
    let catalog = star::catalog();
    let unix = catalog.export_csv().replace("\r\n", "\n");
    let digest = |text: &str| catalog.preview_csv(text.as_bytes()).digest;
    assert_eq!(digest(&unix), digest(&unix.replace('\n', "\r\n")));
    assert_eq!(digest(&unix), digest(&format!("\u{feff}{unix}")));
    assert_ne!(digest(&unix), digest(&unix.replacen("ets2", "ets3", 1)));
}

/// covers: N1.2
#[test]
fn a_file_in_another_encoding_is_told_which_one_it_probably_has() {
    let said = |bytes: &[u8]| star::catalog().preview_csv(bytes).faults[0].message();
    // «Школа» as older programs write it.
    assert!(said(b"id,name_ru\n1,\xd8\xea\xee\xeb\xe0\n").contains("Windows-1251"));
    assert!(said(b"id,name_ru\n1,\x98\xaa\xae\xab\xa0\n").contains("CP866"));
    assert!(said(b"\xff\xfei\0d\0,\0").contains("UTF-16"));
}

/// covers: N1.2
#[test]
fn names_in_messages_are_in_the_language_that_was_asked_for() {
    let catalog = star::catalog();
    let file = catalog.export_csv().replacen("10.10.1.", "10.10.2.", 2);
    let said = |lang| {
        let faults = catalog.preview_csv_in(file.as_bytes(), lang).faults;
        faults.iter().map(ets_registry::Fault::message).collect::<Vec<_>>().join("\n")
    };
    assert!(said(ets_model::Lang::En).contains("Institution 1"));
    assert!(!said(ets_model::Lang::Ru).contains("Institution"), "{}", said(ets_model::Lang::Ru));
}
