//! The connections that the kernel tracks, with what each has moved (`linux/netfilter/nfnetlink_conntrack.h`).
//!
//! Bytes are as the packet filter sees them: merged packets count once. What a segment moved is told
//! exactly by the accounting; this tells with whom.

use std::net::IpAddr;

use crate::Error;
use crate::message::ip;
use crate::nft::{Socket, wire};

/// `NFNL_SUBSYS_CTNETLINK` and `IPCTNL_MSG_CT_GET`
const GET: (u16, u16) = (1, 1);

const CTA_TUPLE_ORIG: u16 = 1;
const CTA_COUNTERS_ORIG: u16 = 9;
const CTA_COUNTERS_REPLY: u16 = 10;
const CTA_TUPLE_IP: u16 = 1;
const CTA_TUPLE_PROTO: u16 = 2;
const CTA_IP_V4_SRC: u16 = 1;
const CTA_IP_V4_DST: u16 = 2;
const CTA_IP_V6_SRC: u16 = 3;
const CTA_IP_V6_DST: u16 = 4;
const CTA_PROTO_NUM: u16 = 1;
const CTA_PROTO_DST_PORT: u16 = 3;
const CTA_COUNTERS_PACKETS: u16 = 1;
const CTA_COUNTERS_BYTES: u16 = 2;

/// One connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Flow {
    /// Who began it.
    pub source: IpAddr,
    /// With whom.
    pub destination: IpAddr,
    /// IP protocol number.
    pub protocol: u8,
    /// The port of the one who was called; 0 where there is none.
    pub port: u16,
    /// Bytes and packets from the one who began it.
    pub there: (u64, u64),
    /// Bytes and packets back.
    pub back: (u64, u64),
}

/// Lists connections, in the network namespace of the thread that opened it.
pub struct Flows(Socket);

impl Flows {
    /// # Errors
    /// When the kernel refuses a socket.
    pub fn open() -> Result<Self, Error> {
        Socket::open().map(Self)
    }

    /// Every connection, while the table goes on changing: one that begins or ends meanwhile may be
    /// told or not.
    ///
    /// # Errors
    /// When the kernel cannot be asked.
    pub fn read(&mut self, mut each: impl FnMut(Flow)) -> Result<(), Error> {
        let mut take = |body: &[u8]| {
            if let Some(flow) = flow(body) {
                each(flow);
            }
        };
        self.0.list(GET, 0, |_| {}, &mut take).map(drop)
    }
}

impl std::fmt::Debug for Flows {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Flows")
    }
}

fn flow(body: &[u8]) -> Option<Flow> {
    let attributes = body.get(wire::FAMILY_HEAD..)?;
    let tuple = wire::find(attributes, CTA_TUPLE_ORIG)?;
    let (addresses, protocol) =
        (wire::find(tuple, CTA_TUPLE_IP)?, wire::find(tuple, CTA_TUPLE_PROTO)?);
    let address =
        |four, six| wire::find(addresses, four).or_else(|| wire::find(addresses, six)).and_then(ip);
    let port = wire::find(protocol, CTA_PROTO_DST_PORT).and_then(|raw| raw.first_chunk().copied());
    Some(Flow {
        source: address(CTA_IP_V4_SRC, CTA_IP_V6_SRC)?,
        destination: address(CTA_IP_V4_DST, CTA_IP_V6_DST)?,
        protocol: *wire::find(protocol, CTA_PROTO_NUM)?.first()?,
        port: port.map_or(0, u16::from_be_bytes),
        there: counters(attributes, CTA_COUNTERS_ORIG),
        back: counters(attributes, CTA_COUNTERS_REPLY),
    })
}

/// Zero where the kernel does not count (`nf_conntrack_acct`).
fn counters(attributes: &[u8], kind: u16) -> (u64, u64) {
    let counters = wire::find(attributes, kind).unwrap_or_default();
    let number = |kind| {
        let raw = wire::find(counters, kind).and_then(|raw| raw.first_chunk().copied());
        raw.map_or(0, u64::from_be_bytes)
    };
    (number(CTA_COUNTERS_BYTES), number(CTA_COUNTERS_PACKETS))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::message::put_attribute;

    fn nested(parts: &[(u16, Vec<u8>)]) -> Vec<u8> {
        let mut out = Vec::new();
        for (kind, value) in parts {
            put_attribute(&mut out, *kind, value);
        }
        out
    }

    fn message() -> Vec<u8> {
        let addresses =
            nested(&[(CTA_IP_V4_SRC, vec![10, 10, 1, 9]), (CTA_IP_V4_DST, vec![10, 1, 0, 10])]);
        let protocol = nested(&[(CTA_PROTO_NUM, vec![6]), (CTA_PROTO_DST_PORT, vec![0, 80])]);
        let tuple = nested(&[(CTA_TUPLE_IP, addresses), (CTA_TUPLE_PROTO, protocol)]);
        let counters = |bytes: u64, packets: u64| {
            let (bytes, packets) = (bytes.to_be_bytes().to_vec(), packets.to_be_bytes().to_vec());
            nested(&[(CTA_COUNTERS_PACKETS, packets), (CTA_COUNTERS_BYTES, bytes)])
        };
        let mut body = vec![2, 0, 0, 0];
        body.extend(nested(&[
            (CTA_TUPLE_ORIG, tuple),
            (CTA_COUNTERS_ORIG, counters(1_000, 10)),
            (CTA_COUNTERS_REPLY, counters(50_000, 40)),
        ]));
        body
    }

    /// covers: N5.3
    #[test]
    fn a_connection_is_read_with_what_it_moved_and_a_cut_one_is_none() {
        let wanted = Flow {
            source: [10, 10, 1, 9].into(),
            destination: [10, 1, 0, 10].into(),
            protocol: 6,
            port: 80,
            there: (1_000, 10),
            back: (50_000, 40),
        };
        let body = message();
        assert_eq!(flow(&body), Some(wanted));
        for end in 0..body.len() {
            let _ = flow(&body[..end]);
        }
        assert_eq!(flow(&body[..20]), None);
    }
}
