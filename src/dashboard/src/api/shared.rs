//! `/api/v1/institutions` and `/api/v1/parents`: what several segments name. Both are listed,
//! added, changed and removed in one way; [`Document`] says where they differ.

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::response::Response;
use ets_model::{Institution, Parent};
use ets_registry::{Author, Catalog, Error as Refusal, Registry};
use http::{HeaderValue, StatusCode, header};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use super::asker::Asker;
use super::segments::{answer, done};
use super::{body, tally};
use crate::Error;
use crate::service::App;

/// An entry of the register as a document of the API.
pub(crate) trait Document: Serialize + DeserializeOwned + Send + Sync + 'static {
    /// What it is called in refusals.
    const WHAT: &'static str;
    /// Where the documents lie.
    const PATH: &'static str;
    /// What is taken.
    const TAKEN: &'static [&'static str];
    /// What is shown, and ignored when it is sent back.
    const SHOWN_ONLY: &'static [&'static str];

    fn id(&self) -> &str;
    fn version(&self) -> i64;
    fn all(catalog: &Catalog) -> Vec<Arc<Self>>;
    fn find(catalog: &Catalog, id: &str) -> Option<Arc<Self>>;
    /// What is shown beside the entry itself, for each of them in order.
    fn live(app: &App, all: &[Arc<Self>]) -> Vec<Map<String, Value>>;

    fn add(
        self,
        registry: &Registry,
        author: &Author,
    ) -> impl Future<Output = Result<Arc<Self>, Refusal>> + Send;
    fn change(
        self,
        registry: &Registry,
        author: &Author,
    ) -> impl Future<Output = Result<Arc<Self>, Refusal>> + Send;
    fn remove(
        &self,
        version: i64,
        registry: &Registry,
        author: &Author,
    ) -> impl Future<Output = Result<(), Refusal>> + Send;
}

/// `GET` of all.
pub(crate) async fn list<D: Document>(State(app): State<App>) -> Result<Response, Error> {
    let all = D::all(&app.deps.registry.catalog());
    Ok(answer(StatusCode::OK, &shown(&app, &all)?))
}

/// `GET` of one.
pub(crate) async fn get<D: Document>(
    State(app): State<App>,
    Path(id): Path<String>,
) -> Result<Response, Error> {
    let one = current::<D>(&app, &id)?;
    document(&app, one, StatusCode::OK)
}

/// `POST`
pub(crate) async fn create<D: Document>(by: Asker, body: Bytes) -> Result<Response, Error> {
    let one: D = body::typed(read::<D>(&body)?)?;
    let made = one.add(by.registry(), &by.author).await?;
    let place = HeaderValue::try_from(format!("{}/{}", D::PATH, made.id()));
    let mut response = document(&by.app, made, StatusCode::CREATED)?;
    if let Ok(place) = place {
        response.headers_mut().insert(header::LOCATION, place);
    }
    Ok(response)
}

/// `PUT`
pub(crate) async fn replace<D: Document>(
    by: Asker,
    Path(id): Path<String>,
    body: Bytes,
) -> Result<Response, Error> {
    let current = current::<D>(&by.app, &id)?;
    let mut map = read::<D>(&body)?;
    let version = by.seen(map.get("version"), current.version());
    map.insert("id".to_owned(), id.into());
    map.insert("version".to_owned(), version.into());
    let one: D = body::typed(map)?;
    let made = one.change(by.registry(), &by.author).await?;
    document(&by.app, made, StatusCode::OK)
}

/// `DELETE`
pub(crate) async fn remove<D: Document>(
    by: Asker,
    Path(id): Path<String>,
) -> Result<Response, Error> {
    let current = current::<D>(&by.app, &id)?;
    let version = by.seen(None, current.version());
    current.remove(version, by.registry(), &by.author).await?;
    Ok(done())
}

fn current<D: Document>(app: &App, id: &str) -> Result<Arc<D>, Error> {
    let found = D::find(&app.deps.registry.catalog(), id);
    found.ok_or_else(|| Error::NotFound { what: D::WHAT, id: id.to_owned() })
}

fn read<D: Document>(body: &Bytes) -> Result<Map<String, Value>, Error> {
    let mut map = body::object(body)?;
    map.retain(|name, _| !D::SHOWN_ONLY.contains(&name.as_str()));
    body::only(&map, D::TAKEN)?;
    Ok(map)
}

fn document<D: Document>(app: &App, one: Arc<D>, status: StatusCode) -> Result<Response, Error> {
    let tag = HeaderValue::try_from(format!("\"{}\"", one.version()));
    let mut response = answer(status, &shown(app, &[one])?.pop());
    if let Ok(tag) = tag {
        response.headers_mut().insert(header::ETAG, tag);
    }
    Ok(response)
}

fn shown<D: Document>(app: &App, all: &[Arc<D>]) -> Result<Vec<Value>, Error> {
    let join = |(one, live): (&Arc<D>, Map<String, Value>)| {
        let mut value = serde_json::to_value(one.as_ref()).map_err(Error::internal)?;
        if let Value::Object(map) = &mut value {
            map.extend(live);
        }
        Ok(value)
    };
    all.iter().zip(D::live(app, all)).map(join).collect()
}

impl Document for Institution {
    const WHAT: &'static str = "institution";
    const PATH: &'static str = "/api/v1/institutions";
    const TAKEN: &'static [&'static str] =
        &["id", "name", "kind", "budget_level", "district", "address", "head", "duty", "version"];
    const SHOWN_ONLY: &'static [&'static str] = &[];

    fn id(&self) -> &str {
        self.id.as_str()
    }

    fn version(&self) -> i64 {
        self.version
    }

    fn all(catalog: &Catalog) -> Vec<Arc<Self>> {
        catalog.institutions().cloned().collect()
    }

    fn find(catalog: &Catalog, id: &str) -> Option<Arc<Self>> {
        catalog.institution(&id.parse().ok()?).cloned()
    }

    fn live(_: &App, all: &[Arc<Self>]) -> Vec<Map<String, Value>> {
        vec![Map::new(); all.len()]
    }

    async fn add(self, registry: &Registry, author: &Author) -> Result<Arc<Self>, Refusal> {
        registry.create_institution(self, author).await
    }

    async fn change(self, registry: &Registry, author: &Author) -> Result<Arc<Self>, Refusal> {
        registry.update_institution(self, author).await
    }

    async fn remove(&self, version: i64, registry: &Registry, by: &Author) -> Result<(), Refusal> {
        registry.remove_institution(&self.id, version, by).await
    }
}

impl Document for Parent {
    const WHAT: &'static str = "provider point";
    const PATH: &'static str = "/api/v1/parents";
    const TAKEN: &'static [&'static str] = &["id", "name", "provider", "version"];
    const SHOWN_ONLY: &'static [&'static str] = &["segments", "down"];

    fn id(&self) -> &str {
        &self.id
    }

    fn version(&self) -> i64 {
        self.version
    }

    fn all(catalog: &Catalog) -> Vec<Arc<Self>> {
        catalog.parents().cloned().collect()
    }

    fn find(catalog: &Catalog, id: &str) -> Option<Arc<Self>> {
        catalog.parent(id).cloned()
    }

    fn live(app: &App, all: &[Arc<Self>]) -> Vec<Map<String, Value>> {
        let (catalog, snapshot) = (app.deps.registry.catalog(), app.deps.watch.snapshot());
        let counts = tally::by_parent(&catalog, &snapshot);
        let figures = |one: &Arc<Self>| {
            let counts = counts.get(one.id.as_str()).copied().unwrap_or_default();
            let pairs = [("segments", counts.total()), ("down", counts.down)];
            pairs.map(|(name, count)| (name.to_owned(), count.into())).into_iter().collect()
        };
        all.iter().map(figures).collect()
    }

    async fn add(self, registry: &Registry, author: &Author) -> Result<Arc<Self>, Refusal> {
        registry.create_parent(self, author).await
    }

    async fn change(self, registry: &Registry, author: &Author) -> Result<Arc<Self>, Refusal> {
        registry.update_parent(self, author).await
    }

    async fn remove(&self, version: i64, registry: &Registry, by: &Author) -> Result<(), Refusal> {
        registry.remove_parent(&self.id, version, by).await
    }
}
