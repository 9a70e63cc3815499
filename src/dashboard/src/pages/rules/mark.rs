//! Shapes beside words: none of them stands alone, and none is told apart by colour only.

/// It takes something away.
pub(super) const TAKES: &str =
    "<svg class=\"ic degraded\" aria-hidden=\"true\"><use href=\"#i-degraded\"/></svg>";
/// It comes, or changes without taking anything.
pub(super) const GIVES: &str =
    "<svg class=\"ic up\" aria-hidden=\"true\"><use href=\"#i-done\"/></svg>";
/// It is over; nothing is said of it being good.
pub(super) const OVER: &str =
    "<svg class=\"ic unknown\" aria-hidden=\"true\"><use href=\"#i-up\"/></svg>";
/// It is as it must not be.
pub(super) const WRONG: &str =
    "<svg class=\"ic down\" aria-hidden=\"true\"><use href=\"#i-down\"/></svg>";
/// It waits.
pub(super) const WAITS: &str =
    "<svg class=\"ic maintenance\" aria-hidden=\"true\"><use href=\"#i-maintenance\"/></svg>";
/// Nobody knows.
pub(super) const UNKNOWN: &str =
    "<svg class=\"ic unknown\" aria-hidden=\"true\"><use href=\"#i-unknown\"/></svg>";
