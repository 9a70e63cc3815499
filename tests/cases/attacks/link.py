"""On the wire to the hub: hardware addresses, tags, and who has which address."""

from scapy.layers.inet import IP
from scapy.layers.inet6 import (
    ICMPv6ND_NA,
    ICMPv6ND_NS,
    ICMPv6ND_RA,
    ICMPv6ND_RS,
    ICMPv6ND_Redirect,
    ICMPv6NDOptDstLLAddr,
    ICMPv6NDOptPrefixInfo,
    ICMPv6NDOptRedirectedHdr,
    ICMPv6NDOptSrcLLAddr,
    IPv6,
)
from scapy.layers.l2 import ARP, LLC, SNAP, Dot1AD, Dot1Q, Ether
from scapy.packet import Padding, Raw

from shot import BOTH, kind, nth

ALL = "ff:ff:ff:ff:ff:ff"


def frame(shot, to=None):
    return Ether(src=shot.me.hardware, dst=to or shot.me.hub.hardware)


@kind
def frame_for_target(shot):
    """To the target's hardware address, which is not on this wire."""
    for packet in shot.each():
        yield frame(shot, shot.target.hardware) / packet


@kind
def frame_for_all(shot):
    """One address in a frame to everybody (RFC 1122, 3.3.6)."""
    for packet in shot.each():
        yield frame(shot, ALL) / packet
        yield frame(shot, "01:00:5e:00:00:01") / packet
        yield frame(shot, "33:33:00:00:00:01") / packet


@kind
def frame_in_targets_name(shot):
    """Hardware and source are the target's; on a wire of one's own that is seen."""
    for v in BOTH:
        for load in shot.usual(v):
            packet = shot.ip(v, shot.target.host, shot.services.host) / load
            yield Ether(src=shot.target.hardware, dst=shot.me.hub.hardware) / packet
            packet = shot.ip(v) / load
            yield Ether(src=shot.target.hardware, dst=shot.me.hub.hardware) / packet


@kind
def frame_in_hubs_name(shot):
    for packet in shot.each():
        yield Ether(src=shot.me.hub.hardware, dst=shot.me.hub.hardware) / packet


@kind
def vlan_tags(shot):
    for number in (0, 1, shot.target.no, 4094):
        for packet in shot.each():
            yield frame(shot) / Dot1Q(vlan=number) / packet


@kind
def vlan_tags_stacked(shot):
    for number in (0, shot.target.no):
        for packet in shot.each():
            yield frame(shot) / Dot1AD(vlan=0) / Dot1Q(vlan=number) / packet
            yield frame(shot) / Dot1Q(vlan=0) / Dot1Q(vlan=number) / packet


@kind
def other_frames(shot):
    """What is not IP, or does not say so: bridges, neighbours, MPLS, PPPoE, IP in the older form."""
    for number in (0x88CC, 0x8863, 0x8864, 0x8847, 0x8848, 0x88A8, 0x8035, 0x888E, 0x22F3, 0x6558, 0xFFFF):
        for to in (None, ALL, shot.target.hardware):
            yield Ether(src=shot.me.hardware, dst=to or shot.me.hub.hardware, type=number) / Raw(shot.mark)
    for to in ("01:80:c2:00:00:00", "01:80:c2:00:00:0e", "01:00:0c:cc:cc:cc"):
        yield Ether(src=shot.me.hardware, dst=to, type=len(shot.mark) + 3) / LLC() / Raw(shot.mark)
    for v, number in ((4, 0x0800), (6, 0x86DD)):
        packet = bytes(shot.ip(v) / shot.udp())
        head = bytes(LLC(dsap=0xAA, ssap=0xAA, ctrl=3) / SNAP(code=number))
        wire = Ether(src=shot.me.hardware, dst=shot.me.hub.hardware, type=len(head + packet))
        yield wire / Raw(head + packet)
        # The other version's number before it.
        wire.type = 0x86DD if v == 4 else 0x0800
        yield wire / Raw(packet)


@kind
def false_lengths(shot):
    """Headers that say more or less than there is."""
    for change in ({"len": 20}, {"len": 1400}, {"ihl": 4}, {"ihl": 15}, {"version": 5}, {"version": 6}):
        yield frame(shot) / IP(src=shot.me.host[4], dst=shot.target.host[4], **change) / shot.udp()
    for change in ({"plen": 0}, {"plen": 4}, {"plen": 1400}, {"version": 4}):
        yield frame(shot) / IPv6(src=shot.me.host[6], dst=shot.target.host[6], **change) / shot.udp()


def arp(shot, op, sender, hardware, asked, to=None, target="00:00:00:00:00:00"):
    message = ARP(op=op, hwsrc=hardware, psrc=sender, hwdst=target, pdst=asked)
    return frame(shot, to or ALL) / message / Padding(shot.mark)


@kind
def arp_for_target(shot):
    """I am the target: asked by nobody, as an answer, and in passing."""
    for at in (shot.target.router[4], shot.target.host[4]):
        mine = shot.me.hardware
        yield arp(shot, 1, at, mine, at)
        yield arp(shot, 2, at, mine, at)
        yield arp(shot, 2, at, mine, shot.me.hub[4], shot.me.hub.hardware, shot.me.hub.hardware)
        yield arp(shot, 1, at, mine, shot.me.hub[4], shot.me.hub.hardware)


@kind
def arp_for_hub(shot):
    for at in (shot.me.hub[4], shot.target.hub[4]):
        yield arp(shot, 1, at, shot.me.hardware, at)
        yield arp(shot, 2, at, shot.me.hardware, shot.target.router[4])


@kind
def arp_asks_for_target(shot):
    """A hub that answered for others would lead there."""
    for at in (shot.target.router[4], shot.target.host[4], shot.target.hub[4]):
        yield arp(shot, 1, shot.me.router[4], shot.me.hardware, at)
        yield arp(shot, 1, shot.me.router[4], shot.me.hardware, at, shot.me.hub.hardware)


@kind
def arp_with_targets_hardware(shot):
    """My address is at the target's hardware: answers to me would go there."""
    for op in (1, 2):
        yield arp(shot, op, shot.me.router[4], shot.target.hardware, shot.me.hub[4])


@kind
def arp_nobody_with_targets_hardware(shot):
    """Is the hub's address free? The answer goes to the hardware that the question names."""
    yield arp(shot, 1, "0.0.0.0", shot.target.hardware, shot.me.hub[4])


def discovery(shot, message, source=None, to="ff02::1", option=None):
    packet = shot.ip(6, {6: source} if source else shot.me.router, {6: to}, ttl=255) / message
    if option:
        packet = packet / option
    last = bytes(shot.field.packed(to))[-4:]
    group = "33:33:" + ":".join(f"{one:02x}" for one in last)
    wire = frame(shot, group if to.startswith("ff") else None)
    return wire / packet / Padding(shot.mark)


def claim(shot, address, hardware, **ends):
    option = ICMPv6NDOptDstLLAddr(lladdr=hardware)
    return discovery(shot, ICMPv6ND_NA(R=1, S=0, O=1, tgt=address), option=option, **ends)


@kind
def nd_for_target(shot):
    for at in (shot.target.router[6], shot.target.host[6]):
        yield claim(shot, at, shot.me.hardware)
        yield claim(shot, at, shot.me.hardware, to=shot.me.hub[6])
        yield claim(shot, at, shot.me.hardware, source=at, to=shot.me.hub[6])


@kind
def nd_for_hub(shot):
    for at in (shot.me.hub[6], shot.target.hub[6], shot.me.hub.local):
        yield claim(shot, at, shot.me.hardware)
        yield claim(shot, at, shot.me.hardware, source=at)


@kind
def nd_asks_for_target(shot):
    option = ICMPv6NDOptSrcLLAddr(lladdr=shot.me.hardware)
    for at in (shot.target.router[6], shot.target.host[6], shot.target.hub[6]):
        last = bytes(shot.field.packed(at))[-3:]
        group = "ff02::1:ff%02x:%02x%02x" % tuple(last)
        for to in (group, "ff02::1", shot.me.hub[6]):
            yield discovery(shot, ICMPv6ND_NS(tgt=at), to=to, option=option)


@kind
def nd_in_targets_name(shot):
    """A question teaches the hub who asked."""
    option = ICMPv6NDOptSrcLLAddr(lladdr=shot.me.hardware)
    for at in (shot.target.router[6], shot.target.host[6]):
        yield discovery(shot, ICMPv6ND_NS(tgt=shot.me.hub[6]), source=at, to=shot.me.hub[6], option=option)


@kind
def nd_with_targets_hardware(shot):
    option = ICMPv6NDOptSrcLLAddr(lladdr=shot.target.hardware)
    yield discovery(shot, ICMPv6ND_NS(tgt=shot.me.hub[6]), to=shot.me.hub[6], option=option)
    yield claim(shot, shot.me.router[6], shot.target.hardware, to=shot.me.hub[6])


@kind
def nd_takes_address(shot):
    """Somebody looks whether the address is free, so that its owner gives it up (RFC 4862, 5.4)."""
    for at in (shot.target.router[6], shot.target.host[6], shot.target.hub[6]):
        last = bytes(shot.field.packed(at))[-3:]
        yield discovery(shot, ICMPv6ND_NS(tgt=at), source="::", to="ff02::1:ff%02x:%02x%02x" % tuple(last))


@kind
def router_advertisement(shot):
    """I am the way, and the target's network is on my wire."""
    prefix = ICMPv6NDOptPrefixInfo(prefix=nth(shot.target, 0)[6], prefixlen=64, L=1, A=1)
    for source in ("fe80::1", shot.me.router[6], shot.target.hub[6]):
        for to in ("ff02::1", shot.me.hub[6], shot.target.host[6]):
            yield discovery(shot, ICMPv6ND_RA(routerlifetime=9000), source=source, to=to, option=prefix)
    yield discovery(shot, ICMPv6ND_RS(), source="fe80::1", to="ff02::2")
    yield discovery(shot, ICMPv6ND_RS(), source="::", to="ff02::2")


@kind
def nd_redirect(shot):
    """The way to the target leads by me."""
    ends = (shot.services.host, shot.target.host)
    about = ICMPv6NDOptRedirectedHdr(pkt=bytes(shot.ip(6, *ends) / shot.udp()))
    message = ICMPv6ND_Redirect(tgt="fe80::1", dst=shot.target.host[6])
    for source in ("fe80::1", shot.me.router[6]):
        for to in (shot.me.hub[6], shot.me.hub.local, "ff02::1"):
            yield discovery(shot, message, source=source, to=to, option=about)


@kind
def link_local_target(shot):
    """The target's address on its own link, from mine."""
    bits = bytes(int(one, 16) for one in shot.target.hardware.split(":"))
    eui = bytes([bits[0] ^ 2]) + bits[1:3] + b"\xff\xfe" + bits[3:]
    local = "fe80::" + ":".join(eui[at : at + 2].hex() for at in range(0, 8, 2))
    for source in (shot.me.host, {6: "fe80::1"}):
        for load in shot.usual(6):
            yield shot.ip(6, source, {6: local}) / load
    for load in shot.usual(4):
        yield shot.ip(4, to={4: f"169.254.{shot.target.no}.1"}) / load


@kind
def link_local_hub(shot):
    for source in (shot.me.host, shot.target.host, {6: "fe80::1"}):
        for load in shot.usual(6):
            yield shot.ip(6, source, {6: shot.me.hub.local}) / load
