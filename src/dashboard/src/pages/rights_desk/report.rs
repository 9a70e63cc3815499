//! `GET /rights/report`: who may what now, and who could on that day.

use axum::response::Response;
use ets_i18n::t;
use ets_model::WallTime;
use ets_rights::Line;
use ets_web::table::{Column, Row, Table, table};
use ets_web::{Html, Page, card, facts, notice, when};

use super::{Tab, person_href, respond, rights, words};
use crate::Error;
use crate::pages::csv::{File, LIMIT, moment as csv_moment};
use crate::pages::lists::{Choice, address, filter, moment};
use crate::pages::view::View;

/// Lines of a page; the table as a file has all of them.
const LINES: usize = 1_000;

/// What was asked for.
struct Asked {
    on: String,
    right: String,
    at: WallTime,
}

impl Asked {
    /// The end of the day that was named; now for today and where none was.
    fn read(view: &View) -> Self {
        let (on, right) = (view.asked("on"), view.asked("right"));
        let end = moment(view, &on, 1).map(|next| WallTime(next.0 - 1));
        let at = end.map_or(view.ctx.now, |end| end.min(view.ctx.now));
        Self { on, right, at }
    }

    async fn lines(&self, view: &View) -> Result<Vec<Line>, Error> {
        let right = Some(self.right.as_str()).filter(|right| !right.is_empty());
        Ok(rights(view)?.report(self.at, right).await?)
    }
}

/// `GET /rights/report`
pub(super) async fn page(view: View) -> Result<Response, Error> {
    let tr = view.tr();
    let asked = Asked::read(&view);
    let lines = asked.lines(&view).await?;
    let register = rights(&view)?.register();
    let mut options = vec![("", t::all(tr))];
    options.extend(register.all().iter().map(|one| (one.id.as_str(), words::right(tr, &one.id))));
    let choices = [
        Choice::Day { name: "on", label: t::rights_report_on(tr), value: &asked.on },
        Choice::One {
            name: "right",
            label: t::rights_report_right(tr),
            value: &asked.right,
            options: &options,
        },
    ];
    let mut body = filter(tr, "/rights/report", &choices);
    if lines.is_empty() {
        let text = Html::text(t::rights_report_empty_text(tr));
        body.push(&notice::empty(t::rights_report_empty(tr), &text));
    } else {
        body.push(&list(&view, &lines[..lines.len().min(LINES)]));
    }
    let pairs = [("on", asked.on.as_str()), ("right", asked.right.as_str())];
    let file = address("/rights/report.csv", &pairs);
    let tools = super::button(file.trim_end_matches(['?', '&']), t::rights_report_csv(tr));
    let body = card::card(t::rights_report_list(tr), &tools, &body);
    let day = tr.exact(asked.at);
    let heading = t::rights_report_heading(tr, day.as_str());
    let title = t::rights_tab_report(tr).to_owned();
    Ok(respond(&view, Tab::Report, Page { title, heading, body, ..Page::default() }))
}

fn list(view: &View, lines: &[Line]) -> Html {
    let tr = view.tr();
    let row = |line: &Line| {
        let rights: Vec<&str> = line.held.rights.iter().map(|id| words::right(tr, id)).collect();
        let acting = line.held.acting_for.as_ref().map(|(_, name)| name.as_str());
        let role = words::role(tr, &line.held.role, &line.held.title);
        let role = acting.map_or_else(
            || role.to_owned(),
            |name| format!("{role}, {}", t::rights_report_for(tr, name)),
        );
        let until = line.held.until.map(|at| when::moment(&view.ctx, at));
        Row {
            cells: vec![
                Html::link(&person_href(line.no), &line.name).into(),
                match line.organisation.as_str() {
                    "" => facts::none(tr),
                    text => Html::text(text),
                }
                .into(),
                Html::text(&role).into(),
                Html::text(&rights.join("; ")).into(),
                Html::text(&words::scope(view, &line.held.scope)).into(),
                until.unwrap_or_else(|| Html::text(t::rights_no_end(tr))).into(),
            ],
            ..Row::default()
        }
    };
    let columns = vec![
        Column::new("", t::rights_column_name(tr)),
        Column::new("", t::rights_column_organisation(tr)).minor(),
        Column::new("", t::rights_column_role(tr)),
        Column::new("", t::rights_column_rights(tr)),
        Column::new("", t::rights_column_scope(tr)),
        Column::new("", t::rights_column_until(tr)),
    ];
    let caption = t::rights_report_list(tr).to_owned();
    let rows = lines.iter().map(row).collect();
    table(tr, &Table { caption, columns, rows, ..Table::default() })
}

/// `GET /rights/report.csv`: one line for each person, right and scope.
pub(super) async fn csv(view: View) -> Result<Response, Error> {
    let tr = view.tr();
    let lines = Asked::read(&view).lines(&view).await?;
    let mut file = File::new(&[
        t::rights_column_name(tr),
        t::rights_person_id(tr),
        t::rights_column_organisation(tr),
        t::rights_column_role(tr),
        t::rights_report_right(tr),
        t::rights_column_scope(tr),
        t::rights_column_until(tr),
        t::me_for(tr),
    ])?;
    let cells = lines.iter().flat_map(|line| line.held.rights.iter().map(move |id| (line, id)));
    for (line, right) in cells.take(LIMIT) {
        file.line([
            line.name.clone(),
            line.person.to_string(),
            line.organisation.clone(),
            words::role(tr, &line.held.role, &line.held.title).to_owned(),
            right.clone(),
            line.held.scope.to_string(),
            line.held.until.map(|at| csv_moment(tr, at)).unwrap_or_default(),
            line.held.acting_for.as_ref().map(|(_, name)| name.clone()).unwrap_or_default(),
        ])?;
    }
    file.answer("rights.csv")
}
