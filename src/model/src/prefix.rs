//! Networks in CIDR notation (RFC 4632, RFC 4291), [`IpNet`].

use ipnet::IpNet;

/// Whether two networks have an address in common: one contains the other then.
pub fn overlap(one: &IpNet, other: &IpNet) -> bool {
    one.contains(other) || other.contains(one)
}
