"""The gateway's HTTP interface under load: wrk against the release build on SQLite, beside a constant answer of the same server;
and a thousand pages that are told of changes. Run by `make bench-http`."""

import json
import os
import pathlib
import re
import selectors
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request

ROOT = pathlib.Path(__file__).resolve().parents[2]
PROGRAM = sys.argv[1]
SECONDS = int(sys.argv[2]) if len(sys.argv) > 2 else 10

CREATE = """
wrk.method = "POST"
wrk.headers["Content-Type"] = "application/json"
wrk.headers["Authorization"] = "Bearer %s"
wrk.body = '{"title": "Tea", "description": "Tea", "goods": "physical", "amount": "1.5", ' ..
    '"asset": "ton:testnet:native", "rails": [{"rail": "ton"}]}'
"""

# Updates, each with a number of its own: threads are told apart by the first digits.
UPDATE = """
local thread = 0
function setup(each) thread = thread + 1; each:set("base", thread * 100000000) end
function init() count = 0 end
function request()
    count = count + 1
    return wrk.format("POST", nil, {["Content-Type"] = "application/json", ["X-Telegram-Bot-Api-Secret-Token"] = "%s"},
        string.format('{"update_id": %%d, "message": {"message_id": 1, "date": 1790000000, "text": "%s", ' ..
        '"chat": {"id": 5, "type": "private"}, "from": {"id": 5, "is_bot": false, "first_name": "A"}}}', base + count))
end
"""


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def call(url, body=None, **headers):
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(url, data, {"Content-Type": "application/json", **headers})
    with urllib.request.urlopen(request, timeout=30) as response:
        return json.load(response)


def wrk(url, *arguments, connections=32):
    run = subprocess.run(
        ["wrk", "-t2", f"-c{connections}", f"-d{SECONDS}s", "--latency", *arguments, url],
        capture_output=True, text=True, check=True,
    )
    if "Non-2xx" in run.stdout:
        raise SystemExit(f"{url}: {run.stdout}")
    rate = float(re.search(r"Requests/sec:\s+([\d.]+)", run.stdout).group(1))
    p99 = re.search(r"99%\s+(\S+)", run.stdout).group(1)
    return rate, p99


def load(url, script):
    """What wrk measures with a script of its own."""
    with tempfile.NamedTemporaryFile("w", suffix=".lua") as file:
        file.write(script)
        file.flush()
        return wrk(url, "-s", file.name)


def beside(url, measure):
    """The median of three measurements, each beside a constant answer of the same moment: the machine is not always as fast."""
    pairs = sorted(((wrk(url + "/livez"), measure()) for _ in range(3)), key=lambda pair: pair[1][0] / pair[0][0])
    return pairs[1]


def aiogram(script):
    """The same updates, taken in by aiogram's own webhook server with a handler that does nothing."""
    port = free_port()
    server = subprocess.Popen([sys.executable, str(pathlib.Path(__file__).with_name("aiogram_webhook.py")), str(port)])
    try:
        for _ in range(200):
            try:
                socket.create_connection(("127.0.0.1", port)).close()
                break
            except OSError:
                time.sleep(0.1)
        return load(f"http://127.0.0.1:{port}/webhook", script)
    finally:
        server.terminate()
        server.wait(timeout=30)


def memory(process):
    status = pathlib.Path(f"/proc/{process.pid}/status").read_text()
    return int(re.search(r"VmRSS:\s+(\d+)", status).group(1)) // 1024


def streams(process, url, pages, count):
    """Opens one stream for each page and reads them for a while."""
    host = url.split("//")[1]
    selector = selectors.DefaultSelector()
    sockets = []
    for number in range(count):
        stream = socket.create_connection(tuple(host.split(":")))
        path = pages[number % len(pages)]
        stream.sendall(f"GET {path}/events HTTP/1.1\r\nHost: {host}\r\n\r\n".encode())
        stream.setblocking(False)
        selector.register(stream, selectors.EVENT_READ)
        sockets.append(stream)
    told, figures, end, look = set(), [], time.monotonic() + 60, time.monotonic() + 5
    while time.monotonic() < end:
        for key, _ in selector.select(timeout=0.5):
            if b"data: " in key.fileobj.recv(65536):
                told.add(key.fd)
        if time.monotonic() > look:
            figures.append(memory(process))
            look += 5
    for stream in sockets:
        stream.close()
    return len(told), figures


def main():
    home = tempfile.mkdtemp(prefix="settlegate-bench-")
    port = free_port()
    networks = subprocess.Popen(
        [PROGRAM, "sandbox", "--networks-only", "--print-json", "--home", home, "--port", str(port)],
        stdout=subprocess.PIPE, text=True, cwd=ROOT,
    )
    places = json.loads(networks.stdout.readline())
    # Constant answers are not logged, so that nothing is: both sides of a ratio do the same beside their work.
    configuration = pathlib.Path(places["config"])
    configuration.write_text(configuration.read_text().replace(", request_log: requests.jsonl", ""))
    environment = {
        **os.environ, "SETTLEGATE_PASSPHRASE": places["passphrase"],
        "SETTLEGATE_HTTP_REQUESTS_PER_MINUTE": "100000000",
    }
    gateway = subprocess.Popen([PROGRAM, "serve", "--config", places["config"]], env=environment, cwd=ROOT)
    url, key = places["gateway"], {"Authorization": f"Bearer {places['api_key']}"}
    try:
        for _ in range(200):
            try:
                urllib.request.urlopen(url + "/readyz").close()
                break
            except OSError:
                time.sleep(0.1)
        order = {
            "title": "Tea", "description": "Tea", "goods": "physical", "amount": "1.5", "asset": "ton:testnet:native",
            "rails": [{"rail": "ton"}],
        }
        invoices = [call(f"{url}/v1/invoices", order, **key) for _ in range(200)]
        read = f"{url}/v1/invoices/{invoices[0]['id']}"
        constant, invoice = beside(url, lambda: wrk(read, "-H", f"Authorization: {key['Authorization']}"))
        print(
            f"reading one invoice: {invoice[0] / constant[0]:.2f} of a constant answer of the same server"
            f" ({invoice[0]:.0f} and {constant[0]:.0f} a second, p99 {invoice[1]})"
        )
        page = wrk(f"{url}/pay/{invoices[0]['id']}")
        print(f"the checkout page: {page[0]:.0f} a second, p99 {page[1]}")
        made = load(f"{url}/v1/invoices", CREATE % places["api_key"])
        print(f"invoices opened, durable: {made[0]:.0f} a second, p99 {made[1]}")
        webhook = call(f"{places['control']}/telegram/webhook", {})
        constant, said = beside(url, lambda: load(webhook["url"], UPDATE % (webhook["secret"], "hello")))
        foreign = aiogram(UPDATE % (webhook["secret"], "hello"))
        print(
            f"updates that mean nothing to payments: {said[0]:.0f} a second, p99 {said[1]};"
            f" {said[0] / constant[0]:.2f} of a constant answer, {said[0] / foreign[0]:.1f} times aiogram"
        )
        taken = load(webhook["url"], UPDATE % (webhook["secret"], "/start"))
        print(f"updates taken in, durable: {taken[0]:.0f} a second, p99 {taken[1]}")
        before = memory(gateway)
        told, figures = streams(gateway, url, [f"/pay/{each['id']}" for each in invoices], 1_000)
        print(
            f"1,000 live pages of {len(invoices)} invoices: {told} were told, memory {before} MiB before and"
            f" {figures[0]} to {figures[-1]} MiB within a minute"
        )
    finally:
        for process in (gateway, networks):
            process.terminate()
            process.wait(timeout=30)


main()
