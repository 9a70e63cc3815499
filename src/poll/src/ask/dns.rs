//! A question for the addresses of a name, over UDP (RFC 1035): IPv4 first, then IPv6.

use hickory_resolver::proto::op::{Message, Query, ResponseCode};
use hickory_resolver::proto::rr::{Name, RecordType};
use tokio::net::UdpSocket;

use crate::{Reason, Target};

/// The longest answer over UDP without EDNS (RFC 1035, section 4.2.1), and room to see one that is
/// longer.
const LONGEST: usize = 4_096;

pub(super) async fn ask(target: &Target) -> Result<(), Reason> {
    match question(target, RecordType::A).await {
        Err(Reason::NoName) => question(target, RecordType::AAAA).await,
        answered => answered,
    }
}

async fn question(target: &Target, kind: RecordType) -> Result<(), Reason> {
    let other = |error: String| Reason::Other { error };
    let mut name =
        Name::from_ascii(&target.check.name).map_err(|error| other(error.to_string()))?;
    name.set_fqdn(true);
    let mut message = Message::query();
    message.metadata.recursion_desired = true;
    message.add_query(Query::query(name.clone(), kind));
    let asked = message.to_vec().map_err(|error| other(error.to_string()))?;
    let own = if target.address.is_ipv4() { "0.0.0.0:0" } else { "[::]:0" };
    let socket = UdpSocket::bind(own).await?;
    // Connected: the kernel drops what comes from elsewhere, and tells of a port that is closed.
    socket.connect(target.address).await?;
    socket.send(&asked).await?;
    let mut buffer = [0; LONGEST];
    loop {
        let length = socket.recv(&mut buffer).await?;
        let answer = Message::from_vec(&buffer[..length]).map_err(|_| Reason::NotDns)?;
        // One to another question is late, or forged: the right one may still come.
        if answer.metadata.id == message.metadata.id && answer.queries == message.queries {
            return judge(&answer);
        }
    }
}

fn judge(answer: &Message) -> Result<(), Reason> {
    match answer.metadata.response_code {
        ResponseCode::NoError if !answer.answers.is_empty() => Ok(()),
        ResponseCode::NoError | ResponseCode::NXDomain => Err(Reason::NoName),
        code => Err(Reason::DnsCode { code: format!("{code:?}").to_uppercase() }),
    }
}
