//! One service: where it answers, who may reach it; several segments at a time get or lose the
//! right, in the draft.

use std::sync::Arc;

use axum::extract::Path;
use axum::response::Response;
use ets_i18n::t;
use ets_model::{OpenTo, Service, ServiceId};
use ets_rules::{Edit, Rights};
use ets_web::{Crumb, Html, Page, card, facts, form, notice, when};

use super::super::view::View;
use super::{Tab, grants, handle, names, refusal, respond};
use crate::Error;

/// The rights in force, and those that the author's draft makes of them.
pub(super) struct Both {
    pub standing: Arc<Rights>,
    pub drafted: Arc<Rights>,
}

impl Both {
    pub(super) fn of(view: &View) -> Result<Self, Error> {
        let (rules, author) = (handle(view)?, view.author()?);
        let standing = rules.rights();
        let drafted = match rules.draft(&author.actor).is_empty() {
            true => standing.clone(),
            false => rules.review(&author, None).rights,
        };
        Ok(Self { standing, drafted })
    }

    /// Whether there is a draft.
    pub(super) fn is_drafted(&self) -> bool {
        !Arc::ptr_eq(&self.standing, &self.drafted)
    }

    /// A service as the draft has it, else as it stands.
    pub(super) fn service(&self, id: &str) -> Result<Service, Error> {
        let missing = || Error::NotFound { what: "service", id: id.to_owned() };
        let parsed: ServiceId = id.parse().map_err(|_| missing())?;
        let known = self.drafted.service(&parsed).or_else(|| self.standing.service(&parsed));
        known.cloned().ok_or_else(missing)
    }
}

/// `GET /rules/services/{id}`
pub(super) async fn page(view: View, Path(id): Path<String>) -> Result<Response, Error> {
    let both = Both::of(&view)?;
    let service = both.service(&id)?;
    let body = notice_of(&view, &both, &service)
        .then(&card::columns(&grants::card(&view, &both, &service), &facts_card(&view, &service)));
    let page = Page {
        title: names::service(&view, &service).to_owned(),
        heading: heading(&view, &both, &service),
        body,
        crumbs: crumbs(&view),
        ..Page::default()
    };
    Ok(respond(&view, Tab::Now, page))
}

pub(super) fn crumbs(view: &View) -> Vec<Crumb> {
    vec![Crumb::new(t::rules_title(view.tr()), "/rules")]
}

fn heading(view: &View, both: &Both, service: &Service) -> String {
    let (tr, name) = (view.tr(), names::service(view, service));
    let Some(standing) = both.standing.service(&service.id) else {
        return t::rules_service_heading_new(tr, name);
    };
    if standing.retired.is_some() {
        return t::rules_service_heading_retired(tr, name);
    }
    match (standing.open_to, both.standing.grantees(&service.id).count()) {
        (OpenTo::Everyone, _) => t::rules_service_heading_all(tr, name),
        (OpenTo::Granted, 0) => t::rules_service_heading_nobody(tr, name),
        (OpenTo::Granted, count) => t::rules_service_heading_some(tr, count, name),
    }
}

/// That the draft has it otherwise.
fn notice_of(view: &View, both: &Both, service: &Service) -> Html {
    let tr = view.tr();
    if both.standing.service(&service.id) == Some(service) {
        return Html::default();
    }
    let link = Html::link("/rules/draft", t::rules_draft_review(tr));
    let text = Html::text(t::rules_service_drafted(tr)).then(&Html::text(" ")).then(&link);
    notice::notice(notice::Tone::Plain, &text)
}

fn facts_card(view: &View, service: &Service) -> Html {
    let tr = view.tr();
    let open = match service.open_to {
        OpenTo::Everyone => t::rules_open_everyone(tr),
        OpenTo::Granted => t::rules_open_granted(tr),
    };
    let mut list = vec![
        (t::segment_fact_id(tr), Html::code(service.id.as_str())),
        (
            t::rules_column_place(tr),
            Html::text(&names::place(tr, service.place, &service.addresses)),
        ),
        (t::rules_column_ports(tr), Html::code(&names::ports(&service.ports))),
        (t::rules_column_who(tr), Html::text(open)),
        (t::rules_fact_number(tr), Html::text(&service.no.to_string())),
    ];
    if let Some(at) = service.retired {
        list.push((t::rules_fact_retired(tr), when::moment(&view.ctx, at)));
    }
    let href = names::service_href(&service.id);
    let acts = if service.retired.is_some() {
        form::button("", &format!("{href}/back"), t::rules_service_back(tr), true).into_string()
    } else {
        let edit = format!("<a class=\"button\" href=\"{href}/edit\">{}</a> ", t::segment_edit(tr));
        let retire =
            form::button("", &format!("{href}/retire"), t::rules_service_retire(tr), false);
        format!("{edit}{retire}")
    };
    let body = facts::list(&list).then(&Html::trusted(format!("<div class=\"acts\">{acts}</div>")));
    card::card(t::segment_facts(tr), &Html::default(), &body)
}

/// `POST /rules/services/{id}/retire`: into the draft.
pub(super) async fn retire(view: View, Path(id): Path<String>) -> Result<Response, Error> {
    let service = Both::of(&view)?.service(&id)?.id;
    take(&view, vec![Edit::RetireService { service }], &format!("/rules/services/{id}")).await
}

/// `POST /rules/services/{id}/back`: into the draft.
pub(super) async fn bring_back(view: View, Path(id): Path<String>) -> Result<Response, Error> {
    let service = Both::of(&view)?.service(&id)?.id;
    take(&view, vec![Edit::BringBack { service }], &format!("/rules/services/{id}")).await
}

/// Puts edits into the draft and leads to it; back where they came from when they do not fit.
pub(super) async fn take(view: &View, edits: Vec<Edit>, back: &str) -> Result<Response, Error> {
    let count = edits.len();
    match handle(view)?.edit(&view.author()?, edits).await {
        Ok(_) => Ok(view.done("/rules/draft", t::rules_edits_taken(view.tr(), count))),
        Err(error) => refusal::go(view, back, error),
    }
}
