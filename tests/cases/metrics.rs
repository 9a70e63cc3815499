//! Figures for Prometheus, judged by Prometheus (S10).

use std::fs::File;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use crate::support::{Lab, Options, Running, program, tool, wait_for};

/// covers: S10, N12
#[test]
fn promtool_finds_nothing_and_a_real_prometheus_scrapes_it() {
    let lab = Lab::start(&Options::default());
    let api = lab.api();
    wait_for("all up", Duration::from_secs(10), Duration::from_millis(50), || {
        (api.count("up") == 8).then_some(())
    });
    let url = lab.json()["metrics_url"].as_str().expect("lab.json names it").to_owned();
    let text = tool("curl", &["-fsS", &url]);
    let file = lab.path().join("metrics.txt");
    std::fs::write(&file, &text).expect("it can be written");
    let judge = Command::new("promtool")
        .args(["check", "metrics"])
        .stdin(File::open(&file).expect("it can be read"))
        .output()
        .expect("promtool starts");
    let complaints = String::from_utf8_lossy(&judge.stderr).into_owned();
    assert!(judge.status.success() && complaints.is_empty(), "promtool: {complaints}");
    let port = free_port();
    let prometheus = prometheus(&lab, &url, port);
    let query =
        format!("http://127.0.0.1:{port}/api/v1/query?query=count(ets_segment_state%20%3D%3D%201)");
    wait_for(
        "eight segments up in Prometheus",
        Duration::from_secs(30),
        Duration::from_millis(300),
        || {
            let answer = program("curl").args(["-fsS", &query]).output().ok()?;
            String::from_utf8_lossy(&answer.stdout).contains("\"8\"").then_some(())
        },
    );
    drop(prometheus);
}

/// A Prometheus of Debian's.
fn prometheus(lab: &Lab, url: &str, port: u16) -> Running {
    let target = url.trim_start_matches("http://").trim_end_matches("/metrics");
    let config = lab.path().join("prometheus.yml");
    let text = format!(
        "scrape_configs:\n- job_name: hub\n  scrape_interval: 1s\n  scrape_timeout: 1s\n  static_configs:\n  - targets: ['{target}']\n"
    );
    std::fs::write(&config, text).expect("it can be written");
    let log = File::create(lab.path().join("prometheus.log")).expect("it can be made");
    let mut command = program("prometheus");
    command
        .arg(format!("--config.file={}", config.display()))
        .arg(format!("--storage.tsdb.path={}", lab.path().join("prometheus").display()))
        .arg(format!("--web.listen-address=127.0.0.1:{port}"))
        .stdout(Stdio::null())
        .stderr(log);
    Running::start(command)
}

fn free_port() -> u16 {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port is free");
    listener.local_addr().expect("it has an address").port()
}

/// The weight and time of a scrape; the scale test asks at its own size.
pub(crate) fn scrape(lab: &Lab) -> (Duration, usize) {
    let url = lab.json()["metrics_url"].as_str().expect("lab.json names it").to_owned();
    let file = lab.path().join("scrape.gz");
    let started = Instant::now();
    tool("curl", &["-fsS", "-H", "accept-encoding: gzip", "-o", &file.to_string_lossy(), &url]);
    let took = started.elapsed();
    let bytes = std::fs::metadata(&file).expect("it was written").len();
    (took, usize::try_from(bytes).expect("a scrape fits in memory"))
}
