//! `/ca/certificates/{serial}`: one certificate, and the end of it.

use axum::extract::{Form, Path};
use axum::response::Response;
use ets_ca::life::Order;
use ets_ca::{Kept, Reason, Serial, State};
use ets_i18n::t;
use ets_registry::Author;
use ets_web::form::{Field, Form as Asked, Kind, form};
use ets_web::html::escape;
use ets_web::{Html, card, facts, form as forms, notice, when};

use super::super::answers::{Answers, given};
use super::super::journal;
use super::{below, told, words};
use crate::Error;
use crate::api::to_keep;
use crate::pages::view::View;

async fn find(view: &View, serial: &str) -> Result<Kept, Error> {
    Ok(view.app.ca()?.find(read(serial)?).await?)
}

fn read(serial: &str) -> Result<Serial, Error> {
    let unknown = |_| Error::NotFound { what: "certificate", id: serial.to_owned() };
    serial.parse().map_err(unknown)
}

fn place(serial: Serial) -> String {
    format!("/ca/certificates/{serial}")
}

fn link(serial: Serial) -> Html {
    Html::link(&place(serial), &serial.to_string())
}

fn order_link(view: &View, order: &Order) -> Html {
    let number = t::ca_order(view.tr(), order.id.to_string());
    Html::link(&format!("/ca/orders/{}", order.id), &number)
}

/// The order of a certificate, and the one that renews it.
#[derive(Default)]
struct Pair {
    order: Option<Order>,
    next: Option<Order>,
}

impl Pair {
    async fn of(view: &View, serial: Serial) -> Result<Self, Error> {
        let Some(desk) = &view.app.deps.tokens else { return Ok(Self::default()) };
        let (order, next) = (desk.of_serial(serial).await?, desk.renewed_by(serial).await?);
        Ok(Self { order, next })
    }

    /// Whether the certificate renewed another one, or is renewed.
    fn is_one(&self) -> bool {
        self.next.is_some() || self.order.as_ref().is_some_and(|order| order.renews.is_some())
    }
}

/// `GET /ca/certificates/{serial}`
pub(super) async fn page(view: View, Path(serial): Path<String>) -> Result<Response, Error> {
    let kept = find(&view, &serial).await?;
    let Pair { order, next } = Pair::of(&view, kept.serial).await?;
    let tr = view.tr();
    let (name, institution) = words::owner(&kept.subject);
    let text = |text: &str| (!text.is_empty()).then(|| Html::text(text));
    let renews = order.as_ref().and_then(|order| order.renews).map(link);
    let next = next.map(|next| match next.serial {
        Some(serial) => (t::ca_renewed_by_certificate(tr), link(serial)),
        None => (t::ca_renewed_by(tr), order_link(&view, &next)),
    });
    let (renewed, next) = next.map_or(("", None), |(term, link)| (term, Some(link)));
    let all = [
        (t::ca_state(tr), Some(words::badge(tr, &kept, view.ctx.now))),
        (t::ca_since(tr), Some(when::moment(&view.ctx, kept.since))),
        (t::ca_reason(tr), kept.reason.map(|why| Html::text(words::reason(tr, why)))),
        (t::ca_owner(tr), Some(Html::code(&kept.subject))),
        (t::ca_institution(tr), text(&institution)),
        (t::ca_profile(tr), text(words::profile(tr, &kept.profile))),
        (t::ca_names(tr), text(&kept.names.join(" "))),
        (t::ca_serial(tr), Some(Html::code(&kept.serial.to_string()))),
        (t::ca_from(tr), Some(when::moment(&view.ctx, kept.not_before))),
        (t::ca_until(tr), Some(when::moment(&view.ctx, kept.not_after))),
        (t::ca_order_number(tr), order.map(|order| order_link(&view, &order))),
        (t::ca_renews(tr), renews),
        (renewed, next),
    ];
    let list: Vec<_> = all.into_iter().filter_map(|(term, value)| Some((term, value?))).collect();
    let pem = format!(
        "<details class=\"data\"><summary>PEM</summary><pre class=\"log\" tabindex=\"0\">{}</pre></details>",
        escape(&kept.certificate)
    );
    let load = Html::link(&format!("{}/pem", place(kept.serial)), t::ca_download(tr));
    let body = facts::list(&list).then(&acts(&view, &kept)).then(&Html::trusted(pem));
    let mut body = card::card(t::ca_certificate(tr), &load, &body);
    let history = journal::short(&view, "certificate", &kept.serial.to_string()).await?;
    body.push(&card::card(t::ca_history(tr), &Html::default(), &history));
    Ok(view.respond(&below(&view, t::ca_certificate_of(tr, &name), body)))
}

fn acts(view: &View, kept: &Kept) -> Html {
    let (tr, place) = (view.tr(), place(kept.serial));
    let may = |who| view.app.may_take(who, kept.serial).is_ok();
    if !view.who.as_ref().is_some_and(may) {
        return Html::trusted(format!("<p class=\"help\">{}</p>", t::ca_own_text(tr)));
    }
    let revoke = Html::trusted(format!(
        "<a class=\"button danger\" href=\"{place}/revoke\">{}</a>",
        t::ca_revoke(tr)
    ));
    let acts = match kept.state {
        State::Active => {
            let text = t::ca_suspend(tr);
            revoke.then(&forms::button("", &format!("{place}/suspend"), text, false))
        }
        State::Suspended => {
            let text = t::ca_resume(tr);
            revoke.then(&forms::button("", &format!("{place}/resume"), text, false))
        }
        State::Intended | State::Revoked => return Html::default(),
    };
    Html::trusted(format!("<div class=\"acts\">{acts}</div>"))
}

/// `GET /ca/certificates/{serial}/pem`
pub(super) async fn pem(view: View, Path(serial): Path<String>) -> Result<Response, Error> {
    let kept = find(&view, &serial).await?;
    let name = format!("{}.pem", kept.serial);
    Ok(to_keep(&name, "application/x-pem-file", kept.certificate))
}

/// `GET /ca/certificates/{serial}/revoke`: asks why, and once more.
pub(super) async fn ask(view: View, Path(serial): Path<String>) -> Result<Response, Error> {
    let kept = find(&view, &serial).await?;
    let tr = view.tr();
    let reasons = [
        Reason::KeyCompromise,
        Reason::AffiliationChanged,
        Reason::Superseded,
        Reason::CessationOfOperation,
        Reason::PrivilegeWithdrawn,
        Reason::Unspecified,
    ];
    let option =
        |one: Reason| (one.code().to_owned(), words::reason(tr, one).to_owned(), String::new());
    let asked = Asked {
        action: format!("{}/revoke", place(kept.serial)),
        fields: vec![
            Field::new("reason", t::ca_revoke_why(tr))
                .value(Reason::KeyCompromise.code())
                .kind(Kind::Radio(reasons.map(option).into())),
            Field::new("comment", t::ca_comment(tr)).optional(),
        ],
        submit: t::ca_revoke(tr).to_owned(),
        cancel: place(kept.serial),
        danger: true,
        ..Asked::default()
    };
    let mut text = t::ca_revoke_text(tr).to_owned();
    if Pair::of(&view, kept.serial).await?.is_one() {
        text = format!("{text} {}", t::ca_revoke_pair(tr));
    }
    let text = Html::text(&text);
    let body = notice::notice(notice::Tone::Warning, &text).then(&form(tr, &asked));
    let (name, _) = words::owner(&kept.subject);
    Ok(view.respond(&below(&view, t::ca_revoke_heading(tr, &name), body)))
}

/// `POST /ca/certificates/{serial}/revoke`
pub(super) async fn revoke(
    view: View,
    Path(serial): Path<String>,
    Form(answers): Form<Answers>,
) -> Result<Response, Error> {
    let serial = read(&serial)?;
    let reason = Reason::read(given(&answers, "reason")).unwrap_or(Reason::Unspecified);
    let by = Author { reason: given(&answers, "comment").to_owned(), ..view.author()? };
    let done = view.app.take_away((view.identity()?, &by), serial, Some(reason)).await;
    taken(&view, serial, done, t::ca_revoked(view.tr()))
}

/// `POST /ca/certificates/{serial}/suspend`
pub(super) async fn suspend(view: View, Path(serial): Path<String>) -> Result<Response, Error> {
    let serial = read(&serial)?;
    let done = view.app.take_away((view.identity()?, &view.author()?), serial, None).await;
    taken(&view, serial, done, t::ca_suspended(view.tr()))
}

/// `POST /ca/certificates/{serial}/resume`
pub(super) async fn resume(view: View, Path(serial): Path<String>) -> Result<Response, Error> {
    let kept = find(&view, &serial).await?;
    if ets_ca::OWN.contains(&kept.profile.as_str()) {
        return Ok(view.failed(&place(kept.serial), t::ca_only_system(view.tr())));
    }
    let done = view.app.ca()?.resume(kept.serial, &view.author()?).await;
    told(&view, &place(kept.serial), done.map_err(Error::from), t::ca_resumed(view.tr()))
}

/// What is forbidden to who may take certificates away is to take the last administrator's.
fn taken(
    view: &View,
    serial: Serial,
    done: Result<(), Error>,
    text: &str,
) -> Result<Response, Error> {
    match done {
        Err(Error::Forbidden(_)) => {
            Ok(view.failed(&place(serial), t::ca_last_administrator(view.tr())))
        }
        done => told(view, &place(serial), done, text),
    }
}
