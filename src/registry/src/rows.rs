//! Entries into rows and back.

use std::sync::Arc;

use ets_model::{
    Channel, Institution, Names, Parent, Probing, Router, Segment, SegmentNo, WallTime,
};
use ets_store::{Row, Tx, values};

use crate::{Error, Parts, text};

/// Everything in the database.
pub(crate) async fn load(tx: &mut Tx<'_>) -> Result<Parts, Error> {
    let state = tx.query_one("SELECT generation FROM registry_state WHERE one = 1", &[]).await?;
    let institutions = tx.query("SELECT * FROM registry_institution", &[]).await?;
    let parents = tx.query("SELECT * FROM registry_parent", &[]).await?;
    let segments = tx.query("SELECT * FROM registry_segment ORDER BY no", &[]).await?;
    Ok(Parts {
        generation: state.number("generation")?,
        institutions: read_all(&institutions, institution)?,
        parents: read_all(&parents, parent)?,
        segments: read_all(&segments, segment)?,
    })
}

fn read_all<T>(rows: &[Row], read: fn(&Row) -> Result<T, Error>) -> Result<Vec<Arc<T>>, Error> {
    rows.iter().map(|row| read(row).map(Arc::new)).collect()
}

/// Raises the generation from `from` by one; refuses when another process changed the registry.
pub(crate) async fn raise_generation(tx: &mut Tx<'_>, from: u64) -> Result<(), Error> {
    let from = i64::try_from(from).unwrap_or(i64::MAX);
    let sql =
        "UPDATE registry_state SET generation = generation + 1 WHERE one = 1 AND generation = $1";
    match tx.execute(sql, &values![from]).await? {
        1 => Ok(()),
        _ => Err(Error::Changed),
    }
}

pub(crate) async fn put_institution(tx: &mut Tx<'_>, one: &Institution) -> Result<(), Error> {
    let sql = "INSERT INTO registry_institution (id, name_kk, name_ru, name_en, kind, budget_level, \
        district, address, head, duty, version) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11) \
        ON CONFLICT (id) DO UPDATE SET name_kk = excluded.name_kk, name_ru = excluded.name_ru, \
        name_en = excluded.name_en, kind = excluded.kind, budget_level = excluded.budget_level, \
        district = excluded.district, address = excluded.address, head = excluded.head, \
        duty = excluded.duty, version = excluded.version";
    let values = values![
        one.id.as_str(),
        &one.name.kk,
        &one.name.ru,
        &one.name.en,
        &one.kind,
        &one.budget_level,
        &one.district,
        &one.address,
        &one.head,
        &one.duty,
        one.version,
    ];
    tx.execute(sql, &values).await?;
    Ok(())
}

pub(crate) async fn put_parent(tx: &mut Tx<'_>, one: &Parent) -> Result<(), Error> {
    let sql = "INSERT INTO registry_parent (id, name_kk, name_ru, name_en, provider, version) \
        VALUES ($1, $2, $3, $4, $5, $6) \
        ON CONFLICT (id) DO UPDATE SET name_kk = excluded.name_kk, name_ru = excluded.name_ru, \
        name_en = excluded.name_en, provider = excluded.provider, version = excluded.version";
    let values =
        values![&one.id, &one.name.kk, &one.name.ru, &one.name.en, &one.provider, one.version];
    tx.execute(sql, &values).await?;
    Ok(())
}

pub(crate) async fn put_segment(tx: &mut Tx<'_>, one: &Segment) -> Result<(), Error> {
    let sql = "INSERT INTO registry_segment (no, id, institution, label_kk, label_ru, label_en, \
        prefixes, interface, probe_address, method, provider, technology, down_kbps, up_kbps, \
        contract, router_management, router_snmp, router_hardware, parent, criticality, \
        maintenance_until, notes, retired, version) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, \
        $16, $17, $18, $19, $20, $21, $22, $23, $24) \
        ON CONFLICT (no) DO UPDATE SET institution = excluded.institution, \
        label_kk = excluded.label_kk, label_ru = excluded.label_ru, label_en = excluded.label_en, \
        prefixes = excluded.prefixes, interface = excluded.interface, \
        probe_address = excluded.probe_address, method = excluded.method, \
        provider = excluded.provider, technology = excluded.technology, \
        down_kbps = excluded.down_kbps, up_kbps = excluded.up_kbps, contract = excluded.contract, \
        router_management = excluded.router_management, router_snmp = excluded.router_snmp, \
        router_hardware = excluded.router_hardware, \
        parent = excluded.parent, criticality = excluded.criticality, \
        maintenance_until = excluded.maintenance_until, notes = excluded.notes, \
        retired = excluded.retired, version = excluded.version";
    let (label, channel, router) = (&one.label, &one.channel, &one.router);
    let parent = (!one.parent.is_empty()).then_some(one.parent.as_str());
    let values = values![
        one.no.0,
        one.id.as_str(),
        one.institution.as_str(),
        &label.kk,
        &label.ru,
        &label.en,
        text::prefixes(&one.prefixes),
        &one.interface,
        one.probing.address.to_string(),
        text::method(one.probing.method),
        &channel.provider,
        &channel.technology,
        rate(channel.down_kbps),
        rate(channel.up_kbps),
        &channel.contract,
        router.management.map(|at| at.to_string()),
        &router.snmp,
        router.hardware.map(|one| one.to_string()),
        parent,
        text::criticality(one.criticality),
        one.maintenance_until.map(|at| at.0),
        &one.notes,
        one.retired.map(|at| at.0),
        one.version,
    ];
    tx.execute(sql, &values).await?;
    Ok(())
}

pub(crate) async fn put_photo(tx: &mut Tx<'_>, no: SegmentNo, bytes: Vec<u8>) -> Result<(), Error> {
    let sql = "INSERT INTO registry_photo (segment, bytes) VALUES ($1, $2) \
        ON CONFLICT (segment) DO UPDATE SET bytes = excluded.bytes";
    tx.execute(sql, &values![no.0, bytes]).await?;
    Ok(())
}

fn institution(row: &Row) -> Result<Institution, Error> {
    let id = row.text("id")?;
    let unreadable = || Error::Unreadable { table: "institution", id: id.to_owned() };
    Ok(Institution {
        id: id.parse().map_err(|_| unreadable())?,
        name: names(row, ["name_kk", "name_ru", "name_en"])?,
        kind: owned(row, "kind")?,
        budget_level: owned(row, "budget_level")?,
        district: owned(row, "district")?,
        address: owned(row, "address")?,
        head: owned(row, "head")?,
        duty: owned(row, "duty")?,
        version: row.int("version")?,
    })
}

fn parent(row: &Row) -> Result<Parent, Error> {
    Ok(Parent {
        id: owned(row, "id")?,
        name: names(row, ["name_kk", "name_ru", "name_en"])?,
        provider: owned(row, "provider")?,
        version: row.int("version")?,
    })
}

fn segment(row: &Row) -> Result<Segment, Error> {
    let id = row.text("id")?;
    let unreadable = || Error::Unreadable { table: "segment", id: id.to_owned() };
    let prefixes = row.text("prefixes")?.split_whitespace().map(text::parse_prefix);
    let management = row.opt_text("router_management")?.map(text::parse_address).transpose();
    let hardware = row.opt_text("router_hardware")?.map(text::parse_hardware).transpose();
    Ok(Segment {
        id: id.parse().map_err(|_| unreadable())?,
        no: SegmentNo(row.number("no")?),
        institution: row.text("institution")?.parse().map_err(|_| unreadable())?,
        label: names(row, ["label_kk", "label_ru", "label_en"])?,
        prefixes: prefixes.collect::<Result<_, _>>().map_err(|_| unreadable())?,
        interface: owned(row, "interface")?,
        probing: Probing {
            address: text::parse_address(row.text("probe_address")?).map_err(|_| unreadable())?,
            method: text::parse_method(row.text("method")?).map_err(|_| unreadable())?,
        },
        channel: Channel {
            provider: owned(row, "provider")?,
            technology: owned(row, "technology")?,
            down_kbps: row.number("down_kbps")?,
            up_kbps: row.number("up_kbps")?,
            contract: owned(row, "contract")?,
        },
        router: Router {
            management: management.map_err(|_| unreadable())?,
            snmp: owned(row, "router_snmp")?,
            hardware: hardware.map_err(|_| unreadable())?,
        },
        parent: row.opt_text("parent")?.unwrap_or_default().to_owned(),
        criticality: text::parse_criticality(row.text("criticality")?).map_err(|_| unreadable())?,
        maintenance_until: row.opt_int("maintenance_until")?.map(WallTime),
        notes: owned(row, "notes")?,
        retired: row.opt_int("retired")?.map(WallTime),
        version: row.int("version")?,
    })
}

fn names(row: &Row, [kk, ru, en]: [&str; 3]) -> Result<Names, Error> {
    Ok(Names { kk: owned(row, kk)?, ru: owned(row, ru)?, en: owned(row, en)? })
}

fn owned(row: &Row, column: &str) -> Result<String, Error> {
    Ok(row.text(column)?.to_owned())
}

/// Rates are checked to be at most [`text::RATE_LIMIT`].
fn rate(kbps: u64) -> i64 {
    i64::try_from(kbps).unwrap_or(i64::MAX)
}
