//! Attacks by commands of other tools, run inside the attackers' namespaces.

use std::process::Stdio;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::field::{Field, Place, hub_port, port_of};
use super::list::{Attack, By};

/// Commands that run side by side; each waits longer than it works.
const AT_ONCE: usize = 48;
/// No tool may take longer, in seconds.
const LIMIT: &str = "120";
/// What a shell says of a program that is not there, or cannot be run.
const MISSING: [i32; 2] = [126, 127];

/// A command in a namespace.
#[derive(Clone, Debug)]
pub(super) struct Line {
    netns: String,
    words: Vec<String>,
}

impl Line {
    fn new(netns: &str, template: &str, fill: &[(&str, &str)]) -> Self {
        let filled = |word: &str| {
            fill.iter().fold(word.to_owned(), |word, (name, value)| word.replace(name, value))
        };
        // A space inside a word is written `\x20` in the list.
        let split = template.split(' ').flat_map(|word| {
            let word = filled(word);
            if word.contains("\\x20") {
                return vec![word.replace("\\x20", " ")];
            }
            word.split(' ').map(str::to_owned).collect()
        });
        Self { netns: netns.to_owned(), words: split.collect() }
    }

    /// One attack's commands by one attacker.
    pub(super) fn of(attack: &Attack, field: &Field, me: &Place, targets: &[&Place]) -> Vec<Self> {
        match attack.by {
            By::Scapy => Vec::new(),
            By::All(template) => vec![Self::at(attack.name, template, field, me, targets)],
            By::Each(template) => {
                let each = targets.chunks(1);
                each.map(|one| Self::at(attack.name, template, field, me, one)).collect()
            }
        }
    }

    fn at(name: &str, template: &str, field: &Field, me: &Place, targets: &[&Place]) -> Self {
        let [first, ..] = targets else { panic!("{name} has no target") };
        let all = |at: usize| {
            targets.iter().map(|target| target.host[at].as_str()).collect::<Vec<_>>().join(" ")
        };
        let mut others = field.segments.iter().filter(|one| one.no != me.no && one.no != first.no);
        let other = others.next_back().expect("a third segment");
        let mark = mark(name, &me.id, &first.id);
        Self::new(
            &me.netns,
            template,
            &[
                ("{target}", &first.host[0]),
                ("{target6}", &first.host[1]),
                ("{targets}", &all(0)),
                ("{targets6}", &all(1)),
                ("{other}", &other.host[0]),
                ("{service}", &field.services.host[0]),
                ("{hub}", &me.hub[0]),
                ("{hub_hardware}", &me.hub_hardware),
                ("{hardware}", &me.hardware),
                ("{me}", &me.host[0]),
                ("{device}", &me.device),
                ("{port}", &port_of(me.no).to_string()),
                ("{mark}", &mark),
            ],
        )
    }
}

/// The text by which a capture knows an attack.
fn mark(name: &str, from: &str, to: &str) -> String {
    format!("ets-attack/{name}/{from}/{to};")
}

/// The same tools from the hub to each segment: these must arrive.
pub(super) fn given(field: &Field) -> Vec<Line> {
    let port = hub_port().to_string();
    let each = field.segments.iter().flat_map(|to| {
        let mark = |tool: &str| mark(&format!("given-{tool}"), "hub", &to.id);
        let line = |tool: &str, template: &str| {
            Line::new(&field.hub_netns, template, &[
                ("{to}", &to.host[0]),
                ("{hub}", &to.hub[0]),
                ("{device}", &to.hub_device),
                ("{hardware}", &to.hardware),
                ("{port}", &port),
                ("{mark}", &mark(tool)),
            ])
        };
        [
            line("hping3", "hping3 -q -n -c 1 -2 -p 9 -s {port} -k -d 64 -e {mark} {to}"),
            line("nmap", "nmap -n -Pn -sU -p 9 --max-retries 0 -g {port} --data-string {mark} {to}"),
            line(
                "mausezahn",
                "mausezahn {device} -q -c 1 -a own -b {hardware} -A {hub} -B {to} -P {mark} -t udp sp={port},dp=9",
            ),
        ]
    });
    each.collect()
}

/// The same tools from each segment to the services, as it may: these must arrive there.
pub(super) fn allowed(field: &Field) -> Vec<Line> {
    let each = field.segments.iter().flat_map(|me| {
        let of = |tool: &'static str, template| {
            let attack = format!("allowed-{tool}");
            Line::at(&attack, template, field, me, &[&field.services])
        };
        [
            of("hping3", "hping3 -q -n -c 1 -1 -d 64 -e {mark} {target}"),
            of("nmap", "nmap -n -Pn -sS -p 80 --max-retries 0 -g {port} --data-string {mark} {target}"),
            of(
                "mausezahn",
                "mausezahn {device} -q -c 1 -a own -b {hub_hardware} -A {me} -B {target} -P {mark} -t udp sp={port},dp=53",
            ),
        ]
    });
    each.collect()
}

/// Runs commands side by side to their ends; whatever they find, they must have run.
#[track_caller]
pub(super) fn run(lines: &[Line]) {
    let next = AtomicUsize::new(0);
    let work = || {
        while let Some(line) = lines.get(next.fetch_add(1, Ordering::Relaxed)) {
            let status = crate::support::program("ip")
                .args(["netns", "exec", &line.netns, "timeout", LIMIT])
                .args(&line.words)
                .stdin(Stdio::null())
                .stdout(Stdio::null())
                .stderr(Stdio::null())
                .status()
                .expect("ip starts");
            let missing = status.code().is_none_or(|code| MISSING.contains(&code));
            assert!(
                !missing,
                "cannot run {line:?}: is the tool installed (scripts/setup.sh test)?"
            );
        }
    };
    std::thread::scope(|scope| {
        (0..AT_ONCE).for_each(|_| drop(scope.spawn(work)));
    });
}
