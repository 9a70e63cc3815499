//! From when until when.

use ets_model::WallTime;

/// A stretch of time that holds its beginning and not its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Span {
    /// Its beginning.
    pub from: WallTime,
    /// Its end; `None` where none is set.
    pub until: Option<WallTime>,
}

impl Span {
    /// Whether `at` lies in it.
    pub fn holds(&self, at: WallTime) -> bool {
        self.from <= at && self.until.is_none_or(|until| at < until)
    }

    /// Whether nothing of it is left at `at`.
    pub fn is_over(&self, at: WallTime) -> bool {
        self.until.is_some_and(|until| until <= at)
    }

    /// The same, ending at `end` at the latest.
    pub(crate) fn cut(self, end: Option<WallTime>) -> Self {
        let until = match (self.until, end) {
            (Some(one), Some(other)) => Some(one.min(other)),
            (one, other) => one.or(other),
        };
        Self { until, ..self }
    }

    /// The first of its two ends that lies after `at`.
    pub(crate) fn next(&self, at: WallTime) -> Option<WallTime> {
        let ends = [Some(self.from), self.until];
        ends.into_iter().flatten().find(|end| *end > at)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// covers: T3
    #[test]
    fn a_stretch_holds_its_beginning_and_not_its_end() {
        let span = Span { from: WallTime(10), until: Some(WallTime(20)) };
        assert!(!span.holds(WallTime(9)) && span.holds(WallTime(10)));
        assert!(span.holds(WallTime(19)) && !span.holds(WallTime(20)));
        assert_eq!(span.next(WallTime(5)), Some(WallTime(10)));
        assert_eq!(span.next(WallTime(10)), Some(WallTime(20)));
        assert_eq!(span.next(WallTime(20)), None);
        let cut = span.cut(Some(WallTime(12)));
        assert!(cut.is_over(WallTime(12)) && !cut.is_over(WallTime(11)));
    }
}
