//! Whose packet it is, and to what it belongs.

use super::*;
use crate::account::layout::config;

impl Writer {
    /// The segment whose prefix holds the packet's own address; 0 when there is none.
    pub(super) fn find_segment(&mut self) {
        let [found, none] = std::array::from_fn(|_| self.asm.label());
        self.asm.store(Double, R10, slot::SEGMENT, 0);
        self.longest(self.maps.segments, slot::OWN, 0, found, none);
        let asm = &mut self.asm;
        asm.bind(found);
        asm.load(Word, R1, R0, 0);
        asm.store(Double, R10, slot::SEGMENT, R1);
        asm.bind(none);
    }

    /// `R0` = the class: of the service at the other side's port, else of the other side's address,
    /// else of the place it lies in, else 0.
    pub(super) fn find_class(&mut self) {
        let [found, address, none, done] = std::array::from_fn(|_| self.asm.label());
        self.remote_key();
        let asm = &mut self.asm;
        asm.load(Double, R2, R10, slot::PORT);
        asm.jump_if(R2, If::Eq, NAMELESS, address);
        asm.load(Word, R1, R10, slot::KEY + 16);
        asm.alu(Alu::Or, R1, R2);
        asm.store(Word, R10, slot::KEY + 16, R1);
        self.lookup(self.maps.services);
        self.asm.jump_if(R0, If::Ne, 0, found);
        self.find_range(done);
        self.asm.bind(address);
        self.remote_key();
        self.lookup(self.maps.services);
        self.asm.jump_if(R0, If::Ne, 0, found);
        self.longest(self.maps.places, slot::REMOTE, config::PLACES, found, none);
        let asm = &mut self.asm;
        asm.bind(none);
        asm.mov(R0, 0);
        asm.jump(done);
        asm.bind(found);
        asm.load(Word, R0, R0, 0);
        asm.bind(done);
    }

    /// The key of whatever is at the other side's address.
    fn remote_key(&mut self) {
        let asm = &mut self.asm;
        for half in [0, 8] {
            asm.load(Double, R1, R10, slot::REMOTE + half);
            asm.store(Double, R10, slot::KEY + half, R1);
        }
        asm.load(Double, R1, R10, slot::FAMILY);
        asm.alu(Alu::Shl, R1, 24);
        asm.store(Word, R10, slot::KEY + 16, R1);
    }

    /// `R0` = the value under the key, or 0.
    fn lookup(&mut self, map: i32) {
        self.asm.map(R1, map);
        self.asm.mov(R2, R10);
        self.asm.alu(Alu::Add, R2, i32::from(slot::KEY));
        self.asm.call(Helper::MapLookup);
    }

    /// `R8` = the bank in force, `offset` bytes in.
    fn bank(&mut self, offset: usize) {
        let asm = &mut self.asm;
        asm.map_value(R8, self.maps.config, 0);
        asm.load(Double, R1, R8, config::BANK as i16);
        asm.alu(Alu::And, R1, 1);
        asm.alu(Alu::Mul, R1, config::BANK_SIZE as i32);
        asm.alu(Alu::Add, R8, R1);
        asm.alu(Alu::Add, R8, (config::BANKS + offset) as i32);
    }

    /// Asks for the address at `place` by every prefix length in use, longest first.
    fn longest(&mut self, map: i32, place: i16, list: usize, found: Label, none: Label) {
        self.bank(list);
        let asm = &mut self.asm;
        let four = asm.label();
        asm.load(Double, R1, R10, slot::FAMILY);
        asm.jump_if(R1, If::Eq, 4, four);
        asm.alu(Alu::Add, R8, config::LIST as i32);
        asm.bind(four);
        asm.mov(R9, 0);
        let again = asm.here();
        asm.jump_if(R9, If::Ge, config::LIST as i32, none);
        asm.mov(R1, R8);
        asm.alu(Alu::Add, R1, R9);
        asm.load(Byte, R1, R1, 0);
        asm.jump_if(R1, If::Eq, 0, none);
        asm.alu(Alu::Add, R9, 1);
        asm.alu(Alu::Sub, R1, 1);
        self.prefix_key(place);
        self.lookup(map);
        self.asm.jump_if(R0, If::Eq, 0, again);
        self.asm.jump(found);
    }

    /// The key of the prefix of length `R1` around an address.
    fn prefix_key(&mut self, place: i16) {
        let asm = &mut self.asm;
        let [beyond, some, done] = std::array::from_fn(|_| asm.label());
        asm.load(Double, R2, R10, slot::FAMILY);
        asm.alu(Alu::Shl, R2, 8);
        asm.alu(Alu::Or, R2, R1);
        asm.store(Word, R10, slot::KEY + 16, R2);
        asm.load(Double, R2, R10, place);
        asm.load(Double, R3, R10, place + 8);
        asm.jump_if(R1, If::Gt, 64, beyond);
        asm.mov(R3, 0);
        asm.jump_if(R1, If::Ne, 0, some);
        asm.mov(R2, 0);
        asm.jump(done);
        asm.bind(some);
        self.keep_bits(R2, 64);
        self.asm.jump(done);
        self.asm.bind(beyond);
        self.keep_bits(R3, 128);
        let asm = &mut self.asm;
        asm.bind(done);
        asm.store(Double, R10, slot::KEY, R2);
        asm.store(Double, R10, slot::KEY + 8, R3);
    }

    /// Clears the lowest `of - R1` bits of `half`: 0 to 63.
    fn keep_bits(&mut self, half: Reg, of: i32) {
        let asm = &mut self.asm;
        asm.mov(R4, of);
        asm.alu(Alu::Sub, R4, R1);
        asm.alu(Alu::Shr, half, R4);
        asm.alu(Alu::Shl, half, R4);
    }

    /// Goes to `done` with the class in `R0` when a long range holds the key.
    fn find_range(&mut self, done: Label) {
        self.bank(config::RANGES);
        let [next, none] = std::array::from_fn(|_| self.asm.label());
        let asm = &mut self.asm;
        asm.mov(R9, 0);
        let again = asm.here();
        asm.jump_if(R9, If::Ge, config::MOST_RANGES as i32, none);
        asm.alu(Alu::Add, R9, 1);
        asm.load(Word, R1, R8, 16);
        asm.jump_if(R1, If::Eq, 0, none);
        asm.load(Word, R2, R10, slot::KEY + 16);
        asm.mov(R3, R2);
        asm.alu(Alu::Shr, R3, 16);
        asm.alu(Alu::Shl, R3, 16);
        asm.jump_if(R1, If::Ne, R3, next);
        for half in [0, 8] {
            asm.load(Double, R1, R8, half);
            asm.load(Double, R3, R10, slot::KEY + half);
            asm.jump_if(R1, If::Ne, R3, next);
        }
        asm.alu(Alu::And, R2, 0xffff);
        asm.load(Half, R1, R8, 20);
        asm.jump_if(R2, If::Lt, R1, next);
        asm.load(Half, R1, R8, 22);
        asm.jump_if(R2, If::Gt, R1, next);
        asm.load(Word, R0, R8, 24);
        asm.jump(done);
        asm.bind(next);
        asm.alu(Alu::Add, R8, config::RANGE as i32);
        asm.jump(again);
        asm.bind(none);
    }
}
