"""Passes PostgreSQL's socket on, each way delayed: python delaying-proxy.py SERVER_FOLDER OWN_FOLDER MILLISECONDS

Prints a line when it listens, and ends when its standard input does. What comes is passed on in order, all that is due at
once, so that a connection carries as many bytes as without the delay.
"""

import asyncio
import os
import sys

SERVER, OWN, DELAY = sys.argv[1], sys.argv[2], float(sys.argv[3]) / 2_000


async def carry(reader, writer):
    loop = asyncio.get_running_loop()
    queue = asyncio.Queue()

    async def write():
        while (item := await queue.get()) is not None:
            due, data = item
            await asyncio.sleep(max(0, due - loop.time()))
            writer.write(data)
        writer.close()

    task = asyncio.create_task(write())
    while data := await reader.read(1 << 18):
        queue.put_nowait((loop.time() + DELAY, data))
    queue.put_nowait(None)
    await task


async def serve(reader, writer):
    try:
        there = await asyncio.open_unix_connection(f"{SERVER}/.s.PGSQL.5432")
        await asyncio.gather(carry(reader, there[1]), carry(there[0], writer))
    except OSError:
        writer.close()


async def main():
    async with await asyncio.start_unix_server(serve, f"{OWN}/.s.PGSQL.5432"):
        print("listening", flush=True)
        await asyncio.to_thread(sys.stdin.read)
        os._exit(0)


asyncio.run(main())
