"""Money that is not final cannot be paid out, a refund that is impossible fails; line breaks stay text; CSRF."""

import socket
import urllib.error
import urllib.parse
import urllib.request

import pytest
from product import call, eventually


def balance(sandbox, asset):
    found = [each for each in sandbox.merchant("balances")["data"] if each["asset"] == asset]
    return (found[0]["amount"], found[0]["available"]) if found else None


def paid(sandbox, rail, asset, amount, **fields):
    order = {
        "title": "Tea", "description": "Tea", "goods": "physical", "amount": amount, "asset": asset,
        "rails": [{"rail": rail, "asset": asset}], **fields,
    }
    invoice = sandbox.merchant("invoices", order)
    sandbox.control("pay", option=invoice["options"][0])
    return invoice["id"]


def test_f20_a_payment_that_is_not_final_cannot_be_paid_out(start_sandbox):
    sandbox = start_sandbox()
    asset = sandbox["evm_coin"]
    invoice = paid(sandbox, "evm", asset, "0.05", place="web")
    sandbox.control("mine", network="evm", blocks=1)
    eventually(lambda: sandbox.merchant(f"invoices/{invoice}")["sightings"])
    assert balance(sandbox, asset) is None
    payout = {"amount": "0.01", "asset": asset, "destination": "0x" + "11" * 20, "needs_approval": True}
    with pytest.raises(urllib.error.HTTPError) as early:
        sandbox.merchant("payouts", payout)
    assert early.value.code == 422
    sandbox.control("mine", network="evm", blocks=6)
    # Blocks made in a row have times ahead of the clock.
    sandbox.control("advance", seconds=60)
    eventually(lambda: balance(sandbox, asset) == ("0.0495", "0.0495"))
    assert sandbox.merchant("payouts", payout)["state"] == "awaiting_approval"


def test_f20_stars_are_the_merchants_at_once_and_usable_after_three_weeks(start_sandbox):
    sandbox = start_sandbox()
    invoice = paid(sandbox, "telegram_stars", "telegram:XTR", "250", goods="digital")
    eventually(lambda: sandbox.merchant(f"invoices/{invoice}")["state"] == "settled")
    total, available = balance(sandbox, "telegram:XTR")
    assert (float(total) > 0, float(available)) == (True, 0.0)
    sandbox.control("advance", seconds=21 * 86_400 + 60)
    assert eventually(lambda: balance(sandbox, "telegram:XTR")) == (total, total)


def test_f76_a_refund_of_stars_that_were_withdrawn_fails_and_says_so(start_sandbox):
    sandbox = start_sandbox()
    invoice = paid(sandbox, "telegram_stars", "telegram:XTR", "250", goods="digital")
    eventually(lambda: sandbox.merchant(f"invoices/{invoice}")["state"] == "settled")
    before = balance(sandbox, "telegram:XTR")
    sandbox.control("telegram/withdraw", stars=250)
    [payment] = sandbox.merchant(f"payments?invoice={invoice}")["data"]
    refund = sandbox.merchant("refunds", {"payment": payment["id"]})
    eventually(lambda: sandbox.merchant(f"refunds/{refund['id']}")["state"] == "failed")
    assert "BALANCE_TOO_LOW" in sandbox.merchant(f"refunds/{refund['id']}")["failure"]
    # The reserved amount is the merchant's again, and the merchant got the event.
    assert balance(sandbox, "telegram:XTR") == before
    assert "refund.failed" in [each["type"] for each in sandbox.merchant("events")["data"]]


BREAKS = ["a\r\nSet-Cookie: stolen=1", "a\n\nb", "a\r\rb", "\u2028\u0085x"]


@pytest.mark.parametrize("text", BREAKS)
def test_f86_line_breaks_are_text_everywhere(sandbox, text):
    order = {
        "title": text, "description": text, "goods": "physical", "amount": "1", "asset": "ton:testnet:native",
        "reference": text, "metadata": {"note": text}, "line_items": [{"label": text, "amount": "1"}],
    }
    invoice = sandbox.merchant("invoices", order)
    assert (invoice["title"], invoice["reference"], invoice["metadata"]["note"]) == (text, text, text)
    told = eventually(
        lambda: [each for each in sandbox.merchant("events")["data"] if each["data"].get("id") == invoice["id"]]
    )
    assert told[0]["data"]["title"] == text
    address = urllib.parse.urlparse(sandbox["gateway"])
    with socket.create_connection((address.hostname, address.port), timeout=10) as connection:
        connection.sendall(f"GET /pay/{invoice['id']} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n".encode())
        page = b""
        while piece := connection.recv(65_536):
            page += piece
    head = page.split(b"\r\n\r\n")[0].lower()
    assert b"stolen" not in head


@pytest.mark.parametrize("url", ["https://shop.example/\r\nX: y", "https://shop.example/\nX", "https://shop.example/ x"])
def test_f86_an_address_with_a_line_break_is_refused(sandbox, url):
    with pytest.raises(urllib.error.HTTPError) as refused:
        sandbox.merchant("webhook_endpoints", {"url": url})
    assert refused.value.code in (400, 422)


FOREIGN = {"Origin": "https://evil.example", "Sec-Fetch-Site": "cross-site"}


@pytest.mark.parametrize("path, body", [("renew", b""), ("session", b"{}"), ("wallet", b"option=x&wallet=y")])
def test_f96_pages_of_others_cannot_act_in_a_customers_name(sandbox, path, body):
    order = {"title": "Tea", "description": "Tea", "goods": "physical", "amount": "1", "asset": "ton:testnet:native"}
    invoice = sandbox.merchant("invoices", order)
    url = f"{sandbox['gateway']}/pay/{invoice['id']}/{path}"
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(urllib.request.Request(url, body, FOREIGN), timeout=30)
    assert refused.value.code == 403
    own = {"Origin": sandbox["gateway"], "Sec-Fetch-Site": "same-origin"}
    try:
        status = urllib.request.urlopen(urllib.request.Request(url, body, own), timeout=30).status
    except urllib.error.HTTPError as error:
        status = error.code
    assert status != 403


def test_f96_a_link_is_not_bought_by_by_a_page_of_others(sandbox):
    order = {"title": "Tea", "description": "Tea", "goods": "physical", "amount": "1", "asset": "ton:testnet:native"}
    link = sandbox.merchant("payment_links", order)
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(urllib.request.Request(link["url"], b"", FOREIGN), timeout=30)
    assert refused.value.code == 403
    assert sandbox.merchant(f"payment_links/{link['id']}")["left"] is None


def test_f96_the_page_is_framed_by_telegram_only(sandbox):
    order = {"title": "Tea", "description": "Tea", "goods": "physical", "amount": "1", "asset": "ton:testnet:native"}
    url = f"{sandbox['gateway']}/pay/{sandbox.merchant('invoices', order)['id']}"
    with urllib.request.urlopen(url, timeout=30) as response:
        policy = response.headers["Content-Security-Policy"]
    assert "frame-ancestors 'self' https://web.telegram.org" in policy
    assert call(url + "/status")["object"] == "checkout_status"
