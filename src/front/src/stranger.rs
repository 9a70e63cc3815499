//! For whoever is not in the network: that it is so, and what to do. Nothing here names anything
//! inside.

use axum::response::Response;
use ets_i18n::{Tr, t};
use ets_web::Html;
use ets_web::html::escape;

use crate::frame::{self, Page, paragraph, part};
use crate::site::App;
use crate::visit::Visit;

pub(crate) fn page(app: &App, visit: &Visit) -> Response {
    let tr = &visit.tr;
    let duty = app.config.duty.get(tr.lang());
    let page = Page {
        heading: t::front_stranger_heading(tr).to_owned(),
        sub: t::front_stranger_sub(tr, visit.from.to_string()),
        body: steps(tr, duty).then(&network(tr)),
        ..Page::default()
    };
    frame::respond(app, visit, &page)
}

/// What to do, one after the other.
fn steps(tr: &Tr, duty: &str) -> Html {
    let call = match duty {
        "" => t::front_stranger_call_nobody(tr).to_owned(),
        duty => t::front_stranger_call(tr, duty),
    };
    let steps = [
        t::front_stranger_place(tr),
        t::front_stranger_cable(tr),
        t::front_stranger_address(tr),
        t::front_stranger_again(tr),
        &call,
    ];
    let steps: String = steps.iter().map(|step| format!("<li>{}</li>\n", escape(step))).collect();
    part(t::front_stranger_do(tr), &Html::trusted(format!("<ol class=\"steps\">\n{steps}</ol>\n")))
}

fn network(tr: &Tr) -> Html {
    part(t::front_network(tr), &paragraph(t::front_network_text(tr)))
}
