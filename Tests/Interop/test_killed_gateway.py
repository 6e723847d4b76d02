"""SIGKILL at random moments while invoices are being paid loses and doubles nothing."""

import json
import os
import random
import subprocess
import threading
import time
import urllib.error
import urllib.request
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from conftest import ROOT, SETTLEGATE

INVOICES = 200
KILLS = 50
RAILS = [
    {"rail": "telegram_fiat", "asset": "fiat:EUR", "amount": "12.50", "goods": "physical"},
    {"rail": "telegram_stars", "asset": "telegram:XTR", "amount": "250", "goods": "digital"},
    {"rail": "ton", "asset": "ton:testnet:native", "amount": "1.5", "goods": "physical"},
    {"rail": "ton", "asset": None, "amount": "20", "goods": "physical"},
]


class Merchant(BaseHTTPRequestHandler):
    """The merchant's server: takes every event and remembers it."""

    def do_POST(self):
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        with self.server.changed:
            self.server.events.append((self.headers["webhook-id"], body["type"], body["data"]["id"]))
            self.server.changed.notify_all()
        self.send_response(204)
        self.end_headers()

    def log_message(self, *arguments):
        pass


class Gateway:
    """`settlegate serve`, which is killed and started again."""

    def __init__(self, sandbox):
        self.sandbox = sandbox
        self.process = None
        self.kills = 0
        self.changed = threading.Condition()

    def start(self):
        """Starts it and waits for the line that says where it listens."""
        environment = dict(os.environ, SETTLEGATE_PASSPHRASE=self.sandbox["passphrase"])
        self.process = subprocess.Popen(
            [SETTLEGATE, "serve", "--config", self.sandbox["config"]],
            cwd=ROOT,
            env=environment,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
        )
        said = self.process.stderr
        assert any("listens on" in line for line in iter(said.readline, "")), "the gateway ended before it listened"
        # What else it says has to be read, or the pipe fills and it stops.
        threading.Thread(target=lambda: [None for _ in said], daemon=True).start()
        with self.changed:
            self.changed.notify_all()

    def kill(self):
        self.process.kill()
        self.process.wait()
        with self.changed:
            self.kills += 1
            self.changed.notify_all()

    def insist(self, what, seconds=120):
        """Repeats a request until it is answered; a gateway that is down in between is what this is about."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            try:
                result = what()
                if result:
                    return result
            except (OSError, urllib.error.HTTPError):
                pass
            with self.changed:
                # As a client that backs off, and at once when the gateway comes back.
                self.changed.wait(0.05)
        raise AssertionError(f"{what.__name__} did not come true within {seconds} s")


def request(url, body=None, **headers):
    data = None if body is None else json.dumps(body).encode()
    head = {"Content-Type": "application/json", **headers}
    with urllib.request.urlopen(urllib.request.Request(url, data=data, headers=head), timeout=20) as response:
        return json.load(response)


def buy(sandbox, gateway, number):
    """One customer: the merchant opens an invoice, the customer pays it once; spread over all kills."""

    with gateway.changed:
        assert gateway.changed.wait_for(lambda: gateway.kills >= number * KILLS // INVOICES, 600)
    rail = RAILS[number % len(RAILS)]
    asset = rail["asset"] or sandbox["jetton"]
    key = f"Bearer {sandbox['api_key']}"
    order = {
        "title": f"Order {number}",
        "description": "Bought while the gateway is being killed",
        "goods": rail["goods"],
        "amount": rail["amount"],
        "asset": asset,
        "rails": [{"rail": rail["rail"], "asset": asset}],
    }

    def opened():
        return request(
            sandbox["gateway"] + "/v1/invoices", order, Authorization=key, **{"Idempotency-Key": f"order-{number}"}
        )

    invoice = gateway.insist(opened)
    payment = {"option": invoice["options"][0], "user": f"customer-{number % 8}"}

    def paid():
        return request(sandbox["control"] + "/pay", payment).get("taken")

    gateway.insist(paid)
    return invoice["id"]


def killer(gateway, seed, done, stopped):
    generator = random.Random(seed)
    for _ in range(KILLS):
        # The moment is what the seed draws; nothing is judged by it.
        if stopped.wait(generator.uniform(0.05, 1.2)):
            return
        gateway.kill()
        gateway.start()
    done.set()


def test_fifty_kills_lose_and_double_nothing(start_sandbox):
    seed = int(os.environ.get("SEED", random.SystemRandom().randrange(2**32)))
    print(f"seed {seed}")
    merchant = ThreadingHTTPServer(("127.0.0.1", 0), Merchant)
    merchant.events = []
    merchant.changed = threading.Condition()
    threading.Thread(target=merchant.serve_forever, daemon=True).start()
    url = f"http://127.0.0.1:{merchant.server_port}/events"
    sandbox = start_sandbox("--networks-only", "--webhook", url)
    gateway = Gateway(sandbox)
    gateway.start()
    done, stopped = threading.Event(), threading.Event()
    threading.Thread(target=killer, args=(gateway, seed, done, stopped), daemon=True).start()

    try:
        with ThreadPoolExecutor(8) as customers:
            invoices = list(customers.map(lambda number: buy(sandbox, gateway, number), range(INVOICES)))
        assert done.wait(600), "the gateway was not killed often enough"
    finally:
        stopped.set()

    def announced():
        return {event[2] for event in merchant.events if event[1] == "invoice.settled"} >= set(invoices)

    with merchant.changed:
        assert merchant.changed.wait_for(announced, 120), "not every settled invoice was announced"
    settled_once = Counter(subject for _, kind, subject in {*merchant.events} if kind == "invoice.settled")
    assert set(settled_once.values()) == {1}

    key = {"Authorization": f"Bearer {sandbox['api_key']}"}
    for invoice in invoices:
        assert request(f"{sandbox['gateway']}/v1/invoices/{invoice}", **key)["state"] == "settled"
        payments = request(f"{sandbox['gateway']}/v1/payments?invoice={invoice}", **key)["data"]
        assert [payment["classification"] for payment in payments] == ["exact"]

    gateway.process.terminate()
    gateway.process.wait(timeout=60)
    report = subprocess.run(
        [SETTLEGATE, "reconcile", "--config", sandbox["config"], "--format", "json"],
        cwd=ROOT,
        env=dict(os.environ, SETTLEGATE_PASSPHRASE=sandbox["passphrase"]),
        capture_output=True,
        text=True,
    )
    assert report.returncode == 0, report.stdout + report.stderr
    assert json.loads(report.stdout)["is_clean"]
