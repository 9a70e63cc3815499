//! The institutions of an invented region: the ready file of 49, and as many more as are asked
//! for, always the same ones.

use std::collections::HashMap;
use std::fs;
use std::path::Path;

use ets_model::{Names, Parent};

use crate::error::{Context, Error, Result};
use crate::plan::{Mode, Plan};

const INSTITUTIONS: &str = include_str!("../data/institutions.csv");
const PROVIDER_POINTS: &str = include_str!("../data/provider_points.csv");

/// One line of the registry's file: column name to text.
pub(crate) type Row = HashMap<String, String>;

/// What the registry needs to know of one star.
#[derive(Clone, Debug)]
pub(crate) struct Seed {
    columns: Vec<String>,
    /// One row a segment, in the order of their numbers.
    pub(crate) rows: Vec<Row>,
    parents: Vec<Parent>,
}

impl Seed {
    /// The rows for a plan, with its addresses filled in; the last `critical` rows are marked so.
    pub(crate) fn new(plan: &Plan, critical: u32) -> Result<Self> {
        let (mut columns, known) = read(INSTITUTIONS)?;
        columns.push("router_hardware".to_owned());
        let first_critical = plan.shape.segments.saturating_sub(critical);
        let rows = plan.segments.iter().map(|segment| {
            let at = usize::try_from(segment.number - 1).unwrap_or(usize::MAX);
            let mut row = known.get(at).cloned().unwrap_or_else(|| invent(segment.number));
            let link = plan.link_of(segment);
            put(&mut row, "id", &segment.id);
            put(&mut row, "prefixes", &format!("{} {}", segment.net4, segment.net6));
            put(&mut row, "interface", &link.interface);
            put(&mut row, "probe_address", &segment.router4.to_string());
            put(&mut row, "router_management", &segment.router4.to_string());
            if plan.shape.mode() != Mode::Ports {
                put(&mut row, "parent", &parent_id(&link.interface));
            }
            if plan.shape.mode() == Mode::Shared {
                put(&mut row, "router_hardware", &segment.hardware);
            }
            if segment.number > first_critical {
                put(&mut row, "criticality", "critical");
            }
            row
        });
        Ok(Self { columns, rows: rows.collect(), parents: parents(plan)? })
    }

    /// The provider point of each segment.
    pub(crate) fn parent_of(&self, index: usize) -> &str {
        self.rows.get(index).and_then(|row| row.get("parent")).map_or("", String::as_str)
    }

    /// Identifiers of the provider points.
    pub(crate) fn parent_ids(&self) -> impl Iterator<Item = &str> {
        self.parents.iter().map(|parent| parent.id.as_str())
    }

    /// Writes the rows as the registry imports them: UTF-8, commas, RFC 4180.
    pub(crate) fn write(&self, path: &Path) -> Result<()> {
        let mut out = csv::Writer::from_writer(Vec::new());
        out.write_record(&self.columns).map_err(broken)?;
        for row in &self.rows {
            let cells =
                self.columns.iter().map(|column| row.get(column).map_or("", String::as_str));
            out.write_record(cells).map_err(broken)?;
        }
        let bytes = out.into_inner().map_err(|error| Error::Bug(error.to_string()))?;
        fs::write(path, bytes).at("write", path)
    }

    /// Writes the provider points as the registry takes them: a JSON list.
    pub(crate) fn write_parents(&self, path: &Path) -> Result<()> {
        let text = serde_json::to_vec_pretty(&self.parents)
            .map_err(|error| Error::Bug(error.to_string()))?;
        fs::write(path, text).at("write", path)
    }
}

fn broken(error: csv::Error) -> Error {
    Error::Bug(format!("the lab's data file: {error}"))
}

fn read(text: &str) -> Result<(Vec<String>, Vec<Row>)> {
    let mut reader = csv::Reader::from_reader(text.as_bytes());
    let columns: Vec<String> =
        reader.headers().map_err(broken)?.iter().map(str::to_owned).collect();
    let rows =
        reader.deserialize().collect::<std::result::Result<Vec<Row>, _>>().map_err(broken)?;
    Ok((columns, rows))
}

fn parents(plan: &Plan) -> Result<Vec<Parent>> {
    if plan.shape.mode() != Mode::Ports {
        return Ok(plan.links.iter().map(|link| link_point(&link.interface)).collect());
    }
    let (_, rows) = read(PROVIDER_POINTS)?;
    Ok(rows.iter().map(point).collect())
}

fn point(row: &Row) -> Parent {
    let cell = |column: &str| row.get(column).cloned().unwrap_or_default();
    let name = Names { kk: cell("name_kk"), ru: cell("name_ru"), en: cell("name_en") };
    Parent { id: cell("id"), name, provider: cell("provider"), version: 0 }
}

fn parent_id(interface: &str) -> String {
    format!("pp-{interface}")
}

fn link_point(interface: &str) -> Parent {
    let number = interface.trim_start_matches('l').trim_start_matches('0');
    let name = Names {
        kk: format!("№ {number} торап"),
        ru: format!("Узел № {number}"),
        en: format!("Node No. {number}"),
    };
    Parent {
        id: parent_id(interface), name, provider: "Кен-Байланыс".to_owned(), version: 0
    }
}

fn put(row: &mut Row, column: &str, text: &str) {
    row.insert(column.to_owned(), text.to_owned());
}

/// A kind of institution of which a region has many: identifier, names with `#` for the number,
/// kind, budget.
type Common = (&'static str, [&'static str; 3], [&'static str; 3], &'static str, &'static str);

const COMMON: [Common; 6] = [
    (
        "school",
        [
            "№ # жалпы білім беретін мектеп",
            "Общеобразовательная школа № #",
            "Secondary School No. #",
        ],
        ["№ # мектеп", "Школа № #", "School No. #"],
        "school",
        "district",
    ),
    (
        "kindergarten",
        ["№ # балабақша", "Детский сад № #", "Kindergarten No. #"],
        ["№ # балабақша", "Детсад № #", "Kindergarten No. #"],
        "kindergarten",
        "district",
    ),
    (
        "outpatient",
        ["№ # дәрігерлік амбулатория", "Врачебная амбулатория № #", "Outpatient Clinic No. #"],
        ["№ # амбулатория", "Амбулатория № #", "Clinic No. #"],
        "hospital",
        "region",
    ),
    (
        "rural-library",
        ["№ # ауылдық кітапхана", "Сельская библиотека № #", "Rural Library No. #"],
        ["№ # кітапхана", "Библиотека № #", "Library No. #"],
        "library",
        "district",
    ),
    (
        "feldsher-point",
        [
            "№ # фельдшерлік-акушерлік пункт",
            "Фельдшерско-акушерский пункт № #",
            "Feldsher and Midwife Station No. #",
        ],
        ["№ # ФАП", "ФАП № #", "Feldsher station No. #"],
        "hospital",
        "region",
    ),
    (
        "culture-house",
        ["№ # ауылдық мәдениет үйі", "Сельский дом культуры № #", "Rural House of Culture No. #"],
        ["№ # мәдениет үйі", "Дом культуры № #", "House of Culture No. #"],
        "culture",
        "district",
    ),
];

/// District, its provider point, who provides it and how.
const DISTRICTS: [(&str, &str, &str, &str, u32); 6] = [
    ("г. Кенжар", "pp-west", "Сарыжол Оптика", "оптика", 100_000),
    ("Акбулакский район", "pp-akbulak", "Кен-Байланыс", "оптика", 50_000),
    ("Сарыбельский район", "pp-sarybel", "Кен-Байланыс", "оптика", 50_000),
    ("Каратасский район", "pp-karatas", "Көкжиек Net", "радиодоступ", 20_000),
    ("Жаркольский район", "pp-zharkol", "Көкжиек Net", "радиорелейная линия", 34_000),
    ("Бозтобинский район", "pp-boztobe", "Аспан Спутник", "спутник", 10_000),
];

/// The institution with this number, above those of the file.
fn invent(number: u32) -> Row {
    let at = usize::try_from(number).unwrap_or(0);
    let (slug, names, labels, kind, budget) = &COMMON[at % COMMON.len()];
    let (district, parent, provider, technology, rate) =
        &DISTRICTS[at / COMMON.len() % DISTRICTS.len()];
    let named = |text: &str| text.replace('#', &number.to_string());
    let mut row = Row::new();
    put(&mut row, "institution", &format!("{slug}-{number}"));
    for (lang, at) in [("kk", 0), ("ru", 1), ("en", 2)] {
        put(&mut row, &format!("name_{lang}"), &named(names[at]));
        put(&mut row, &format!("label_{lang}"), &named(labels[at]));
    }
    let rate = rate.to_string();
    let contract = format!("{}/{number}", 2_022 + number % 5);
    let duty =
        format!("+7 7199 6{}-{:02}-{:02}", number / 10_000 % 10, number / 100 % 100, number % 100);
    for (column, text) in [
        ("kind", *kind),
        ("budget_level", budget),
        ("district", district),
        ("duty", &duty),
        ("method", "icmp"),
        ("provider", provider),
        ("technology", technology),
        ("down_kbps", &rate),
        ("up_kbps", &rate),
        ("contract", &contract),
        ("parent", parent),
        ("criticality", "normal"),
    ] {
        put(&mut row, column, text);
    }
    row
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::plan::Shape;

    fn seed(segments: u32, links: Option<u32>) -> Seed {
        Seed::new(&Plan::new(Shape::new(segments, links).unwrap(), "ets"), 0).unwrap()
    }

    /// covers: N1.1
    #[test]
    fn the_file_has_49_institutions_with_names_in_three_languages() {
        let seed = seed(49, None);
        let ids: BTreeSet<_> = seed.rows.iter().map(|row| &row["institution"]).collect();
        assert_eq!(ids.len(), 49);
        for row in &seed.rows {
            for column in [
                "name_kk", "name_ru", "name_en", "label_kk", "label_ru", "label_en", "kind",
                "district", "address", "head", "duty", "contract",
            ] {
                assert!(!row[column].is_empty(), "{} has no {column}", row["id"]);
            }
            assert!(row["institution"].parse::<ets_model::InstitutionId>().is_ok());
            assert!(row["id"].parse::<ets_model::SegmentId>().is_ok());
        }
    }

    #[test]
    fn every_provider_point_that_a_segment_names_is_described() {
        for seed in [seed(49, None), seed(200, None), seed(200, Some(9)), seed(1_000, Some(5))] {
            let known: BTreeSet<_> = seed.parent_ids().collect();
            for index in 0..seed.rows.len() {
                assert!(known.contains(seed.parent_of(index)), "{}", seed.parent_of(index));
            }
        }
    }

    #[test]
    fn ten_thousand_institutions_are_invented_always_the_same() {
        let (one, two) = (seed(10_000, Some(50)), seed(10_000, Some(50)));
        let ids: BTreeSet<_> = one.rows.iter().map(|row| &row["institution"]).collect();
        assert_eq!(ids.len(), 10_000);
        assert_eq!(one.rows, two.rows);
    }

    #[test]
    fn the_written_file_is_read_back_as_it_was() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("seed.csv");
        let seed = seed(60, None);
        seed.write(&path).unwrap();
        let (columns, rows) = read(&fs::read_to_string(&path).unwrap()).unwrap();
        assert_eq!(columns.len(), 29);
        assert_eq!(rows.len(), 60);
        assert_eq!(rows[0]["prefixes"], "10.10.1.0/24 fd10:10:1::/64");
        assert_eq!(rows[59]["probe_address"], "10.10.60.1");
    }

    #[test]
    fn the_last_segments_can_be_made_critical() {
        let plan = Plan::new(Shape::new(60, None).unwrap(), "ets");
        let seed = Seed::new(&plan, 2).unwrap();
        assert_eq!(seed.rows[59]["criticality"], "critical");
        assert_eq!(seed.rows[57]["criticality"], "normal");
    }
}
