//! On what of a packet's destination its verdict depends.
//!
//! While a packet is evaluated, each register knows which of its bytes come from the destination's
//! address or from the interface that the routes give for it. Every lookup with such a register is
//! noted. Another destination for which all of them find the same has the same verdict.

use super::sets::Hit;

/// What of a register comes from the destination.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) enum Taint {
    /// Nothing.
    #[default]
    None,
    /// Bytes of its address from `offset` on, cut by a mask.
    Address { offset: u8, mask: [u8; 4] },
    /// The interface by which it is reached.
    Output,
    /// Something computed from it.
    Opaque,
}

/// One lookup that depends on the destination.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Look {
    /// Which set.
    pub(crate) set: usize,
    /// The key; what comes from the destination is zero.
    pub(crate) key: Vec<u8>,
    /// For each four bytes of the key, what comes from the destination.
    pub(crate) taints: Vec<Taint>,
    /// Whether what is found matters, and not only that something is.
    pub(crate) data: bool,
}

impl Look {
    /// What of a finding matters.
    pub(crate) fn what(&self, hit: Option<Hit>) -> Option<Hit> {
        if self.data { hit } else { hit.map(|_| Hit::There) }
    }
}

/// Everything about one packet that depends on its destination.
#[derive(Debug, Default)]
pub(crate) struct Trace {
    /// The lookups and what they found.
    pub(crate) looks: Vec<(Look, Option<Hit>)>,
    /// Whether something else depends on it as well.
    pub(crate) opaque: bool,
    pub(super) registers: [Taint; 16],
}

impl Trace {
    pub(super) fn set(&mut self, to: u8, length: usize, taint: impl Fn(usize) -> Taint) {
        for at in 0..length.div_ceil(4) {
            if let Some(register) = self.registers.get_mut(usize::from(to) + at) {
                *register = taint(at);
            }
        }
    }

    /// Bytes of the network header: the destination's address begins at `address` and has `size` bytes.
    pub(super) fn payload(
        &mut self,
        to: u8,
        (begin, length): (usize, usize),
        address: usize,
        size: usize,
    ) {
        let taint = |at: usize| {
            let from = begin + at * 4;
            let upto = (from + 4).min(begin + length);
            if upto <= address || from >= address + size {
                return Taint::None;
            }
            let inside = from >= address && from + 4 <= address + size && upto == from + 4;
            match u8::try_from(from.wrapping_sub(address)) {
                Ok(offset) if inside => Taint::Address { offset, mask: [0xff; 4] },
                _ => Taint::Opaque,
            }
        };
        self.set(to, length, taint);
    }

    pub(super) fn bitwise(&mut self, from: u8, to: u8, mask: &[u8], xor: &[u8]) {
        let former = self.registers;
        let cut = |at: usize| match former.get(usize::from(from) + at).copied().unwrap_or_default()
        {
            Taint::None => Taint::None,
            Taint::Address { offset, mask: old } if xor.iter().all(|byte| *byte == 0) => {
                let byte = |b: usize| old[b] & mask.get(at * 4 + b).copied().unwrap_or_default();
                Taint::Address { offset, mask: [byte(0), byte(1), byte(2), byte(3)] }
            }
            _ => Taint::Opaque,
        };
        self.set(to, mask.len(), cut);
    }

    fn taints(&self, key: u8, length: usize) -> &[Taint] {
        let begin = usize::from(key);
        self.registers.get(begin..begin + length.div_ceil(4)).unwrap_or(&[Taint::Opaque])
    }

    pub(super) fn is_tainted(&self, key: u8, length: usize) -> bool {
        self.taints(key, length).iter().any(|taint| *taint != Taint::None)
    }

    pub(super) fn compare(&mut self, from: u8, length: usize) {
        self.opaque |= self.is_tainted(from, length);
    }

    pub(super) fn lookup(
        &mut self,
        (set, data): (usize, bool),
        register: u8,
        key: &[u8],
        hit: Option<Hit>,
    ) {
        if !self.is_tainted(register, key.len()) {
            return;
        }
        let taints = self.taints(register, key.len()).to_vec();
        self.opaque |= taints.contains(&Taint::Opaque);
        let mut key = key.to_vec();
        for (chunk, taint) in key.chunks_mut(4).zip(&taints) {
            if *taint != Taint::None {
                chunk.fill(0);
            }
        }
        let look = Look { set, key, taints, data };
        let hit = look.what(hit);
        self.looks.push((look, hit));
    }
}
