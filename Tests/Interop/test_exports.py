"""Exports read by other programs: Python's csv, beancount and hledger; their totals are the interface's balances."""

import csv
import datetime
import io
import json
import os
import subprocess
from decimal import Decimal

import pytest
from beancount import loader
from beancount.core import inventory
from product import ROOT, SETTLEGATE
from test_finance import shop  # noqa: F401, a fixture: a merchant with two payments, a refund and a payout

NOW = datetime.datetime.now(datetime.UTC)
DAY = f"{NOW:%Y-%m-%d}"
TOMORROW = f"{NOW + datetime.timedelta(days=1):%Y-%m-%d}"


def export(shop, *arguments, fails=False, key=None):
    environment = {
        **os.environ, "SETTLEGATE_GATEWAY": shop.sandbox["gateway"],
        "SETTLEGATE_API_KEY": key or shop.sandbox["api_key"],
    }
    said = subprocess.run([SETTLEGATE, "export", *arguments], cwd=ROOT, env=environment, capture_output=True)
    assert (said.returncode != 0) == fails, said.stderr
    return said.stderr.decode() if fails else said.stdout.decode()


def rows(text, delimiter=","):
    return list(csv.DictReader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True))


def balances(shop):
    return {each["asset"]: Decimal(each["amount"]) for each in shop.get("balances")["data"]}


def test_the_rows_of_csv_sum_to_the_balances(shop):
    found = rows(export(shop, "balance-transactions", "--format", "csv", "--from", DAY, "--until", TOMORROW))
    sums = {}
    for row in found:
        sums[row["asset"]] = sums.get(row["asset"], Decimal(0)) + Decimal(row["net"])
        assert Decimal(row["gross"]) - Decimal(row["fee"]) == Decimal(row["net"])
    assert sums == balances(shop) and len(found) == 4
    assert {row["type"] for row in found} == {"payment", "refund", "payout"}


@pytest.mark.parametrize(("table", "count"), [("payments", 2), ("refunds", 1), ("payouts", 1)])
def test_every_table_has_the_objects_of_the_interface(shop, table, count):
    lines = export(shop, table, "--format", "jsonl").splitlines()
    told = {each["id"]: each for each in shop.get(f"{table}?limit=100")["data"]}
    assert len(lines) == count == len(told)
    for line in map(json.loads, lines):
        assert all(told[line["id"]].get(name) == value for name, value in line.items())
    assert len(rows(export(shop, table, "--format", "csv"))) == count


def test_numbers_and_moments_are_written_as_asked_for(shop):
    arguments = ["--format", "csv", "--decimal-separator", "comma", "--time-zone", "Asia/Kolkata"]
    found = rows(export(shop, "payments", *arguments), ";")
    told = {each["id"]: each for each in shop.get("payments?limit=100")["data"]}
    for row in found:
        assert row["amount"].replace(",", ".") == told[row["id"]]["amount"]
        assert row["occurred_at"].endswith("+05:30")
        told_at = datetime.datetime.fromisoformat(told[row["id"]]["occurred_at"])
        assert datetime.datetime.fromisoformat(row["occurred_at"]) == told_at


def test_the_same_period_gives_the_same_bytes(shop, tmp_path):
    for form in ("csv", "jsonl", "beancount", "hledger"):
        place = tmp_path / f"export.{form}"
        arguments = ["balance-transactions", "--format", form, "--from", DAY, "--until", TOMORROW]
        export(shop, *arguments, "--output", str(place))
        assert place.read_bytes().decode() == export(shop, *arguments)
        assert place.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("zone", ["UTC", "Pacific/Auckland", "America/Los_Angeles"])
def test_beancount_finds_no_error_and_the_same_balances(shop, tmp_path, zone):
    place = tmp_path / "journal.beancount"
    days = ["--from", "2026-01-01", "--until", "2099-01-01"]
    export(shop, "balance-transactions", "--format", "beancount", *days, "--time-zone", zone, "--output", str(place))
    entries, errors, _ = loader.load_file(str(place))
    assert errors == []
    held, names = inventory.Inventory(), {}
    for entry in entries:
        if type(entry).__name__ == "Commodity":
            names[entry.currency] = entry.meta["asset"]
        for posting in getattr(entry, "postings", []):
            if posting.account == "Assets:Settlegate":
                held.add_position(posting)
    assert {names[each.units.currency]: each.units.number for each in held} == balances(shop)
    assert sum(type(entry).__name__ == "Balance" for entry in entries) == len(balances(shop))


def test_beancount_and_hledger_notice_a_missing_row(shop, tmp_path):
    days = ["--from", DAY, "--until", TOMORROW]
    for form in ("beancount", "hledger"):
        place = tmp_path / f"journal.{form}"
        text = export(shop, "balance-transactions", "--format", form, *days)
        parts = text.split("\n\n")
        [payout] = [part for part in parts if "Paid-Out  " in part]
        place.write_text("\n\n".join(part for part in parts if part is not payout))
        if form == "beancount":
            assert loader.load_file(str(place))[1] != []
        else:
            assert subprocess.run(["hledger", "-f", place, "check"], capture_output=True).returncode != 0


def test_hledger_accepts_the_journal_and_tells_the_same_balances(shop, tmp_path):
    place = tmp_path / "export.journal"
    export(
        shop, "balance-transactions", "--format", "hledger", "--from", DAY, "--until", TOMORROW, "--output", str(place)
    )
    subprocess.run(["hledger", "-f", place, "check"], check=True)
    said = subprocess.run(
        ["hledger", "-f", place, "balance", "Assets:Settlegate", "-O", "csv", "--layout", "bare"],
        check=True, capture_output=True, text=True,
    ).stdout
    held = [row for row in rows(said) if row["account"] == "Assets:Settlegate"]
    assert sorted(Decimal(row["balance"]) for row in held) == sorted(balances(shop).values())


def test_the_operator_exports_the_trial_balance(shop):
    refusal = export(shop, "accounts", "--format", "csv", fails=True)
    assert "403" in refusal
    sums = {}
    for row in rows(export(shop, "accounts", "--format", "csv", key=shop.operator)):
        sums[row["asset"]] = sums.get(row["asset"], Decimal(0)) + Decimal(row["balance"])
    assert sums and not any(sums.values())
    assert "has no period" in export(shop, "accounts", "--format", "csv", "--period", "2026-11", fails=True)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["tea", "--format", "csv"], "the tables are"),
        (["payments", "--format", "beancount", "--period", "2026-11"], "only balance-transactions"),
        (["balance-transactions", "--format", "hledger"], "name one with --period"),
        (["payments", "--format", "csv", "--period", "2026-13"], "--period is a month"),
        (["payments", "--format", "csv", "--from", "2026-02-30"], "a day is written like"),
        (["payments", "--format", "csv", "--time-zone", "Mars/Olympus"], "no time zone"),
        (["payments", "--format", "csv", "--decimal-separator", ";"], "point"),
    ],
)
def test_a_wrong_wish_is_told_what_to_do(shop, arguments, words):
    assert words in export(shop, *arguments, fails=True)
