"""One side of a call through the hub: control over TCP, media over UDP, counted octet by octet.

Usage: call.py HUB ROOM NAME COUNT
Prints one JSON object. With COUNT 0 it joins, sends one datagram a tenth of a second, and says with each
line whether the other's still come, until its control connection ends.
"""
import json, select, socket, sys, time

hub, room, name, count = sys.argv[1], int(sys.argv[2]), sys.argv[3], int(sys.argv[4])
got = {"tcp_up": 0, "tcp_down": 0, "udp_up": 0, "udp_down": 0, "packets_up": 0, "packets_down": 0}
control = socket.create_connection((hub, 4307), timeout=10)
text = b""
AHEAD = 30


def say(line):
    control.sendall(line)
    got["tcp_up"] += len(line)


def listen(wait):
    """What comes on the control connection within a time; whether it is still open."""
    global text
    if select.select([control], [], [], wait)[0]:
        some = control.recv(65536)
        got["tcp_down"] += len(some)
        text += some
        return bool(some)
    return True


say(b"join %d\n" % room)
while b"\n" not in text:
    if not listen(10):
        sys.exit("the service says nothing")
port = int(text.split()[3])
media = socket.socket(socket.AF_INET6 if ":" in hub else socket.AF_INET, socket.SOCK_DGRAM)
# An answer from another address than this one is never seen.
media.connect((hub, port))
media.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 << 20)
seen = set()


def send(number, size):
    octets = (b"%s %d " % (name.encode(), number)).ljust(size, b".")
    try:
        media.send(octets)
    except ConnectionRefusedError:
        return
    got["udp_up"] += len(octets)
    got["packets_up"] += 1


def receive(wait):
    """Every datagram that comes, until none comes for a time."""
    while select.select([media], [], [], wait)[0]:
        try:
            octets = media.recv(65536)
        except ConnectionRefusedError:
            return
        got["udp_down"] += len(octets)
        got["packets_down"] += 1
        seen.add(int(octets.split()[1]))
        wait = 0


if count == 0:
    is_open = True
    while is_open:
        before = got["packets_down"]
        send(0, 64)
        is_open = listen(0.1)
        receive(0)
        print("media" if got["packets_down"] > before else "silence", flush=True)
    sys.exit()

# Each waits for the other: a datagram reaches those alone who sent one before.
deadline = time.monotonic() + 20
while (0 not in seen or b"ready" not in text) and time.monotonic() < deadline:
    send(0, 40)
    say(b"ready %s\n" % name.encode())
    listen(0.05)
    receive(0.05)
for _ in range(4):
    send(0, 40)
    say(b"ready %s\n" % name.encode())
    time.sleep(0.1)
deadline = time.monotonic() + 20 + count / 100
for number in range(1, count + 1):
    # Never further ahead of the other than sockets hold on a machine with other work to do.
    while len(seen) + AHEAD < number and time.monotonic() < deadline:
        receive(0.1)
    send(number, 200 + number % 1000)
    receive(0)
while len(seen) <= count and time.monotonic() < deadline:
    receive(0.1)
receive(1)
control.shutdown(socket.SHUT_WR)
while listen(10):
    pass
got["numbered"] = len(seen - {0})
print(json.dumps(got))
