//! Where a name is: by the table of the configuration, then by its DNS server. Whoever may ask for
//! certificates must not be able to make the hub talk to itself.

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use tokio::net::TcpStream;

use super::dns;
use crate::Config;
use crate::identifier::Identifier;
use crate::problem::{Kind, Problem};

/// The most addresses of one name that are tried.
const MOST: usize = 4;
/// How long the first addresses may take, so that a dead one leaves time for the next.
const CONNECT: Duration = Duration::from_secs(3);

/// Connects to a name at this port.
///
/// # Errors
/// dns, or connection.
pub(super) async fn connect(
    config: &Config,
    name: &Identifier,
    port: u16,
) -> Result<TcpStream, Problem> {
    if let Some(address) = config.hosts.get(&name.value()) {
        let reached = reach(SocketAddr::new(*address, port)).await;
        return reached.map_err(|why| Problem::new(Kind::Connection, why));
    }
    let mut last = None;
    for address in addresses(config, name).await? {
        match reach(SocketAddr::new(address, port)).await {
            Ok(stream) if is_ourselves(&stream) => return Err(not_asked(name)),
            Ok(stream) => return Ok(stream),
            Err(why) => last = Some(why),
        }
    }
    Err(Problem::new(Kind::Connection, last.unwrap_or_default()))
}

async fn reach(at: SocketAddr) -> Result<TcpStream, String> {
    match tokio::time::timeout(CONNECT, TcpStream::connect(at)).await {
        Ok(reached) => reached.map_err(|error| format!("{at}: {}", error.kind())),
        Err(_) => Err(format!("{at}: no answer")),
    }
}

/// The kernel speaks to an address of its own from that same address; this knows of those too that
/// the hub was given since its start.
fn is_ourselves(stream: &TcpStream) -> bool {
    match (stream.peer_addr(), stream.local_addr()) {
        (Ok(peer), Ok(local)) => peer.ip() == local.ip(),
        _ => true,
    }
}

fn not_asked(name: &Identifier) -> Problem {
    Problem::new(Kind::Dns, format!("{} has no address that may be asked", name.value()))
}

async fn addresses(config: &Config, name: &Identifier) -> Result<Vec<IpAddr>, Problem> {
    let found = match name {
        Identifier::Ip(address) => vec![*address],
        Identifier::Dns(name) => dns::addresses(config, name).await?,
    };
    let allowed: Vec<_> =
        found.into_iter().filter(|address| is_asked(config, *address)).take(MOST).collect();
    if allowed.is_empty() { Err(not_asked(name)) } else { Ok(allowed) }
}

/// Neither the hub itself nor what only it can reach.
fn is_asked(config: &Config, address: IpAddr) -> bool {
    let address = address.to_canonical();
    let is_near = match address {
        IpAddr::V4(v4) => v4.is_link_local() || v4.is_broadcast() || v4.octets()[0] == 0,
        IpAddr::V6(v6) => v6.is_unicast_link_local(),
    };
    let is_own = config.own.iter().any(|own| own.to_canonical() == address);
    !is_near
        && !is_own
        && !address.is_loopback()
        && !address.is_unspecified()
        && !address.is_multicast()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// covers: T1.2, T-8
    #[tokio::test]
    async fn the_hub_does_not_ask_itself_unless_its_table_says_so() {
        let mut config = Config::new("https://hub", "");
        config.own = vec!["10.0.0.1".parse().unwrap()];
        let own = [
            "127.0.0.1",
            "127.9.9.9",
            "::1",
            "::ffff:127.0.0.1",
            "0.0.0.0",
            "::",
            "0.1.2.3",
            "169.254.169.254",
            "fe80::1",
            "224.0.0.1",
            "ff02::1",
            "255.255.255.255",
            "10.0.0.1",
            "::ffff:10.0.0.1",
        ];
        for address in own {
            let name = Identifier::Ip(address.parse().unwrap());
            assert_eq!(addresses(&config, &name).await.unwrap_err().kind, Kind::Dns, "{address}");
        }
        for address in ["10.0.0.2", "192.168.1.1", "fd00::1"] {
            let name = Identifier::Ip(address.parse().unwrap());
            assert_eq!(addresses(&config, &name).await.unwrap().len(), 1, "{address}");
        }
        let name = Identifier::Dns("mail.example".to_owned());
        assert_eq!(addresses(&config, &name).await.unwrap_err().kind, Kind::Dns, "no resolver");
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        config.hosts.insert("mail.example".to_owned(), "127.0.0.1".parse().unwrap());
        connect(&config, &name, port).await.unwrap();
    }

    /// covers: T1.2, T-8
    #[tokio::test]
    async fn an_address_that_the_hub_was_given_meanwhile_is_its_own_too() {
        // The address that this machine would be seen from outside with, if it has one.
        let seen = std::net::UdpSocket::bind("0.0.0.0:0").unwrap();
        let is_seen = seen.connect("192.0.2.1:9").is_ok();
        let own = if is_seen { seen.local_addr().unwrap().ip() } else { [127, 0, 0, 1].into() };
        let listener = std::net::TcpListener::bind((own, 0)).unwrap();
        let port = listener.local_addr().unwrap().port();
        let config = Config::new("https://hub", "");
        let told = connect(&config, &Identifier::Ip(own), port).await.unwrap_err();
        assert_eq!(told.kind, Kind::Dns);
    }
}
