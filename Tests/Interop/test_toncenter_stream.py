"""httpx-sse against the sandbox's streaming API of toncenter: subscriptions, finalities, invalidated traces, refusals."""

import json

import httpx
import pytest
from httpx_sse import connect_sse
from product import call, eventually
from pytoniq_core import Address

TYPES = ["transactions", "account_state_change", "trace_invalidated"]


@pytest.fixture
def option(sandbox):
    key = {"Authorization": f"Bearer {sandbox['api_key']}", "Idempotency-Key": "toncenter-stream"}
    native = "ton:testnet:native"
    order = {
        "title": "Tea", "description": "Tea", "goods": "physical", "amount": "1.5", "asset": native,
        "rails": [{"rail": "ton", "asset": native}],
    }
    [option] = call(f"{sandbox['gateway']}/v1/invoices", order, **key)["options"]
    # The wallet's own first coins are told of before anybody listens.
    place = f"{sandbox['ton'].rstrip('/')}/api/v2/getAddressBalance?address={option['address']}"
    eventually(lambda: int(call(place)["result"]) > 0)
    call(f"{sandbox['control']}/mine", {"network": "ton", "blocks": 3})
    return option


def listen(client, sandbox, **subscription):
    return connect_sse(client, "POST", f"{sandbox['ton']}/api/streaming/v2/sse", json=subscription)


def test_a_payment_is_told_confirmed_and_final_and_a_discarded_one_is_invalidated(sandbox, option):
    wallet = Address(option["address"])
    with httpx.Client(timeout=30) as client:
        with listen(
            client, sandbox, types=TYPES, addresses=[option["address"]], min_finality="confirmed"
        ) as source:
            events = (json.loads(event.data) for event in source.iter_sse())
            assert next(events) == {"status": "subscribed"}
            call(f"{sandbox['control']}/fault", {"network": "ton", "kind": "invalidated_trace", "option": option})
            seen = next(events)
            assert (seen["type"], seen["finality"]) == ("transactions", "confirmed")
            assert next(events)["finality"] == "confirmed"
            gone = next(events)
            assert gone["type"] == "trace_invalidated"
            assert gone["trace_external_hash_norm"] == seen["trace_external_hash_norm"]
            call(f"{sandbox['control']}/pay", {"option": option})
            told = [next(events) for _ in range(4)]
    assert [(event["type"], event["finality"]) for event in told] == [
        ("transactions", "confirmed"), ("account_state_change", "confirmed"),
        ("transactions", "finalized"), ("account_state_change", "finalized"),
    ]
    assert all(Address(event["account"]) == wallet for event in told if "account" in event)
    [transaction] = told[2]["transactions"]
    assert Address(transaction["account"]) == wallet and transaction["in_msg"]["value"] == "1500000000"
    assert transaction["hash"] != seen["transactions"][0]["hash"]


def test_one_who_wants_only_what_is_final_hears_nothing_else(sandbox, option):
    with httpx.Client(timeout=30) as client:
        with listen(client, sandbox, types=TYPES, addresses=[option["address"]]) as source:
            events = (json.loads(event.data) for event in source.iter_sse())
            next(events)
            call(f"{sandbox['control']}/pay", {"option": option})
            assert [next(events)["finality"] for _ in range(2)] == ["finalized"] * 2


@pytest.mark.parametrize(
    "subscription",
    [
        {}, {"types": TYPES}, {"types": [], "addresses": ["0:" + "11" * 32]},
        {"types": ["everything"], "addresses": ["0:" + "11" * 32]}, {"types": TYPES, "addresses": ["nowhere"]},
        {"types": TYPES, "addresses": ["0:" + "11" * 32], "min_finality": "maybe"},
    ],
)
def test_a_subscription_that_cannot_be_read_is_refused(sandbox, subscription):
    response = httpx.post(f"{sandbox['ton']}/api/streaming/v2/sse", json=subscription, timeout=30)
    assert response.status_code == 400 and response.json()["error"]
