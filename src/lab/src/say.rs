//! What the lab says to the person in front of it.

use std::cell::Cell;
use std::fmt::Display;
use std::io::Write;
use std::time::Duration;

use crate::describe::Description;
use crate::fault::Listed;
use crate::layout::Layout;

/// Speaks on standard output, or on standard error when that is for a program.
pub(crate) struct Say {
    json: bool,
    open: Cell<bool>,
}

impl Say {
    /// For people, or with `json` for a program.
    pub(crate) fn new(json: bool) -> Self {
        Self { json, open: Cell::new(false) }
    }

    /// A step begins.
    pub(crate) fn step(&self, text: &str) {
        let end = if self.open.replace(true) { "\n" } else { "" };
        self.write(&format!("{end}  {text} …"));
    }

    /// The step that began last is done, so long after the start.
    pub(crate) fn done(&self, after: Duration) {
        if !self.open.replace(false) {
            return;
        }
        let text = if after.is_zero() {
            " done\n".to_owned()
        } else {
            format!(" {:.1} s\n", after.as_secs_f64())
        };
        self.write(&text);
    }

    /// Something that the person should know, between steps.
    pub(crate) fn note(&self, text: &str) {
        self.write(&format!("  {text}\n"));
    }

    /// The step that began last cannot be done: what is said next begins a line.
    pub(crate) fn broken_off(&self) {
        if self.open.replace(false) {
            self.write("\n");
        }
    }

    /// The lab is ready.
    pub(crate) fn ready(
        &self,
        lab: &Description,
        layout: &Layout,
        link: Option<&str>,
        after: Duration,
    ) {
        self.done(after);
        if self.json {
            let line =
                serde_json::json!({ "ready": true, "lab": layout.lab_json(), "entry_link": link });
            print(&format!("{line}\n"));
        } else {
            self.write(&block(lab, layout, link, after));
        }
    }

    fn write(&self, text: &str) {
        if self.json {
            tell(text);
        } else {
            print(text);
        }
    }
}

/// Prints; a closed standard output is nobody listening, and no reason to end.
pub(crate) fn print(text: &str) {
    let mut out = std::io::stdout();
    let _ = out.write_all(text.as_bytes()).and_then(|()| out.flush());
}

/// Says on standard error; a closed one is nobody listening either.
pub(crate) fn tell(text: &str) {
    let _ = std::io::stderr().write_all(text.as_bytes());
}

/// Says what went wrong, in the words of every command.
pub(crate) fn error(error: &impl Display) {
    tell(&format!("error: {error}\n"));
}

fn block(lab: &Description, layout: &Layout, link: Option<&str>, after: Duration) -> String {
    let program = std::env::args().next().unwrap_or_else(|| "ets-hub".to_owned());
    let dir = if Layout::new(None).is_ok_and(|usual| usual.dir == layout.dir) {
        String::new()
    } else {
        format!(" --dir {}", layout.dir.display())
    };
    let first =
        lab.segments.get(6).or(lab.segments.first()).map_or("s001", |segment| segment.id.as_str());
    let enter = link.map_or_else(
        || format!("{program} entry-link --config {}", lab.config.display()),
        |link| format!("{link}\n                    (opens once, within 15 minutes)"),
    );
    let hub = if lab.hub_pids.is_empty() {
        String::new()
    } else {
        format!(
            "  Dashboard         {}\n  Enter             {enter}\n  Or by certificate {}\n                    {}\n                    {}\n\n",
            lab.dashboard_plain_url,
            lab.dashboard_url,
            lab.admin_cert.display(),
            lab.admin_key.display()
        )
    };
    format!(
        "\n  The star is up: {} segments, {:.1} s after the start.\n\n{hub}\
         \x20 Cut a segment     {program} lab fault silent {first}{dir}\n\
         \x20 Mend it           {program} lab heal {first}{dir}\n\
         \x20 Look inside it    {program} lab exec{dir} {first} ip address\n\
         \x20 Stop              Ctrl-C\n\n",
        lab.segments.len(),
        after.as_secs_f64()
    )
}

/// The faults in force or just made, as a table.
pub(crate) fn faults(faults: &[Listed]) -> String {
    if faults.is_empty() {
        return "no faults\n".to_owned();
    }
    let width = faults.iter().map(|fault| fault.target.len()).max().unwrap_or(0);
    faults.iter().map(|fault| format!("{:width$}  {}\n", fault.target, fault.text)).collect()
}

/// What was healed, as a table.
pub(crate) fn healed(faults: &[Listed]) -> String {
    let width = faults.iter().map(|fault| fault.target.len()).max().unwrap_or(0);
    let line =
        |fault: &Listed| format!("{:width$}  healed; it was: {}\n", fault.target, fault.text);
    faults.iter().map(line).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::args::Kind;

    #[test]
    fn what_was_healed_is_not_told_as_a_fault() {
        let fault = Listed {
            id: 1,
            kind: Kind::Silent,
            target: "s007".to_owned(),
            text: "its packets vanish".to_owned(),
            from_us: 0,
            to_us: 0,
        };
        assert_eq!(healed(&[fault]), "s007  healed; it was: its packets vanish\n");
    }
}
