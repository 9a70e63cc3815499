//! The predicate as a condition of a query, for lists, counts and exports.

use ets_model::WallTime;
use ets_store::{Value, values};

use crate::Scope;

/// The columns of a query that say whose a row is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Columns<'a> {
    /// The institution's identifier.
    pub institution: &'a str,
    /// The segment's identifier, where rows have one: a grant for a segment reaches no other row.
    pub segment: Option<&'a str>,
    /// How many parameters the query has before these.
    pub after: usize,
}

/// The condition that a row lies in one of the scopes, with its parameters. Without a tree no
/// district is known.
pub(crate) fn condition(
    scopes: &[&Scope],
    columns: Columns<'_>,
    has_tree: bool,
) -> (String, Vec<Value>) {
    let mut parts = Vec::new();
    let mut values = Vec::new();
    let mut scopes: Vec<&Scope> = scopes.to_vec();
    scopes.sort_unstable();
    scopes.dedup();
    for scope in scopes {
        let place = columns.after + values.len() + 1;
        let institution = columns.institution;
        let part = match (scope, columns.segment) {
            (Scope::Everywhere, _) => return ("1 = 1".to_owned(), Vec::new()),
            (Scope::District(_), _) if has_tree => format!(
                "{institution} IN (SELECT id FROM registry_institution WHERE district = ${place})"
            ),
            (Scope::Institution(_), _) => format!("{institution} = ${place}"),
            (Scope::Segment(_), Some(segment)) => format!("{segment} = ${place}"),
            _ => continue,
        };
        parts.push(part);
        values.extend(values![scope.id()]);
    }
    match parts.len() {
        0 => ("1 = 0".to_owned(), values),
        _ => (format!("({})", parts.join(" OR ")), values),
    }
}

impl crate::Rights {
    /// The same as [`Self::decide`] as a condition over rows: it holds for exactly those rows on
    /// whose institution, or segment where there is such a column, the person has the right.
    pub fn as_sql(
        &self,
        person: &ets_model::PersonId,
        right: &str,
        columns: Columns<'_>,
        at: WallTime,
    ) -> (String, Vec<Value>) {
        let world = self.world();
        condition(&world.scopes(person, right, at), columns, self.registry().is_some())
    }
}
