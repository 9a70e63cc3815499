//! Measures the probe engine against a bare system-call loop, fping, tcpdump and forgers, on a
//! link of two network namespaces that it makes and removes itself. Run as root:
//!
//! `probe_bench all` or one of `bare`, `fping`, `rate`, `rtt`, `forge`, with `--seconds N`; or
//! `probe_bench lab DIR` for the `netd` of a lab that runs.

mod bare;
mod forge;
mod lab;
mod meter;
mod ours;
mod rtt;
mod star;

use std::path::Path;
use std::process::ExitCode;

use star::Star;

type Outcome = Result<(), Box<dyn std::error::Error>>;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match run(&arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("probe_bench: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: &[String]) -> Outcome {
    let option = |name: &str, default: u32| {
        let at = arguments.iter().position(|argument| argument == name)?;
        Some(arguments.get(at + 1).and_then(|value| value.parse().ok()).unwrap_or(default))
    };
    let seconds = option("--seconds", 20).unwrap_or(20);
    let targets = option("--targets", 10_000);
    match arguments.first().map_or("all", String::as_str) {
        "worker-bare" => bare::work(targets.unwrap_or(10_000), seconds, arguments),
        "worker-ours" => ours::work(targets.unwrap_or(10_000), seconds, arguments),
        "lab" => lab::compare(Path::new(arguments.get(1).ok_or("lab needs a folder")?), seconds),
        "bare" => compare_bare(&Star::raise()?, targets.unwrap_or(10_000), seconds),
        "fping" => compare_fping(&Star::raise()?, seconds),
        "rate" => full_rate(&Star::raise()?, targets.unwrap_or(50_000), seconds),
        "rtt" => rtt::judge(&Star::raise()?, targets.unwrap_or(10_000), seconds),
        "forge" => forge::flood(&Star::raise()?, targets.unwrap_or(2_000)),
        "all" => {
            let star = Star::raise()?;
            compare_bare(&star, 10_000, seconds)?;
            compare_fping(&star, seconds)?;
            full_rate(&star, 50_000, seconds.max(60))?;
            rtt::judge(&star, 10_000, seconds.min(20))?;
            forge::flood(&star, 2_000)
        }
        other => {
            Err(format!("{other:?} is none of all, bare, fping, rate, rtt, forge, lab").into())
        }
    }
}

fn compare_bare(star: &Star, targets: u32, seconds: u32) -> Outcome {
    for family in ["v4", "v6"] {
        let mut ours = star.worker("worker-ours", targets, seconds, &[family])?;
        let mut paced = star.worker("worker-bare", targets, seconds, &[family, "paced"])?;
        let mut blast = star.worker("worker-bare", targets, seconds, &[family, "blast"])?;
        let (ours, paced, blast) = (ours.result()?, paced.result()?, blast.result()?);
        println!("{family}: {targets} targets at 1 Hz, {seconds} s, side by side");
        println!("  ours            {ours}");
        println!("  bare, paced     {paced}");
        println!("  bare, at once   {blast}");
        println!(
            "  ratio to paced {:.2}, to at once {:.2} (goal 1.6)",
            ours.cpu_us_each() / paced.cpu_us_each(),
            ours.cpu_us_each() / blast.cpu_us_each()
        );
    }
    Ok(())
}

fn compare_fping(star: &Star, seconds: u32) -> Outcome {
    let mut fping = star.fping(5_000, seconds)?;
    let mut ours = star.worker("worker-ours", 5_000, seconds, &["v4"])?;
    let ours = ours.result()?;
    let fping = fping.summary()?;
    println!("5,000 probes a second, {seconds} s, side by side");
    println!("  ours   {ours}");
    println!("  fping  {fping}");
    println!("  ratio {:.2} (goal 0.3)", ours.cpu_us_each() / fping.cpu_us_each());
    Ok(())
}

fn full_rate(star: &Star, targets: u32, seconds: u32) -> Outcome {
    let ours = star.worker("worker-ours", targets, seconds, &["v4"])?.result()?;
    println!("{targets} probes a second for {seconds} s");
    println!("  ours   {ours}");
    println!("  {:.4} % not answered (goal under 0.01)", 100.0 * ours.unanswered());
    Ok(())
}
