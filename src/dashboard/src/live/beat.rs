//! What is sent to all viewers at one moment, as bytes that they share.

use std::ops::Range;

use bytes::Bytes;
use ets_i18n::Lang;
use ets_model::SegmentNo;

/// One moment's news.
#[derive(Debug, Default)]
pub(crate) struct Beat {
    /// Figures and states of segments, or of groups, one event after the other.
    pub figures: Bytes,
    /// Where in `figures` the events of single segments lie; ascending by number.
    pub index: Vec<(SegmentNo, Range<usize>)>,
    /// Events of segments for the viewers of that segment alone; ascending by number.
    pub single: Vec<(SegmentNo, Bytes)>,
    /// Heading and counts, by language in the order of [`Lang::ALL`]; empty when unchanged.
    pub summary: [Bytes; 3],
    /// What every page hears, with the `id:` to resume from.
    pub tail: Bytes,
    /// What the followers of the API hear.
    pub api: Bytes,
}

impl Beat {
    /// What the overview shows, in the viewer's language.
    pub(super) fn for_overview(&self, lang: Lang) -> [Bytes; 3] {
        [self.figures.clone(), self.summary[lang as usize].clone(), self.tail.clone()]
    }

    /// What the page of one segment shows.
    pub(super) fn for_segment(&self, no: SegmentNo) -> [Bytes; 2] {
        let own = match self.index.binary_search_by_key(&no, |(one, _)| *one) {
            Ok(at) => self.figures.slice(self.index[at].1.clone()),
            Err(_) => match self.single.binary_search_by_key(&no, |(one, _)| *one) {
                Ok(at) => self.single[at].1.clone(),
                Err(_) => Bytes::new(),
            },
        };
        [own, self.tail.clone()]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_of_a_segment_hears_of_that_segment_alone() {
        let beat = Beat {
            figures: Bytes::from_static(b"onetwo"),
            index: vec![(SegmentNo(1), 0..3), (SegmentNo(2), 3..6)],
            single: vec![(SegmentNo(7), Bytes::from_static(b"seven"))],
            tail: Bytes::from_static(b"tick"),
            ..Beat::default()
        };
        assert_eq!(beat.for_segment(SegmentNo(2))[0], "two");
        assert_eq!(beat.for_segment(SegmentNo(7))[0], "seven");
        assert_eq!(beat.for_segment(SegmentNo(3))[0], "");
        assert_eq!(beat.for_segment(SegmentNo(3))[1], "tick");
    }
}
