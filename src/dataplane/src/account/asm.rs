//! A small assembler for eBPF (RFC 9669): instructions, labels and the two kinds of map reference.
//!
//! It knows just what the accounting needs. Every value wider than a register's immediate is loaded
//! from memory, and jumps are bound when the program is finished.

/// A register. `R0` holds results, `R1` to `R5` arguments (lost in every call), `R6` to `R9` are
/// kept, `R10` is the read-only frame pointer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
#[allow(missing_docs)]
pub(super) enum Reg {
    R0,
    R1,
    R2,
    R3,
    R4,
    R6 = 6,
    R7,
    R8,
    R9,
    R10,
}

/// How much a load or store moves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(super) enum Size {
    /// Four bytes.
    Word = 0x00,
    /// Two bytes.
    Half = 0x08,
    /// One byte.
    Byte = 0x10,
    /// Eight bytes.
    Double = 0x18,
}

/// Arithmetic on 64 bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(super) enum Alu {
    Add = 0x00,
    Sub = 0x10,
    Mul = 0x20,
    Div = 0x30,
    Or = 0x40,
    And = 0x50,
    Shl = 0x60,
    Shr = 0x70,
    Mov = 0xb0,
}

/// When a jump is taken; all comparisons are unsigned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(super) enum If {
    Eq = 0x10,
    Gt = 0x20,
    Ge = 0x30,
    Ne = 0x50,
    Lt = 0xa0,
    Le = 0xb0,
}

/// A register or a number.
#[derive(Clone, Copy, Debug)]
pub(super) enum Operand {
    Reg(Reg),
    Number(i32),
}

impl From<Reg> for Operand {
    fn from(reg: Reg) -> Self {
        Self::Reg(reg)
    }
}

impl From<i32> for Operand {
    fn from(number: i32) -> Self {
        Self::Number(number)
    }
}

/// Functions of the kernel (`enum bpf_func_id`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(i32)]
pub(super) enum Helper {
    /// `bpf_map_lookup_elem(map, key)`: pointer to the value, or 0.
    MapLookup = 1,
    /// `bpf_skb_load_bytes(ctx, offset, to, length)`: 0, or negative when there is less.
    LoadBytes = 26,
}

/// A place in the program.
#[derive(Clone, Copy, Debug)]
pub(super) struct Label(usize);

/// One instruction (`struct bpf_insn`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[repr(C)]
pub(super) struct Insn {
    op: u8,
    registers: u8,
    offset: i16,
    number: i32,
}

const LOAD: u8 = 0x61;
const STORE: u8 = 0x63;
const STORE_NUMBER: u8 = 0x62;
const ATOMIC_DOUBLE: u8 = 0xdb;
const LOAD_WIDE: u8 = 0x18;
const ALU64_NUMBER: u8 = 0x07;
const ALU64_REG: u8 = 0x0f;
const TO_BIG_ENDIAN: u8 = 0xdc;
const JUMP: u8 = 0x05;
const JUMP_REG: u8 = 0x0d;
const CALL: u8 = 0x85;
const EXIT: u8 = 0x95;
/// `src` of [`LOAD_WIDE`]: the number is a map's descriptor.
const MAP_FD: u8 = 1;
/// The number is a map's descriptor, the second half an offset into its only value.
const MAP_VALUE: u8 = 2;

/// The program as far as it is written.
#[derive(Debug, Default)]
pub(super) struct Asm {
    code: Vec<Insn>,
    jumps: Vec<(usize, Label)>,
    labels: Vec<Option<usize>>,
}

impl Asm {
    /// A place that is bound later.
    pub(super) fn label(&mut self) -> Label {
        self.labels.push(None);
        Label(self.labels.len() - 1)
    }

    /// The label means the next instruction.
    pub(super) fn bind(&mut self, label: Label) {
        self.labels[label.0] = Some(self.code.len());
    }

    /// A label for the next instruction.
    pub(super) fn here(&mut self) -> Label {
        let label = self.label();
        self.bind(label);
        label
    }

    /// `to = to op by`; for [`Alu::Mov`], `to = by`.
    pub(super) fn alu(&mut self, op: Alu, to: Reg, by: impl Into<Operand>) {
        match by.into() {
            Operand::Reg(reg) => self.push(ALU64_REG | op as u8, to as u8, reg as u8, 0, 0),
            Operand::Number(number) => self.push(ALU64_NUMBER | op as u8, to as u8, 0, 0, number),
        }
    }

    /// `to = from`
    pub(super) fn mov(&mut self, to: Reg, from: impl Into<Operand>) {
        self.alu(Alu::Mov, to, from);
    }

    /// Between network order and ours, over the lowest 16, 32 or 64 bits; the rest becomes 0.
    pub(super) fn network_order(&mut self, reg: Reg, bits: i32) {
        self.push(TO_BIG_ENDIAN, reg as u8, 0, 0, bits);
    }

    /// `to = *(size *)(base + offset)`
    pub(super) fn load(&mut self, size: Size, to: Reg, base: Reg, offset: i16) {
        self.push(LOAD | size as u8, to as u8, base as u8, offset, 0);
    }

    /// `*(size *)(base + offset) = from`
    pub(super) fn store(&mut self, size: Size, base: Reg, offset: i16, from: impl Into<Operand>) {
        match from.into() {
            Operand::Reg(reg) => self.push(STORE | size as u8, base as u8, reg as u8, offset, 0),
            Operand::Number(number) => {
                self.push(STORE_NUMBER | size as u8, base as u8, 0, offset, number);
            }
        }
    }

    /// `*(u64 *)(base + offset) += by`, as one step for every processor.
    pub(super) fn atomic_add(&mut self, base: Reg, offset: i16, by: Reg) {
        self.push(ATOMIC_DOUBLE, base as u8, by as u8, offset, 0);
    }

    /// `to` = the map, as an argument for [`Helper::MapLookup`].
    pub(super) fn map(&mut self, to: Reg, fd: i32) {
        self.push(LOAD_WIDE, to as u8, MAP_FD, 0, fd);
        self.push(0, 0, 0, 0, 0);
    }

    /// `to` = where the only value of an array map lies, plus `offset`.
    pub(super) fn map_value(&mut self, to: Reg, fd: i32, offset: i32) {
        self.push(LOAD_WIDE, to as u8, MAP_VALUE, 0, fd);
        self.push(0, 0, 0, 0, offset);
    }

    /// Goes to `target`.
    pub(super) fn jump(&mut self, target: Label) {
        self.jumps.push((self.code.len(), target));
        self.push(JUMP, 0, 0, 0, 0);
    }

    /// Goes to `target` when the condition holds.
    pub(super) fn jump_if(
        &mut self,
        left: Reg,
        condition: If,
        right: impl Into<Operand>,
        target: Label,
    ) {
        self.jumps.push((self.code.len(), target));
        match right.into() {
            Operand::Reg(reg) => {
                self.push(JUMP_REG | condition as u8, left as u8, reg as u8, 0, 0);
            }
            Operand::Number(number) => self.push(JUMP | condition as u8, left as u8, 0, 0, number),
        }
    }

    /// Calls a function of the kernel with `R1` to `R4`; the result is in `R0`.
    pub(super) fn call(&mut self, helper: Helper) {
        self.push(CALL, 0, 0, 0, helper as i32);
    }

    /// Ends the program with `R0`.
    pub(super) fn exit(&mut self) {
        self.push(EXIT, 0, 0, 0, 0);
    }

    /// The program with its jumps bound; a label that was never bound is left pointing at the next
    /// instruction (the verifier's business, and a test's).
    pub(super) fn finish(mut self) -> Vec<Insn> {
        for (at, label) in self.jumps {
            let target = self.labels[label.0].unwrap_or(at + 1);
            let distance = target.cast_signed() - at.cast_signed() - 1;
            self.code[at].offset = i16::try_from(distance).unwrap_or_default();
        }
        self.code
    }

    fn push(&mut self, op: u8, to: u8, from: u8, offset: i16, number: i32) {
        self.code.push(Insn { op, registers: from << 4 | to, offset, number });
    }
}

/// A fingerprint of the program (FNV-1a over its bytes): tells whether the one that is loaded is the
/// one that would be loaded today.
pub(super) fn fingerprint(code: &[Insn]) -> u64 {
    let bytes = code.iter().flat_map(|insn| {
        let [low, high] = insn.offset.to_le_bytes();
        let number = insn.number.to_le_bytes();
        [insn.op, insn.registers, low, high].into_iter().chain(number)
    });
    bytes.fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn jumps_go_forth_and_back_to_their_labels() {
        let mut asm = Asm::default();
        let end = asm.label();
        let again = asm.here();
        asm.jump_if(Reg::R1, If::Eq, 7, end);
        asm.jump(again);
        asm.bind(end);
        asm.exit();
        let code = asm.finish();
        assert_eq!(code[0], Insn { op: 0x15, registers: 1, offset: 1, number: 7 });
        assert_eq!(code[1], Insn { op: 0x05, registers: 0, offset: -2, number: 0 });
        assert_eq!(code[2], Insn { op: 0x95, registers: 0, offset: 0, number: 0 });
    }

    #[test]
    fn instructions_have_the_numbers_of_the_standard() {
        let mut asm = Asm::default();
        asm.load(Size::Double, Reg::R2, Reg::R10, -8);
        asm.store(Size::Half, Reg::R10, -4, Reg::R3);
        asm.atomic_add(Reg::R0, 8, Reg::R1);
        asm.network_order(Reg::R4, 16);
        asm.map(Reg::R1, 5);
        let ops: Vec<(u8, u8)> = asm.finish().iter().map(|i| (i.op, i.registers)).collect();
        assert_eq!(
            ops,
            [(0x79, 0xa2), (0x6b, 0x3a), (0xdb, 0x10), (0xdc, 4), (0x18, 0x11), (0, 0)]
        );
    }
}
