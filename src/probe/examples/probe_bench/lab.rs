//! `netd` of a running lab beside the bare loop: the same targets, the same links, the same time.

use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use serde_json::Value;

use crate::Outcome;
use crate::meter::Tally;
use crate::star::Star;

/// Compares for `seconds`; `dir` is the folder of a lab that was started by root.
pub(crate) fn compare(dir: &Path, seconds: u32) -> Outcome {
    let lab: Value = serde_json::from_slice(&std::fs::read(dir.join("lab.json"))?)?;
    let netd = lab["hub_pids"]["netd"].as_u64().ok_or("lab.json names no netd")?;
    let space = lab["hub_netns"].as_str().ok_or("lab.json names no namespace")?;
    let segments = lab["segments"].as_array().ok_or("lab.json names no segments")?;
    let addresses: Vec<&str> = segments.iter().filter_map(|one| one["address"].as_str()).collect();
    let list = dir.join("addresses.txt");
    std::fs::write(&list, addresses.join("\n"))?;
    println!("{} segments of a lab, {seconds} s, side by side", addresses.len());
    for pace in ["paced", "blast"] {
        let before = used(netd)?;
        let bare = bare(space, &list, seconds, pace)?;
        // The bare loop warms up for a second before it counts.
        let probes = addresses.len() as f64 * f64::from(seconds + 1);
        let ours = (used(netd)? - before).as_secs_f64() * 1e6 / probes;
        println!("  netd         {ours:6.2} us CPU a probe");
        println!("  bare, {pace}  {bare}");
        println!("  ratio {:.2} (goal 1.6)", ours / bare.cpu_us_each());
    }
    Ok(())
}

fn bare(
    space: &str,
    list: &Path,
    seconds: u32,
    pace: &str,
) -> Result<Tally, Box<dyn std::error::Error>> {
    let program = std::env::current_exe()?;
    let output = Star::command(space, &program.to_string_lossy())
        .args(["worker-bare", "--seconds", &seconds.to_string(), "v4", pace, "--addresses"])
        .arg(list)
        .stdout(Stdio::piped())
        .output()?;
    Tally::parse(&String::from_utf8_lossy(&output.stdout))
        .ok_or_else(|| "the bare loop failed".into())
}

/// CPU time of a process, user and system, in steps of 10 ms (proc(5), fields 14 and 15).
fn used(pid: u64) -> Result<Duration, Box<dyn std::error::Error>> {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat"))?;
    let rest = stat.rsplit(") ").next().unwrap_or_default();
    let fields = rest.split(' ').skip(11).take(2);
    let ticks: u64 = fields.filter_map(|field| field.parse::<u64>().ok()).sum();
    Ok(Duration::from_millis(ticks * 10))
}
