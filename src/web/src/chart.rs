//! Pictures of measurements, made by the server as SVG: they print, need no script, and stretch
//! with their place; every one that carries figures has them as a table too.

mod flow;
mod histogram;
mod plot;
mod scale;
mod sparkline;
mod strip;
mod time;

pub use flow::{FlowChart, flow_chart};
pub use histogram::{Bin, Histogram, histogram};
pub use sparkline::sparkline;
pub use strip::{Day, Span, strip, timeline};
pub use time::{Mark, Point, TimeChart, time_chart};
