"""In another's name: at the target with a source that is not the sender's."""

from shot import BOTH, kind


@kind
def source_neighbour(shot):
    yield from shot.each(shot.other.host)


@kind
def source_target(shot):
    yield from shot.each(shot.target.host)
    yield from shot.each(shot.target.router)


@kind
def source_hub(shot):
    yield from shot.each(shot.me.hub)


@kind
def source_hub_there(shot):
    """The address that the hub probes the target from."""
    yield from shot.each(shot.target.hub)
    yield from shot.each(shot.target.hub, shot.target.router)


@kind
def source_service(shot):
    yield from shot.each(shot.services.host)
    for v in BOTH:
        yield shot.ip(v, shot.services.host) / shot.tcp("SA", 50025)


@kind
def source_outside(shot):
    yield from shot.each(shot.outside.host)
    yield from shot.each({4: "198.51.100.7", 6: "2001:db8:7::7"})


@kind
def source_loopback(shot):
    yield from shot.each({4: "127.0.0.1", 6: "::1"})


@kind
def source_nobody(shot):
    yield from shot.each({4: "0.0.0.0", 6: "::"})


@kind
def source_group(shot):
    yield from shot.each({4: "224.0.0.5", 6: "ff02::5"})


@kind
def source_everybody(shot):
    for load in shot.usual(4):
        yield shot.ip(4, {4: "255.255.255.255"}) / load
        yield shot.ip(4, {4: "240.0.0.1"}) / load


@kind
def source_link_local(shot):
    yield from shot.each({4: "169.254.1.1", 6: "fe80::1"})


def mapped(four):
    """IPv4 addresses in those of IPv6: mapped, compatible, 6to4, NAT64."""
    a, b, c, d = map(int, four.split("."))
    six_to_four = f"2002:{a:02x}{b:02x}:{c:02x}{d:02x}::1"
    return (f"::ffff:{four}", f"::{four}", six_to_four, f"64:ff9b::{four}")


@kind
def source_mapped(shot):
    for six in mapped(shot.target.host[4]):
        for load in shot.usual(6):
            yield shot.ip(6, {6: six}) / load


@kind
def target_mapped(shot):
    for six in mapped(shot.target.host[4]):
        for load in shot.usual(6):
            yield shot.ip(6, to={6: six}) / load
