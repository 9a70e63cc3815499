//! Where everything stands: pages broken between rows, the head repeated, and the signatures never
//! alone on a page.

use crate::Error;
use crate::act::font::{Fonts, Weight};
use crate::act::page::{HEIGHT, Mark, Page, WIDTH};
use crate::act::{Act, Grid, Signature, qr};

const LEFT: f32 = 56.7;
const RIGHT: f32 = WIDTH - 42.5;
const TOP: f32 = 48.0;
const BOTTOM: f32 = HEIGHT - 54.0;
const ROOM: f32 = RIGHT - LEFT;
/// Space within a cell, on each side.
const PAD: f32 = 4.0;
const QR: f32 = 74.0;
const BODY: f32 = 9.5;
const SMALL: f32 = 8.0;
/// The distance of lines, against their size.
const LEADING: f32 = 1.32;
/// So many rows at the end of the last table stay with what comes after it.
const TAIL: usize = 2;

/// The pages of an act.
pub(crate) fn pages(act: &Act, fonts: &Fonts) -> Result<Vec<Page>, Error> {
    let mut flow = Flow { fonts, pages: vec![Page::default()], y: TOP };
    flow.head(act)?;
    let last = act.tables.len().checked_sub(1);
    let end = flow.end_height(act);
    for (index, table) in act.tables.iter().enumerate() {
        flow.table(table, if Some(index) == last { end } else { 0.0 });
    }
    flow.end(act, end);
    flow.feet(act);
    Ok(flow.pages)
}

struct Flow<'f> {
    fonts: &'f Fonts,
    pages: Vec<Page>,
    /// The upper edge of what comes next.
    y: f32,
}

/// How a text is set.
#[derive(Clone, Copy)]
struct Style {
    size: f32,
    weight: Weight,
    gray: f32,
}

const PLAIN: Style = Style { size: BODY, weight: Weight::Regular, gray: 0.0 };
const STRONG: Style = Style { size: BODY, weight: Weight::Bold, gray: 0.0 };
const FINE: Style = Style { size: SMALL, weight: Weight::Regular, gray: 0.35 };

/// Where a text stands within its width.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Side {
    Left,
    Middle,
    Right,
}

/// A row that was measured.
struct Row {
    /// The lines of each cell.
    cells: Vec<Vec<String>>,
    height: f32,
    style: Style,
}

impl Flow<'_> {
    fn mark(&mut self, mark: Mark) {
        if let Some(page) = self.pages.last_mut() {
            page.marks.push(mark);
        }
    }

    fn new_page(&mut self) {
        self.pages.push(Page::default());
        self.y = TOP;
    }

    fn lines(&self, text: &str, style: Style, width: f32) -> Vec<String> {
        self.fonts.of(style.weight).lines(text, style.size, width)
    }

    /// Sets lines from `y` downwards; answers the lower edge.
    fn set(
        &mut self,
        lines: &[String],
        style: Style,
        (x, y): (f32, f32),
        width: f32,
        side: Side,
    ) -> f32 {
        let step = style.size * LEADING;
        let font = self.fonts.of(style.weight);
        let rise = (font.ascent - font.descent) * style.size / 1_000.0;
        let base = (step - rise) / 2.0 + font.ascent * style.size / 1_000.0;
        let mut line_y = y;
        for line in lines {
            let free = width - self.fonts.of(style.weight).width(line, style.size);
            let x = x + match side {
                Side::Left => 0.0,
                Side::Middle => free / 2.0,
                Side::Right => free,
            };
            let Style { size, weight, gray } = style;
            if !line.is_empty() {
                self.mark(Mark::Text {
                    x,
                    y: line_y + base,
                    size,
                    weight,
                    gray,
                    text: line.clone(),
                });
            }
            line_y += step;
        }
        line_y
    }

    /// A paragraph over this width.
    fn paragraph(&mut self, text: &str, style: Style, x: f32, width: f32, side: Side) {
        let lines = self.lines(text, style, width);
        self.y = self.set(&lines, style, (x, self.y), width, side);
    }

    fn rule(&mut self, y: f32, width: f32, gray: f32) {
        self.mark(Mark::Line { from: (LEFT, y), to: (RIGHT, y), width, gray });
    }

    /// Letterhead, code, title and facts.
    fn head(&mut self, act: &Act) -> Result<(), Error> {
        let beside = if act.address.is_empty() { 0.0 } else { QR + 12.0 };
        for (index, line) in act.letterhead.iter().enumerate() {
            let style = if index == 0 { Style { size: 11.0, ..STRONG } } else { FINE };
            self.paragraph(line, style, LEFT, ROOM - beside, Side::Left);
        }
        if !act.address.is_empty() {
            for mark in qr::marks(&act.address, RIGHT - QR, TOP - 6.0, QR)? {
                self.mark(mark);
            }
            self.y = self.y.max(TOP - 6.0 + QR);
        }
        self.y += 8.0;
        self.rule(self.y, 0.8, 0.0);
        self.y += 16.0;
        let title = Style { size: 14.0, ..STRONG };
        self.paragraph(&act.title, title, LEFT, ROOM, Side::Middle);
        for line in &act.subtitle {
            self.paragraph(line, PLAIN, LEFT, ROOM, Side::Middle);
        }
        self.y += 12.0;
        self.facts(&act.facts);
        Ok(())
    }

    fn facts(&mut self, facts: &[(String, String)]) {
        let width = |(name, _): &(String, String)| self.fonts.regular.width(name, BODY);
        let names = facts.iter().map(width).fold(0.0, f32::max).min(ROOM * 0.35) + 12.0;
        for (name, value) in facts {
            let top = self.y;
            let name = self.lines(name, PLAIN, names - 12.0);
            let value = self.lines(value, STRONG, ROOM - names);
            let low =
                self.set(&name, Style { gray: 0.35, ..PLAIN }, (LEFT, top), names, Side::Left);
            let end = self.set(&value, STRONG, (LEFT + names, top), ROOM - names, Side::Left);
            self.y = low.max(end) + 1.0;
        }
        self.y += 8.0;
    }

    /// A table; with its last rows `after` points are kept free on the page.
    fn table(&mut self, table: &Grid, after: f32) {
        let widths = widths(table);
        let titles: Vec<_> = table.columns.iter().map(|column| column.title.clone()).collect();
        let head = self.row(&titles, &widths, STRONG);
        let rows: Vec<Row> = table.rows.iter().map(|row| self.row(row, &widths, PLAIN)).collect();
        let totals: Vec<Row> =
            table.totals.iter().map(|row| self.row(row, &widths, STRONG)).collect();
        let title = if table.title.is_empty() { 0.0 } else { STRONG.size * LEADING + 6.0 };
        let sums: f32 = totals.iter().map(|row| row.height).sum();
        let first = rows.first().map_or(sums, |row| row.height);
        if self.y + title + head.height + first > BOTTOM {
            self.new_page();
        }
        if !table.title.is_empty() {
            self.paragraph(&table.title, Style { size: 10.5, ..STRONG }, LEFT, ROOM, Side::Left);
            self.y += 4.0;
        }
        self.head_row(table, &head, &widths);
        for (index, row) in rows.iter().enumerate() {
            let tail = rows.len() - index <= TAIL;
            let rest: f32 = rows[index..].iter().map(|row| row.height).sum::<f32>() + sums + after;
            // The tail goes to the next page as a whole, if it fits on one.
            let whole =
                rows.len() - index == TAIL.min(rows.len()) && rest <= BOTTOM - TOP - head.height;
            let needed = if tail && whole { rest } else { row.height };
            if self.y + needed > BOTTOM {
                self.new_page();
                self.head_row(table, &head, &widths);
            }
            self.one_row(table, row, &widths, 0.8);
        }
        for row in &totals {
            if self.y + row.height > BOTTOM {
                self.new_page();
                self.head_row(table, &head, &widths);
            }
            self.one_row(table, row, &widths, 0.0);
        }
        self.y += 12.0;
    }

    fn row(&self, texts: &[String], widths: &[f32], style: Style) -> Row {
        let cells: Vec<Vec<String>> = texts
            .iter()
            .zip(widths)
            .map(|(text, width)| self.lines(text, style, width - 2.0 * PAD))
            .collect();
        let lines = cells.iter().map(Vec::len).max().unwrap_or(1);
        Row { cells, height: small(lines) * style.size * LEADING + 2.0 * PAD, style }
    }

    fn head_row(&mut self, table: &Grid, row: &Row, widths: &[f32]) {
        let (y, height) = (self.y, row.height);
        self.mark(Mark::Fill { x: LEFT, y, width: ROOM, height, gray: 0.93 });
        self.rule(y, 0.8, 0.0);
        self.one_row(table, row, widths, 0.0);
    }

    fn one_row(&mut self, table: &Grid, row: &Row, widths: &[f32], gray: f32) {
        let mut x = LEFT;
        for ((lines, width), column) in row.cells.iter().zip(widths).zip(&table.columns) {
            let side = if column.is_number { Side::Right } else { Side::Left };
            self.set(lines, row.style, (x + PAD, self.y + PAD), width - 2.0 * PAD, side);
            x += width;
        }
        self.y += row.height;
        self.rule(self.y, if gray > 0.0 { 0.4 } else { 0.8 }, gray * 0.9);
    }

    /// How much room notes and signatures take.
    fn end_height(&self, act: &Act) -> f32 {
        let notes = act
            .notes
            .iter()
            .map(|note| small(self.lines(note, PLAIN, ROOM).len()) * BODY * LEADING + 4.0);
        12.0 + notes.sum::<f32>() + 10.0 + self.signatures_height(&act.signatures)
    }

    fn signatures_height(&self, signatures: &[Signature]) -> f32 {
        let width = signature_width(signatures.len());
        let height = |one: &Signature| {
            let lines: usize =
                one.lines.iter().map(|line| self.lines(line, PLAIN, width).len()).sum();
            let side = self.lines(&one.side, STRONG, width).len();
            small(lines + side) * BODY * LEADING + 30.0 + 3.0 * SMALL * LEADING
        };
        signatures.iter().map(height).fold(0.0, f32::max)
    }

    /// Notes and signatures, together on one page.
    fn end(&mut self, act: &Act, height: f32) {
        if self.y + height - 12.0 > BOTTOM && self.y > TOP {
            self.new_page();
        }
        for note in &act.notes {
            self.paragraph(note, PLAIN, LEFT, ROOM, Side::Left);
            self.y += 4.0;
        }
        self.y += 10.0;
        let width = signature_width(act.signatures.len());
        let top = self.y;
        let mut x = LEFT;
        for signature in &act.signatures {
            self.y = top;
            self.signature(signature, x, width);
            x += width + 24.0;
        }
    }

    fn signature(&mut self, one: &Signature, x: f32, width: f32) {
        self.paragraph(&one.side, STRONG, x, width, Side::Left);
        for line in &one.lines {
            self.paragraph(line, PLAIN, x, width, Side::Left);
        }
        self.y += 26.0;
        let y = self.y;
        self.mark(Mark::Line { from: (x, y), to: (x + width, y), width: 0.6, gray: 0.0 });
        self.y += 2.0;
        self.paragraph(&one.under, FINE, x, width, Side::Middle);
        self.paragraph(&one.below, FINE, x, width, Side::Left);
    }

    /// The foot of each page: the address and the page's number.
    fn feet(&mut self, act: &Act) {
        let count = self.pages.len();
        for index in 0..count {
            let number = act
                .page_of
                .replace("{pages}", &count.to_string())
                .replace("{page}", &(index + 1).to_string());
            let rest = self.pages.split_off(index + 1);
            self.rule(BOTTOM + 14.0, 0.4, 0.6);
            let width = self.fonts.regular.width(&number, SMALL);
            self.set(&[number], FINE, (RIGHT - width, BOTTOM + 18.0), width, Side::Left);
            let address = self.lines(&act.address, FINE, ROOM - width - 20.0);
            self.set(&address, FINE, (LEFT, BOTTOM + 18.0), ROOM, Side::Left);
            self.pages.extend(rest);
        }
    }
}

fn signature_width(count: usize) -> f32 {
    let count = small(count.max(1));
    (ROOM - (count - 1.0) * 24.0) / count
}

fn widths(table: &Grid) -> Vec<f32> {
    let sum: f32 = table.columns.iter().map(|column| column.share.max(0.1)).sum();
    table.columns.iter().map(|column| ROOM * column.share.max(0.1) / sum).collect()
}

#[allow(clippy::cast_precision_loss)]
fn small(number: usize) -> f32 {
    number as f32
}
