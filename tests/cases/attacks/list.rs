//! The list: every kind of attack that is known to us, one for each rule and each way.

/// How it is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum By {
    /// By the function of its name in `attacks/*.py`, with scapy.
    Scapy,
    /// By a command for each attacker and target.
    Each(&'static str),
    /// By a command for each attacker, which takes all targets.
    All(&'static str),
}

/// Who sends it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Who {
    Segments,
    /// Segments and the outside.
    Strangers,
    /// These, and a server that was taken.
    Everybody,
}

/// Where it is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Links {
    All,
    /// Only where each segment has a wire of its own: see [`super`].
    Own,
    /// Only where they share one; else it would harm nobody but the sender.
    Shared,
}

/// One kind.
#[derive(Clone, Copy, Debug)]
pub(super) struct Attack {
    pub(super) name: &'static str,
    /// What it tries.
    pub(super) tries: &'static str,
    pub(super) by: By,
    pub(super) who: Who,
    pub(super) on: Links,
    /// Whether it arrives once the hub's rules are gone, so that it is these which stop it. The others
    /// are stopped by the kernel too, need a fault that the lab's servers do not have, or cannot be told
    /// from one another where they arrive.
    pub(super) lives: bool,
}

impl Attack {
    const fn by_servers_too(self) -> Self {
        Self { who: Who::Everybody, ..self }
    }

    const fn by_segments(self) -> Self {
        Self { who: Who::Segments, ..self }
    }

    const fn on_shared_links(self) -> Self {
        Self { on: Links::Shared, ..self }
    }

    const fn on_own_links(self) -> Self {
        Self { on: Links::Own, ..self }
    }
}

const fn lives(name: &'static str, tries: &'static str) -> Attack {
    let (by, who) = (By::Scapy, Who::Strangers);
    Attack { name, tries, by, who, on: Links::All, lives: true }
}

const fn inert(name: &'static str, tries: &'static str) -> Attack {
    Attack { lives: false, ..lives(name, tries) }
}

const fn tool(name: &'static str, tries: &'static str, by: By) -> Attack {
    Attack { by, who: Who::Segments, ..lives(name, tries) }
}

const fn inert_tool(name: &'static str, tries: &'static str, by: By) -> Attack {
    Attack { lives: false, ..tool(name, tries, by) }
}

macro_rules! hping3 {
    ($rest:literal) => {
        By::Each(concat!("hping3 -q -n -c 1 -s {port} -k -d 64 -e {mark} ", $rest))
    };
}

macro_rules! mausezahn {
    ($rest:literal) => {
        By::Each(concat!("mausezahn {device} -q -c 1 -a own -b {hub_hardware} -P {mark} ", $rest))
    };
}

macro_rules! nmap {
    ($rest:literal) => {
        By::All(concat!(
            "nmap -n -Pn --max-retries 0 --max-rtt-timeout 300ms -g {port} --data-string {mark} ",
            $rest
        ))
    };
}

/// All of them.
pub(super) const LIST: &[Attack] = &[
    // Straight at the target (`plain.py`).
    lives("udp", "datagrams to the host, the router, an address that nobody has").by_servers_too(),
    lives("tcp-open", "connections to the host and the router").by_servers_too(),
    lives("tcp-amid", "flows whose beginning nobody saw").by_servers_too(),
    lives("tcp-odd", "flags that no connection has").by_servers_too(),
    lives("echo", "pings").by_servers_too(),
    lives("echo-reply", "answers, which the hub does not track").by_servers_too(),
    lives("net-edges", "the network's own address and its broadcast").by_servers_too(),
    lives("other-protocols", "everything but TCP, UDP and ICMP").by_servers_too(),
    lives("largest", "the longest packets, which must not be cut").by_servers_too(),
    lives("broken-checksums", "checksums that are wrong, which nobody on the way need check"),
    lives("last-hop", "packets that expire on the way"),
    lives("icmp-questions", "time stamps, masks, node information, numbers that nobody has"),
    lives("icmp-redirect", "another way for the target's packets"),
    lives("error-about-nothing", "errors about flows that are not there"),
    lives("error-about-probe", "errors about the target's answers to the hub"),
    lives("error-about-flow", "errors about a flow that the target has open with a service"),
    lives("error-about-datagram", "the same by UDP"),
    lives("error-about-echo", "the same by ICMP, with options in what is quoted"),
    lives("error-to-service", "errors to the service about the target's flow"),
    // In another's name (`sources.py`).
    lives("source-neighbour", "in the name of a third segment"),
    lives("source-target", "in the target's own name"),
    lives("source-hub", "in the hub's name, of the sender's port"),
    lives("source-hub-there", "in the hub's name, of the target's port"),
    lives("source-service", "in a service's name, also as an answer"),
    lives("source-outside", "in the name of the outside"),
    inert("source-loopback", "in nobody's name: loopback"),
    inert("source-nobody", "in nobody's name: no address"),
    inert("source-group", "in nobody's name: a group"),
    lives("source-everybody", "in nobody's name: broadcast, reserved"),
    lives("source-link-local", "in a name that holds on the wire only"),
    lives("source-mapped", "IPv4 in the addresses of IPv6, as the source"),
    inert("target-mapped", "IPv4 in the addresses of IPv6, as the target"),
    // Headers and pieces (`headers.py`).
    lives("loose-route-hub", "source routing by way of the hub"),
    lives("loose-route-service", "source routing by way of a service"),
    lives("strict-route-hub", "strict source routing"),
    lives("other-options", "options that record, stamp, alert"),
    inert("routing-header-hub", "routing headers of types 0 and 2 by way of the hub"),
    lives("routing-header-service", "routing headers by way of a service"),
    lives("routing-header-target", "routing headers that are used up"),
    lives("segment-routing", "segment routing by way of the hub and a service"),
    lives("hop-by-hop", "options that every router looks at"),
    lives("destination-options", "headers before what the rules look for"),
    lives("no-next-header", "nothing after the header"),
    lives("fragments", "a datagram in pieces"),
    lives("fragments-backwards", "the last piece first"),
    lives("fragments-overlap", "pieces that lie over one another"),
    lives("fragments-tiny", "ports and flags of TCP in different pieces"),
    lives("fragment-alone", "pieces without a first one"),
    lives("fragments-to-two", "the first piece to a service, the rest to the target"),
    lives("fragments-of-target", "the end of a datagram that the target began").by_segments(),
    lives("fragment-atomic", "one piece that is the whole"),
    lives("fragments-too-long", "pieces that are together longer than a packet can be"),
    // To everybody (`groups.py`).
    inert("group-of-link4", "groups of the link, IPv4"),
    inert("group-of-site4", "groups beyond the link, IPv4"),
    inert("group-of-link6", "groups of the link, IPv6"),
    inert("group-of-site6", "groups beyond the link, IPv6"),
    inert("group-of-target", "the group in which the target is asked for"),
    inert("broadcast", "everybody on the link"),
    lives("dhcp", "in search of an address, and giving some").by_servers_too(),
    lives("group-membership4", "IGMP"),
    lives("group-membership6", "MLD"),
    inert("routing-protocols", "OSPF, EIGRP, PIM, VRRP, RIP"),
    // By way of somebody else (`bounce.py`).
    lives("hub-answers-echo", "the hub's answer goes to the target"),
    lives("hub-refuses", "the hub's refusal goes to the target"),
    lives("hub-reports-expiry", "the hub's time exceeded goes to the target"),
    lives("hub-reports-no-way", "the hub's unreachable goes to the target"),
    lives("hub-reports-fault", "the hub's parameter problem goes to the target"),
    lives("hub-waits-for-fragment", "the hub's report of a missing piece goes to the target"),
    inert("hub-there", "the hub's address on the target's port"),
    lives("service-opens", "a service's answer to a SYN goes to the target"),
    lives("service-resets", "a server's reset goes to the target"),
    lives("service-names", "the answer to a question for a name goes to the target"),
    lives("service-echo", "a server's echo goes to the target"),
    lives("service-refuses", "a server's port unreachable goes to the target"),
    inert("service-relays", "services asked to speak to the target").by_segments(),
    lives("helpers", "words that open ways where somebody listens for them"),
    lives("tunnel-4in4", "IPv4 in IPv4"),
    lives("tunnel-6in4", "IPv6 in IPv4"),
    lives("tunnel-in6", "IPv4 and IPv6 in IPv6"),
    lives("tunnel-gre", "GRE"),
    lives("tunnel-udp", "VXLAN, Geneve, Teredo, L2TP, ESP, GTP, WireGuard"),
    // On the wire (`link.py`); last, because without rules these leave false neighbours behind.
    inert("frame-for-target", "frames to the target's hardware address"),
    inert("frame-for-all", "one address in a frame to everybody"),
    lives("frame-in-targets-name", "the target's hardware address and source").on_own_links(),
    lives("frame-in-hubs-name", "the hub's own hardware address as the sender").on_own_links(),
    lives("vlan-tags", "one VLAN tag, also the one that is none"),
    lives("vlan-tags-stacked", "two VLAN tags"),
    inert("other-frames", "what is not IP, or does not say so"),
    inert("false-lengths", "headers that say more or less than there is"),
    inert("arp-for-target", "ARP: I am the target"),
    inert("arp-for-hub", "ARP: I am the hub"),
    inert("arp-asks-for-target", "ARP: who has the target's address?"),
    inert("arp-with-targets-hardware", "ARP: I am at the target's hardware address")
        .by_segments()
        .on_shared_links(),
    lives("arp-nobody-with-targets-hardware", "ARP: nobody is at the target's")
        .by_segments()
        .on_shared_links(),
    inert("nd-for-target", "ND: I am the target"),
    inert("nd-for-hub", "ND: I am the hub"),
    inert("nd-asks-for-target", "ND: who has the target's address?"),
    inert("nd-in-targets-name", "ND: the target asks, and is here"),
    inert("nd-with-targets-hardware", "ND: I am at the target's hardware address")
        .by_segments()
        .on_shared_links(),
    inert("nd-takes-address", "ND: the target's address is being taken"),
    inert("router-advertisement", "ND: I am the way to the target"),
    inert("nd-redirect", "ND: the way to the target leads by me"),
    inert("link-local-target", "the target's address on its own link"),
    lives("link-local-hub", "the hub's link-local address"),
    // By other tools.
    tool("hping3-open", "a connection", hping3!("-S -p 80 {target}")),
    tool("hping3-datagram", "a datagram", hping3!("-2 -p 9 {target}")),
    tool("hping3-echo", "a ping", hping3!("-1 {target}")),
    tool("hping3-reply", "an answer", hping3!("-1 -C 0 {target}")),
    tool("hping3-unreachable", "an error", hping3!("-1 -C 3 -K 1 {target}")),
    tool("hping3-protocol", "GRE", hping3!("-0 -H 47 {target}")),
    tool("hping3-spoof", "in another's name", hping3!("-2 -p 9 -a {other} {target}")),
    tool("hping3-land", "in the target's own name", hping3!("-S -p 80 -a {target} {target}")),
    tool("hping3-pieces", "in pieces", hping3!("-2 -f --mtu 80 -p 9 {target}")),
    tool("hping3-record", "records its way", hping3!("-1 --rroute {target}")),
    tool("hping3-reflect", "a service's answer", hping3!("-S -p 80 -a {target} {service}")),
    tool("hping3-expire", "the hub's answer", hping3!("-2 -p 9 -t 1 -a {target} {service}")),
    tool("mausezahn-datagram", "a datagram", mausezahn!("-B {target} -t udp sp={port},dp=9")),
    tool(
        "mausezahn-open",
        "a connection",
        mausezahn!("-B {target} -t tcp sp={port},dp=80,flags=syn"),
    ),
    tool("mausezahn-echo", "a ping", mausezahn!("-B {target} -t icmp ping")),
    tool("mausezahn-tag", "with a VLAN tag", mausezahn!("-Q 0 -B {target} -t udp sp={port},dp=9")),
    tool("mausezahn-six", "IPv6", mausezahn!("-6 -B {target6} -t udp sp={port},dp=9")),
    tool(
        "mausezahn-spoof",
        "in a third's name",
        mausezahn!("-A {other} -B {target} -t udp sp={port},dp=9"),
    ),
    inert_tool(
        "mausezahn-arp",
        "ARP: I am the target",
        By::Each(
            "mausezahn {device} -q -c 1 -a own -b bcast -t arp reply,senderip={target},sendermac={hardware},targetip={hub}",
        ),
    ),
    tool("nmap-syn", "a scan by SYN", nmap!("-sS -p 80 {targets}")),
    tool("nmap-ack", "a scan by ACK", nmap!("-sA -p 80 {targets}")),
    tool("nmap-null", "a scan by no flag", nmap!("-sN -p 80 {targets}")),
    tool("nmap-fin", "a scan by FIN", nmap!("-sF -p 80 {targets}")),
    tool("nmap-xmas", "a scan by FIN, PSH and URG", nmap!("-sX -p 80 {targets}")),
    tool("nmap-maimon", "a scan by FIN and ACK", nmap!("-sM -p 80 {targets}")),
    tool("nmap-udp", "a scan of UDP", nmap!("-sU -p 9 {targets}")),
    tool("nmap-sctp", "a scan of SCTP", nmap!("-sY -p 9 {targets}")),
    tool(
        "nmap-protocols",
        "a scan of protocols",
        By::All(
            "nmap -n -Pn -sO -p 1,2,4,6,17,41,47,50,89,132 --max-retries 0 --data-string {mark} {targets}",
        ),
    ),
    tool("nmap-six", "a scan of IPv6", nmap!("-6 -sS -p 80 {targets6}")),
    inert_tool("nmap-pieces", "a scan in pieces of 8 bytes", nmap!("-f -sS -p 80 {targets}")),
    tool(
        "nmap-decoys",
        "a scan with others' names beside one's own",
        nmap!("-D {other},{service},ME -sS -p 80 {targets}"),
    ),
    tool(
        "nmap-hardware",
        "a scan with another's hardware",
        nmap!("--spoof-mac 02:00:5e:00:00:01 -sS -p 80 {targets}"),
    )
    .on_own_links(),
    tool("nmap-checksum", "a scan with wrong checksums", nmap!("--badsum -sS -p 80 {targets}")),
    tool(
        "nmap-route",
        "a scan by loose source routing",
        nmap!("--ip-options L\\x20{service} -sS -p 80 {targets}"),
    ),
    inert_tool(
        "nmap-connect",
        "ordinary connections",
        By::All("nmap -n -Pn -sT -p 22,80 --max-retries 0 {targets}"),
    ),
    tool(
        "nmap-sweep",
        "whether anybody is there, in four ways",
        By::All("nmap -n -sn -PE -PP -PM -PO --max-retries 0 --data-string {mark} {targets}"),
    ),
    inert_tool(
        "nmap-idle",
        "a scan by way of a service",
        By::All("nmap -n -Pn -sI {service}:80 -g {port} -p 80 --max-retries 0 {targets}"),
    ),
    inert_tool(
        "curl-portal",
        "the portal as a proxy",
        By::Each("curl -s -m 2 --interface {me} -x http://{service}:80 http://{target}/{mark}"),
    ),
    inert_tool(
        "curl-hub",
        "the hub as a proxy",
        By::Each("curl -s -m 1 --interface {me} -x http://{hub}:8470 http://{target}/{mark}"),
    ),
];
