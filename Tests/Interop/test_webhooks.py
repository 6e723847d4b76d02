"""The library of Standard Webhooks accepts our signatures, and we accept its signatures."""

import base64
import json
import os
import subprocess
import threading
import urllib.error
from datetime import datetime, timezone
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from product import ROOT, SETTLEGATE, eventually
from standardwebhooks import Webhook


class Merchant(BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.received.append((dict(self.headers), body))
        self.server.arrived.set()
        self.send_response(getattr(self.server, "answer", 204))
        self.end_headers()

    def log_message(self, *arguments):
        pass


def test_f89_the_library_verifies_our_events(start_sandbox):
    merchant = ThreadingHTTPServer(("127.0.0.1", 0), Merchant)
    merchant.received, merchant.arrived = [], threading.Event()
    threading.Thread(target=merchant.serve_forever, daemon=True).start()
    sandbox = start_sandbox("--webhook", f"http://127.0.0.1:{merchant.server_port}/events")
    order = {
        "title": "Tea", "description": "Tea", "goods": "physical", "amount": "1.5", "asset": "ton:testnet:native",
        "rails": [{"rail": "ton"}],
    }
    invoice = sandbox.merchant("invoices", order)
    assert merchant.arrived.wait(30)
    headers, body = merchant.received[0]
    event = Webhook(sandbox["webhook_secret"]).verify(body, {name.lower(): value for name, value in headers.items()})
    assert event["type"] == "invoice.created" and event["data"]["id"] == invoice["id"]
    with pytest.raises(Exception):
        Webhook(sandbox["webhook_secret"]).verify(body + b" ", {name.lower(): value for name, value in headers.items()})


def test_we_verify_what_the_library_signs():
    now = datetime.now(timezone.utc)
    requests, expected = [], []
    for number in range(100):
        secret = "whsec_" + base64.b64encode(os.urandom(24 + number % 41)).decode()
        body = json.dumps({"number": number, "text": "é" * (number % 7)})
        signature = Webhook(secret).sign(f"evt_{number}", now, body)
        tampered = number % 3 == 0
        headers = {
            "webhook-id": f"evt_{number}", "webhook-timestamp": str(int(now.timestamp())), "webhook-signature": signature,
        }
        content = {"secret": secret, "headers": headers, "body": body + " " if tampered else body, "now": int(now.timestamp())}
        requests.append(json.dumps({"id": number, "kind": "webhook-verify", "input": content}))
        expected.append(not tampered)
    run = subprocess.run(
        [SETTLEGATE, "inspect", "--lines"], input="\n".join(requests), capture_output=True, text=True, cwd=ROOT, check=True
    )
    assert [json.loads(line)["result"]["valid"] for line in run.stdout.splitlines()] == expected


class Shop:
    """A merchant with an endpoint, and its requests to the gateway."""

    def __init__(self, start_sandbox):
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Merchant)
        self.server.received, self.server.arrived, self.server.answer = [], threading.Event(), 204
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        self.sandbox = start_sandbox("--webhook", f"http://127.0.0.1:{self.server.server_port}/events")
        [self.endpoint] = self.ask("GET", "webhook_endpoints")["data"]

    def ask(self, method, path, body=None):
        return self.sandbox.merchant(path, body, method)

    def invoice(self):
        order = {
            "title": "Tea", "description": "Tea", "goods": "physical", "amount": "1.5", "asset": "ton:testnet:native",
            "rails": [{"rail": "ton"}],
        }
        return self.ask("POST", "invoices", order)

    def about(self, invoice):
        """The messages about an invoice, in the order in which they came."""
        messages = [
            ({name.lower(): value for name, value in headers.items()}, body) for headers, body in self.server.received
        ]
        return [each for each in messages if json.loads(each[1])["data"].get("id") == invoice["id"]]


def is_verified(secret, message):
    try:
        Webhook(secret).verify(message[1], message[0])
        return True
    except Exception:
        return False


def test_while_a_secret_is_replaced_both_are_right(start_sandbox):
    shop = Shop(start_sandbox)
    old, path = shop.sandbox["webhook_secret"], f"webhook_endpoints/{shop.endpoint['id']}"
    rotated = shop.ask("POST", f"{path}/rotate_secret", {"overlap": 60})
    new = rotated["secret"]
    with pytest.raises(urllib.error.HTTPError) as busy:
        shop.ask("POST", f"{path}/rotate_secret", {})
    assert busy.value.code == 409
    first = shop.invoice()
    [message] = eventually(lambda: shop.about(first))
    assert is_verified(old, message) and is_verified(new, message)
    # The library uses its own clock. The message has the sandbox's time, which is moved within the library's tolerance.
    shop.sandbox.control("advance", seconds=61)
    second = shop.invoice()
    [message] = eventually(lambda: shop.about(second))
    assert is_verified(new, message) and not is_verified(old, message)
    # It ends at once.
    newest = shop.ask("POST", f"{path}/rotate_secret", {"overlap": 0})["secret"]
    third = shop.invoice()
    [message] = eventually(lambda: shop.about(third))
    assert is_verified(newest, message) and not is_verified(new, message)


def test_f88_what_was_not_taken_is_in_the_log_and_comes_again_on_demand(start_sandbox):
    shop = Shop(start_sandbox)
    path = f"webhook_endpoints/{shop.endpoint['id']}"
    shop.server.answer = 410
    lost = shop.invoice()
    eventually(lambda: shop.ask("GET", path)["disabled_at"])
    [attempt] = shop.ask("GET", f"{path}/attempts")["data"]
    assert (attempt["status"], attempt["number"], attempt["failure"]) == (410, 1, None)
    # The receiver's answer is not shown, because it may be a page of the internal network.
    assert not {"body", "response", "excerpt"} & set(attempt)
    shop.server.answer = 204
    missed = shop.invoice()
    span = {"from": "2020-01-01T00:00:00Z", "until": "2099-01-01T00:00:00Z"}
    with pytest.raises(urllib.error.HTTPError) as refused:
        shop.ask("POST", f"{path}/redeliver", span)
    assert refused.value.code == 409
    assert shop.ask("POST", f"{path}/enable", {})["disabled_at"] is None
    # Two orders, and the event that the endpoint was switched off.
    assert shop.ask("POST", f"{path}/redeliver", span) == {
        "object": "redelivery", "endpoint": shop.endpoint["id"], "events": 3, "is_complete": True,
    }
    eventually(lambda: len(shop.about(lost)) == 2 and shop.about(missed))
    ids = {message[0]["webhook-id"] for message in shop.about(lost)}
    assert len(ids) == 1, "an event keeps its identifier however often it comes"
    [event] = ids
    attempts = eventually(
        lambda: (found := shop.ask("GET", f"{path}/attempts?event={event}")["data"]) and len(found) == 2 and found
    )
    assert [(each["number"], each["status"]) for each in attempts] == [(2, 204), (1, 410)]
    assert shop.ask("GET", f"events/{event}")["data"]["id"] == lost["id"]


class BusyMerchant(BaseHTTPRequestHandler):
    """Keeps its connections, and after the first 45 events answers only once several requests were open at once."""

    protocol_version = "HTTP/1.1"

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        server = self.server
        with server.changed:
            server.received.append(json.loads(body))
            server.ports.add(self.client_address[1])
            server.open += 1
            server.most = max(server.most, server.open)
            server.changed.notify_all()
            server.changed.wait_for(lambda: len(server.received) < 45 or server.most >= server.crowd, timeout=60)
            server.open -= 1
        self.send_response(204)
        self.end_headers()

    def log_message(self, *arguments):
        pass


class BusyShop:
    def __init__(self, start_sandbox):
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), BusyMerchant)
        self.server.daemon_threads = True
        self.server.changed = threading.Condition()
        self.server.received, self.server.ports = [], set()
        self.server.open, self.server.most, self.server.crowd = 0, 0, 4
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        self.sandbox = start_sandbox("--webhook", f"http://127.0.0.1:{self.server.server_port}/events")

    def ask(self, method, path, body=None):
        return self.sandbox.merchant(path, body, method)

    def invoice(self):
        order = {
            "title": "Tea", "description": "Tea", "goods": "physical", "amount": "1.5", "asset": "ton:testnet:native",
            "rails": [{"rail": "ton"}],
        }
        return self.ask("POST", "invoices", order)["id"]

    def told(self):
        return list(self.server.received)


def test_many_come_at_once_over_kept_connections_and_their_versions_sort_them(start_sandbox):
    shop = BusyShop(start_sandbox)
    path = f"webhook_endpoints/{shop.ask('GET', 'webhook_endpoints')['data'][0]['id']}"
    shop.ask("POST", f"{path}/disable", {})
    invoices = [shop.invoice() for _ in range(40)]
    shop.ask("POST", f"{path}/enable", {})
    for each in invoices[::2]:
        shop.ask("POST", f"invoices/{each}/cancel", {})
    span = {"from": "2020-01-01T00:00:00Z", "until": "2099-01-01T00:00:00Z"}
    # What was stored while it was off is asked for, so that many events are due at once.
    shop.ask("POST", f"{path}/redeliver", span)
    wanted = [(each, "invoice.created") for each in invoices] + [(each, "invoice.cancelled") for each in invoices[::2]]
    eventually(lambda: set(wanted) <= {(each["data"]["id"], each["type"]) for each in shop.told()}, 120)
    assert shop.server.most >= shop.server.crowd
    assert len(shop.server.ports) < len(shop.told()) / 2, "each request had a connection of its own"
    for each in invoices:
        versions = {event["data"]["version"]: event["data"]["state"] for event in shop.told() if event["data"]["id"] == each}
        now = shop.ask("GET", f"invoices/{each}")
        assert max(versions) == now["version"] and versions[now["version"]] == now["state"]


def test_an_endpoint_that_asks_for_it_gets_one_at_a_time_in_order(start_sandbox):
    shop = BusyShop(start_sandbox)
    shop.server.crowd = 0
    [endpoint] = shop.ask("GET", "webhook_endpoints")["data"]
    assert endpoint["ordered"] is False
    path = f"webhook_endpoints/{endpoint['id']}"
    assert shop.ask("POST", path, {"ordered": True})["ordered"] is True
    assert shop.ask("POST", path, {})["ordered"] is True and shop.ask("GET", path)["version"] == 2
    invoices = [shop.invoice() for _ in range(40)]
    told = eventually(lambda: len(shop.told()) == len(invoices) and shop.told(), 120)
    assert [each["data"]["id"] for each in told] == invoices and shop.server.most == 1
