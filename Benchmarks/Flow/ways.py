"""The way to a node: passes HTTP requests on, delayed, counted, or not at all."""

import asyncio
import random

from aiohttp import ClientSession, ClientTimeout, TCPConnector, web

# Fields that belong to one connection (RFC 9110, section 7.6.1), or that are made anew.
OWN_FIELDS = {"host", "connection", "transfer-encoding", "content-length", "keep-alive", "date", "server"}


class Way:
    """A server on loopback in front of another one."""

    def __init__(self, there):
        self.there = there.rstrip("/")
        # How long an answer takes longer than the server itself needs, in seconds.
        self.delay = 0
        # Accepts requests and answers none.
        self.hangs = False
        # Which share of the requests is answered by 429 or 502.
        self.failing = 0
        self.requests = 0

    async def start(self):
        self.session = ClientSession(
            timeout=ClientTimeout(total=120), connector=TCPConnector(limit=0), auto_decompress=False
        )
        application = web.Application(client_max_size=1 << 28)
        application.router.add_route("*", "/{rest:.*}", self.pass_on)
        # What hangs when all ends is not waited for.
        # A question names up to 1,000 accounts in its first line.
        self.runner = web.AppRunner(application, access_log=None, shutdown_timeout=0.1, max_line_size=1 << 20)
        await self.runner.setup()
        site = web.TCPSite(self.runner, "127.0.0.1", 0)
        await site.start()
        self.url = f"http://127.0.0.1:{site._server.sockets[0].getsockname()[1]}"
        return self

    async def stop(self):
        await self.session.close()
        await self.runner.cleanup()

    async def pass_on(self, request):
        self.requests += 1
        body = await request.read()
        if self.hangs:
            # Until the client gives up; a node that is well again does not answer old requests.
            await asyncio.sleep(3_600)
        if self.failing and random.random() < self.failing:
            if random.random() < 0.5:
                return web.Response(status=429, headers={"Retry-After": "1"})
            return web.Response(status=502, text="<html>bad gateway</html>")
        await asyncio.sleep(self.delay / 2)
        fields = {name: value for name, value in request.headers.items() if name.lower() not in OWN_FIELDS}
        async with self.session.request(
            request.method, self.there + request.path_qs, data=body, headers=fields, allow_redirects=False
        ) as answer:
            said = await answer.read()
        await asyncio.sleep(self.delay / 2)
        fields = {name: value for name, value in answer.headers.items() if name.lower() not in OWN_FIELDS}
        return web.Response(status=answer.status, body=said, headers=fields)
