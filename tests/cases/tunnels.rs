//! Tunnels of the gateway by themselves: beside its peers, many at rest, however they end, and while
//! one process takes the place of another.

mod bed;
mod beside;
mod exact;
mod idle;
mod lists;
mod upgrade;
