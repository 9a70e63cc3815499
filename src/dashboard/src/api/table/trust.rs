//! Certificates.

use axum::routing::{get, post};

use crate::api::ca;
use crate::api::operation::{Operation, json, list, param};

pub(super) const OPERATIONS: &[Operation] = &[
    Operation {
        method: "get",
        path: "/api/v1/ca/certificates",
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
        id: "revokeCertificate",
        summary: "Revokes a certificate for good; what it opened is closed before the answer.",
        query: &[],
        body: json("Revocation"),
        ok: (200, json("Object")),
        refusals: &[400, 401, 403, 404, 409, 422, 507],
        route: || post(ca::revoke),
    },
    Operation {
        method: "post",
        path: "/api/v1/ca/certificates/{serial}/suspend",
        id: "suspendCertificate",
        summary: "Suspends a certificate: it opens nothing until the suspension ends.",
        query: &[],
        body: None,
        ok: (200, json("Object")),
        refusals: &[401, 403, 404, 409, 507],
        route: || post(ca::suspend),
    },
    Operation {
        method: "post",
        path: "/api/v1/ca/certificates/{serial}/resume",
        id: "resumeCertificate",
        summary: "Ends a suspension.",
        query: &[],
        body: None,
        ok: (200, json("Object")),
        refusals: &[401, 403, 404, 409, 507],
        route: || post(ca::resume),
    },
];
