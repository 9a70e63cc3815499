//! What `netd` tells in its stream of events, written down in the transaction that moves the place
//! in the stream on: each once, whatever happens to either process.

use ets_journal::{Entry, Subject, append};
use ets_model::{SegmentId, SegmentNo};
use ets_netd_api::{Cursor, Drift, Event, EventBody, Offence, RulesEvent, Why};
use ets_store::{Tx, values};
use serde_json::json;

use crate::inner::Inner;
use crate::rows::int;
use crate::settle::{self, NETD};
use crate::{Author, Back, Error, offence};

/// Findings named in one entry of the journal; the rest is counted.
const NAMED: usize = 50;

impl Inner {
    /// Writes down what an event says; events that say nothing of rules change nothing.
    pub(crate) async fn enter(
        &self,
        tx: &mut Tx<'_>,
        cursor: Cursor,
        event: &Event,
    ) -> Result<(), Error> {
        let at = event.at.wall;
        match &event.body {
            EventBody::Rules(RulesEvent::Confirmed { change }) => {
                settle::confirmed(tx, *change, None, at).await.map(drop)
            }
            EventBody::Rules(RulesEvent::Reverted { change, back_to, why }) => {
                let (why, author) = self.back(tx, *change, why).await?;
                let why = Some((why, &author));
                settle::reverted(tx, *change, *back_to, why, at).await.map(drop)
            }
            EventBody::Rules(RulesEvent::Drifted { found, mended }) => {
                let entry = Entry::new(NETD, "rules.drift", Subject::new("rules", "kernel"));
                let detail = json!({
                    "mended": mended,
                    "count": found.len(),
                    "found": found.iter().take(NAMED).map(told).collect::<Vec<_>>(),
                });
                append(tx, at, entry.detail(detail)).await?;
                Ok(())
            }
            EventBody::Offence(offence) => self.offence(tx, cursor, event, offence).await,
            // That a change is in force is asked for: the answer says until when it waits.
            _ => Ok(()),
        }
    }

    /// Why a change went back, and who is named for it.
    async fn back(&self, tx: &mut Tx<'_>, no: u64, why: &Why) -> Result<(Back, Author), Error> {
        Ok(match why {
            Why::TimeOut => (Back::TimeOut, Author::new(NETD)),
            Why::Restarted => (Back::Restarted, Author::new(NETD)),
            Why::Veto { fell } => {
                let fell = fell.iter().map(|no| self.segment(*no)).collect();
                (Back::Veto { fell }, Author::new(NETD))
            }
            Why::Asked => {
                let sql = "SELECT asked_by FROM rules_version WHERE no = $1";
                let row = tx.query_optional(sql, &values![int(no)]).await?;
                let asked = row.map(|row| row.opt_text("asked_by").map(|by| by.map(str::to_owned)));
                let by = asked.transpose()?.flatten().unwrap_or_else(|| NETD.to_owned());
                (Back::Withdrawn { by: by.clone() }, Author::new(by))
            }
        })
    }

    async fn offence(
        &self,
        tx: &mut Tx<'_>,
        cursor: Cursor,
        event: &Event,
        offence: &Offence,
    ) -> Result<(), Error> {
        if !offence::put(tx, cursor, event.at.wall, offence).await? {
            return Ok(());
        }
        let segment = offence.segment.map(|no| self.segment(no));
        let subject = match &segment {
            Some(id) => Subject::new("segment", id.as_str()),
            None => Subject::new("interface", &offence.interface),
        };
        let kind = offence::name(offence.kind);
        let detail = json!({
            "kind": kind,
            "interface": offence.interface,
            "since": offence.since.wall,
            "packets": offence.packets,
            "examples": offence.examples,
        });
        let entry = Entry::new(NETD, format!("offence.{kind}"), subject);
        append(tx, event.at.wall, entry.from_segment(segment).detail(detail)).await?;
        Ok(())
    }

    /// The identifier of a segment, retired or not; one that was never in the registry is called
    /// by its number.
    fn segment(&self, no: SegmentNo) -> SegmentId {
        let known = self.registry.catalog().by_no(no).map(|one| one.id.clone());
        let number =
            || format!("no-{no}").parse().expect("digits after a letter are an identifier");
        known.unwrap_or_else(number)
    }
}

fn told(drift: &Drift) -> serde_json::Value {
    json!({ "what": drift.what, "wanted": drift.wanted, "found": drift.found })
}
