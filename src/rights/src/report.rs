//! Who can do what, and who could on that day.

use ets_model::{PersonId, WallTime};

use crate::{Error, Held, Rights};

/// One person with one thing that he may.
#[derive(Clone, Debug)]
pub struct Line {
    /// His number in addresses.
    pub no: i64,
    /// Who he is.
    pub person: PersonId,
    /// What he is called.
    pub name: String,
    /// His institution, as his certificate names it.
    pub organisation: String,
    /// What he may, with which rights and where.
    pub held: Held,
}

impl Rights {
    /// Who may what at `at`, now or in the past, by name; with a right, only those who have it and
    /// of their rights only this. Suspended people and grants are not in it.
    ///
    /// # Errors
    /// The database's.
    pub async fn report(&self, at: WallTime, right: Option<&str>) -> Result<Vec<Line>, Error> {
        let world = self.everything().await?;
        let mut people: Vec<_> = world.people().collect();
        people.sort_by(|one, other| (&one.name, one.no).cmp(&(&other.name, other.no)));
        let mut lines = Vec::new();
        for person in people {
            for mut held in world.of(&person.id, at) {
                held.rights.retain(|one| right.is_none_or(|right| one == right));
                if !held.rights.is_empty() {
                    lines.push(Line {
                        no: person.no,
                        person: person.id.clone(),
                        name: person.name.clone(),
                        organisation: person.organisation.clone(),
                        held,
                    });
                }
            }
        }
        Ok(lines)
    }
}
