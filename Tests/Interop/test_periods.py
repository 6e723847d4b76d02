"""The balances of a month on the command line: `settlegate reconcile --period`."""

import json
import os
import subprocess
from decimal import Decimal

import pytest

from product import ROOT, SETTLEGATE, Gateway, call, eventually
from test_nothing_stored import readiness

STARS = "telegram:XTR"


@pytest.fixture
def reconcile(start_sandbox):
    """Runs `settlegate reconcile` on the books of a shop with one sale of 250 Stars."""
    sandbox = start_sandbox("--networks-only")
    gateway = Gateway(sandbox)
    gateway.start()
    key = {"Authorization": f"Bearer {sandbox['api_key']}"}
    order = {
        "title": "Tea", "description": "Tea", "goods": "digital", "amount": "250", "asset": STARS,
        "rails": [{"rail": "telegram_stars", "asset": STARS}],
    }
    invoice = call(f"{gateway.url}/v1/invoices", order, **key, **{"Idempotency-Key": "tea"})
    sandbox.control("telegram/pay", link=invoice["options"][0]["link"], user="alice")
    eventually(lambda: call(f"{gateway.url}/v1/invoices/{invoice['id']}", **key)["state"] == "settled")
    gateway.end()

    def run(*arguments):
        return subprocess.run(
            [SETTLEGATE, "reconcile", "--config", sandbox["config"], *arguments],
            cwd=ROOT, env=gateway.environment, capture_output=True, text=True, timeout=120,
        )

    # The wallets' opening balances are in the books once the gateway has scanned each wallet.
    def is_clean():
        if run().returncode == 0:
            return True
        gateway.start()
        eventually(lambda: readiness(gateway)[0] == 200)
        gateway.end()
        return False

    eventually(is_clean, 60)
    return run


def test_month(reconcile):
    whole = reconcile("--format", "json")
    assert whole.returncode == 0, whole.stdout + whole.stderr
    report = json.loads(whole.stdout)
    assert report["period"] is None
    year, month = int(report["made_at"][:4]), int(report["made_at"][5:7])
    period = f"{year}{month:02}"
    month = json.loads(reconcile("--format", "json", "--period", period).stdout)
    assert month["is_clean"] and month["period"]["period"] == period and not month["period"]["is_over"]
    lines = month["period"]["trial_balance"]
    assert {line["asset"] for line in lines} >= {STARS}
    for line in lines:
        assert Decimal(line["opening"]) == 0
        assert Decimal(line["closing"]) == Decimal(line["debit"]) - Decimal(line["credit"])
    assert [[line["account"], line["closing"]] for line in lines] == [
        [line["account"], line["balance"]] for line in report["trial_balance"]
    ]
    # The sale of this month is not in an earlier one.
    before = json.loads(reconcile("--format", "json", "--period", "202001").stdout)
    assert before["period"] == {"period": "202001", "is_over": True, "trial_balance": []}
    text = reconcile("--period", period)
    assert text.returncode == 0
    table = text.stdout.split(f"Period {period}, which is not over", 1)[1]
    assert "opening" in table and "closing" in table and "total" in table


@pytest.mark.parametrize("period", ["2026-11", "20261", "202613", "202600", "november", ""])
def test_what_is_no_month_is_refused_before_anything_is_opened(period, tmp_path):
    run = subprocess.run(
        [SETTLEGATE, "reconcile", "--config", str(tmp_path / "none.yaml"), "--period", period],
        cwd=ROOT, env=os.environ, capture_output=True, text=True, timeout=60,
    )
    assert run.returncode == 64
    assert "--period" in run.stderr and "a year and a month, for example 202611" in run.stderr, run.stderr
