//! The photograph of a segment's site: on its page, and the forms that place, replace and remove it.

use axum::extract::{Multipart, Path};
use axum::response::Response;
use ets_i18n::t;
use ets_model::Segment;
use ets_registry::{PHOTO_LIMIT, Photo};
use ets_web::html::escape;
use ets_web::page::Layout;
use ets_web::{Crumb, Html, Page, card, form, notice};
use http::StatusCode;

use super::form_fields;
use super::view::View;
use crate::Error;

/// The types that the file dialogue offers; what counts are the bytes.
const ACCEPT: &str = "image/jpeg,image/png,image/webp";

/// The card on the segment's page; nothing when there is no photograph.
pub(super) async fn card_of(view: &View, segment: &Segment) -> Result<Html, Error> {
    if !view.app.deps.registry.has_photo(segment).await? {
        return Ok(Html::default());
    }
    let tr = view.tr();
    let edit = Html::link(&edit_href(segment), t::photo_replace(tr));
    Ok(card::card(t::photo_title(tr), &edit, &picture(view, segment)))
}

/// Where a photograph is placed and replaced.
pub(super) fn edit_href(segment: &Segment) -> String {
    format!("/segments/{}/photo/edit", segment.id)
}

/// The picture, as a link to it in full size.
fn picture(view: &View, segment: &Segment) -> Html {
    let name = t::photo_alt(view.tr(), view.catalog.name(segment, view.lang()));
    Html::trusted(format!(
        "<a class=\"photo\" href=\"/segments/{id}/photo\"><img src=\"/segments/{id}/photo\" alt=\"{}\"></a>",
        escape(&name),
        id = segment.id,
    ))
}

/// `GET /segments/{id}/photo/edit`
pub(crate) async fn edit(view: View, Path(id): Path<String>) -> Result<Response, Error> {
    let segment = view.catalog.segment(&id).ok_or_else(|| Error::segment(&id))?.clone();
    show(&view, &segment, String::new()).await
}

/// `POST /segments/{id}/photo/edit`
pub(crate) async fn save(
    view: View,
    Path(id): Path<String>,
    parts: Multipart,
) -> Result<Response, Error> {
    let segment = view.catalog.segment(&id).ok_or_else(|| Error::segment(&id))?.clone();
    let tr = view.tr();
    let bytes = sent(parts).await?;
    if bytes.is_empty() {
        return show(&view, &segment, t::photo_missing(tr).to_owned()).await;
    }
    match Photo::new(bytes) {
        Err(fault) => show(&view, &segment, form_fields::fault(tr, &fault)).await,
        Ok(photo) => {
            view.app.deps.registry.set_photo(&id, Some(photo), &view.author()?).await?;
            Ok(view.done(&format!("/segments/{id}"), t::photo_saved(tr)))
        }
    }
}

/// The file of the form.
async fn sent(mut parts: Multipart) -> Result<Vec<u8>, Error> {
    while let Some(part) = parts.next_field().await.map_err(|_| Error::TooLarge)? {
        if part.name() == Some("photo") {
            return Ok(part.bytes().await.map_err(|_| Error::TooLarge)?.to_vec());
        }
    }
    Ok(Vec::new())
}

async fn show(view: &View, segment: &Segment, error: String) -> Result<Response, Error> {
    let tr = view.tr();
    let known = view.app.deps.registry.has_photo(segment).await?;
    let wrong = !error.is_empty();
    let limit = tr.bytes(u64::try_from(PHOTO_LIMIT).unwrap_or(u64::MAX));
    let field = form::Field::new("photo", t::photo_file(tr))
        .help(t::photo_file_help(tr, limit))
        .error(error)
        .kind(form::Kind::Picture { accept: ACCEPT, limit: PHOTO_LIMIT });
    let form = form::form(
        tr,
        &form::Form {
            action: edit_href(segment),
            fields: vec![field],
            submit: t::photo_upload(tr).to_owned(),
            cancel: format!("/segments/{}", segment.id),
            upload: true,
            ..form::Form::default()
        },
    );
    let mut body = form;
    if known {
        let remove = format!("/segments/{}/photo/remove", segment.id);
        let remove = Html::link(&remove, t::photo_remove(tr));
        body = picture(view, segment).then(&body);
        body.push(&notice::notice(notice::Tone::Plain, &remove));
    }
    let heading = t::photo_heading(tr, view.catalog.name(segment, view.lang()));
    let mut page = frame(view, segment, heading, body);
    if wrong {
        page.status = StatusCode::UNPROCESSABLE_ENTITY;
    }
    Ok(view.respond(&page))
}

/// `GET /segments/{id}/photo/remove`: asks once more.
pub(crate) async fn ask_remove(view: View, Path(id): Path<String>) -> Result<Response, Error> {
    let segment = view.catalog.segment(&id).ok_or_else(|| Error::segment(&id))?.clone();
    if !view.app.deps.registry.has_photo(&segment).await? {
        return Err(Error::NotFound { what: "photograph", id });
    }
    let tr = view.tr();
    let form = form::form(
        tr,
        &form::Form {
            action: format!("/segments/{id}/photo/remove"),
            submit: t::photo_remove(tr).to_owned(),
            cancel: format!("/segments/{id}"),
            danger: true,
            ..form::Form::default()
        },
    );
    let text = notice::notice(notice::Tone::Warning, &Html::text(t::photo_remove_text(tr)));
    let heading = t::photo_remove_heading(tr, view.catalog.name(&segment, view.lang()));
    let body = picture(&view, &segment).then(&text).then(&form);
    Ok(view.respond(&frame(&view, &segment, heading, body)))
}

/// `POST /segments/{id}/photo/remove`
pub(crate) async fn remove(view: View, Path(id): Path<String>) -> Result<Response, Error> {
    view.app.deps.registry.set_photo(&id, None, &view.author()?).await?;
    Ok(view.done(&format!("/segments/{id}"), t::photo_removed(view.tr())))
}

fn frame(view: &View, segment: &Segment, heading: String, body: Html) -> Page {
    let tr = view.tr();
    let name = view.catalog.name(segment, view.lang());
    Page {
        heading,
        body,
        nav: "segments",
        crumbs: vec![
            Crumb::new(t::registry_title(tr), "/segments"),
            Crumb::new(name, format!("/segments/{}", segment.id)),
        ],
        layout: Layout::Narrow,
        ..Page::default()
    }
}
