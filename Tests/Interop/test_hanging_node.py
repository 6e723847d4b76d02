"""A node that accepts connections and answers nothing delays no payment on another rail, and what was paid on its own rail
is credited when it answers again."""

import pathlib
import signal
import socket
import subprocess
import threading
import time
import urllib.parse

import pytest
from product import ROOT, SETTLEGATE, Gateway, call, eventually

# How a payment is made on each rail: rail, asset, amount, goods, place.
ORDERS = {
    "stars": ("telegram_stars", "telegram:XTR", "250", "digital", "telegram"),
    "card": ("telegram_fiat", "fiat:EUR", "12.50", "physical", "telegram"),
    "ton": ("ton", "ton:testnet:native", "1.5", "physical", "telegram"),
    "evm": ("evm", "evm_coin", "0.05", "physical", "web"),
}

# The settings that say where a rail's nodes are.
SETTINGS = {"ton": "toncenter_url:", "evm": "nodes:"}


class Node:
    """The way to a node, which can be made to hang: connections are accepted, and nothing is passed on."""

    def __init__(self, url):
        place = urllib.parse.urlparse(url)
        self.there = (place.hostname, place.port)
        self.hangs = threading.Event()
        # Connections that came while it hung, and those of them that the gateway has given up.
        self.held = 0
        self.given_up = 0
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self.listener.getsockname()[1]}"
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            try:
                here, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self.serve, args=(here,), daemon=True).start()

    def serve(self, here):
        with here, socket.create_connection(self.there) as there:
            threading.Thread(target=self.carry, args=(there, here), daemon=True).start()
            self.carry(here, there)

    def carry(self, source, target):
        held = False
        try:
            while data := source.recv(1 << 16):
                if self.hangs.is_set():
                    self.held += not held
                    held = True
                else:
                    target.sendall(data)
        except OSError:
            pass
        self.given_up += held
        for end in (source, target):
            try:
                end.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass


class Shop:
    """The merchant and its customers."""

    def __init__(self, sandbox, gateway):
        self.sandbox, self.url = sandbox, gateway.url

    def __call__(self, path, body=None):
        return call(f"{self.url}/v1/{path}", body, Authorization=f"Bearer {self.sandbox['api_key']}")

    def open(self, name):
        rail, asset, amount, goods, place = ORDERS[name]
        asset = asset if ":" in asset else self.sandbox[asset]
        order = {
            "title": "Tea", "description": "Tea", "goods": goods, "place": place, "amount": amount, "asset": asset,
            "rails": [{"rail": rail, "asset": asset}],
        }
        return self("invoices", order)

    def pay(self, invoice):
        wish = {"option": invoice["options"][0], "user": "alice"}
        assert call(self.sandbox["control"] + "/pay", wish, timeout=60)["taken"]

    def settled(self, invoice, seconds=120):
        eventually(lambda: self(f"invoices/{invoice['id']}")["state"] == "settled", seconds)


def lead(sandbox, hanging, node):
    """Has the requests of one rail, and no others, go by the node that will hang."""
    networks = sandbox["ton"].removesuffix("/")
    config = pathlib.Path(sandbox["config"])
    lines = config.read_text().splitlines()
    # All networks listen at one address.
    places = [number for number, line in enumerate(lines) if line.strip().startswith(SETTINGS[hanging])]
    assert places and all(networks in lines[number] for number in places)
    for number in places:
        lines[number] = lines[number].replace(networks, node.url)
    config.write_text("\n".join(lines) + "\n")


@pytest.mark.parametrize("hanging", ["ton", "evm"])
def test_a_node_that_hangs_delays_no_payment_on_another_rail(start_sandbox, hanging):
    sandbox = start_sandbox("--networks-only")
    node = Node(sandbox["ton"].removesuffix("/"))
    lead(sandbox, hanging, node)
    gateway = Gateway(sandbox)
    gateway.start()
    try:
        shop = Shop(sandbox, gateway)
        before, waiting = shop.open(hanging), shop.open(hanging)
        shop.pay(before)
        shop.settled(before)
        node.hangs.set()
        eventually(lambda: node.held > 0)
        shop.pay(waiting)
        others = [name for name in ORDERS if name != hanging] * 4
        given_up = node.given_up
        for name in others:
            invoice = shop.open(name)
            shop.pay(invoice)
            shop.settled(invoice)
        # A payment that waits for the hanging node waits until a request to it is given up.
        assert node.given_up - given_up < len(others) / 2
        assert shop(f"invoices/{waiting['id']}")["state"] != "settled"
        node.hangs.clear()
        shop.settled(waiting)
    finally:
        gateway.end()


# After how many seconds a program that is still stopping says what it waits for, and how long it may take at most.
SLOW, LONGEST = 10, 40


@pytest.mark.parametrize("moment", ["while it starts", "while it works"])
@pytest.mark.parametrize("hanging", ["ton", "evm"])
def test_a_program_beside_a_hanging_node_ends_when_it_is_told_to(start_sandbox, hanging, moment):
    sandbox = start_sandbox("--networks-only")
    node = Node(sandbox["ton"].removesuffix("/"))
    lead(sandbox, hanging, node)
    if moment == "while it starts":
        node.hangs.set()
    process = subprocess.Popen(
        [SETTLEGATE, "serve", "--config", sandbox["config"]],
        cwd=ROOT,
        env=Gateway(sandbox).environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )
    said = []
    reader = threading.Thread(target=lambda: said.extend(process.stderr), daemon=True)
    reader.start()
    try:
        if moment == "while it works":
            eventually(lambda: any("listens on" in line for line in said), 60)
            node.hangs.set()
        # A request waits for an answer that never comes.
        eventually(lambda: node.held > node.given_up, 60)
        assert (moment == "while it works") == any("listens on" in line for line in said)
        began = time.monotonic()
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=LONGEST) == 0
        took = time.monotonic() - began
    finally:
        process.kill()
    reader.join()
    # A stop that takes long says what it waits for, by name.
    slow = [line for line in said if "it stops when these have ended" in line]
    assert bool(slow) or took < SLOW + 5, said
    for line in slow:
        assert line.split("have ended: ")[1].strip(), line
