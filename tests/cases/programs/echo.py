"""A WebSocket server that sends back what it hears. Arguments: address and port."""

import asyncio
import sys

from websockets.asyncio.server import serve


async def echo(connection):
    async for message in connection:
        await connection.send(message)


async def main():
    async with serve(echo, sys.argv[1], int(sys.argv[2])):
        await asyncio.get_running_loop().create_future()


asyncio.run(main())
