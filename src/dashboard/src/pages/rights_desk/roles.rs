//! `GET /rights/roles`: the roles and their rights.

use axum::response::Response;
use ets_i18n::t;
use ets_rights::Role;
use ets_web::table::{Column, Row, Table, table};
use ets_web::{Html, Page, card};

use super::{Tab, button, may_change, respond, rights, words};
use crate::Error;
use crate::pages::view::View;

/// `GET /rights/roles`
pub(super) async fn page(view: View) -> Result<Response, Error> {
    let (tr, rights) = (view.tr(), rights(&view)?);
    let (roles, register) = (rights.roles(), rights.register());
    let change = may_change(&view);
    let row = |role: &Role| {
        let version = role.newest();
        let title = version.map_or("", |version| version.title.as_str());
        let name = words::role(tr, &role.id, title);
        let name = match change {
            true => Html::link(&format!("/rights/roles/{}/edit", role.id), name),
            false => Html::text(name),
        };
        let held: Vec<&str> = version
            .map(|version| version.rights(&register).map(|id| words::right(tr, id)).collect())
            .unwrap_or_default();
        let second = match rights.needs_second(role) {
            true => t::rights_second_yes(tr),
            false => t::rights_second_no(tr),
        };
        Row {
            cells: vec![
                name.into(),
                Html::code(&role.id).into(),
                Html::text(&held.join("; ")).into(),
                Html::text(second).into(),
            ],
            ..Row::default()
        }
    };
    let columns = vec![
        Column::new("", t::rights_column_role(tr)),
        Column::new("", t::rights_column_id(tr)).minor(),
        Column::new("", t::rights_column_rights(tr)),
        Column::new("", t::rights_column_second(tr)),
    ];
    let caption = t::rights_roles_list(tr).to_owned();
    let rows = roles.iter().map(row).collect();
    let list = table(tr, &Table { caption, columns, rows, ..Table::default() });
    let tools = match change {
        true => button("/rights/roles/new", t::rights_roles_new(tr)),
        false => Html::default(),
    };
    let body = card::card(t::rights_roles_list(tr), &tools, &list);
    let heading = t::rights_roles_heading(tr, roles.len());
    Ok(respond(&view, Tab::Roles, Page { heading, body, ..Page::default() }))
}
