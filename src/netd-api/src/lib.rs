//! The protocol between `netd`, which may touch the network, and `serve`, which may not.
//!
//! One Unix stream socket, peers checked by SO_PEERCRED. Frames are a little-endian `u32` length
//! and that many bytes of postcard. A connection opens with [`Hello`] both ways and carries one
//! request; what follows depends on the request. Descriptors travel as SCM_RIGHTS.

mod message;

pub use message::*;
