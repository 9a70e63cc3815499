//! Every operation there is, by what it is about.

mod gateway;
mod registry;
mod rights;
mod rules;
mod services;
mod system;
mod traffic;
mod trust;
mod watch;

use super::operation::Operation;

/// All of them.
pub(crate) fn operations() -> impl Iterator<Item = &'static Operation> {
    let tables = [
        watch::OPERATIONS,
        registry::OPERATIONS,
        rules::OPERATIONS,
        gateway::OPERATIONS,
        services::OPERATIONS,
        traffic::OPERATIONS,
        trust::OPERATIONS,
        rights::OPERATIONS,
        system::OPERATIONS,
    ];
    tables.into_iter().flatten()
}
