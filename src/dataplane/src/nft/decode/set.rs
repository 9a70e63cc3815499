//! Sets and their elements, read.

use super::expr::{value, verdict};
use super::{find, number_of, text_of};
use crate::nft::ir::{Data, DataKind, Element, KeyPart, Set};
use crate::nft::numbers::{self, attr, set_flag};
use crate::nft::wire;

/// A set; one that is of none of our kinds has a single part of its key that says so.
pub(super) fn set(body: &[u8]) -> Option<Set> {
    let name = text_of(body, attr::SET_NAME)?;
    let flags = number_of(body, attr::SET_FLAGS).unwrap_or_default();
    let key_type = number_of(body, attr::SET_KEY_TYPE).unwrap_or_default();
    let known = known(name.clone(), flags, key_type, body);
    Some(known.unwrap_or_else(|| empty(name, vec![KeyPart::Unknown { key_type, flags }])))
}

fn empty(name: String, key: Vec<KeyPart>) -> Set {
    Set {
        name,
        key,
        data: None,
        interval: false,
        dynamic: false,
        size: 0,
        timeout_ms: 0,
        counts: false,
        elements: Default::default(),
    }
}

fn known(name: String, flags: u32, key_type: u32, body: &[u8]) -> Option<Set> {
    let key = numbers::key_parts(key_type)?;
    let length = usize::try_from(number_of(body, attr::SET_KEY_LENGTH)?).ok()?;
    let size = find(body, attr::SET_DESCRIPTION)
        .and_then(|description| wire::find(description, attr::DESCRIPTION_SIZE));
    let set = Set {
        data: if flags & set_flag::MAP == 0 { None } else { Some(data_kind(body)?) },
        interval: flags & set_flag::INTERVAL != 0,
        dynamic: flags & set_flag::EVAL != 0,
        size: size.and_then(wire::word).unwrap_or_default(),
        timeout_ms: find(body, attr::SET_TIMEOUT).and_then(wire::long).unwrap_or_default(),
        counts: counts(body)?,
        ..empty(name, key)
    };
    let ours = numbers::set_flags(&set) == flags && numbers::key_length(&set.key) == length;
    ours.then_some(set)
}

fn data_kind(body: &[u8]) -> Option<DataKind> {
    let length = number_of(body, attr::SET_DATA_LENGTH);
    match number_of(body, attr::SET_DATA_TYPE)? {
        numbers::VERDICT_TYPE => Some(DataKind::Verdict),
        numbers::MARK_TYPE if length == Some(4) => Some(DataKind::Mark),
        _ => None,
    }
}

/// Whether each element counts; `None` when it does something else.
fn counts(body: &[u8]) -> Option<bool> {
    if find(body, attr::SET_EXPRESSIONS).is_some() {
        return None;
    }
    match find(body, attr::SET_EXPR) {
        None => Some(false),
        Some(expr) => is_counter(expr).then_some(true),
    }
}

fn is_counter(expr: &[u8]) -> bool {
    wire::find(expr, attr::EXPR_NAME).map(wire::text).as_deref() == Some("counter")
}

/// Whether elements are read: those of dynamic sets come and go by themselves.
pub(super) fn has_elements(set: &Set) -> bool {
    !set.dynamic && !matches!(set.key[..], [KeyPart::Unknown { .. }])
}

/// The elements in one message.
pub(super) fn elements(set: &mut Set, body: &[u8]) {
    let list = find(body, attr::ELEMENTS_LIST).unwrap_or_default();
    if has_elements(set) {
        for (_, one) in wire::inside(list) {
            if let Some((key, element)) = element(set, one) {
                set.elements.insert(key, element);
            }
        }
    }
}

fn element(set: &Set, one: &[u8]) -> Option<(Vec<u8>, Element)> {
    let flags = wire::find(one, attr::ELEMENT_FLAGS).and_then(wire::word).unwrap_or_default();
    let key = match wire::find(one, attr::ELEMENT_KEY) {
        Some(data) => padded(value(data)?),
        None if flags & numbers::ELEMENT_CATCHALL != 0 => Vec::new(),
        None => return None,
    };
    let end = wire::find(one, attr::ELEMENT_KEY_END).and_then(value).map(padded);
    let key_end = if set.interval && !key.is_empty() { end.or(Some(key.clone())) } else { end };
    let data = strange(set, one)
        .map(|strange| Some(Data::Unknown(strange)))
        .unwrap_or_else(|| data(set, one));
    Some((key, Element { key_end, data }))
}

fn data(set: &Set, one: &[u8]) -> Option<Data> {
    let kind = set.data?;
    let Some(data) = wire::find(one, attr::ELEMENT_DATA) else {
        return Some(Data::Unknown("no data".to_owned()));
    };
    Some(match kind {
        DataKind::Verdict => verdict(data).map_or_else(Data::Unknown, Data::Verdict),
        DataKind::Mark => match value(data).and_then(|value| value.try_into().ok()) {
            Some(value) => Data::Value(u32::from_ne_bytes(value)),
            None => Data::Unknown("data of another length".to_owned()),
        },
    })
}

/// What an element does that ours never do.
fn strange(set: &Set, one: &[u8]) -> Option<String> {
    wire::inside(one).find_map(|(kind, value)| match kind {
        attr::ELEMENT_KEY | attr::ELEMENT_KEY_END | attr::ELEMENT_DATA => None,
        attr::ELEMENT_FLAGS | attr::ELEMENT_USERDATA | attr::ELEMENT_PAD => None,
        attr::ELEMENT_TIMEOUT | attr::ELEMENT_EXPIRATION => Some("a timeout".to_owned()),
        attr::ELEMENT_EXPR if set.counts && is_counter(value) => None,
        attr::ELEMENT_EXPR | attr::ELEMENT_EXPRESSIONS => Some("expressions".to_owned()),
        other => Some(format!("attribute {other}")),
    })
}

/// A key as long as ours: a single part is not padded by the kernel.
pub(crate) fn padded(value: &[u8]) -> Vec<u8> {
    let mut key = value.to_vec();
    key.resize(value.len().next_multiple_of(4), 0);
    key
}
