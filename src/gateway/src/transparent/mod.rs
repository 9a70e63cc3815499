//! Those who do not know of a proxy: what they send outside is taken on its way (TPROXY, tproxy.rst),
//! and the rules are asked as for everybody else. Only rules that are transparent open to them.

mod datagram;
mod heard;
mod tcp;
mod udp;

pub(crate) use tcp::serve;
pub use udp::Speak;
pub(crate) use udp::serve as serve_datagrams;
