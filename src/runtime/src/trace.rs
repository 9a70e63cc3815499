//! The log: one line an event on standard error.

use std::io::IsTerminal;

use tracing_subscriber::EnvFilter;

/// How log lines look.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum LogFormat {
    /// For people.
    #[default]
    Text,
    /// One JSON object a line.
    Json,
}

/// The TLS library warns of each handshake that a stranger breaks off or begins anew: that says
/// nothing about the hub, and anybody could fill the log with it.
const QUIET: &str = "rustls=error";

/// Starts the log. `ETS_LOG` overrides `level`, in the syntax of tracing-subscriber's filter; of the
/// TLS library only errors are told, unless either says `rustls=…`.
pub fn init_tracing(level: &str, format: LogFormat) {
    let filter = EnvFilter::try_from_env("ETS_LOG").unwrap_or_else(|_| filter(level));
    let builder = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_target(false)
        .with_ansi(std::io::stderr().is_terminal());
    let started = match format {
        LogFormat::Text => builder.try_init(),
        LogFormat::Json => builder.json().try_init(),
    };
    if started.is_err() {
        tracing::debug!("the log was already started");
    }
}

/// Of two directives for one target the later one counts.
fn filter(level: &str) -> EnvFilter {
    EnvFilter::new(format!("{QUIET},{level}"))
}

#[cfg(test)]
mod tests {
    use std::io::Write;
    use std::sync::{Arc, Mutex};

    use super::*;

    #[derive(Clone, Default)]
    struct Said(Arc<Mutex<Vec<u8>>>);

    impl Write for Said {
        fn write(&mut self, octets: &[u8]) -> std::io::Result<usize> {
            self.0.lock().unwrap().write(octets)
        }

        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    fn said(level: &str) -> String {
        let said = Said::default();
        let writer = said.clone();
        let log = tracing_subscriber::fmt()
            .with_env_filter(filter(level))
            .with_writer(move || writer.clone())
            .finish();
        tracing::subscriber::with_default(log, || {
            tracing::warn!(target: "rustls::conn", "a stranger's");
            tracing::error!(target: "rustls::conn", "a fault");
            tracing::warn!(target: "ets_hub", "our own");
        });
        let octets = said.0.lock().unwrap().clone();
        String::from_utf8(octets).unwrap()
    }

    #[test]
    fn what_strangers_do_in_a_handshake_does_not_fill_the_log_unless_it_is_wanted() {
        for level in ["info", "debug", "warn,ets_ca=debug"] {
            let said = said(level);
            assert!(!said.contains("a stranger's"), "{level}: {said}");
            assert!(said.contains("a fault") && said.contains("our own"), "{level}: {said}");
        }
        assert!(said("info,rustls=warn").contains("a stranger's"));
    }
}
