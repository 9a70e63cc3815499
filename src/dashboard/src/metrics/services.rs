//! Whether the services answer.

use ets_model::HealthState;

use super::exposition::{Text, escape};
use crate::service::App;

pub(super) fn write(app: &App, out: &mut Text) {
    let picture = app.deps.services.as_ref().map(ets_poll::Handle::picture).unwrap_or_default();
    out.head(
        "ets_service_up",
        "gauge",
        "Whether a service answers its checks: 1 yes, 0 no; absent while it is unknown.",
    );
    for (id, health) in &picture.services {
        let up = match health.state {
            HealthState::Up => 1,
            HealthState::Down => 0,
            HealthState::Unknown => continue,
        };
        out.add(format_args!("ets_service_up{{service=\"{}\"}} {up}\n", escape(id.as_str())));
    }
    out.head(
        "ets_service_check_seconds",
        "gauge",
        "Time of the slowest of a service's last good answers; absent while none came.",
    );
    for (id, health) in &picture.services {
        let Some(took) = health.took() else { continue };
        let (id, took) = (escape(id.as_str()), took.as_secs_f64());
        out.add(format_args!("ets_service_check_seconds{{service=\"{id}\"}} {took}\n"));
    }
}
