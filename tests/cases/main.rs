//! The one integration binary: the built product, in real namespaces, judged from outside.

mod attacks;
mod command_line;
mod custody;
mod detection;
mod enrol;
mod exactness;
mod faults;
mod gateway;
mod isolation;
mod judges;
mod load;
mod lockout;
mod matrix;
mod metrics;
mod programs;
mod proxy;
mod registry;
mod scale;
mod speed;
mod star;
mod status;
mod support;
mod trouble;
mod trust;
mod tunnels;
mod walls;
