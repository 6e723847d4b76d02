"""schemathesis makes requests from the gateway's OpenAPI document, and finds no answer that contradicts it."""

import json
import pathlib
import subprocess
import sys

import jsonschema
from openapi_spec_validator import validate
from product import ROOT, call, eventually


def test_the_document_is_openapi_3_1(sandbox):
    served = call(sandbox["gateway"] + "/openapi.json")
    assert served == json.loads(pathlib.Path(ROOT, "Config", "openapi.json").read_text())
    validate(served)


def test_schemathesis_finds_nothing(sandbox):
    run = subprocess.run(
        [
            str(pathlib.Path(sys.executable).parent / "schemathesis"), "--config-file",
            str(pathlib.Path(ROOT, "Tests", "Interop", "schemathesis.toml")), "run", sandbox["gateway"] + "/openapi.json",
            "--header", f"Authorization: Bearer {sandbox['api_key']}",
            # An endless answer cannot be compared; Tests/Browser reads it.
            "--exclude-path", "/pay/{id}/events",
            "--max-examples", "20", "--seed", "20261126", "--continue-on-failure", "--no-color", "--warnings", "off",
        ],
        capture_output=True, text=True, timeout=900,
    )
    assert run.returncode == 0, run.stdout[-6_000:] + run.stderr[-2_000:]


def test_the_schemas_of_events_are_those_of_the_document():
    subprocess.run([sys.executable, str(pathlib.Path(ROOT, "scripts", "event-schemas")), "--check"], check=True)


def test_every_event_that_is_sent_has_its_schema(start_sandbox):
    sandbox = start_sandbox()

    def order(rail, asset, amount, **more):
        return sandbox.merchant("invoices", {
            "title": "Tea", "description": "Tea", "goods": "physical", "amount": amount, "asset": asset,
            "place": "web" if rail == "evm" else "telegram", "rails": [{"rail": rail, "asset": asset}], **more,
        })

    def types():
        return {each["type"] for each in sandbox.merchant("events?limit=100")["data"]}

    paid = order("ton", "ton:testnet:native", "1.5", metadata={"a": "b"}, reference="r", return_url="https://shop.example/")
    for _ in range(2):
        sandbox.control("pay", option=paid["options"][0])
        sandbox.control("mine", blocks=2)
    eventually(lambda: {"invoice.settled", "case.opened", "payment.received"} <= types())
    [case, *_] = sandbox.merchant("cases")["data"]
    assert sandbox.merchant(f"cases/{case['id']}/resolve", {"action": "accept"})["state"] == "resolved"
    assert "case.resolved" in types()
    [first, *_] = sandbox.merchant(f"payments?invoice={paid['id']}")["data"]
    sandbox.merchant("refunds", {"payment": first["id"], "amount": "0.5"})
    destination = "EQCxE6mUtQJKFnGfaROTKOt1lZbDiiX1kCixRv7Nw2Id_sDs"
    sandbox.merchant("payouts", {"amount": "0.1", "asset": "ton:testnet:native", "destination": destination})
    cancelled = order("ton", "ton:testnet:native", "1")
    sandbox.merchant(f"invoices/{cancelled['id']}/cancel", {})
    seen = order("evm", sandbox["evm_coin"], "0.05")
    sandbox.control("pay", option=seen["options"][0])
    sandbox.control("mine", blocks=1, network="evm")
    eventually(lambda: {"payment.detected", "invoice.processing"} <= types())
    sandbox.control("mine", blocks=6, network="evm")

    def all_sent():
        sandbox.control("mine", blocks=1)
        return {"refund.created", "refund.completed", "payout.completed", "invoice.cancelled"} <= types()

    eventually(all_sent)
    order("ton", "ton:testnet:native", "1", expires_in=60)
    sandbox.control("advance", seconds=4_000)

    def expired():
        sandbox.control("mine", blocks=1)
        return "invoice.expired" in types()

    eventually(expired)
    found = sandbox.merchant("events?limit=100")["data"]
    for event in found:
        schema = json.loads(pathlib.Path(ROOT, "docs", "events", f"{event['type']}.json").read_text())
        jsonschema.Draft202012Validator(schema, format_checker=jsonschema.FormatChecker()).validate(event)
    assert len({each["type"] for each in found}) >= 12
