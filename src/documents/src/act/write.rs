//! Pages into a file.

use std::io::Write as _;

use ets_model::Lang;
use flate2::Compression;
use flate2::write::ZlibEncoder;
use pdf_writer::types::{CidFontType, FontFlags, SystemInfo, UnicodeCmap};
use pdf_writer::{Content, Filter, Finish, Name, Pdf, Rect, Ref, Str, TextStr};

use crate::Error;
use crate::act::font::{Font, Fonts, Weight};
use crate::act::page::{HEIGHT, Mark, Page, WIDTH};

const REGULAR: Name<'static> = Name(b"F1");
const BOLD: Name<'static> = Name(b"F2");
/// Characters are glyphs by number.
const SYSTEM: SystemInfo<'static> =
    SystemInfo { registry: Str(b"Adobe"), ordering: Str(b"Identity"), supplement: 0 };

/// Gives out the numbers of a file's objects.
struct Numbers(i32);

impl Numbers {
    fn next(&mut self) -> Ref {
        self.0 += 1;
        Ref::new(self.0)
    }
}

/// A file of acts: what each is called and its pages.
pub(crate) fn file(
    title: &str,
    lang: Lang,
    fonts: &Fonts,
    acts: &[(String, Vec<Page>)],
) -> Result<Vec<u8>, Error> {
    let mut numbers = Numbers(0);
    let (catalog, tree, info, outline) =
        (numbers.next(), numbers.next(), numbers.next(), numbers.next());
    let mut pdf = Pdf::new();
    let regular = font(&mut pdf, &mut numbers, &fonts.regular)?;
    let bold = font(&mut pdf, &mut numbers, &fonts.bold)?;
    let (mut kids, mut firsts) = (Vec::new(), Vec::new());
    for (name, pages) in acts {
        for (index, page) in pages.iter().enumerate() {
            let (id, content) = (numbers.next(), numbers.next());
            let stream = deflated(&draw(page, fonts))?;
            pdf.stream(content, &stream).filter(Filter::FlateDecode);
            let mut writer = pdf.page(id);
            writer.parent(tree).media_box(Rect::new(0.0, 0.0, WIDTH, HEIGHT)).contents(content);
            writer.resources().fonts().pair(REGULAR, regular).pair(BOLD, bold);
            writer.finish();
            kids.push(id);
            if index == 0 {
                firsts.push((name.as_str(), id));
            }
        }
    }
    let count = i32::try_from(kids.len()).unwrap_or(i32::MAX);
    pdf.pages(tree).kids(kids).count(count);
    outlines(&mut pdf, &mut numbers, outline, &firsts);
    pdf.document_info(info).title(TextStr(title)).producer(TextStr("ETS Hub"));
    let mut writer = pdf.catalog(catalog);
    writer.pages(tree).outlines(outline).lang(TextStr(lang.code()));
    writer.viewer_preferences().display_doc_title(true);
    writer.finish();
    Ok(pdf.finish())
}

/// An entry for the first page of each act.
fn outlines(pdf: &mut Pdf, numbers: &mut Numbers, outline: Ref, firsts: &[(&str, Ref)]) {
    let items: Vec<Ref> = firsts.iter().map(|_| numbers.next()).collect();
    let mut root = pdf.outline(outline);
    if let (Some(first), Some(last)) = (items.first(), items.last()) {
        root.first(*first).last(*last).count(i32::try_from(items.len()).unwrap_or(i32::MAX));
    }
    root.finish();
    for (index, (name, page)) in firsts.iter().enumerate() {
        let mut item = pdf.outline_item(items[index]);
        item.title(TextStr(name)).parent(outline);
        if let Some(before) = index.checked_sub(1) {
            item.prev(items[before]);
        }
        if let Some(next) = items.get(index + 1) {
            item.next(*next);
        }
        item.dest().page(*page).fit();
    }
}

/// A font, whole: it is cut down already.
fn font(pdf: &mut Pdf, numbers: &mut Numbers, font: &Font) -> Result<Ref, Error> {
    let [id, cid, descriptor, cmap, file] = std::array::from_fn(|_| numbers.next());
    let name = Name(font.name.as_bytes());
    pdf.type0_font(id)
        .base_font(name)
        .encoding_predefined(Name(b"Identity-H"))
        .descendant_font(cid)
        .to_unicode(cmap);
    let mut writer = pdf.cid_font(cid);
    writer
        .subtype(CidFontType::Type2)
        .base_font(name)
        .system_info(SYSTEM)
        .font_descriptor(descriptor)
        .default_width(0.0)
        .cid_to_gid_map_predefined(Name(b"Identity"));
    writer.widths().consecutive(0, font.widths.iter().copied());
    writer.finish();
    let [left, low, right, high] = font.bbox;
    pdf.font_descriptor(descriptor)
        .name(name)
        .flags(FontFlags::NON_SYMBOLIC)
        .bbox(Rect::new(left, low, right, high))
        .italic_angle(0.0)
        .ascent(font.ascent)
        .descent(font.descent)
        .cap_height(font.cap_height)
        .stem_v(if font.bold { 120.0 } else { 80.0 })
        .font_file2(file);
    let mut unicode = UnicodeCmap::new(Name(b"Custom"), SYSTEM);
    font.characters().for_each(|(glyph, character)| unicode.pair(glyph, character));
    let unicode = deflated(&unicode.finish())?;
    pdf.cmap(cmap, &unicode).filter(Filter::FlateDecode);
    let bytes = deflated(font.bytes)?;
    let mut stream = pdf.stream(file, &bytes);
    stream.filter(Filter::FlateDecode);
    stream.pair(Name(b"Length1"), i32::try_from(font.bytes.len()).unwrap_or(i32::MAX));
    stream.finish();
    Ok(id)
}

fn draw(page: &Page, fonts: &Fonts) -> Vec<u8> {
    let mut content = Content::new();
    for mark in &page.marks {
        match mark {
            Mark::Text { x, y, size, weight, gray, text } => {
                let name = if *weight == Weight::Bold { BOLD } else { REGULAR };
                let font = fonts.of(*weight);
                let glyphs: Vec<u8> =
                    text.chars().flat_map(|c| font.glyph(c).to_be_bytes()).collect();
                content.begin_text().set_fill_gray(*gray).set_font(name, *size);
                content.next_line(*x, HEIGHT - y).show(Str(&glyphs)).end_text();
            }
            Mark::Line { from, to, width, gray } => {
                content.set_line_width(*width).set_stroke_gray(*gray);
                content.move_to(from.0, HEIGHT - from.1).line_to(to.0, HEIGHT - to.1).stroke();
            }
            Mark::Fill { x, y, width, height, gray } => {
                content.set_fill_gray(*gray);
                content.rect(*x, HEIGHT - y - height, *width, *height).fill_nonzero();
            }
        }
    }
    content.finish().to_vec()
}

fn deflated(bytes: &[u8]) -> Result<Vec<u8>, Error> {
    let mut encoder = ZlibEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(bytes).and_then(|()| encoder.finish()).map_err(|_| Error::Font)
}
