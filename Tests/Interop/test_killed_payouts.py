"""SIGKILL at random moments while payouts are in flight on each chain: each is paid once, on both databases.

`make test` kills a few times; `KILLS=100 PAYOUTS=100 .venv/bin/python -m pytest Tests/Interop/test_killed_payouts.py` is the
whole measure, with a hundred payouts on each chain in flight at each kill.
"""

import json
import os
import subprocess

import pytest
from product import ROOT, SETTLEGATE, Gateway, call, eventually

KILLS = int(os.environ.get("KILLS", "3"))
PAYOUTS = int(os.environ.get("PAYOUTS", "25"))
TON = "ton:testnet:native"


class Shop:
    """A merchant with money on both chains, who pays out."""

    def __init__(self, sandbox, gateway, generator):
        self.sandbox, self.gateway, self.generator = sandbox, gateway, generator
        # What was asked for, by the payout's identifier.
        self.asked = {}

    def __call__(self, path, body=None, **fields):
        key = {"Authorization": f"Bearer {self.sandbox['api_key']}", **fields}
        return call(f"{self.gateway.url}/v1/{path}", body, **key)

    def earn(self, rail, asset, amount):
        """Is paid an amount, by as many customers as it takes: none has more than five hundred coins to spare."""
        paid = 0
        while amount > 0:
            piece = min(amount, 500)
            order = {
                "title": "Tea", "description": "Tea", "goods": "physical",
                "place": "web" if rail == "evm" else "telegram",
                "amount": str(piece), "asset": asset, "rails": [{"rail": rail, "asset": asset}],
            }
            invoice = self("invoices", order)
            assert self.sandbox.control("pay", option=invoice["options"][0], user=f"customer{paid}")["taken"]
            eventually(lambda: self(f"invoices/{invoice['id']}")["state"] == "settled", 60)
            amount, paid = amount - piece, paid + 1

    def destination(self, asset):
        """An address that nobody has paid before."""
        number = self.generator.randbytes(32 if asset == TON else 20).hex()
        return f"0:{number}" if asset == TON else f"0x{number}"

    def pay_out(self, asset, amount):
        wish = {"asset": asset, "amount": amount, "destination": self.destination(asset)}
        made = self("payouts", wish, **{"Idempotency-Key": wish["destination"]})
        self.asked[made["id"]] = wish

    def in_flight(self):
        """The payouts that are not complete."""
        return [payout for payout in self.asked if self(f"payouts/{payout}")["state"] != "completed"]

    def holding(self, wish):
        """What a destination has on its chain, in smallest units."""
        if wish["asset"] == TON:
            place = f"{self.sandbox['ton'].rstrip('/')}/api/v2/getAddressBalance?address={wish['destination']}"
            return int(call(place)["result"])
        ask = {"jsonrpc": "2.0", "id": 1, "method": "eth_getBalance", "params": [wish["destination"], "latest"]}
        return int(call(self.sandbox["evm"], ask)["result"], 16)


@pytest.mark.parametrize("engine", ["sqlite", "postgresql"])
def test_each_payout_is_paid_once_whenever_the_gateway_is_killed(start_sandbox, generator, engine, request):
    arguments = ["--postgresql", request.getfixturevalue("postgresql")] if engine == "postgresql" else []
    sandbox = start_sandbox("--networks-only", *arguments)
    gateway = Gateway(sandbox)
    gateway.environment["SETTLEGATE_HTTP_REQUESTS_PER_MINUTE"] = "1000000"
    gateway.start()
    shop = Shop(sandbox, gateway, generator)
    wishes = {TON: "0.1", sandbox["evm_coin"]: "0.001"}
    rounds = KILLS * PAYOUTS
    shop.earn("ton", TON, rounds // 5 + 5)
    shop.earn("evm", sandbox["evm_coin"], rounds // 500 + 1)
    try:
        for _ in range(KILLS):
            left = set(shop.in_flight())
            for asset, amount in wishes.items():
                under_way = sum(shop.asked[payout]["asset"] == asset for payout in left)
                for _ in range(PAYOUTS - under_way):
                    shop.pay_out(asset, amount)
            # The seed draws the moment only; no result depends on it.
            moment = generator.uniform(0, 1.5)
            try:
                gateway.process.wait(timeout=moment)
                raise AssertionError("the gateway ended by itself")
            except subprocess.TimeoutExpired:
                gateway.kill()
            gateway.start()
        eventually(lambda: not shop.in_flight(), 180)
        for payout, wish in shop.asked.items():
            units = 10**8 if wish["asset"] == TON else 10**15
            assert shop.holding(wish) == units, (payout, wish)
        assert shop("cases")["data"] == []
    finally:
        gateway.kill()
    report = subprocess.run(
        [SETTLEGATE, "reconcile", "--config", sandbox["config"], "--format", "json"],
        cwd=ROOT, env=gateway.environment, capture_output=True, text=True,
    )
    assert report.returncode == 0 and json.loads(report.stdout)["is_clean"], report.stdout + report.stderr
