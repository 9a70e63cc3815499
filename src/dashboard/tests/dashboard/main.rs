//! The dashboard as browsers, programs and scrapers meet it, over real databases.

#[path = "../bed/mod.rs"]
mod bed;

mod api;
mod csv;
mod entry;
mod live;
mod metrics;
mod pages;
