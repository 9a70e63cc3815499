use ets_model::SegmentId;

use super::*;
use crate::policy::Ground;
use crate::quota::tests as quota;

const OFFICE: &str = r#"{ "rules": [{ "id": "work", "name": { "en": "Work" },
    "ports": ["tcp/443", "udp/443"], "hours": ["mon-fri 09:00-18:00"], "action": "allow" }] }"#;

fn policy(rules: &str) -> Policy {
    let number = |id: &SegmentId| id.as_str().trim_start_matches('s').parse().ok().map(SegmentNo);
    Policy::new(Arc::new(serde_json::from_str(rules).unwrap()), Ground::new([]), number).unwrap()
}

fn ask(protocol: Protocol, way: Way) -> Ask<'static> {
    Ask {
        segment: Some(SegmentNo(1)),
        person: None,
        host: None,
        address: IpAddr::from([198, 51, 100, 7]),
        port: 443,
        protocol,
        way,
    }
}

/// covers: N6.1, G6: what is refused is told until when, where there is somebody to be told; a flood of
/// refused datagrams looks through no week of hours
#[test]
fn until_when_is_looked_for_where_it_can_be_told() {
    let (gateway, _star) = quota::gateway(&Meters::in_memory().unwrap(), "");
    gateway.enforce(policy(OFFICE));
    let monday = Some("2026-11-30T09:00:00+05:00[Asia/Almaty]".parse().unwrap());
    for (protocol, way, until) in [
        (Protocol::Tcp, Way::Proxy, monday),
        (Protocol::Tcp, Way::Transparent, None),
        (Protocol::Udp, Way::Proxy, None),
        (Protocol::Udp, Way::Transparent, None),
    ] {
        let no = gateway.let_through(&ask(protocol, way)).unwrap_err();
        let Refusal::Rules(ruled) = no else { panic!("{no:?}") };
        assert_eq!((ruled.why, ruled.until), (Why::NoRule, until), "{protocol:?} {way:?}");
    }
}
