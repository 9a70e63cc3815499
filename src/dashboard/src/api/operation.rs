//! The API as one table: what is routed and what the OpenAPI document says come from the same
//! rows, so that neither can be forgotten.

use axum::routing::MethodRouter;

use crate::entry::Needs;
use crate::service::App;

/// One operation: a method on a path.
pub(crate) struct Operation {
    /// The HTTP method, lower case as OpenAPI wants it.
    pub method: &'static str,
    /// The path with its parameters in braces.
    pub path: &'static str,
    /// What it needs; on the segment or institution that its path names.
    pub needs: Needs,
    /// The `operationId`.
    pub id: &'static str,
    /// One sentence.
    pub summary: &'static str,
    /// Query parameters.
    pub query: &'static [Param],
    /// What the body is, where there is one.
    pub body: Option<Content>,
    /// The status of success and what it carries.
    pub ok: (u16, Option<Content>),
    /// The statuses of refusal.
    pub refusals: &'static [u16],
    /// What carries it out.
    pub route: fn() -> MethodRouter<App>,
}

/// One query parameter.
#[derive(Clone, Copy)]
pub(crate) struct Param {
    /// Its name.
    pub name: &'static str,
    /// The JSON type: `string`, `integer`, `boolean`.
    pub kind: &'static str,
    /// What it does.
    pub about: &'static str,
}

/// A media type and its schema.
#[derive(Clone, Copy)]
pub(crate) struct Content {
    /// The media type.
    pub media: &'static str,
    /// The name of the schema among the components; empty for text.
    pub schema: &'static str,
    /// Whether it is a list of them.
    pub list: bool,
}

/// One JSON object.
pub(crate) const fn json(schema: &'static str) -> Option<Content> {
    Some(Content { media: "application/json", schema, list: false })
}

/// A JSON list of objects.
pub(crate) const fn list(schema: &'static str) -> Option<Content> {
    Some(Content { media: "application/json", schema, list: true })
}

/// An operation that needs this right.
pub(crate) const fn right(id: &'static str) -> Needs {
    Needs::Right(id)
}

/// Text of this media type.
pub(crate) const fn text(media: &'static str) -> Option<Content> {
    Some(Content { media, schema: "", list: false })
}

/// The bytes of a picture.
pub(crate) const PICTURE: Option<Content> =
    Some(Content { media: "image/*", schema: "", list: false });

pub(crate) const fn param(name: &'static str, kind: &'static str, about: &'static str) -> Param {
    Param { name, kind, about }
}
