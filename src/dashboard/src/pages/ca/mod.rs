//! The officer's desk: certificates, orders and tokens (T1.2 to T1.5).

mod act;
mod certificate;
mod desk;
mod machines;
mod order;
pub(super) mod order_form;
mod steps;
mod told;
pub(super) mod words;

use axum::response::Response;
use axum::routing::{get, post};
use ets_i18n::t;
use ets_web::page::Layout;
use ets_web::{Crumb, Html, Page};

use super::view::View;
use crate::Error;
use crate::entry::Routes;

/// Where the desk lies.
pub(crate) const DESK: &str = "/ca";

/// Everything below [`DESK`].
pub(super) fn routes() -> Routes {
    Routes::new()
        .route("/ca", "ca.read", get(desk::page))
        .route("/ca/certificates.csv", "ca.read", get(desk::csv))
        .route("/ca/machines", "ca.read", get(machines::page))
        .route("/ca/machines/keys", "ca.issue", post(machines::new_key))
        .route("/ca/machines/keys/{kid}/revoke", "ca.revoke", post(machines::revoke_key))
        .route("/ca/machines/secrets", "ca.issue", post(machines::new_secret))
        .route("/ca/machines/secrets/{name}/revoke", "ca.revoke", post(machines::revoke_secret))
        .route("/ca/new", "ca.issue", get(order_form::new).post(order_form::create))
        .route("/ca/orders/{id}", "ca.read", get(order::page))
        .route("/ca/orders/{id}/receipt.pdf", "ca.read", get(act::receipt))
        .route("/ca/orders/{id}/confirm", "ca.issue", post(steps::confirm))
        .route("/ca/orders/{id}/refuse", "ca.issue", post(steps::refuse))
        .route("/ca/orders/{id}/issue", "ca.issue", post(steps::issue))
        .route("/ca/orders/{id}/hand-over", "ca.issue", post(steps::hand_over))
        .route("/ca/orders/{id}/contact", "ca.issue", post(told::save))
        .route("/ca/orders/{id}/lose", "ca.revoke", post(steps::lose))
        .route("/ca/orders/{id}/find", "ca.revoke", post(steps::find))
        .route("/ca/orders/{id}/reissue", "ca.revoke", post(steps::reissue))
        .route("/ca/orders/{id}/stand-in", "ca.revoke", post(steps::stand_in))
        .route("/ca/orders/{id}/return", "ca.revoke", post(steps::give_back))
        .route("/ca/certificates/{serial}", "ca.read", get(certificate::page))
        .route("/ca/certificates/{serial}/pem", "ca.read", get(certificate::pem))
        .route(
            "/ca/certificates/{serial}/revoke",
            "ca.revoke",
            get(certificate::ask).post(certificate::revoke),
        )
        .route("/ca/certificates/{serial}/suspend", "ca.revoke", post(certificate::suspend))
        .route("/ca/certificates/{serial}/resume", "ca.revoke", post(certificate::resume))
}

/// A page below the desk.
fn below(view: &View, heading: String, body: Html) -> Page {
    Page {
        heading,
        body,
        nav: "ca",
        crumbs: vec![Crumb::new(t::ca_title(view.tr()), DESK)],
        layout: Layout::Narrow,
        ..Page::default()
    }
}

/// The answer to a step: back to where it was taken, with a word about what was done or why not.
fn told<T>(
    view: &View,
    place: &str,
    done: Result<T, Error>,
    text: &str,
) -> Result<Response, Error> {
    match done {
        Ok(_) => Ok(view.done(place, text)),
        Err(Error::Conflict(why)) => Ok(view.failed(place, why)),
        Err(Error::Invalid(faults)) => {
            let why: Vec<String> = faults.into_iter().map(|fault| fault.message).collect();
            Ok(view.failed(place, why.join("; ")))
        }
        Err(error) => Err(error),
    }
}

impl From<ets_ca::life::Error> for Error {
    fn from(error: ets_ca::life::Error) -> Self {
        use ets_ca::life::Error as Life;
        match error {
            Life::OfTheHub(_) => Self::Forbidden(
                "certificates that open the hub itself are issued over its local socket only: ets-hub ca",
            ),
            Life::Unknown(id) => Self::NotFound { what: "order", id: id.to_string() },
            Life::NotNow(..)
            | Life::SamePerson
            | Life::Unconfirmed(_)
            | Life::TooLong(_)
            | Life::HasRequest(_)
            | Life::NotWanted(_)
            | Life::GivenUp(_)
            | Life::Early(_)
            | Life::Renewed(_)
            | Life::Withdrawn(_)
            | Life::Replaced(..) => Self::Conflict(error.to_string()),
            Life::Ca(error) => error.into(),
            Life::Notify(error) => Self::internal(error),
            Life::Store(error) => error.into(),
            Life::Journal(error) => error.into(),
        }
    }
}
