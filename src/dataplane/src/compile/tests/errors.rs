//! Errors about flows, and pieces of packets.

use super::*;

/// An ICMP error about a TCP segment between two addresses.
pub(super) fn error(kind: u8, source: &str, destination: &str) -> Vec<u8> {
    let ends = [source, destination].map(|at| at.parse().unwrap());
    let quoted = crate::evaluate::packet::network(ends[0], ends[1], 6, &[0; 20]);
    [vec![kind, 0, 0, 0, 0, 0, 0, 0], quoted].concat()
}

/// covers: N2.1
#[test]
pub(super) fn errors_pass_in_their_flow_only() {
    let own = |kind| error(kind, "10.1.0.10", "10.10.1.9");
    for kind in [3, 11, 12] {
        let error = icmp(1, "10.10.1.1", "10.1.0.10", &own(kind));
        says(error.clone().related(true, GENERATION), "passed");
        says(error.clone().related(true, 6), "related");
        says(error.with(|packet| packet.connection = Connection::Invalid), "refuse_invalid");
    }
    says(icmp(1, "10.10.1.1", "10.1.0.10", &own(4)).related(true, GENERATION), "refuse_option");
    let big = icmp(1, "fd10:10:1::1", "fd10:1::10", &error(2, "fd10:1::10", "fd10:10:1::9"));
    says(big.clone().related(true, GENERATION), "passed");
    says(icmp(1, "10.10.1.1", "10.10.2.9", &own(3)).related(true, 0), "related");
    for kind in [3, 11, 12] {
        says(icmp(1, "10.10.1.1", "10.10.1.254", &own(kind)).related(true, 0), "passed");
        says(icmp(1, "10.10.1.1", "10.10.1.254", &own(kind)).unknown(), "refuse_invalid");
    }
    says(icmp(1, "10.10.1.1", "10.10.1.254", &own(4)).related(true, 0), "refuse_option");
    let big = icmp(1, "fd10:10:1::1", "fd10:10:1::254", &[2, 0, 0, 0, 0, 0, 5, 0]);
    says(big.related(true, 0), "passed");
}

/// covers: N2.1, D1
#[test]
pub(super) fn nobody_sends_errors_about_anothers_flow() {
    for (net, server) in [("10.10.", "10.1.0.10"), ("fd10:10:", "fd10:1::10")] {
        let end = if net.contains(':') { "::9" } else { ".9" };
        let at = |no: u32| format!("{net}{no}{end}");
        let kind = if net.contains(':') { 1 } else { 3 };
        let of = |flow: u32| error(kind, server, &at(flow));
        let sent = |no: u32, to: &str, message: &[u8]| {
            icmp(no, &at(no), to, message).related(true, GENERATION)
        };
        for (no, flow) in [(2, 1), (1, 2), (4, 3), (3, 4), (1, 3), (3, 1)] {
            // To the other segment itself, and to the service in its flow.
            says(sent(no, &at(flow), &error(kind, &at(flow), server)), "refuse_denied");
            says(sent(no, server, &of(flow)), "refuse_denied");
            says(sent(flow, server, &of(flow)), "passed");
        }
        let about = error(kind, &at(1), server);
        for (port, source, verdict) in
            [(DC, server, "passed"), (EXT, "198.51.100.1", "refuse_denied")]
        {
            let six = if port == EXT { "2001:db8::1" } else { source };
            let source = if kind == 1 { six } else { source };
            let error = icmp(1, source, &at(1), &about).with(|packet| packet.input = port);
            says(error.related(false, GENERATION), verdict);
        }
    }
    // A router on the way reports what was for its segment.
    let quoted = error(3, "10.1.0.10", "10.10.1.9");
    says(icmp(1, "10.9.1.1", "10.1.0.10", &quoted).related(true, GENERATION), "passed");
    let quoted = error(3, "10.1.0.10", "10.10.2.9");
    says(icmp(1, "10.9.1.1", "10.1.0.10", &quoted).related(true, GENERATION), "refuse_denied");
}

/// The first piece of a longer packet.
pub(super) fn begins(sent: Sent) -> Sent {
    sent.with(|packet| {
        if packet.network[0] >> 4 == 4 {
            packet.network[6] |= 0x20;
            return;
        }
        let carried = packet.network[6];
        packet.network[6] = 44;
        packet.network.splice(40..40, [carried, 0, 0, 1, 0, 0, 0, 7]);
    })
}

/// covers: N2.1, D1
#[test]
pub(super) fn a_piece_comes_from_who_its_source_says() {
    // The kernel puts them together behind this; then the header that is refused here is gone.
    for (source, server, verdict) in
        [("10.10.", "10.1.0.10", "passed"), ("fd10:10:", "fd10:1::10", "refuse_option")]
    {
        let end = if source.contains(':') { "::9" } else { ".9" };
        let at = |no: u32| format!("{source}{no}{end}");
        for no in 1..=4 {
            says(begins(from(no, &at(no), server, WEB)), verdict);
        }
        let hop = if source.contains(':') { "fd10:9:1::1" } else { "10.9.1.1" };
        let hub = if source.contains(':') { "fd10:10:1::254" } else { "10.10.1.254" };
        says(begins(from(1, hop, hub, Ping)), verdict);
        says(begins(by(DC, server, &at(1), Tcp(80, 9)).in_flow(true, GENERATION)), "passed");
    }
    // What comes by the loopback interface is the hub's.
    says(begins(by(1, "10.10.1.254", "10.10.1.254", Tcp(1, 22))), "passed");
    says(begins(by(1, "fd10:10:1::254", "fd10:10:1::254", Tcp(1, 22))), "passed");
    says(begins(by(EXT, "198.51.100.1", "203.0.113.254", Ping)), "passed");
    // Not by what looks at whole packets.
    let mut early = rules();
    early.tables[0].chains.retain(|chain| chain.name != "guard");
    for sent in [
        from(1, "10.10.2.9", "10.1.0.10", WEB),
        from(1, "fd10:10:2::9", "fd10:1::10", WEB),
        from(1, "198.51.100.1", "10.1.0.10", WEB),
        from(4, "10.10.3.9", "10.1.0.10", WEB),
        from(4, "fd10:10:3::9", "fd10:1::10", WEB),
        by(EXT, "10.10.1.9", "10.1.0.10", WEB),
        by(EXT, "10.1.0.10", "10.10.1.9", WEB),
        by(DC, "fd10:10:1::9", "fd10:1::10", WEB),
    ] {
        assert_ne!(sent.verdict(&early), "refuse_spoof", "{:?}", sent.0);
        assert_eq!(begins(sent.clone()).verdict(&early), "refuse_spoof", "{:?}", sent.0);
        let later = sent.with(|packet| {
            if packet.network[0] >> 4 == 4 {
                packet.network[7] = 3;
            }
        });
        if later.0.network[0] >> 4 == 4 {
            assert_eq!(later.verdict(&early), "refuse_spoof", "{:?}", later.0);
        }
    }
}
