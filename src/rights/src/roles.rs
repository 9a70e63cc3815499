//! Roles are made, changed and closed; what they were stays known.

use ets_store::values;
use serde_json::json;

use crate::change::{Draft, Now};
use crate::{By, Error, Rights, Scope, Version};

const INSERT: &str = "INSERT INTO rights_role (no, id, title, rights, needs_second, since) \
    VALUES ($1, $2, $3, $4, $5, $6)";
const CLOSE: &str = "UPDATE rights_role SET until = $2 WHERE id = $1 AND until IS NULL";

/// The longest title, in letters.
const TITLE: usize = 120;

impl Rights {
    /// Makes a role, or makes it another from now on. Of a role that every hub has only
    /// `needs_second` can be changed. Nobody changes a role that he has, and one that needs a second
    /// person is changed by an administrator of the hub; so is one that would get rights for which
    /// a second person is needed: those who have it would have them without him.
    ///
    /// # Errors
    /// [`Error::Role`], [`Error::NoRight`], [`Error::BuiltIn`], [`Error::OwnRights`],
    /// [`Error::FourEyes`], [`Error::LastAdministrator`]; the database's.
    pub async fn put_role(
        &self,
        id: &str,
        title: &str,
        words: &[String],
        needs_second: bool,
        by: &By,
    ) -> Result<(), Error> {
        let (title, id) = (title.trim(), id.trim());
        self.change(by, |now| {
            by.may_give(&Scope::Everywhere, now)?;
            let standing = now.world.role(id).and_then(|role| role.at(now.at));
            sound(now, id, title, words)?;
            own(now, id, title, words)?;
            let rights = words.join(" ");
            let same = |one: &Version| {
                one.title == title && one.words == words && one.needs_second == needs_second
            };
            if standing.is_some_and(same) {
                return Ok(None);
            }
            by.is_without(id, now)?;
            four_eyes(id, standing, by)?;
            widened(now, id, standing, words, by)?;
            let detail = json!({
                "title": title,
                "rights": words,
                "needs_second": needs_second,
                "before": standing.map(|one| json!({
                    "title": one.title, "rights": one.words, "needs_second": one.needs_second,
                })),
            });
            let mut draft = Draft::new("rights.role", "role", id).detail(detail);
            if standing.is_some() {
                draft = draft.update(CLOSE, values![id, now.at.0]);
            }
            let row = values![id, title, rights, needs_second, now.at.0];
            Ok(Some(draft.insert("rights_role", INSERT, row)))
        })
        .await
        .map(drop)
    }

    /// Closes a role that nobody has.
    ///
    /// # Errors
    /// [`Error::NoRole`], [`Error::BuiltIn`], [`Error::Role`], [`Error::FourEyes`]; the database's.
    pub async fn close_role(&self, id: &str, by: &By) -> Result<(), Error> {
        self.change(by, |now| {
            by.may_give(&Scope::Everywhere, now)?;
            let role = now.world.role(id).filter(|role| role.at(now.at).is_some());
            let role = role.ok_or_else(|| Error::NoRole(id.to_owned()))?;
            if role.is_built_in() {
                return Err(Error::BuiltIn(id.to_owned()));
            }
            // Or it would be made anew without the second person.
            four_eyes(id, role.at(now.at), by)?;
            let mut grants = now.world.people().flat_map(|person| &person.grants);
            if grants.any(|grant| grant.role == id && !grant.is_over(now.at)) {
                return Err(Error::Role("people have it; end their grants first"));
            }
            let draft = Draft::new("rights.role.close", "role", id);
            Ok(Some(draft.update(CLOSE, values![id, now.at.0])))
        })
        .await
        .map(drop)
    }
}

fn sound(now: &Now<'_>, id: &str, title: &str, words: &[String]) -> Result<(), Error> {
    if id.parse::<ets_model::InstitutionId>().is_err() {
        return Err(Error::Role("its name is 1 to 48 of a-z, 0-9 and '-'"));
    }
    if title.chars().count() > TITLE {
        return Err(Error::Role("its title is longer than 120 letters"));
    }
    match words.iter().find(|word| !now.world.register.knows(word)) {
        Some(word) => Err(Error::NoRight(word.clone())),
        None if words.is_empty() => Err(Error::Role("it has no right")),
        None => Ok(()),
    }
}

/// Who gives a role with a second person must not be able to do without him.
fn four_eyes(id: &str, standing: Option<&Version>, by: &By) -> Result<(), Error> {
    if by.is_administrator || !standing.is_some_and(|one| one.needs_second) {
        Ok(())
    } else {
        Err(Error::FourEyes(id.to_owned()))
    }
}

/// Nor by rights that a role gets which people have already. A new role has nobody: each grant of it
/// waits for the second person.
fn widened(
    now: &Now<'_>,
    id: &str,
    standing: Option<&Version>,
    words: &[String],
    by: &By,
) -> Result<(), Error> {
    let rights = now.world.register.mask(words);
    let is_wider = standing.is_some_and(|one| !one.mask.contains(&rights));
    if by.is_administrator || !is_wider || !now.world.needs_second(&rights, now.at) {
        Ok(())
    } else {
        Err(Error::FourEyes(id.to_owned()))
    }
}

/// The roles of every hub keep their rights.
fn own(now: &Now<'_>, id: &str, title: &str, words: &[String]) -> Result<(), Error> {
    let Some(role) = now.world.role(id).filter(|role| role.is_built_in()) else { return Ok(()) };
    let same = |one: &Version| one.words == words && one.title == title;
    if role.at(now.at).is_some_and(same) { Ok(()) } else { Err(Error::BuiltIn(id.to_owned())) }
}
