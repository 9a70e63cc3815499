//! The resolver of the segments: how questions ended.

use super::exposition::Text;
use crate::service::App;

pub(super) fn write(app: &App, out: &mut Text) {
    let resolver = app.deps.resolver.as_ref();
    let kept = resolver.map_or(0, ets_dns::Resolver::kept);
    out.single("ets_dns_kept", "gauge", "Answers of servers outside that are kept.", kept as f64);
    let stripped = resolver.map_or(0, |one| one.figures().stripped());
    out.single(
        "ets_dns_stripped_total",
        "counter",
        "Inner addresses taken out of answers from outside.",
        stripped as f64,
    );
    let name = "ets_dns_queries_total";
    out.head(name, "counter", "Questions by how they ended; stale: a server outside was silent.");
    for (result, count) in resolver.into_iter().flat_map(|one| one.figures().queries()) {
        out.add(format_args!("{name}{{result=\"{result}\"}} {count}\n"));
    }
}
