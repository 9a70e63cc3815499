//! The servers behind the hub and outside: small, real ones, so that there is something to forward.
//!
//! Web (HTTP/1.1 on port 80), mail (a line server that speaks enough of RFC 5321 on port 25) and
//! names (DNS over UDP on port 53, RFC 1035), in the services' and the outside namespace.

use std::net::IpAddr;

use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream, UdpSocket};

use crate::error::{Context, Result};
use crate::namespace::Namespace;
use crate::plan::ServerNet;

/// The port of each server.
pub(crate) const WEB: u16 = 80;
/// Where the hub lets segments measure their channels.
pub(crate) const SPEED: u16 = 8472;
/// Where the hub tells people in segments how they are connected.
pub(crate) const FRONT: u16 = 80;
/// The hub's proxies.
pub(crate) const PROXY_HTTP: u16 = 3128;
/// Where the gateway takes what is sent outside without a proxy.
pub(crate) const TRANSPARENT: u16 = 3131;
/// See [`PROXY_HTTP`].
pub(crate) const PROXY_HTTPS: u16 = 3129;
/// See [`PROXY_HTTP`].
pub(crate) const PROXY_SOCKS: u16 = 1080;
/// The hub's resolver.
pub(crate) const DNS: u16 = 53;
/// The zone that it answers for.
pub(crate) const ZONE: &str = "ets.example";
/// The hub's ports for datagrams by SOCKS.
pub(crate) const PROXY_UDP: &str = "40000-40999";
/// See [`WEB`].
pub(crate) const MAIL: u16 = 25;
/// See [`WEB`].
pub(crate) const NAMES: u16 = 53;
/// Document flow, for those who have a right to it; speaks as the web does.
pub(crate) const DOCUMENTS: u16 = 8080;

/// The most bytes that a web page has.
const PAGE_LIMIT: usize = 1 << 20;
/// The longest line or head that is read.
const HEAD_LIMIT: u64 = 16 << 10;

/// Opens the servers of one network and serves them on the current-thread runtime for ever. Moves
/// the calling thread into the namespace.
pub(crate) async fn serve(place: &Namespace, net: ServerNet) -> Result<()> {
    place.enter()?;
    let what = || format!("cannot open the servers in {}", place.name());
    for address in [IpAddr::from(net.server4), IpAddr::from(net.server6)] {
        let web = TcpListener::bind((address, WEB)).await.context(what)?;
        let mail = TcpListener::bind((address, MAIL)).await.context(what)?;
        let names = UdpSocket::bind((address, NAMES)).await.context(what)?;
        let documents = TcpListener::bind((address, DOCUMENTS)).await.context(what)?;
        tokio::task::spawn_local(accept(web, web_page));
        tokio::task::spawn_local(accept(documents, web_page));
        tokio::task::spawn_local(accept(mail, mail_session));
        tokio::task::spawn_local(answer_names(names, net));
    }
    Ok(())
}

async fn accept<F: Future<Output = std::io::Result<()>> + 'static>(
    listener: TcpListener,
    talk: impl Fn(TcpStream) -> F,
) {
    loop {
        match listener.accept().await {
            // A client that breaks off is an ordinary thing.
            Ok((stream, _)) => drop(tokio::task::spawn_local(talk(stream))),
            Err(_) => tokio::time::sleep(std::time::Duration::from_millis(100)).await,
        }
    }
}

/// Answers `GET /12345` with a page of so many bytes, anything else with a short one.
async fn web_page(stream: TcpStream) -> std::io::Result<()> {
    let mut stream = BufReader::new(stream);
    let (mut request, mut line, mut body) = (String::new(), String::new(), 0_u64);
    (&mut stream).take(HEAD_LIMIT).read_line(&mut request).await?;
    while line != "\r\n" {
        line.clear();
        if (&mut stream).take(HEAD_LIMIT).read_line(&mut line).await? == 0 {
            return Ok(());
        }
        if let Some((name, value)) = line.split_once(':')
            && name.eq_ignore_ascii_case("content-length")
        {
            body = value.trim().parse().unwrap_or(0);
        }
    }
    tokio::io::copy(&mut (&mut stream).take(body), &mut tokio::io::sink()).await?;
    let asked =
        request.split(' ').nth(1).and_then(|path| path.trim_start_matches('/').parse().ok());
    let page = "Кенжар облысы\n".repeat(asked.unwrap_or(300_usize).min(PAGE_LIMIT) / 26 + 1);
    let head = format!(
        "HTTP/1.1 200 OK\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
        page.len()
    );
    stream.write_all(head.as_bytes()).await?;
    stream.write_all(page.as_bytes()).await?;
    stream.shutdown().await
}

async fn mail_session(stream: TcpStream) -> std::io::Result<()> {
    let mut stream = BufReader::new(stream);
    stream.write_all(b"220 mail.kenzhar.example ESMTP\r\n").await?;
    let (mut line, mut in_message) = (String::new(), false);
    loop {
        line.clear();
        if (&mut stream).take(HEAD_LIMIT).read_line(&mut line).await? == 0 {
            return Ok(());
        }
        let command = line.trim_end().to_ascii_uppercase();
        let answer: &[u8] = match command.as_str() {
            "." if in_message => b"250 queued\r\n",
            _ if in_message => continue,
            "DATA" => b"354 end with a dot\r\n",
            "QUIT" => return stream.write_all(b"221 bye\r\n").await,
            _ => b"250 ok\r\n",
        };
        in_message = command == "DATA";
        stream.write_all(answer).await?;
    }
}

/// Answers every question with the server's own addresses.
async fn answer_names(socket: UdpSocket, net: ServerNet) {
    let mut buffer = [0; 512];
    while let Ok((length, from)) = socket.recv_from(&mut buffer).await {
        if let Some(answer) = name_answer(&buffer[..length], net) {
            let _ = socket.send_to(&answer, from).await;
        }
    }
}

/// The answer to a question for an address (RFC 1035, section 4); `None` for anything else.
fn name_answer(query: &[u8], net: ServerNet) -> Option<Vec<u8>> {
    let is_question = query.get(2)? & 0x80 == 0 && query.get(4..6)? == [0, 1];
    let end = 12 + query.get(12..)?.iter().position(|byte| *byte == 0)? + 5;
    let kind = query.get(end - 4..end)?.get(..2)?;
    let data: Vec<u8> = match kind {
        [0, 1] => net.server4.octets().to_vec(),
        [0, 28] => net.server6.octets().to_vec(),
        _ => Vec::new(),
    };
    let mut answer = query[..2].to_vec();
    answer.extend([0x84, 0, 0, 1, 0, u8::from(!data.is_empty()), 0, 0, 0, 0]);
    answer.extend(query.get(12..end)?);
    if !data.is_empty() {
        answer.extend([0xc0, 12, kind[0], kind[1], 0, 1, 0, 0, 0, 5, 0]);
        answer.push(u8::try_from(data.len()).ok()?);
        answer.extend(data);
    }
    is_question.then_some(answer)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::SERVICES;

    #[test]
    fn a_question_for_an_address_is_answered_and_garbage_is_not() {
        let mut query = vec![7, 7, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0, 4];
        query.extend(b"mail");
        query.extend([0, 0, 1, 0, 1]);
        let answer = name_answer(&query, SERVICES).unwrap();
        assert_eq!(answer[..2], [7, 7]);
        assert!(answer.ends_with(&[10, 1, 0, 10]));
        for length in 0..query.len() {
            assert!(name_answer(&query[..length], SERVICES).is_none());
        }
    }
}
