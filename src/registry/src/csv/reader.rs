//! Text into records, by RFC 4180 to the letter: a strict reader of our own, because the usual
//! ones guess where quotes are broken, and a guess here would be somebody's network.

use crate::{Fault, Rule};

/// One line of the file (more than one, where a quoted field contains line breaks).
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Record {
    /// Where it begins, from 1.
    pub(crate) line: u64,
    /// Its fields, without quotes, with the line on which each begins.
    pub(crate) fields: Vec<(u64, String)>,
}

/// The records of a file and what is wrong with its quotes. Empty lines are left out. A record
/// with a fault is not among the records.
pub(crate) fn records(text: &str, separator: char) -> (Vec<Record>, Vec<Fault>) {
    let mut reader = Reader { rest: text, separator, line: 1 };
    let (mut records, mut faults) = (Vec::new(), Vec::new());
    while !reader.rest.is_empty() {
        match reader.record() {
            Ok(record) if record.fields.len() == 1 && record.fields[0].1.trim().is_empty() => {}
            Ok(record) => records.push(record),
            Err(fault) => faults.push(fault),
        }
    }
    (records, faults)
}

/// The separator that the first line uses.
pub(crate) fn separator(text: &str) -> char {
    let first = text.lines().next().unwrap_or_default();
    let count = |separator| first.matches(separator).count();
    if count(';') > count(',') { ';' } else { ',' }
}

struct Reader<'a> {
    rest: &'a str,
    separator: char,
    line: u64,
}

/// What ended a field.
#[derive(PartialEq)]
enum End {
    Separator,
    Record,
}

impl Reader<'_> {
    fn record(&mut self) -> Result<Record, Fault> {
        let mut record = Record { line: self.line, fields: Vec::new() };
        loop {
            let line = self.line;
            let column = record.fields.len() + 1;
            let (text, end) = match self.rest.strip_prefix('"') {
                Some(rest) => {
                    self.rest = rest;
                    self.quoted(line, column)?
                }
                None => self.plain(column)?,
            };
            record.fields.push((line, text));
            if end == End::Record {
                return Ok(record);
            }
        }
    }

    fn plain(&mut self, column: usize) -> Result<(String, End), Fault> {
        let separator = self.separator;
        let stop = self.rest.find([separator, '\n', '"']);
        let stop = stop.unwrap_or(self.rest.len());
        let text = self.rest[..stop].to_owned();
        self.rest = &self.rest[stop..];
        if self.rest.starts_with('"') {
            return Err(self.stray(column));
        }
        let end = self.end();
        let text = if end == End::Record { text.trim_end_matches('\r').to_owned() } else { text };
        Ok((text, end))
    }

    fn quoted(&mut self, line: u64, column: usize) -> Result<(String, End), Fault> {
        let mut text = String::new();
        loop {
            let Some(quote) = self.rest.find('"') else {
                self.rest = "";
                return Err(fault(line, column, "", Rule::QuoteOpen {}));
            };
            text.push_str(&self.rest[..quote]);
            self.rest = &self.rest[quote + 1..];
            match self.rest.strip_prefix('"') {
                Some(rest) => {
                    text.push('"');
                    self.rest = rest;
                }
                None => break,
            }
        }
        self.line += breaks(&text);
        let after = self.rest.strip_prefix('\r').unwrap_or(self.rest);
        if !(after.is_empty() || after.starts_with('\n') || self.rest.starts_with(self.separator)) {
            return Err(self.stray(column));
        }
        if !self.rest.starts_with(self.separator) {
            self.rest = after;
        }
        Ok((text, self.end()))
    }

    /// Steps over what ends a field.
    fn end(&mut self) -> End {
        let mut letters = self.rest.chars();
        let end = letters.next();
        self.rest = letters.as_str();
        if end == Some(self.separator) {
            return End::Separator;
        }
        self.line += 1;
        End::Record
    }

    /// A quote where none belongs; goes on with the next line.
    fn stray(&mut self, column: usize) -> Fault {
        let line = self.line;
        let stop = self.rest.find('\n').map_or(self.rest.len(), |at| at + 1);
        let value = self.rest[..stop].trim_end().to_owned();
        self.rest = &self.rest[stop..];
        self.line += 1;
        fault(line, column, &value, Rule::QuoteStray {})
    }
}

fn fault(line: u64, column: usize, value: &str, rule: Rule) -> Fault {
    Fault {
        line: Some(line),
        column: Some(column),
        field: None,
        value: value.to_owned(),
        rule: Box::new(rule),
    }
}

fn breaks(text: &str) -> u64 {
    u64::try_from(text.matches('\n').count()).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Vec<(u64, Vec<String>)> {
        let (records, faults) = records(text, ',');
        assert_eq!(faults, []);
        let texts = |record: Record| record.fields.into_iter().map(|(_, text)| text).collect();
        records.into_iter().map(|record| (record.line, texts(record))).collect()
    }

    #[test]
    fn quotes_commas_and_line_breaks_are_read_as_rfc_4180_says() {
        let read = read("a,b\r\n\"x,\"\"y\"\"\",\"one\ntwo\"\r\n\r\nlast,\n");
        let texts: Vec<(u64, Vec<&str>)> =
            read.iter().map(|(line, f)| (*line, f.iter().map(String::as_str).collect())).collect();
        assert_eq!(
            texts,
            [(1, vec!["a", "b"]), (2, vec!["x,\"y\"", "one\ntwo"]), (5, vec!["last", ""])]
        );
    }

    #[test]
    fn a_file_without_a_last_line_break_loses_nothing() {
        assert_eq!(
            read("a,b\nc,\"d\""),
            [(1, vec!["a".into(), "b".into()]), (2, vec!["c".into(), "d".into()])]
        );
    }

    #[test]
    fn a_broken_quote_costs_its_own_line_only() {
        let (records, faults) = records("a,b\"c,d\nnext,line\n\"x\"y,z\n\"open,\n", ',');
        assert_eq!(records.len(), 1);
        let seen: Vec<_> = faults.iter().map(|f| (f.line, f.column, f.code())).collect();
        assert_eq!(
            seen,
            [
                (Some(1), Some(2), "quote_stray"),
                (Some(3), Some(1), "quote_stray"),
                (Some(4), Some(1), "quote_open")
            ]
        );
    }
}
