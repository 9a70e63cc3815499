//! Netfilter's netlink messages: writing them into one buffer, and reading attributes.
//!
//! A message is an `nlmsghdr`, an `nfgenmsg` (family, version 0, resource in network byte order) and
//! attributes (`linux/netfilter/nfnetlink.h`). Numbers in attributes are in network byte order.

pub(crate) use crate::message::attributes;

/// Bytes of `nlmsghdr`.
pub(crate) const HEAD: usize = 16;
/// Bytes of `nfgenmsg`.
pub(crate) const FAMILY_HEAD: usize = 4;
/// Bytes of an attribute's own head.
pub(crate) const ATTRIBUTE_HEAD: usize = 4;

/// `NFNL_SUBSYS_NFTABLES`
pub(crate) const SUBSYSTEM: u16 = 10;
/// `NFNL_MSG_BATCH_BEGIN`
pub(crate) const BATCH_BEGIN: u16 = 0x10;
/// `NFNL_MSG_BATCH_END`
pub(crate) const BATCH_END: u16 = 0x11;
/// `NFNL_BATCH_GENID`
pub(crate) const BATCH_GENERATION: u16 = 1;

pub(crate) const NLM_F_REQUEST: u16 = 0x1;
pub(crate) const NLM_F_ACK: u16 = 0x4;
pub(crate) const NLM_F_EXCL: u16 = 0x200;
pub(crate) const NLM_F_CREATE: u16 = 0x400;
pub(crate) const NLM_F_APPEND: u16 = 0x800;
pub(crate) const NLM_F_DUMP: u16 = 0x300;

const NLA_F_NESTED: u16 = 0x8000;

/// Messages, one after another.
#[derive(Debug, Default)]
pub(crate) struct Writer {
    bytes: Vec<u8>,
    /// Where the last message begins.
    last: usize,
    too_long: bool,
}

/// What stands in the heads of a message.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Head {
    /// `NFT_MSG_*` (then with the subsystem) or one of the batch marks.
    pub(crate) kind: u16,
    /// `NLM_F_*`
    pub(crate) flags: u16,
    /// By which the answer is recognised.
    pub(crate) sequence: u32,
    /// `NFPROTO_*`
    pub(crate) family: u8,
    /// The subsystem, in the marks of a batch.
    pub(crate) resource: u16,
}

impl Head {
    /// A message of `nf_tables`.
    pub(crate) fn nft(message: u16, flags: u16, family: u8, sequence: u32) -> Self {
        Self::of((SUBSYSTEM, message), flags, family, sequence)
    }

    /// A message of a subsystem.
    pub(crate) fn of(
        (subsystem, message): (u16, u16),
        flags: u16,
        family: u8,
        sequence: u32,
    ) -> Self {
        let flags = flags | NLM_F_REQUEST;
        Self { kind: subsystem << 8 | message, flags, sequence, family, resource: 0 }
    }

    /// The begin or the end of a batch.
    pub(crate) fn mark(kind: u16, sequence: u32) -> Self {
        Self { kind, flags: NLM_F_REQUEST, sequence, family: 0, resource: SUBSYSTEM }
    }
}

impl Writer {
    /// Adds a message; `fill` writes its attributes.
    pub(crate) fn message(&mut self, head: Head, fill: impl FnOnce(&mut Self)) {
        let begin = self.bytes.len();
        self.last = begin;
        self.bytes.extend_from_slice(&[0; 4]);
        self.bytes.extend_from_slice(&head.kind.to_ne_bytes());
        self.bytes.extend_from_slice(&head.flags.to_ne_bytes());
        self.bytes.extend_from_slice(&head.sequence.to_ne_bytes());
        self.bytes.extend_from_slice(&[0; 4]);
        self.bytes.extend_from_slice(&[head.family, 0]);
        self.bytes.extend_from_slice(&head.resource.to_be_bytes());
        fill(self);
        let length = u32::try_from(self.bytes.len() - begin).unwrap_or(u32::MAX);
        self.bytes[begin..begin + 4].copy_from_slice(&length.to_ne_bytes());
    }

    /// Asks for an answer to the last message.
    pub(crate) fn ask(&mut self) {
        if let Some(flags) = self.bytes.get_mut(self.last + 6..self.last + 8) {
            let asked = u16::from_ne_bytes([flags[0], flags[1]]) | NLM_F_ACK;
            flags.copy_from_slice(&asked.to_ne_bytes());
        }
    }

    /// Adds a plain attribute.
    pub(crate) fn attribute(&mut self, kind: u16, value: &[u8]) {
        self.wrap(kind, |out| out.bytes.extend_from_slice(value));
    }

    /// Adds an attribute that holds attributes.
    pub(crate) fn nest(&mut self, kind: u16, fill: impl FnOnce(&mut Self)) {
        self.wrap(kind | NLA_F_NESTED, fill);
    }

    /// Adds a text, with the zero at its end.
    pub(crate) fn text(&mut self, kind: u16, text: &str) {
        self.wrap(kind, |out| {
            out.bytes.extend_from_slice(text.as_bytes());
            out.bytes.push(0);
        });
    }

    pub(crate) fn byte(&mut self, kind: u16, value: u8) {
        self.attribute(kind, &[value]);
    }

    pub(crate) fn short(&mut self, kind: u16, value: u16) {
        self.attribute(kind, &value.to_be_bytes());
    }

    pub(crate) fn word(&mut self, kind: u16, value: u32) {
        self.attribute(kind, &value.to_be_bytes());
    }

    pub(crate) fn long(&mut self, kind: u16, value: u64) {
        self.attribute(kind, &value.to_be_bytes());
    }

    /// Adds what another writer has written.
    pub(crate) fn raw(&mut self, bytes: &[u8]) {
        self.bytes.extend_from_slice(bytes);
    }

    fn wrap(&mut self, kind: u16, fill: impl FnOnce(&mut Self)) {
        let begin = self.bytes.len();
        self.bytes.extend_from_slice(&[0; 2]);
        self.bytes.extend_from_slice(&kind.to_ne_bytes());
        fill(self);
        let length = self.bytes.len() - begin;
        let written = u16::try_from(length).unwrap_or(u16::MAX);
        self.too_long |= length > usize::from(u16::MAX);
        self.bytes[begin..begin + 2].copy_from_slice(&written.to_ne_bytes());
        self.bytes.resize(begin + length.next_multiple_of(4), 0);
    }

    pub(crate) fn length(&self) -> usize {
        self.bytes.len()
    }

    pub(crate) fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Whether an attribute was longer than its 16-bit length can say: do not send this.
    pub(crate) fn too_long(&self) -> bool {
        self.too_long
    }

    pub(crate) fn clear(&mut self) {
        self.bytes.clear();
    }
}

/// The attributes after the `nfgenmsg` of a message.
pub(crate) fn after_head(body: &[u8]) -> impl Iterator<Item = (u16, &[u8])> {
    attributes(body, FAMILY_HEAD)
}

/// The attributes in one that holds attributes.
pub(crate) fn inside(value: &[u8]) -> impl Iterator<Item = (u16, &[u8])> {
    attributes(value, 0)
}

/// The value of the first attribute of this kind.
pub(crate) fn find(value: &[u8], kind: u16) -> Option<&[u8]> {
    inside(value).find(|(found, _)| *found == kind).map(|(_, value)| value)
}

pub(crate) fn short(value: &[u8]) -> Option<u16> {
    value.try_into().ok().map(u16::from_be_bytes)
}

pub(crate) fn word(value: &[u8]) -> Option<u32> {
    value.try_into().ok().map(u32::from_be_bytes)
}

pub(crate) fn long(value: &[u8]) -> Option<u64> {
    value.try_into().ok().map(u64::from_be_bytes)
}

/// A text up to its zero.
pub(crate) fn text(value: &[u8]) -> String {
    crate::message::text(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_written_is_read_and_padding_is_not_part_of_it() {
        let mut out = Writer::default();
        out.message(Head::nft(3, NLM_F_CREATE, 1, 7), |out| {
            out.text(1, "ets");
            out.nest(2, |out| out.byte(1, 9));
        });
        assert_eq!(out.length() % 4, 0);
        assert_eq!(crate::message::u32_at(out.bytes(), 0), u32::try_from(out.length()).ok());
        let found: Vec<_> = after_head(&out.bytes()[HEAD..]).collect();
        assert_eq!(found.len(), 2);
        assert_eq!(text(found[0].1), "ets");
        assert_eq!(find(found[1].1, 1), Some(&[9u8][..]));
    }

    #[test]
    fn an_attribute_that_is_too_long_is_noticed() {
        let mut out = Writer::default();
        out.attribute(1, &vec![0; 65_000]);
        assert!(!out.too_long());
        out.nest(1, |out| {
            out.attribute(1, &[0; 40_000]);
            out.attribute(1, &[0; 40_000]);
        });
        assert!(out.too_long());
    }
}
