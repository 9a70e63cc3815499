"""Sends heads to a proxy that two readers may understand differently; tells what it answered.

smuggle.py PROXY PORT HOST: a line of JSON a case, with its name and the statuses of the answers. HOST is
`address:port` of the host outside. Nothing that is asked for under /smuggled may ever be asked there.
"""

import concurrent.futures
import json
import re
import socket
import sys

proxy, port, host = sys.argv[1], int(sys.argv[2]), sys.argv[3]
url = f"http://{host}"
other = "other.example"
hidden = f"GET /smuggled HTTP/1.1\r\nHost: {host}\r\n\r\n"


def head(name, *lines, line=None, end="\r\n"):
    line = line or f"POST {url}/{name} HTTP/1.1"
    return end.join([line, *lines, "", ""])


CASES = {
    "plain": head("plain", f"Host: {host}", "Content-Length: 2") + "hi",
    "chunked": head("chunked", f"Host: {host}", "Transfer-Encoding: chunked") + "2\r\nhi\r\n0\r\n\r\n",
    "cr-lf-in-target": head("", f"Host: {host}", line=f"GET {url}/a\r\nX: b HTTP/1.1"),
    "space-in-target": head("", f"Host: {host}", line=f"GET {url}/a HTTP/1.1\r\n\r\n{hidden} HTTP/1.1"),
    "lf-in-target": head("", f"Host: {host}", line=f"GET {url}/a\nX: b HTTP/1.1"),
    "obs-fold": head("obs-fold", f"Host: {host}", "X-A: one", " X-B: two", "Content-Length: 0"),
    "obs-fold-of-length": head("f", f"Host: {host}", "X-A: one", "\tContent-Length: 60", "Content-Length: 0") + hidden,
    "length-and-chunked": head("lc", f"Host: {host}", f"Content-Length: {5 + len(hidden)}", "Transfer-Encoding: chunked")
    + "0\r\n\r\n" + hidden,
    "chunked-and-length": head("cl", f"Host: {host}", "Transfer-Encoding: chunked", "Content-Length: 4")
    + "0\r\n\r\n" + hidden,
    "two-lengths": head("two", f"Host: {host}", "Content-Length: 0", f"Content-Length: {len(hidden)}") + hidden,
    "list-of-lengths": head("list", f"Host: {host}", f"Content-Length: 0, {len(hidden)}") + hidden,
    "signed-length": head("sign", f"Host: {host}", "Content-Length: +2") + "hi",
    "chunked-not-last": head("last", f"Host: {host}", "Transfer-Encoding: chunked, identity") + "0\r\n\r\n" + hidden,
    "chunked-twice": head("twice", f"Host: {host}", "Transfer-Encoding: chunked", "Transfer-Encoding: chunked")
    + "0\r\n\r\n",
    "odd-coding": head("odd", f"Host: {host}", "Transfer-Encoding: xchunked", "Content-Length: 2") + "hi" + hidden,
    "space-before-colon": head("colon", f"Host: {host}", f"Content-Length : {len(hidden)}") + hidden,
    "old-with-chunked": head("", f"Host: {host}", "Transfer-Encoding: chunked", line=f"POST {url}/old HTTP/1.0")
    + "0\r\n\r\n" + hidden,
    "two-hosts": head("hosts", f"Host: {host}", f"Host: {other}", "Content-Length: 0"),
    "host-of-another": head("another", f"Host: {other}", "Content-Length: 0"),
    "nul": head("nul", f"Host: {host}", "X-A: a\0b", "Content-Length: 0"),
    "bare-cr": head("cr", f"Host: {host}", "X-A: a\rX-B: b", "Content-Length: 0"),
    "bare-lf-lines": head("lf", f"Host: {host}", "Content-Length: 0", end="\n"),
    "wrong-chunk-size": head("size", f"Host: {host}", "Transfer-Encoding: chunked") + "zz\r\nhi\r\n0\r\n\r\n" + hidden,
    "huge-chunk-size": head("huge", f"Host: {host}", "Transfer-Encoding: chunked")
    + "fffffffffffffffff2\r\nhi\r\n0\r\n\r\n" + hidden,
    "hop-by-hop": head("hop", f"Host: {host}", "Connection: X-Secret, close", "X-Secret: 1", "Proxy-Authorization: x",
                       "Proxy-Connection: keep-alive", "Keep-Alive: timeout=9", "TE: trailers", "Content-Length: 0"),
}


def answers(case):
    name, octets = case
    with socket.create_connection((proxy, port), timeout=5) as stream:
        stream.sendall(octets.encode("latin-1"))
        stream.settimeout(1)
        heard = b""
        try:
            while part := stream.recv(65536):
                heard += part
        except (TimeoutError, ConnectionError):
            pass
    codes = [int(code) for code in re.findall(rb"HTTP/1\.[01] (\d{3})", heard)]
    return json.dumps({"case": name, "codes": codes})


# Side by side: what stays open is listened to for a second each.
with concurrent.futures.ThreadPoolExecutor(len(CASES)) as some:
    for line in some.map(answers, CASES.items()):
        print(line, flush=True)
