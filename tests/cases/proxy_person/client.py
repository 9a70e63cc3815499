"""A foreign client of the proxy, over HTTP/1.1 and HTTP/2 (python3-h2), with TLS or without.

client.py PROXY COMMAND ARGUMENT...   PROXY: HOST:PORT[,CA[,CERT,KEY]]; without CA there is no TLS.
What it finds is one line of JSON on standard output.
"""

import hashlib
import json
import socket
import ssl
import sys
import time

import h2.config
import h2.connection
import h2.events
import h2.settings

HUGE = 2**31 - 1


def wire(proxy, protocols=("h2",)):
    place, *files = proxy.split(",")
    host, port = place.rsplit(":", 1)
    plain = socket.create_connection((host, int(port)), timeout=30)
    plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    if not files:
        return plain
    context = ssl.create_default_context(cafile=files[0])
    context.set_alpn_protocols(list(protocols))
    if len(files) == 3:
        context.load_cert_chain(files[1], files[2])
    secure = context.wrap_socket(plain, server_hostname=host)
    assert secure.selected_alpn_protocol() == protocols[0], secure.selected_alpn_protocol()
    return secure


class Second:
    """One connection over HTTP/2; events by stream."""

    def __init__(self, proxy, settings=None, checked=True):
        self.wire = wire(proxy)
        config = h2.config.H2Configuration(
            client_side=True,
            header_encoding="utf-8",
            # It wants a path of CONNECT too.
            validate_outbound_headers=False,
            normalize_outbound_headers=checked,
        )
        self.h2 = h2.connection.H2Connection(config)
        self.h2.local_settings = h2.settings.Settings(
            client=True, initial_values={h2.settings.SettingCodes.ENABLE_PUSH: 0, **(settings or {})}
        )
        self.h2.initiate_connection()
        self.flush()
        self.heads, self.parts, self.ends = {}, {}, {}

    def flush(self):
        self.wire.sendall(self.h2.data_to_send())

    def open(self, headers, over):
        stream = self.h2.get_next_available_stream_id()
        self.h2.send_headers(stream, headers, end_stream=over)
        self.flush()
        return stream

    def connect(self, target):
        return self.open([(":method", "CONNECT"), (":authority", target)], False)

    def send(self, stream, octets):
        self.h2.send_data(stream, octets)
        self.flush()

    def turn(self):
        octets = self.wire.recv(1 << 16)
        if not octets:
            raise EOFError
        for event in self.h2.receive_data(octets):
            stream = getattr(event, "stream_id", None)
            if isinstance(event, h2.events.ResponseReceived):
                self.heads[stream] = dict(event.headers)
            elif isinstance(event, h2.events.DataReceived):
                self.parts.setdefault(stream, []).append(event.data)
                self.h2.acknowledge_received_data(event.flow_controlled_length, stream)
            elif isinstance(event, h2.events.StreamEnded):
                self.ends.setdefault(stream, "end")
            elif isinstance(event, h2.events.StreamReset):
                # After a whole answer it says that no more is wanted (RFC 9113, section 8.1).
                self.ends.setdefault(stream, f"reset {int(event.error_code)}")
            elif isinstance(event, h2.events.ConnectionTerminated):
                self.ends["all"] = f"goaway {int(event.error_code)}"
        self.flush()

    def head(self, stream):
        while stream not in self.heads and stream not in self.ends and "all" not in self.ends:
            self.turn()
        return self.heads.get(stream, {}).get(":status") or self.ends.get(stream) or self.ends["all"]

    def rest(self, stream):
        while stream not in self.ends and "all" not in self.ends:
            self.turn()
        return b"".join(self.parts.get(stream, []))


def told(**facts):
    print(json.dumps(facts), flush=True)


def status(proxy, target):
    """What becomes of a tunnel to TARGET."""
    one = Second(proxy)
    stream = one.connect(target)
    answer = one.head(stream)
    body = b"" if answer == "200" else one.rest(stream)
    told(status=answer, body=body.decode(), end=one.ends.get(stream))


def tunnel(proxy, target, path):
    """A page through a tunnel: what was in it, and what the tunnel carried."""
    one = Second(proxy)
    stream = one.connect(target)
    answer = one.head(stream)
    ask = f"GET {path} HTTP/1.0\r\nHost: {target}\r\n\r\n".encode()
    # Our side of it is over then, and the other goes on.
    one.h2.send_data(stream, ask, end_stream=True)
    one.flush()
    whole = one.rest(stream)
    head, _, body = whole.partition(b"\r\n\r\n")
    told(status=answer, end=one.ends[stream], up=len(ask), down=len(whole), size=len(body),
         sum=hashlib.sha256(body).hexdigest())


def get(proxy, authority, path, *more):
    """A request in absolute form, with more header lines NAME=VALUE."""
    one = Second(proxy)
    fixed = [(":method", "GET"), (":scheme", "http"), (":authority", authority), (":path", path)]
    stream = one.open(fixed + [tuple(line.split("=", 1)) for line in more], True)
    answer = one.head(stream)
    body = one.rest(stream)
    told(status=answer, end=one.ends.get(stream), size=len(body),
         sum=hashlib.sha256(body).hexdigest(), text=body[:2000].decode("utf-8", "replace"))


def split(proxy, *lines):
    """A head that a correct client would not send: all of its lines as NAME=VALUE."""
    one = Second(proxy, checked=False)
    pairs = [tuple(line.encode().decode("unicode_escape").split("=", 1)) for line in lines]
    connect = (":method", "CONNECT") in pairs
    stream = one.open(pairs, not connect)
    try:
        told(status=one.head(stream))
    except (EOFError, OSError) as gone:
        told(status="gone", why=str(gone))


def broken(proxy, target):
    """A tunnel whose far end breaks off."""
    one = Second(proxy)
    stream = one.connect(target)
    answer = one.head(stream)
    told(status=answer, said=one.rest(stream).decode(), end=one.ends[stream])


def rapid(proxy, target):
    """Tunnels that are opened and reset at once: how many were taken before it was too much."""
    one = Second(proxy)
    one.turn()
    for number in range(20000):
        one.h2.reset_stream(one.connect(target), 8)
        try:
            one.flush()
            if number % 50 == 0:
                one.wire.settimeout(0.01)
                try:
                    one.turn()
                except TimeoutError:
                    pass
        except (EOFError, OSError):
            break
        if "all" in one.ends:
            break
    told(opened=number + 1, end=one.ends.get("all", "gone"))


def hold(proxy, target):
    """Tunnels by each version on one certificate, until each of them ends."""
    import threading

    second = Second(proxy)
    stream = second.connect(target)
    assert second.head(stream) == "200", second.heads
    first = wire(proxy, ("http/1.1",))
    first.sendall(f"CONNECT {target} HTTP/1.1\r\nHost: {target}\r\n\r\n".encode())
    assert b" 200 " in first.recv(12 << 10)
    second.wire.settimeout(20)
    first.settimeout(20)
    ends = {}

    def first_end():
        try:
            while first.recv(1 << 16):
                pass
            ends["first"] = "end"
        except OSError as error:
            ends["first"] = type(error).__name__
        ends["first_at"] = time.time()

    reading = threading.Thread(target=first_end)
    reading.start()
    told(open=True)
    try:
        while stream not in second.ends:
            second.turn()
        ends["second"] = second.ends[stream]
    except (EOFError, OSError) as error:
        ends["second"] = type(error).__name__
    ends["second_at"] = time.time()
    reading.join()
    told(**ends)


def greedy(proxy, target, path, count):
    """So many tunnels, each of which is sent a large page, and nothing is read."""
    one = Second(proxy, {h2.settings.SettingCodes.INITIAL_WINDOW_SIZE: HUGE})
    one.h2.increment_flow_control_window(HUGE - 65535)
    streams = [one.connect(target) for _ in range(int(count))]
    for stream in streams:
        one.h2.send_data(stream, f"GET {path} HTTP/1.0\r\n\r\n".encode())
        one.flush()
    told(open=len(streams))
    sys.stdin.read()


def flood(proxy, target):
    """Sends to a tunnel whose far end reads nothing, as much as is taken."""
    one = Second(proxy)
    stream = one.connect(target)
    assert one.head(stream) == "200"
    sent, quiet = 0, 0
    one.wire.settimeout(0.5)
    while quiet < 4:
        room = min(one.h2.local_flow_control_window(stream), 16384)
        if room:
            one.send(stream, b"x" * room)
            sent, quiet = sent + room, 0
            continue
        try:
            one.turn()
        except TimeoutError:
            quiet += 1
    told(sent=sent)


def websocket(proxy, target, first):
    """A WebSocket through a tunnel, said back by the far end."""
    from websockets.client import ClientConnection
    from websockets.frames import Opcode
    from websockets.uri import parse_uri

    talk = ClientConnection(parse_uri(f"ws://{target}/"))
    if first == "first":
        plain = wire(proxy, ("http/1.1",))
        plain.sendall(f"CONNECT {target} HTTP/1.1\r\nHost: {target}\r\n\r\n".encode())
        assert b" 200 " in plain.recv(12 << 10)
        send, receive = plain.sendall, lambda: plain.recv(1 << 16)
    else:
        one = Second(proxy)
        stream = one.connect(target)
        assert one.head(stream) == "200"

        def send(octets):
            for at in range(0, len(octets), 16384):
                one.send(stream, octets[at : at + 16384])

        def receive():
            while not one.parts.get(stream):
                one.turn()
            return one.parts[stream].pop(0)

    talk.send_request(talk.connect())
    messages = [b"short", bytes(range(256)) * 200]
    heard, sent = [], False
    while len(heard) < len(messages):
        for octets in talk.data_to_send():
            send(octets)
        talk.receive_data(receive())
        for event in talk.events_received():
            if getattr(event, "opcode", None) in (Opcode.BINARY, Opcode.TEXT):
                heard.append(event.data)
            elif not sent:
                assert event.status_code == 101, event
                for message in messages:
                    talk.send_binary(message)
                sent = True
    told(same=heard == messages)


def raw(proxy, octets):
    """What HTTP/1.1 answers to these octets: its status line."""
    one = wire(proxy, ("http/1.1",))
    one.sendall(octets.encode().decode("unicode_escape").encode("latin-1"))
    one.settimeout(5)
    heard = b""
    try:
        while part := one.recv(1 << 16):
            heard += part
    except OSError:
        pass
    told(line=heard.split(b"\r\n")[0].decode("latin-1"),
         answers=heard.count(b"HTTP/1.1 "))


if __name__ == "__main__":
    proxy, command, *arguments = sys.argv[1:]
    globals()[command](proxy, *arguments)
