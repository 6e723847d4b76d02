"""SIGKILL and SIGSTOP at random moments, while invoices are being paid, lose and double nothing: with one gateway on
SQLite, and with two on one PostgreSQL."""

import functools
import json
import os
import random
import signal
import socket
import subprocess
import threading
import time
import urllib.error
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from product import ROOT, SETTLEGATE, Gateway, call

RAILS = [
    {"rail": "telegram_fiat", "asset": "fiat:EUR", "amount": "12.50", "goods": "physical"},
    {"rail": "telegram_stars", "asset": "telegram:XTR", "amount": "250", "goods": "digital"},
    {"rail": "ton", "asset": "ton:testnet:native", "amount": "1.5", "goods": "physical"},
    {"rail": "ton", "asset": "jetton", "amount": "20", "goods": "physical"},
    {"rail": "evm", "asset": "evm_coin", "amount": "0.05", "goods": "physical", "place": "web"},
    {"rail": "evm", "asset": "evm_token", "amount": "25", "goods": "physical", "place": "web"},
]


class Merchant(BaseHTTPRequestHandler):
    """The merchant's server, which accepts and remembers every event."""

    def do_POST(self):
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        with self.server.changed:
            subject = body["data"].get("id") or body["data"].get("invoice")
            self.server.events.append((self.headers["webhook-id"], body["type"], subject))
            self.server.changed.notify_all()
        self.send_response(204)
        self.end_headers()

    def log_message(self, *arguments):
        pass


class Crowd:
    """The gateways, and how often one of them was disturbed."""

    def __init__(self, gateways):
        self.gateways = gateways
        self.disturbances = 0
        self.changed = threading.Condition()

    def disturbed(self):
        with self.changed:
            self.disturbances += 1
            self.changed.notify_all()

    def insist(self, what, seconds=120):
        """Repeats a request at one gateway after the other until it is answered, because each may be down."""
        deadline = time.monotonic() + seconds
        turn = 0
        while time.monotonic() < deadline:
            try:
                result = what(self.gateways[turn % len(self.gateways)].url)
                if result:
                    return result
            except (OSError, urllib.error.HTTPError):
                pass
            turn += 1
            with self.changed:
                # Backs off like a client, and goes on at once when something changes.
                self.changed.wait(0.05)
        raise AssertionError(f"{what.__name__} did not come true within {seconds} s")


# A stopped gateway does not answer, so another one is asked.
request = functools.partial(call, timeout=5)


def buy(sandbox, crowd, number, wait_for):
    """One customer: the merchant opens an invoice after `wait_for` disturbances, and the customer pays it once."""

    with crowd.changed:
        assert crowd.changed.wait_for(lambda: crowd.disturbances >= wait_for, 600)
    rail = RAILS[number % len(RAILS)]
    asset = rail["asset"] if ":" in rail["asset"] else sandbox[rail["asset"]]
    key = f"Bearer {sandbox['api_key']}"
    order = {
        "title": f"Order {number}",
        "description": "Bought while gateways are being killed",
        "goods": rail["goods"],
        "place": rail.get("place", "telegram"),
        "amount": rail["amount"],
        "asset": asset,
        "rails": [{"rail": rail["rail"], "asset": asset}],
    }

    def opened(url):
        return request(url + "/v1/invoices", order, Authorization=key, **{"Idempotency-Key": f"order-{number}"})

    invoice = crowd.insist(opened)
    payment = {"option": invoice["options"][0], "user": f"customer-{number % 8}"}

    def paid(_):
        # Telegram waits ten seconds for a silent gateway. A customer who tries again earlier pays twice.
        return request(sandbox["control"] + "/pay", payment, timeout=60).get("taken")

    # After a kill between an approval and its answer, the order is held while Telegram's form could still be paid.
    crowd.insist(paid, seconds=400)
    return invoice["id"]


def play(sandbox, merchant, crowd, invoices, disturb):
    """Customers buy while a thread disturbs the gateways; at the end everything is paid, announced and booked once."""

    done, stopped = threading.Event(), threading.Event()

    def disturber():
        disturb(stopped)
        done.set()

    threading.Thread(target=disturber, daemon=True).start()
    try:
        with ThreadPoolExecutor(8) as customers:
            bought = list(customers.map(lambda number: buy(sandbox, crowd, number, invoices(number)), range(invoices.count)))
        assert done.wait(600), "the gateways were not disturbed often enough"
    finally:
        stopped.set()

    def announced():
        return {event[2] for event in merchant.events if event[1] == "invoice.settled"} >= set(bought)

    with merchant.changed:
        assert merchant.changed.wait_for(announced, 120), "not every settled invoice was announced"
    settled_once = Counter(subject for _, kind, subject in {*merchant.events} if kind == "invoice.settled")
    assert set(settled_once.values()) == {1}

    key = {"Authorization": f"Bearer {sandbox['api_key']}"}
    url = crowd.gateways[0].url
    for invoice in bought:
        assert request(f"{url}/v1/invoices/{invoice}", **key)["state"] == "settled"
        payments = request(f"{url}/v1/payments?invoice={invoice}", **key)["data"]
        assert [payment["classification"] for payment in payments] == ["exact"]

    for gateway in crowd.gateways:
        gateway.end()
    report = subprocess.run(
        [SETTLEGATE, "reconcile", "--config", sandbox["config"], "--format", "json"],
        cwd=ROOT,
        env=dict(os.environ, SETTLEGATE_PASSPHRASE=sandbox["passphrase"]),
        capture_output=True,
        text=True,
    )
    assert report.returncode == 0, report.stdout + report.stderr
    assert json.loads(report.stdout)["is_clean"]


class Spread:
    """How many disturbances each customer waits for."""

    def __init__(self, count, disturbances):
        self.count = count
        self.disturbances = disturbances

    def __call__(self, number):
        return number * self.disturbances // self.count


@pytest.fixture
def merchant():
    server = ThreadingHTTPServer(("127.0.0.1", 0), Merchant)
    server.events = []
    server.changed = threading.Condition()
    threading.Thread(target=server.serve_forever, daemon=True).start()
    server.url = f"http://127.0.0.1:{server.server_port}/events"
    yield server
    server.shutdown()


@pytest.fixture
def generator():
    seed = int(os.environ.get("SEED", random.SystemRandom().randrange(2**32)))
    print(f"seed {seed}")
    return random.Random(seed)


def test_f16_f17_fifty_kills_lose_and_double_nothing(start_sandbox, merchant, generator):
    sandbox = start_sandbox("--networks-only", "--webhook", merchant.url)
    gateway = Gateway(sandbox)
    gateway.start()
    crowd = Crowd([gateway])

    def disturb(stopped):
        for _ in range(50):
            # The seed draws the moment only; no result depends on the pause.
            if stopped.wait(generator.uniform(0.05, 1.2)):
                return
            gateway.kill()
            crowd.disturbed()
            gateway.start()

    play(sandbox, merchant, crowd, Spread(200, 50), disturb)


def free_port():
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return found.getsockname()[1]


def test_two_gateways_on_one_database_survive_each_other(start_sandbox, merchant, generator, postgresql):
    sandbox = start_sandbox("--networks-only", "--webhook", merchant.url, "--postgresql", postgresql)
    gateways = [Gateway(sandbox), Gateway(sandbox, free_port())]
    for gateway in gateways:
        gateway.start()
    crowd = Crowd(gateways)

    def disturb(stopped):
        for number in range(24):
            if stopped.wait(generator.uniform(0.05, 1.0)):
                return
            victim = generator.choice(gateways)
            if generator.random() < 0.5:
                victim.kill()
                crowd.disturbed()
                victim.start()
                continue
            victim.process.send_signal(signal.SIGSTOP)
            crowd.disturbed()
            # Once for longer than a lease, so that the other gateway takes over and this one comes back too late.
            stopped.wait(17 if number == 12 else generator.uniform(0.1, 2.0))
            victim.process.send_signal(signal.SIGCONT)

    play(sandbox, merchant, crowd, Spread(96, 24), disturb)
