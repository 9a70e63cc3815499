//! Tunnels of the gateway by themselves: beside its peers, many at rest, and to the last octet.

mod beside;
