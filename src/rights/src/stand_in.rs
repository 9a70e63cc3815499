//! One stands in for another: he has the other's grants meanwhile, and acts for him.

use ets_model::{PersonId, WallTime};
use ets_store::values;
use serde_json::json;

use crate::change::{Draft, Now};
use crate::people::{known, times, whole};
use crate::{By, Error, Rights, Substitution};

impl Rights {
    /// Lets `stand_in` stand in for `of` from then until then; answers its number. Where `of` has
    /// what needs a second person, or is to have it while this lasts, it waits for
    /// [`Self::confirm_substitution`].
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
            let overlaps = |one: &Substitution| {
                one.of == *of
                    && !one.span.is_over(span.from)
                    && span.until.is_none_or(|until| one.span.from < until)
            };
            if of == stand_in || person.stands_in.iter().any(overlaps) {
                return Err(Error::Already);
            }
            let needs_second = now.world.asks_second(principal, span, now.at);
            let detail = json!({
                "of": of.as_str(),
                "by": stand_in.as_str(),
                "names": [principal.name, person.name],
                "from": span.from,
                "until": span.until,
                "needs_second": needs_second,
            });
            let sql = "INSERT INTO rights_substitution (no, of_person, by_person, since, until, \
                given_by, given_person, why, needs_second) \
                VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)";
            let row = values![
                of.as_str(),
                stand_in.as_str(),
                span.from.0,
                span.until.map(|until| until.0),
                &by.author.actor,
                by.human(),
                by.author.reason.trim(),
                needs_second
            ];
            let draft = Draft::new("rights.substitute", "substitution", "").detail(detail);
            Ok(Some(draft.insert("rights_substitution", sql, row).touches(stand_in)))
        })
        .await
    }

    /// Confirms a substitution as the second person.
    ///
    /// # Errors
    /// [`Error::Second`], [`Error::NotWaiting`], [`Error::NoSubstitution`]; the database's.
    pub async fn confirm_substitution(&self, no: i64, by: &By) -> Result<(), Error> {
        let stand_in = self.stand_in(no).await?;
        self.change(by, |now| {
            let one = standing(now, &stand_in, no)?;
            whole(now, known(now, &one.of)?, by)?;
            if !now.world.waits(one, now.at) {
                return Err(Error::NotWaiting);
            }
            // Of whom nobody knows who he was, nobody can say that he is another.
            let gave = one.given_human.as_deref().is_none_or(|giver| giver == by.human());
            if gave || by.is_other(&stand_in, now).is_err() {
                return Err(Error::Second);
            }
            let sql = "UPDATE rights_substitution SET confirmed = $2, confirmed_by = $3 \
                WHERE no = $1 AND confirmed IS NULL";
            let draft = about("rights.substitute.confirm", one);
            Ok(Some(draft.update(sql, values![no, now.at.0, &by.author.actor])))
        })
        .await
        .map(drop)
    }

    /// Ends a substitution.
    ///
    /// # Errors
    /// [`Error::NoSubstitution`]; the database's.
    pub async fn end_substitution(&self, no: i64, by: &By) -> Result<(), Error> {
        let stand_in = self.stand_in(no).await?;
        self.change(by, |now| {
            let one = standing(now, &stand_in, no)?;
            whole(now, known(now, &one.of)?, by)?;
            let sql = "UPDATE rights_substitution SET ended = $2, ended_by = $3 \
                WHERE no = $1 AND ended IS NULL";
            let draft = about("rights.substitute.end", one);
            Ok(Some(draft.update(sql, values![no, now.at.0, &by.author.actor])))
        })
        .await
        .map(drop)
    }

    /// Who stands in.
    async fn stand_in(&self, no: i64) -> Result<PersonId, Error> {
        let sql = "SELECT by_person FROM rights_substitution WHERE no = $1";
        let row = self.0.store.query_optional(sql, &values![no]).await?;
        let row = row.ok_or(Error::NoSubstitution(no))?;
        Ok(PersonId::from_kept(row.text("by_person")?))
    }
}

fn standing<'a>(now: &'a Now<'_>, stand_in: &PersonId, no: i64) -> Result<&'a Substitution, Error> {
    let stands_in = &known(now, stand_in)?.stands_in;
    let one = stands_in.iter().find(|one| one.no == no && !one.span.is_over(now.at));
    one.ok_or(Error::NoSubstitution(no))
}

fn about(action: &'static str, one: &Substitution) -> Draft {
    let detail = json!({ "of": one.of.as_str(), "by": one.by.as_str() });
    Draft::new(action, "substitution", one.no.to_string()).detail(detail).touches(&one.by)
}
