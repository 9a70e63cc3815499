//! The look of everything: the page frame, the components, the assets and the script.
//!
//! A room that shows pages builds a [`Site`] once, a [`Ctx`] per request, and a [`Page`] whose
//! body it puts together from components. Every component is a plain function that returns
//! [`Html`], safe to print in an askama template (`{{ value }}`) and to join with others:
//!
//! - [`state`]: icon and word of a link state, the counts line, the legend;
//! - [`star`]: the star of the hub as SVG;
//! - [`chart`]: sparkline, RTT distribution, time chart, availability strip, timeline of a day;
//! - [`card`]: cards, columns, figures, events;
//! - [`table`], [`facts`], [`pager`], [`form`], [`notice`], [`story`], [`tabs`], [`when`].
//!
//! [`live`] is the contract with the script: what an SSE stream says and which attributes make an
//! element follow it. Pages carry no inline script and no inline style, so that the content
//! security policy can forbid both.

pub mod assets;
pub mod card;
pub mod chart;
pub mod context;
pub mod facts;
pub mod form;
pub mod html;
pub mod live;
pub mod notice;
pub mod origin;
pub mod page;
pub mod pager;
pub mod preferences;
pub mod problem;
pub mod qr;
pub mod security;
pub mod star;
pub mod state;
pub mod story;
pub mod table;
pub mod tabs;
pub mod when;

pub use context::{Ctx, NavItem, Site, Theme};
pub use html::Html;
pub use page::{Age, Crumb, Flash, FlashKind, Page};
pub use problem::{Problem, problem};
