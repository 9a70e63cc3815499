//! A gateway for tests: who comes from 127.0.N.0/24 is in segment N, and names have no address.

use std::io;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use ets_model::{SegmentId, SegmentNo};
use jiff::Zoned;

use crate::gateway::{Gateway, Resolve, World};
use crate::meters::Meters;
use crate::policy::{Ground, Policy};
use crate::relay::Patience;

struct Loop;

/// Knows no name.
pub(crate) struct Nobody;

impl World for Loop {
    fn segment_of(&self, address: IpAddr) -> Option<SegmentNo> {
        match address {
            IpAddr::V4(v4) if v4.octets()[2] > 0 => Some(SegmentNo(v4.octets()[2].into())),
            _ => None,
        }
    }

    fn now(&self) -> Zoned {
        "2026-11-30T12:00[Asia/Almaty]".parse().unwrap()
    }
}

impl Resolve for Nobody {
    async fn resolve(&self, _: &str) -> io::Result<Vec<IpAddr>> {
        Ok(Vec::new())
    }
}

/// With these rules.
pub(crate) fn gateway(rules: &str) -> Arc<Gateway<Nobody>> {
    let number = |id: &SegmentId| id.as_str().trim_start_matches('s').parse().ok().map(SegmentNo);
    let rules = Arc::new(serde_json::from_str(rules).unwrap());
    let policy = Policy::new(rules, Ground::new([]), number).unwrap();
    let patience = Patience { idle: Duration::from_secs(9), half_closed: Duration::from_secs(9) };
    let counted = (patience, Meters::in_memory().unwrap());
    Arc::new(Gateway::new(Arc::new(Loop), Nobody, policy, counted))
}
