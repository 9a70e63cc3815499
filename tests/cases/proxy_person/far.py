"""The far end: files by HTTP on one port, and a WebSocket that says everything back on another.

far.py ADDRESS FOLDER
"""

import asyncio
import functools
import http.server
import socket
import struct
import sys
import threading

import websockets

address, folder = sys.argv[1:]
files = functools.partial(http.server.SimpleHTTPRequestHandler, directory=folder)
server = http.server.ThreadingHTTPServer((address, 8081), files)
threading.Thread(target=server.serve_forever, daemon=True).start()


async def back(talk):
    async for message in talk:
        await talk.send(message)


async def main():
    # The kernel takes connections there, and nobody reads.
    deaf = socket.create_server((address, 8083))
    # One that breaks off after it has said something.
    def broken(reader, writer):
        writer.write(b"half")
        option = struct.pack("ii", 1, 0)
        writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, option)
        asyncio.get_running_loop().call_later(0.2, writer.transport.abort)
        return asyncio.sleep(1, reader)

    await asyncio.start_server(broken, address, 8084)
    async with websockets.serve(back, address, 8082):
        print("ready", flush=True)
        await asyncio.Future()
    deaf.close()


asyncio.run(main())
