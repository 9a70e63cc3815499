"""Asks for a relay of datagrams by SOCKS 5 and then does what is said, a line each (RFC 1928, section 7).

Usage: associate.py PROXY PORT
First prints the address and port of the relay. Then for each line `ask HOST PORT [FRAGMENT]` it sends a
question for a name (RFC 1035) there and prints `answer`, with whose it is, or `silence`; `get` is the same
and more patient. `flood HOST PORT COUNT` sends one to each of so many ports and waits for nothing.
"""
import socket, sys, time

QUESTION = b"\x45\x54\x01\0\0\x01\0\0\0\0\0\0\x04mail\x07kenzhar\x07example\0\0\x01\0\x01"
control = socket.create_connection((sys.argv[1], int(sys.argv[2])), timeout=5)
control.sendall(b"\x05\x01\0")
assert control.recv(2) == b"\x05\0"
control.sendall(b"\x05\x03\0\x01\0\0\0\0\0\0")
answer = control.recv(10)
assert answer[:4] == b"\x05\0\0\x01", answer
relay = (socket.inet_ntoa(answer[4:8]), int.from_bytes(answer[8:10], "big"))
print(*relay, flush=True)
media = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
media.connect(relay)


def head(host, port, fragment):
    for kind, family in ((1, socket.AF_INET), (4, socket.AF_INET6)):
        try:
            address = bytes([kind]) + socket.inet_pton(family, host)
            break
        except OSError:
            address = bytes([3, len(host)]) + host.encode()
    return bytes([0, 0, fragment]) + address + port.to_bytes(2, "big")


for line in sys.stdin:
    what, host, port, *more = line.split()
    if what == "flood":
        for number in range(int(more[0])):
            try:
                media.send(head(host, int(port) + number, 0) + QUESTION)
            except ConnectionRefusedError:
                pass
            time.sleep(0.002)
        print("sent", flush=True)
        continue
    media.settimeout(5 if what == "get" else 0.7)
    media.send(head(host, int(port), int(more[0]) if more else 0) + QUESTION)
    try:
        octets = media.recv(2048)
        size = 4 if octets[3] == 1 else 16
        family = socket.AF_INET if size == 4 else socket.AF_INET6
        whose = socket.inet_ntop(family, octets[4 : 4 + size])
        assert octets[6 + size : 8 + size] == QUESTION[:2], octets
        print("answer", whose, flush=True)
    except (TimeoutError, ConnectionRefusedError):
        print("silence", flush=True)
