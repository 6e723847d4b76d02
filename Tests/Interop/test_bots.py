"""Bots that merchants add while the gateway runs: their own tokens, their own customers, and nobody else's."""

import json
import os
import re
import subprocess
import urllib.error

import pytest
from product import ROOT, SETTLEGATE, Gateway, call, eventually

TOKEN = "777000111:OwnBotOwnBotOwnBotOwnBotOwnBotOwnBot"
PROVIDER = "284685063:TEST:Own"


@pytest.fixture
def shop(start_sandbox):
    return start_sandbox()


def add_to_telegram(sandbox, token=TOKEN):
    sandbox.control("bots", token=token, provider_token=PROVIDER)


def buy(sandbox, rail, asset, amount, goods, key=None):
    order = {
        "title": "Tea", "description": "Tea", "goods": goods, "amount": amount, "asset": asset,
        "rails": [{"rail": rail, "asset": asset}],
    }
    headers = {"Authorization": f"Bearer {key or sandbox['api_key']}"}
    invoice = call(f"{sandbox['gateway']}/v1/invoices", order, **headers)
    assert sandbox.control("telegram/pay", link=invoice["options"][0]["link"])["outcome"] == "paid"

    def settled():
        now = call(f"{sandbox['gateway']}/v1/invoices/{invoice['id']}", **headers)
        return now if now["state"] == "settled" else None

    return eventually(settled)


def refused(sandbox, wish):
    with pytest.raises(urllib.error.HTTPError) as answer:
        sandbox.merchant("bots", wish)
    return answer.value.code, json.load(answer.value).get("param")


def test_a_merchants_own_bot_takes_stars_and_cards_from_then_on(shop):
    before = buy(shop, "telegram_stars", "telegram:XTR", "10", "digital")
    add_to_telegram(shop)
    bot = shop.merchant("bots", {"token": TOKEN, "provider_token": PROVIDER, "currencies": ["EUR"]})
    assert (bot["username"], bot["rails"]) == ("sandbox_bot", ["telegram_stars", "telegram_fiat"])
    assert bot["merchant"] == shop["merchant"]
    assert "OwnBot" not in json.dumps(shop.merchant("bots")) and PROVIDER not in json.dumps(shop.merchant("bots"))
    webhook = shop.control("telegram/webhook", token=TOKEN)
    assert webhook["url"].startswith(f"{shop['gateway']}/telegram/") and len(webhook["secret"]) == 64
    stars = buy(shop, "telegram_stars", "telegram:XTR", "10", "digital")
    assert stars["options"][0]["provider"] != before["options"][0]["provider"]
    assert buy(shop, "telegram_fiat", "fiat:EUR", "12.50", "physical")["state"] == "settled"
    # A payment through the withdrawn bot is still refunded by it.
    [payment] = shop.merchant(f"payments?invoice={before['id']}")["data"]
    refund = shop.merchant("refunds", {"payment": payment["id"]})
    eventually(lambda: shop.merchant(f"refunds/{refund['id']}")["state"] == "completed")
    assert refused(shop, {"token": TOKEN}) == (409, "token")


def test_another_merchant_is_not_served_by_it_and_the_operators_bots_serve_everybody(start_sandbox):
    sandbox = start_sandbox("--networks-only")
    environment = {**os.environ, "SETTLEGATE_PASSPHRASE": sandbox["passphrase"]}
    said = subprocess.run(
        [SETTLEGATE, "merchants", "operator-key", "--config", sandbox["config"]],
        cwd=ROOT, capture_output=True, text=True, env=environment, check=True, timeout=60,
    )
    operator = {"Authorization": f"Bearer {re.search(r'sk_test_[a-z0-9_]+', said.stdout + said.stderr).group()}"}
    gateway = Gateway(sandbox)
    gateway.start()
    other = call(f"{sandbox['gateway']}/v1/merchants", {"name": "Other"}, **operator)["api_key"]
    add_to_telegram(sandbox)
    sandbox.merchant("bots", {"token": TOKEN})

    def provider(key=None):
        invoice = buy(sandbox, "telegram_stars", "telegram:XTR", "10", "digital", key)
        return invoice["options"][0]["provider"]

    assert provider().startswith("b777000111")
    assert provider(other) == "shop-stars"
    theirs = {"Authorization": f"Bearer {other}"}
    assert call(f"{sandbox['gateway']}/v1/bots", **theirs)["data"] == []
    [bot] = sandbox.merchant("bots")["data"]
    with pytest.raises(urllib.error.HTTPError) as hidden:
        call(f"{sandbox['gateway']}/v1/bots/{bot['id']}", **theirs)
    assert hidden.value.code == 404
    # The operator sees the bot's merchant.
    assert call(f"{sandbox['gateway']}/v1/bots/{bot['id']}", **operator)["merchant"] == sandbox["merchant"]
    gateway.end()


@pytest.mark.parametrize(
    "wish, answer",
    [
        ({}, (400, "token")),
        ({"token": "no token"}, (422, "token")),
        ({"token": "777000999:unknown"}, (422, "token")),
        ({"token": TOKEN, "stars": False}, (422, "stars")),
        ({"token": TOKEN, "provider_token": PROVIDER}, (422, "currencies")),
        ({"token": TOKEN, "provider_token": PROVIDER, "currencies": ["EURO"]}, (422, "currencies")),
        ({"token": "4242424242:SandboxSandboxSandboxSandboxSandbox"}, (409, "token")),
    ],
)
def test_what_is_no_bot_is_refused_and_leaves_nothing(sandbox, wish, answer):
    add_to_telegram(sandbox)
    assert refused(sandbox, wish) == answer
    assert sandbox.merchant("bots")["data"] == []


def test_a_bot_is_there_after_a_restart(start_sandbox):
    sandbox = start_sandbox("--networks-only")
    gateway = Gateway(sandbox)
    gateway.start()
    add_to_telegram(sandbox)
    sandbox.merchant("bots", {"token": TOKEN})
    gateway.kill()
    gateway.start()
    invoice = buy(sandbox, "telegram_stars", "telegram:XTR", "10", "digital")
    assert invoice["options"][0]["provider"].startswith("b777000111")
    gateway.end()


def test_a_bot_gets_another_token_and_is_withdrawn_with_nothing_lost(shop):
    add_to_telegram(shop)
    bot = shop.merchant("bots", {"token": TOKEN})
    first = buy(shop, "telegram_stars", "telegram:XTR", "10", "digital")
    renewed = TOKEN.replace("OwnBot", "NewBot")
    shop.control("telegram/renew_token", token=TOKEN, new=renewed)
    with pytest.raises(urllib.error.HTTPError) as refusal:
        shop.merchant(f"bots/{bot['id']}", {"token": TOKEN})
    assert (refusal.value.code, json.load(refusal.value)["param"]) == (422, "token")
    with pytest.raises(urllib.error.HTTPError) as refusal:
        shop.merchant(f"bots/{bot['id']}", {"token": "4242424242:SandboxSandboxSandboxSandboxSandbox"})
    assert (refusal.value.code, json.load(refusal.value)["param"]) == (422, "token")
    shop.merchant(f"bots/{bot['id']}", {"token": renewed, "support_contact": "@tea"})
    assert shop.control("telegram/webhook", token=TOKEN)["url"].startswith(shop["gateway"])
    second = buy(shop, "telegram_stars", "telegram:XTR", "10", "digital")
    assert second["options"][0]["provider"] == first["options"][0]["provider"]
    withdrawn = shop.merchant(f"bots/{bot['id']}", {"active": False})
    assert (withdrawn["active"], withdrawn["support_contact"]) == (False, "@tea")
    third = buy(shop, "telegram_stars", "telegram:XTR", "10", "digital")
    assert third["options"][0]["provider"] != first["options"][0]["provider"]
    [payment] = shop.merchant(f"payments?invoice={second['id']}")["data"]
    refund = shop.merchant("refunds", {"payment": payment["id"]})
    eventually(lambda: shop.merchant(f"refunds/{refund['id']}")["state"] == "completed")


def test_another_gateway_takes_over_what_was_changed_of_a_bot(start_sandbox):
    sandbox = start_sandbox("--networks-only")
    gateway = Gateway(sandbox)
    gateway.start()
    add_to_telegram(sandbox)
    bot = sandbox.merchant("bots", {"token": TOKEN})
    sandbox.merchant(f"bots/{bot['id']}", {"active": False})
    gateway.kill()
    gateway.start()
    invoice = buy(sandbox, "telegram_stars", "telegram:XTR", "10", "digital")
    assert not invoice["options"][0]["provider"].startswith("b777000111")
    gateway.end()
