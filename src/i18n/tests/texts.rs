//! The texts as people read them.

#![allow(clippy::unwrap_used, reason = "a test may end at once")]

use ets_i18n::{Key, Lang, Tr, key, t, zone};

fn tr(lang: Lang) -> Tr {
    Tr::new(lang, zone("Asia/Almaty").unwrap())
}

/// covers: N11
#[test]
fn russian_numbers_take_their_three_forms() {
    let russian = tr(Lang::Ru);
    let shown = |count: u64| t::star_label(&russian, count);
    assert_eq!(shown(1), "Звезда узла: 1 сегмент");
    assert_eq!(shown(3), "Звезда узла: 3 сегмента");
    assert_eq!(shown(11), "Звезда узла: 11 сегментов");
    assert_eq!(shown(21), "Звезда узла: 21 сегмент");
    assert_eq!(shown(10_000), "Звезда узла: 10\u{a0}000 сегментов");
}

/// covers: N11
#[test]
fn kazakh_has_one_form_after_a_number_and_english_two() {
    assert_eq!(t::star_label(&tr(Lang::Kk), 1), "Тораптың жұлдызы: 1 сегмент");
    assert_eq!(t::star_label(&tr(Lang::Kk), 49), "Тораптың жұлдызы: 49 сегмент");
    assert_eq!(t::star_label(&tr(Lang::En), 1), "The star of the hub: 1 segment");
    assert_eq!(t::star_label(&tr(Lang::En), 1_200), "The star of the hub: 1,200 segments");
}

/// covers: N11
#[test]
fn a_name_goes_into_a_sentence_as_it_is() {
    let text = t::star_node(&tr(Lang::Kk), "Үржар ауданы", t::state_down(&tr(Lang::Kk)));
    assert_eq!(text, "Үржар ауданы: байланыс жоқ");
}

#[test]
fn a_key_that_comes_as_data_is_found_only_if_it_exists() {
    assert_eq!(Key::named("state-up"), Some(key::STATE_UP));
    assert_eq!(Key::named("state-sideways"), None);
}
