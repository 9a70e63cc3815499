//! Records into segments: columns found by their names, fields read one by one, every fault kept.

use std::net::{IpAddr, Ipv4Addr};

use ets_model::{
    Channel, Institution, InstitutionId, Names, Probing, Router, Segment, SegmentId, SegmentNo,
};

use super::CSV_LIMIT;
use super::reader::{self, Record};
use crate::{Catalog, Fault, Field, Rule, text};

/// A row as far as it could be read.
pub(crate) struct Draft {
    pub(crate) place: Place,
    /// The segment; fields with faults hold a placeholder.
    pub(crate) segment: Segment,
    /// The institution; `None` when the row leaves all its fields empty.
    pub(crate) institution: Option<Institution>,
    /// Fields that could not be read: they are not checked any further.
    pub(crate) unread: Vec<Field>,
}

/// Where the fields of a row stand.
#[derive(Clone)]
pub(crate) struct Place {
    pub(crate) line: u64,
    lines: Vec<u64>,
    columns: Columns,
}

/// Where each field stands; `None` for a column that the file leaves out.
type Columns = [Option<usize>; Field::ALL.len()];

/// The columns that a file must have. What another one would say stays as it is, and is empty for a
/// new segment.
const NEEDED: [Field; 4] = [Field::Id, Field::Institution, Field::Prefixes, Field::ProbeAddress];

impl Place {
    /// Puts the place of its field into a fault.
    pub(crate) fn locate(&self, mut fault: Fault) -> Fault {
        let column = fault.field.and_then(|field| self.columns[field as usize]);
        fault.line = Some(column.map_or(self.line, |at| self.lines[at]));
        fault.column = column.map(|at| at + 1);
        fault
    }
}

/// The rows of a file and everything that is wrong with them one by one.
pub(crate) fn parse(catalog: &Catalog, file: &[u8]) -> (Vec<Draft>, Vec<Fault>) {
    let text = match decode(file) {
        Ok(text) => text,
        Err(fault) => return (Vec::new(), vec![fault]),
    };
    let (records, mut faults) = reader::records(text, reader::separator(text));
    let Some((heading, rows)) = records.split_first() else {
        if faults.is_empty() {
            faults.push(at(1, None, "", Rule::EmptyFile {}));
        }
        return (Vec::new(), faults);
    };
    let columns = match columns(heading) {
        Ok(columns) => columns,
        Err(wrong) => {
            faults.extend(wrong);
            return (Vec::new(), faults);
        }
    };
    if rows.is_empty() && faults.is_empty() {
        faults.push(at(heading.line, None, "", Rule::NoRows {}));
    }
    let layout = Layout { catalog, columns: &columns, expected: heading.fields.len() };
    let drafts = rows.iter().filter_map(|row| draft(row, &layout, &mut faults));
    (drafts.collect(), faults)
}

pub(super) fn decode(file: &[u8]) -> Result<&str, Fault> {
    if file.len() > CSV_LIMIT {
        return Err(at(1, None, "", Rule::TooLarge { limit: CSV_LIMIT }));
    }
    let file = file.strip_prefix(b"\xef\xbb\xbf").unwrap_or(file);
    std::str::from_utf8(file).map_err(|error| {
        let (before, rest) = file.split_at(error.valid_up_to());
        let line = before.iter().filter(|byte| **byte == b'\n').count() + 1;
        let begun = before.rsplit(|byte| *byte == b'\n').next().unwrap_or_default();
        let column = begun.iter().filter(|byte| matches!(byte, b',' | b';')).count() + 1;
        let byte = rest.first().copied().unwrap_or(0);
        at(
            u64::try_from(line).unwrap_or(1),
            Some(column),
            "",
            Rule::NotUtf8 { byte, likely: likely_encoding(file) },
        )
    })
}

/// Which encoding a text that is no UTF-8 probably has. In Windows-1251 letters of Cyrillic stand
/// from 0xC0 on; in the older CP866 most of them stand below 0xB0, where it has nothing but signs.
fn likely_encoding(file: &[u8]) -> &'static str {
    if file.starts_with(b"\xff\xfe") || file.starts_with(b"\xfe\xff") || file.contains(&0) {
        return "UTF-16";
    }
    let count = |from: u8, to: u8| file.iter().filter(|byte| (from..=to).contains(byte)).count();
    if count(0x80, 0xaf) > count(0xc0, 0xff) { "CP866" } else { "Windows-1251" }
}

/// Where each field stands.
fn columns(heading: &Record) -> Result<Columns, Vec<Fault>> {
    let mut found: Columns = [None; Field::ALL.len()];
    let mut faults = Vec::new();
    for (column, (line, name)) in heading.fields.iter().enumerate() {
        let name = name.trim().to_lowercase();
        let rule = match Field::from_name(&name) {
            None => Rule::UnknownColumn { nearest: nearest(&name), name: name.clone() },
            Some(field) => match found[field as usize].replace(column) {
                None => continue,
                Some(first) => Rule::RepeatedColumn { name: name.clone(), first: first + 1 },
            },
        };
        faults.push(at(*line, Some(column + 1), &name, rule));
    }
    for field in NEEDED.iter().filter(|field| found[**field as usize].is_none()) {
        let rule = Rule::MissingColumn { name: field.name().to_owned() };
        faults.push(at(heading.line, Some(heading.fields.len() + 1), "", rule));
    }
    if faults.is_empty() { Ok(found) } else { Err(faults) }
}

/// What all rows of a file have in common.
struct Layout<'a> {
    catalog: &'a Catalog,
    columns: &'a Columns,
    expected: usize,
}

fn draft(row: &Record, layout: &Layout<'_>, faults: &mut Vec<Fault>) -> Option<Draft> {
    let (found, expected) = (row.fields.len(), layout.expected);
    if found != expected {
        faults.push(at(row.line, None, "", Rule::FieldCount { found, expected }));
        return None;
    }
    let lines = row.fields.iter().map(|(line, _)| *line).collect();
    let place = Place { line: row.line, lines, columns: *layout.columns };
    let known = known(row, layout);
    let mut fields = Fields { row, place: &place, known, faults, unread: Vec::new() };
    let institution = fields.institution();
    let segment = fields.segment();
    let unread = fields.unread;
    Some(Draft { segment: segment?, institution, unread, place })
}

/// What the registry has of a row: its segment, and the institution that the row names.
struct Known<'a> {
    segment: Option<&'a Segment>,
    institution: Option<&'a Institution>,
}

fn known<'a>(row: &Record, layout: &Layout<'a>) -> Known<'a> {
    let said = |field: Field| {
        let column = layout.columns[field as usize]?;
        row.fields.get(column).map(|(_, text)| text.trim())
    };
    let institution = said(Field::Institution).and_then(|id| id.parse().ok());
    Known {
        segment: said(Field::Id).and_then(|id| layout.catalog.segment(id)).map(AsRef::as_ref),
        institution: institution.and_then(|id| layout.catalog.institution(&id)).map(AsRef::as_ref),
    }
}

struct Fields<'a> {
    row: &'a Record,
    place: &'a Place,
    known: Known<'a>,
    faults: &'a mut Vec<Fault>,
    unread: Vec<Field>,
}

impl Fields<'_> {
    /// What the row says; where it has no such column, what the registry says.
    fn text(&self, field: Field) -> String {
        if let Some(column) = self.place.columns[field as usize] {
            return self.row.fields[column].1.trim().to_owned();
        }
        let known = if field.is_of_institution() {
            self.known.institution.map(|one| text::of_institution(one, field))
        } else {
            self.known.segment.map(|one| text::of_segment(one, field))
        };
        known.unwrap_or_default()
    }

    fn refuse(&mut self, field: Field, value: &str, rule: impl Into<Box<Rule>>) {
        self.faults.push(self.place.locate(Fault::of(field, value, rule)));
        if !self.unread.contains(&field) {
            self.unread.push(field);
        }
    }

    /// The field read by `read`; a placeholder and a fault when it cannot be.
    fn read<T: Default>(&mut self, field: Field, read: fn(&str) -> Result<T, Box<Rule>>) -> T {
        self.read_or_none(field, read).unwrap_or_default()
    }

    fn read_or_none<T>(
        &mut self,
        field: Field,
        read: fn(&str) -> Result<T, Box<Rule>>,
    ) -> Option<T> {
        let text = self.text(field);
        read(&text).map_err(|rule| self.refuse(field, &text, rule)).ok()
    }

    fn required<T>(&mut self, field: Field, read: fn(&str) -> Result<T, Box<Rule>>) -> Option<T> {
        if self.text(field).is_empty() {
            self.refuse(field, "", Rule::Required { field });
            return None;
        }
        self.read_or_none(field, read)
    }

    fn names(&self, [kk, ru, en]: [Field; 3]) -> Names {
        Names { kk: self.text(kk), ru: self.text(ru), en: self.text(en) }
    }

    fn institution(&mut self) -> Option<Institution> {
        let told = |field: &&Field| {
            let has_column = self.place.columns[**field as usize].is_some();
            field.is_of_institution() && has_column && !self.text(**field).is_empty()
        };
        Field::ALL.iter().find(told)?;
        let id: InstitutionId = self.text(Field::Institution).parse().ok()?;
        Some(Institution {
            id,
            name: self.names([Field::NameKk, Field::NameRu, Field::NameEn]),
            kind: self.text(Field::Kind),
            budget_level: self.text(Field::BudgetLevel),
            district: self.text(Field::District),
            address: self.text(Field::Address),
            head: self.text(Field::Head),
            duty: self.text(Field::Duty),
            version: 0,
        })
    }

    fn segment(&mut self) -> Option<Segment> {
        let id: Option<SegmentId> = self.required(Field::Id, text::parse_id);
        let institution: Option<InstitutionId> = self.required(Field::Institution, text::parse_id);
        let nowhere = IpAddr::V4(Ipv4Addr::UNSPECIFIED);
        let address = self.required(Field::ProbeAddress, text::parse_address).unwrap_or(nowhere);
        let method = self.read(Field::Method, text::parse_method);
        let prefixes = self.prefixes();
        let channel = self.channel();
        let router = self.router();
        let criticality = self.read(Field::Criticality, text::parse_criticality);
        Some(Segment {
            id: id?,
            no: SegmentNo(0),
            institution: institution?,
            label: self.names([Field::LabelKk, Field::LabelRu, Field::LabelEn]),
            prefixes,
            interface: self.text(Field::Interface),
            probing: Probing { address, method },
            channel,
            router,
            parent: self.text(Field::Parent),
            criticality,
            maintenance_until: None,
            notes: self.text(Field::Notes).replace("\r\n", "\n"),
            retired: None,
            version: 0,
        })
    }

    fn prefixes(&mut self) -> Vec<ipnet::IpNet> {
        let texts: Vec<_> =
            self.text(Field::Prefixes).split_whitespace().map(str::to_owned).collect();
        let mut prefixes = Vec::new();
        for text in texts {
            match text::parse_prefix(&text) {
                Ok(prefix) => prefixes.push(prefix),
                Err(rule) => self.refuse(Field::Prefixes, &text, rule),
            }
        }
        prefixes
    }

    fn channel(&mut self) -> Channel {
        Channel {
            provider: self.text(Field::Provider),
            technology: self.text(Field::Technology),
            down_kbps: self.read(Field::DownKbps, text::parse_rate),
            up_kbps: self.read(Field::UpKbps, text::parse_rate),
            contract: self.text(Field::Contract),
        }
    }

    fn router(&mut self) -> Router {
        let management = if self.text(Field::RouterManagement).is_empty() {
            None
        } else {
            self.read_or_none(Field::RouterManagement, text::parse_address)
        };
        let hardware = if self.text(Field::RouterHardware).is_empty() {
            None
        } else {
            self.read_or_none(Field::RouterHardware, text::parse_hardware)
        };
        Router { management, snmp: self.text(Field::RouterSnmp), hardware }
    }
}

pub(super) fn at(line: u64, column: Option<usize>, value: &str, rule: Rule) -> Fault {
    Fault { line: Some(line), column, field: None, value: value.to_owned(), rule: Box::new(rule) }
}

/// The column whose name is nearest to `name`, by the number of letters to change.
fn nearest(name: &str) -> String {
    let distance = |field: &&Field| edits(name, field.name());
    Field::ALL.iter().min_by_key(distance).map(|field| field.name().to_owned()).unwrap_or_default()
}

/// Levenshtein's distance.
fn edits(one: &str, other: &str) -> usize {
    let other: Vec<char> = other.chars().collect();
    let mut row: Vec<usize> = (0..=other.len()).collect();
    for (at, letter) in one.chars().enumerate() {
        let mut diagonal = std::mem::replace(&mut row[0], at + 1);
        for (column, target) in other.iter().enumerate() {
            let changed = diagonal + usize::from(letter != *target);
            diagonal = row[column + 1];
            row[column + 1] = changed.min(diagonal + 1).min(row[column] + 1);
        }
    }
    row[other.len()]
}
