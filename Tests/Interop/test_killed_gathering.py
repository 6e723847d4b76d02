"""SIGKILL at random moments while payments are gathered from the addresses of invoices on each chain: all of it arrives at
the wallet that pays out, and the books know every unit, on both databases.

`make test` kills a few times; `KILLS=100 INVOICES=20 .venv/bin/python -m pytest Tests/Interop/test_killed_gathering.py` is
the whole measure.
"""

import json
import os
import subprocess
from pathlib import Path

import pytest
from product import ROOT, SETTLEGATE, Gateway, call, eventually

KILLS = int(os.environ.get("KILLS", "3"))
WAIT = float(os.environ.get("WAIT", "180"))
INVOICES = int(os.environ.get("INVOICES", "4"))


class Shop:
    """A merchant whose customers pay to addresses of their own."""

    def __init__(self, sandbox, gateway):
        self.sandbox, self.gateway = sandbox, gateway
        # What customers pay on each chain, in coins and in tokens.
        self.goods = [
            ("ton", "ton:testnet:native", "1.5"), ("ton", sandbox["jetton"], "20"),
            ("evm", sandbox["evm_coin"], "0.05"), ("evm", sandbox["evm_token"], "25"),
        ]
        self.options = {}

    def __call__(self, path, body=None, **fields):
        key = {"Authorization": f"Bearer {self.sandbox['api_key']}", **fields}
        return call(f"{self.gateway.url}/v1/{path}", body, **key)

    def sell(self, number):
        rail, asset, amount = self.goods[number % len(self.goods)]
        order = {
            "title": "Tea", "description": "Tea", "goods": "physical", "place": "web" if rail == "evm" else "telegram",
            "amount": amount, "asset": asset, "rails": [{"rail": rail, "asset": asset}],
        }
        invoice = self("invoices", order)
        self.options[invoice["id"]] = invoice["options"][0]
        assert self.sandbox.control("pay", option=invoice["options"][0], user="alice")["taken"]

    def is_settled(self):
        return all(self(f"invoices/{invoice}")["state"] == "settled" for invoice in self.options)

    def left(self):
        """What addresses of invoices still have."""
        held = {invoice: (option["asset"], self.holding(option)) for invoice, option in self.options.items()}
        return {invoice: holding for invoice, holding in held.items() if holding[1]}

    def holding(self, option):
        """What the address of an option has, in the chain's coin and in tokens of the EVM chain."""
        address = option["address"]
        if option["rail"] == "ton":
            place = f"{self.sandbox['ton'].rstrip('/')}/api/v2/getAddressBalance?address={address}"
            # Coins that are worth less than their fees stay.
            return max(0, int(call(place)["result"]) - 50_000_000)

        def ask(method, *parameters):
            body = {"jsonrpc": "2.0", "id": 1, "method": method, "params": [*parameters, "latest"]}
            return int(call(self.sandbox["evm"], body)["result"], 16)

        if option["asset"] == self.sandbox["evm_coin"]:
            # What a transfer may cost at most is kept back, and it costs less.
            return max(0, ask("eth_getBalance", address) - 10**14)
        token = self.sandbox["evm_token"].split(":")[-1]
        return ask("eth_call", {"to": token, "data": "0x70a08231" + "0" * 24 + address[2:].lower()})


@pytest.mark.parametrize("engine", ["sqlite", "postgresql"])
def test_what_is_gathered_arrives_whenever_the_gateway_is_killed(start_sandbox, generator, engine, request):
    arguments = ["--postgresql", request.getfixturevalue("postgresql")] if engine == "postgresql" else []
    sandbox = start_sandbox("--networks-only", *arguments)
    settings = Path(sandbox["config"])
    text = settings.read_text()
    assert "deposit: comment" in text and "gathering_interval_ms: 5000" in text
    text = text.replace("deposit: comment", "deposit: derived")
    settings.write_text(text.replace("gathering_interval_ms: 5000", "gathering_interval_ms: 1000"))
    gateway = Gateway(sandbox)
    gateway.environment["SETTLEGATE_HTTP_REQUESTS_PER_MINUTE"] = "1000000"
    gateway.start()
    shop = Shop(sandbox, gateway)
    try:
        for _ in range(KILLS):
            for number in range(INVOICES):
                shop.sell(number)
            eventually(shop.is_settled, 120)
            # The seed draws the moment only; no result depends on it.
            moment = generator.uniform(0, 2.5)
            try:
                gateway.process.wait(timeout=moment)
                raise AssertionError("the gateway ended by itself")
            except subprocess.TimeoutExpired:
                gateway.kill()
            gateway.start()
        try:
            eventually(lambda: not shop.left(), WAIT)
        except AssertionError:
            assert shop.left() == {}
        assert shop("cases")["data"] == []
    finally:
        gateway.kill()

    def report():
        done = subprocess.run(
            [SETTLEGATE, "reconcile", "--config", sandbox["config"], "--format", "json"],
            cwd=ROOT, env=gateway.environment, capture_output=True, text=True,
        )
        assert done.returncode == 0 and json.loads(done.stdout)["is_clean"], done.stdout + done.stderr

    report()
