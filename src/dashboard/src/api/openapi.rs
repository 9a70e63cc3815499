//! `GET /api/openapi.json`: the API described (OpenAPI 3.1), made from the table of operations.

use axum::response::Response;
use http::StatusCode;
use serde_json::{Map, Value, json};

use super::operation::{Content, Operation};
use super::schema::{self, reference};
use super::segments::answer;
use super::table::operations;
use super::{orders_schema, rights_schema, services_schema};

/// The handler.
pub(crate) async fn get() -> Response {
    answer(StatusCode::OK, &document())
}

/// The document.
pub(crate) fn document() -> Value {
    let mut paths = Map::new();
    for one in operations() {
        let path = paths.entry(one.path).or_insert_with(|| json!({}));
        path[one.method] = operation(one);
    }
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "ETS Hub",
            "version": env!("CARGO_PKG_VERSION"),
            "description": "The machine interface of the hub. Moments are RFC 3339 in UTC. \
                Refusals are application/problem+json with what to do in `remedy`.",
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": "/"}],
        "security": [{"certificate": []}, {"session": []}],
        "paths": paths,
        "components": {
            "schemas": schemas(),
            "securitySchemes": {
                "certificate": {"type": "mutualTLS", "description": "the administrator's certificate"},
                "session": {"type": "apiKey", "in": "cookie", "name": "__Host-ets-session"},
            },
            "responses": {"Problem": {
                "description": "Refused; `remedy` says what to do.",
                "content": {"application/problem+json": {"schema": reference("Problem")}},
            }},
        },
    })
}

fn schemas() -> Value {
    let mut all = schema::all();
    for (name, schema) in
        rights_schema::all().into_iter().chain(orders_schema::all()).chain(services_schema::all())
    {
        all[name] = schema;
    }
    all
}

fn operation(one: &Operation) -> Value {
    let mut responses = Map::new();
    let mut ok = json!({"description": "Done."});
    if let Some(content) = one.ok.1 {
        ok["content"] = media(content);
    }
    responses.insert(one.ok.0.to_string(), ok);
    for status in one.refusals {
        responses.insert(status.to_string(), json!({"$ref": "#/components/responses/Problem"}));
    }
    let mut document = json!({
        "operationId": one.id,
        "summary": one.summary,
        "parameters": parameters(one),
        "responses": responses,
    });
    if let Some(content) = one.body {
        document["requestBody"] = json!({"content": media(content)});
    }
    document
}

fn media(content: Content) -> Value {
    let schema = match content {
        // Bytes are told by their media type alone.
        Content { media: "image/*", .. } => json!({}),
        Content { schema: "", .. } => json!({"type": "string"}),
        Content { schema, list: true, .. } => json!({"type": "array", "items": reference(schema)}),
        Content { schema, .. } => reference(schema),
    };
    json!({content.media: {"schema": schema}})
}

fn parameters(one: &Operation) -> Vec<Value> {
    let in_path = one.path.split('/').filter_map(|part| {
        let name = part.strip_prefix('{')?.strip_suffix('}')?;
        Some(json!({"name": name, "in": "path", "required": true, "schema": {"type": "string"}}))
    });
    let in_query = one.query.iter().map(|param| {
        json!({
            "name": param.name,
            "in": "query",
            "description": param.about,
            "schema": {"type": param.kind},
        })
    });
    in_path.chain(in_query).collect()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_schema_that_is_named_is_there() {
        let document = document();
        let text = document.to_string();
        let schemas = document["components"]["schemas"].as_object().unwrap();
        for part in text.split("#/components/schemas/").skip(1) {
            let name = part.split('"').next().unwrap();
            assert!(schemas.contains_key(name), "{name}");
        }
    }

    #[test]
    fn every_operation_has_a_name_of_its_own() {
        let names: BTreeSet<_> = operations().map(|one| one.id).collect();
        assert_eq!(names.len(), operations().count());
        let document = document();
        for one in operations() {
            assert_eq!(document["paths"][one.path][one.method]["operationId"], one.id);
        }
    }
}
