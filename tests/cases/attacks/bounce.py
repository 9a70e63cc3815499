"""By way of somebody else: the hub, a service, a tunnel."""

from scapy.layers.dns import DNS, DNSQR
from scapy.layers.inet import IP, UDP
from scapy.layers.inet6 import IPv6ExtHdrDestOpt, IPv6ExtHdrFragment, PadN
from scapy.layers.l2 import GRE, Ether
from scapy.packet import Raw

from shot import BOTH, MAIL, NAMES, WEB, Talk, kind


def question(shot):
    """A question for a name that is the mark; the answer repeats it."""
    name = shot.mark.decode().replace(".", "-")
    return UDP(sport=shot.port, dport=NAMES) / DNS(id=7, rd=1, qd=DNSQR(qname=name))


@kind
def hub_answers_echo(shot):
    """The hub's answer would go to the target, in whose name it was asked."""
    for v in BOTH:
        for source in (shot.target.host, shot.target.router):
            for to in (shot.me.hub, shot.target.hub):
                yield shot.ip(v, source, to) / shot.echo(v)


@kind
def hub_refuses(shot):
    """Closed ports and unknown protocols of the hub in the target's name."""
    for v in BOTH:
        for to in (shot.me.hub, shot.target.hub):
            for port in (22, 443, 8470, 9470):
                yield shot.ip(v, shot.target.host, to) / shot.tcp(port=port)
                yield shot.ip(v, shot.target.host, to) / shot.tcp("A", port)
            yield shot.ip(v, shot.target.host, to) / shot.udp(33434)
    yield shot.ip(4, shot.target.host, shot.me.hub, proto=253) / Raw(shot.mark)
    yield shot.ip(6, shot.target.host, shot.me.hub, nh=253) / Raw(shot.mark)


@kind
def hub_reports_expiry(shot):
    """Time exceeded, before the hub's rules for forwarding look."""
    for v in BOTH:
        for to in (shot.services, shot.other, shot.target):
            yield shot.ip(v, shot.target.host, to.host, ttl=1) / shot.udp()
            yield shot.ip(v, shot.target.host, to.host, ttl=1) / shot.echo(v)


@kind
def hub_reports_no_way(shot):
    for source in (shot.target.host, shot.target.router):
        for v, to in ((4, "192.0.2.1"), (4, "10.250.0.1"), (6, "fd99::1"), (6, "2001:db8:99::1")):
            yield shot.ip(v, source, {v: to}) / shot.udp()


@kind
def hub_reports_fault(shot):
    """Parameter problem: options and headers that the hub cannot read."""
    bad = IP(src=shot.target.host[4], dst=shot.services.host[4], options=[], ihl=6)
    yield bad / Raw(b"\x83\x09\x04\x00" + bytes(shot.udp()))
    for to in (shot.services.host, shot.me.hub):
        unknown = IPv6ExtHdrDestOpt(options=[PadN(otype=0xBE, optdata=b"\0" * 4)])
        yield shot.ip(6, shot.target.host, to) / unknown / shot.udp()
        yield shot.ip(6, shot.target.host, to, nh=253) / Raw(shot.mark)


@kind
def hub_waits_for_fragment(shot):
    """What never becomes whole is reported to its source after half a minute."""
    for to in (shot.me.hub, shot.services.host):
        four = shot.ip(4, shot.target.host, to, flags="MF", proto=17)
        yield four / Raw(bytes(shot.udp()).ljust(128, b"."))
        piece = IPv6ExtHdrFragment(nh=17, offset=0, m=1, id=shot.port)
        yield shot.ip(6, shot.target.host, to, nh=44) / piece / Raw(bytes(shot.udp()).ljust(128, b"."))


@kind
def hub_there(shot):
    """The hub's address on the target's port, from mine."""
    yield from shot.each(to=shot.target.hub)


@kind
def service_opens(shot):
    """SYN in the target's name: the service's answer would go to it."""
    for v in BOTH:
        for port in (MAIL, WEB, 8080):
            yield shot.ip(v, shot.target.host, shot.services.host) / shot.tcp(port=port)


@kind
def service_resets(shot):
    for v in BOTH:
        for port in (22, 443):
            yield shot.ip(v, shot.target.host, shot.services.host) / shot.tcp(port=port)
        yield shot.ip(v, shot.target.host, shot.services.host) / shot.tcp("A", WEB)


@kind
def service_names(shot):
    """A question in the target's name."""
    for v in BOTH:
        yield shot.ip(v, shot.target.host, shot.services.host) / question(shot)


@kind
def service_echo(shot):
    for v in BOTH:
        yield shot.ip(v, shot.target.host, shot.services.host) / shot.echo(v)


@kind
def service_refuses(shot):
    """Port unreachable."""
    for v in BOTH:
        yield shot.ip(v, shot.target.host, shot.services.host) / shot.udp(33434)


@kind
def service_relays(shot):
    """Servers asked, as one may ask them, to speak to the target: proxy, mail, FTP's PORT, SIP."""
    to = shot.target.host[4]
    numbers = to.replace(".", ",")
    mark = shot.mark.decode()
    for port, words in (
        (WEB, f"GET http://{to}/{mark} HTTP/1.1\r\nhost: {to}\r\n\r\n"),
        (WEB, f"CONNECT {to}:80 HTTP/1.1\r\nhost: {to}\r\n\r\n{mark}\r\n"),
        (MAIL, f"MAIL FROM:<a@[{to}]>\r\nRCPT TO:<b@[{to}]>\r\nDATA\r\n{mark}\r\n.\r\n"),
        (MAIL, f"PORT {numbers},0,80\r\nEPRT |1|{to}|80|\r\nRETR {mark}\r\n"),
        (MAIL, f"INVITE sip:x@{to} SIP/2.0\r\nContact: <sip:x@{to}:80>\r\n\r\nc=IN IP4 {to}\r\n{mark}"),
    ):
        yield Talk(port, words.encode())


@kind
def helpers(shot):
    """Words that open ways for further flows, where connection tracking listens for them."""
    to = shot.target.host[4]
    numbers = to.replace(".", ",")
    for port, words in (
        (21, f"PORT {numbers},0,80\r\n"),
        (6667, f"PRIVMSG x :\1DCC SEND x {int.from_bytes(shot.field.packed(to), 'big')} 80\1\r\n"),
    ):
        yield shot.ip(4, to=shot.services.host) / shot.tcp("S", port)
        segment = shot.tcp("PA", port)
        segment.payload = Raw(words.encode() + shot.mark)
        yield shot.ip(4, to=shot.services.host) / segment
    register = f"REGISTER sip:x@{to}\r\nContact: <sip:x@{to}:80>\r\n"
    for port, words in ((5060, register), (69, "\0\1x\0octet\0")):
        yield shot.ip(4, to=shot.services.host) / shot.udp(port, words.encode() + shot.mark)
    # The flow that was to be let in.
    yield shot.ip(4) / shot.tcp(port=80)
    yield shot.ip(4, shot.services.host) / shot.tcp(port=80)


def inner(shot, v):
    """From the sender and from the hub, to the target."""
    for source in (shot.me.host, shot.target.hub):
        yield shot.ip(v, source) / shot.udp()


def inner_frame(shot):
    return Ether(src=shot.me.hardware, dst=shot.target.hardware) / next(inner(shot, 4))


def ends(shot):
    return (shot.me.hub, shot.services.host, shot.target.host)


@kind
def tunnel_4in4(shot):
    for to in ends(shot):
        for packet in inner(shot, 4):
            yield shot.ip(4, to=to) / packet


@kind
def tunnel_6in4(shot):
    for to in ends(shot):
        for packet in inner(shot, 6):
            yield shot.ip(4, to=to) / packet


@kind
def tunnel_in6(shot):
    for to in ends(shot):
        for v in BOTH:
            for packet in inner(shot, v):
                yield shot.ip(6, to=to) / packet


@kind
def tunnel_gre(shot):
    for outer in BOTH:
        for to in ends(shot):
            for packet in inner(shot, outer):
                yield shot.ip(outer, to=to) / GRE() / packet
            wire = inner_frame(shot)
            yield shot.ip(outer, to=to) / GRE(proto=0x6558) / wire


@kind
def tunnel_udp(shot):
    """VXLAN, Geneve, Teredo, L2TP, ESP in UDP, GTP, WireGuard: by their ports."""
    for port in (4789, 6081, 3544, 1701, 4500, 2152, 51820):
        for to in ends(shot):
            head = b"\x08\0\0\0\0\0\1\0" if port == 4789 else b""
            load = Raw(head + bytes(inner_frame(shot)))
            yield shot.ip(4, to=to) / UDP(sport=shot.port, dport=port) / load
