//! What is given to people, taken back for a while, and ended.

use ets_model::{PersonId, WallTime};
use ets_store::values;
use serde_json::json;

use crate::change::{Draft, Now};
use crate::{By, Error, Grant, Person, Rights, Scope, Span, Wanted};

const GRANT: &str = "INSERT INTO rights_grant (no, person, role, scope_kind, scope_id, since, \
    until, given, given_by, given_person, why, needs_second) \
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)";

/// What everybody has who has nothing else, where that is configured.
const BY_DEFAULT: &str = "civil-servant";

impl Rights {
    /// Enters a person, or what he is called now: called when a certificate is issued to him.
    /// `institution` is as the certificate names it.
    ///
    /// # Errors
    /// The database's.
    pub async fn know(
        &self,
        person: &PersonId,
        name: &str,
        institution: Option<&str>,
    ) -> Result<(), Error> {
        let organisation = institution.unwrap_or_default().trim().to_owned();
        let by = By::hub("a certificate was issued");
        self.change(&by, |now| Ok(self.known(now, person, name.trim(), &organisation))).await?;
        Ok(())
    }

    fn known(&self, now: &Now<'_>, id: &PersonId, name: &str, organisation: &str) -> Option<Draft> {
        let institution = now.tree.and_then(|tree| {
            let is_it = |one: &&std::sync::Arc<ets_model::Institution>| {
                let named = ets_model::Lang::ALL.map(|lang| one.name.exactly(lang));
                one.id.as_str() == organisation || named.contains(&organisation)
            };
            let found = tree.institutions().filter(|_| !organisation.is_empty()).find(is_it);
            found.map(|one| one.id.as_str().to_owned())
        });
        let detail = json!({ "name": name, "institution": organisation });
        let row = |first: &str| {
            values![first, name, organisation, institution.clone(), now.at.0].to_vec()
        };
        let Some(known) = now.world.person(id) else {
            let sql = "INSERT INTO rights_person (no, id, name, organisation, institution, known) \
                VALUES ($1, $2, $3, $4, $5, $6)";
            let draft = Draft::new("rights.person.add", "person", id.as_str())
                .detail(detail)
                .insert("rights_person", sql, row(id.as_str()))
                .touches(id);
            let default = self.0.config.civil_servant_by_default;
            return Some(if default { by_default(draft, id, now.at) } else { draft });
        };
        let same = known.name == name
            && known.organisation == organisation
            && known.institution.as_ref().map(ets_model::InstitutionId::as_str)
                == institution.as_deref();
        if same {
            return None;
        }
        let sql = "UPDATE rights_person SET name = $2, organisation = $3, institution = $4 \
            WHERE id = $1";
        let values = row(id.as_str())[..4].to_vec();
        let draft = Draft::new("rights.person.rename", "person", id.as_str());
        Some(draft.detail(detail).update(sql, values).touches(id))
    }

    /// Gives the default role to everybody who never had anything, where that is configured.
    pub(crate) async fn give_by_default(&self) -> Result<(), Error> {
        if !self.0.config.civil_servant_by_default {
            return Ok(());
        }
        let sql = "SELECT id FROM rights_person WHERE id NOT IN (SELECT person FROM rights_grant)";
        let rows = self.0.store.query(sql, &[]).await?;
        for row in rows {
            let id = PersonId::from_kept(row.text("id")?);
            let by = By::hub("everybody is a civil servant by configuration");
            let draft = |now: &Now<'_>| {
                let draft = Draft::new("rights.grant", "grant", "").touches(&id);
                Ok(Some(by_default(draft, &id, now.at)))
            };
            self.change(&by, draft).await?;
        }
        Ok(())
    }

    /// Gives a role to a person; answers the grant's number. Where the role says so, it waits for
    /// [`Self::confirm`].
    ///
    /// # Errors
    /// What is wrong with it; the database's. Nothing was given then.
    pub async fn give(&self, person: &PersonId, wanted: Wanted, by: &By) -> Result<i64, Error> {
        self.change(by, |now| give(now, person, &wanted, by).map(Some)).await
    }

    /// Ends a grant.
    ///
    /// # Errors
    /// [`Error::NoGrant`], [`Error::LastAdministrator`]; the database's.
    pub async fn end(&self, no: i64, by: &By) -> Result<(), Error> {
        let owner = self.owner(no).await?;
        self.change(by, |now| {
            let (person, grant) = standing(now, &owner, no)?;
            by.may_give(&grant.scope, now)?;
            let sql = "UPDATE rights_grant SET ended = $2, ended_by = $3 \
                WHERE no = $1 AND ended IS NULL";
            let draft = about("rights.end", person, grant);
            Ok(Some(draft.update(sql, values![no, now.at.0, &by.author.actor]).touches(&owner)))
        })
        .await
        .map(drop)
    }

    /// Confirms a grant as the second person.
    ///
    /// # Errors
    /// [`Error::Second`], [`Error::NotWaiting`], [`Error::NoGrant`]; the database's.
    pub async fn confirm(&self, no: i64, by: &By) -> Result<(), Error> {
        let owner = self.owner(no).await?;
        self.change(by, |now| {
            let (person, grant) = standing(now, &owner, no)?;
            by.may_give(&grant.scope, now)?;
            if !grant.waits(now.at) {
                return Err(Error::NotWaiting);
            }
            if grant.given_human == by.human() || by.is_other(&owner, now).is_err() {
                return Err(Error::Second);
            }
            let sql = "UPDATE rights_grant SET confirmed = $2, confirmed_by = $3 \
                WHERE no = $1 AND confirmed IS NULL";
            let draft = about("rights.confirm", person, grant);
            Ok(Some(draft.update(sql, values![no, now.at.0, &by.author.actor]).touches(&owner)))
        })
        .await
        .map(drop)
    }

    /// Suspends a grant, for good or until `until`.
    ///
    /// # Errors
    /// [`Error::NoGrant`], [`Error::Suspended`], [`Error::LastAdministrator`]; the database's.
    pub async fn suspend_grant(
        &self,
        no: i64,
        until: Option<WallTime>,
        by: &By,
    ) -> Result<(), Error> {
        let owner = self.owner(no).await?;
        self.change(by, |now| {
            let (person, grant) = standing(now, &owner, no)?;
            by.may_give(&grant.scope, now)?;
            if grant.is_suspended(now.at) {
                return Err(Error::Suspended);
            }
            let draft = about("rights.suspend", person, grant);
            suspended(draft, &owner, Some(no), (now.at, until), by)
        })
        .await
        .map(drop)
    }

    /// Suspends everything that a person has, for good or until `until`.
    ///
    /// # Errors
    /// As [`Self::suspend_grant`], and [`Error::NoPerson`].
    pub async fn suspend(
        &self,
        person: &PersonId,
        until: Option<WallTime>,
        by: &By,
    ) -> Result<(), Error> {
        self.change(by, |now| {
            let known = known(now, person)?;
            whole(now, known, by)?;
            if known.is_suspended(now.at) {
                return Err(Error::Suspended);
            }
            let draft = Draft::new("rights.person.suspend", "person", person.as_str());
            suspended(draft, person, None, (now.at, until), by)
        })
        .await
        .map(drop)
    }

    /// Lifts the suspension of a grant.
    ///
    /// # Errors
    /// [`Error::NoGrant`], [`Error::NotSuspended`]; the database's.
    pub async fn resume_grant(&self, no: i64, by: &By) -> Result<(), Error> {
        let owner = self.owner(no).await?;
        self.change(by, |now| {
            let (person, grant) = standing(now, &owner, no)?;
            by.is_other(&owner, now)?;
            by.may_give(&grant.scope, now)?;
            let at = now.at;
            let one = grant.suspensions.iter().find(|one| one.span.holds(at));
            let suspension = one.ok_or(Error::NotSuspended)?;
            Ok(Some(lifted(about("rights.resume", person, grant), &owner, suspension.no, at, by)))
        })
        .await
        .map(drop)
    }

    /// Lifts the suspension of a person.
    ///
    /// # Errors
    /// [`Error::NoPerson`], [`Error::NotSuspended`]; the database's.
    pub async fn resume(&self, person: &PersonId, by: &By) -> Result<(), Error> {
        self.change(by, |now| {
            let known = known(now, person)?;
            by.is_other(person, now)?;
            whole(now, known, by)?;
            let one = known.suspensions.iter().find(|one| one.span.holds(now.at));
            let suspension = one.ok_or(Error::NotSuspended)?;
            let draft = Draft::new("rights.person.resume", "person", person.as_str());
            Ok(Some(lifted(draft, person, suspension.no, now.at, by)))
        })
        .await
        .map(drop)
    }

    /// Whose a grant is.
    async fn owner(&self, no: i64) -> Result<PersonId, Error> {
        let sql = "SELECT person FROM rights_grant WHERE no = $1";
        let row =
            self.0.store.query_optional(sql, &values![no]).await?.ok_or(Error::NoGrant(no))?;
        Ok(PersonId::from_kept(row.text("person")?))
    }
}

fn by_default(draft: Draft, person: &PersonId, at: WallTime) -> Draft {
    let row = values![
        person.as_str(),
        BY_DEFAULT,
        "everywhere",
        "",
        at.0,
        None::<i64>,
        at.0,
        "system",
        None::<String>,
        "by configuration",
        false
    ];
    draft.insert("rights_grant", GRANT, row)
}

fn give(now: &Now<'_>, person: &PersonId, wanted: &Wanted, by: &By) -> Result<Draft, Error> {
    let known = known(now, person)?;
    by.is_other(person, now)?;
    by.may_give(&wanted.scope, now)?;
    let span = times(wanted.from, wanted.until, now.at)?;
    let no_role = || Error::NoRole(wanted.role.clone());
    let role = now.world.role(&wanted.role).and_then(|role| role.at(now.at)).ok_or_else(no_role)?;
    let same = |grant: &Grant| {
        grant.role == wanted.role
            && grant.scope == wanted.scope
            && !grant.is_over(span.from)
            && span.until.is_none_or(|until| grant.wanted.from < until)
    };
    if known.grants.iter().any(same) {
        return Err(Error::Already);
    }
    let needs_second = role.needs_second || now.world.needs_second(&role.mask, now.at);
    let detail = json!({
        "person": person.as_str(),
        "name": known.name,
        "role": wanted.role,
        "scope": wanted.scope.to_string(),
        "from": span.from,
        "until": span.until,
        "needs_second": needs_second,
    });
    let row = values![
        person.as_str(),
        &wanted.role,
        wanted.scope.kind(),
        wanted.scope.id(),
        span.from.0,
        span.until.map(|until| until.0),
        now.at.0,
        &by.author.actor,
        by.human(),
        by.author.reason.trim(),
        needs_second
    ];
    let draft = Draft::new("rights.grant", "grant", "").detail(detail).touches(person);
    Ok(draft.insert("rights_grant", GRANT, row))
}

/// From when until when, beginning now at the earliest: nobody had yesterday what he is given today.
pub(crate) fn times(
    from: Option<WallTime>,
    until: Option<WallTime>,
    now: WallTime,
) -> Result<Span, Error> {
    let from = from.unwrap_or(now).max(now);
    match until {
        Some(until) if until <= from => Err(Error::Times),
        until => Ok(Span { from, until }),
    }
}

pub(crate) fn known<'a>(now: &'a Now<'_>, id: &PersonId) -> Result<&'a Person, Error> {
    let found = now.world.person(id);
    found.map(|one| &**one).ok_or_else(|| Error::NoPerson(id.to_string()))
}

fn standing<'a>(
    now: &'a Now<'_>,
    owner: &PersonId,
    no: i64,
) -> Result<(&'a Person, &'a Grant), Error> {
    let person = known(now, owner)?;
    let grant = person.grants.iter().find(|grant| grant.no == no && !grant.is_over(now.at));
    Ok((person, grant.ok_or(Error::NoGrant(no))?))
}

/// Whoever touches everything of a person must be able to give all of it.
pub(crate) fn whole(now: &Now<'_>, person: &Person, by: &By) -> Result<(), Error> {
    let own = match &person.institution {
        Some(id) => Scope::Institution(id.clone()),
        None => Scope::Everywhere,
    };
    let scopes = person.grants.iter().filter(|grant| !grant.is_over(now.at));
    let mut scopes = scopes.map(|grant| &grant.scope).chain([&own]);
    scopes.try_for_each(|scope| by.may_give(scope, now))
}

fn about(action: &'static str, person: &Person, grant: &Grant) -> Draft {
    Draft::new(action, "grant", grant.no.to_string()).detail(json!({
        "person": person.id.as_str(),
        "name": person.name,
        "role": grant.role,
        "scope": grant.scope.to_string(),
    }))
}

fn suspended(
    draft: Draft,
    person: &PersonId,
    grant: Option<i64>,
    (at, until): (WallTime, Option<WallTime>),
    by: &By,
) -> Result<Option<Draft>, Error> {
    let span = times(None, until, at)?;
    let sql = "INSERT INTO rights_suspension (no, person, grant_no, since, until, suspended_by, \
        why) VALUES ($1, $2, $3, $4, $5, $6, $7)";
    let row = values![
        person.as_str(),
        grant,
        span.from.0,
        span.until.map(|until| until.0),
        &by.author.actor,
        by.author.reason.trim()
    ];
    Ok(Some(draft.insert("rights_suspension", sql, row).touches(person)))
}

fn lifted(draft: Draft, person: &PersonId, no: i64, at: WallTime, by: &By) -> Draft {
    let sql = "UPDATE rights_suspension SET ended = $2, ended_by = $3 \
        WHERE no = $1 AND ended IS NULL";
    draft.update(sql, values![no, at.0, &by.author.actor]).touches(person)
}
