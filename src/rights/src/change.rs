//! One change of rights: checked, written with its entry in the journal, published, told.

use ets_journal::{Entry, Subject};
use ets_model::{PersonId, WallTime};
use ets_registry::{Author, Catalog};
use ets_store::{Tx, Value};
use serde_json::Value as Json;

use crate::rows::{self, Which};
use crate::world::World;
use crate::{Error, Person, Rights, Scope};

/// Who changes rights.
#[derive(Clone, Debug, Default)]
pub struct By {
    /// As the journal names him, with the reason.
    pub author: Author,
    /// Who he is, where a certificate says it, be it an administrator's.
    pub person: Option<PersonId>,
    /// For whom he acts.
    pub acting_for: Option<PersonId>,
    /// Whether he has all rights, whatever was given to him.
    pub is_administrator: bool,
    /// Whether a certificate stands that has all rights whatever is given here.
    pub break_glass: bool,
}

impl By {
    /// The hub itself.
    pub(crate) fn hub(reason: &str) -> Self {
        let author = Author { reason: reason.to_owned(), ..Author::new("system") };
        Self { author, is_administrator: true, break_glass: true, ..Self::default() }
    }

    /// Refuses who would give to himself, be it through another: what somebody has is also that of
    /// who stands in for him.
    pub(crate) fn is_other(&self, person: &PersonId, now: &Now<'_>) -> Result<(), Error> {
        let is_it = |one: &PersonId| {
            one == person || now.world.behind(one, now.at).any(|of| of.id == *person)
        };
        if self.people().any(is_it) { Err(Error::OwnRights) } else { Ok(()) }
    }

    /// Refuses who would change what he himself may, be it through another.
    pub(crate) fn is_without(&self, role: &str, now: &Now<'_>) -> Result<(), Error> {
        let given =
            |of: &Person| of.grants.iter().any(|one| one.role == role && !one.is_over(now.at));
        let has = |one: &PersonId| now.world.behind(one, now.at).any(given);
        if self.people().any(has) { Err(Error::OwnRights) } else { Ok(()) }
    }

    /// He, and for whom he acts.
    fn people(&self) -> impl Iterator<Item = &PersonId> {
        [&self.person, &self.acting_for].into_iter().flatten()
    }

    /// Refuses who may not give rights there.
    pub(crate) fn may_give(&self, scope: &Scope, now: &Now<'_>) -> Result<(), Error> {
        let may = |one: &PersonId| now.world.may_give(one, scope, now.tree, now.at);
        if self.is_administrator || self.person.as_ref().is_some_and(may) {
            Ok(())
        } else {
            Err(Error::Outside)
        }
    }

    /// By what one human is told from another in four eyes: the person, whatever certificate he
    /// shows; else what the author says.
    pub(crate) fn human(&self) -> &str {
        self.person.as_ref().map_or_else(|| self.author.human(), PersonId::as_str)
    }
}

/// What a change is checked against.
pub(crate) struct Now<'a> {
    pub(crate) world: &'a World,
    pub(crate) tree: Option<&'a Catalog>,
    pub(crate) at: WallTime,
}

/// One statement.
pub(crate) struct Step {
    sql: &'static str,
    values: Vec<Value>,
    /// The table whose next number is the statement's first value.
    table: Option<&'static str>,
}

/// A change before it is written.
pub(crate) struct Draft {
    steps: Vec<Step>,
    touched: Vec<PersonId>,
    action: &'static str,
    subject: Subject,
    detail: Json,
}

impl Draft {
    /// `kind` and `id` are what the journal calls the thing that is changed.
    pub(crate) fn new(action: &'static str, kind: &str, id: impl Into<String>) -> Self {
        let subject = Subject::new(kind, id);
        Self { steps: Vec::new(), touched: Vec::new(), action, subject, detail: Json::Null }
    }

    /// Everything else for the journal.
    pub(crate) fn detail(self, detail: Json) -> Self {
        Self { detail, ..self }
    }

    /// Whose rights are read again.
    pub(crate) fn touches(mut self, person: &PersonId) -> Self {
        self.touched.push(person.clone());
        self
    }

    /// A row that gets the next number of its table as its first value.
    pub(crate) fn insert(
        mut self,
        table: &'static str,
        sql: &'static str,
        values: impl Into<Vec<Value>>,
    ) -> Self {
        self.steps.push(Step { sql, values: values.into(), table: Some(table) });
        self
    }

    /// A change of one row, which must be there.
    pub(crate) fn update(mut self, sql: &'static str, values: impl Into<Vec<Value>>) -> Self {
        self.steps.push(Step { sql, values: values.into(), table: None });
        self
    }

    fn entry(&self, by: &Author) -> Entry {
        by.entry(self.action, self.subject.clone()).detail(self.detail.clone())
    }

    /// Writes all of it; answers the number of the last new row.
    async fn write(&self, tx: &mut Tx<'_>, by: &Author, at: WallTime) -> Result<i64, Error> {
        let mut last = 0;
        for step in &self.steps {
            let mut values = step.values.clone();
            if let Some(table) = step.table {
                last = rows::next_no(tx, table).await?;
                values.insert(0, last.into());
            }
            if tx.execute(step.sql, &values).await? != 1 {
                return Err(Error::Already);
            }
        }
        let mut entry = self.entry(by);
        if entry.subject.id.is_empty() {
            entry.subject.id = last.to_string();
        }
        ets_journal::append(tx, at, entry).await?;
        Ok(last)
    }
}

impl Rights {
    /// Checks a change on what stands, writes it, publishes it; or does nothing of it. Once it is
    /// being written it goes on even when the caller is gone. Answers the number of a new row.
    pub(crate) async fn change(
        &self,
        by: &By,
        prepare: impl FnOnce(&Now<'_>) -> Result<Option<Draft>, Error>,
    ) -> Result<i64, Error> {
        if by.author.reason.trim().is_empty() {
            return Err(Error::NeedReason);
        }
        let guard = self.0.changing.clone().lock_owned().await;
        let (world, tree, at) = (self.world(), self.tree(), self.0.clock.wall());
        let now = Now { world: &world, tree: tree.as_deref(), at };
        let Some(draft) = prepare(&now)? else { return Ok(0) };
        let (rights, by) = (self.clone(), by.clone());
        let written = tokio::spawn(async move {
            let _guard = guard;
            rights.write(draft, by, at).await
        });
        written.await.map_err(|_| Error::CutOff)?
    }

    async fn write(&self, draft: Draft, by: By, at: WallTime) -> Result<i64, Error> {
        let world = self.world();
        let (no, next) = self
            .0
            .store
            .write(move |tx: &mut Tx<'_>| {
                Box::pin(async move {
                    let no = draft.write(tx, &by.author, at).await?;
                    let next = reread(tx, &world, &draft.touched, at).await?;
                    // Whoever can give rights with the glass broken can mend everything.
                    if !by.break_glass && world.has_giver(at) && !next.has_giver(at) {
                        return Err(Error::LastAdministrator);
                    }
                    Ok((no, next))
                })
            })
            .await?;
        self.publish(next);
        Ok(no)
    }
}

/// The picture as the database has it after the change.
async fn reread(
    tx: &mut Tx<'_>,
    world: &World,
    touched: &[PersonId],
    at: WallTime,
) -> Result<World, Error> {
    let roles = rows::roles(tx, &world.register).await?;
    let mut people = Vec::new();
    for person in touched {
        let which = Which { person: Some(person), standing: Some(at) };
        people.extend(rows::people(tx, &roles, which).await?);
    }
    Ok(world.with(roles, people))
}
