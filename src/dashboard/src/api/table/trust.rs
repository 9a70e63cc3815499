//! Certificates.

use axum::routing::{delete, get, post};

use crate::api::{ca, machines, orders, renewal};
use axum::routing::MethodRouter;

use crate::api::operation::{Operation, json, list, param, right};
use crate::entry::Needs;
use crate::service::App;

pub(super) const OPERATIONS: &[Operation] = &[
    Operation {
        method: "get",
        path: "/api/v1/ca/certificates",
        needs: right("ca.read"),
        id: "listCertificates",
        summary: "What the authority issued, newest first.",
        query: &[param("limit", "integer", "at most so many, 1 to 1000; 100")],
        body: None,
        ok: (200, list("Certificate")),
        refusals: &[400, 401, 403, 404],
        route: || get(ca::list),
    },
    Operation {
        method: "post",
        path: "/api/v1/ca/certificates",
        needs: right("ca.issue"),
        id: "issueCertificate",
        summary: "Issues a certificate, to the key of a request or to one that is made.",
        query: &[],
        body: json("CertificateOrder"),
        ok: (201, json("IssuedCertificate")),
        refusals: &[400, 401, 403, 404, 422, 507],
        route: || post(ca::issue),
    },
    Operation {
        method: "get",
        path: "/api/v1/ca/certificates/{serial}",
        needs: right("ca.read"),
        id: "getCertificate",
        summary: "One certificate.",
        query: &[],
        body: None,
        ok: (200, json("Certificate")),
        refusals: &[401, 403, 404],
        route: || get(ca::get),
    },
    Operation {
        method: "post",
        path: "/api/v1/ca/certificates/{serial}/revoke",
        needs: right("ca.revoke"),
        id: "revokeCertificate",
        summary: "Revokes a certificate for good; what it opened is closed before the answer.",
        query: &[],
        body: json("Revocation"),
        ok: (200, json("Object")),
        refusals: &[202, 400, 401, 403, 404, 409, 422, 507],
        route: || post(ca::revoke),
    },
    Operation {
        method: "post",
        path: "/api/v1/ca/certificates/{serial}/suspend",
        needs: right("ca.revoke"),
        id: "suspendCertificate",
        summary: "Suspends a certificate: it opens nothing until the suspension ends.",
        query: &[],
        body: None,
        ok: (200, json("Object")),
        refusals: &[202, 401, 403, 404, 409, 507],
        route: || post(ca::suspend),
    },
    Operation {
        method: "post",
        path: "/api/v1/ca/certificates/{serial}/resume",
        needs: right("ca.revoke"),
        id: "resumeCertificate",
        summary: "Ends a suspension.",
        query: &[],
        body: None,
        ok: (200, json("Object")),
        refusals: &[401, 403, 404, 409, 507],
        route: || post(ca::resume),
    },
    Operation {
        method: "get",
        path: "/api/v1/ca/orders",
        needs: right("ca.read"),
        id: "listOrders",
        summary: "Orders of certificates with their tokens, newest first.",
        query: &[param("limit", "integer", "at most so many, 1 to 1000; 100")],
        body: None,
        ok: (200, list("CertificateOrderState")),
        refusals: &[400, 401, 403, 404],
        route: || get(orders::list),
    },
    Operation {
        method: "post",
        path: "/api/v1/ca/orders",
        needs: right("ca.issue"),
        id: "orderCertificate",
        summary: "Orders a certificate: it is issued by a step of its own.",
        query: &[],
        body: json("NewCertificateOrder"),
        ok: (201, json("CertificateOrderState")),
        refusals: &[400, 401, 403, 404, 422, 507],
        route: || post(orders::create),
    },
    Operation {
        method: "get",
        path: "/api/v1/ca/orders/{id}",
        needs: right("ca.read"),
        id: "getOrder",
        summary: "One order.",
        query: &[],
        body: None,
        ok: (200, json("CertificateOrderState")),
        refusals: &[400, 401, 403, 404],
        route: || get(orders::get),
    },
    step("/api/v1/ca/orders/{id}/confirm", "confirmOrder", "The second officer's word.", || {
        post(orders::confirm)
    }),
    Operation {
        body: json("OrderContact"),
        ..step(
            "/api/v1/ca/orders/{id}/contact",
            "tellOwnerAt",
            "Where and in which language its owner is told that it ends.",
            || post(orders::contact),
        )
    },
    Operation {
        method: "get",
        path: "/api/v1/me/renewal",
        needs: Needs::Known,
        id: "getOwnRenewal",
        summary: "What the owner of the certificate that was shown can do about its end.",
        query: &[],
        body: None,
        ok: (200, json("Renewal")),
        refusals: &[401, 403, 404, 409],
        route: || get(renewal::show),
    },
    Operation {
        method: "post",
        path: "/api/v1/me/renewal",
        needs: Needs::Known,
        id: "renewOwnCertificate",
        summary: "Renews it with the consent of its key, which signed less than five minutes ago.",
        query: &[],
        body: json("RenewalRequest"),
        ok: (201, json("Renewal")),
        refusals: &[400, 401, 403, 404, 409, 422, 507],
        route: || post(renewal::renew),
    },
    Operation {
        method: "post",
        path: "/api/v1/me/renewal/end-old",
        needs: Needs::Known,
        id: "endRenewedCertificate",
        summary: "Ends the certificate that the one that was shown renewed; its key signed less than five minutes ago.",
        query: &[],
        body: None,
        ok: (200, json("Renewal")),
        refusals: &[401, 403, 404, 409, 507],
        route: || post(renewal::end_old),
    },
    step("/api/v1/ca/orders/{id}/refuse", "refuseOrder", "Refuses an order.", || {
        post(orders::refuse)
    }),
    Operation {
        ok: (201, json("IssuedCertificate")),
        ..step("/api/v1/ca/orders/{id}/issue", "issueOrder", "Issues what was ordered.", || {
            post(orders::issue)
        })
    },
    step(
        "/api/v1/ca/orders/{id}/hand-over",
        "handOver",
        "The owner has signed for the token.",
        || post(orders::hand_over),
    ),
    Operation {
        needs: right("ca.revoke"),
        ..step(
            "/api/v1/ca/orders/{id}/lose",
            "loseToken",
            "The token is lost: it opens nothing.",
            || post(orders::lose),
        )
    },
    Operation {
        needs: right("ca.revoke"),
        ..step(
            "/api/v1/ca/orders/{id}/find",
            "findToken",
            "The token was found: it opens again.",
            || post(orders::find),
        )
    },
    Operation {
        needs: right("ca.revoke"),
        ok: (201, json("CertificateOrderState")),
        ..step(
            "/api/v1/ca/orders/{id}/reissue",
            "reissue",
            "Orders a new certificate in its place.",
            || post(orders::reissue),
        )
    },
    Operation {
        needs: right("ca.revoke"),
        ok: (201, json("CertificateOrderState")),
        ..step(
            "/api/v1/ca/orders/{id}/stand-in",
            "standIn",
            "Orders a temporary certificate.",
            || post(orders::stand_in),
        )
    },
    Operation {
        needs: right("ca.revoke"),
        ..step(
            "/api/v1/ca/orders/{id}/return",
            "returnToken",
            "The token came back: its certificate is dead.",
            || post(orders::give_back),
        )
    },
    Operation {
        method: "get",
        path: "/api/v1/ca/acme-keys",
        needs: right("ca.read"),
        id: "listAcmeKeys",
        summary: "Keys with which ACME accounts are bound to institutions.",
        query: &[],
        body: None,
        ok: (200, list("Object")),
        refusals: &[401, 403, 404],
        route: || get(machines::keys),
    },
    Operation {
        method: "post",
        path: "/api/v1/ca/acme-keys",
        needs: right("ca.issue"),
        id: "newAcmeKey",
        summary: "Makes such a key; its secret is answered this once.",
        query: &[],
        body: json("NewAcmeKey"),
        ok: (201, json("Object")),
        refusals: &[400, 401, 403, 404, 422, 507],
        route: || post(machines::new_key),
    },
    Operation {
        method: "delete",
        path: "/api/v1/ca/acme-keys/{kid}",
        needs: right("ca.revoke"),
        id: "revokeAcmeKey",
        summary: "Takes a key back; its accounts may ask for nothing more.",
        query: &[],
        body: None,
        ok: (200, json("Object")),
        refusals: &[401, 403, 404, 507],
        route: || delete(machines::revoke_key),
    },
    Operation {
        method: "get",
        path: "/api/v1/ca/router-secrets",
        needs: right("ca.read"),
        id: "listRouterSecrets",
        summary: "Secrets with which routers get their first certificate (EST).",
        query: &[],
        body: None,
        ok: (200, list("Object")),
        refusals: &[401, 403, 404],
        route: || get(machines::secrets),
    },
    Operation {
        method: "post",
        path: "/api/v1/ca/router-secrets",
        needs: right("ca.issue"),
        id: "newRouterSecret",
        summary: "Makes such a secret; it is answered this once.",
        query: &[],
        body: json("NewRouterSecret"),
        ok: (201, json("Object")),
        refusals: &[400, 401, 403, 404, 422, 507],
        route: || post(machines::new_secret),
    },
    Operation {
        method: "delete",
        path: "/api/v1/ca/router-secrets/{name}",
        needs: right("ca.revoke"),
        id: "revokeRouterSecret",
        summary: "Takes a secret back that was not used.",
        query: &[],
        body: None,
        ok: (200, json("Object")),
        refusals: &[401, 403, 404, 507],
        route: || delete(machines::revoke_secret),
    },
];

/// A step of an order.
const fn step(
    path: &'static str,
    id: &'static str,
    summary: &'static str,
    route: fn() -> MethodRouter<App>,
) -> Operation {
    Operation {
        method: "post",
        path,
        needs: right("ca.issue"),
        id,
        summary,
        query: &[],
        body: json("OrderStep"),
        ok: (200, json("CertificateOrderState")),
        refusals: &[202, 400, 401, 403, 404, 409, 422, 507],
        route,
    }
}
