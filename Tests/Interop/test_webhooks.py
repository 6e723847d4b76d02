"""The library of Standard Webhooks believes what we sign, and we believe what it signs."""

import base64
import json
import os
import subprocess
import threading
import urllib.request
from datetime import datetime, timezone
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from product import ROOT, SETTLEGATE
from standardwebhooks import Webhook


class Merchant(BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.received.append((dict(self.headers), body))
        self.server.arrived.set()
        self.send_response(204)
        self.end_headers()

    def log_message(self, *arguments):
        pass


def test_the_library_verifies_our_events(start_sandbox):
    merchant = ThreadingHTTPServer(("127.0.0.1", 0), Merchant)
    merchant.received, merchant.arrived = [], threading.Event()
    threading.Thread(target=merchant.serve_forever, daemon=True).start()
    sandbox = start_sandbox("--webhook", f"http://127.0.0.1:{merchant.server_port}/events")
    order = {
        "title": "Tea", "description": "Tea", "goods": "physical", "amount": "1.5", "asset": "ton:testnet:native",
        "rails": [{"rail": "ton"}],
    }
    headers = {"Content-Type": "application/json", "Authorization": f"Bearer {sandbox['api_key']}"}
    request = urllib.request.Request(sandbox["gateway"] + "/v1/invoices", json.dumps(order).encode(), headers)
    with urllib.request.urlopen(request, timeout=30) as response:
        invoice = json.load(response)
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
