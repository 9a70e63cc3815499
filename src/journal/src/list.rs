//! Reading the journal, newest first.

use ets_model::WallTime;
use ets_store::{Row, Store, Value};

use crate::chain::{COLUMNS, Stored, hash_of};
use crate::{Entry, Error, Recorded, Subject};

/// Which entries; an empty filter takes all.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Filter {
    /// Of this actor, or on behalf of him.
    pub person: Option<String>,
    /// Actions that start with this: `segment.` or `segment.create`.
    pub action: Option<String>,
    /// Of subjects of this kind.
    pub subject_kind: Option<String>,
    /// Of this subject.
    pub subject_id: Option<String>,
    /// Done from this segment.
    pub from_segment: Option<String>,
    /// Not before this moment.
    pub since: Option<WallTime>,
    /// Before this moment.
    pub until: Option<WallTime>,
}

/// Which page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Page {
    /// Entries with a smaller number than this; `None` begins with the newest.
    pub before: Option<i64>,
    /// At most so many, 1 to 1,000.
    pub limit: u32,
}

impl Default for Page {
    fn default() -> Self {
        Self { before: None, limit: 50 }
    }
}

/// One page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listing {
    /// Newest first.
    pub entries: Vec<Recorded>,
    /// [`Page::before`] of the next page; `None` on the last.
    pub next: Option<i64>,
}

/// A page of the journal.
///
/// # Errors
/// The database's, or [`Error::Unreadable`].
pub async fn list(store: &Store, filter: &Filter, page: Page) -> Result<Listing, Error> {
    let limit = page.limit.clamp(1, 1_000) as usize;
    let mut question = Question::default();
    question.restrict(filter, page);
    let sql = format!(
        "SELECT {COLUMNS}, hash FROM journal_entry{} ORDER BY seq DESC LIMIT {}",
        question.clause(),
        limit + 1
    );
    let rows = store.query(&sql, &question.values).await?;
    let entries: Vec<Recorded> = rows.iter().take(limit).map(recorded).collect::<Result<_, _>>()?;
    let next = entries.last().filter(|_| rows.len() > limit).map(|entry| entry.seq);
    Ok(Listing { entries, next })
}

/// Conditions and their parameters, grown together.
#[derive(Default)]
struct Question {
    conditions: Vec<String>,
    values: Vec<Value>,
}

impl Question {
    /// Adds a condition, `?` standing for its parameter, which may come more than once.
    fn and(&mut self, condition: &str, value: Option<impl Into<Value>>) {
        if let Some(value) = value {
            self.values.push(value.into());
            let parameter = format!("${}", self.values.len());
            self.conditions.push(condition.replace('?', &parameter));
        }
    }

    fn restrict(&mut self, filter: &Filter, page: Page) {
        self.and("seq < ?", page.before);
        self.and("(actor = ? OR on_behalf = ?)", filter.person.as_deref());
        self.and("substr(action, 1, length(?)) = ?", filter.action.as_deref());
        self.and("subject_kind = ?", filter.subject_kind.as_deref());
        self.and("subject_id = ?", filter.subject_id.as_deref());
        self.and("from_segment = ?", filter.from_segment.as_deref());
        self.and("at >= ?", filter.since.map(|time| time.0));
        self.and("at < ?", filter.until.map(|time| time.0));
    }

    fn clause(&self) -> String {
        if self.conditions.is_empty() {
            String::new()
        } else {
            format!(" WHERE {}", self.conditions.join(" AND "))
        }
    }
}

fn recorded(row: &Row) -> Result<Recorded, Error> {
    let stored = Stored::from_row(row)?;
    let seq = stored.seq;
    let unreadable = || Error::Unreadable { seq };
    let from_segment = stored.from_segment.map(|id| id.parse().map_err(|_| unreadable()));
    let entry = Entry {
        actor: stored.actor,
        on_behalf: stored.on_behalf,
        why: stored.why,
        from_segment: from_segment.transpose()?,
        action: stored.action,
        subject: Subject::new(stored.subject_kind, stored.subject_id),
        detail: serde_json::from_str(&stored.detail).map_err(|_| unreadable())?,
    };
    let hash = hash_of(row)?.ok_or_else(unreadable)?;
    Ok(Recorded { seq, at: stored.at, entry, hash })
}
