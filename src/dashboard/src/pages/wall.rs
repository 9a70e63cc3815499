//! The wall screen: large, read from across the room, changing by itself between the star, the
//! outages and the table.

use axum::response::Response;
use ets_i18n::t;
use ets_web::live::fragment;
use ets_web::page::Layout;
use ets_web::tabs::{Tab, tabs};
use ets_web::{Age, Html, Page, card, state};

use super::view::View;
use super::{overview, stories};
use crate::Error;

/// What the wall shows in turn, and for how many seconds each.
const SCENES: [&str; 3] = ["star", "outages", "table"];
const SECONDS: u32 = 20;

/// `GET /wall`
pub(crate) async fn page(view: View) -> Result<Response, Error> {
    let tr = view.tr();
    let asked = view.asked("scene");
    let scene = SCENES.into_iter().find(|scene| *scene == asked).unwrap_or("star");
    let held = view.asked("hold") == "1";
    let counts = state::counts(tr, &overview::counts(&view.snapshot.counts), None, &[]);
    let picture = match scene {
        "outages" => {
            let stories = fragment("outages", &stories::all(&view).await?);
            let changed = fragment("changed", &super::changed::list(&view).await?);
            let none = Html::default();
            card::halves(
                &card::card(t::overview_outages_now(tr), &none, &stories),
                &card::card(t::overview_changed(tr), &none, &changed),
            )
        }
        "table" => fragment("table", &overview::wall_table(&view)),
        _ => {
            let stories = fragment("outages", &stories::all(&view).await?);
            let title = t::overview_outages_now(tr);
            let side = Html::trusted(format!("<aside><h2>{title}</h2>{stories}</aside>"));
            fragment("star", &overview::star(&view)).then(&side)
        }
    };
    let shape = if scene == "star" { "picture" } else { scene };
    let body = Html::trusted(format!(
        "{}{counts}<div class=\"stage {shape}\">{picture}</div>{}",
        fragment("warning", &overview::warning(&view)),
        scenes(&view, scene, held)
    ));
    let page = Page {
        title: t::wall_title(tr).to_owned(),
        heading: overview::heading(tr, &view.catalog, &view.snapshot),
        sub: Html::text(&t::overview_of(tr, view.snapshot.counts.total())),
        age: Some(Age { at: view.snapshot.tick }),
        body,
        live: Some(overview::own_stream(&view)),
        layout: Layout::Wall,
        ..Page::default()
    };
    Ok(turning(view.respond(&page), scene, held))
}

/// The next scene comes by itself, without a script.
fn turning(mut response: Response, scene: &str, held: bool) -> Response {
    let at = SCENES.iter().position(|one| *one == scene).unwrap_or_default();
    let next = SCENES[(at + 1) % SCENES.len()];
    let refresh = format!("{SECONDS}; url=/wall?scene={next}");
    if let (false, Ok(value)) = (held, http::HeaderValue::try_from(refresh)) {
        response.headers_mut().insert("refresh", value);
    }
    response
}

fn scenes(view: &View, current: &str, held: bool) -> Html {
    let tr = view.tr();
    let word = |scene: &str| match scene {
        "outages" => t::overview_outages_now(tr),
        "table" => t::star_as_table(tr),
        _ => t::star_as_star(tr),
    };
    let mut all: Vec<Tab> = SCENES
        .iter()
        .map(|scene| Tab {
            title: word(scene).to_owned(),
            href: format!("/wall?scene={scene}&hold=1"),
            current: *scene == current,
            key: "",
        })
        .collect();
    if held {
        all.push(Tab {
            title: t::wall_turn(tr).to_owned(),
            href: format!("/wall?scene={current}"),
            current: false,
            key: "",
        });
    }
    all.push(Tab {
        title: t::wall_leave(tr).to_owned(),
        href: "/".to_owned(),
        current: false,
        key: "",
    });
    tabs(t::wall_title(tr), &all)
}
