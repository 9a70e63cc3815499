//! Documents judged by others: poppler reads the PDF, openpyxl the workbook, zbar the code.

// Helpers are tests as well.
#![allow(clippy::unwrap_used)]

use std::path::Path;
use std::process::Command;
use std::time::Instant;

use ets_documents::act::{Act, Grid, GridColumn, Signature, pdf};
use ets_documents::{Cell, Column, Error, Table, workbook};
use ets_model::Lang;

const ADDRESS: &str = "https://hub.ets.localhost/reports/kazmunai?month=2026-11";

fn column(title: &str, share: f32, is_number: bool) -> GridColumn {
    GridColumn { title: title.into(), share, is_number }
}

fn signature(side: &str, who: &str) -> Signature {
    Signature {
        side: side.into(),
        lines: vec![who.into()],
        under: "подпись, фамилия, инициалы".into(),
        below: "«___» __________ 2026 г.   М.П.".into(),
    }
}

fn act(lang: Lang, number: usize, rows: usize) -> Act {
    let (title, page_of) = match lang {
        Lang::Kk => ("Деректерді беру көлемі туралы акт", "{pages} беттің {page}-беті"),
        Lang::Ru => ("Акт об объёмах переданной информации", "Страница {page} из {pages}"),
        Lang::En => ("Act on the volumes of transferred data", "Page {page} of {pages}"),
    };
    let row = |at: usize| {
        let name = match at % 3 {
            0 => "Электрондық пошта",
            1 => "Құжат айналымы және өңірлік мұрағат жүйесі, ұзақ атауы бар қызмет",
            _ => "Бейнеконференция",
        };
        vec![name.into(), format!("{at} 204,7"), format!("{at} 811,0"), "98,2".into()]
    };
    Act {
        lang,
        letterhead: vec![
            "Шығыс Қазақстан облысының ведомствоаралық желісі".into(),
            "Өскемен қ., Қабанбай батыр көш., 148".into(),
        ],
        title: title.into(),
        subtitle: vec![format!("№ 2026-11/{number:03}"), "қараша 2026 · ноябрь 2026".into()],
        facts: vec![
            ("Учреждение".into(), format!("КГУ «Средняя школа-гимназия № {number}» акимата")),
            ("Договор".into(), "№ 17-ТС от 12.01.2026".into()),
        ],
        tables: vec![Grid {
            title: "Объёмы по услугам, МБ".into(),
            columns: vec![
                column("Услуга", 4.0, false),
                column("Передано", 1.5, true),
                column("Получено", 1.5, true),
                column("Доступность, %", 1.5, true),
            ],
            rows: (0..rows).map(row).collect(),
            totals: vec![vec!["Итого".into(), "12 345,6".into(), "98 765,4".into(), String::new()]],
        }],
        notes: vec![
            "Учтены байты третьего уровня, как они шли по линии. 1 МБ = 1 000 000 байт.".into(),
        ],
        signatures: vec![
            signature("Оператор", "Начальник узла Әбдіғалиұлы Ғ. Қ."),
            signature("Учреждение", "Директор Өмірбекқызы Ұ. Һ."),
        ],
        address: ADDRESS.into(),
        page_of: page_of.into(),
    }
}

fn run(program: &str, arguments: &[&str]) -> String {
    let output = Command::new(program).args(arguments).output();
    let output =
        output.unwrap_or_else(|error| panic!("{program}: {error}; make setup-test installs it"));
    let errors = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success() && errors.is_empty(), "{program}: {errors}");
    String::from_utf8(output.stdout).unwrap()
}

fn put(folder: &Path, name: &str, bytes: &[u8]) -> String {
    let path = folder.join(name);
    std::fs::write(&path, bytes).unwrap();
    path.display().to_string()
}

fn text(path: &str) -> String {
    run("pdftotext", &["-layout", path, "-"])
}

/// covers: N5.4
#[test]
fn an_act_is_read_by_others_in_all_three_languages() {
    let folder = tempfile::tempdir().unwrap();
    for lang in Lang::ALL {
        let bytes = pdf("Акт · Өскемен", &[act(lang, 7, 5)]).unwrap();
        let path = put(folder.path(), "act.pdf", &bytes);
        let info = run("pdfinfo", &[&path]);
        for wanted in [
            "Title:           Акт · Өскемен",
            "Pages:           1",
            "A4",
            "Producer:        ETS Hub",
        ] {
            assert!(info.contains(wanted), "{wanted} in\n{info}");
        }
        let text = text(&path);
        let expected = act(lang, 7, 5);
        for wanted in [
            expected.title.as_str(),
            "Шығыс Қазақстан облысының ведомствоаралық желісі",
            "Өскемен қ., Қабанбай батыр көш., 148",
            "КГУ «Средняя школа-гимназия № 7» акимата",
            "Әбдіғалиұлы Ғ. Қ.",
            "Өмірбекқызы Ұ. Һ.",
            "12 345,6",
            ADDRESS,
            &expected.page_of.replace("{page}", "1").replace("{pages}", "1"),
        ] {
            assert!(text.contains(wanted), "{wanted:?} in\n{text}");
        }
        let fonts = run("pdffonts", &[&path]);
        let embedded = fonts.lines().skip(2).filter(|line| line.contains("CID TrueType")).count();
        assert_eq!(embedded, 2, "{fonts}");
        println!("{lang}: {} bytes", bytes.len());
        assert_eq!(
            bytes,
            pdf("Акт · Өскемен", &[act(lang, 7, 5)]).unwrap(),
            "the same bytes again"
        );
    }
}

/// covers: N5.4
#[test]
fn a_long_table_repeats_its_head_and_signatures_are_never_alone() {
    let folder = tempfile::tempdir().unwrap();
    for rows in 0..120 {
        let bytes = pdf("Акт", &[act(Lang::Ru, 1, rows)]).unwrap();
        let path = put(folder.path(), "act.pdf", &bytes);
        let text = text(&path);
        let pages: Vec<&str> = text.trim_end_matches('\u{c}').split('\u{c}').collect();
        for (index, page) in pages.iter().enumerate() {
            assert!(page.contains("Услуга"), "{rows} rows: no head on page {}\n{page}", index + 1);
            let foot = format!("Страница {} из {}", index + 1, pages.len());
            assert!(page.contains(&foot), "{rows} rows: {foot}\n{page}");
        }
        let last = pages.last().unwrap();
        assert!(last.contains("Оператор") && last.contains("Итого"), "{rows} rows:\n{last}");
        let told = text.matches("204,7").count();
        assert_eq!(told, rows, "every row once");
    }
}

/// covers: N5.4 (D8)
#[test]
fn the_acts_of_all_49_are_one_file_within_ten_seconds_and_each_is_found_in_the_outline() {
    let folder = tempfile::tempdir().unwrap();
    let begun = Instant::now();
    let acts: Vec<Act> = (1..=49).map(|number| act(Lang::Ru, number, 12)).collect();
    let bytes = pdf("Акты за ноябрь 2026", &acts).unwrap();
    let took = begun.elapsed();
    println!("49 acts: {took:?}, {} bytes", bytes.len());
    assert!(took.as_secs() < 10);
    let path = put(folder.path(), "acts.pdf", &bytes);
    let info = run("pdfinfo", &[&path]);
    assert!(info.contains("Pages:           49"), "{info}");
    let text = text(&path);
    assert_eq!(text.matches("Страница 1 из 1").count(), 49);
    assert!(text.contains("гимназия № 49»"));
    let structure = String::from_utf8_lossy(&bytes);
    assert_eq!(structure.matches("/Dest").count(), 49);
}

/// covers: N5.4
#[test]
fn the_code_on_paper_leads_to_the_page() {
    let folder = tempfile::tempdir().unwrap();
    let path = put(folder.path(), "act.pdf", &pdf("Акт", &[act(Lang::Ru, 1, 3)]).unwrap());
    let image = folder.path().join("page");
    run("pdftoppm", &["-r", "150", "-png", "-singlefile", &path, &image.display().to_string()]);
    let read = run("zbarimg", &["-q", "--nodbus", "--raw", &format!("{}.png", image.display())]);
    assert_eq!(read.trim(), ADDRESS);
}

/// covers: N5.4
#[test]
fn what_cannot_be_printed_is_refused() {
    assert!(matches!(pdf("a", &[]), Err(Error::Empty)));
    let long = Act { address: "x".repeat(5_000), ..act(Lang::Ru, 1, 1) };
    assert!(matches!(pdf("a", &[long]), Err(Error::AddressTooLong(5_000))));
    let mut uneven = act(Lang::Ru, 1, 1);
    uneven.tables[0].rows.push(vec!["a".into()]);
    assert!(matches!(pdf("a", &[uneven]), Err(Error::Uneven { row: 1, cells: 1, columns: 4 })));
    // Nothing at all, and a cell that is higher than a page, still make a file.
    let bare = Act::default();
    assert!(pdf("a", &[bare]).unwrap().starts_with(b"%PDF-1.7"));
    let mut tall = act(Lang::Ru, 1, 2);
    tall.tables[0].rows[0][0] = "слово ".repeat(3_000);
    assert!(pdf("a", &[tall]).is_ok());
}

/// covers: N5.4
#[test]
fn a_workbook_has_numbers_as_numbers_and_no_formula() {
    let folder = tempfile::tempdir().unwrap();
    let moment = jiff::civil::date(2026, 11, 22).at(15, 4, 5, 0);
    let table = Table {
        name: "Ноябрь: всё / итог".into(),
        head: vec!["Трафик".into(), "ноябрь 2026".into()],
        columns: ["Сегмент", "Байты", "Мбит/с", "Доля", "Когда"].map(Column::new).into(),
        rows: vec![
            vec![
                Cell::text("=1+1 Өскемен"),
                Cell::whole(9_007_199_254_740_992u64),
                Cell::Decimal(12.345, 2),
                Cell::Percent(0.955, 1),
                Cell::Moment(moment),
            ],
            vec![
                Cell::Empty,
                Cell::whole(-3),
                Cell::Decimal(f64::NAN, 1),
                Cell::Empty,
                Cell::Empty,
            ],
        ],
        totals: vec![vec![
            Cell::text("Итого"),
            Cell::whole(5),
            Cell::Empty,
            Cell::Empty,
            Cell::Empty,
        ]],
    };
    let bytes = workbook("Трафик", &[table.clone(), table.clone()]).unwrap();
    assert_eq!(bytes, workbook("Трафик", &[table.clone(), table]).unwrap(), "the same bytes again");
    let path = put(folder.path(), "table.xlsx", &bytes);
    let script = "
import sys, openpyxl
book = openpyxl.load_workbook(sys.argv[1])
print(book.sheetnames)
sheet = book.worksheets[0]
for row in sheet.iter_rows(min_row=4, max_row=6):
    print([(cell.value, cell.data_type, cell.number_format) for cell in row])
print(sheet.freeze_panes, sheet.auto_filter.ref, sheet.print_title_rows)
";
    let told = run("/usr/bin/python3", &["-c", script, &path]);
    println!("{told}");
    let lines: Vec<&str> = told.lines().collect();
    assert_eq!(lines[0], "['Ноябрь всё  итог', 'Ноябрь всё  итог 2']");
    assert_eq!(
        lines[1],
        "[('=1+1 Өскемен', 's', 'General'), (9007199254740992, 'n', '#,##0'), \
         (12.345, 'n', '#,##0.00'), (0.955, 'n', '0.0%'), \
         (datetime.datetime(2026, 11, 22, 15, 4, 5), 'd', 'yyyy\\\\-mm\\\\-dd\\\\ hh:mm:ss')]"
            .replace("yyyy\\\\-mm\\\\-dd\\\\ hh:mm:ss", "yyyy-mm-dd hh:mm:ss")
    );
    assert!(lines[2].starts_with("[(None, 'n', 'General'), (-3, 'n', '#,##0'), (None, 'n'"));
    assert!(lines[3].starts_with("[('Итого', 's', 'General'), (5, 'n', '#,##0')"));
    assert_eq!(lines[4], "A4 A3:E5 $3:$3");
}

/// Leaves an act where `ETS_ACT` says, to be looked at.
#[test]
fn an_act_to_look_at() {
    if let Some(path) = std::env::var_os("ETS_ACT") {
        std::fs::write(path, pdf("Акт", &[act(Lang::Kk, 7, 34)]).unwrap()).unwrap();
    }
}
