//! The register of segments: search, filter, go on to add, import, export.

use axum::response::Response;
use ets_i18n::{compare, t};
use ets_model::{LinkState, Segment};
use ets_web::html::escape;
use ets_web::pager::{Pager, pager};
use ets_web::{Age, Html, Page, card, notice, state};

use super::lists::{Choice, address, filter};
use super::overview::state_of;
use super::segments_table::{self, Known};
use super::view::View;
use crate::Error;

/// Lines on a page.
const LINES: usize = 100;

/// What was asked for, as it stands in the address.
pub(crate) struct Asked {
    pub q: String,
    pub state: String,
    pub district: String,
    pub which: String,
    pub sort: String,
    pub dir: String,
}

impl Asked {
    /// The search box of every page asks for all segments, also retired ones.
    pub(crate) fn read(view: &View) -> Self {
        let (q, which) = (view.asked("q"), view.asked("which"));
        let is_box = !q.trim().is_empty() && !view.is_asked("which");
        Self {
            which: if is_box { "all".to_owned() } else { which },
            q,
            state: view.asked("state"),
            district: view.asked("district"),
            sort: view.asked("sort"),
            dir: view.asked("dir"),
        }
    }

    /// The address of the same question at `path` without its order, ready for more.
    pub(crate) fn address(&self, path: &str) -> String {
        let pairs = [
            ("q", self.q.as_str()),
            ("state", &self.state),
            ("district", &self.district),
            ("which", &self.which),
        ];
        address(path, &pairs)
    }

    /// The segments that fit, in order.
    pub(crate) fn find<'a>(&self, view: &'a View) -> Vec<Known<'a>> {
        let searched = !self.q.trim().is_empty();
        let found: Vec<_> = if searched {
            view.catalog.search(&self.q, usize::MAX)
        } else {
            view.catalog.all_segments().collect()
        };
        let mut rows: Vec<Known<'a>> = found
            .into_iter()
            .filter(|segment| self.fits(view, segment))
            .map(|segment| (segment, view.snapshot.segment(segment.no)))
            .collect();
        // What was searched for stands best answer first unless another order is asked for.
        if !searched || !self.sort.is_empty() {
            segments_table::order(view, &mut rows, &self.sort, &self.dir);
        }
        rows
    }

    fn fits(&self, view: &View, segment: &Segment) -> bool {
        let which = match self.which.as_str() {
            "retired" => !segment.is_active(),
            "all" => true,
            _ => segment.is_active(),
        };
        let wanted = LinkState::ALL.into_iter().find(|state| state.as_str() == self.state);
        let state = wanted.is_none_or(|wanted| {
            segment.is_active() && state_of(&view.snapshot, segment.no) == wanted
        });
        let district = self.district.is_empty() || view.catalog.district(segment) == self.district;
        which && state && district
    }
}

/// `GET /segments`
pub(crate) async fn page(view: View) -> Result<Response, Error> {
    let asked = Asked::read(&view);
    let rows = asked.find(&view);
    if let [(only, _)] = rows.as_slice()
        && !asked.q.is_empty()
        && view.asked("list").is_empty()
    {
        return Ok(go_to(only));
    }
    Ok(view.respond(&frame(&view, &asked, &rows)))
}

/// Who finds exactly one segment is led to it.
fn go_to(segment: &Segment) -> Response {
    use axum::response::IntoResponse;
    axum::response::Redirect::to(&format!("/segments/{}", segment.id)).into_response()
}

fn frame(view: &View, asked: &Asked, rows: &[Known<'_>]) -> Page {
    let tr = view.tr();
    let from: usize = view.asked("from").parse().unwrap_or(0).min(rows.len());
    let until = (from + LINES).min(rows.len());
    let base = asked.address("/segments");
    let order = address("", &[("sort", &asked.sort), ("dir", &asked.dir)]);
    let order = order.trim_start_matches('?');
    let steps = Pager {
        previous: (from > 0).then(|| format!("{base}{order}from={}", from.saturating_sub(LINES))),
        next: (until < rows.len()).then(|| format!("{base}{order}from={until}")),
        shown: Some((from as u64 + 1, until as u64, rows.len() as u64)),
    };
    let table = if rows.is_empty() {
        nothing(view, asked)
    } else {
        segments_table::render(view, &rows[from..until], &asked.sort, &asked.dir, &base)
    };
    let csv = asked.address("/segments.csv");
    let tools = format!(
        "<a class=\"button\" href=\"/registry/new\">{}</a>{}{}{}{}",
        t::registry_add(tr),
        Html::link(super::points::LIST, t::points_title(tr)),
        Html::link("/registry/import", t::registry_import(tr)),
        Html::link("/registry/export.csv", t::registry_export(tr)),
        Html::link(csv.trim_end_matches(['?', '&']), t::registry_table_csv(tr)),
    );
    let list = table.then(&pager(tr, &steps));
    let title = t::row_count(tr, rows.len());
    let body = filters(view, asked).then(&card::card(&title, &Html::trusted(tools), &list));
    Page {
        title: t::registry_title(tr).to_owned(),
        heading: heading(view, asked, rows.len()),
        age: Some(Age { at: view.snapshot.tick }),
        body,
        nav: "segments",
        live: Some(super::overview::stream(view)),
        ..Page::default()
    }
}

/// What the list is of.
fn heading(view: &View, asked: &Asked, found: usize) -> String {
    let tr = view.tr();
    match (asked.q.trim(), asked.which.as_str()) {
        ("", "retired") => t::registry_heading_retired(tr, found),
        ("", _) => t::registry_heading(tr, view.catalog.segments().count()),
        (word, _) if found == 0 => t::registry_nothing_for(tr, word),
        (word, _) => t::registry_heading_found(tr, found, word),
    }
}

fn nothing(view: &View, asked: &Asked) -> Html {
    let tr = view.tr();
    if asked.q.is_empty() && view.catalog.all_segments().next().is_none() {
        return notice::empty(t::overview_empty(tr), &Html::text(t::overview_empty_text(tr)));
    }
    let all = Html::link("/segments?which=all", t::registry_show_all(tr));
    notice::empty(t::registry_nothing(tr), &all)
}

fn filters(view: &View, asked: &Asked) -> Html {
    let tr = view.tr();
    let mut states = vec![("", t::all(tr))];
    states.extend(LinkState::ALL.iter().map(|state| (state.as_str(), state::word(tr, *state))));
    let mut districts: Vec<&str> =
        view.catalog.institutions().map(|one| one.district.as_str()).collect();
    districts.sort_by(|one, other| compare(view.lang(), one, other));
    districts.dedup();
    let mut places = vec![("", t::all(tr))];
    let named: Vec<(String, &str)> = districts
        .into_iter()
        .filter(|name| !name.is_empty())
        .map(|name| (escape(name).to_string(), name))
        .collect();
    places.extend(named.iter().map(|(key, name)| (key.as_str(), *name)));
    let which = [
        ("", t::registry_which_active(tr)),
        ("retired", t::registry_which_retired(tr)),
        ("all", t::all(tr)),
    ];
    let choices = [
        Choice::Text { name: "q", label: t::search_label(tr), value: &asked.q },
        Choice::One {
            name: "state",
            label: t::db_state(tr),
            value: &asked.state,
            options: &states,
        },
        Choice::One {
            name: "district",
            label: t::db_district(tr),
            value: &asked.district,
            options: &places,
        },
        Choice::One {
            name: "which",
            label: t::outages_which(tr),
            value: &asked.which,
            options: &which,
        },
    ];
    filter(tr, "/segments", &choices)
}
