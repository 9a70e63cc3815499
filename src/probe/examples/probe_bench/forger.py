"""Answers echo requests wrongly: doubled, late, from another address, with another cookie."""
import collections, socket, struct, sys, time

device, wanted = sys.argv[1], int(sys.argv[2])
ear = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(0x0800))
ear.bind((device, 0))
ear.setsockopt(socket.SOL_SOCKET, 33, 16 << 20)
ear.setblocking(False)
mouth = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
mouth.bind((device, 0))

def checksum(data):
    total = sum(struct.unpack("!%dH" % (len(data) // 2), data))
    total = (total & 0xFFFF) + (total >> 16)
    return ~((total & 0xFFFF) + (total >> 16)) & 0xFFFF

def reply(frame, source=None, flip=None):
    ethernet = frame[6:12] + frame[0:6] + frame[12:14]
    source = source or frame[30:34]
    ip = bytearray(frame[14:34])
    ip[12:16], ip[16:20], ip[10:12] = source, frame[26:30], b"\0\0"
    ip[10:12] = struct.pack("!H", checksum(bytes(ip)))
    icmp = bytearray(frame[34:62])
    icmp[0], icmp[2:4] = 0, b"\0\0"
    if flip is not None:
        icmp[flip] ^= 1
    icmp[2:4] = struct.pack("!H", checksum(bytes(icmp)))
    return ethernet + bytes(ip) + bytes(icmp)

counts, late = collections.Counter(), collections.deque()
started, sent = time.monotonic(), 0
while sent < wanted:
    try:
        frame = ear.recv(2048)
    except BlockingIOError:
        time.sleep(0.0005)
        continue
    if len(frame) < 62 or frame[23] != 1 or frame[34] != 8:
        continue
    forged = [("doubled", reply(frame))] * 6
    forged += [("wrong source", reply(frame, source=bytes([10, 78, 200, n]))) for n in range(6)]
    forged += [("wrong cookie", reply(frame, flip=20 + n)) for n in range(6)]
    forged += [("wrong number", reply(frame, flip=12 + n)) for n in range(6)]
    forged += [("wrong sequence", reply(frame, flip=7))] * 2
    late.append((time.monotonic() + 2.5, forged[0][1]))
    while late and late[0][0] < time.monotonic():
        packet = late.popleft()[1]
        forged += [("late", packet)] * 6
    for name, packet in forged:
        mouth.send(packet)
        counts[name] += 1
    sent += len(forged)
took = time.monotonic() - started
print(f"{sent} forged replies in {took:.1f} s, {sent / took:.0f} a second:", dict(counts))
