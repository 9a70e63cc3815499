"""One shot: who attacks whom, and the parts that packets of all kinds are made of.

Every packet tells where it comes from, so that a capture can be searched: `ets-attack/KIND/FROM/TO;`
stands in what it carries, and its port is 61000 and the attacker's number, outside what the kernel
gives to anybody. An answer to a TCP segment carries no text; there the number of the kind is in the lower
half of the sequence number, 256 apart, so that an answer that counts on still names it.
"""

import ipaddress

from scapy.layers.inet import ICMP, IP, TCP, UDP
from scapy.layers.inet6 import ICMPv6EchoRequest, IPv6, in6_chksum
from scapy.packet import Raw

PORTS = 61000
SEQUENCE = 0x45540000
#: From here each segment has a flow open to the mail server, and asks for names.
MAIL_FLOW, NAMES_FLOW = 50025, 50053
MAIL, WEB, NAMES, DISCARD = 25, 80, 53, 9
KINDS = {}
BOTH = (4, 6)


def kind(function):
    """Enters a kind of attack under the function's name, with hyphens."""
    KINDS[function.__name__.replace("_", "-")] = function
    return function


class Talk:
    """Something that is said over an ordinary connection to a server."""

    def __init__(self, port, words):
        self.port, self.words = port, words


class By:
    """A packet that somebody else sends, so that the attack can use it."""

    def __init__(self, place, packet):
        self.place, self.packet = place, packet


class Shot:
    """`me` attacks `target`; `other` is a third segment."""

    def __init__(self, field, name, me, target):
        self.field, self.name, self.me, self.target = field, name, me, target
        self.services, self.outside = field.services, field.external
        others = [one for one in field.segments if one not in (me, target)]
        self.other = others[(me.no + target.no) % len(others)]
        self.mark = f"ets-attack/{name}/{me.id}/{target.id};".encode()
        self.port = PORTS + me.no
        self.seq = SEQUENCE + field.numbers[name] * 256

    def ip(self, v, source=None, to=None, ttl=64, **more):
        """The header; ends are addresses by version, the hosts of both where none is named."""
        source, to = (source or self.me.host)[v], (to or self.target.host)[v]
        if v == 4:
            return IP(src=source, dst=to, ttl=ttl, id=self.seq & 0xFFFF, **more)
        return IPv6(src=source, dst=to, hlim=ttl, **more)

    def udp(self, port=DISCARD, words=None):
        return UDP(sport=self.port, dport=port) / Raw(words or self.mark)

    def tcp(self, flags="S", port=WEB):
        packet = TCP(sport=self.port, dport=port, flags=flags, seq=self.seq, ack=self.seq)
        return packet if flags == "S" else packet / Raw(self.mark)

    def echo(self, v):
        if v == 4:
            return ICMP(type=8, id=0x4554, seq=self.port) / Raw(self.mark)
        return ICMPv6EchoRequest(id=0x4554, seq=self.port, data=self.mark)

    def usual(self, v):
        """One of each of what is carried most."""
        return [self.udp(), self.tcp(), self.echo(v)]

    def each(self, source=None, to=None, ttl=64):
        """The usual in both versions."""
        for v in BOTH:
            for load in self.usual(v):
                yield self.ip(v, source, to, ttl) / load

    def icmp(self, v, kind, code=0, body=b"", **ends):
        """Any message: its type, its code, and what follows the checksum."""
        header = self.ip(v, **ends)
        if v == 4:
            header.proto = 1
            message = bytes([kind, code, 0, 0]) + body
            sum16 = (~checksum(message)) & 0xFFFF
        else:
            header.nh = 58
            message = bytes([kind, code, 0, 0]) + body
            sum16 = in6_chksum(58, header, message)
        return header / Raw(message[:2] + sum16.to_bytes(2, "big") + message[4:])

    def frame(self, packet):
        """Bytes for the wire to the hub, unless the packet names its own wire addresses."""
        for layer in layers(packet):
            # Nothing here stands for several values, so that no copy need be made to choose one.
            layer.explicit = 1
        if not isinstance(packet, (IP, IPv6)):
            return bytes(packet)
        kind = b"\x08\0" if isinstance(packet, IP) else b"\x86\xdd"
        return packed(self.me.hub.hardware) + packed(self.me.hardware) + kind + bytes(packet)


def layers(packet):
    while packet:
        yield packet
        packet = packet.payload


def packed(hardware):
    return bytes.fromhex(hardware.replace(":", ""))


def checksum(data):
    """The sum of RFC 1071, before it is turned over."""
    data += b"\0" * (len(data) % 2)
    total = sum(int.from_bytes(data[at : at + 2], "big") for at in range(0, len(data), 2))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return total


def nth(place, number):
    """An address of a place's networks, by its number."""
    nets = {v: ipaddress.ip_network(place.net[v]) for v in BOTH}
    return {v: str(net[number]) for v, net in nets.items()}
