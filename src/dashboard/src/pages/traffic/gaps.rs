//! Times of which not everything is known, in words.

use ets_i18n::{Tr, t};
use ets_traffic::{Gap, GapKind, Period};
use ets_web::Html;
use ets_web::html::escape;

use super::figures::whole;
use crate::Error;
use crate::pages::view::View;

/// So many are told, the newest first.
const LISTED: usize = 5;

/// The gaps of a period as a list, or that there were none.
pub(super) async fn told(view: &View, period: Period) -> Result<Html, Error> {
    let tr = view.tr();
    let gaps = view.app.traffic()?.gaps(period).await?;
    if gaps.is_empty() {
        return Ok(Html::trusted(format!("<p>{}</p>", t::traffic_missing_none(tr))));
    }
    let head = t::traffic_missing_some(tr, gaps.len());
    Ok(Html::trusted(format!("<p>{}</p>{}", escape(&head), list(view, &gaps))))
}

/// The newest of these gaps as a list.
pub(super) fn list(view: &View, gaps: &[Gap]) -> Html {
    let tr = view.tr();
    let newest = gaps.iter().rev().take(LISTED);
    let mut items: String =
        newest.map(|gap| format!("<li>{}</li>", escape(&line(view, gap)))).collect();
    if gaps.len() > LISTED {
        let rest = t::traffic_missing_older(tr, gaps.len() - LISTED);
        items.push_str(&format!("<li class=\"mut\">{}</li>", escape(&rest)));
    }
    Html::trusted(format!("<ul class=\"links\">{items}</ul>"))
}

fn line(view: &View, gap: &Gap) -> String {
    let tr: &Tr = view.tr();
    let (from, to) = (tr.moment(gap.since, view.ctx.now), tr.moment(gap.until, view.ctx.now));
    match gap.kind {
        GapKind::Reset => t::traffic_gap_reset(tr, whole(tr, gap.counters), from, to),
        GapKind::Life => t::traffic_gap_life(tr, from, to),
        GapKind::Away => t::traffic_gap_away(tr, from, tr.duration(gap.until.since(gap.since)), to),
    }
}
