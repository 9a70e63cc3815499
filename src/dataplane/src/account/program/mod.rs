//! The program that counts one direction of a segment port, run by tc for every packet:
//!
//! 1. [`parse`]: addresses, protocol, port of the service's side, layer-3 bytes;
//! 2. [`measure`]: a merged packet is taken for the packets that it is on the wire;
//! 3. [`classify`]: whose it is and to what it belongs;
//! 4. the total with that number grows; the packet goes on to whatever filter comes next.
//!
//! What lies where in the stack is said in [`slot`]; registers that live through the whole program:
//! `R6` the context, `R7` the layer-3 bytes that are there, `R9` where layer 4 begins (from layer 3
//! on).

mod classify;
mod measure;
mod parse;

use ets_netd_api::Direction;

use super::asm::{Alu, Asm, Helper, If, Insn, Label, Operand, Reg, Size};
use super::layout;
use Reg::{R0, R1, R2, R3, R4, R6, R7, R8, R9, R10};
use Size::{Byte, Double, Half, Word};

/// Fields of `struct __sk_buff`.
mod context {
    pub(super) const LEN: i16 = 0;
    pub(super) const PROTOCOL: i16 = 16;
    pub(super) const GSO_SEGS: i16 = 164;
    pub(super) const GSO_SIZE: i16 = 176;
}

/// Places in the stack, from the frame pointer on.
mod slot {
    /// The key of a lookup: two halves of an address and the tag.
    pub(super) const KEY: i16 = -24;
    /// The start of the layer-3 header.
    pub(super) const HEADER: i16 = -64;
    /// Layer-3 bytes.
    pub(super) const BYTES: i16 = -72;
    /// Packets.
    pub(super) const PACKETS: i16 = -80;
    /// The segment's address: low half here, high half eight bytes below.
    pub(super) const OWN: i16 = -96;
    /// The other side's address.
    pub(super) const REMOTE: i16 = -112;
    /// 4 or 6.
    pub(super) const FAMILY: i16 = -120;
    /// Protocol << 16 | port of the service's side, or [`super::NAMELESS`].
    pub(super) const PORT: i16 = -128;
    /// The first bytes of an extension or layer-4 header.
    pub(super) const NEXT: i16 = -136;
    /// The segment's number, later the number of the total.
    pub(super) const SEGMENT: i16 = -144;
    /// What a long calculation keeps for itself.
    pub(super) const SPARE: i16 = -152;
}

/// In [`slot::PORT`]: a fragment without ports.
const NAMELESS: i32 = -1;

/// Ethertypes as the context shows them.
const IPV4: i32 = 0x0800u16.to_be() as i32;
const IPV6: i32 = 0x86ddu16.to_be() as i32;

const TCP: i32 = 6;
const UDP: i32 = 17;

/// `TC_ACT_UNSPEC`: the next filter is asked.
const GO_ON: i32 = -1;

/// Which program.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Which {
    /// `Up` stands at a port's ingress, `Down` at its egress.
    pub(super) direction: Direction,
    /// Whether frames have an Ethernet header of 14 bytes, or none.
    pub(super) ethernet: bool,
}

impl Which {
    /// All there are.
    pub(super) const ALL: [Self; 4] = [
        Self { direction: Direction::Up, ethernet: true },
        Self { direction: Direction::Down, ethernet: true },
        Self { direction: Direction::Up, ethernet: false },
        Self { direction: Direction::Down, ethernet: false },
    ];

    /// Its name: of the file it is pinned as, and in the kernel's lists after `ets_`.
    pub(super) fn name(self) -> &'static str {
        match (self.direction, self.ethernet) {
            (Direction::Up, true) => "up",
            (Direction::Down, true) => "down",
            (Direction::Up, false) => "up_plain",
            (Direction::Down, false) => "down_plain",
        }
    }

    fn link_header(self) -> i32 {
        if self.ethernet { 14 } else { 0 }
    }
}

/// Descriptors of the maps that the program uses.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct MapFds {
    pub(super) config: i32,
    pub(super) segments: i32,
    pub(super) services: i32,
    pub(super) places: i32,
    pub(super) totals: i32,
}

/// Writes the program.
pub(super) fn program(which: Which, maps: MapFds) -> Vec<Insn> {
    let mut writer = Writer { asm: Asm::default(), which, maps };
    writer.whole();
    writer.asm.finish()
}

struct Writer {
    asm: Asm,
    which: Which,
    maps: MapFds,
}

impl Writer {
    fn whole(&mut self) {
        let asm = &mut self.asm;
        let [leave, four, six, upper, unread, count, done] = std::array::from_fn(|_| asm.label());
        self.begin(four, six, leave);
        self.asm.bind(four);
        self.parse_four(unread);
        self.asm.jump(upper);
        self.asm.bind(six);
        self.parse_six(unread);
        self.asm.bind(upper);
        self.parse_port();
        self.measure();
        self.find_segment();
        self.find_class();
        self.asm.jump(count);
        self.asm.bind(unread);
        self.unread();
        self.asm.bind(count);
        self.count(done);
        self.asm.bind(done);
        self.asm.bind(leave);
        self.asm.mov(R0, GO_ON);
        self.asm.exit();
    }

    /// Frames that are no IP are not counted. To begin with, a packet is one.
    fn begin(&mut self, four: Label, six: Label, leave: Label) {
        let header = self.which.link_header();
        let asm = &mut self.asm;
        asm.mov(R6, R1);
        asm.load(Word, R7, R6, context::LEN);
        asm.jump_if(R7, If::Lt, header, leave);
        asm.alu(Alu::Sub, R7, header);
        asm.mov(R1, 1);
        asm.store(Double, R10, slot::PACKETS, R1);
        asm.store(Double, R10, slot::BYTES, R7);
        asm.load(Word, R1, R6, context::PROTOCOL);
        asm.jump_if(R1, If::Eq, IPV4, four);
        asm.jump_if(R1, If::Eq, IPV6, six);
        asm.jump(leave);
    }

    /// Shorter than an IP header: of no segment, class other, one packet of what is there.
    fn unread(&mut self) {
        self.asm.store(Double, R10, slot::SEGMENT, 0);
        self.asm.mov(R0, 0);
    }

    /// `R0` is the class.
    fn count(&mut self, done: Label) {
        let way = i32::from(self.which.direction == Direction::Down);
        let classes = layout::CLASSES.cast_signed();
        let asm = &mut self.asm;
        asm.alu(Alu::And, R0, classes - 1);
        asm.load(Double, R1, R10, slot::SEGMENT);
        asm.alu(Alu::Mul, R1, classes);
        asm.alu(Alu::Add, R1, R0);
        asm.alu(Alu::Mul, R1, 2);
        asm.alu(Alu::Add, R1, way);
        asm.store(Word, R10, slot::SEGMENT, R1);
        asm.map(R1, self.maps.totals);
        asm.mov(R2, R10);
        asm.alu(Alu::Add, R2, i32::from(slot::SEGMENT));
        asm.call(Helper::MapLookup);
        asm.jump_if(R0, If::Eq, 0, done);
        asm.load(Double, R1, R10, slot::BYTES);
        asm.atomic_add(R0, 0, R1);
        asm.load(Double, R1, R10, slot::PACKETS);
        asm.atomic_add(R0, 8, R1);
    }

    /// Reads `length` bytes of the packet, from `at` in its layer-3 header on, into the stack; goes
    /// to `short` when there are not so many.
    fn read(&mut self, at: impl Into<Operand>, to: i16, length: i32, short: Label) {
        let header = self.which.link_header();
        let asm = &mut self.asm;
        asm.mov(R1, R6);
        asm.mov(R2, at);
        asm.alu(Alu::Add, R2, header);
        asm.mov(R3, R10);
        asm.alu(Alu::Add, R3, i32::from(to));
        asm.mov(R4, length);
        asm.call(Helper::LoadBytes);
        asm.jump_if(R0, If::Ne, 0, short);
    }

    /// `to` = a 16-bit field of what was read.
    fn field(&mut self, to: Reg, at: i16) {
        self.asm.load(Half, to, R10, at);
        self.asm.network_order(to, 16);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_four_programs_differ_and_stay_small() {
        let codes = Which::ALL.map(|which| program(which, MapFds::default()));
        for (at, code) in codes.iter().enumerate() {
            assert!(code.len() < 600, "{}", code.len());
            assert!(codes[..at].iter().all(|other| other != code));
        }
    }
}
