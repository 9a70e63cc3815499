"""To everybody: groups, broadcasts, and those who manage groups and routes."""

from scapy.layers.inet import IP, UDP
from scapy.layers.inet6 import (
    ICMPv6MLDone,
    ICMPv6MLQuery,
    ICMPv6MLReport,
    IPv6ExtHdrHopByHop,
    RouterAlert,
)
from scapy.layers.l2 import Ether
from scapy.packet import Raw

from shot import kind


def to_group(shot, v, group, load, ttl=32):
    """Both ways to send it: to the group's hardware address, and to the hub's."""
    packet = shot.ip(v, to={v: group}, ttl=ttl) / load
    if v == 4:
        low = bytes(map(int, group.split(".")))[1:]
        hardware = "01:00:5e:%02x:%02x:%02x" % (low[0] & 0x7F, low[1], low[2])
    else:
        last = bytes(shot.field.packed(group))[-4:]
        hardware = "33:33:" + ":".join(f"{one:02x}" for one in last)
    yield Ether(src=shot.me.hardware, dst=hardware) / packet
    yield packet


@kind
def group_of_link4(shot):
    for group, port in (("224.0.0.1", 9), ("224.0.0.2", 9), ("224.0.0.251", 5353), ("224.0.0.252", 5355)):
        yield from to_group(shot, 4, group, shot.udp(port))
        yield from to_group(shot, 4, group, shot.echo(4))


@kind
def group_of_site4(shot):
    for group in ("239.255.255.250", "239.1.1.1", "232.1.1.1", "224.2.127.254"):
        yield from to_group(shot, 4, group, shot.udp())


@kind
def group_of_link6(shot):
    for group, port in (("ff02::1", 9), ("ff02::2", 9), ("ff02::fb", 5353), ("ff02::1:2", 547)):
        yield from to_group(shot, 6, group, shot.udp(port))
        yield from to_group(shot, 6, group, shot.echo(6))


@kind
def group_of_site6(shot):
    for group in ("ff05::2", "ff05::1:3", "ff08::1", "ff0e::1", "ff01::1", "ff3e:40:fd10::1"):
        yield from to_group(shot, 6, group, shot.udp())


@kind
def group_of_target(shot):
    """The group in which the target's addresses are asked for (RFC 4291, 2.7.1)."""
    last = bytes(shot.field.packed(shot.target.host[6]))[-3:]
    group = "ff02::1:ff%02x:%02x%02x" % tuple(last)
    yield from to_group(shot, 6, group, shot.udp(), ttl=255)


@kind
def broadcast(shot):
    for load in shot.usual(4):
        packet = shot.ip(4, to={4: "255.255.255.255"}) / load
        yield packet
        yield Ether(src=shot.me.hardware, dst="ff:ff:ff:ff:ff:ff") / packet


@kind
def dhcp(shot):
    """In search of an address, and offering one."""
    for source, to, ports in (
        ("0.0.0.0", "255.255.255.255", (68, 67)),
        (shot.me.host[4], "255.255.255.255", (67, 68)),
    ):
        load = UDP(sport=ports[0], dport=ports[1]) / Raw(b"\1\1\6\0" + b"\0" * 232 + shot.mark)
        yield Ether(src=shot.me.hardware, dst="ff:ff:ff:ff:ff:ff") / IP(src=source, dst=to) / load
    offer = UDP(sport=67, dport=68) / Raw(b"\2\1\6\0" + b"\0" * 232 + shot.mark)
    yield shot.ip(4) / offer
    load = UDP(sport=546, dport=547) / Raw(b"\1\0\0\1" + shot.mark)
    yield from to_group(shot, 6, "ff02::1:2", load)


@kind
def group_membership4(shot):
    """IGMP: questions and reports, so that somebody forwards groups to the sender."""
    messages = ((0x11, "224.0.0.1"), (0x16, "239.1.1.1"), (0x17, "224.0.0.2"), (0x22, "224.0.0.22"))
    for number, group in messages:
        body = bytes([number, 0, 0, 0]) + bytes(map(int, group.split("."))) + shot.mark
        header = shot.ip(4, to={4: group}, ttl=1, proto=2)
        yield header / Raw(body)
        yield shot.ip(4, proto=2) / Raw(body)


@kind
def group_membership6(shot):
    alert = IPv6ExtHdrHopByHop(options=[RouterAlert()])
    for message in (ICMPv6MLQuery(), ICMPv6MLReport(mladdr="ff05::2"), ICMPv6MLDone(mladdr="ff05::2")):
        for to in ("ff02::1", "ff02::16", "ff05::2", shot.target.host[6]):
            yield shot.ip(6, to={6: to}, ttl=2) / alert / message / Raw(shot.mark)


@kind
def routing_protocols(shot):
    """A hub that listened to these would route by them."""
    for number, group in ((89, "224.0.0.5"), (88, "224.0.0.10"), (103, "224.0.0.13"), (112, "224.0.0.18")):
        yield from to_group(shot, 4, group, Raw(b"\2\1\0\40" + shot.mark), ttl=1)
        packet = shot.ip(4, to={4: group}, proto=number) / Raw(b"\2\1\0\40" + shot.mark)
        yield packet
    yield from to_group(shot, 4, "224.0.0.9", shot.udp(520), ttl=1)
    yield from to_group(shot, 6, "ff02::9", shot.udp(521), ttl=255)
