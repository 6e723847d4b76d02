"""Pictures and videos that a bot sells in a chat: each purchase is a payment of a settled invoice of its own."""

import urllib.error

import pytest
from product import eventually

WISH = {
    "chat": "@teashop", "title": "Leaves", "description": "Pictures of tea", "amount": "50",
    "media": [{"type": "photo", "media": "https://shop.example/leaves.jpg"}], "metadata": {"album": "7"},
}


def test_each_purchase_settles_an_invoice_of_its_own_and_can_be_refunded(start_sandbox):
    sandbox = start_sandbox()
    sold = sandbox.merchant("paid_media", WISH)
    assert (sold["purchases"], sold["link"]) == (0, f"https://t.me/teashop/{sold['message']}")
    for user in ("alice", "bob"):
        sandbox.control("telegram/buy_media", message=sold["message"], user=user)
    eventually(lambda: sandbox.merchant(f"paid_media/{sold['id']}")["purchases"] == 2)
    bought = sandbox.merchant(f"invoices?paid_media={sold['id']}")["data"]
    assert [(each["state"], each["amount"], each["metadata"]) for each in bought] == [("settled", "50", {"album": "7"})] * 2
    assert len({each["payer"] for each in bought}) == 2
    told = [each["type"] for each in sandbox.merchant("events?limit=100")["data"]]
    assert told.count("invoice.settled") == 2
    [payment] = sandbox.merchant(f"payments?invoice={bought[0]['id']}")["data"]
    assert (payment["classification"], payment["amount"]) == ("exact", "50")
    refund = sandbox.merchant("refunds", {"payment": payment["id"]})
    eventually(lambda: sandbox.merchant(f"refunds/{refund['id']}")["state"] == "completed")
    assert sandbox.merchant("cases")["data"] == []


def test_the_same_key_sends_one_message(sandbox):
    first = sandbox.merchant("paid_media", WISH, **{"Idempotency-Key": "leaves"})
    assert sandbox.merchant("paid_media", WISH, **{"Idempotency-Key": "leaves"}) == first


@pytest.mark.parametrize(
    "wish, code",
    [
        ({"amount": "25001"}, 422),
        ({"media": []}, 422),
        ({"media": WISH["media"] * 11}, 422),
        ({"media": [{"type": "sticker", "media": "x"}]}, 400),
        # A local Bot API server would send these files of the machine to the chat.
        *(({"media": [{"type": "photo", "media": address}]}, 422)
          for address in ("file:///etc/passwd", "attach://x", "http://127.0.0.1/x", "FILE:/etc/passwd", "/etc/passwd")),
        ({"chat": "teashop"}, 422),
        ({"title": "x" * 33}, 422),
        ({"asset": "fiat:EUR"}, 422),
    ],
)
def test_what_telegram_would_refuse_is_refused(sandbox, wish, code):
    with pytest.raises(urllib.error.HTTPError) as refused:
        sandbox.merchant("paid_media", {**WISH, **wish})
    assert refused.value.code == code


def test_invoices_are_listed_by_when_they_were_opened(sandbox):
    order = {"title": "Tea", "description": "Tea", "goods": "physical", "amount": "1", "asset": "ton:testnet:native"}
    opened = sandbox.merchant("invoices", order)

    def between(**wish):
        query = "&".join(f"{name}={moment}" for name, moment in wish.items())
        return [each["id"] for each in sandbox.merchant(f"invoices?limit=100&{query}")["data"]]

    assert opened["id"] in between(created_from=opened["created_at"])
    assert opened["id"] not in between(created_until=opened["created_at"])
    assert between(created_from="2099-01-01T00:00:00Z") == []
    with pytest.raises(urllib.error.HTTPError) as refused:
        between(created_from="yesterday")
    assert refused.value.code == 400
