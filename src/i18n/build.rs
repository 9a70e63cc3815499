//! Reads the Fluent files of the three languages, refuses to build when they disagree, and
//! writes one typed function for each message.

#[path = "build/catalog.rs"]
mod catalog;
#[path = "build/emit.rs"]
mod emit;

use std::path::{Path, PathBuf};
use std::{env, fs, process};

fn main() {
    println!("cargo::rerun-if-changed=locales");
    println!("cargo::rerun-if-changed=build");
    let mut files = Vec::new();
    for lang in catalog::LANGS {
        files.extend(read_folder(lang));
    }
    match catalog::Catalog::build(&files) {
        Ok(catalog) => write("messages.rs", &emit::module(&catalog, &files)),
        Err(faults) => {
            for fault in &faults {
                println!("cargo::error={fault}");
            }
            process::exit(1);
        }
    }
}

fn read_folder(lang: &'static str) -> Vec<catalog::Source> {
    let folder = Path::new("locales").join(lang);
    let mut paths: Vec<PathBuf> = fs::read_dir(&folder)
        .expect("the folder of each language exists")
        .map(|entry| entry.expect("the folder can be listed").path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "ftl"))
        .collect();
    paths.sort();
    paths
        .into_iter()
        .map(|path| {
            let text = fs::read_to_string(&path).expect("a Fluent file is readable UTF-8");
            catalog::Source { lang, name: path.display().to_string(), text }
        })
        .collect()
}

fn write(name: &str, text: &str) {
    let folder = PathBuf::from(env::var_os("OUT_DIR").expect("cargo sets OUT_DIR"));
    fs::write(folder.join(name), text).expect("OUT_DIR is writable");
}
