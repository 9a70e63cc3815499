//! Compresses the assets, names them by their content, and writes the table of them.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::{env, fs};

use sha2::{Digest as _, Sha256};

/// The files that are served, fonts first because the style sheet names them.
const ASSETS: [(&str, &str); 7] = [
    ("plex-sans-400.woff2", "font/woff2"),
    ("plex-sans-600.woff2", "font/woff2"),
    ("plex-mono-400.woff2", "font/woff2"),
    ("star.svg", "image/svg+xml"),
    ("site.css", "text/css; charset=utf-8"),
    ("live.js", "text/javascript; charset=utf-8"),
    ("speed.js", "text/javascript; charset=utf-8"),
];

fn main() {
    println!("cargo::rerun-if-changed=assets");
    println!("cargo::rerun-if-changed=templates");
    let out = PathBuf::from(env::var_os("OUT_DIR").expect("cargo sets OUT_DIR"));
    let mut names: Vec<(String, String)> = Vec::new();
    let mut table = String::from("// Written by build.rs; do not edit.\n");
    let mut entries = String::new();
    for (name, mime) in ASSETS {
        let mut bytes = fs::read(Path::new("assets").join(name)).expect("every asset exists");
        if mime.starts_with("text/css") {
            bytes = with_hashed_names(bytes, &names);
        }
        let hash = hex::encode(&Sha256::digest(&bytes)[..6]);
        let (stem, extension) = name.rsplit_once('.').expect("every asset has an extension");
        let path = format!("/assets/{stem}.{hash}.{extension}");
        let constant = name.replace(['.', '-'], "_").to_uppercase();
        table.push_str(&format!(
            "/// Where `{name}` is served.\npub const {constant}: &str = {path:?};\n"
        ));
        entries.push_str(&entry(&out, name, mime, &path, &bytes));
        names.push((name.to_owned(), path));
    }
    table.push_str(&format!("static ASSETS: &[Asset] = &[\n{entries}];\n"));
    fs::write(out.join("assets.rs"), table).expect("OUT_DIR is writable");
}

/// The style sheet with the hashed names of the fonts in it.
fn with_hashed_names(bytes: Vec<u8>, names: &[(String, String)]) -> Vec<u8> {
    let mut text = String::from_utf8(bytes).expect("the style sheet is UTF-8");
    for (name, path) in names {
        text = text.replace(&format!("url({name})"), &format!("url({path})"));
    }
    text.into_bytes()
}

/// One line of the table; fonts are compressed already.
fn entry(out: &Path, name: &str, mime: &str, path: &str, bytes: &[u8]) -> String {
    let write = |suffix: &str, bytes: &[u8]| {
        let file = out.join(format!("{name}{suffix}"));
        fs::write(&file, bytes).expect("OUT_DIR is writable");
        format!("include_bytes!({:?})", file.display().to_string())
    };
    let plain = write("", bytes);
    let (brotli, gzip) = if mime.starts_with("font/") {
        ("None".to_owned(), "None".to_owned())
    } else {
        let brotli = write(".br", &brotli_of(bytes));
        let gzip = write(".gz", &gzip_of(bytes));
        (format!("Some({brotli})"), format!("Some({gzip})"))
    };
    format!(
        "Asset {{ path: {path:?}, mime: {mime:?}, plain: {plain}, brotli: {brotli}, gzip: {gzip} }},\n"
    )
}

fn brotli_of(bytes: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    let mut writer = brotli::CompressorWriter::new(&mut out, 4096, 9, 20);
    writer.write_all(bytes).expect("writing to memory cannot fail");
    drop(writer);
    out
}

fn gzip_of(bytes: &[u8]) -> Vec<u8> {
    let mut writer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    writer.write_all(bytes).expect("writing to memory cannot fail");
    writer.finish().expect("writing to memory cannot fail")
}
