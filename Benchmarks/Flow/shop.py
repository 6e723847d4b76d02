"""A gateway (the release build) on the sandbox's networks, ways to its nodes, a merchant's server, and customers."""

import asyncio
import datetime
import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import time

from aiohttp import ClientSession, ClientTimeout, TCPConnector, web
from ways import Way

ROOT = pathlib.Path(__file__).resolve().parents[2]
PROGRAM = os.environ.get("SETTLEGATE", str(ROOT / ".build" / "release" / "settlegate"))
# As on the main network since April 2026.
TON_BLOCK_MILLISECONDS = 400
COIN, STARS = "ton:testnet:native", "telegram:XTR"

# How a payment is made on each rail: rail, asset, amount, goods, place.
ORDERS = {
    "Stars": ("telegram_stars", STARS, "250", "digital", "telegram"),
    "card": ("telegram_fiat", "fiat:EUR", "12.50", "physical", "telegram"),
    "TON": ("ton", COIN, "1.5", "physical", "telegram"),
    "EVM": ("evm", "evm_coin", "0.05", "physical", "web"),
}
# Where the addresses of each rail's nodes stand in the configuration.
NODES = {"telegram": "api_url:", "ton": "toncenter_url:", "evm": "nodes:"}


def moment(text):
    """Seconds since 1970 of a moment in the API's form."""
    return datetime.datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp()


class MerchantServer:
    """Takes events, after a while, and remembers when the first of each kind came about each object."""

    def __init__(self, delay=0.0):
        self.delay, self.events, self.twice = delay, {}, 0
        self.changed = asyncio.Event()

    async def start(self):
        application = web.Application()
        application.router.add_post("/", self.take)
        application.router.add_post("/hang/{rest:.*}", self.hang)
        self.runner = web.AppRunner(application, access_log=None, shutdown_timeout=0.1)
        await self.runner.setup()
        site = web.TCPSite(self.runner, "127.0.0.1", 0, backlog=2_048)
        await site.start()
        self.url = f"http://127.0.0.1:{site._server.sockets[0].getsockname()[1]}/"
        return self

    async def take(self, request):
        event = await request.json()
        key = (event["type"], event["data"].get("id"))
        # Told at the moment of the answer, when the merchant has it.
        await asyncio.sleep(self.delay)
        if key in self.events:
            self.twice += 1
        else:
            self.events[key] = (time.time(), moment(event["timestamp"]))
            self.changed.set()
        return web.Response(status=204)

    async def hang(self, request):
        await asyncio.sleep(3_600)

    async def told(self, keys, seconds):
        """Waits until every event is told; returns those that are not in time."""
        end = time.monotonic() + seconds
        missing = [key for key in keys if key not in self.events]
        while missing and time.monotonic() < end:
            self.changed.clear()
            try:
                await asyncio.wait_for(self.changed.wait(), 0.5)
            except TimeoutError:
                pass
            missing = [key for key in missing if key not in self.events]
        return missing


class World:
    """One sandbox with its gateway."""

    def __init__(self, deposit="comment", endpoint_delay=0.0, configure=None):
        self.deposit, self.configure = deposit, configure
        self.server = MerchantServer(endpoint_delay)
        self.ways = {}

    async def __aenter__(self):
        self.home = tempfile.TemporaryDirectory(prefix="settlegate-flow-")
        self.networks = subprocess.Popen(
            [
                PROGRAM, "sandbox", "--networks-only", "--print-json", "--home", self.home.name,
                "--ton-block-milliseconds", str(TON_BLOCK_MILLISECONDS),
            ],
            stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, cwd=ROOT,
        )
        self.places = json.loads(await asyncio.to_thread(self.networks.stdout.readline))
        self.session = ClientSession(timeout=ClientTimeout(total=120), connector=TCPConnector(limit=0))
        await self.server.start()
        configuration = pathlib.Path(self.places["config"])
        text = configuration.read_text().replace(", request_log: requests.jsonl", "")
        text = text.replace("deposit: comment", f"deposit: {self.deposit}")
        # As in a gateway of its own: a pass a second.
        text = re.sub(r"reconciliation_interval_ms: \d+", "reconciliation_interval_ms: 1000", text)
        for name, setting in NODES.items():
            way = self.ways[name] = await Way(self.places["ton"]).start()
            text = "\n".join(
                line.replace(way.there, way.url) if line.strip().startswith(setting) else line
                for line in text.split("\n")
            )
        configuration.write_text(self.configure(text) if self.configure else text)
        self.environment = dict(
            os.environ, SETTLEGATE_PASSPHRASE=self.places["passphrase"],
            SETTLEGATE_HTTP_REQUESTS_PER_MINUTE="100000000",
        )
        said = subprocess.run(
            [PROGRAM, "merchants", "operator-key", "--config", self.places["config"]],
            cwd=ROOT, env=self.environment, capture_output=True, text=True, check=True,
        )
        self.operator = re.search(r"sk_test_[a-z0-9_]+", said.stdout + said.stderr).group()
        self.url, self.key = self.places["gateway"], self.places["api_key"]
        self.log = open(os.path.join(self.home.name, "gateway.log"), "w+")
        self.gateway = subprocess.Popen(
            [PROGRAM, "serve", "--config", self.places["config"]], cwd=ROOT, env=self.environment,
            stdout=self.log, stderr=self.log,
        )
        await self.ready()
        # Settled, completed: what merchants wait for.
        types = ["invoice.settled", "payout.completed"]
        await self.ask("webhook_endpoints", {"url": self.server.url, "types": types})
        return self

    async def __aexit__(self, *failure):
        for process in (self.gateway, self.networks):
            process.terminate()
            try:
                await asyncio.to_thread(process.wait, 30)
            except subprocess.TimeoutExpired:
                process.kill()
        for way in self.ways.values():
            await way.stop()
        await self.session.close()
        await self.server.runner.cleanup()
        self.log.close()
        self.home.cleanup()

    async def ready(self):
        for _ in range(600):
            try:
                async with self.session.get(self.url + "/readyz") as answer:
                    if answer.status == 200:
                        return
            except OSError:
                pass
            await asyncio.sleep(0.1)
        sys.exit("the gateway is not ready")

    async def ask(self, path, body=None, key=None):
        """A request to the REST API."""
        fields = {"Authorization": f"Bearer {key or self.key}"}
        method = "GET" if body is None else "POST"
        async with self.session.request(method, f"{self.url}/v1/{path}", json=body, headers=fields) as answer:
            said = await answer.json()
            if answer.status >= 400:
                raise RuntimeError(f"{path}: {answer.status} {said}")
            return said

    async def control(self, what, wish):
        async with self.session.post(f"{self.places['control']}/{what}", json=wish) as answer:
            return await answer.json()

    async def open(self, name):
        rail, asset, amount, goods, place = ORDERS[name]
        asset = asset if ":" in asset else self.places[asset]
        return await self.ask("invoices", {
            "title": "Tea", "description": "Tea", "goods": goods, "place": place, "amount": amount, "asset": asset,
            "rails": [{"rail": rail, "asset": asset}],
        })

    async def pay(self, invoice, user="alice", units=None):
        """Pays an invoice; returns when that began."""
        began = time.time()
        wish = {"option": invoice["options"][0], "user": user}
        if units:
            wish["units"] = units
        answer = await self.control("pay", wish)
        if not answer.get("taken"):
            raise RuntimeError(f"not taken: {answer}")
        return began

    async def head(self, network):
        """The number of a chain's newest block."""
        if network == "evm":
            call = {"jsonrpc": "2.0", "id": 1, "method": "eth_blockNumber", "params": []}
            async with self.session.post(self.places["evm"], json=call) as answer:
                return int((await answer.json())["result"], 16)
        async with self.session.get(self.places["ton"] + "/api/v3/masterchainInfo") as answer:
            return int((await answer.json())["last"]["seqno"])

    def report(self):
        """The reconciliation report of the stopped gateway."""
        self.gateway.terminate()
        self.gateway.wait(60)
        said = subprocess.run(
            [PROGRAM, "reconcile", "--config", self.places["config"], "--format", "json"],
            cwd=ROOT, env=self.environment, capture_output=True, text=True,
        )
        return json.loads(said.stdout)

    def memory(self):
        """The gateway's resident memory in MiB, and its open files."""
        status = pathlib.Path(f"/proc/{self.gateway.pid}/status").read_text()
        files = len(os.listdir(f"/proc/{self.gateway.pid}/fd"))
        return int(re.search(r"VmRSS:\s+(\d+)", status).group(1)) // 1024, files
