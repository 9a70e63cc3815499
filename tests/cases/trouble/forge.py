"""Sends forged echo replies to the hub out of a segment's namespace, at a stated rate.

Usage: forge.py INTERFACE OWN_ADDRESS OTHER_ADDRESS KINDS COUNT RATE [SECONDS]

First listens for a real reply of this segment, so that what is sent has the hub's own tag, numbers
and cookies in it. KINDS is a list with commas: duplicate, late, cookie, future, truncated,
source, foreign, large. RATE 0: as fast as possible. Prints how many of each were sent, as JSON.
"""

import json
import os
import socket
import struct
import sys
import time

name, own, other = sys.argv[1:4]
kinds, count, rate = sys.argv[4].split(","), int(sys.argv[5]), float(sys.argv[6])
limit = float(sys.argv[7]) if len(sys.argv) > 7 else 1e9
ETH_P_ALL = 3
wire = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(ETH_P_ALL))
wire.bind((name, 0))
own, other = socket.inet_aton(own), socket.inet_aton(other)


def checksum(data):
    if len(data) % 2:
        data += b"\0"
    total = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return struct.pack("!H", ~total & 0xFFFF)


def heard():
    """The newest real reply of this segment, if there is one."""
    found = None
    while True:
        try:
            frame = wire.recv(2048, socket.MSG_DONTWAIT)
        except BlockingIOError:
            return found
        if frame[12:14] == b"\x08\x00" and frame[23] == 1 and frame[26:30] == own and frame[34] == 0:
            found = frame


def built(frame, source, icmp):
    icmp = icmp[:2] + b"\0\0" + icmp[4:]
    icmp = icmp[:2] + checksum(icmp) + icmp[4:]
    ip = bytearray(frame[14:34])
    ip[2:4] = struct.pack("!H", 20 + len(icmp))
    ip[10:12] = b"\0\0"
    ip[12:16] = source
    ip[10:12] = checksum(bytes(ip))
    return frame[:14] + bytes(ip) + icmp


def forged(kind, frame):
    # The payload: tag (4 bytes), number (8), cookie (8); it begins 8 bytes into the message.
    end = 14 + struct.unpack("!H", frame[16:18])[0]
    icmp = frame[34:end]
    if kind == "duplicate":
        return frame[:end]
    if kind == "late":
        return old
    if kind == "cookie":
        return built(frame, own, icmp[:20] + os.urandom(8) + icmp[28:])
    if kind == "future":
        number = struct.pack("!Q", struct.unpack("!Q", icmp[12:20])[0] + 1_000_000)
        return built(frame, own, icmp[:12] + number + icmp[20:])
    if kind == "truncated":
        return built(frame, own, icmp[:14])
    if kind == "source":
        return built(frame, other, icmp)
    if kind == "foreign":
        return built(frame, own, icmp[:4] + os.urandom(len(icmp) - 4))
    if kind == "large":
        return built(frame, own, icmp + bytes(512 - 20 - len(icmp)))
    raise SystemExit(f"no such kind: {kind}")


real = None
while real is None:
    time.sleep(0.05)
    real = heard()
old = real
if "late" in kinds:
    # Longer than the hub waits for any answer.
    time.sleep(3.5)
    real = heard() or real
sent = dict.fromkeys(kinds, 0)
refused = 0
frames = [(kind, forged(kind, real)) for kind in kinds]
begun = fresh = time.monotonic()
total = 0
while total < count:
    now = time.monotonic()
    if now - begun > limit:
        break
    if now - fresh > 0.3:
        fresh, real = now, heard() or real
        frames = [(kind, forged(kind, real)) for kind in kinds]
    due = int((now - begun) * rate) if rate else total + 64
    while total < min(due, count):
        kind, frame = frames[total % len(frames)]
        total += 1
        try:
            wire.send(frame)
            sent[kind] += 1
        except OSError:
            refused += 1
    if rate:
        time.sleep(0.002)
print(json.dumps({"sent": sent, "refused": refused, "seconds": time.monotonic() - begun}))
