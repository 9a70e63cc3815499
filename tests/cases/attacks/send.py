"""Sends every attack of a list from every attacker to every target, out of their namespaces.

Usage: send.py --list            prints the kinds that there are
       send.py < FIELD           FIELD is JSON: the `segments`, `services` and `external` as places, and
                                 `kinds` in order, each with who sends it `from` where `to`; prints how
                                 many frames of each kind were sent, as JSON

One process for all, because starting one for each packet would take hours. Every place first opens the
flows that some attacks speak about. Needs root.
"""

import collections
import ctypes
import ipaddress
import json
import multiprocessing
import os
import socket
import struct
import sys
from types import SimpleNamespace

import bounce
import controls
import groups
import headers
import link
import plain
import sources
from shot import KINDS, MAIL, MAIL_FLOW, NAMES, NAMES_FLOW, By, Shot, Talk

CLONE_NEWNET = 0x40000000
#: One for each core.
WORKERS = os.cpu_count()
#: So often in a row a server may not answer.
TRIES = 3
unheard = collections.Counter()
fork = multiprocessing.get_context("fork")
libc = ctypes.CDLL(None, use_errno=True)


class Address(dict):
    """The addresses of one interface by version; the hub's also has hardware."""


def place(told):
    """A place as the test describes it."""
    one = SimpleNamespace(**told)
    for name in ("host", "router", "hub", "net"):
        told_addresses = told[name]
        addresses = Address({4: told_addresses["4"], 6: told_addresses["6"]})
        vars(addresses).update(told_addresses)
        setattr(one, name, addresses)
    return one


class Field:
    """Everybody, and who sends what to whom."""

    def __init__(self, told):
        self.segments = [place(one) for one in told["segments"]]
        self.services, self.external = place(told["services"]), place(told["external"])
        self.hub = SimpleNamespace(id="hub", no=told["hub_no"], netns=told["hub_netns"])
        everybody = self.segments + [self.services, self.external, self.hub]
        by_id = {one.id: one for one in everybody}
        self.kinds = [
            (one["name"], [by_id[at] for at in one["from"]], [by_id[at] for at in one["to"]])
            for one in told["kinds"]
        ]
        self.numbers = {name: number for number, (name, _, _) in enumerate(self.kinds)}

    @staticmethod
    def packed(address):
        return ipaddress.ip_address(address).packed


def enter(netns):
    """Moves this process into a network namespace; sockets stay where they were made."""
    path = netns if netns.startswith("/") else f"/run/netns/{netns}"
    with open(path) as file:
        if libc.setns(file.fileno(), CLONE_NEWNET):
            raise OSError(ctypes.get_errno(), f"cannot enter {netns}")


def wire(netns, device):
    enter(netns)
    raw = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
    raw.bind((device, 0))
    return raw


def open_flows(place, services):
    """A connection to the mail server and a question for a name, from known ports."""
    enter(place.netns)
    opened = []
    for v, family in ((4, socket.AF_INET), (6, socket.AF_INET6)):
        mail = socket.socket(family, socket.SOCK_STREAM)
        mail.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        mail.bind((place.host[v], MAIL_FLOW))
        mail.settimeout(5)
        mail.connect((services.host[v], MAIL))
        mail.recv(64)
        names = socket.socket(family, socket.SOCK_DGRAM)
        names.bind((place.host[v], NAMES_FLOW))
        names.connect((services.host[v], NAMES))
        opened += [mail, names]
    return opened


def ask(opened):
    """Keeps the flows alive."""
    question = b"\0\7\1\0\0\1\0\0\0\0\0\0\4mail\0\0\1\0\1"
    for one in opened:
        try:
            one.send(b"NOOP\r\n" if one.type == socket.SOCK_STREAM else question)
        except OSError as error:
            # An attack came through to the socket; that is for the captures to tell.
            print(f"a flow of a target was told: {error}", file=sys.stderr)


def say(me, services, talk):
    """Whether it could be said. Who is not heard again and again, as without the hub's rules, gives up."""
    if unheard[me.id] == TRIES:
        return False
    enter(me.netns)
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as mouth:
        mouth.settimeout(1)
        mouth.bind((me.host[4], 0))
        try:
            mouth.connect((services.host[4], talk.port))
            mouth.sendall(talk.words)
        except OSError as error:
            print(f"{me.id} cannot speak to a service: {error}", file=sys.stderr)
            unheard[me.id] += 1
            return False
        # Heard to the end by the server, and then forgotten.
        mouth.shutdown(socket.SHUT_WR)
        mouth.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 0, 0))
    unheard[me.id] = 0
    return True


def fire(field, wires, name, me, target):
    """One attack; how many frames it took."""
    shot = Shot(field, name, me, target)
    sent = 0
    for one in KINDS[name](shot):
        if isinstance(one, Talk):
            sent += say(me, field.services, one)
            continue
        if isinstance(one, By):
            wires[one.place.id].send(Shot(field, name, one.place, target).frame(one.packet))
        else:
            way = ("hub", target.hub.device) if me is field.hub else me.id
            wires[way].send(shot.frame(one))
        sent += 1
    return sent


def work(number, field, wires, flows, results):
    """One of several workers: every attacker has one, so that what it sends keeps its order."""
    report = {}
    try:
        for name, attackers, targets in field.kinds:
            ask(flows)
            mine = [me for me in attackers if me.no % WORKERS == number]
            pairs = [(me, target) for target in targets for me in mine if me is not target]
            report[name] = sum(fire(field, wires, name, *pair) for pair in pairs)
    except BaseException:
        report = None
        raise
    finally:
        results.put(report)


def main():
    if sys.argv[1:] == ["--list"]:
        print("\n".join(KINDS))
        return
    field = Field(json.load(sys.stdin))
    ends = field.segments + [field.services, field.external]
    wires = {one.id: wire(one.netns, one.device) for one in ends}
    ports = {one.hub.device for one in field.segments}
    wires |= {("hub", port): wire(field.hub.netns, port) for port in ports}
    flows = [one for place in field.segments for one in open_flows(place, field.services)]
    results = fork.Queue()
    shared = (field, wires, flows, results)
    workers = [fork.Process(target=work, args=(number, *shared)) for number in range(WORKERS)]
    for worker in workers:
        worker.start()
    reports = [results.get() for _ in workers]
    for worker in workers:
        worker.join()
    if None in reports:
        sys.exit(1)
    print(json.dumps({name: sum(report[name] for report in reports) for name in reports[0]}))


if __name__ == "__main__":
    main()
