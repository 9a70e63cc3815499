//! Invented segments.

use ets_model::LinkState;

/// One invented segment.
pub(crate) struct Item {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) href: String,
    pub(crate) state: LinkState,
    pub(crate) sector: String,
    pub(crate) load: f32,
    pub(crate) rtt: Option<f32>,
    pub(crate) loss: f64,
    /// How long in this state, in seconds.
    pub(crate) lasts: i64,
}

const NAMES: [&str; 49] = [
    "Аппарат акима",
    "Управление финансов",
    "Управление здравоохранения",
    "Управление образования",
    "Управление архивов",
    "Управление культуры",
    "Управление спорта",
    "Управление цифровизации",
    "Аягозский район",
    "Кокпектинский район",
    "Тарбагатайский район",
    "Курчумский район",
    "Зайсанский район",
    "Катон-Карагайский район",
    "Глубоковский район",
    "Шемонаихинский район",
    "Үржар ауданы",
    "Бесқарағай ауданы",
    "Жарма ауданы",
    "Самар ауданы",
    "ЦОН № 1",
    "ЦОН № 2",
    "ЦОН № 3",
    "Мобилизация",
    "Архив области",
    "Областная больница",
    "Детская больница",
    "Ситуационный центр",
    "Казначейство",
    "Отдел ЖКХ",
    "Отдел земельных отношений",
    "Департамент статистики",
    "Дом дружбы",
    "Областная библиотека",
    "Музей",
    "Телерадио",
    "Колледж связи",
    "Школа № 12",
    "Школа № 30",
    "ДЧС",
    "Инспекция труда",
    "ЗАГС",
    "Ветеринария",
    "Лесное хозяйство",
    "Водное хозяйство",
    "Ақпараттық технологиялар",
    "Әлеуметтік қорғау",
    "Кәсіпкерлік басқармасы",
    "Өңірлік даму",
];

/// So many segments, always the same ones.
pub(crate) fn segments(count: usize) -> Vec<Item> {
    (0..count).map(|index| segment(index, count)).collect()
}

fn segment(index: usize, count: usize) -> Item {
    let state = match index {
        8 | 10 | 11 => LinkState::Down,
        9 => LinkState::Degraded,
        21 => LinkState::Maintenance,
        23 => LinkState::Unknown,
        _ if index > 49 && index.is_multiple_of(37) => LinkState::Down,
        _ if index > 49 && index.is_multiple_of(53) => LinkState::Degraded,
        _ => LinkState::Up,
    };
    let name = NAMES[index % 49];
    let noise = (index * 7_919 % 97) as f32 / 97.0;
    Item {
        id: format!("s{:03}", index + 1),
        name: if index < 49 { name.to_owned() } else { format!("{name} {}", index / 49 + 1) },
        href: format!("/segments/s{:03}", index + 1),
        state,
        sector: format!("Точка {}", if count > 300 { index / 200 + 1 } else { index / 8 }),
        load: noise * noise,
        rtt: (state != LinkState::Down && state != LinkState::Unknown)
            .then_some(1.0 + noise * 18.0),
        loss: match state {
            LinkState::Down => 1.0,
            LinkState::Degraded => 0.125,
            _ => 0.0,
        },
        lasts: if state == LinkState::Up {
            86_400 * (3 + index as i64 % 87)
        } else {
            252 + 400 * (index as i64 % 4)
        },
    }
}

/// An invented course of a figure.
pub(crate) fn course(seed: usize, length: usize, around: f32) -> Vec<Option<f32>> {
    let mut value = around;
    (0..length)
        .map(|index| {
            let noise = ((index * 7_919 + seed * 104_729) % 1_000) as f32 / 1_000.0 - 0.5;
            value += noise * around * 0.2 + (around - value) * 0.1;
            (seed % 11 != 9 || index % 13 != 5).then_some(value.max(0.1))
        })
        .collect()
}
