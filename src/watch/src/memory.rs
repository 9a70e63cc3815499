//! What the memory of this process goes to, part by part.

use ets_model::{Names, Segment};
use ets_netd_api::Status;
use ets_registry::Catalog;
use ets_runtime::Memory;
use ets_store::Store;

use crate::Part;
use crate::handle::Inner;

/// What the allocator adds to a piece of text, about, in bytes.
const PIECE: usize = 16;
/// What the registry holds beside each segment, about: the entry, its places in three indices.
const BESIDE: usize = 320;

/// The parts, in a stable order. What is allocated and belongs to none of the named ones is
/// `other`; the sum of all is what is resident but for stacks and the kernel's rounding.
pub(crate) fn parts(inner: &Inner, memory: Memory) -> Vec<Part> {
    let (picture, snapshot, changes) = inner.shared.bytes();
    let series = inner.series.health();
    let named = [
        ("picture", picture),
        ("snapshot", snapshot),
        ("changes", changes),
        ("seconds", series.seconds_bytes),
        ("minutes", series.minutes_bytes),
        ("registry", registry(&inner.registry.catalog())),
        ("sqlite", Store::sqlite_bytes()),
    ];
    let sum: u64 = named.iter().map(|(_, bytes)| bytes).sum();
    let rest = [
        ("program", memory.code),
        ("free", memory.free),
        ("other", memory.used.saturating_sub(sum)),
    ];
    named.into_iter().chain(rest).map(|(name, bytes)| Part { name, bytes }).collect()
}

/// The memory of `netd` by part, in bytes; `rest` is its program, its buffers and the allocator's.
pub fn netd_memory(status: &Status) -> [Part; 4] {
    let counted = status.ring_bytes + status.engine_bytes + status.machine_bytes;
    [
        ("ring", status.ring_bytes),
        ("engine", status.engine_bytes),
        ("machines", status.machine_bytes),
        ("rest", status.resident.saturating_sub(counted)),
    ]
    .map(|(name, bytes)| Part { name, bytes })
}

fn registry(catalog: &Catalog) -> u64 {
    let segments: usize = catalog.all_segments().map(|one| segment(one) + BESIDE).sum();
    let institutions: usize = catalog
        .institutions()
        .map(|one| {
            let texts = [&one.kind, &one.budget_level, &one.district, &one.address, &one.head];
            size_of_val(&**one) + BESIDE + names(&one.name) + texts.map(text).iter().sum::<usize>()
        })
        .sum();
    (segments + institutions) as u64
}

fn segment(one: &Segment) -> usize {
    let texts = [
        &one.interface,
        &one.parent,
        &one.notes,
        &one.channel.provider,
        &one.channel.technology,
        &one.channel.contract,
        &one.router.snmp,
    ];
    let ids = one.id.as_str().len() + one.institution.as_str().len() + 2 * PIECE;
    let prefixes = size_of_val(&one.prefixes[..]) + PIECE;
    let texts: usize = texts.map(text).iter().sum();
    size_of::<Segment>() + ids + names(&one.label) + prefixes + texts
}

fn names(names: &Names) -> usize {
    [&names.kk, &names.ru, &names.en].map(text).iter().sum()
}

fn text(text: &String) -> usize {
    if text.capacity() == 0 { 0 } else { text.capacity() + PIECE }
}
