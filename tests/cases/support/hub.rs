//! What a lab's hub says by its own command line, of its gateway, and to Prometheus.

use std::io::Write;
use std::process::Stdio;

use serde_json::Value;

use super::{Lab, hub_binary, program, text, tool};

impl Lab {
    /// `ets-hub PART … --json` with something on its standard input; what it says, must succeed.
    #[track_caller]
    pub(crate) fn hub(&self, part: &str, args: &[&str], input: &Value) -> Value {
        let said = self.try_hub(part, args, input);
        said.unwrap_or_else(|complaint| panic!("{part} {args:?}: {complaint}"))
    }

    /// The same; what it complains of where it fails.
    #[track_caller]
    pub(crate) fn try_hub(
        &self,
        part: &str,
        args: &[&str],
        input: &Value,
    ) -> Result<Value, String> {
        let mut command = program(hub_binary());
        command.args([part, "--json", "--dir"]).arg(self.path()).args(args);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().expect("the command starts");
        let mut stdin = child.stdin.take().expect("it is piped");
        // A command that needs no input may have ended by now: its status says whether that was right.
        drop(stdin.write_all(input.to_string().as_bytes()));
        drop(stdin);
        let output = child.wait_with_output().expect("it ends");
        if !output.status.success() {
            return Err(String::from_utf8_lossy(&output.stderr).into_owned());
        }
        if output.stdout.is_empty() {
            return Ok(Value::Null);
        }
        Ok(serde_json::from_slice(&output.stdout).expect("JSON"))
    }

    /// `ets-hub gateway …` without input.
    #[track_caller]
    pub(crate) fn gateway(&self, args: &[&str]) -> Value {
        self.hub("gateway", args, &Value::Null)
    }

    /// Puts the gateway's rules in force.
    #[track_caller]
    pub(crate) fn apply(&self, rules: &Value) -> Value {
        self.hub("gateway", &["apply", "-"], rules)
    }

    /// Address and port of one of the gateway's proxies: `http`, `https` or `socks5`.
    #[track_caller]
    pub(crate) fn proxy(&self, way: &str) -> (String, String) {
        let json = self.json();
        let (address, port) = text(&json["proxy"][way]).rsplit_once(':').expect("address:port");
        (address.to_owned(), port.to_owned())
    }

    /// One figure of those for Prometheus, by its name and labels as they stand there.
    #[track_caller]
    pub(crate) fn figure(&self, series: &str) -> Option<f64> {
        let figures = tool("curl", &["-fsS", text(&self.json()["metrics_url"])]);
        let value = figures.lines().find_map(|line| line.strip_prefix(series)?.strip_prefix(' '));
        value.map(|value| value.parse().expect("a figure is a number"))
    }

    /// One that counts; 0 where nothing was counted yet.
    #[track_caller]
    pub(crate) fn counted(&self, series: &str) -> u64 {
        self.figure(series).unwrap_or(0.0) as u64
    }

    /// Octets of payload of a segment that the gateway counted, `up` or `down`.
    #[track_caller]
    pub(crate) fn passed(&self, segment: &str, direction: &str) -> u64 {
        let labels = format!("segment=\"{segment}\",direction=\"{direction}\"");
        self.counted(&format!("ets_gateway_bytes_total{{{labels}}}"))
    }

    /// In both directions.
    #[track_caller]
    pub(crate) fn passed_both(&self, segment: &str) -> u64 {
        self.passed(segment, "up") + self.passed(segment, "down")
    }
}
