//! A gallery of every component, served on loopback with invented data and a stream of invented
//! changes: `cargo run -p ets-web --example gallery -- 127.0.0.1:8091`.

mod data;
mod pages;
mod stream;

use std::sync::Arc;

use axum::Router;
use axum::extract::{Path, Query, Request, State};
use axum::http::{HeaderMap, Uri};
use axum::response::{IntoResponse as _, Response};
use axum::routing::get;
use ets_i18n::Lang;
use ets_model::{Names, WallTime};
use ets_web::{Ctx, NavItem, Problem, Site, assets, preferences, problem};
use serde::Deserialize;

#[derive(Debug, Default, Deserialize)]
struct Ask {
    count: Option<usize>,
    group: Option<String>,
    view: Option<String>,
}

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let address = std::env::args().nth(1).unwrap_or_else(|| "127.0.0.1:8091".to_owned());
    let listener = tokio::net::TcpListener::bind(&address).await.expect("the address is free");
    println!("http://{address}/");
    let app = Router::new()
        .route("/", get(overview))
        .route("/segments/{id}", get(segment))
        .route("/form", get(form))
        .route("/parts", get(parts))
        .route("/wall", get(wall))
        .route("/problem/{kind}", get(fault))
        .route("/events", get(stream::events))
        .merge(assets::router())
        .merge(preferences::router())
        .fallback(async |State(site): State<Arc<Site>>, uri: Uri, headers: HeaderMap| {
            problem(&site, &context(&site, &uri, &headers), &Problem::NotFound)
        })
        .with_state(Arc::new(site()));
    axum::serve(listener, app).await.expect("the gallery serves until it is stopped");
}

fn site() -> Site {
    let nav = |id, title, href, go| NavItem { id, title, href, go: Some(go) };
    use ets_i18n::key;
    Site {
        mark: "ETC".into(),
        name: Names {
            kk: "ШҚО торабы".into(),
            ru: "узел ВКО".into(),
            en: "hub of the region".into(),
        },
        owner: Names {
            kk: "Облыстық ақпараттандыру басқармасы".into(),
            ru: "Управление информатизации области".into(),
            en: "Department of informatics of the region".into(),
        },
        zone: ets_i18n::zone("Asia/Almaty").expect("the zone is known"),
        lang: Lang::Ru,
        nav: vec![
            nav("overview", key::STAR_TITLE, "/", 'o'),
            nav("outages", key::STATE_DOWN, "/parts", 'i'),
            nav("segments", key::STAR_AS_TABLE, "/?view=table", 's'),
            nav("registry", key::FORM_SAVE, "/form", 'r'),
            nav("journal", key::CHART_TIME, "/problem/stale", 'j'),
            nav("health", key::DETAILS, "/problem/internal", 'h'),
        ],
        search: "/",
        wall: "/wall",
        origin: String::new(),
    }
}

fn context(site: &Site, uri: &Uri, headers: &HeaderMap) -> Ctx {
    let mut ctx = Ctx::from_request(site, uri, headers, now());
    for (key, value) in
        uri.query().unwrap_or_default().split('&').filter_map(|pair| pair.split_once('='))
    {
        match key {
            "theme" => ctx.theme = value.parse().unwrap_or_default(),
            "lang" => {
                ctx.tr = ets_i18n::Tr::new(value.parse().unwrap_or_default(), site.zone.clone());
            }
            _ => {}
        }
    }
    ctx.user = Some("администратор".into());
    ctx.sign_out = "/sign-out";
    ctx.csrf = "token".into();
    ctx.badges = vec![("outages", 3)];
    ctx
}

fn now() -> WallTime {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    WallTime(i64::try_from(since.unwrap_or_default().as_micros()).unwrap_or_default())
}

async fn overview(
    State(site): State<Arc<Site>>,
    Query(ask): Query<Ask>,
    request: Request,
) -> Response {
    let ctx = context(&site, request.uri(), request.headers());
    let data = data::segments(ask.count.unwrap_or(49));
    pages::overview(&ctx, &data, ask.group.as_deref(), ask.view.as_deref() == Some("table"))
        .respond(&site, &ctx)
}

async fn segment(
    State(site): State<Arc<Site>>,
    Path(id): Path<String>,
    request: Request,
) -> Response {
    let ctx = context(&site, request.uri(), request.headers());
    pages::segment(&ctx, &id).respond(&site, &ctx)
}

async fn form(State(site): State<Arc<Site>>, request: Request) -> Response {
    let ctx = context(&site, request.uri(), request.headers());
    pages::form(&ctx).respond(&site, &ctx)
}

async fn parts(State(site): State<Arc<Site>>, request: Request) -> Response {
    let ctx = context(&site, request.uri(), request.headers());
    pages::parts(&ctx).respond(&site, &ctx)
}

async fn wall(State(site): State<Arc<Site>>, request: Request) -> Response {
    let ctx = context(&site, request.uri(), request.headers());
    pages::wall(&ctx, &data::segments(49)).respond(&site, &ctx)
}

async fn fault(
    State(site): State<Arc<Site>>,
    Path(kind): Path<String>,
    request: Request,
) -> Response {
    let ctx = context(&site, request.uri(), request.headers());
    let what = match kind.as_str() {
        "forbidden" => Problem::Forbidden,
        "sign-in" => Problem::SignIn { command: "ets-hub link".into() },
        "stale" => Problem::Stale { href: "/form".into() },
        "expired" => Problem::FormExpired,
        "unavailable" => Problem::Unavailable,
        "bad" => Problem::BadRequest,
        "internal" => Problem::Internal { reference: "7F3A-11".into() },
        _ => Problem::NotFound,
    };
    problem(&site, &ctx, &what).into_response()
}
