//! Rows of the tables as values of ours.

use std::collections::HashMap;

use ets_model::{PersonId, WallTime};
use ets_store::{Row, Tx, Value, values};

use crate::{
    BUILT_IN_ROLES, Error, Grant, Person, Register, Role, Scope, Span, Substitution, Suspension,
    Version,
};

/// Which rows are wanted.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Which<'a> {
    /// Those of one person.
    pub person: Option<&'a PersonId>,
    /// Those that are not over then; all of them where it is `None`.
    pub standing: Option<WallTime>,
}

impl Which<'_> {
    /// The condition on a table in which `column` names the person.
    fn condition(&self, column: &str) -> (String, Vec<Value>) {
        let (mut text, values) = match self.person {
            Some(person) => (format!("{column} = $1"), values![person.as_str()].into()),
            None => ("1 = 1".to_owned(), Vec::new()),
        };
        if let Some(WallTime(at)) = self.standing {
            text += &format!(" AND ended IS NULL AND (until IS NULL OR until > {at})");
        }
        (text, values)
    }
}

/// All roles with everything that they were; a role keeps its place for ever.
pub(crate) async fn roles(tx: &mut Tx<'_>, register: &Register) -> Result<Vec<Role>, Error> {
    let sql = "SELECT id, title, rights, needs_second, since, until FROM rights_role ORDER BY no";
    let mut roles: Vec<Role> = Vec::new();
    for row in tx.query(sql, &[]).await? {
        let words: Vec<String> =
            row.text("rights")?.split_whitespace().map(str::to_owned).collect();
        let version = Version {
            span: span(&row)?,
            title: row.text("title")?.to_owned(),
            mask: register.mask(&words),
            words,
            needs_second: row.flag("needs_second")?,
        };
        let id = row.text("id")?;
        match roles.iter_mut().find(|role| role.id == id) {
            Some(role) => role.versions.push(version),
            None => roles.push(Role { id: id.to_owned(), versions: vec![version] }),
        }
    }
    Ok(roles)
}

/// People with what was given to them.
pub(crate) async fn people(
    tx: &mut Tx<'_>,
    roles: &[Role],
    which: Which<'_>,
) -> Result<Vec<Person>, Error> {
    let mut suspensions = suspensions(tx, which).await?;
    let mut grants = grants(tx, roles, which, &mut suspensions).await?;
    let mut stands_in = substitutions(tx, which).await?;
    let (wanted, values) = Which { standing: None, ..which }.condition("id");
    let sql =
        format!("SELECT no, id, name, organisation, institution FROM rights_person WHERE {wanted}");
    let read = |row: &Row| -> Result<Person, Error> {
        let id = PersonId::from_kept(row.text("id")?);
        let mut person = Person {
            organisation: row.text("organisation")?.to_owned(),
            institution: row.opt_text("institution")?.and_then(|id| id.parse().ok()),
            suspensions: suspensions.remove(&(id.clone(), None)).unwrap_or_default(),
            grants: grants.remove(&id).unwrap_or_default(),
            stands_in: stands_in.remove(&id).unwrap_or_default(),
            ..Person::new(row.int("no")?, id, row.text("name")?.to_owned())
        };
        person.settle();
        Ok(person)
    };
    tx.query(&sql, &values).await?.iter().map(read).collect()
}

/// By whose and by which grant they are.
type Suspended = HashMap<(PersonId, Option<i64>), Vec<Suspension>>;

async fn suspensions(tx: &mut Tx<'_>, which: Which<'_>) -> Result<Suspended, Error> {
    let (wanted, values) = which.condition("person");
    let sql = format!(
        "SELECT no, person, grant_no, since, until, ended, suspended_by, why \
         FROM rights_suspension WHERE {wanted} ORDER BY no"
    );
    let mut all = Suspended::new();
    for row in tx.query(&sql, &values).await? {
        let key = (PersonId::from_kept(row.text("person")?), row.opt_int("grant_no")?);
        all.entry(key).or_default().push(Suspension {
            no: row.int("no")?,
            span: span(&row)?.cut(moment(&row, "ended")?),
            by: row.text("suspended_by")?.to_owned(),
            why: row.text("why")?.to_owned(),
        });
    }
    Ok(all)
}

async fn grants(
    tx: &mut Tx<'_>,
    roles: &[Role],
    which: Which<'_>,
    suspensions: &mut Suspended,
) -> Result<HashMap<PersonId, Vec<Grant>>, Error> {
    let (wanted, values) = which.condition("person");
    let sql = format!(
        "SELECT no, person, role, scope_kind, scope_id, since, until, given, given_by, \
         given_person, why, needs_second, confirmed, ended FROM rights_grant \
         WHERE {wanted} ORDER BY no"
    );
    let places: HashMap<&str, usize> =
        roles.iter().enumerate().map(|(place, role)| (role.id.as_str(), place)).collect();
    let mut all: HashMap<PersonId, Vec<Grant>> = HashMap::new();
    for row in tx.query(&sql, &values).await? {
        let person = PersonId::from_kept(row.text("person")?);
        let mut grant = grant(&row, &places)?;
        grant.suspensions =
            suspensions.remove(&(person.clone(), Some(grant.no))).unwrap_or_default();
        all.entry(person).or_default().push(grant);
    }
    Ok(all)
}

fn grant(row: &Row, places: &HashMap<&str, usize>) -> Result<Grant, Error> {
    let no = row.int("no")?;
    let unreadable = |what: &str| Error::Unreadable(format!("{what} of grant {no}"));
    let role = row.text("role")?.to_owned();
    let place = *places.get(role.as_str()).ok_or_else(|| unreadable("role"))?;
    let scope = Scope::read(row.text("scope_kind")?, row.text("scope_id")?);
    Ok(Grant {
        no,
        role,
        scope: scope.ok_or_else(|| unreadable("scope"))?,
        wanted: span(row)?,
        given_by: row.text("given_by")?.to_owned(),
        given_human: row.opt_text("given_person")?.unwrap_or(row.text("given_by")?).to_owned(),
        given: WallTime(row.int("given")?),
        why: row.text("why")?.to_owned(),
        needs_second: row.flag("needs_second")?,
        confirmed: moment(row, "confirmed")?,
        ended: moment(row, "ended")?,
        suspensions: Vec::new(),
        place,
        force: None,
    })
}

async fn substitutions(
    tx: &mut Tx<'_>,
    which: Which<'_>,
) -> Result<HashMap<PersonId, Vec<Substitution>>, Error> {
    let (wanted, values) = which.condition("by_person");
    let sql = format!(
        "SELECT no, of_person, by_person, since, until, ended, given_by, given_person, why, \
         needs_second, confirmed FROM rights_substitution WHERE {wanted} ORDER BY no"
    );
    let mut all: HashMap<PersonId, Vec<Substitution>> = HashMap::new();
    for row in tx.query(&sql, &values).await? {
        let by = PersonId::from_kept(row.text("by_person")?);
        all.entry(by.clone()).or_default().push(Substitution {
            no: row.int("no")?,
            of: PersonId::from_kept(row.text("of_person")?),
            by,
            span: span(&row)?.cut(moment(&row, "ended")?),
            given_by: row.text("given_by")?.to_owned(),
            given_human: row.opt_text("given_person")?.map(str::to_owned),
            why: row.text("why")?.to_owned(),
            needs_second: row.flag("needs_second")?,
            confirmed: moment(&row, "confirmed")?,
        });
    }
    Ok(all)
}

fn span(row: &Row) -> Result<Span, Error> {
    Ok(Span { from: WallTime(row.int("since")?), until: moment(row, "until")? })
}

fn moment(row: &Row, column: &str) -> Result<Option<WallTime>, Error> {
    Ok(row.opt_int(column)?.map(WallTime))
}

/// The number of the next row of a table.
pub(crate) async fn next_no(tx: &mut Tx<'_>, table: &str) -> Result<i64, Error> {
    let sql = format!("SELECT COALESCE(MAX(no), 0) + 1 AS no FROM {table}");
    Ok(tx.query_one(&sql, &[]).await?.int("no")?)
}

/// Makes the roles that every hub has what they are in this release; whether a second person is
/// needed stays as it was.
pub(crate) async fn seed(tx: &mut Tx<'_>, at: WallTime) -> Result<(), Error> {
    for role in BUILT_IN_ROLES {
        let sql = "SELECT no, rights, needs_second FROM rights_role \
            WHERE id = $1 AND until IS NULL";
        let known = tx.query_optional(sql, &values![role.id]).await?;
        let rights = role.rights.join(" ");
        let mut needs_second = false;
        if let Some(row) = known {
            if row.text("rights")? == rights {
                continue;
            }
            needs_second = row.flag("needs_second")?;
            let sql = "UPDATE rights_role SET until = $2 WHERE no = $1";
            tx.execute(sql, &values![row.int("no")?, at.0]).await?;
        }
        let no = next_no(tx, "rights_role").await?;
        let sql = "INSERT INTO rights_role (no, id, title, rights, needs_second, since) \
            VALUES ($1, $2, '', $3, $4, $5)";
        tx.execute(sql, &values![no, role.id, rights, needs_second, at.0]).await?;
    }
    Ok(())
}
