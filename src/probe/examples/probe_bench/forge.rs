//! A million forged, late, doubled and misdirected replies from a foreign program.

use std::process::Stdio;
use std::time::Duration;

use crate::Outcome;
use crate::star::Star;

/// Sees every probe, knows everything but the key, and answers wrongly.
const FORGER: &str = include_str!("forger.py");

/// Floods the hub with forged replies while the engine probes.
pub(crate) fn flood(star: &Star, targets: u32) -> Outcome {
    let seconds = 30;
    let mut ours = star.worker("worker-ours", targets, seconds, &["v4"])?;
    std::thread::sleep(Duration::from_secs(2));
    let forger = Star::command(&star.far, "python3")
        .args(["-c", FORGER, "wire", "1000000"])
        .stdout(Stdio::piped())
        .spawn()?;
    let hping = Star::command(&star.far, "timeout")
        .args(["20", "hping3", "-q", "--icmp", "--icmptype", "0", "--flood", "-a", "10.78.0.1"])
        .arg("10.77.0.1")
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn();
    let report = forger.wait_with_output()?;
    if let Ok(mut hping) = hping {
        hping.wait()?;
    }
    let ours = ours.result()?;
    println!("forged replies over {targets} targets at 1 Hz");
    println!("  {}", String::from_utf8_lossy(&report.stdout).trim());
    println!("  hping3 --flood beside it");
    println!("  ours   {ours}");
    println!("  {:.4} % not answered (goal: 0)", 100.0 * ours.unanswered());
    Ok(())
}
