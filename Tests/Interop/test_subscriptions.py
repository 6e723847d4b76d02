"""Subscriptions in Stars: begun, renewed, cancelled and restored by customer and merchant, failed, and ended."""

import urllib.error

import pytest
from product import eventually

MONTH = 30 * 86_400


@pytest.fixture
def club(start_sandbox):
    return Club(start_sandbox())


class Club:
    """A merchant that sells a subscription, and a Telegram in which time passes."""

    def __init__(self, sandbox):
        self.sandbox = sandbox

    def subscribe(self, user="alice", **fields):
        wish = {"title": "Tea club", "description": "Tea each month", "amount": "100", **fields}
        made = self.sandbox.merchant("subscriptions", wish)
        assert (made["state"], made["period_days"]) == ("incomplete", 30)
        charge = self.sandbox.control("telegram/pay", link=made["link"], user=user)
        assert charge["outcome"] == "paid"
        self.becomes(made["id"], "active")
        return made["id"], charge["charge_id"]

    def read(self, subscription):
        return self.sandbox.merchant(f"subscriptions/{subscription}")

    def becomes(self, subscription, state):
        eventually(lambda: self.read(subscription)["state"] == state)

    def periods(self, subscription):
        return self.sandbox.merchant(f"invoices?subscription={subscription}")["data"]

    def pass_time(self, seconds):
        # In steps that the networks' loops can follow, each with something to see at its end.
        self.sandbox.control("advance", seconds=seconds)
        self.sandbox.control("mine", blocks=1)

    def events(self, subscription):
        told = self.sandbox.merchant("events?limit=100")["data"]
        return [
            each["type"].removeprefix("subscription.")
            for each in reversed(told)
            if each["type"].startswith("subscription.") and each["data"]["id"] == subscription
        ]


def test_each_period_is_paid_by_an_invoice_of_its_own(club):
    subscription, _ = club.subscribe(metadata={"plan": "green"}, reference="club-1")
    first_end = club.read(subscription)["current_period_end"]
    for count in (2, 3):
        club.pass_time(MONTH + 60)
        eventually(lambda count=count: len(club.periods(subscription)) == count)
    eventually(lambda: {each["state"] for each in club.periods(subscription)} == {"settled"})
    newest, *_ = club.periods(subscription)
    assert (newest["metadata"], newest["reference"], newest["amount"]) == ({"plan": "green"}, "club-1", "100")
    for each in club.periods(subscription):
        [payment] = club.sandbox.merchant(f"payments?invoice={each['id']}")["data"]
        assert (payment["classification"], payment["amount"]) == ("exact", "100")
    assert club.read(subscription)["current_period_end"] > first_end
    assert club.events(subscription) == ["activated", "renewed", "renewed"]
    assert club.sandbox.merchant("cases")["data"] == []


def test_a_customer_cancels_and_comes_back_and_cancels_for_good(club):
    subscription, charge = club.subscribe()
    for word, state in (("canceled", "canceled"), ("active", "active"), ("canceled", "canceled")):
        club.sandbox.control("telegram/subscription", charge_id=charge, state=word)
        club.becomes(subscription, state)
    club.pass_time(MONTH + 60)
    club.becomes(subscription, "ended")
    assert len(club.periods(subscription)) == 1
    assert club.events(subscription) == ["activated", "canceled", "restored", "canceled", "ended"]


def test_a_merchant_cancels_and_restores_once(club):
    subscription, _ = club.subscribe()
    assert club.sandbox.merchant(f"subscriptions/{subscription}/cancel", {})["state"] == "canceled"
    with pytest.raises(urllib.error.HTTPError) as twice:
        club.sandbox.merchant(f"subscriptions/{subscription}/cancel", {})
    assert twice.value.code == 409
    assert club.sandbox.merchant(f"subscriptions/{subscription}/restore", {})["state"] == "active"
    club.pass_time(MONTH + 60)
    eventually(lambda: len(club.periods(subscription)) == 2)
    assert club.sandbox.merchant(f"subscriptions/{subscription}/cancel", {})["state"] == "canceled"
    club.pass_time(MONTH + 60)
    club.becomes(subscription, "ended")
    assert len(club.periods(subscription)) == 2


def test_a_payment_that_fails_is_told_and_ends_it_a_day_later(club):
    subscription, charge = club.subscribe()
    club.sandbox.control("telegram/subscription", charge_id=charge, state="failed")
    club.becomes(subscription, "past_due")
    club.pass_time(MONTH + 2 * 86_400)
    club.becomes(subscription, "ended")


def test_a_renewal_whose_update_is_lost_is_found_on_the_star_account(club):
    subscription, _ = club.subscribe()
    club.sandbox.control("fault", network="telegram", kind="drop")
    club.pass_time(MONTH + 60)
    eventually(lambda: len(club.periods(subscription)) == 2)
    club.becomes(subscription, "active")
    assert club.events(subscription) == ["activated", "renewed"]


def test_a_period_is_refunded_like_any_payment(club):
    subscription, _ = club.subscribe()
    [invoice] = club.periods(subscription)
    [payment] = club.sandbox.merchant(f"payments?invoice={invoice['id']}")["data"]
    refund = club.sandbox.merchant("refunds", {"payment": payment["id"]})
    eventually(lambda: club.sandbox.merchant(f"refunds/{refund['id']}")["state"] == "completed")


@pytest.mark.parametrize(
    "wish, code",
    [
        ({"amount": "10001"}, 422),
        ({"amount": "0"}, 422),
        ({"amount": "1.5"}, 422),
        ({"asset": "ton:testnet:native"}, 422),
        ({"asset": "telegram:YYY"}, 422),
        ({"title": ""}, 422),
        ({"period": 7}, 400),
    ],
)
def test_what_telegram_would_refuse_is_refused(sandbox, wish, code):
    with pytest.raises(urllib.error.HTTPError) as refused:
        sandbox.merchant("subscriptions", {"title": "Club", "description": "Tea", "amount": "100", **wish})
    assert refused.value.code == code


def test_the_same_key_makes_one_subscription(sandbox):
    wish = {"title": "Club", "description": "Tea", "amount": "100"}
    key = {"Idempotency-Key": "club"}
    first = sandbox.merchant("subscriptions", wish, **key)
    assert sandbox.merchant("subscriptions", wish, **key) == first
    # A link is paid once: a second customer is refused, and not charged.
    sandbox.control("telegram/pay", link=first["link"], user="bob")
    eventually(lambda: sandbox.merchant(f"subscriptions/{first['id']}")["state"] == "active")
    assert sandbox.control("telegram/pay", link=first["link"], user="carol")["outcome"] == "declined"
