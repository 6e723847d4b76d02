"""Every figure of a balance is explained: balance transactions, balances of a moment, and entries of accounts."""

import json
import os
import re
import subprocess
import urllib.error
import urllib.parse
from decimal import Decimal

import pytest
from product import ROOT, SETTLEGATE, Gateway, Sandbox, call, eventually

STARS = "telegram:XTR"
TON = "ton:testnet:native"
ELSEWHERE = "EQCxE6mUtQJKFnGfaROTKOt1lZbDiiX1kCixRv7Nw2Id_sDs"


class Shop:
    """A merchant with two payments, a refund and a payout."""

    def __init__(self, sandbox):
        self.sandbox = sandbox
        self.stars = self.paid("telegram_stars", STARS, "250", "digital")
        self.coin = self.paid("ton", TON, "3", "physical")
        self.refund = self.done("refunds", {"payment": self.coin["id"], "amount": "1"})
        self.payout = self.done("payouts", {"amount": "0.5", "asset": TON, "destination": ELSEWHERE})

    def get(self, path):
        return self.sandbox.merchant(path)

    def paid(self, rail, asset, amount, goods):
        """The payment of an order."""
        invoice = self.sandbox.merchant("invoices", {
            "title": "Tea", "description": "Tea", "goods": goods, "amount": amount, "asset": asset,
            "rails": [{"rail": rail, "asset": asset}],
        })
        if rail == "ton":
            self.sandbox.control("pay", option=invoice["options"][0])
        else:
            self.sandbox.control("telegram/pay", link=invoice["options"][0]["link"])

        def settled():
            self.sandbox.control("mine", blocks=1)
            return self.get(f"invoices/{invoice['id']}")["state"] == "settled"

        eventually(settled)
        [payment] = self.get(f"payments?invoice={invoice['id']}")["data"]
        return payment

    def done(self, kind, wish):
        """A refund or payout that has left."""
        made = self.sandbox.merchant(kind, wish)

        def completed():
            self.sandbox.control("mine", blocks=1)
            return self.get(f"{kind}/{made['id']}")["state"] == "completed"

        eventually(completed)
        return self.get(f"{kind}/{made['id']}")

    def movements(self, **filters):
        """All balance transactions that pass the filters, read in pieces of two."""
        found, after = [], {}
        while True:
            query = urllib.parse.urlencode({"limit": 2, **filters, **after})
            piece = self.get(f"balance_transactions?{query}")
            found += piece["data"]
            if not piece["has_more"]:
                return found
            after = {"starting_after": piece["data"][-1]["id"]}

    def refused(self, path, key=None):
        headers = {"Authorization": f"Bearer {key or self.sandbox['api_key']}"}
        with pytest.raises(urllib.error.HTTPError) as answer:
            call(f"{self.sandbox['gateway']}/v1/{path}", **headers)
        return answer.value.code, json.load(answer.value)


@pytest.fixture(scope="module")
def shop(tmp_path_factory):
    sandbox = Sandbox(tmp_path_factory.mktemp("sandbox"), "--networks-only")
    said = subprocess.run(
        [SETTLEGATE, "merchants", "operator-key", "--config", sandbox["config"]], cwd=ROOT, capture_output=True,
        text=True, timeout=60, check=True, env={**os.environ, "SETTLEGATE_PASSPHRASE": sandbox["passphrase"]},
    )
    gateway = Gateway(sandbox)
    gateway.start()
    shop = Shop(sandbox)
    shop.operator = re.search(r"sk_test_[a-z0-9_]+", said.stdout + said.stderr).group()
    yield shop
    gateway.end()
    sandbox.stop()


def held(rows):
    sums = {}
    for row in rows:
        sums[row["asset"]] = sums.get(row["asset"], Decimal(0)) + Decimal(row["net"])
        assert Decimal(row["gross"]) - Decimal(row["fee"]) == Decimal(row["net"])
        assert sum(Decimal(part["amount"]) for part in row["fee_details"]) == Decimal(row["fee"])
    return sums


def balances(shop, query=""):
    return {each["asset"]: Decimal(each["amount"]) for each in shop.get(f"balances{query}")["data"]}


def test_the_rows_sum_to_the_balance_now_and_at_every_moment(shop):
    rows = shop.movements()
    assert [row["type"] for row in rows] == ["payout", "refund", "payment", "payment"]
    assert held(rows) == balances(shop)
    for row in rows:
        moment = row["posted_at"]
        until = [each for each in rows if each["posted_at"] <= moment]
        assert held(until) == balances(shop, f"?as_of={moment}")
    assert balances(shop, "?as_of=2020-01-01T00:00:00Z") == {}


def test_a_row_leads_to_its_source_and_to_what_shows_it(shop):
    payout, refund, coin, stars = shop.movements()
    assert payout["source"] == shop.payout["id"] and payout["evidence"] == shop.payout["hash"]
    assert refund["source"] == shop.refund["id"] and refund["payment"] == shop.coin["id"]
    assert refund["evidence"] == shop.refund["hash"]
    assert coin["source"] == shop.coin["id"] and coin["invoice"] == shop.coin["invoice"]
    assert coin["evidence"] == shop.coin["evidence"] and coin["occurred_at"] == shop.coin["occurred_at"]
    # Stars are held back by Telegram; coins are free at once.
    assert stars["available_on"] == shop.stars["available_at"] > stars["posted_at"]
    assert shop.get(f"balance_transactions/{coin['id']}") == coin
    # A refund gives the fee of its part back.
    assert Decimal(coin["gross"]) == 3 and Decimal(refund["gross"]) == -1
    assert Decimal(refund["fee"]) * -3 == Decimal(coin["fee"])


def test_a_payment_has_the_gross_fee_and_net_of_its_rows(shop):
    rows = {row["source"]: row for row in shop.movements(type="payment")}
    listed = {each["id"]: each for each in shop.get("payments?limit=100")["data"]}
    for payment in (shop.stars, shop.coin):
        row = rows[payment["id"]]
        for name in ("gross", "fee", "net", "fee_details"):
            assert payment[name] == listed[payment["id"]][name] == row[name]
        # The refund of the coins is a row of its own, and changes nothing here.
        assert shop.get(f"payments/{payment['id']}") == listed[payment["id"]]
        assert Decimal(payment["gross"]) == Decimal(payment["amount"])


def test_filters_choose_rows(shop):
    rows = shop.movements()
    assert shop.movements(type="refund") == rows[1:2]
    assert shop.movements(asset=STARS) == rows[3:]
    assert shop.movements(rail="ton") == rows[:3]
    assert shop.movements(provider=rows[0]["provider"]) == rows[:3]
    assert shop.movements(source=shop.coin["id"]) == rows[2:3]
    assert shop.movements(source=shop.payout["id"]) == rows[:1]
    assert shop.movements(posted_from=rows[1]["posted_at"]) == rows[:2]
    assert shop.movements(posted_until=rows[1]["posted_at"]) == rows[2:]
    begin, *_, end = sorted(row["occurred_at"] for row in rows)
    between = [row for row in rows if begin <= row["occurred_at"] < end]
    assert shop.movements(occurred_from=begin, occurred_until=end) == between != rows
    assert shop.movements(type="payment", asset=TON, rail="telegram_stars") == []
    for query, parameter in {
        "type=gift": "type", "asset=ton:nowhere:native": "asset", "rail=train": "rail", "source=inv_1": "source",
        "posted_from=yesterday": "posted_from", "colour=red": "colour",
    }.items():
        code, problem = shop.refused(f"balance_transactions?{query}")
        assert code in (400, 422) and problem["param"] == parameter, problem
    code, problem = shop.refused(f"balance_transactions?starting_after={shop.coin['id']}")
    assert code == 400 and problem["param"] == "starting_after"


@pytest.fixture
def operator(shop):
    key = {"Authorization": f"Bearer {shop.operator}"}
    return lambda path, body=None: call(f"{shop.sandbox['gateway']}/v1/{path}", body, **key)


def test_another_merchant_sees_nothing_of_it(shop, operator):
    key = operator("merchants", {"name": "Other"})["api_key"]
    bearer = {"Authorization": f"Bearer {key}"}
    url = f"{shop.sandbox['gateway']}/v1"
    assert call(f"{url}/balance_transactions", **bearer)["data"] == []
    for row in shop.movements():
        assert call(f"{url}/balance_transactions?source={row['source']}", **bearer)["data"] == []
        assert shop.refused(f"balance_transactions/{row['id']}", key)[0] == 404
        assert shop.refused(f"balance_transactions?starting_after={row['id']}", key)[0] == 400
    for path in ("accounts", "accounts/fee_income/entries"):
        assert shop.refused(path, key)[0] == shop.refused(path)[0] == 403


def entries(operator, account, book):
    name, found, after = urllib.parse.quote(account, safe=""), [], ""
    while True:
        piece = operator(f"accounts/{name}/entries?limit=3&book={book}{after}")
        found += piece["data"]
        if not piece["has_more"]:
            return found
        after = f"&starting_after={piece['data'][-1]['id']}"


def test_the_operator_finds_every_row_behind_every_account(shop, operator):
    accounts = operator("accounts")["data"]
    for asset in {each["asset"] for each in accounts}:
        assert sum(Decimal(each["balance"]) for each in accounts if each["asset"] == asset) == 0
    for each in accounts:
        rows = entries(operator, each["account"], each["book"])
        lines = [
            Decimal(line["amount"]) for row in rows for line in row["postings"]
            if (line["account"], line["asset"]) == (each["account"], each["asset"])
        ]
        assert sum(lines) == Decimal(each["balance"]), each
        for row in rows:
            assert row["account"] == each["account"] and row["book"] == each["book"]
    # Every account has its name in the chart.
    assert all(each["title"] and each["kind"] for each in accounts)
    assert operator("accounts?as_of=2020-01-01T00:00:00Z")["data"] == []
    for name in ("merchant_balance%2Fnobody", "%00", "%FF", "a%2", "merchant_balance"):
        assert shop.refused(f"accounts/{name}/entries", shop.operator)[0] == 404
    own = [each for each in accounts if each["account"] == f"merchant_balance/{shop.sandbox['merchant']}"]
    assert {each["asset"]: -Decimal(each["balance"]) for each in own} == balances(shop)
