"""Telegram changes the fraction digits of a currency: no command and no start makes money off by a hundred."""

import json
import pathlib
import shutil
import subprocess

import pytest
from product import ROOT, SETTLEGATE


@pytest.fixture
def folder(tmp_path):
    for name in ["currencies.json", "assets.yaml", "chart-of-accounts.yaml", "rail-policy.yaml"]:
        shutil.copy(pathlib.Path(ROOT, "Config", name), tmp_path / name)
    return tmp_path


def currencies(folder, table, *options):
    """Runs the command with a table as Telegram publishes it."""
    newer = folder / "newer.json"
    newer.write_text(json.dumps(table))
    return subprocess.run(
        [SETTLEGATE, "currencies", "--from", str(newer), "--table", str(folder / "currencies.json"), *options],
        capture_output=True, text=True, timeout=60,
    )


def published(folder):
    return json.loads((folder / "currencies.json").read_text())["currencies"]


def test_a_table_with_other_digits_than_the_asset_list_is_never_written(folder):
    kept = (folder / "currencies.json").read_text()
    table = published(folder)
    assert table["UGX"]["exp"] == 0
    table["UGX"] = {"exp": 2, "min_amount": "370000", "max_amount": "3700000000"}
    for options in [["--write"], ["--write", "--accept-exponents"]]:
        done = currencies(folder, table, *options)
        assert done.returncode == 1 and "UGX" in done.stdout + done.stderr, done
        assert (folder / "currencies.json").read_text() == kept
    # With an asset list of the same exponents the table can be written.
    assets = (folder / "assets.yaml").read_text()
    line = next(line for line in assets.splitlines() if '"fiat:UGX"' in line)
    (folder / "assets.yaml").write_text(assets.replace(line, line.replace("scale: 0", "scale: 2")))
    done = currencies(folder, table, "--write", "--accept-exponents")
    assert done.returncode == 0, done.stderr
    assert published(folder)["UGX"]["exp"] == 2


def test_new_limits_are_written_as_before(folder):
    table = published(folder)
    table["EUR"]["max_amount"] = "900000"
    assert currencies(folder, table, "--write").returncode == 0
    assert published(folder)["EUR"]["max_amount"] == "900000"


def test_currencies_that_telegram_dropped_are_not_in_the_table_that_is_kept(folder):
    assert not {"BGN", "HRK"} & set(published(folder))
