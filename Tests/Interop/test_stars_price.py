"""Invoices in money, paid in Stars at the customers' price or at Telegram's payout, as the merchant chooses."""

import json
import urllib.error

import pytest
from product import eventually


def order(**settings):
    rail = {"rail": "telegram_stars", "settings": settings} if settings else {"rail": "telegram_stars"}
    return {
        "title": "Tea", "description": "Tea", "goods": "digital", "amount": "10.00", "asset": "fiat:EUR", "rails": [rail],
    }


@pytest.mark.parametrize(
    "settings, stars, source",
    [
        # 10 EUR are 11.50 USD: 575 Stars of 0.02, or 884.6 of 0.013, rounded up.
        ({}, "575", "stars:customer"),
        ({"stars_price": "customer"}, "575", "stars:customer"),
        ({"stars_price": "reward"}, "885", "stars:reward"),
    ],
)
def test_a_merchant_chooses_what_a_star_counts_at(sandbox, settings, stars, source):
    invoice = sandbox.merchant("invoices", order(**settings))
    [option] = invoice["options"]
    assert (option["asset"], option["amount"]) == ("telegram:XTR", stars)
    assert option["quote"]["source"] == f"{source}, configuration"
    assert sandbox.control("telegram/pay", link=option["link"])["outcome"] == "paid"
    eventually(lambda: sandbox.merchant(f"invoices/{invoice['id']}")["state"] == "settled")
    [payment] = sandbox.merchant(f"payments?invoice={invoice['id']}")["data"]
    assert (payment["amount"], payment["classification"]) == (stars, "exact")
    # The payment records the rate, its source and its time.
    assert payment["quote"] == option["quote"]


@pytest.mark.parametrize("settings, rail", [({"stars_price": "cheap"}, "telegram_stars"), ({"stars_price": "reward"}, "ton")])
def test_what_is_no_choice_is_refused(sandbox, settings, rail):
    wish = order()
    wish["goods"] = "digital" if rail == "telegram_stars" else "physical"
    wish["rails"] = [{"rail": rail, "settings": settings}]
    with pytest.raises(urllib.error.HTTPError) as refused:
        sandbox.merchant("invoices", wish)
    assert refused.value.code == 422, json.load(refused.value)
