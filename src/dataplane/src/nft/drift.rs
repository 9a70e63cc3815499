//! What one rule set has otherwise than another, in words.

use super::difference::same_type;
use super::ir::{Chain, Hook, Rule, Ruleset, Set, Table};
use super::text::{self, Names};
use super::transaction::TableName;

/// One thing that differs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    /// What: `rule in chain forward`, `element of set from4_24`.
    pub what: String,
    /// As it should be; empty: it should not be there.
    pub wanted: String,
    /// As it is; empty: it is not there.
    pub found: String,
}

/// What the kernel has otherwise than it should. A table, set or chain that is missing as a whole is
/// one difference.
pub fn drift(have: &Ruleset, want: &Ruleset, names: &Names) -> Vec<Difference> {
    compare(have, want, names, false)
}

/// Everything that would come and go between two rule sets, down to each rule and element.
pub fn changes(have: &Ruleset, want: &Ruleset, names: &Names) -> Vec<Difference> {
    compare(have, want, names, true)
}

fn compare(have: &Ruleset, want: &Ruleset, names: &Names, whole: bool) -> Vec<Difference> {
    let mut out = Out { names, whole, found: Vec::new() };
    let mut seen: Vec<_> = want.tables.iter().chain(&have.tables).map(TableName::of).collect();
    seen.sort();
    seen.dedup();
    for name in seen {
        let have = have.table(name.family, &name.name);
        out.tables(&name, have, want.table(name.family, &name.name));
    }
    out.found
}

struct Out<'a> {
    names: &'a Names,
    whole: bool,
    found: Vec<Difference>,
}

impl Out<'_> {
    fn push(&mut self, what: String, wanted: String, found: String) {
        self.found.push(Difference { what, wanted, found });
    }

    /// One line for a thing that only one side has; whether its parts are to be listed as well.
    fn only(&mut self, what: &str, text: String, wanted: bool) -> bool {
        let (wanted, found) = if wanted { (text, String::new()) } else { (String::new(), text) };
        self.push(what.to_owned(), wanted, found);
        self.whole
    }

    fn tables(&mut self, name: &TableName, have: Option<&Table>, want: Option<&Table>) {
        let text = format!("table {}", text::table_name(name));
        let empty = Table {
            family: name.family,
            name: name.name.clone(),
            sets: Vec::new(),
            chains: Vec::new(),
        };
        let goes_on = match (have, want) {
            (Some(_), Some(_)) => true,
            (_, want) => self.only(&text, text.clone(), want.is_some()),
        };
        if goes_on {
            self.parts(have.unwrap_or(&empty), want.unwrap_or(&empty));
        }
    }

    fn parts(&mut self, have: &Table, want: &Table) {
        for set in names_of(&have.sets, &want.sets, |set| &set.name) {
            self.sets(&set, have.set(&set), want.set(&set));
        }
        for chain in names_of(&have.chains, &want.chains, |chain| &chain.name) {
            self.chains(&chain, (have, have.chain(&chain)), (want, want.chain(&chain)));
        }
    }

    fn sets(&mut self, name: &str, have: Option<&Set>, want: Option<&Set>) {
        let what = format!("set {name}");
        let kind = |set: &Set| text::kind(set).join("; ");
        match (have, want) {
            (Some(have), Some(want)) if same_type(have, want) => {}
            (Some(have), Some(want)) => self.push(what, kind(want), kind(have)),
            (None, Some(set)) => {
                if !self.only(&what, kind(set), true) {
                    return;
                }
            }
            (Some(set), None) => {
                if !self.only(&what, kind(set), false) {
                    return;
                }
            }
            (None, None) => {}
        }
        self.elements(name, have, want);
    }

    fn elements(&mut self, name: &str, have: Option<&Set>, want: Option<&Set>) {
        if have.map(|set| &set.elements) == want.map(|set| &set.elements) {
            return;
        }
        let what = format!("element of set {name}");
        let names = self.names;
        let text = |set: Option<&Set>, key: &[u8]| {
            let set = set?;
            set.elements.get(key).map(|one| text::element(set, key, one, names))
        };
        let sets = [have, want].into_iter().flatten();
        let mut all: Vec<_> = sets.flat_map(|set| set.elements.keys()).collect();
        all.sort();
        all.dedup();
        for key in all {
            let of = |set: Option<&'_ Set>| set.and_then(|set| set.elements.get(key)).cloned();
            if of(have) != of(want) {
                let (wanted, found) = (text(want, key), text(have, key));
                self.push(what.clone(), wanted.unwrap_or_default(), found.unwrap_or_default());
            }
        }
    }

    fn chains(
        &mut self,
        name: &str,
        (have_in, have): (&Table, Option<&Chain>),
        (want_in, want): (&Table, Option<&Chain>),
    ) {
        let what = format!("chain {name}");
        let goes_on = match (have, want) {
            (Some(have), Some(want)) => {
                if have.base != want.base {
                    self.push(what, place(want), place(have));
                }
                true
            }
            (None, Some(chain)) => self.only(&what, place(chain), true),
            (Some(chain), None) => self.only(&what, place(chain), false),
            (None, None) => false,
        };
        if goes_on {
            let rules = |chain: Option<&'_ Chain>| chain.map(|chain| chain.rules.clone());
            let (have, want) = (rules(have).unwrap_or_default(), rules(want).unwrap_or_default());
            self.rules(name, (have_in, &have), (want_in, &want));
        }
    }

    fn rules(
        &mut self,
        chain: &str,
        (have_in, have): (&Table, &[Rule]),
        (want_in, want): (&Table, &[Rule]),
    ) {
        let what = format!("rule in chain {chain}");
        let names = self.names;
        let text = |table: &Table, rule: &Rule| {
            text::rule(rule, table.family, &|name| table.set(name), names)
        };
        let (gone, come) = unmatched(have, want);
        if gone.is_empty() && come.is_empty() && have != want {
            let order = "in another order".to_owned();
            self.push(format!("rules in chain {chain}"), "in their order".to_owned(), order);
        }
        for rule in come {
            self.push(what.clone(), text(want_in, rule), String::new());
        }
        for rule in gone {
            self.push(what.clone(), String::new(), text(have_in, rule));
        }
    }
}

/// The rules that only one side has, each as often as it has it more.
fn unmatched<'a>(have: &'a [Rule], want: &'a [Rule]) -> (Vec<&'a Rule>, Vec<&'a Rule>) {
    let mut gone: Vec<&Rule> = have.iter().collect();
    let mut come = Vec::new();
    for rule in want {
        match gone.iter().position(|other| *other == rule) {
            Some(at) => drop(gone.remove(at)),
            None => come.push(rule),
        }
    }
    (gone, come)
}

fn place(chain: &Chain) -> String {
    match &chain.base {
        None => "a chain that others jump to".to_owned(),
        Some(base) if base.hook == Hook::Dormant => "never called: the table is dormant".to_owned(),
        Some(base) => text::base(base),
    }
}

fn names_of<T>(a: &[T], b: &[T], name: impl Fn(&T) -> &String) -> Vec<String> {
    let mut names: Vec<_> = a.iter().chain(b).map(|one| name(one).clone()).collect();
    names.sort();
    names.dedup();
    names
}
