//! Tunnels of the gateway by themselves: beside its peers, and many at rest.

mod beside;
mod idle;
