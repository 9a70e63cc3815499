"""Straight at the target: what is carried, and how it is addressed."""

import socket
import struct

from scapy.layers.inet import ICMP, TCP, UDP, IPOption_RR
from scapy.layers.inet6 import ICMPv6EchoReply, ICMPv6EchoRequest
from scapy.packet import Raw

from shot import BOTH, MAIL, MAIL_FLOW, NAMES, NAMES_FLOW, kind, nth


@kind
def udp(shot):
    for v in BOTH:
        for to in (shot.target.host, shot.target.router, nth(shot.target, 77)):
            yield shot.ip(v, to=to) / shot.udp()


@kind
def tcp_open(shot):
    for v in BOTH:
        for port in (22, 80):
            yield shot.ip(v) / shot.tcp(port=port)
        yield shot.ip(v, to=shot.target.router) / shot.tcp()


@kind
def tcp_amid(shot):
    """Connection tracking takes up flows in the middle; the rules must not."""
    for v in BOTH:
        for flags in ("A", "SA", "PA", "FA", "R", "RA"):
            yield shot.ip(v) / shot.tcp(flags)


@kind
def tcp_odd(shot):
    for v in BOTH:
        for flags in ("", "FPU", "F", "SF", "SR", "FSRPAUEC"):
            yield shot.ip(v) / shot.tcp(flags)


@kind
def echo(shot):
    for v in BOTH:
        for to in (shot.target.host, shot.target.router):
            yield shot.ip(v, to=to) / shot.echo(v)


@kind
def echo_reply(shot):
    """The hub does not track answers to probes. Nobody asked under this number."""
    for to in (shot.target.host, shot.target.router):
        yield shot.ip(4, to=to) / ICMP(type=0, id=0x4555) / Raw(shot.mark)
        yield shot.ip(6, to=to) / ICMPv6EchoReply(id=0x4555, data=shot.mark)


@kind
def net_edges(shot):
    """The network's own address and the broadcast of all that are in it."""
    for number in (0, -1):
        for v in BOTH:
            yield shot.ip(v, to=nth(shot.target, number)) / shot.udp()
            yield shot.ip(v, to=nth(shot.target, number)) / shot.echo(v)


@kind
def other_protocols(shot):
    for number in (2, 3, 8, 9, 33, 46, 50, 51, 54, 88, 89, 94, 103, 108, 112, 115, 132, 136, 253, 255):
        yield shot.ip(4, proto=number) / Raw(b"\0" * 8 + shot.mark)
        if number not in (50, 51):
            yield shot.ip(6, nh=number) / Raw(b"\0" * 8 + shot.mark)


@kind
def largest(shot):
    for v, header in ((4, 28), (6, 48)):
        words = shot.mark + b"." * (1500 - header - len(shot.mark))
        yield shot.ip(v) / shot.udp(words=words)
    yield shot.ip(4, flags="DF") / shot.udp(words=shot.mark + b"." * (1472 - len(shot.mark)))


@kind
def broken_checksums(shot):
    for v in BOTH:
        yield shot.ip(v) / UDP(sport=shot.port, dport=9, chksum=0xBAD) / Raw(shot.mark)
        yield shot.ip(v) / TCP(sport=shot.port, dport=80, chksum=0xBAD) / Raw(shot.mark)
    yield shot.ip(4) / UDP(sport=shot.port, dport=9, chksum=0) / Raw(shot.mark)


@kind
def last_hop(shot):
    """The hub reports what expires before its rules look: to whom?"""
    for ttl in (0, 1, 2, 255):
        yield from shot.each(ttl=ttl)


@kind
def icmp_questions(shot):
    for number in (13, 14, 15, 16, 17, 18, 30, 37, 42, 43):
        yield shot.icmp(4, number, body=b"\0" * 16 + shot.mark)
    for number in (127, 138, 139, 140, 144, 145, 148, 157, 160, 200):
        yield shot.icmp(6, number, body=b"\0" * 4 + shot.mark)


@kind
def icmp_redirect(shot):
    towards = shot.ip(4, source=shot.target.host, to=shot.services.host) / shot.udp()
    gateway = bytes(map(int, shot.me.host[4].split(".")))
    yield shot.icmp(4, 5, 1, gateway + bytes(towards))
    ends = [socket.inet_pton(socket.AF_INET6, at[6]) for at in (shot.me.host, shot.services.host)]
    yield shot.icmp(6, 137, 0, b"\0" * 4 + ends[0] + ends[1] + shot.mark, ttl=255)


def errors(shot, quoted, **ends):
    """Each error there is, about a packet of each version."""
    for number, code in ((3, 0), (3, 1), (3, 3), (3, 4), (3, 13), (4, 0), (11, 0), (11, 1), (12, 0)):
        rest = struct.pack("!HH", 0, 68)
        yield shot.icmp(4, number, code, rest + bytes(quoted[4]) + shot.mark, **ends)
    for number, code in ((1, 0), (1, 4), (2, 0), (3, 0), (4, 1)):
        rest = struct.pack("!I", 1280)
        yield shot.icmp(6, number, code, rest + bytes(quoted[6]) + shot.mark, **ends)


@kind
def error_about_nothing(shot):
    quoted = {v: shot.ip(v, shot.target.host, shot.services.host) / shot.tcp() for v in BOTH}
    yield from errors(shot, quoted)


@kind
def error_about_probe(shot):
    """As if about the target's answer to the hub, which is not tracked."""
    ends = (shot.target.router, shot.target.hub)
    four = shot.ip(4, *ends) / ICMP(type=8, id=1)
    quoted = {4: four, 6: shot.ip(6, *ends) / ICMPv6EchoRequest(id=1)}
    yield from errors(shot, quoted, to=shot.target.router)


@kind
def error_about_flow(shot):
    """As if from the way of a flow that the target has open: connection tracking believes it."""
    ends = (shot.target.host, shot.services.host)
    load = TCP(sport=MAIL_FLOW, dport=MAIL, seq=shot.seq)
    yield from errors(shot, {v: shot.ip(v, *ends) / load for v in BOTH})


@kind
def error_about_datagram(shot):
    ends = (shot.target.host, shot.services.host)
    load = UDP(sport=NAMES_FLOW, dport=NAMES)
    yield from errors(shot, {v: shot.ip(v, *ends) / load for v in BOTH})


@kind
def error_about_echo(shot):
    """About a ping of the target's; options move what the hub's rules look at."""
    ends = (shot.target.host, shot.services.host)
    four = shot.ip(4, *ends, options=[IPOption_RR(length=7, routers=["0.0.0.0"])])
    four = four / ICMP(type=8, id=0x4554)
    yield from errors(shot, {4: four, 6: shot.ip(6, *ends) / ICMPv6EchoRequest(id=0x4554)})


@kind
def error_to_service(shot):
    """The same to the service, so that it slows or ends the target's flow."""
    ends = (shot.services.host, shot.target.host)
    load = TCP(sport=MAIL, dport=MAIL_FLOW, seq=shot.seq)
    quoted = {v: shot.ip(v, *ends) / load for v in BOTH}
    yield from errors(shot, quoted, to=shot.services.host)
