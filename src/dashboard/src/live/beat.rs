//! What is sent to all viewers at one moment, as bytes that they share.

use std::collections::BTreeSet;

use bytes::Bytes;
use ets_i18n::Lang;
use ets_model::SegmentNo;

/// One moment's news.
#[derive(Debug, Default)]
pub(crate) struct Beat {
    /// Figures and states of segments, or of groups, one event after the other.
    pub figures: Bytes,
    /// Heading and counts, by language in the order of [`Lang::ALL`]; empty when unchanged.
    pub summary: [Bytes; 3],
    /// What every page hears, with the `id:` to resume from.
    pub tail: Bytes,
    /// The fragments of the pages that show more than one segment; empty when none is outdated.
    pub change: Bytes,
    /// The segments whose own pages are out of date.
    pub touched: BTreeSet<SegmentNo>,
    /// Whether the pages of all segments are out of date.
    pub touches_all: bool,
    /// What the followers of the API hear.
    pub api: Bytes,
}

impl Beat {
    /// What the overview shows, in the viewer's language.
    pub(super) fn for_overview(&self, lang: Lang) -> [Bytes; 4] {
        let summary = self.summary[lang as usize].clone();
        [self.figures.clone(), summary, self.tail.clone(), self.change.clone()]
    }

    /// Whether the page of this segment is out of date.
    pub(super) fn touches(&self, no: SegmentNo) -> bool {
        self.touches_all || self.touched.contains(&no)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_of_a_segment_is_outdated_by_its_own_changes_alone() {
        let touched = BTreeSet::from([SegmentNo(2)]);
        let beat = Beat { touched, ..Beat::default() };
        assert!(beat.touches(SegmentNo(2)));
        assert!(!beat.touches(SegmentNo(3)));
        assert!(Beat { touches_all: true, ..Beat::default() }.touches(SegmentNo(3)));
    }
}
