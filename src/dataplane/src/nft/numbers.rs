//! The numbers of `nf_tables` (`linux/netfilter/nf_tables.h`) and what they mean in our own words; one
//! table for each, read in both directions.

use super::ir::{Compare, CtKey, Family, Hook, KeyPart, MetaKey, PayloadBase, Reg, Set, Verdict};

/// Kinds of messages, `NFT_MSG_*`.
pub(crate) mod message {
    pub(crate) const NEW_TABLE: u16 = 0;
    pub(crate) const GET_TABLE: u16 = 1;
    pub(crate) const DEL_TABLE: u16 = 2;
    pub(crate) const NEW_CHAIN: u16 = 3;
    pub(crate) const GET_CHAIN: u16 = 4;
    pub(crate) const DEL_CHAIN: u16 = 5;
    pub(crate) const NEW_RULE: u16 = 6;
    pub(crate) const GET_RULE: u16 = 7;
    pub(crate) const DEL_RULE: u16 = 8;
    pub(crate) const NEW_SET: u16 = 9;
    pub(crate) const GET_SET: u16 = 10;
    pub(crate) const DEL_SET: u16 = 11;
    pub(crate) const NEW_ELEMENTS: u16 = 12;
    pub(crate) const GET_ELEMENTS: u16 = 13;
    pub(crate) const DEL_ELEMENTS: u16 = 14;
    pub(crate) const GET_GENERATION: u16 = 16;
}

/// Attributes, `NFTA_*`.
pub(crate) mod attr {
    pub(crate) const LIST_ELEMENT: u16 = 1;

    pub(crate) const TABLE_NAME: u16 = 1;
    pub(crate) const TABLE_FLAGS: u16 = 2;

    pub(crate) const CHAIN_NAME: u16 = 3;
    pub(crate) const CHAIN_HOOK: u16 = 4;
    pub(crate) const CHAIN_POLICY: u16 = 5;
    pub(crate) const CHAIN_TYPE: u16 = 7;
    pub(crate) const CHAIN_FLAGS: u16 = 10;
    pub(crate) const HOOK_NUMBER: u16 = 1;
    pub(crate) const HOOK_PRIORITY: u16 = 2;
    pub(crate) const HOOK_DEVICE: u16 = 3;
    pub(crate) const HOOK_DEVICES: u16 = 4;

    pub(crate) const RULE_CHAIN: u16 = 2;
    pub(crate) const RULE_EXPRESSIONS: u16 = 4;
    pub(crate) const RULE_COMPAT: u16 = 5;
    pub(crate) const RULE_USERDATA: u16 = 7;
    pub(crate) const EXPR_NAME: u16 = 1;
    pub(crate) const EXPR_DATA: u16 = 2;

    pub(crate) const SET_NAME: u16 = 2;
    pub(crate) const SET_FLAGS: u16 = 3;
    pub(crate) const SET_KEY_TYPE: u16 = 4;
    pub(crate) const SET_KEY_LENGTH: u16 = 5;
    pub(crate) const SET_DATA_TYPE: u16 = 6;
    pub(crate) const SET_DATA_LENGTH: u16 = 7;
    pub(crate) const SET_DESCRIPTION: u16 = 9;
    pub(crate) const SET_ID: u16 = 10;
    pub(crate) const SET_TIMEOUT: u16 = 11;
    pub(crate) const SET_USERDATA: u16 = 13;
    pub(crate) const SET_EXPR: u16 = 17;
    pub(crate) const SET_EXPRESSIONS: u16 = 18;
    pub(crate) const DESCRIPTION_SIZE: u16 = 1;
    pub(crate) const DESCRIPTION_FIELDS: u16 = 2;
    pub(crate) const FIELD_LENGTH: u16 = 1;

    pub(crate) const ELEMENTS_TABLE: u16 = 1;
    pub(crate) const ELEMENTS_SET: u16 = 2;
    pub(crate) const ELEMENTS_LIST: u16 = 3;
    pub(crate) const ELEMENT_KEY: u16 = 1;
    pub(crate) const ELEMENT_DATA: u16 = 2;
    pub(crate) const ELEMENT_FLAGS: u16 = 3;
    pub(crate) const ELEMENT_TIMEOUT: u16 = 4;
    pub(crate) const ELEMENT_EXPIRATION: u16 = 5;
    pub(crate) const ELEMENT_USERDATA: u16 = 6;
    pub(crate) const ELEMENT_EXPR: u16 = 7;
    pub(crate) const ELEMENT_PAD: u16 = 8;
    pub(crate) const ELEMENT_KEY_END: u16 = 10;
    pub(crate) const ELEMENT_EXPRESSIONS: u16 = 11;

    pub(crate) const DATA_VALUE: u16 = 1;
    pub(crate) const DATA_VERDICT: u16 = 2;
    pub(crate) const VERDICT_CODE: u16 = 1;
    pub(crate) const VERDICT_CHAIN: u16 = 2;

    pub(crate) const COUNTER_BYTES: u16 = 1;
    pub(crate) const COUNTER_PACKETS: u16 = 2;

    pub(crate) const GENERATION_ID: u16 = 1;
}

/// `NFT_TABLE_F_DORMANT`
pub(crate) const TABLE_DORMANT: u32 = 1;
/// `NFT_CHAIN_BASE`
pub(crate) const CHAIN_BASE: u32 = 1;

/// `NFT_SET_*`
pub(crate) mod set_flag {
    pub(crate) const ANONYMOUS: u32 = 0x1;
    pub(crate) const INTERVAL: u32 = 0x4;
    pub(crate) const MAP: u32 = 0x8;
    pub(crate) const TIMEOUT: u32 = 0x10;
    pub(crate) const EVAL: u32 = 0x20;
    pub(crate) const CONCAT: u32 = 0x80;
}

/// `NFT_SET_ELEM_CATCHALL`
pub(crate) const ELEMENT_CATCHALL: u32 = 2;

/// `NFT_DATA_VERDICT`, as the type of a map's data.
pub(crate) const VERDICT_TYPE: u32 = 0xffff_ff00;
/// `TYPE_MARK` of the program `nft`, as the type of a map's data.
pub(crate) const MARK_TYPE: u32 = 19;

/// A register's number that means the verdict.
pub(crate) const VERDICT_REGISTER: u32 = 0;

/// Ours and theirs.
pub(crate) type Pairs<T> = [(T, u32)];

/// `NFPROTO_*`
pub(crate) const FAMILIES: &Pairs<Family> =
    &[(Family::Inet, 1), (Family::Arp, 3), (Family::Netdev, 5)];

/// `NFT_META_*`
pub(crate) const META_KEYS: &Pairs<MetaKey> = &[
    (MetaKey::Priority, 2),
    (MetaKey::Mark, 3),
    (MetaKey::InputInterface, 4),
    (MetaKey::OutputInterface, 5),
    (MetaKey::NfProto, 15),
    (MetaKey::L4Proto, 16),
    (MetaKey::PacketType, 19),
];

/// `NFT_PAYLOAD_*`
pub(crate) const PAYLOAD_BASES: &Pairs<PayloadBase> =
    &[(PayloadBase::Link, 0), (PayloadBase::Network, 1), (PayloadBase::Transport, 2)];

/// `NFT_CMP_*`
pub(crate) const COMPARISONS: &Pairs<Compare> = &[
    (Compare::Eq, 0),
    (Compare::Ne, 1),
    (Compare::Lt, 2),
    (Compare::Le, 3),
    (Compare::Gt, 4),
    (Compare::Ge, 5),
];

/// `NFT_CT_*`
pub(crate) const CT_KEYS: &Pairs<CtKey> =
    &[(CtKey::State, 0), (CtKey::Direction, 1), (CtKey::Mark, 3)];

/// The data types of the program `nft`, so that it can print our sets.
pub(crate) const KEY_TYPES: &Pairs<KeyPart> = &[
    (KeyPart::Ip4, 7),
    (KeyPart::Ip6, 8),
    (KeyPart::Hardware, 9),
    (KeyPart::Protocol, 12),
    (KeyPart::Port, 13),
    (KeyPart::Mark, 19),
    (KeyPart::Interface, 20),
];

/// Bits of one part in the type of a concatenation.
const KEY_TYPE_BITS: u32 = 6;

/// `NF_INET_*`
const INET_HOOKS: &Pairs<Hook> = &[
    (Hook::Prerouting, 0),
    (Hook::Input, 1),
    (Hook::Forward, 2),
    (Hook::Output, 3),
    (Hook::Postrouting, 4),
    (Hook::Ingress, 5),
];
/// `NF_ARP_*`
const ARP_HOOKS: &Pairs<Hook> = &[(Hook::ArpInput, 0)];
/// `NF_NETDEV_*`
const NETDEV_HOOKS: &Pairs<Hook> = &[(Hook::Ingress, 0)];

const JUMP: u32 = -3_i32 as u32;
const GOTO: u32 = -4_i32 as u32;
const VERDICTS: &Pairs<Verdict> = &[
    (Verdict::Drop, 0),
    (Verdict::Accept, 1),
    (Verdict::Continue, -1_i32 as u32),
    (Verdict::Return, -5_i32 as u32),
];

/// The kernel's number.
pub(crate) fn number<T: PartialEq>(pairs: &Pairs<T>, ours: &T) -> Option<u32> {
    pairs.iter().find(|(found, _)| found == ours).map(|(_, theirs)| *theirs)
}

/// Our word for a number of the kernel.
pub(crate) fn word<T: Clone>(pairs: &Pairs<T>, theirs: u32) -> Option<T> {
    pairs.iter().find(|(_, found)| *found == theirs).map(|(ours, _)| ours.clone())
}

/// `NFPROTO_*` of a table.
pub(crate) fn family(family: Family) -> u8 {
    number(FAMILIES, &family).and_then(|found| u8::try_from(found).ok()).unwrap_or_default()
}

/// The hooks of a family.
pub(crate) fn hooks(family: Family) -> &'static Pairs<Hook> {
    match family {
        Family::Inet => INET_HOOKS,
        Family::Arp => ARP_HOOKS,
        Family::Netdev => NETDEV_HOOKS,
    }
}

/// The kernel's number of a register: it has four of 16 bytes (1 to 4) and sixteen of 4 bytes
/// (8 to 23) over the same place, and names the large one where both begin.
pub(crate) fn register(ours: Reg) -> u32 {
    let ours = u32::from(ours);
    if ours.is_multiple_of(4) { ours / 4 + 1 } else { ours + 8 }
}

/// Our number of a register; `None` for the verdict's and for numbers that do not exist.
pub(crate) fn our_register(theirs: u32) -> Option<Reg> {
    match theirs {
        1..=4 => Reg::try_from((theirs - 1) * 4).ok(),
        8..=23 => Reg::try_from(theirs - 8).ok(),
        _ => None,
    }
}

/// The code of a verdict and the chain that it names.
pub(crate) fn verdict(verdict: &Verdict) -> (u32, Option<&str>) {
    match verdict {
        Verdict::Jump(chain) => (JUMP, Some(chain)),
        Verdict::Goto(chain) => (GOTO, Some(chain)),
        plain => (number(VERDICTS, plain).unwrap_or_default(), None),
    }
}

/// The verdict of a code; `None` for those we do not use (queues).
pub(crate) fn our_verdict(code: u32, chain: Option<String>) -> Option<Verdict> {
    match (code, chain) {
        (JUMP, Some(chain)) => Some(Verdict::Jump(chain)),
        (GOTO, Some(chain)) => Some(Verdict::Goto(chain)),
        (code, None) => word(VERDICTS, code),
        _ => None,
    }
}

/// The type of a key as `nft` understands it; `None` for a key of more than five parts, of none, or
/// of one that is not ours.
pub(crate) fn key_type(key: &[KeyPart]) -> Option<u32> {
    let parts = key.iter().map(|part| number(KEY_TYPES, part)).collect::<Option<Vec<_>>>()?;
    (1..=5)
        .contains(&parts.len())
        .then(|| parts.iter().fold(0, |folded, part| folded << KEY_TYPE_BITS | part))
}

/// The parts of a key by its type.
pub(crate) fn key_parts(mut key_type: u32) -> Option<Vec<KeyPart>> {
    let mut parts = Vec::new();
    while key_type != 0 {
        parts.push(word(KEY_TYPES, key_type & ((1 << KEY_TYPE_BITS) - 1))?);
        key_type >>= KEY_TYPE_BITS;
    }
    parts.reverse();
    (!parts.is_empty()).then_some(parts)
}

/// Bytes of a key on the wire: a single part is not padded.
pub(crate) fn key_length(key: &[KeyPart]) -> usize {
    match key {
        [single] => single.length(),
        parts => parts.iter().map(|part| part.padded()).sum(),
    }
}

/// The flags that a set of ours has in the kernel.
pub(crate) fn set_flags(set: &Set) -> u32 {
    let interval = set_flag::INTERVAL | set_flag::CONCAT;
    [
        (set.interval, interval),
        (set.data.is_some(), set_flag::MAP),
        (set.dynamic, set_flag::EVAL),
        (set.timeout_ms != 0, set_flag::TIMEOUT),
    ]
    .iter()
    .filter(|(has, _)| *has)
    .fold(0, |all, (_, flag)| all | flag)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn registers_and_key_types_go_there_and_back() {
        for ours in 0..16 {
            assert_eq!(our_register(register(ours)), Some(ours));
        }
        assert_eq!((register(0), register(1), register(4), register(15)), (1, 9, 2, 23));
        assert_eq!(our_register(VERDICT_REGISTER), None);
        let key = [KeyPart::Interface, KeyPart::Ip4];
        assert_eq!(key_type(&key), Some(20 << 6 | 7));
        assert_eq!(key_parts(20 << 6 | 7).as_deref(), Some(&key[..]));
        assert_eq!(key_type(&[]), None);
        assert_eq!(key_type(&[KeyPart::Ip4; 6]), None);
        assert_eq!(key_parts(0), None);
        assert_eq!(key_parts(41), None);
    }
}
