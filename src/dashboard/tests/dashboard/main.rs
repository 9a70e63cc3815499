//! The dashboard as browsers, programs and scrapers meet it, over real databases.

#![allow(clippy::unwrap_used, reason = "a test is to fail at once")]

#[path = "../bed/mod.rs"]
mod bed;

mod api;
mod csv;
mod entry;
mod forms;
mod gateway;
mod live;
mod metrics;
mod pages;
mod photo;
mod points;
mod renewal;
mod rights;
mod rights_matrix;
mod rules;
mod speed;
mod traffic;
mod trust;
