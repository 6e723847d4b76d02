"""A provider's statement is read and compared with the books of a running gateway."""

import csv
import json
import os
import subprocess

import pytest
from product import ROOT, SETTLEGATE, Sandbox, eventually

EURO = "fiat:EUR"
HEADER = [
    "id", "type", "occurred_at", "currency", "gross", "fee", "net", "charge", "payout", "reference", "description",
]


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory):
    sandbox = Sandbox(tmp_path_factory.mktemp("sandbox"))
    yield sandbox
    sandbox.stop()


@pytest.fixture(scope="module")
def charges(sandbox):
    """Four payments by card: each row of balance transactions, and the provider's charge."""
    for _ in range(4):
        invoice = sandbox.merchant("invoices", {
            "title": "Tea", "description": "Tea", "goods": "physical", "amount": "12.50", "asset": EURO,
            "rails": [{"rail": "telegram_fiat", "asset": EURO}],
        })
        sandbox.control("telegram/pay", link=invoice["options"][0]["link"])
        eventually(lambda: sandbox.merchant(f"invoices/{invoice['id']}")["state"] == "settled")
    rows = sandbox.merchant(f"balance_transactions?asset={EURO}")["data"]
    assert len(rows) == 4
    return [(row, json.loads(row["evidence"])["provider_payment_charge_id"]) for row in rows]


def written(path, lines):
    with open(path, "w", newline="", encoding="utf-8-sig") as file:
        writer = csv.DictWriter(file, HEADER)
        writer.writeheader()
        writer.writerows({name: "" for name in HEADER} | line for line in lines)
    return path


def line(key, row, charge, gross="12.50", fee="0.50", net="12.00"):
    return {
        "id": key, "type": "payment", "occurred_at": row["occurred_at"], "currency": "eur", "gross": gross, "fee": fee,
        "net": net, "charge": charge, "description": "=1+1\n\x1b[31m",
    }


def said(sandbox, *arguments):
    return subprocess.run(
        [SETTLEGATE, "statements", *map(str, arguments)], cwd=ROOT, capture_output=True, text=True, timeout=120,
        env={**os.environ, "SETTLEGATE_GATEWAY": sandbox["gateway"], "SETTLEGATE_API_KEY": sandbox["api_key"]},
    )


def compared(sandbox, path, *more):
    answer = said(sandbox, "compare", path, "--layout", "generic", "--format", "json", *more)
    return answer, [json.loads(each) for each in answer.stdout.splitlines()]


def test_a_statement_that_agrees_is_matched_beside_the_running_gateway(sandbox, charges, tmp_path):
    path = written(tmp_path / "s.csv", [line(f"t{i}", *charge) for i, charge in enumerate(charges)])
    answer, findings = compared(sandbox, path)
    assert answer.returncode == 0, answer.stderr
    assert [each["state"] for each in findings] == ["matched"] * 4
    assert {each["expected"][0] for each in findings} == {row["id"] for row, _ in charges}


def test_each_difference_is_told_with_its_sign_and_in_words(sandbox, charges, tmp_path):
    (first, one), (second, two), (third, three), (fourth, _) = charges
    path = written(tmp_path / "s.csv", [
        line("agrees", first, one), line("again", first, one),
        line("less", second, two, gross="12.49", net="11.99"),
        line("dollars", third, three) | {"currency": "usd"},
        line("unknown", first, "ch_nobody", gross="1.00", net="0.50"),
    ])
    answer, findings = compared(sandbox, path, "--due-days", "0")
    assert answer.returncode == 1
    found = {(each["state"], tuple(each["lines"]), tuple(each["expected"])): each for each in findings}
    repeated = [each for each in findings if each["state"] == "duplicate"]
    assert len(repeated) == 1 and repeated[0]["rule"] == "payment_by_charge"
    less = found["amount_differs", ("less",), (second["id"],)]
    assert (less["difference"], less["words"]) == ("-0.01", ["amount 12.49 EUR there, 12.50 EUR here"])
    assert ("currency_differs", ("dollars",), (third["id"],)) in found
    assert ("missing_here", ("unknown",), ()) in found
    assert ("missing_there", (), (fourth["id"],)) in found
    assert len(findings) == 6
    # Nothing was booked by it.
    assert len(sandbox.merchant(f"balance_transactions?asset={EURO}")["data"]) == 4


def test_what_is_not_due_yet_is_expected(sandbox, charges, tmp_path):
    answer, findings = compared(sandbox, written(tmp_path / "s.csv", []))
    assert answer.returncode == 0, answer.stderr
    assert [each["state"] for each in findings] == ["expected"] * 4


def test_bad_rows_are_named_and_the_others_are_read(sandbox, tmp_path):
    row = {"occurred_at": "2026-11-02T10:00:00Z"}
    path = written(tmp_path / "s.csv", [
        line("good", row, "c"), line("bad", row, "c", net="12.001"), line("fine", row, "c"),
    ])
    answer = said(sandbox, "read", path, "--layout", "generic", "--format", "json")
    assert answer.returncode == 1
    assert [json.loads(each)["key"] for each in answer.stdout.splitlines()] == ["good", "fine"]
    # The description of the first row has a line break of its own.
    assert "line 4, column net: EUR has at most 2 fraction digits" in answer.stderr
    shown = said(sandbox, "read", path, "--layout", "generic")
    assert "\x1b" not in shown.stdout and len(shown.stdout.splitlines()) == 2


def test_a_layout_is_a_name_and_no_path(sandbox, tmp_path):
    answer = said(sandbox, "read", tmp_path / "s.csv", "--layout", "../assets")
    assert answer.returncode == 2 and "letters, digits and hyphens" in answer.stderr


def peak(arguments):
    """The most memory that the program had, in kilobytes."""
    process = subprocess.Popen([SETTLEGATE, "statements", *arguments], cwd=ROOT, stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    assert status == 0
    return usage.ru_maxrss


def test_a_large_file_is_read_with_flat_memory(sandbox, tmp_path):
    row = {"occurred_at": "2026-11-02T10:00:00Z"}
    sizes = [
        peak(["read", str(written(tmp_path / f"{count}.csv", [line(f"t{i}", row, "c") for i in range(count)])),
              "--layout", "generic", "--format", "json"])
        for count in (2_000, 40_000)
    ]
    assert sizes[1] < sizes[0] + 16_384, sizes
