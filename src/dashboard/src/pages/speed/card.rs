//! What was measured, for the administrator.

use ets_i18n::t;
use ets_model::Segment;
use ets_web::html::escape;
use ets_web::{Html, card};

use super::results;
use crate::Error;
use crate::pages::view::View;

/// So many measurements are shown.
const SHOWN: u16 = 6;

/// The last measurements of a segment and how to get another; nothing where nobody can measure.
pub(crate) async fn card(view: &View, segment: &Segment) -> Result<Html, Error> {
    if view.app.config.speed_url.is_empty() {
        return Ok(Html::default());
    }
    let tr = view.tr();
    let list = view.app.deps.speed.last(segment.no, SHOWN).await?;
    let how = t::speed_how(tr, view.app.config.speed_url.as_str());
    let body = results::list(view, &list)
        .then(&Html::trusted(format!("<p class=\"mut\">{}</p>", escape(&how))));
    Ok(card::card(t::speed_title(tr), &Html::default(), &body))
}
