"""Slow clients: slow.py PROXY PORT COUNT SECONDS. Each says one octet of a head a second.

Tells in the end, as a line of JSON, how many were open at once at most, and how many nobody had sent away
after so many seconds of their own.
"""

import asyncio
import json
import resource
import sys

HEAD = b"CONNECT 203.0.113.9:443 HTTP/1.1\r\nX: " + b"x" * 1000
proxy, port, count, seconds = sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), float(sys.argv[4])
limit = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
resource.setrlimit(resource.RLIMIT_NOFILE, (limit, limit))
now = most = left = 0


async def one(turns):
    global now, most, left
    writer = None
    try:
        async with turns:
            reader, writer = await asyncio.open_connection(proxy, port)
        now += 1
        most = max(most, now)
        end = asyncio.get_running_loop().time() + seconds
        try:
            for octet in HEAD:
                if asyncio.get_running_loop().time() > end:
                    left += 1
                    break
                writer.write(bytes([octet]))
                await writer.drain()
                try:
                    await asyncio.wait_for(reader.read(1), 1)
                    return
                except asyncio.TimeoutError:
                    pass
        finally:
            now -= 1
    except OSError:
        pass
    finally:
        if writer is not None:
            writer.transport.abort()


async def main():
    turns = asyncio.Semaphore(200)
    print("begun", flush=True)
    await asyncio.gather(*(one(turns) for _ in range(count)))
    print(json.dumps({"most": most, "left": left}), flush=True)


asyncio.run(main())
