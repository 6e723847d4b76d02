"""Attacks of a merchant with its own bot change nothing of another merchant's."""

import hashlib
import hmac
import json
import os
import re
import subprocess
import time
import urllib.error
import urllib.parse

import pytest
from product import ROOT, SETTLEGATE, Gateway, call, eventually

TOKEN = "777000111:MalloryMalloryMalloryMalloryMallory"
PROVIDER = "284685063:TEST:Mallory"


class Market:
    """A shop at the operator's bot, the operator, and Mallory, a merchant with a bot of her own."""

    def __init__(self, start_sandbox):
        self.sandbox = start_sandbox("--networks-only")
        environment = {**os.environ, "SETTLEGATE_PASSPHRASE": self.sandbox["passphrase"]}
        said = subprocess.run(
            [SETTLEGATE, "merchants", "operator-key", "--config", self.sandbox["config"]],
            cwd=ROOT, capture_output=True, text=True, env=environment, check=True, timeout=60,
        )
        key = re.search(r"sk_test_[a-z0-9_]+", said.stdout + said.stderr).group()
        self.operator = {"Authorization": f"Bearer {key}"}
        self.gateway = Gateway(self.sandbox)
        self.gateway.start()
        made = call(f"{self.sandbox['gateway']}/v1/merchants", {"name": "Mallory"}, **self.operator)
        self.mallory = {"Authorization": f"Bearer {made['api_key']}"}
        self.shop = {"Authorization": f"Bearer {self.sandbox['api_key']}"}
        self.sandbox.control("bots", token=TOKEN, provider_token=PROVIDER)
        self.bot = self.call(
            "bots", {"token": TOKEN, "provider_token": PROVIDER, "currencies": ["EUR"]}, who=self.mallory
        )

    def call(self, path, body=None, who=None):
        return call(f"{self.sandbox['gateway']}/v1/{path}", body, **(who or self.shop))

    def open(self, rail="telegram_stars", asset="telegram:XTR", amount="10", goods="digital", **more):
        order = {
            "title": "Tea", "description": "Tea", "goods": goods, "amount": amount, "asset": asset,
            "rails": [{"rail": rail, "asset": asset}], **more,
        }
        return self.call("invoices", order)

    def steal(self, payload, currency, amount, agreed=True, **more):
        """Mallory writes another's payload into a link of her own bot, and approves the payment herself."""
        link = call(
            f"{self.sandbox['telegram']}/bot{TOKEN}/createInvoiceLink",
            {
                "title": "Tea", "description": "Tea", "payload": payload, "currency": currency,
                "provider_token": "" if currency == "XTR" else PROVIDER,
                "prices": [{"label": "Tea", "amount": amount}], **more,
            },
        )["result"]
        return self.sandbox.control("telegram/pay", link=link, user="mallory", agreed=agreed)

    def cases(self):
        return self.call("cases", who=self.operator)["data"]

    def case(self):
        """The operator's only case about money."""
        money = lambda: [case for case in self.cases() if case["payment"]]
        [found] = eventually(money)
        return found


@pytest.fixture
def market(start_sandbox):
    market = Market(start_sandbox)
    yield market
    market.gateway.end()


@pytest.mark.parametrize(
    "rail, asset, amount, goods, currency, units",
    [
        ("telegram_stars", "telegram:XTR", "10", "digital", "XTR", 10),
        ("telegram_fiat", "fiat:EUR", "12.50", "physical", "EUR", 1250),
    ],
)
def test_a_foreign_bots_payment_settles_nothing(market, rail, asset, amount, goods, currency, units):
    invoice = market.open(rail, asset, amount, goods)
    payload = invoice["options"][0]["id"]
    for _ in range(3):
        assert market.steal(payload, currency, units, agreed=False)["outcome"] == "declined"
    # The operator gets one case about questions that name another's order.
    [asked] = market.cases()
    assert (asked["reason"], asked["payment"], asked["merchant"]) == ("foreign_reference", None, None)
    assert invoice["id"] in asked["detail"]
    assert market.steal(payload, currency, units)["outcome"] == "paid"
    case = market.case()
    assert (case["reason"], case["merchant"]) == ("foreign_reference", None)
    assert invoice["id"] in case["detail"] and market.sandbox["merchant"] in case["detail"]
    assert market.call(f"invoices/{invoice['id']}")["state"] == "new"
    assert all(balance["amount"] in ("0", "0.00") for balance in market.call("balances")["data"])
    assert market.call("payments")["data"] == []
    # Mallory does not learn whose order it was.
    for path in ("cases", "payments", "events"):
        assert invoice["id"] not in json.dumps(market.call(path, who=market.mallory))
    # The invoice can still be paid at its own bot.
    assert market.sandbox.control("telegram/pay", link=invoice["options"][0]["link"])["outcome"] == "paid"
    eventually(lambda: market.call(f"invoices/{invoice['id']}")["state"] == "settled")


def test_a_foreign_bot_cancels_nobodys_subscription(market):
    made = market.call(
        "subscriptions", {"title": "Tea", "description": "Tea", "amount": "10", "asset": "telegram:XTR"}
    )
    first = market.call(f"invoices/{made['invoice']}")
    assert market.sandbox.control("telegram/pay", link=first["options"][0]["link"])["outcome"] == "paid"
    eventually(lambda: market.call(f"subscriptions/{made['id']}")["state"] == "active")
    paid = market.steal(first["options"][0]["id"], "XTR", 10, subscription_period=2592000)
    market.case()
    market.sandbox.control("telegram/subscription", charge_id=paid["charge_id"], state="canceled")
    eventually(lambda: len([case for case in market.cases() if not case["payment"]]) == 2)
    assert market.call(f"subscriptions/{made['id']}")["state"] == "active"


def test_one_bot_has_one_merchant_whoever_has_its_token(market):
    with pytest.raises(urllib.error.HTTPError) as refusal:
        market.call("bots", {"token": TOKEN})
    assert (refusal.value.code, json.load(refusal.value)["param"]) == (409, "token")
    assert market.call("bots")["data"] == []
    # Nor can the operator's own bot be added, however the number in its token is written.
    own = market.sandbox["bot_token"]
    for token, code in [(own, 409), ("0" + own, 422), ("+" + own, 422)]:
        with pytest.raises(urllib.error.HTTPError) as refusal:
            market.call("bots", {"token": token}, who=market.mallory)
        assert (refusal.value.code, json.load(refusal.value)["param"]) == (code, "token")


def init_data(token, user):
    fields = {"auth_date": str(int(time.time())), "user": json.dumps({"id": user})}
    lines = "\n".join(f"{name}={value}" for name, value in sorted(fields.items()))
    secret = hmac.new(b"WebAppData", token.encode(), hashlib.sha256).digest()
    fields["hash"] = hmac.new(secret, lines.encode(), hashlib.sha256).hexdigest()
    return urllib.parse.urlencode(fields)


def test_init_data_of_a_foreign_bot_opens_no_invoice(market):
    bound = market.open(payer=4242)
    with pytest.raises(urllib.error.HTTPError) as refusal:
        call(f"{market.sandbox['gateway']}/pay/{bound['id']}/session", {"init_data": init_data(TOKEN, 4242)})
    assert refusal.value.code == 401
    theirs = market.call(
        "invoices",
        {
            "title": "Tea", "description": "Tea", "goods": "digital", "amount": "1", "asset": "telegram:XTR",
            "rails": [{"rail": "telegram_stars"}], "payer": 4242,
        },
        who=market.mallory,
    )
    opened = call(f"{market.sandbox['gateway']}/pay/{theirs['id']}/session", {"init_data": init_data(TOKEN, 4242)})
    assert opened["object"] == "checkout_session"


def test_a_bot_speaks_of_its_own_payments_only(market):
    invoice = market.open()
    paid = market.sandbox.control("telegram/pay", link=invoice["options"][0]["link"], user="alice")
    eventually(lambda: market.call(f"invoices/{invoice['id']}")["state"] == "settled")
    said = lambda: market.sandbox.control("telegram/said", user="alice")["said"]
    for text in ("/paysupport", f"/paysupport {paid['charge_id']}"):
        before = len(said())
        market.sandbox.control("telegram/message", token=TOKEN, text=text, user="alice")
        eventually(lambda: len(said()) > before)
        assert paid["charge_id"] not in said()[-1]
    before = len(said())
    market.sandbox.control("telegram/message", text="/paysupport", user="alice")
    eventually(lambda: len(said()) > before)
    assert paid["charge_id"] in said()[-1]
