//! The pages of the gallery.

use std::time::Duration;

use ets_i18n::t;
use ets_model::{LinkState, WallTime};
use ets_web::chart::{Bin, Day, Histogram, Mark, Point, Span, TimeChart};
use ets_web::form::{Field, Form, Kind};
use ets_web::notice::Tone;
use ets_web::star::{Node, Star};
use ets_web::state::Counts;
use ets_web::story::Story;
use ets_web::table::{Cell, Column, Row, Table};
use ets_web::tabs::{Tab, tabs};
use ets_web::{
    Age, Crumb, Ctx, Html, Page, card, chart, facts, form, live, notice, page, pager, star, state,
    story, table, when,
};

use crate::data::{Item, course};

fn nodes(items: &[Item]) -> Vec<Node<'_>> {
    items
        .iter()
        .map(|item| Node {
            id: &item.id,
            name: &item.name,
            href: &item.href,
            state: item.state,
            sector: &item.sector,
            load: Some(item.load),
        })
        .collect()
}

fn the_star(ctx: &Ctx, items: &[Item], group: Option<&str>) -> Html {
    let all = nodes(items);
    let shown = group.map_or_else(|| all.clone(), |key| star::members(&all, key));
    let href = |key: &str| format!("/?count={}&group={key}", items.len());
    let drawing = star::star(&ctx.tr, &Star { mark: "ETC", nodes: &shown, group_href: &href });
    live::fragment("star", &drawing.then(&state::legend(&ctx.tr, true)))
}

fn counts(items: &[Item]) -> Counts {
    Counts::of(items.iter().map(|item| item.state))
}

pub(crate) fn overview(ctx: &Ctx, items: &[Item], group: Option<&str>, as_table: bool) -> Page {
    let tr = &ctx.tr;
    let switch = tabs(
        t::star_title(tr),
        &[
            Tab {
                title: t::star_as_star(tr).into(),
                href: "/".into(),
                current: !as_table,
                key: "t",
            },
            Tab {
                title: t::star_as_table(tr).into(),
                href: "/?view=table".into(),
                current: as_table,
                key: "t",
            },
        ],
    );
    let rate = |text: &str, seed| {
        let line = chart::sparkline(tr, &course(seed, 60, 5.0), 8.0, 1);
        Html::trusted(format!("<b>{text}</b> Гбит/с к сегментам {line}"))
    };
    let href = |state: LinkState| format!("/?state={state}");
    let mut body =
        state::counts(tr, &counts(items), Some(&href), &[rate("1,42", 3), rate("0,38", 5)]);
    if !as_table {
        let left = card::card(t::star_title(tr), &switch, &the_star(ctx, items, group));
        let right =
            card::card("Отключения сейчас", &Html::link("/parts", t::all(tr)), &stories(ctx));
        body.push(&card::columns(&left, &right));
    }
    let tools = if as_table { switch } else { Html::link("/csv", "CSV") };
    body.push(&card::card("Сегменты", &tools, &live::fragment("table", &segments(ctx, items))));
    Page {
        heading: "3 сегмента без связи".into(),
        sub: Html::text(&format!("из {}", tr.number(items.len() as i64))),
        age: Some(Age { at: ctx.now }),
        body,
        nav: "overview",
        live: Some(if ctx.path.contains("quiet") { "/events?quiet" } else { "/events" }.into()),
        ..Page::default()
    }
}

fn segments(ctx: &Ctx, items: &[Item]) -> Html {
    let tr = &ctx.tr;
    let columns = vec![
        Column::new("name", "Сегмент"),
        Column::new("state", t::timeline_state(tr)),
        Column::new("since", "Уже").numeric(),
        Column::new("rtt", "RTT, мс").numeric().minor(),
        Column::new("loss", t::chart_loss(tr)).numeric().minor(),
        Column::new("", "Минута").minor(),
    ];
    let mut ordered: Vec<&Item> = items.iter().take(200).collect();
    ordered.sort_by_key(|item| LinkState::ALL.iter().position(|state| *state == item.state));
    let rows = ordered.into_iter().enumerate().map(|(index, item)| row(ctx, index, item)).collect();
    table::table(
        tr,
        &Table {
            caption: "Сегменты".into(),
            columns,
            rows,
            sorted: Some(("state", false)),
            base: "/?".into(),
            empty: Html::default(),
        },
    )
}

fn row(ctx: &Ctx, index: usize, item: &Item) -> Row {
    let tr = &ctx.tr;
    let since = WallTime(ctx.now.0 - item.lasts * 1_000_000);
    let name = state::icon(item.state).then(&Html::link(&item.href, &item.name));
    let rtt = item.rtt.map_or_else(
        || facts::none(tr),
        |rtt| Html::text(&tr.millis(Duration::from_secs_f32(rtt / 1e3))),
    );
    let line = match item.rtt {
        Some(rtt) => chart::sparkline(tr, &course(index, 60, rtt), 1.0, 1),
        None => Html::default(),
    };
    Row {
        cells: vec![
            name.into(),
            Cell::live("state", state::word(tr, item.state)),
            Cell::live("since", when::lasting(ctx, since)),
            Cell::live("rtt", rtt),
            Cell::live("loss", tr.percent(item.loss)),
            Cell::live("spark", line),
        ],
        segment: item.id.clone(),
        state: Some(item.state),
        class: "",
    }
}

fn stories(ctx: &Ctx) -> Html {
    let since = WallTime(ctx.now.0 - 252_000_000);
    let lasting = |text: &str| {
        let mut html = when::moment(ctx, since);
        html.push(&Html::text(text));
        html.then(&when::lasting(ctx, since))
    };
    let down = Story {
        state: LinkState::Down,
        title: "Точка «Восток-Телеком, Аягоз»: 3 сегмента".into(),
        href: "/parts".into(),
        planned: Some(false),
        why: Html::text(
            "Общая точка провайдера не отвечает: последним ответил маршрутизатор 10.10.0.14, дальше тишина по всем трём каналам одновременно.",
        ),
        facts: vec![
            ("с".into(), lasting(" · ")),
            ("уверенность".into(), Html::text("93 % · 5 доказательств")),
            (
                "дальше".into(),
                Html::text("звонок провайдеру, договор № 114, дежурный +7 7232 00-00-00"),
            ),
        ],
        actions: vec![
            form::button("token", "/accept", "Принять", true),
            Html::trusted("<a class=\"button\" href=\"/letter\">Письмо провайдеру</a>"),
        ],
        segment: String::new(),
    };
    let degraded = Story {
        state: LinkState::Degraded,
        title: "Кокпектинский район: потери 12,5 %".into(),
        why: Html::text(
            "Потери только в сторону сегмента при загрузке канала 98 %: похоже на ограничение скорости провайдером.",
        ),
        facts: vec![("с".into(), lasting(" · "))],
        actions: vec![],
        ..down.clone()
    };
    let planned = Story {
        state: LinkState::Maintenance,
        title: "ЦОН № 2".into(),
        planned: Some(true),
        why: Html::text(
            "Замена кабеля, письмо провайдера от 20.11. Окно 13:30 – 15:00, осталось 28 мин.",
        ),
        facts: vec![],
        ..degraded.clone()
    };
    let changed =
        |text: &str, ago| (when::moment(ctx, WallTime(ctx.now.0 - ago)), Html::text(text));
    let events = card::events(&[
        changed("ЗАГС: связь восстановлена, простой 2 мин 40 с", 60_000_000),
        changed("Правила доступа подтверждены", 1_600_000_000),
        changed("Отозван сертификат 3F:A1…, утеря ключа", 2_000_000_000),
    ]);
    let told: Html = [down, degraded, planned].iter().map(|one| story::story(ctx, one)).collect();
    told.then(&card::below("Что изменилось", &events))
}

pub(crate) fn segment(ctx: &Ctx, id: &str) -> Page {
    let tr = &ctx.tr;
    let figures = card::figures(&[
        ("RTT, мс", Html::trusted("<span data-f=\"rtt\">8,2</span>")),
        (t::chart_loss(tr), Html::trusted("<span data-f=\"loss\">12,5</span>")),
        ("30 суток, %", Html::text("99,982")),
    ]);
    let now =
        Html::trusted(format!("<div data-seg=\"{id}\" data-state=\"degraded\">{figures}</div>"));
    let ranges = tabs(
        "Период",
        &["час", "сутки", "месяц", "год"].map(|title| Tab {
            title: title.into(),
            href: format!("?range={title}"),
            current: title == "час",
            key: "",
        }),
    );
    let hour = chart::time_chart(ctx, &hour(ctx));
    let ping = Html::trusted(
        "<form data-stream=\"/events\" data-into=\"out\"><button>Проверить сейчас</button></form>\
         <pre class=\"log\" id=\"out\" hidden></pre>",
    );
    let known = facts::list(&[
        ("учреждение", Html::link("/", "Акимат Кокпектинского района")),
        ("адреса", Html::code("10.20.9.0/24, fd20:9::/64")),
        ("интерфейс", Html::code("seg009")),
        ("маршрутизатор", Html::code("10.20.9.1")),
        ("провайдер", Html::text("Восток-Телеком, договор № 114")),
        ("дежурный", facts::none(tr)),
        ("прошивка", facts::unknown(tr)),
    ]);
    let left = card::card("Сейчас", &ping, &now).then(&card::card("Время ответа", &ranges, &hour));
    let right = card::card("О сегменте", &Html::link("/form", "изменить"), &known);
    let spread =
        card::card("Распределение", &Html::default(), &chart::histogram(tr, &distribution()));
    let days =
        card::card("Доступность за 90 дней", &Html::default(), &chart::strip(tr, &days(ctx)));
    let day = card::card("Сегодня", &Html::default(), &today(ctx));
    let body = card::columns(&left, &right).then(&card::halves(&spread, &days.then(&day)));
    Page {
        heading: "Кокпектинский район теряет пакеты".into(),
        sub: state::live_badge(tr, id, LinkState::Degraded),
        age: Some(Age { at: ctx.now }),
        body,
        nav: "segments",
        crumbs: vec![Crumb::new("Сегменты", "/?view=table")],
        live: Some("/events".into()),
        ..Page::default()
    }
}

fn hour(ctx: &Ctx) -> TimeChart {
    let from = ctx.now.minus(Duration::from_secs(3_600));
    let points = course(4, 60, 8.0).into_iter().enumerate().map(|(index, value)| {
        let out = (25..31).contains(&index);
        let value = value.map(f64::from).filter(|_| !out);
        Point {
            at: from.plus(Duration::from_secs(60 * index as u64)),
            value,
            spread: value.map(|value| (value * 0.8, value * 1.5)),
            loss: Some(if out {
                1.0
            } else if index % 17 == 3 {
                0.15
            } else {
                0.0
            }),
        }
    });
    TimeChart {
        title: "Время ответа, мс: медиана и разброс".into(),
        spread: "Разброс, мс".into(),
        from,
        to: ctx.now,
        points: points.collect(),
        marks: vec![Mark {
            from: from.plus(Duration::from_secs(1_500)),
            to: from.plus(Duration::from_secs(1_860)),
            state: LinkState::Down,
        }],
        digits: 1,
    }
}

fn distribution() -> Histogram {
    let bins = (0..18).map(|index| {
        let from = 1.5 * 1.25_f64.powi(index);
        let count = (1_000.0 * (-(f64::from(index) - 7.0).powi(2) / 9.0).exp()) as u64;
        Bin { from, to: from * 1.25, count }
    });
    Histogram {
        bins: bins.collect(),
        marks: vec![("p50".into(), 8.2), ("p95".into(), 16.4)],
        lost: 412,
    }
}

fn days(ctx: &Ctx) -> Vec<Day> {
    let day = Duration::from_secs(86_400);
    (0..90_u32)
        .map(|index| Day {
            start: ctx.now.minus(day * (89 - index)),
            href: format!("?day={index}"),
            down: match index {
                13 => Duration::from_secs(200),
                40 => Duration::from_secs(7_200),
                41 => day,
                77 => Duration::from_secs(1_200),
                _ => Duration::ZERO,
            },
            unknown: match index {
                0..4 => day,
                60 => Duration::from_secs(20_000),
                _ => Duration::ZERO,
            },
            length: day,
        })
        .collect()
}

fn today(ctx: &Ctx) -> Html {
    let from = ctx.now.minus(Duration::from_secs(86_400));
    let at = |hours: f64| from.plus(Duration::from_secs_f64(hours * 3_600.0));
    let span = |a, b, state| Span { from: at(a), to: at(b), state };
    chart::timeline(
        ctx,
        from,
        ctx.now,
        &[
            span(2.0, 9.5, LinkState::Up),
            span(9.5, 10.2, LinkState::Down),
            span(10.2, 16.0, LinkState::Up),
            span(16.0, 17.5, LinkState::Maintenance),
            span(17.5, 22.0, LinkState::Up),
            span(22.0, 24.0, LinkState::Degraded),
        ],
    )
}

pub(crate) fn form(ctx: &Ctx) -> Page {
    let clean = ctx.path.contains("clean");
    let wrong = |text: &str| if clean { String::new() } else { text.to_owned() };
    let options = vec![("1".to_owned(), "Восток-Телеком, Аягоз".to_owned())];
    let radio = vec![
        ("normal".to_owned(), "Обычная".to_owned(), "одна проба в секунду".to_owned()),
        ("critical".to_owned(), "Высокая".to_owned(), "пять проб в секунду".to_owned()),
    ];
    let form = form::form(&ctx.tr, &Form {
        action: "/form".into(),
        csrf: ctx.csrf.clone(),
        fields: vec![
            Field::new("name", "Название").value("Самар ауданы").group("Сегмент"),
            Field::new("prefix", "Адреса").kind(Kind::Code).value("10.20.300.0/24")
                .help("Сеть с длиной префикса, например 10.20.9.0/24. Несколько сетей через запятую.")
                .error(wrong("10.20.300.0/24 не адрес: число 300 больше 255. Исправьте третье число.")),
            Field::new("address", "Кого опрашивать").kind(Kind::Code).help("Обычно адрес маршрутизатора."),
            Field::new("parent", "Точка провайдера").kind(Kind::Select(options)).optional().group("Канал"),
            Field::new("speed", "Скорость, Мбит/с").kind(Kind::Number).value("100")
                .error(wrong("Напишите число от 1 до 100 000.")),
            Field::new("until", "Плановые работы до").kind(Kind::Moment).optional(),
            Field::new("weight", "Важность").kind(Kind::Radio(radio)).value("normal"),
            Field::new("watch", "Наблюдать сразу").kind(Kind::Check).value("on").help("Можно включить позже."),
            Field::new("notes", "Заметки").kind(Kind::Area { rows: 3 }).optional(),
            Field::new("file", "Файл CSV").kind(Kind::File { accept: ".csv" }).optional(),
        ],
        cancel: "/".into(),
        draft: "segment-new".into(),
        ..Form::default()
    });
    Page {
        heading: "Новый сегмент".into(),
        body: form,
        nav: "registry",
        layout: page::Layout::Narrow,
        crumbs: vec![Crumb::new("Реестр", "/form")],
        ..Page::default()
    }
}

pub(crate) fn parts(ctx: &Ctx) -> Page {
    let tr = &ctx.tr;
    let badges: Html = LinkState::ALL
        .into_iter()
        .map(|state| Html::trusted(format!("<p>{}</p>", state::badge(tr, state))))
        .collect();
    let notices: Html = [Tone::Plain, Tone::Good, Tone::Warning, Tone::Bad]
        .into_iter()
        .map(|tone| {
            notice::notice(tone, &Html::text("Резервная копия сделана 20 ноября, проверена."))
        })
        .collect();
    let empty = notice::empty(
        "Отключений нет",
        &Html::text("Когда сегмент перестанет отвечать, он появится здесь."),
    );
    let pager = pager::pager(
        tr,
        &pager::Pager {
            previous: Some("?a".into()),
            next: Some("?b".into()),
            shown: Some((51, 100, 1_240)),
        },
    );
    let empty =
        card::card("Отключения", &Html::default(), &empty.then(&notice::loading(tr)).then(&pager));
    let states = card::card("Состояния", &Html::default(), &badges.then(&notices));
    Page {
        heading: "Все части".into(),
        body: card::halves(&states, &empty).then(&card::card("", &Html::default(), &stories(ctx))),
        nav: "outages",
        ..Page::default()
    }
}

pub(crate) fn wall(ctx: &Ctx, items: &[Item]) -> Page {
    let body = state::counts(&ctx.tr, &counts(items), None, &[]).then(&card::columns(
        &the_star(ctx, items, None),
        &card::card("Отключения сейчас", &Html::default(), &stories(ctx)),
    ));
    Page {
        heading: "3 сегмента без связи".into(),
        age: Some(Age { at: ctx.now }),
        body,
        layout: page::Layout::Wall,
        live: Some("/events".into()),
        ..Page::default()
    }
}
