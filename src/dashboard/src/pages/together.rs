//! Outages of segments that share a provider point and began together, told as one story. Each
//! stays an outage of its own in the data; only the telling is one.

use std::collections::BTreeMap;

use ets_i18n::t;
use ets_model::{LinkState, OutageId, Parent};
use ets_registry::Catalog;
use ets_watch::OutageRow;
use ets_web::story::{Story, story};
use ets_web::{Html, when};

use super::view::View;
use super::{evidence, points};
use crate::Error;

/// Outages that are told together.
pub(super) struct Together<'a> {
    point: &'a Parent,
    /// The oldest first.
    rows: Vec<&'a OutageRow>,
    /// How many segments the point has.
    total: usize,
}

impl Together<'_> {
    /// The outages that it tells.
    pub(super) fn outages(&self) -> impl Iterator<Item = OutageId> {
        self.rows.iter().map(|row| row.outage.id)
    }
}

/// The groups among open outages, the largest first, and the outages that stand alone.
pub(super) fn split<'a>(
    catalog: &'a Catalog,
    rows: &'a [OutageRow],
) -> (Vec<Together<'a>>, Vec<&'a OutageRow>) {
    let mut by_point: BTreeMap<&str, Vec<&OutageRow>> = BTreeMap::new();
    for row in rows.iter().filter(|row| row.outage.ended.is_none()) {
        if let Some(point) = point_of(catalog, row) {
            by_point.entry(&point.id).or_default().push(row);
        }
    }
    let mut groups: Vec<Together<'_>> =
        by_point.into_iter().filter_map(|(id, rows)| group(catalog, id, rows)).collect();
    groups.sort_by_key(|group| std::cmp::Reverse(group.rows.len()));
    let grouped = |row: &OutageRow| {
        let same = |one: &&OutageRow| one.outage.id == row.outage.id;
        groups.iter().any(|group| group.rows.iter().any(same))
    };
    let alone = rows.iter().filter(|row| !grouped(row)).collect();
    (groups, alone)
}

/// The provider point where an open outage most likely lies, if others behind it began together
/// with it.
pub(super) async fn point_of_outage<'a>(
    view: &'a View,
    row: &OutageRow,
) -> Result<Option<&'a Parent>, Error> {
    if row.outage.ended.is_some() || point_of(&view.catalog, row).is_none() {
        return Ok(None);
    }
    let rows = super::stories::open_outages(view).await?;
    let (groups, _) = split(&view.catalog, &rows);
    let of = |group: &Together<'_>| group.outages().any(|id| id == row.outage.id);
    let id = groups.iter().find(|group| of(group)).map(|group| group.point.id.clone());
    Ok(id.and_then(|id| view.catalog.parent(&id)).map(AsRef::as_ref))
}

fn point_of<'a>(catalog: &'a Catalog, row: &OutageRow) -> Option<&'a Parent> {
    let segment = row.outage.segment.and_then(|no| catalog.by_no(no))?;
    catalog.parent(&segment.parent).map(AsRef::as_ref)
}

/// The largest number of a point's outages that began together, if it is enough to tell.
fn group<'a>(catalog: &'a Catalog, id: &str, mut rows: Vec<&'a OutageRow>) -> Option<Together<'a>> {
    let point = catalog.parent(id)?;
    rows.sort_by_key(|row| row.outage.began_before);
    let began: Vec<_> = rows.iter().map(|row| row.outage.began_before).collect();
    let total = catalog.children(&point.id).count();
    let run = ets_outage::together(&began, total)?;
    Some(Together { point, rows: rows[run].to_vec(), total })
}

/// The story of a group.
pub(super) fn tell(view: &View, group: &Together<'_>) -> Html {
    let tr = view.tr();
    let began = group.rows[0].outage.began_before;
    let since = when::moment(&view.ctx, began)
        .then(&Html::text(" · "))
        .then(&when::lasting(&view.ctx, began));
    let mut facts = vec![(t::outage_began(tr).to_owned(), since)];
    if let Some(call) = points::whom_to_call(tr, group.point) {
        facts.push((t::outage_next(tr).to_owned(), Html::text(&call)));
    }
    let planned = group.rows.iter().all(|row| row.maintenance);
    let name = points::name(view, group.point);
    let told = Story {
        state: if planned { LinkState::Maintenance } else { LinkState::Down },
        title: t::outage_group_title(tr, group.rows.len(), name, group.total),
        href: points::href(&group.point.id),
        planned: Some(planned),
        why: Html::text(t::outage_group_why(tr)),
        facts,
        actions: Vec::new(),
        segment: String::new(),
    };
    story(&view.ctx, &told).then(&members(view, group))
}

/// The outages themselves, folded.
fn members(view: &View, group: &Together<'_>) -> Html {
    let item = |row: &&OutageRow| {
        let name = evidence::outage_name(view, row);
        format!("<li>{}</li>", Html::link(&format!("/outages/{}", row.outage.id), &name))
    };
    let items: String = group.rows.iter().map(item).collect();
    let title = t::outage_group_segments(view.tr(), group.rows.len());
    Html::trusted(format!("<details><summary>{title}</summary><ul>{items}</ul></details>"))
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use ets_model::{Outage, OutageKind, SegmentNo, WallTime};
    use ets_registry::Parts;
    use serde::de::DeserializeOwned;
    use serde_json::json;

    use super::*;

    fn catalog(behind: &[(u32, &str)]) -> Catalog {
        let point = |id: &&str| json!({"id": id, "name": {"kk": "", "ru": "", "en": ""}});
        let segment = |(no, parent): &(u32, &str)| {
            json!({
                "id": format!("s{no:03}"), "no": no, "institution": "i", "parent": parent,
                "prefixes": [], "interface": "", "probing": {"address": "10.0.0.1"},
            })
        };
        Catalog::new(Parts {
            parents: ["p", "q"].iter().map(|id| read(point(id))).collect(),
            segments: behind.iter().map(|one| read(segment(one))).collect(),
            ..Parts::default()
        })
    }

    fn read<T: DeserializeOwned>(value: serde_json::Value) -> Arc<T> {
        Arc::new(serde_json::from_value(value).unwrap())
    }

    fn row(no: u32, second: i64) -> OutageRow {
        let began = WallTime(second * 1_000_000);
        OutageRow {
            outage: Outage {
                id: OutageId(no.into()),
                kind: OutageKind::Segment,
                segment: Some(SegmentNo(no)),
                began_after: began,
                began_before: began,
                ended: None,
                evidence: Vec::new(),
            },
            trunk: String::new(),
            maintenance: false,
        }
    }

    fn sizes(behind: &[(u32, &str)], rows: &[OutageRow]) -> (Vec<usize>, usize) {
        let catalog = catalog(behind);
        let (groups, alone) = split(&catalog, rows);
        (groups.iter().map(|group| group.rows.len()).collect(), alone.len())
    }

    /// covers: N3.5
    #[test]
    fn segments_of_one_point_that_fell_together_are_one_story() {
        let six: Vec<_> = (1..=6).map(|no| (no, "p")).collect();
        let fell = [row(1, 100), row(2, 102), row(3, 105), row(4, 900)];
        assert_eq!(sizes(&six, &fell), (vec![3], 1));
        assert_eq!(sizes(&six, &fell[..2]), (vec![], 2), "two are a chance");
        let eight: Vec<_> = (1..=8).map(|no| (no, "p")).collect();
        assert_eq!(sizes(&eight, &fell), (vec![], 4), "less than half of the point");
        let apart = [row(1, 100), row(2, 110), row(3, 120)];
        assert_eq!(sizes(&six, &apart), (vec![], 3), "not together");
        let mixed = [(1, "p"), (2, "q"), (3, "p")];
        assert_eq!(sizes(&mixed, &fell[..3]), (vec![], 3), "different points");
    }
}
