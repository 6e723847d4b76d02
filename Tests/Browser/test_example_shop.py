"""The example shop sells against a sandbox, in a real Chromium, and trusts the gateway only."""

import json
import os
import pathlib
import socket
import subprocess
import sys
import time
import urllib.error

import pytest
from playwright.sync_api import expect

from product import ROOT, call, eventually


@pytest.fixture
def tea_shop(start_sandbox, tmp_path):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    sandbox = start_sandbox("--webhook", f"http://127.0.0.1:{port}/events")
    environment = dict(
        os.environ, PORT=str(port), SETTLEGATE_GATEWAY=sandbox["gateway"], SETTLEGATE_API_KEY=sandbox["api_key"],
        WEBHOOK_SECRET=sandbox["webhook_secret"], ORDERS=str(tmp_path / "orders.sqlite"),
    )
    server = subprocess.Popen(
        [sys.executable, str(pathlib.Path(ROOT, "Examples", "shop", "server.py"))], env=environment,
        stdout=subprocess.PIPE, text=True,
    )
    sandbox.shop = server.stdout.readline().rsplit(" ", 1)[1].strip()
    yield sandbox
    server.terminate()
    server.wait(timeout=30)


def latest(sandbox):
    return sandbox.merchant("invoices")["data"][0]


def test_a_pot_is_bought_on_the_checkout_page_and_delivered_on_coming_back(tea_shop, visit):
    page = visit(tea_shop.shop)
    page.get_by_role("button", name="Buy for 12.50 €").click()
    expect(page.locator("#status h2")).to_have_text("Waiting for your payment")
    invoice = latest(tea_shop)
    card = next(option for option in invoice["options"] if option["rail"] == "telegram_fiat")
    assert tea_shop.control("pay", option=card, user="alice")["taken"]
    expect(page.locator("#status h2")).to_have_text("Paid", timeout=30_000)
    page.get_by_role("link", name="Back to the shop").click()
    expect(page.locator("#status")).to_have_text("Paid: it is on its way", timeout=30_000)


def test_stickers_open_over_the_mini_app_and_the_client_is_not_believed(tea_shop, visit):
    def telegram(page):
        page.add_init_script(
            "window.opened = []; window.Telegram = { WebApp: { openInvoice: (link, done) => { opened.push(link); done('paid'); } } };"
        )

    page = visit(tea_shop.shop, before=telegram)
    page.get_by_role("button", name="Buy for 250 Stars").click()
    expect(page.locator("#status")).to_have_text("Waiting for your payment")
    invoice = latest(tea_shop)
    assert page.evaluate("opened") == [invoice["options"][0]["link"]]
    assert call(f"{tea_shop.shop}/orders/{invoice['reference']}")["state"] == "waiting"
    assert tea_shop.control("pay", option=invoice["options"][0], user="alice")["taken"]
    expect(page.locator("#status")).to_have_text("Paid: it is on its way", timeout=30_000)


def test_nobody_else_sets_prices_or_delivers(tea_shop):
    def refused(path, body, status, **headers):
        with pytest.raises(urllib.error.HTTPError) as error:
            call(tea_shop.shop + path, body, **headers)
        assert error.value.code == status

    order = call(f"{tea_shop.shop}/orders", {"product": "stickers", "amount": "1"})["order"]
    assert latest(tea_shop)["amount"] == "250"
    refused("/orders", {"product": "gold"}, 400)
    settled = {"type": "invoice.settled", "data": {"reference": order}}
    now = str(int(time.time()))
    refused("/events", settled, 400)
    refused("/events", settled, 400, **{"webhook-id": "evt_1", "webhook-timestamp": now, "webhook-signature": "v1,AAAA"})
    assert call(f"{tea_shop.shop}/orders/{order}")["state"] == "waiting"
    # A repeated event delivers once, and an order that the gateway takes back is cancelled.
    tea_shop.merchant(f"invoices/{latest(tea_shop)['id']}/cancel", {})
    eventually(lambda: call(f"{tea_shop.shop}/orders/{order}")["state"] == "over")


def test_the_catalogue_can_be_sold():
    for product in json.loads(pathlib.Path(ROOT, "Examples", "shop", "catalogue.json").read_text()):
        assert {"id", "title", "description", "goods", "amount", "asset", "price"} == set(product)
        assert len(product["title"]) <= 32 and len(product["description"]) <= 255
