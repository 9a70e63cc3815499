//! The traffic of a segment on its own page: the last hour, and the way to the rest.

use std::time::Duration;

use ets_i18n::t;
use ets_model::Segment;
use ets_traffic::{Period, Whose};
use ets_web::{Html, card};

use crate::Error;
use crate::pages::view::View;

/// The card; nothing where nothing is counted.
pub(crate) async fn segment_card(view: &View, segment: &Segment) -> Result<Html, Error> {
    let Ok(traffic) = view.app.traffic() else { return Ok(Html::default()) };
    let tr = view.tr();
    let to = view.ctx.now;
    let period = Period { from: to.minus(Duration::from_secs(3_600)), to };
    let total = traffic.total(Whose::Segment(segment.no), period).await?;
    let figures = card::figures(&[
        (t::flow_down(tr), Html::text(&tr.bytes(total.amount.down.bytes))),
        (t::flow_up(tr), Html::text(&tr.bytes(total.amount.up.bytes))),
    ]);
    let more = Html::link(&format!("/segments/{}/traffic", segment.id), t::details(tr));
    Ok(card::card(t::segment_traffic_hour(tr), &more, &figures))
}
