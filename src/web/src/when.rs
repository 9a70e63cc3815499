//! Moments and lengths of time in a page: readable, with the exact moment on hover and in print.

use std::time::Duration;

use ets_model::WallTime;

use crate::html::escape;
use crate::{Ctx, Html};

/// A moment as short as the reader can place it: the time today, the day and time else.
#[must_use]
pub fn moment(ctx: &Ctx, at: WallTime) -> Html {
    time(ctx, at, &ctx.tr.moment(at, ctx.now), "")
}

/// The exact moment: with date, seconds and offset.
#[must_use]
pub fn exact(ctx: &Ctx, at: WallTime) -> Html {
    time(ctx, at, &ctx.tr.exact(at), "")
}

/// How long something has lasted since `since`; the script goes on counting it.
#[must_use]
pub fn lasting(ctx: &Ctx, since: WallTime) -> Html {
    let text = ctx.tr.whole_duration(ctx.now.since(since));
    time(ctx, since, &text, &format!(" data-since=\"{}\"", since.0 / 1_000))
}

/// A finished length of time.
#[must_use]
pub fn length(ctx: &Ctx, length: Duration) -> Html {
    Html::text(&ctx.tr.duration(length))
}

fn time(ctx: &Ctx, at: WallTime, text: &str, more: &str) -> Html {
    Html::trusted(format!(
        "<time datetime=\"{}\" title=\"{}\"{more}>{}</time>",
        ctx.tr.machine(at),
        escape(&ctx.tr.exact(at)),
        escape(text)
    ))
}
