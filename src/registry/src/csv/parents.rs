//! Provider points from a file of their own: five columns, in this order.

use std::collections::HashMap;

use ets_model::{Names, Parent};

use super::parse::{at, decode};
use super::reader::{self, Record};
use crate::{Fault, Field, Rule, check, text};

const COLUMNS: [Field; 5] =
    [Field::Id, Field::NameKk, Field::NameRu, Field::NameEn, Field::Provider];

/// The provider points of a file, and everything that is wrong with it.
pub(crate) fn parents(file: &[u8]) -> (Vec<Parent>, Vec<Fault>) {
    let text = match decode(file) {
        Ok(text) => text,
        Err(fault) => return (Vec::new(), vec![fault]),
    };
    let (records, mut faults) = reader::records(text, reader::separator(text));
    let Some((heading, rows)) = records.split_first() else {
        faults.push(at(1, None, "", Rule::EmptyFile {}));
        return (Vec::new(), faults);
    };
    faults.extend(heading_faults(heading));
    let mut lines = HashMap::new();
    let mut parents = Vec::new();
    for row in rows {
        match parent(row) {
            Ok(parent) => {
                let wrong = check::parent(&parent).into_iter().map(|fault| locate(row, fault));
                faults.extend(wrong);
                if let Some(line) = lines.insert(parent.id.clone(), row.line) {
                    let rule = Rule::IdRepeated { id: parent.id.clone(), line };
                    faults.push(locate(row, Fault::of(Field::Id, &parent.id, rule)));
                }
                parents.push(parent);
            }
            Err(fault) => faults.push(fault),
        }
    }
    (parents, faults)
}

fn heading_faults(heading: &Record) -> Vec<Fault> {
    let mut faults = Vec::new();
    for (column, field) in COLUMNS.iter().enumerate() {
        let found = heading.fields.get(column).map_or("", |(_, name)| name.trim());
        if found.is_empty() {
            let rule = Rule::MissingColumn { name: field.name().to_owned() };
            faults.push(at(heading.line, Some(column + 1), "", rule));
        } else if !found.eq_ignore_ascii_case(field.name()) {
            let rule =
                Rule::UnknownColumn { name: found.to_owned(), nearest: field.name().to_owned() };
            faults.push(at(heading.line, Some(column + 1), found, rule));
        }
    }
    faults
}

fn parent(row: &Record) -> Result<Parent, Fault> {
    let texts: Vec<_> = row.fields.iter().map(|(_, text)| text.trim().to_owned()).collect();
    let found = texts.len();
    let Ok([id, kk, ru, en, provider]) = <[String; 5]>::try_from(texts) else {
        return Err(at(row.line, None, "", Rule::FieldCount { found, expected: COLUMNS.len() }));
    };
    let mut name = Names { kk, ru, en };
    text::trim_names(&mut name);
    Ok(Parent { id, name, provider, version: 0 })
}

fn locate(row: &Record, mut fault: Fault) -> Fault {
    fault.line = Some(row.line);
    fault.column = COLUMNS.iter().position(|field| Some(*field) == fault.field).map(|at| at + 1);
    fault
}
