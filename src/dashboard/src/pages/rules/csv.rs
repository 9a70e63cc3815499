//! The tables of the rules as CSV, under the rules of the other lists.

use axum::response::Response;
use ets_i18n::t;
use ets_model::{OpenTo, SegmentId};
use ets_rules::{OffenceFilter, Page as Part};

use super::super::csv::{File, LIMIT, moment};
use super::super::view::View;
use super::reach::{Asked, Matrix, Stand};
use super::{ends, handle, names, offences as offence_pages};
use crate::Error;

/// Rows read at once.
const STEP: u32 = 500;

/// `GET /rules.csv`: each service and who may reach it.
pub(super) async fn services(view: View) -> Result<Response, Error> {
    let (tr, rights) = (view.tr(), handle(&view)?.rights());
    let mut file = File::new(&[
        t::segment_fact_id(tr),
        t::rules_column_service(tr),
        t::rules_column_place(tr),
        t::rules_column_ports(tr),
        t::rules_column_who(tr),
        t::services_owner(tr),
        t::services_owner_phone(tr),
        t::services_owner_email(tr),
        t::services_checks(tr),
    ])?;
    for one in rights.active() {
        let who = match one.open_to {
            OpenTo::Everyone => t::rules_who_everyone(tr).to_owned(),
            OpenTo::Granted => {
                let ids: Vec<&str> = rights.grantees(&one.id).map(SegmentId::as_str).collect();
                ids.join(" ")
            }
        };
        let checks: Vec<String> = one.checks.iter().map(ToString::to_string).collect();
        file.line([
            one.id.to_string(),
            names::service(&view, one).to_owned(),
            names::place(tr, one.place, &one.addresses),
            names::ports(&one.ports),
            who,
            super::super::services::owner_name(&view, one),
            one.owner.phone.clone(),
            one.owner.email.clone(),
            checks.join("; "),
        ])?;
    }
    file.answer("services.csv")
}

/// `GET /rules/history.csv`
pub(super) async fn history(view: View) -> Result<Response, Error> {
    let (tr, rules) = (view.tr(), handle(&view)?);
    let mut file = File::new(&[
        t::rules_fact_change(tr),
        t::db_when(tr),
        t::rules_fact_author(tr),
        t::rules_fact_why(tr),
        t::rules_fact_end(tr),
        t::rules_fact_ended(tr),
        t::rules_fact_differences(tr),
    ])?;
    let (mut before, mut lines) = (None, 0);
    loop {
        let listing = rules.versions(Part { before, limit: STEP }).await?;
        for one in &listing.versions {
            file.line([
                one.no.to_string(),
                moment(tr, one.at),
                names::who(tr, &one.author),
                ends::why(&view, one),
                ends::words(&view, one),
                ends::at(one).map(|at| moment(tr, at)).unwrap_or_default(),
                one.changes.to_string(),
            ])?;
        }
        lines += listing.versions.len();
        before = listing.next;
        if before.is_none() || lines >= LIMIT {
            return file.answer("rules-history.csv");
        }
    }
}

/// `GET /reachability.csv`: the whole matrix of what was asked for.
pub(super) async fn reach(view: View) -> Result<Response, Error> {
    let (tr, matrix) = (view.tr(), Matrix::of(&view).await?);
    let mut head = vec![t::segment_fact_id(tr), t::db_segment(tr)];
    head.extend(matrix.services().map(|one| names::service(&view, one)));
    head.extend([
        t::rules_reach_column_outside(tr),
        t::rules_reach_column_neighbours(tr),
        t::rules_reach_column_spoofs(tr),
    ]);
    let mut file = File::new(&head)?;
    let word = |stand: Stand| match stand {
        Stand::Reaches => t::rules_yes(tr),
        Stand::Closed => t::rules_no(tr),
        Stand::Extra => t::rules_extra(tr),
        Stand::Missing => t::rules_missing(tr),
    };
    let must_not = |is: bool| word(if is { Stand::Extra } else { Stand::Closed }).to_owned();
    for segment in Asked::read(&view).find(&view, &matrix).into_iter().take(LIMIT) {
        let mut cells = vec![segment.id.to_string(), names::segment(&view, &segment.id).to_owned()];
        cells.extend(matrix.services().map(|one| word(matrix.stand(segment, one)).to_owned()));
        let (outside, neighbours, spoofs) = matrix.beyond(segment.no);
        cells.extend([must_not(outside), neighbours.to_string(), must_not(spoofs)]);
        file.line(cells)?;
    }
    file.answer("reachability.csv")
}

/// `GET /offences.csv`
pub(super) async fn offences(view: View) -> Result<Response, Error> {
    let (tr, rules) = (view.tr(), handle(&view)?);
    let mut file = File::new(&[
        t::offences_column_kind(tr),
        t::segment_fact_id(tr),
        t::db_segment(tr),
        t::segment_fact_interface(tr),
        t::offences_column_since(tr),
        t::offences_column_until(tr),
        t::offences_column_packets(tr),
        t::offences_column_action(tr),
        t::offences_column_examples(tr),
    ])?;
    let mut next = offence_pages::Asked::read(&view).filter(&view, STEP);
    let mut lines = 0;
    while let Some(filter) = next.take() {
        let page = rules.offences(&filter).await?;
        for row in &page.rows {
            let known = row.segment.and_then(|no| view.catalog.by_no(no)).map(AsRef::as_ref);
            let known = known.or_else(|| offence_pages::behind(&view, &row.interface));
            let name = known.map(|one| view.catalog.name(one, view.lang()).to_owned());
            let examples: Vec<String> = row.examples.iter().map(offence_pages::example).collect();
            file.line([
                offence_pages::kind(tr, row.kind).to_owned(),
                known.map(|one| one.id.to_string()).unwrap_or_default(),
                name.unwrap_or_default(),
                row.interface.clone(),
                moment(tr, row.since),
                if row.open { String::new() } else { moment(tr, row.seen) },
                row.packets.to_string(),
                offence_pages::action(tr, row.kind).to_owned(),
                examples.join("; "),
            ])?;
        }
        lines += page.rows.len();
        next = page
            .next
            .filter(|_| lines < LIMIT)
            .map(|before| OffenceFilter { before: Some(before), ..filter });
    }
    file.answer("offences.csv")
}
