//! Inner addresses in answers from outside are taken out: a name outside that leads to the hub or
//! into a segment is an attack on whoever looks it up (DNS rebinding).

use std::net::IpAddr;

use hickory_resolver::proto::rr::rdata::svcb::{SVCB, SvcParamValue};
use hickory_resolver::proto::rr::{Name, RData, Record};

use crate::world::{Kind, World};

/// Takes them out; how many were.
pub(crate) fn strip(records: &mut Vec<Record>, world: &dyn World, may_be_private: bool) -> usize {
    let before = records.len();
    let inner = |address: IpAddr| match world.kind(address) {
        Kind::Outside => false,
        Kind::Private => !may_be_private,
        Kind::Inner => true,
    };
    records.retain(|record| !addresses(&record.data).into_iter().any(inner));
    before - records.len()
}

/// Whether a name lies in one of the domains.
pub(crate) fn lies_in(name: &Name, domains: &[Name]) -> bool {
    domains.iter().any(|domain| domain.zone_of(name))
}

/// The addresses that a record leads to.
fn addresses(data: &RData) -> Vec<IpAddr> {
    match data {
        RData::A(address) => vec![IpAddr::V4(address.0)],
        RData::AAAA(address) => vec![IpAddr::V6(address.0)],
        RData::HTTPS(https) => hints(&https.0),
        RData::SVCB(svcb) => hints(svcb),
        _ => Vec::new(),
    }
}

/// RFC 9460, section 7.3.
fn hints(svcb: &SVCB) -> Vec<IpAddr> {
    let of = |value: &SvcParamValue| match value {
        SvcParamValue::Ipv4Hint(hint) => hint.0.iter().map(|one| IpAddr::V4(one.0)).collect(),
        SvcParamValue::Ipv6Hint(hint) => hint.0.iter().map(|one| IpAddr::V6(one.0)).collect(),
        _ => Vec::new(),
    };
    svcb.svc_params.iter().flat_map(|(_, value)| of(value)).collect()
}
