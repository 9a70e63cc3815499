//! The reader's side: attaches the programs, keeps the maps as wanted, reads the totals. Needs
//! `CAP_NET_ADMIN` and the right to open the pins, but not `CAP_BPF` (Linux 5.19 or newer).

use std::collections::BTreeSet;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::path::Path;
use std::sync::atomic::Ordering;

use ets_model::SegmentNo;
use ets_netd_api::{Class, Counter, Direction};
use ipnet::IpNet;

use super::changes::{Changes, Heard};
use super::layout::{self, KEY, config};
use super::memory::{Memory, Use};
use super::pins::{self, Maps};
use super::program::Which;
use super::tables::{Elements, ServiceAt, Tables};
use super::tc::Tc;
use super::{Error, sys};

/// `ARPHRD_ETHER`, `ARPHRD_LOOPBACK`: a header of 14 bytes.
const ETHERNET: [u16; 2] = [1, 772];
/// `ARPHRD_PPP`, `ARPHRD_TUNNEL`, `ARPHRD_TUNNEL6`, `ARPHRD_SIT`, `ARPHRD_IPGRE`, `ARPHRD_RAWIP`,
/// `ARPHRD_NONE`: no header that tc sees.
const PLAIN: [u16; 7] = [512, 768, 769, 776, 778, 519, 0xfffe];

/// Elements read in one system call.
const BATCH: usize = 4096;

const DIRECTIONS: [Direction; 2] = [Direction::Up, Direction::Down];

/// What a reading found that must not be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Disturbance {
    /// A total is less than it was: a stranger wrote to it. What is read from now on has a gap.
    WentBack {
        /// What it was at the last reading.
        was: Counter,
        /// What it is.
        is: Counter,
    },
    /// The totals are of another life.
    LifeChanged {
        /// The life before.
        was: u64,
        /// The life now.
        is: u64,
    },
}

/// A program was not attached where it should be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Missing {
    /// The interface's index.
    pub interface: u32,
    /// Which direction was not counted.
    pub direction: Direction,
}

/// What was put back.
#[derive(Debug, Default)]
pub struct Restored {
    /// What was missing, and is there again.
    pub missing: Vec<Missing>,
    /// What cannot be put back, each told once: it is tried again by each
    /// [`restore`](Meters::restore).
    pub faults: Vec<Error>,
}

/// The accounting in force. Interfaces are those of the network namespace in which it was opened.
pub struct Meters {
    maps: Maps,
    config: Memory,
    totals: Memory,
    /// Totals of older generations, which count on until no interface runs their programs any more.
    carried: Vec<Memory>,
    programs: Vec<(OwnedFd, u32)>,
    tc: Tc,
    changes: Changes,
    wanted: BTreeSet<u32>,
    /// Those of the wanted that could not be attached to.
    failed: BTreeSet<u32>,
    life: u64,
    before: Vec<(u64, u64)>,
}

impl Meters {
    /// Opens what [`setup`](super::setup()) pinned in `directory`.
    ///
    /// # Errors
    /// When nothing is set up there, or it may not be opened, or is of another layout.
    pub fn open(directory: &Path) -> Result<Self, Error> {
        let generations = pins::generations(directory)?;
        let (newest, older) = generations
            .iter()
            .next_back()
            .map_or((None, 0), |(number, path)| (Some((number, path)), generations.len() - 1));
        let (_, place) = newest.ok_or_else(|| Error::NotSetUp(directory.to_owned()))?;
        let (maps, config, totals) = open_generation(place)?;
        let carried = generations.values().take(older);
        let carried = carried.map(|path| open_generation(path).map(|(_, _, totals)| totals));
        let tc = Tc::open()?;
        Ok(Self {
            life: config.load(config::LIFE),
            before: Vec::new(),
            carried: carried.collect::<Result<_, _>>()?,
            programs: numbered(pins::open_programs(place)?)?,
            changes: Changes::open(tc.port())?,
            tc,
            wanted: BTreeSet::new(),
            failed: BTreeSet::new(),
            maps,
            config,
            totals,
        })
    }

    /// Tells this life of the totals from every other one.
    pub fn life(&self) -> u64 {
        self.life
    }

    /// Segment numbers below this are counted.
    pub fn capacity(&self) -> u32 {
        u32::try_from(self.config.load(config::SEGMENTS)).unwrap_or(u32::MAX)
    }

    /// Counts on these interfaces and on no others. Attaching again changes nothing; a program of an
    /// earlier version is replaced without missing a packet. Gives what went wrong; the other
    /// interfaces are as wanted all the same.
    pub fn attach(&mut self, interfaces: &[u32]) -> Vec<Error> {
        self.wanted = interfaces.iter().copied().collect();
        self.failed.clear();
        let mut faults: Vec<Error> = Vec::new();
        for interface in self.wanted.clone() {
            if let Err(fault) = self.attach_one(interface) {
                self.failed.insert(interface);
                faults.push(fault);
            }
        }
        faults.extend(self.detach_others().err());
        faults
    }

    /// The directions in which the program was not attached.
    fn attach_one(&mut self, interface: u32) -> Result<Vec<Direction>, Error> {
        let kind = self.tc.link_kind(interface)?;
        let ethernet = ETHERNET.contains(&kind);
        if !ethernet && !PLAIN.contains(&kind) {
            return Err(Error::LinkKind { interface, kind });
        }
        let mut missing = Vec::new();
        for direction in DIRECTIONS {
            let at = position(Which { direction, ethernet });
            let (program, id) = &self.programs[at];
            if self.tc.attached(interface, direction)? != Some(*id) {
                self.tc.attach(interface, direction, program.as_fd())?;
                missing.push(direction);
            }
        }
        Ok(missing)
    }

    fn detach_others(&mut self) -> Result<(), Error> {
        for interface in self.tc.prepared()? {
            if !self.wanted.contains(&interface) {
                for direction in DIRECTIONS {
                    self.tc.detach(interface, direction)?;
                }
            }
        }
        Ok(())
    }

    /// Attaches again where a stranger took a program, or the qdisc under it, away since the last
    /// call. The kernel is asked only about interfaces at which it told of a change, so that a call
    /// costs next to nothing where there was none; about all of them where such events were lost.
    pub fn restore(&mut self) -> Restored {
        let mut doubtful = match self.changes.take() {
            Heard::At(these) => these.intersection(&self.wanted).copied().collect(),
            Heard::Lost => self.wanted.clone(),
        };
        doubtful.extend(&self.failed);
        let mut found = Restored::default();
        for interface in doubtful {
            match self.attach_one(interface) {
                Ok(missing) => {
                    self.failed.remove(&interface);
                    let missing = missing.into_iter();
                    found.missing.extend(missing.map(|direction| Missing { interface, direction }));
                }
                // Whoever names the interfaces will see it too.
                Err(fault) if fault.is_gone() => {
                    self.wanted.remove(&interface);
                    self.failed.remove(&interface);
                }
                Err(fault) if self.failed.insert(interface) => found.faults.push(fault),
                Err(_) => {}
            }
        }
        found
    }

    /// Makes the maps hold these segments, services and places, element by element. Every packet in
    /// between is counted once: by the old or by the new.
    ///
    /// What is in no place counts as [`Class::Neighbour`] where it lies in another segment's prefix,
    /// and else as [`Class::Other`]. The longest prefix wins.
    ///
    /// # Errors
    /// For input that contradicts itself or does not fit; then nothing is changed. Or when the
    /// kernel refuses a change.
    pub fn configure(
        &mut self,
        segments: &[(SegmentNo, Vec<IpNet>)],
        services: &[ServiceAt],
        places: &[(IpNet, Class)],
    ) -> Result<(), Error> {
        let wanted = Tables::new(segments, services, places, self.capacity())?;
        let pairs = [
            (self.maps.segments.as_fd(), &wanted.segments),
            (self.maps.services.as_fd(), &wanted.services),
            (self.maps.places.as_fd(), &wanted.places),
        ];
        let mut surplus = Vec::new();
        for (map, elements) in pairs {
            surplus.extend(add(map, elements)?.into_iter().map(|key| (map, key)));
        }
        switch_bank(&self.config, &wanted.bank);
        for (map, key) in &surplus {
            sys::delete(*map, key).map_err(|cause| Error::Access("removing an element", cause))?;
        }
        if !surplus.is_empty() {
            // The kernel may use a removed element's memory for the next one that is added: no
            // program may look at it any more by then.
            sys::barrier();
        }
        Ok(())
    }

    /// All totals that are not zero, ordered by segment. No system call.
    pub fn read(&mut self, out: &mut Vec<Counter>) -> Option<Disturbance> {
        self.sweep(out, false)
    }

    /// The totals that changed since the last reading of either kind. No system call.
    pub fn read_changed(&mut self, out: &mut Vec<Counter>) -> Option<Disturbance> {
        self.sweep(out, true)
    }

    fn sweep(&mut self, out: &mut Vec<Counter>, changed: bool) -> Option<Disturbance> {
        let mut found = self.check_life();
        let words = self.totals.words();
        self.before.resize(words.len() / 2, (0, 0));
        for (index, (pair, before)) in words.chunks_exact(2).zip(self.before.iter_mut()).enumerate()
        {
            let mut bytes = pair[0].load(Ordering::Relaxed);
            let mut packets = pair[1].load(Ordering::Relaxed);
            for older in &self.carried {
                bytes = bytes.wrapping_add(older.load(index * 16));
                packets = packets.wrapping_add(older.load(index * 16 + 8));
            }
            let (was, is) = (*before, (bytes, packets));
            if is == was && (changed || is == (0, 0)) {
                continue;
            }
            *before = is;
            if is.0 < was.0 || is.1 < was.1 {
                let (was, is) = (counter(index, was), counter(index, is));
                found = found.or(Some(Disturbance::WentBack { was, is }));
            }
            out.push(counter(index, is));
        }
        found
    }

    fn check_life(&mut self) -> Option<Disturbance> {
        let (was, is) = (self.life, self.config.load(config::LIFE));
        self.life = is;
        (was != is).then_some(Disturbance::LifeChanged { was, is })
    }
}

impl std::fmt::Debug for Meters {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Meters").field("life", &self.life).finish_non_exhaustive()
    }
}

fn open_generation(place: &Path) -> Result<(Maps, Memory, Memory), Error> {
    let maps = Maps::open(place)?;
    let memory = maps.config_memory()?;
    pins::check_layout(place, &memory)?;
    let segments = u32::try_from(memory.load(config::SEGMENTS)).unwrap_or(0);
    let totals = maps.totals_memory(segments, Use::Read)?;
    Ok((maps, memory, totals))
}

fn numbered(programs: Vec<OwnedFd>) -> Result<Vec<(OwnedFd, u32)>, Error> {
    let fault = |cause| Error::Access("asking for a program's number", cause);
    let one = |program: OwnedFd| sys::id(program.as_fd()).map_err(fault).map(|id| (program, id));
    programs.into_iter().map(one).collect()
}

fn position(which: Which) -> usize {
    Which::ALL.iter().position(|other| *other == which).unwrap_or(0)
}

fn counter(index: usize, (bytes, packets): (u64, u64)) -> Counter {
    let (segment, class, direction) = layout::subject(index);
    Counter { segment, class, direction, bytes, packets }
}

/// Adds and changes what is not as wanted; gives the keys of what is too much.
fn add(map: BorrowedFd<'_>, wanted: &Elements) -> Result<Vec<[u8; KEY]>, Error> {
    let present = elements(map)?;
    for (key, value) in wanted {
        if present.get(key) != Some(value) {
            sys::update(map, key, *value)
                .map_err(|cause| Error::Access("adding an element", cause))?;
        }
    }
    Ok(present.into_keys().filter(|key| !wanted.contains_key(key)).collect())
}

fn elements(map: BorrowedFd<'_>) -> Result<Elements, Error> {
    let (mut found, mut cursor) = (Vec::new(), None);
    while !sys::batch(map, &mut cursor, BATCH, &mut found)
        .map_err(|cause| Error::Access("reading a map", cause))?
    {}
    Ok(found.into_iter().collect())
}

/// Writes the bank that is not in force and puts it in force, when it is different.
fn switch_bank(memory: &Memory, wanted: &[u8; config::BANK_SIZE]) {
    let word =
        |at: usize| wanted[at..].first_chunk().map_or(0, |raw: &[u8; 8]| u64::from_ne_bytes(*raw));
    let current = memory.load(config::BANK) & 1;
    let begin = |bank: u64| config::BANKS + bank as usize * config::BANK_SIZE;
    let offsets = || (0..config::BANK_SIZE).step_by(8);
    if offsets().all(|at| memory.load(begin(current) + at) == word(at)) {
        return;
    }
    // A packet may still be looking at this bank from before it was put out of force.
    sys::barrier();
    offsets().for_each(|at| memory.store(begin(1 - current) + at, word(at)));
    memory.store(config::BANK, 1 - current);
    // Elements that the old bank asks for are about to be removed.
    sys::barrier();
}
