//! A conference service behind the hub, as small as one can be that is real: a line over TCP puts
//! who speaks into a room, and media over UDP goes to everybody else in it. Nobody of them meets
//! another by an address: each sees the service alone.
//!
//! `join 7` on port 4307 is answered by `room 7 media 50007`; each further line goes to the others of
//! the room. A datagram to port 50007 goes to all others who sent one there within a minute.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};
use std::ops::RangeInclusive;
use std::rc::Rc;
use std::time::Duration;

use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream, UdpSocket};
use tokio::sync::mpsc::{Receiver, Sender, channel};
use tokio::time::Instant;

use crate::error::{Context, Result};
use crate::namespace::Namespace;
use crate::plan::ServerNet;

/// Where rooms are joined.
pub(crate) const CONTROL: u16 = 4307;
/// One port of media for each room.
pub(crate) const MEDIA: RangeInclusive<u16> = 50_000..=50_100;

/// Who sent nothing for so long has gone.
const PRESENT: Duration = Duration::from_secs(60);
/// The most in one room.
const ROOM: usize = 50;
/// The longest line.
const LINE: u64 = 1_000;
/// Lines that wait for one who reads slowly; what comes above that is lost to him.
const WAITING: usize = 64;

/// Who is in which room, and his lines.
#[derive(Debug, Default)]
struct Rooms {
    next: u64,
    members: BTreeMap<u16, BTreeMap<u64, Sender<String>>>,
}

type Shared = Rc<RefCell<Rooms>>;

/// Opens the service at one of the addresses and serves it for ever, in the namespace that the
/// calling thread is in.
pub(crate) async fn serve(place: &Namespace, net: ServerNet) -> Result<()> {
    place.enter()?;
    let what = || format!("cannot open the conference service in {}", place.name());
    let rooms = Shared::default();
    for address in [IpAddr::from(net.server4), IpAddr::from(net.server6)] {
        let control = TcpListener::bind((address, CONTROL)).await.context(what)?;
        tokio::task::spawn_local(accept(control, Rc::clone(&rooms)));
        for port in MEDIA {
            let media = UdpSocket::bind((address, port)).await.context(what)?;
            tokio::task::spawn_local(mix(media));
        }
    }
    Ok(())
}

async fn accept(listener: TcpListener, rooms: Shared) {
    loop {
        match listener.accept().await {
            Ok((stream, _)) => drop(tokio::task::spawn_local(talk(stream, Rc::clone(&rooms)))),
            Err(_) => tokio::time::sleep(Duration::from_millis(100)).await,
        }
    }
}

/// One who joins, until he goes.
async fn talk(stream: TcpStream, rooms: Shared) -> std::io::Result<()> {
    let mut stream = BufReader::new(stream);
    let mut line = String::new();
    (&mut stream).take(LINE).read_line(&mut line).await?;
    let room = line.trim().strip_prefix("join ").and_then(|room| room.parse::<u16>().ok());
    let media = room.and_then(|room| MEDIA.start().checked_add(room));
    let (Some(room), Some(media)) = (room, media.filter(|port| MEDIA.contains(port))) else {
        return stream.write_all(b"no such room\n").await;
    };
    stream.write_all(format!("room {room} media {media}\n").as_bytes()).await?;
    let (sender, receiver) = channel(WAITING);
    let number = enter(&rooms, room, sender);
    let done = speak(stream, (&rooms, room, number), receiver).await;
    rooms.borrow_mut().members.entry(room).or_default().remove(&number);
    done
}

fn enter(rooms: &Shared, room: u16, sender: Sender<String>) -> u64 {
    let mut rooms = rooms.borrow_mut();
    rooms.next += 1;
    let number = rooms.next;
    rooms.members.entry(room).or_default().insert(number, sender);
    number
}

async fn speak(
    stream: BufReader<TcpStream>,
    (rooms, room, number): (&Shared, u16, u64),
    mut others: Receiver<String>,
) -> std::io::Result<()> {
    let (reader, mut writer) = tokio::io::split(stream);
    let mut lines = BufReader::new(reader).lines();
    loop {
        tokio::select! {
            line = lines.next_line() => {
                let Some(line) = line? else { return Ok(()) };
                let rooms = rooms.borrow();
                for (_, other) in rooms.members[&room].iter().filter(|(one, _)| **one != number) {
                    drop(other.try_send(format!("{line}\n")));
                }
            }
            Some(line) = others.recv() => writer.write_all(line.as_bytes()).await?,
        }
    }
}

/// The media of one room.
async fn mix(socket: UdpSocket) {
    let (mut present, mut buffer) = (BTreeMap::<SocketAddr, Instant>::new(), vec![0; 65_535]);
    loop {
        let Ok((length, from)) = socket.recv_from(&mut buffer).await else { continue };
        let now = Instant::now();
        if present.len() < ROOM || present.contains_key(&from) {
            present.insert(from, now);
        }
        present.retain(|_, last| now - *last < PRESENT);
        for other in present.keys().filter(|other| **other != from) {
            // What cannot be sent now is late, as media is.
            drop(socket.try_send_to(&buffer[..length], *other));
        }
    }
}
