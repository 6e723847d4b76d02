"""Rules for payouts by REST, as docs/payouts.md has them: listed destinations, the daily limit, the other key, the delay."""

import json
import re
import urllib.error

import pytest
from product import ROOT, Sandbox, call, eventually

TON = "ton:testnet:native"
LISTED = "EQCxE6mUtQJKFnGfaROTKOt1lZbDiiX1kCixRv7Nw2Id_sDs"
ELSEWHERE = "0:" + "7a" * 32


class Shop:
    """A merchant with three coins."""

    def __init__(self, sandbox):
        self.sandbox = sandbox
        self.key = sandbox["api_key"]
        invoice = self("invoices", {
            "title": "Tea", "description": "Tea", "goods": "physical", "amount": "3", "asset": TON,
            "rails": [{"rail": "ton", "asset": TON}],
        })
        sandbox.control("pay", option=invoice["options"][0])

        def settled():
            sandbox.control("mine", blocks=1)
            return self(f"invoices/{invoice['id']}")["state"] == "settled"

        eventually(settled)

    def __call__(self, path, body=None, key=None, method=None):
        return call(f"{self.sandbox['gateway']}/v1/{path}", body, method, Authorization=f"Bearer {key or self.key}")

    def refused(self, path, body, key=None):
        with pytest.raises(urllib.error.HTTPError) as answer:
            self(path, body, key)
        return json.load(answer.value)

    def pay_out(self, amount, to=LISTED, **more):
        return self("payouts", {"amount": amount, "asset": TON, "destination": to, **more})

    def events(self):
        return [event["type"] for event in self("events?limit=100")["data"]]


@pytest.fixture(scope="module")
def shop(tmp_path_factory):
    sandbox = Sandbox(tmp_path_factory.mktemp("sandbox"))
    yield Shop(sandbox)
    sandbox.stop()


def bodies():
    """The requests of the page, for the sandbox's network."""
    text = (ROOT / "docs/payouts.md").read_text().replace("ton:mainnet:native", TON).replace("EQ…", LISTED)
    return [json.loads(body) for body in re.findall(r"-d '(\{.*?\})'", text, re.DOTALL)]


def test_a_day_with_rules(shop):
    policy, destination = bodies()
    assert shop("payout_policy")["listed_destinations_only"] is False
    # Without rules nothing waits: a first destination can be paid at once.
    listed = shop("payout_destinations", destination)
    assert listed["usable_from"] == listed["created_at"] and listed["comment"] == "104482"
    policy["daily_limits"][TON] = "1"
    rules = shop("payout_policy", policy)
    assert rules["waiting"] is None and rules["delay_hours"] == 24 and rules["daily_limits"][TON] == "1"

    comment = {"comment": "104482"}
    assert shop.pay_out("0.6", **comment)["state"] in ("awaiting_payment", "in_progress")
    # The same address in another spelling, and with another comment.
    raw = "0:b113a994b5024a16719f69139328eb759596c38a25f59028b146fecdc3621dfe"
    assert shop.pay_out("0.1", raw, **comment)["state"] in ("awaiting_payment", "in_progress")
    for to, more in [(LISTED, {"comment": "104483"}), (LISTED, {}), (ELSEWHERE, comment)]:
        wish = {"amount": "0.1", "asset": TON, "destination": to, **more}
        for dry in (True, False):
            problem = shop.refused("payouts", {**wish, "dry_run": dry})
            assert problem["code"] == "destination_refused" and problem["param"] == "destination"

    # Beyond the limit another key has to approve, and a new one does not count.
    wish = {"amount": "0.5", "asset": TON, "destination": LISTED, **comment}
    assert shop("payouts", {**wish, "dry_run": True})["outcome"] == "waits_for_approval"
    waiting = shop("payouts", wish)
    assert waiting["state"] == "awaiting_approval"
    route = f"payouts/{waiting['id']}/approve"
    assert shop.refused(route, {})["code"] == "refused_by_policy"
    young = shop("api_keys", {"label": "n", "role": "restricted", "scopes": ["payouts:approve", "payouts:write"]})
    assert "new" in shop.refused(route, {}, young["key"])["detail"]
    approval = shop(f"payouts/{waiting['id']}/approval")
    assert approval["needs_other_key"] and approval["requested_by"] and approval["approved_by"] is None

    # A key that may pay out cannot change the rules.
    assert shop.refused("payout_policy", {"delay_hours": 0}, young["key"])["code"] == "forbidden"
    looser = shop("payout_policy", {"delay_hours": 0})
    assert looser["listed_destinations_only"] and looser["daily_limits"][TON] == "1"
    assert looser["waiting"]["listed_destinations_only"] is False and looser["waiting"]["counts_from"]
    assert shop("payout_policy", policy)["waiting"] is None
    assert shop.events().count("payout_policy.changed") == 3

    shop(f"payout_destinations/{listed['id']}", method="DELETE")
    assert shop.refused("payouts", wish)["code"] == "destination_refused"
    again = shop("payout_destinations", destination)
    assert again["usable_from"] > again["created_at"]
    assert "can be paid from" in shop.refused("payouts", wish)["detail"]
    assert shop("payout_destinations")["data"][0]["id"] == again["id"]
    assert {"payout_destination.added", "payout_destination.removed"} <= set(shop.events())
