//! Sets and their elements, written as attributes.

use super::Refusal;
use super::expr::{named, value_of, verdict_of};
use crate::nft::ir::{Data, DataKind, Element, KeyPart, Set};
use crate::nft::numbers::{self, attr};
use crate::nft::wire::{ATTRIBUTE_HEAD, Writer};

/// A list of elements stays well below the 64 KiB of one attribute.
const CHUNK: usize = 60_000;
/// The most bytes of a key (`NFT_DATA_VALUE_MAXLEN`).
const KEY: usize = 64;
/// `NFTNL_UDATA_SET_KEYBYTEORDER`, `NFTNL_UDATA_SET_DATABYTEORDER`, with `BYTEORDER_HOST_ENDIAN` and
/// `BYTEORDER_BIG_ENDIAN` of the program `nft`: so it knows how to print.
const KEY_ORDER: u8 = 0;
const DATA_ORDER: u8 = 1;
const HOST: u32 = 1;
const NETWORK: u32 = 2;

/// The attributes of a set behind its table's name.
pub(super) fn header(set: &Set) -> Result<Writer, Refusal> {
    let key_type = numbers::key_type(&set.key).ok_or("its key has no, or more than five, parts")?;
    if numbers::key_length(&set.key) > KEY {
        return Err(format!("its key is longer than {KEY} bytes"));
    }
    if set.interval && set.key.len() < 2 {
        return Err("intervals of a key with a single part are not supported".to_owned());
    }
    if !set.dynamic && set.timeout_ms != 0 {
        return Err("only the elements of a dynamic set can have a timeout".to_owned());
    }
    let mut out = Writer::default();
    out.text(attr::SET_NAME, &set.name);
    out.word(attr::SET_FLAGS, numbers::set_flags(set));
    out.word(attr::SET_KEY_TYPE, key_type);
    out.word(attr::SET_KEY_LENGTH, length(numbers::key_length(&set.key)));
    data_kind(&mut out, set);
    description(&mut out, set);
    if set.timeout_ms != 0 {
        out.long(attr::SET_TIMEOUT, set.timeout_ms);
    }
    out.attribute(attr::SET_USERDATA, &user_data(set));
    if set.counts {
        out.nest(attr::SET_EXPR, |out| named(out, "counter", |_| {}));
    }
    Ok(out)
}

fn data_kind(out: &mut Writer, set: &Set) {
    match set.data {
        None => {}
        Some(DataKind::Mark) => {
            out.word(attr::SET_DATA_TYPE, numbers::MARK_TYPE);
            out.word(attr::SET_DATA_LENGTH, 4);
        }
        Some(DataKind::Verdict) => {
            out.word(attr::SET_DATA_TYPE, numbers::VERDICT_TYPE);
        }
    }
}

/// For intervals of several parts the kernel wants the length of each, without padding.
fn description(out: &mut Writer, set: &Set) {
    if set.size == 0 && !set.interval {
        return;
    }
    out.nest(attr::SET_DESCRIPTION, |out| {
        if set.size != 0 {
            out.word(attr::DESCRIPTION_SIZE, set.size);
        }
        if set.interval {
            out.nest(attr::DESCRIPTION_FIELDS, |out| {
                for part in &set.key {
                    out.nest(attr::LIST_ELEMENT, |out| {
                        out.word(attr::FIELD_LENGTH, length(part.length()));
                    });
                }
            });
        }
    });
}

fn user_data(set: &Set) -> Vec<u8> {
    let host = matches!(set.key[..], [KeyPart::Interface | KeyPart::Mark]);
    let mut bytes = vec![KEY_ORDER, 4];
    bytes.extend_from_slice(&if host { HOST } else { NETWORK }.to_ne_bytes());
    if set.data == Some(DataKind::Mark) {
        bytes.extend_from_slice(&[DATA_ORDER, 4]);
        bytes.extend_from_slice(&HOST.to_ne_bytes());
    }
    bytes
}

/// The lists of a set's elements, each short enough for one message. What is removed needs no data.
pub(super) fn chunks(set: &Set, with_data: bool) -> Result<Vec<Writer>, Refusal> {
    let mut chunks = Vec::new();
    let mut chunk = Writer::default();
    let mut one = Writer::default();
    for (key, element) in &set.elements {
        one.clear();
        element_of(&mut one, set, (key, element), with_data)?;
        if chunk.length() + one.length() + ATTRIBUTE_HEAD > CHUNK {
            chunks.push(std::mem::take(&mut chunk));
        }
        chunk.raw(one.bytes());
    }
    if chunk.length() > 0 {
        chunks.push(chunk);
    }
    Ok(chunks)
}

fn element_of(
    out: &mut Writer,
    set: &Set,
    (key, element): (&[u8], &Element),
    with_data: bool,
) -> Result<(), Refusal> {
    let length = numbers::key_length(&set.key);
    let padded: usize = set.key.iter().map(|part| part.padded()).sum();
    let fits = |key: &[u8]| key.len() == padded;
    let catch_all = key.is_empty();
    let has_end = element.key_end.is_some();
    if !(catch_all || fits(key)) || has_end != (set.interval && !catch_all) {
        return Err("a key is not as long as its set says".to_owned());
    }
    if with_data {
        check_data(set, element)?;
    }
    if let Some(end) = &element.key_end
        && !fits(end)
    {
        return Err("the end of an interval is not as long as its set says".to_owned());
    }
    out.nest(attr::LIST_ELEMENT, |out| {
        if catch_all {
            out.word(attr::ELEMENT_FLAGS, numbers::ELEMENT_CATCHALL);
        } else {
            value_of(out, attr::ELEMENT_KEY, &key[..length]);
        }
        if let Some(end) = &element.key_end {
            value_of(out, attr::ELEMENT_KEY_END, &end[..length]);
        }
        match &element.data {
            _ if !with_data => {}
            Some(Data::Value(value)) => {
                value_of(out, attr::ELEMENT_DATA, &value.to_ne_bytes());
            }
            Some(Data::Verdict(verdict)) => verdict_of(out, attr::ELEMENT_DATA, verdict),
            Some(Data::Unknown(_)) | None => {}
        }
    });
    Ok(())
}

fn check_data(set: &Set, element: &Element) -> Result<(), Refusal> {
    match (set.data, &element.data) {
        (None, None)
        | (Some(DataKind::Mark), Some(Data::Value(_)))
        | (Some(DataKind::Verdict), Some(Data::Verdict(_))) => Ok(()),
        _ => Err("an element leads to something else than its set says".to_owned()),
    }
}

fn length(bytes: usize) -> u32 {
    u32::try_from(bytes).unwrap_or(u32::MAX)
}
