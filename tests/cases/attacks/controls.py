"""No attacks: what must arrive, so that a capture that is silent says something."""

from scapy.layers.inet import TCP
from scapy.layers.l2 import Ether

from bounce import question
from plain import errors
from shot import BOTH, MAIL, MAIL_FLOW, kind


@kind
def allowed(shot):
    """What everybody may ask of the services; their answers come back to who asked."""
    for v in BOTH:
        yield shot.ip(v) / shot.echo(v)
        yield shot.ip(v) / question(shot)
        yield shot.ip(v) / shot.tcp(port=MAIL)


@kind
def given(shot):
    """From the hub itself, on the target's own link."""
    for v in BOTH:
        packet = shot.ip(v, source=shot.target.hub) / shot.udp()
        yield Ether(src=shot.target.hub.hardware, dst=shot.target.hardware) / packet


@kind
def service_error(shot):
    """From the server about the flow that the target has open with it, of which attacks speak too."""
    ends = (shot.target.host, shot.me.host)
    load = TCP(sport=MAIL_FLOW, dport=MAIL, seq=shot.seq)
    yield from errors(shot, {v: shot.ip(v, *ends) / load for v in BOTH})


@kind
def service_error_again(shot):
    yield from service_error(shot)


@kind
def given_again(shot):
    yield from given(shot)


@kind
def allowed_again(shot):
    yield from allowed(shot)
