#!/usr/bin/env python3
"""A tea shop as a Telegram Mini App: the merchant's server, in nothing but Python's standard library.

It sells what `catalogue.json` lists, opens invoices at a gateway, and delivers when the gateway's signed event says that an
invoice is settled; never because a customer's browser says so. Orders are kept in `orders.sqlite`.

  SETTLEGATE_GATEWAY=http://127.0.0.1:8080 SETTLEGATE_API_KEY=sk_test_… WEBHOOK_SECRET=whsec_… python3 server.py
"""

import base64
import hashlib
import hmac
import json
import os
import pathlib
import sqlite3
import sys
import time
import urllib.error
import urllib.parse
import urllib.request
import uuid
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

HERE = pathlib.Path(__file__).resolve().parent
CATALOGUE = {each["id"]: each for each in json.loads((HERE / "catalogue.json").read_text())}
FILES = {
    "/": ("index.html", "text/html; charset=utf-8"), "/shop.js": ("shop.js", "text/javascript; charset=utf-8"),
    "/shop.css": ("shop.css", "text/css; charset=utf-8"),
}
# A message that is older than this was recorded by somebody and is played again (Standard Webhooks).
TOLERANCE = 300


class Orders:
    """What was ordered, and whether it is paid."""

    def __init__(self, path):
        self.path = path
        with self.connection() as connection:
            connection.execute("CREATE TABLE IF NOT EXISTS orders (id TEXT PRIMARY KEY, product TEXT, invoice TEXT, state TEXT)")

    def connection(self):
        return sqlite3.connect(self.path, timeout=10)

    def add(self, order, product, invoice):
        with self.connection() as connection:
            connection.execute("INSERT INTO orders VALUES (?, ?, ?, 'waiting')", (order, product, invoice))

    def find(self, order):
        row = self.connection().execute("SELECT id, product, invoice, state FROM orders WHERE id = ?", (order,)).fetchone()
        return row and dict(zip(("id", "product", "invoice", "state"), row))

    def move(self, order, state, allowed):
        """Events may come twice and in any order: a state is left only for one that may follow it."""
        with self.connection() as connection:
            marks = ", ".join("?" * len(allowed))
            changed = connection.execute(
                f"UPDATE orders SET state = ? WHERE id = ? AND state IN ({marks})", (state, order, *allowed)
            )
            return changed.rowcount == 1


def signed(secret, headers, body):
    """Whether the gateway sent a message, lately (Standard Webhooks 1.0)."""
    try:
        identifier, moment = headers["webhook-id"], int(headers["webhook-timestamp"])
        stated = headers["webhook-signature"].split(" ")
    except (KeyError, TypeError, ValueError, AttributeError):
        return False
    if abs(time.time() - moment) > TOLERANCE:
        return False
    key = base64.b64decode(secret.removeprefix("whsec_"))
    digest = hmac.new(key, f"{identifier}.{moment}.".encode() + body, hashlib.sha256).digest()
    expected = "v1," + base64.b64encode(digest).decode()
    return any(hmac.compare_digest(expected, each) for each in stated)


class Shop(BaseHTTPRequestHandler):
    """The pages of the shop, its orders, and the gateway's events."""

    def do_GET(self):
        path = urllib.parse.urlparse(self.path).path
        if path in FILES:
            name, kind = FILES[path]
            text = (HERE / "page" / name).read_text()
            return self.answer(200, text.replace("{{gateway}}", self.server.gateway).encode(), kind)
        if path == "/products":
            return self.json(200, list(CATALOGUE.values()))
        if path.startswith("/orders/"):
            order = self.server.orders.find(path.removeprefix("/orders/"))
            return self.json(200, order) if order else self.json(404, {"error": "there is no such order"})
        self.json(404, {"error": "there is no such page"})

    def do_POST(self):
        length = int(self.headers.get("Content-Length") or 0)
        if not 0 <= length <= 1_000_000:
            return self.json(413, {"error": "too large"})
        body = self.rfile.read(length)
        if self.path == "/events":
            return self.event(body)
        if self.path == "/orders":
            return self.order(body)
        self.json(404, {"error": "there is no such page"})

    def order(self, body):
        """The price is the catalogue's: a browser names the product, and nothing else."""
        try:
            product = CATALOGUE[json.loads(body)["product"]]
        except (ValueError, KeyError, TypeError):
            return self.json(400, {"error": "that is not in the catalogue"})
        order = uuid.uuid4().hex
        try:
            invoice = self.gateway("invoices", order, {
                "title": product["title"], "description": product["description"], "goods": product["goods"],
                "amount": product["amount"], "asset": product["asset"], "reference": order,
                "return_url": f"{self.server.address}/?order={order}",
            })
        except urllib.error.HTTPError as error:
            return self.json(502, {"error": json.load(error).get("detail", "the gateway refused")})
        except OSError:
            return self.json(503, {"error": "the gateway is not reached; please try again"})
        self.server.orders.add(order, product["id"], invoice["id"])
        # A single way to pay inside Telegram opens over the shop; everything else on the checkout page.
        links = [option["link"] for option in invoice["options"] if option["rail"].startswith("telegram_")]
        whole = links[0] if len(invoice["options"]) == len(links) == 1 else None
        self.json(201, {"order": order, "checkout_url": invoice["checkout_url"], "invoice_link": whole})

    def gateway(self, path, key, body):
        request = urllib.request.Request(f"{self.server.gateway}/v1/{path}", json.dumps(body).encode(), {
            "Authorization": f"Bearer {self.server.key}", "Content-Type": "application/json",
            # The same order, sent again after a lost answer, is one invoice.
            "Idempotency-Key": key,
        })
        with urllib.request.urlopen(request, timeout=20) as response:
            return json.load(response)

    def event(self, body):
        if not signed(self.server.secret, {name.lower(): value for name, value in self.headers.items()}, body):
            return self.json(400, {"error": "not signed by the gateway"})
        event = json.loads(body)
        reference = event["data"].get("reference")
        if event["type"] == "invoice.settled" and reference:
            if self.server.orders.move(reference, "delivered", ("waiting", "taken back")):
                print(f"delivered {reference}", file=sys.stderr)
        elif event["type"] == "invoice.reopened" and reference:
            self.server.orders.move(reference, "taken back", ("delivered",))
        elif event["type"] in ("invoice.expired", "invoice.cancelled") and reference:
            self.server.orders.move(reference, "over", ("waiting",))
        self.answer(204, b"", None)

    def json(self, status, value):
        self.answer(status, json.dumps(value).encode(), "application/json")

    def answer(self, status, body, kind):
        self.send_response(status)
        if kind:
            self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *arguments):
        pass


def main():
    server = ThreadingHTTPServer(("127.0.0.1", int(os.environ.get("PORT", "3000"))), Shop)
    server.gateway = os.environ.get("SETTLEGATE_GATEWAY", "http://127.0.0.1:8080")
    server.key = os.environ["SETTLEGATE_API_KEY"]
    server.secret = os.environ["WEBHOOK_SECRET"]
    server.address = os.environ.get("SHOP_URL", f"http://127.0.0.1:{server.server_port}")
    server.orders = Orders(os.environ.get("ORDERS", HERE / "orders.sqlite"))
    print(f"the shop is at {server.address}", flush=True)
    server.serve_forever()


if __name__ == "__main__":
    main()
