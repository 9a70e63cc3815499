//! The one way out.

use axum::routing::{get, put};

use crate::api::gateway;
use crate::api::operation::{Operation, json, list, param, right};

pub(super) const OPERATIONS: &[Operation] = &[
    Operation {
        method: "get",
        path: "/api/v1/gateway",
        needs: right("rules.read"),
        id: "getGateway",
        summary: "The rules of the way out, their version, and how many connections are open.",
        query: &[],
        body: None,
        ok: (200, json("Object")),
        refusals: &[401, 404],
        route: || get(gateway::get),
    },
    Operation {
        method: "put",
        path: "/api/v1/gateway/rules",
        needs: right("rules.write"),
        id: "replaceGatewayRules",
        summary: "Puts rules in force at once, for open connections too. The version that was seen stands in If-Match or in the body.",
        query: &[],
        body: json("Object"),
        ok: (200, json("Object")),
        refusals: &[400, 401, 403, 404, 412, 422, 503, 507],
        route: || put(gateway::replace),
    },
    Operation {
        method: "get",
        path: "/api/v1/gateway/versions",
        needs: right("rules.read"),
        id: "listGatewayVersions",
        summary: "The last versions of the rules, newest first.",
        query: &[],
        body: None,
        ok: (200, list("Object")),
        refusals: &[401, 404, 503],
        route: || get(gateway::versions),
    },
    Operation {
        method: "get",
        path: "/api/v1/gateway/versions/{no}",
        needs: right("rules.read"),
        id: "getGatewayVersion",
        summary: "The rules of one version.",
        query: &[],
        body: None,
        ok: (200, json("Object")),
        refusals: &[400, 401, 404, 503],
        route: || get(gateway::rules_of),
    },
    Operation {
        method: "get",
        path: "/api/v1/gateway/would",
        needs: right("rules.read"),
        id: "wouldReach",
        summary: "Whether somebody in a segment would get out to a host, which rule says so, and until when.",
        query: &[
            param("segment", "string", "a segment, or an address in it"),
            param("to", "string", "HOST:PORT"),
            param("at", "string", "a moment (RFC 3339); now unless given"),
        ],
        body: None,
        ok: (200, json("Object")),
        refusals: &[400, 401, 404],
        route: || get(gateway::would),
    },
];
