//! Whom an address stands for.

use std::net::IpAddr;

/// Who counts as one client by the address: of IPv4 the address; of IPv6 the first 64 bits, because
/// whoever is on a link takes any address of it (RFC 4291, section 2.5.4; RFC 8981).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Network {
    /// An IPv4 address, also one that came written as IPv6 (RFC 4291, section 2.5.5.2).
    V4([u8; 4]),
    /// The first 64 bits of an IPv6 address.
    V6([u16; 4]),
}

impl From<IpAddr> for Network {
    fn from(address: IpAddr) -> Self {
        match address.to_canonical() {
            IpAddr::V4(address) => Self::V4(address.octets()),
            IpAddr::V6(address) => {
                let [a, b, c, d, ..] = address.segments();
                Self::V6([a, b, c, d])
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(address: &str) -> Network {
        address.parse::<IpAddr>().expect("an address").into()
    }

    /// covers: T-8 (floods)
    #[test]
    fn a_link_of_ipv6_is_one_client_and_an_address_of_ipv4_another() {
        assert_eq!(of("2001:db8:1:2::1"), of("2001:db8:1:2:ffff:ffff:ffff:ffff"));
        assert_ne!(of("2001:db8:1:2::1"), of("2001:db8:1:3::1"));
        assert_eq!(of("::ffff:10.0.0.1"), of("10.0.0.1"));
        assert_ne!(of("10.0.0.1"), of("10.0.0.2"));
        assert_ne!(of("::a00:1"), of("10.0.0.1"));
    }
}
