//! One stands in for another: he has the other's grants meanwhile, and acts for him.

use ets_model::{PersonId, WallTime};
use ets_store::values;
use serde_json::json;

use crate::change::Draft;
use crate::people::{known, times, whole};
use crate::{By, Error, Rights};

impl Rights {
    /// Lets `stand_in` stand in for `of` from then until then; answers its number.
    ///
    /// # Errors
    /// What is wrong with it; the database's.
    pub async fn substitute(
        &self,
        of: &PersonId,
        stand_in: &PersonId,
        (from, until): (Option<WallTime>, Option<WallTime>),
        by: &By,
    ) -> Result<i64, Error> {
        self.change(by, |now| {
            let (principal, person) = (known(now, of)?, known(now, stand_in)?);
            by.is_other(stand_in, now)?;
            whole(now, principal, by)?;
            let span = times(from, until, now.at)?;
            let overlaps = |one: &crate::Substitution| {
                one.of == *of
                    && !one.span.is_over(span.from)
                    && span.until.is_none_or(|until| one.span.from < until)
            };
            if of == stand_in || person.stands_in.iter().any(overlaps) {
                return Err(Error::Already);
            }
            let detail = json!({
                "of": of.as_str(),
                "by": stand_in.as_str(),
                "names": [principal.name, person.name],
                "from": span.from,
                "until": span.until,
            });
            let sql = "INSERT INTO rights_substitution (no, of_person, by_person, since, until, \
                given_by, why) VALUES ($1, $2, $3, $4, $5, $6, $7)";
            let row = values![
                of.as_str(),
                stand_in.as_str(),
                span.from.0,
                span.until.map(|until| until.0),
                &by.author.actor,
                by.author.reason.trim()
            ];
            let draft = Draft::new("rights.substitute", "substitution", "").detail(detail);
            Ok(Some(draft.insert("rights_substitution", sql, row).touches(stand_in)))
        })
        .await
    }

    /// Ends a substitution.
    ///
    /// # Errors
    /// [`Error::NoSubstitution`]; the database's.
    pub async fn end_substitution(&self, no: i64, by: &By) -> Result<(), Error> {
        let sql = "SELECT by_person FROM rights_substitution WHERE no = $1";
        let row = self.0.store.query_optional(sql, &values![no]).await?;
        let row = row.ok_or(Error::NoSubstitution(no))?;
        let stand_in = PersonId::from_kept(row.text("by_person")?);
        self.change(by, |now| {
            let stands_in = &known(now, &stand_in)?.stands_in;
            let one = stands_in.iter().find(|one| one.no == no && !one.span.is_over(now.at));
            let one = one.ok_or(Error::NoSubstitution(no))?;
            whole(now, known(now, &one.of)?, by)?;
            let detail = json!({ "of": one.of.as_str(), "by": stand_in.as_str() });
            let sql = "UPDATE rights_substitution SET ended = $2, ended_by = $3 \
                WHERE no = $1 AND ended IS NULL";
            let draft = Draft::new("rights.substitute.end", "substitution", no.to_string());
            let draft = draft.detail(detail).touches(&stand_in);
            Ok(Some(draft.update(sql, values![no, now.at.0, &by.author.actor])))
        })
        .await
        .map(drop)
    }
}
