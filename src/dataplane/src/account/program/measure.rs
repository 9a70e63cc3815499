//! Merged packets (GRO, GSO, TSO): what they are on the wire.
//!
//! Each packet on the wire repeats the headers of the merged one: `bytes = length + (packets - 1) x
//! headers`.

use super::*;

const SCTP: i32 = 132;
const SCTP_HEADER: i32 = 12;
const UDP_HEADER: i32 = 8;
/// Length of the hop-by-hop header that the kernel puts before TCP in a merged packet too long for
/// the payload length field, and takes out again before the wire (BIG TCP; include/net/ipv6.h,
/// `ipv6_has_hopopt_jumbo`).
const BIG_TCP: i32 = 8;
/// The option's type (RFC 2675).
const JUMBO: i32 = 0xc2;

impl Writer {
    /// `R8` is the protocol, `R9` where layer 4 begins. Both are lost.
    pub(super) fn measure(&mut self) {
        let asm = &mut self.asm;
        let single = asm.label();
        asm.load(Word, R1, R6, context::GSO_SIZE);
        asm.jump_if(R1, If::Eq, 0, single);
        asm.store(Double, R10, slot::BYTES, R7);
        asm.store(Double, R10, slot::SPARE, R9);
        self.upper_header();
        self.big_tcp();
        self.segments();
        self.repeat_headers();
        self.asm.bind(single);
    }

    /// `R9` += length of the layer-4 header.
    fn upper_header(&mut self) {
        let asm = &mut self.asm;
        let [udp, sctp, done] = std::array::from_fn(|_| asm.label());
        asm.jump_if(R8, If::Eq, UDP, udp);
        asm.jump_if(R8, If::Eq, SCTP, sctp);
        asm.jump_if(R8, If::Ne, TCP, done);
        asm.mov(R8, R9);
        asm.alu(Alu::Add, R8, 12);
        self.read(R8, slot::NEXT, 1, done);
        let asm = &mut self.asm;
        asm.load(Byte, R1, R10, slot::NEXT);
        asm.alu(Alu::Shr, R1, 4);
        asm.alu(Alu::Shl, R1, 2);
        asm.alu(Alu::Add, R9, R1);
        asm.jump(done);
        asm.bind(udp);
        asm.alu(Alu::Add, R9, UDP_HEADER);
        asm.jump(done);
        asm.bind(sctp);
        asm.alu(Alu::Add, R9, SCTP_HEADER);
        asm.bind(done);
    }

    /// Headers that never reach the wire are not counted.
    fn big_tcp(&mut self) {
        let asm = &mut self.asm;
        let none = asm.label();
        asm.load(Double, R1, R10, slot::FAMILY);
        asm.jump_if(R1, If::Ne, 6, none);
        asm.load(Half, R1, R10, slot::HEADER + 4);
        asm.jump_if(R1, If::Ne, 0, none);
        asm.load(Byte, R1, R10, slot::HEADER + 6);
        asm.jump_if(R1, If::Ne, 0, none);
        self.read(40, slot::NEXT, 4, none);
        let asm = &mut self.asm;
        asm.load(Byte, R1, R10, slot::NEXT);
        asm.jump_if(R1, If::Ne, TCP, none);
        asm.load(Byte, R1, R10, slot::NEXT + 1);
        asm.jump_if(R1, If::Ne, 0, none);
        asm.load(Byte, R1, R10, slot::NEXT + 2);
        asm.jump_if(R1, If::Ne, JUMBO, none);
        asm.alu(Alu::Sub, R7, BIG_TCP);
        asm.alu(Alu::Sub, R9, BIG_TCP);
        asm.store(Double, R10, slot::BYTES, R7);
        asm.bind(none);
    }

    /// How many packets, in `R8`: as the kernel counted them, or else the payload by their size.
    fn segments(&mut self) {
        let asm = &mut self.asm;
        let known = asm.label();
        asm.load(Word, R8, R6, context::GSO_SEGS);
        asm.jump_if(R8, If::Ne, 0, known);
        asm.mov(R8, 1);
        asm.jump_if(R7, If::Le, R9, known);
        asm.load(Word, R1, R6, context::GSO_SIZE);
        asm.mov(R8, R7);
        asm.alu(Alu::Sub, R8, R9);
        asm.alu(Alu::Add, R8, R1);
        asm.alu(Alu::Sub, R8, 1);
        asm.alu(Alu::Div, R8, R1);
        asm.bind(known);
        asm.store(Double, R10, slot::PACKETS, R8);
    }

    fn repeat_headers(&mut self) {
        let asm = &mut self.asm;
        asm.alu(Alu::Sub, R8, 1);
        asm.alu(Alu::Mul, R8, R9);
        asm.load(Double, R1, R10, slot::BYTES);
        asm.alu(Alu::Add, R1, R8);
        asm.store(Double, R10, slot::BYTES, R1);
    }
}
