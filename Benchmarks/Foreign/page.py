"""The checkout page on a weak phone: bytes, and time until it can be used, in Chromium with the processor slowed down four times.
Run by `make bench-http`."""

import json
import pathlib
import statistics
import subprocess
import sys
import tempfile
import urllib.request

from playwright.sync_api import sync_playwright

ROOT = pathlib.Path(__file__).resolve().parents[2]
PROGRAM = sys.argv[1]
ROUNDS = 9


def call(url, body, **headers):
    request = urllib.request.Request(url, json.dumps(body).encode(), {"Content-Type": "application/json", **headers})
    with urllib.request.urlopen(request, timeout=30) as response:
        return json.load(response)


def visit(browser, url):
    """Bytes over the wire, and milliseconds until something is painted and until the page answers to a tap."""
    context = browser.new_context(viewport={"width": 390, "height": 844})
    page = context.new_page()
    page.context.new_cdp_session(page).send("Emulation.setCPUThrottlingRate", {"rate": 4})
    page.goto(url, wait_until="load")
    figures = page.evaluate("""() => {
        const entries = performance.getEntries();
        const painted = entries.find((each) => each.name === "first-contentful-paint");
        const [loaded] = performance.getEntriesByType("navigation");
        return [
            entries.reduce((sum, each) => sum + (each.transferSize || 0), 0),
            painted ? painted.startTime : 0,
            // The script is deferred: when this event ends, it has run.
            loaded.domContentLoadedEventEnd,
        ];
    }""")
    context.close()
    return figures


def main():
    sandbox = subprocess.Popen(
        [PROGRAM, "sandbox", "--print-json", "--home", tempfile.mkdtemp(prefix="settlegate-bench-")],
        stdout=subprocess.PIPE, text=True, cwd=ROOT,
    )
    try:
        places = json.loads(sandbox.stdout.readline())
        order = {
            "title": "Tea pot", "description": "A pot of tea", "goods": "physical", "amount": "1.5",
            "asset": "ton:testnet:native", "rails": [{"rail": "ton"}],
        }
        invoice = call(f"{places['gateway']}/v1/invoices", order, Authorization=f"Bearer {places['api_key']}")
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=["--no-sandbox"])
            visit(browser, invoice["checkout_url"])
            rounds = [visit(browser, invoice["checkout_url"]) for _ in range(ROUNDS)]
            browser.close()
        size, painted, usable = (statistics.median(column) for column in zip(*rounds))
        print(
            f"the checkout page, processor slowed 4 times: {size / 1000:.1f} kB in all with the QR code, painted after"
            f" {painted:.0f} ms, usable after {usable:.0f} ms (median of {ROUNDS})"
        )
    finally:
        sandbox.terminate()
        sandbox.wait(timeout=30)


main()
