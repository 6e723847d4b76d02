"""`expand[]`: objects in place of their identifiers, as the key may read them."""

import json
import urllib.error

import pytest
from product import call, eventually


@pytest.fixture
def shop(start_sandbox):
    sandbox = start_sandbox()
    order = {
        "title": "Tea", "description": "Tea", "goods": "digital", "amount": "10", "asset": "telegram:XTR",
        "rails": [{"rail": "telegram_stars", "asset": "telegram:XTR"}],
    }
    link = sandbox.merchant("payment_links", order)
    assert link["object"] == "payment_link"
    invoice = sandbox.merchant("invoices", order)
    assert sandbox.control("telegram/pay", link=invoice["options"][0]["link"])["outcome"] == "paid"
    [payment] = eventually(lambda: sandbox.merchant(f"payments?invoice={invoice['id']}")["data"])
    made = sandbox.merchant("refunds", {"payment": payment["id"]})
    eventually(lambda: sandbox.merchant(f"refunds/{made['id']}")["state"] == "completed")
    sandbox.refund, sandbox.payment, sandbox.invoice = made["id"], payment["id"], invoice["id"]
    return sandbox


def test_a_path_leads_from_object_to_object(shop):
    plain = shop.merchant(f"refunds/{shop.refund}")
    assert plain["payment"] == shop.payment
    expanded = shop.merchant(f"refunds/{shop.refund}?expand[]=payment.invoice")
    assert expanded["payment"]["invoice"] == shop.merchant(f"invoices/{shop.invoice}")
    expanded["payment"]["invoice"] = shop.invoice
    assert expanded["payment"] == shop.merchant(f"payments/{shop.payment}")
    expanded["payment"] = shop.payment
    assert expanded == plain


def test_lists_expand_each_of_their_objects_and_leave_what_is_nothing(shop):
    [payment] = shop.merchant("payments?expand[]=data.invoice&expand[]=data.invoice.payment_link")["data"]
    assert payment["invoice"]["id"] == shop.invoice
    assert payment["invoice"]["payment_link"] is None


def refused(shop, path, key=None):
    headers = {"Authorization": f"Bearer {key or shop['api_key']}"}
    with pytest.raises(urllib.error.HTTPError) as answer:
        call(f"{shop['gateway']}/v1/{path}", **headers)
    return answer.value.code, json.load(answer.value)


@pytest.mark.parametrize("wanted", ["invoice", "payment.options", "data.payment", "payment.invoice.subscription.invoice.subscription", ""])
def test_what_cannot_be_expanded_is_refused_with_what_can(shop, wanted):
    code, problem = refused(shop, f"refunds/{shop.refund}?expand[]={wanted}")
    assert (code, problem["param"]) == (400, "expand[]") and "payment.invoice" in problem["detail"]


def test_a_key_sees_by_it_only_what_it_sees_otherwise(shop):
    key = shop.merchant("api_keys", {"label": "desk", "role": "restricted", "scopes": ["refunds:read"]})["key"]
    headers = {"Authorization": f"Bearer {key}"}
    assert call(f"{shop['gateway']}/v1/refunds/{shop.refund}", **headers)["payment"] == shop.payment
    assert refused(shop, f"refunds/{shop.refund}?expand[]=payment", key)[0] == 403
