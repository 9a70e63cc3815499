//! What the headers say.

use super::*;

/// IPv6 extension headers that are walked; a packet with more has no ports.
const MOST_EXTENSIONS: i32 = 8;

const HOP_BY_HOP: i32 = 0;
const ROUTING: i32 = 43;
const FRAGMENT: i32 = 44;
const AUTHENTICATION: i32 = 51;
const DESTINATION: i32 = 60;
const MOBILITY: i32 = 135;

const IPV4_HEADER: i32 = 20;
const IPV6_HEADER: i32 = 40;

impl Writer {
    /// RFC 791. Leaves the protocol in `R8`.
    pub(super) fn parse_four(&mut self, unread: Label) {
        self.read(0, slot::HEADER, IPV4_HEADER, unread);
        self.asm.store(Double, R10, slot::FAMILY, 4);
        self.asm.store(Double, R10, slot::PORT, 0);
        self.length_four();
        self.addresses_four();
        self.layer_four_begins();
        self.fragment_four();
        self.asm.load(Byte, R8, R10, slot::HEADER + 9);
    }

    /// The total length; where it is shorter than a header or longer than the packet, what is there.
    fn length_four(&mut self) {
        let lies = self.asm.label();
        self.field(R1, slot::HEADER + 2);
        self.asm.jump_if(R1, If::Lt, IPV4_HEADER, lies);
        self.asm.jump_if(R1, If::Gt, R7, lies);
        self.asm.store(Double, R10, slot::BYTES, R1);
        self.asm.bind(lies);
    }

    fn addresses_four(&mut self) {
        let (own, remote) = self.sides(12, 16);
        for (field, place) in [(own, slot::OWN), (remote, slot::REMOTE)] {
            let asm = &mut self.asm;
            asm.load(Word, R1, R10, slot::HEADER + field);
            asm.network_order(R1, 32);
            asm.alu(Alu::Shl, R1, 32);
            asm.store(Double, R10, place, R1);
            asm.store(Double, R10, place + 8, 0);
        }
    }

    /// Where the segment's address and the other one are, of source and destination.
    fn sides(&self, source: i16, destination: i16) -> (i16, i16) {
        match self.which.direction {
            Direction::Up => (source, destination),
            Direction::Down => (destination, source),
        }
    }

    /// After the options; a header length below the smallest is taken for the smallest.
    fn layer_four_begins(&mut self) {
        let asm = &mut self.asm;
        let enough = asm.label();
        asm.load(Byte, R9, R10, slot::HEADER);
        asm.alu(Alu::And, R9, 15);
        asm.alu(Alu::Shl, R9, 2);
        asm.jump_if(R9, If::Ge, IPV4_HEADER, enough);
        asm.mov(R9, IPV4_HEADER);
        asm.bind(enough);
    }

    fn fragment_four(&mut self) {
        let first = self.asm.label();
        self.field(R1, slot::HEADER + 6);
        self.asm.alu(Alu::And, R1, 0x1fff);
        self.asm.jump_if(R1, If::Eq, 0, first);
        self.asm.store(Double, R10, slot::PORT, NAMELESS);
        self.asm.bind(first);
    }

    /// RFC 8200. Leaves the protocol in `R8`.
    pub(super) fn parse_six(&mut self, unread: Label) {
        self.read(0, slot::HEADER, IPV6_HEADER, unread);
        self.asm.store(Double, R10, slot::FAMILY, 6);
        self.asm.store(Double, R10, slot::PORT, 0);
        self.length_six();
        self.addresses_six();
        self.asm.load(Byte, R8, R10, slot::HEADER + 6);
        self.asm.mov(R9, IPV6_HEADER);
        self.extensions();
    }

    /// Header and payload length, where so much is there. A payload length of 0 before hop-by-hop
    /// options is a jumbogram (RFC 2675): what is there.
    fn length_six(&mut self) {
        let [plain, there] = std::array::from_fn(|_| self.asm.label());
        self.field(R1, slot::HEADER + 4);
        let asm = &mut self.asm;
        asm.jump_if(R1, If::Ne, 0, plain);
        asm.load(Byte, R2, R10, slot::HEADER + 6);
        asm.jump_if(R2, If::Eq, HOP_BY_HOP, there);
        asm.bind(plain);
        asm.alu(Alu::Add, R1, IPV6_HEADER);
        asm.jump_if(R1, If::Gt, R7, there);
        asm.store(Double, R10, slot::BYTES, R1);
        asm.bind(there);
    }

    fn addresses_six(&mut self) {
        let (own, remote) = self.sides(8, 24);
        for (field, place) in [(own, slot::OWN), (remote, slot::REMOTE)] {
            for half in [0, 8] {
                self.asm.load(Double, R1, R10, slot::HEADER + field + half);
                self.asm.network_order(R1, 64);
                self.asm.store(Double, R10, place + half, R1);
            }
        }
    }

    /// Walks the extension headers: `R8` and `R9` become protocol and place of layer 4.
    fn extensions(&mut self) {
        let asm = &mut self.asm;
        let [done, one, fragment, counted_in_words, advance] = std::array::from_fn(|_| asm.label());
        asm.store(Double, R10, slot::SPARE, 0);
        let again = asm.here();
        for kind in [HOP_BY_HOP, ROUTING, FRAGMENT, AUTHENTICATION, DESTINATION, MOBILITY] {
            asm.jump_if(R8, If::Eq, kind, one);
        }
        asm.jump(done);
        asm.bind(one);
        self.next_extension(done);
        let asm = &mut self.asm;
        asm.jump_if(R8, If::Eq, FRAGMENT, fragment);
        asm.jump_if(R8, If::Eq, AUTHENTICATION, counted_in_words);
        asm.load(Byte, R1, R10, slot::NEXT + 1);
        asm.alu(Alu::Add, R1, 1);
        asm.alu(Alu::Shl, R1, 3);
        asm.jump(advance);
        asm.bind(counted_in_words);
        asm.load(Byte, R1, R10, slot::NEXT + 1);
        asm.alu(Alu::Add, R1, 2);
        asm.alu(Alu::Shl, R1, 2);
        asm.bind(advance);
        asm.alu(Alu::Add, R9, R1);
        asm.load(Byte, R8, R10, slot::NEXT);
        asm.jump(again);
        asm.bind(fragment);
        self.fragment_six();
        let asm = &mut self.asm;
        asm.alu(Alu::Add, R9, 8);
        asm.load(Byte, R8, R10, slot::NEXT);
        asm.load(Double, R1, R10, slot::PORT);
        asm.jump_if(R1, If::Eq, 0, again);
        asm.bind(done);
    }

    /// Reads the start of one more header. Where there is none, or too many were there before, the
    /// packet is as good as a fragment: nothing tells its ports.
    fn next_extension(&mut self, done: Label) {
        let asm = &mut self.asm;
        let [lost, found] = std::array::from_fn(|_| asm.label());
        asm.load(Double, R1, R10, slot::SPARE);
        asm.jump_if(R1, If::Ge, MOST_EXTENSIONS, lost);
        asm.alu(Alu::Add, R1, 1);
        asm.store(Double, R10, slot::SPARE, R1);
        self.read(R9, slot::NEXT, 4, lost);
        let asm = &mut self.asm;
        asm.jump(found);
        asm.bind(lost);
        asm.store(Double, R10, slot::PORT, NAMELESS);
        asm.jump(done);
        asm.bind(found);
    }

    fn fragment_six(&mut self) {
        let first = self.asm.label();
        self.field(R1, slot::NEXT + 2);
        self.asm.alu(Alu::And, R1, 0xfff8);
        self.asm.jump_if(R1, If::Eq, 0, first);
        self.asm.store(Double, R10, slot::PORT, NAMELESS);
        self.asm.bind(first);
    }

    /// The port of the service's side: the destination's of what comes from a segment, the source's
    /// of what goes to it. `R8` is the protocol, and stays so.
    pub(super) fn parse_port(&mut self) {
        let (_, service) = self.sides(0, 2);
        let asm = &mut self.asm;
        let [with_ports, short, done] = std::array::from_fn(|_| asm.label());
        asm.load(Double, R1, R10, slot::PORT);
        asm.jump_if(R1, If::Ne, 0, done);
        asm.mov(R1, R8);
        asm.alu(Alu::Shl, R1, 16);
        asm.store(Double, R10, slot::PORT, R1);
        asm.jump_if(R8, If::Eq, TCP, with_ports);
        asm.jump_if(R8, If::Ne, UDP, done);
        asm.bind(with_ports);
        self.read(R9, slot::NEXT, 4, short);
        self.field(R1, slot::NEXT + service);
        let asm = &mut self.asm;
        asm.load(Double, R2, R10, slot::PORT);
        asm.alu(Alu::Or, R1, R2);
        asm.store(Double, R10, slot::PORT, R1);
        asm.jump(done);
        asm.bind(short);
        asm.store(Double, R10, slot::PORT, NAMELESS);
        asm.bind(done);
    }
}
