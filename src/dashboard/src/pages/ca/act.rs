//! The receipt that the owner of a token signs, with all that the certificate says (T1.2).

use axum::extract::Path;
use axum::response::Response;
use ets_ca::Kept;
use ets_ca::life::{Order, OrderId};
use ets_documents::act::{Act, Signature, pdf};
use ets_i18n::t;

use super::words;
use crate::Error;
use crate::api::to_keep;
use crate::pages::view::View;

/// `GET /ca/orders/{id}/receipt.pdf`
pub(super) async fn receipt(view: View, Path(id): Path<i64>) -> Result<Response, Error> {
    let (order, kept, _) = view.app.tokens()?.standing(OrderId(id)).await?;
    let none = || Error::NotFound { what: "certificate", id: id.to_string() };
    let act = act(&view, &order, &kept.ok_or_else(none)?);
    let title = act.title.clone();
    let made = tokio::task::spawn_blocking(move || pdf(&title, &[act])).await;
    let bytes = made.map_err(Error::internal)??;
    Ok(to_keep(&format!("receipt-{id}.pdf"), "application/pdf", bytes))
}

fn act(view: &View, order: &Order, kept: &Kept) -> Act {
    let tr = view.tr();
    let (name, institution) = words::owner(&kept.subject);
    let site = view.site();
    let hub = format!("{} {}", site.mark, site.name.get(tr.lang()));
    let owner = view.app.config.owner.trim().to_owned();
    let facts = [
        (t::ca_owner(tr), name.clone()),
        (t::ca_institution(tr), institution),
        (t::ca_profile(tr), words::profile(tr, &kept.profile).to_owned()),
        (t::ca_token(tr), order.token.clone()),
        (t::ca_names(tr), kept.names.join(" ")),
        (t::ca_serial(tr), kept.serial.to_string()),
        (t::ca_act_key(tr), ets_ca::key_fingerprint(&kept.certificate).unwrap_or_default()),
        (t::ca_from(tr), tr.full_date(kept.not_before)),
        (t::ca_until(tr), tr.full_date(kept.not_after)),
    ];
    let facts = facts.into_iter().filter(|(_, value)| !value.is_empty());
    let year: String = crate::api::rfc3339(view.ctx.now).chars().take(4).collect();
    let sign = |side: &str, name: &str| Signature {
        side: side.to_owned(),
        lines: vec![name.to_owned()],
        under: t::act_under(tr).to_owned(),
        below: t::act_below(tr, &year),
    };
    Act {
        lang: tr.lang(),
        letterhead: if owner.is_empty() { vec![hub] } else { vec![owner, hub] },
        title: t::ca_act_title(tr).to_owned(),
        subtitle: vec![t::ca_act_number(tr, tr.full_date(order.ordered), order.id.to_string())],
        facts: facts.map(|(term, value)| (term.to_owned(), value)).collect(),
        tables: Vec::new(),
        notes: vec![t::ca_act_text(tr).to_owned()],
        signatures: vec![sign(t::ca_act_holder(tr), &name), sign(t::ca_act_officer(tr), "")],
        address: format!("{}/ca/certificates/{}", view.ctx.origin, kept.serial),
        page_of: t::ca_act_page(tr, "{page}", "{pages}"),
    }
}
