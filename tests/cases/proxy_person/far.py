"""The far end: files by HTTP on one port, and a WebSocket that says everything back on another.

far.py ADDRESS FOLDER
"""

import asyncio
import functools
import http.server
import socket
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
    async with websockets.serve(back, address, 8082):
        print("ready", flush=True)
        await asyncio.Future()
    deaf.close()


asyncio.run(main())
