"""Headers that hold routes, headers between, and packets in pieces."""

from scapy.layers.inet import (
    UDP,
    IPOption_LSRR,
    IPOption_Router_Alert,
    IPOption_RR,
    IPOption_SSRR,
    IPOption_Timestamp,
)
from scapy.layers.inet6 import (
    IPv6ExtHdrDestOpt,
    IPv6ExtHdrFragment,
    IPv6ExtHdrHopByHop,
    IPv6ExtHdrRouting,
    IPv6ExtHdrSegmentRouting,
    PadN,
    RouterAlert,
)
from scapy.packet import Raw

from shot import BOTH, DISCARD, NAMES, NAMES_FLOW, By, kind


def by_way_of(shot, way, option):
    """From the hub or a server on to the target's router, which is on the hub's own wire."""
    for load in shot.usual(4):
        yield shot.ip(4, to=way, options=[option(routers=[shot.target.router[4]])]) / load


@kind
def loose_route_hub(shot):
    yield from by_way_of(shot, shot.me.hub, IPOption_LSRR)


@kind
def loose_route_service(shot):
    yield from by_way_of(shot, shot.services.host, IPOption_LSRR)


@kind
def strict_route_hub(shot):
    yield from by_way_of(shot, shot.me.hub, IPOption_SSRR)


@kind
def other_options(shot):
    for option in (
        IPOption_RR(length=15, routers=["0.0.0.0"] * 3),
        IPOption_Timestamp(flg=0, length=8),
        IPOption_Router_Alert(),
    ):
        for load in shot.usual(4):
            yield shot.ip(4, options=[option]) / load


def through(shot, to, header):
    for load in shot.usual(6):
        yield shot.ip(6, to=to) / header / load


@kind
def routing_header_hub(shot):
    for number in (0, 2):
        route = IPv6ExtHdrRouting(type=number, addresses=[shot.target.host[6]], segleft=1)
        yield from through(shot, shot.me.hub, route)


@kind
def routing_header_service(shot):
    for number in (0, 2, 3):
        route = IPv6ExtHdrRouting(type=number, addresses=[shot.target.host[6]], segleft=1)
        yield from through(shot, shot.services.host, route)


@kind
def routing_header_target(shot):
    """Used up: an ordinary packet for the target."""
    for number in (0, 2, 253):
        route = IPv6ExtHdrRouting(type=number, addresses=[shot.services.host[6]], segleft=0)
        yield from through(shot, shot.target.host, route)


@kind
def segment_routing(shot):
    for way in (shot.me.hub, shot.services.host):
        segments = [shot.target.host[6], way[6]]
        route = IPv6ExtHdrSegmentRouting(addresses=segments, segleft=1, lastentry=1)
        yield from through(shot, way, route)


@kind
def hop_by_hop(shot):
    for options in ([RouterAlert()], [PadN(optdata=b"\0" * 4)], []):
        yield from through(shot, shot.target.host, IPv6ExtHdrHopByHop(options=options))


@kind
def destination_options(shot):
    pad = IPv6ExtHdrDestOpt(options=[PadN(optdata=b"\0" * 4)])
    yield from through(shot, shot.target.host, pad)
    yield from through(shot, shot.target.host, pad / pad / pad)
    yield from through(shot, shot.target.host, IPv6ExtHdrHopByHop() / pad / IPv6ExtHdrFragment())


@kind
def no_next_header(shot):
    yield shot.ip(6, nh=59) / Raw(shot.mark)


def pieces(shot, v, size=64, count=4):
    """A datagram in pieces that each carry the mark: offset, whether more follow, bytes."""
    line = shot.mark.ljust(size, b".")
    whole = bytes(shot.ip(v) / UDP(sport=shot.port, dport=DISCARD) / Raw(line * count))
    body = whole[20 if v == 4 else 40 :]
    cuts = [0] + [8 + size * number for number in range(1, count + 1)]
    return [(at, end < len(body), body[at:end]) for at, end in zip(cuts, cuts[1:])]


def piece(shot, v, at, more, body, number=0, to=None, protocol=17, source=None):
    name = (shot.field.numbers[shot.name] * 256 + shot.target.no + number * 64) & 0xFFFF
    if v == 4:
        header = shot.ip(4, source, to, proto=protocol, flags="MF" if more else 0, frag=at // 8)
        header.id = name
        return header / Raw(body)
    header = IPv6ExtHdrFragment(nh=protocol, offset=at // 8, m=int(more), id=name)
    return shot.ip(6, source, to, nh=44) / header / Raw(body)


@kind
def fragments(shot):
    for v in BOTH:
        for one in pieces(shot, v):
            yield piece(shot, v, *one, number=1)


@kind
def fragments_backwards(shot):
    for v in BOTH:
        for one in reversed(pieces(shot, v)):
            yield piece(shot, v, *one, number=2)


@kind
def fragments_overlap(shot):
    """The second lies over the end of the first, then over all of it."""
    for v in BOTH:
        first, second, *_, last = pieces(shot, v)
        for back in (16, len(first[2])):
            at = max(8, second[0] - back)
            yield piece(shot, v, *first, number=3)
            yield piece(shot, v, at, True, second[2], number=3)
            yield piece(shot, v, *last, number=3)


@kind
def fragments_tiny(shot):
    """Ports and flags of TCP in different pieces; the last ones carry the mark."""
    for v in BOTH:
        body = bytes(shot.ip(v) / shot.tcp("PA"))[20 if v == 4 else 40 :]
        body = body[:16] + body[16:].ljust(24 * 8, b".")
        for at in range(0, 24, 8):
            yield piece(shot, v, at, True, body[at : at + 8], number=4, protocol=6)
        yield piece(shot, v, 24, False, body[24:] + shot.mark, number=4, protocol=6)


@kind
def fragment_alone(shot):
    """Never a first one: what cannot be put together must not pass for whole."""
    for v in BOTH:
        for one in pieces(shot, v)[1:]:
            yield piece(shot, v, *one, number=5)


@kind
def fragments_to_two(shot):
    """The beginning goes to a service that is open, the rest under the same name to the target."""
    for v in BOTH:
        first, *rest = pieces(shot, v)
        yield piece(shot, v, *first, number=6, to=shot.services.host)
        for one in rest:
            yield piece(shot, v, *one, number=6)


@kind
def fragments_of_target(shot):
    """The target sends the beginning of a question to a service; the end, in its name, is mine."""
    ends = (shot.target.host, shot.services.host)
    for v in BOTH:
        line = shot.mark.ljust(64, b".")
        whole = shot.ip(v, *ends) / UDP(sport=NAMES_FLOW, dport=NAMES) / Raw(b"." * 64 + line)
        body = bytes(whole)[20 if v == 4 else 40 :]
        for number, mine_first in ((1, True), (2, False)):
            named = {"number": number, "source": ends[0], "to": ends[1]}
            end = piece(shot, v, 72, False, body[72:], **named)
            begin = By(shot.target, piece(shot, v, 0, True, body[:72], **named))
            yield from (end, begin) if mine_first else (begin, end)


@kind
def fragment_atomic(shot):
    """The first and only piece (RFC 6946)."""
    for load in shot.usual(6):
        yield shot.ip(6) / IPv6ExtHdrFragment(id=7) / load


@kind
def fragments_too_long(shot):
    """Together longer than a packet can be."""
    for v in BOTH:
        for at in (0, 32768, 65528):
            yield piece(shot, v, at, at < 65528, shot.mark.ljust(1024, b"."), number=7)
