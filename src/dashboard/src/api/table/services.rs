//! Whether the services answer.

use axum::routing::get;

use crate::api::operation::{Operation, list, param, right};
use crate::api::services;

pub(super) const OPERATIONS: &[Operation] = &[
    Operation {
        method: "get",
        path: "/api/v1/services/health",
        needs: right("network.read"),
        id: "listServiceHealth",
        summary: "Whether each service in use answers its checks, since when, and why not.",
        query: &[],
        body: None,
        ok: (200, list("ServiceHealth")),
        refusals: &[401, 503],
        route: || get(services::health),
    },
    Operation {
        method: "get",
        path: "/api/v1/services/{id}/history",
        needs: right("network.read"),
        id: "listServiceHistory",
        summary: "The changes of a service's health in the last 90 days, newest first.",
        query: &[param("limit", "integer", "At most so many; 50 unless said, 1000 at the most.")],
        body: None,
        ok: (200, list("ServiceTurn")),
        refusals: &[401, 404, 503],
        route: || get(services::history),
    },
    Operation {
        method: "get",
        path: "/api/v1/segments/{id}/services",
        needs: right("rules.read"),
        id: "listSegmentServices",
        summary: "The services that the rules in force let a segment reach, and whether they answer.",
        query: &[],
        body: None,
        ok: (200, list("Object")),
        refusals: &[401, 404, 503],
        route: || get(services::of_segment),
    },
];
