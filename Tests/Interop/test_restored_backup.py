"""A restored database of yesterday beside today's chains pays nothing twice: a person sees which transfers left, and
those still owed are paid once. With a real gateway, on both databases, on TON and EVM, and with returns of Stars."""

import functools
import json
import os
import pathlib
import stat
import subprocess
import urllib.error

import pytest
from product import ROOT, SETTLEGATE, Gateway, call, eventually

request = functools.partial(call, timeout=20)
TON, PAID = "ton:testnet:native", 4


def settlegate(sandbox, *arguments, code=0):
    """The standard output of a command."""
    run = subprocess.run(
        [SETTLEGATE, *arguments, "--config", sandbox["config"]],
        cwd=ROOT,
        env=dict(os.environ, SETTLEGATE_PASSPHRASE=sandbox["passphrase"]),
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert run.returncode == code, run.stdout + run.stderr
    return run.stdout.strip()


class Shop:
    """The merchant and the operator at a gateway."""

    def __init__(self, sandbox, gateway, operator):
        self.sandbox = sandbox
        self.url = gateway.url
        self.keys = {"merchant": sandbox["api_key"], "operator": operator}

    def __call__(self, path, body=None, of="merchant", **headers):
        return request(f"{self.url}/v1/{path}", body, Authorization=f"Bearer {self.keys[of]}", **headers)

    def buy(self, rail, asset, amount, **more):
        order = {
            "title": "Tea", "description": "Tea", "goods": "physical", "amount": amount, "asset": asset,
            "rails": [{"rail": rail, "asset": asset}], **more,
        }
        invoice = self("invoices", order)
        request(self.sandbox["control"] + "/pay", {"option": invoice["options"][0], "user": "alice"})
        eventually(lambda: self(f"invoices/{invoice['id']}")["state"] == "settled", 60)
        return invoice["id"]

    def pay_out(self, asset, amount, destination):
        wish = {"asset": asset, "amount": amount, "destination": destination, "needs_approval": True}
        return self("payouts", {**wish, "comment": "salary"} if asset == TON else wish)["id"]

    def approve(self, payouts):
        for payout in payouts:
            self(f"payouts/{payout}/approve", {})

    def completed(self, payouts, seconds=180):
        eventually(lambda: all(self(f"payouts/{each}")["state"] == "completed" for each in payouts), seconds)

    def wallets(self):
        return {each["provider"]: each for each in self("wallets", of="operator")["data"] if each["pays_others"]}


class Chains:
    """The receivers' balances on the chains."""

    def __init__(self, sandbox):
        self.sandbox = sandbox

    def held(self, destination):
        if destination.startswith("0x"):
            body = {"jsonrpc": "2.0", "id": 1, "method": "eth_getBalance", "params": [destination, "latest"]}
            return int(request(self.sandbox["evm"], body)["result"], 16)
        path = f"/api/v2/getAddressInformation?address={destination}"
        return int(request(self.sandbox["ton"] + path)["result"]["balance"])


def take_highload_wallet(sandbox):
    """Configures a highload wallet for payouts, as an operator would."""
    config = pathlib.Path(sandbox["config"])
    line = "wallet_version: v5r1\n"
    config.write_text(config.read_text().replace(line, line + "    highload_timeout: 60\n"))
    assert "highload_timeout: 60" in config.read_text()


def another_database(sandbox, server):
    """Leaves today's database in place, and configures another one that does not exist yet."""
    config = pathlib.Path(sandbox["config"])
    text = config.read_text()
    if server:
        subprocess.run(["psql", "-q", "-d", server, "-c", "CREATE DATABASE restored"], check=True)
        changed = text.replace("dbname=postgres", "dbname=restored")
    else:
        changed = text.replace("path: settlegate.sqlite", "path: restored.sqlite")
    assert changed != text
    config.write_text(changed)


@pytest.mark.parametrize("wallet", ["numbered", "highload"])
@pytest.mark.parametrize("engine", ["sqlite", "postgresql"])
def test_f107_a_restored_backup_pays_nothing_again(engine, wallet, start_sandbox, tmp_path, request):
    server = request.getfixturevalue("postgresql") if engine == "postgresql" else None
    sandbox = start_sandbox("--networks-only", *(["--postgresql", server] if server else []))
    if wallet == "highload":
        take_highload_wallet(sandbox)
    operator = settlegate(sandbox, "merchants", "operator-key")
    gateway, chains = Gateway(sandbox), Chains(sandbox)
    gateway.start()
    try:
        play(sandbox, gateway, operator, chains, server, tmp_path)
    finally:
        gateway.kill()


def play(sandbox, gateway, operator, chains, server, folder):
    shop = Shop(sandbox, gateway, operator)
    coin = sandbox["evm_coin"]
    shop.buy("ton", TON, "3")
    shop.buy("evm", coin, "0.5", place="web")
    stars = shop.buy("telegram_stars", "telegram:XTR", "250", goods="digital")
    places = {}
    for number in range(6):
        # The payouts differ in their amounts; the receivers are new accounts.
        places[shop.pay_out(TON, f"0.1{number}", f"0:{'ab' * 31}{number:02x}")] = "ton"
        places[shop.pay_out(coin, f"0.01{number}", f"0x{'ab' * 19}{number:02x}")] = "evm"
    payouts = list(places)
    objects = {each: shop(f"payouts/{each}") for each in payouts}

    backup = folder / "yesterday"
    settlegate(sandbox, "backup", str(backup))
    assert stat.S_IMODE(backup.stat().st_mode) == 0o600
    header = json.loads(backup.read_bytes().split(b"\n", 1)[0])
    assert header["engine"] == ("postgresql" if server else "sqlite") and header["schema"] > 0
    settlegate(sandbox, "backup", str(backup), code=2)  # Nothing older is overwritten.

    left, owed = payouts[: 2 * PAID], payouts[2 * PAID :]
    shop.approve(left)
    shop.completed(left)
    [payment] = shop(f"payments?invoice={stars}")["data"]
    refund = shop("refunds", {"payment": payment["id"]})["id"]
    eventually(lambda: shop(f"refunds/{refund}")["state"] == "completed")
    before = {each: chains.held(objects[each]["destination"]) for each in payouts}
    assert all(before[each] > 0 for each in left) and not any(before[each] for each in owed)

    gateway.kill()
    another_database(sandbox, server)
    damaged = folder / "damaged"
    damaged.write_bytes(backup.read_bytes()[:-1] + b"\x00")
    settlegate(sandbox, "restore", str(damaged), code=2)
    settlegate(sandbox, "restore", str(backup))
    settlegate(sandbox, "restore", str(backup), code=2)  # There is a database now.
    gateway.start()
    # The sandbox's chains rest without transfers. Real chains go on, so that the scans pass the moment of the restore.
    for network in ("ton", "evm"):
        request(sandbox["control"] + "/mine", {"network": network, "blocks": 6})

    # All payouts are approved again, as somebody would who trusts the books.
    shop.approve(payouts)
    wallets = shop.wallets()
    assert [each["state"] for each in wallets.values()] == ["held"] * len(wallets) and len(wallets) == 2
    assert {each["reason"] for each in wallets.values()} == {"restored"}
    # The doctor names the same, with the remedy, while the gateway runs.
    run = subprocess.run(
        [SETTLEGATE, "doctor", "--format", "json", "--config", sandbox["config"]],
        cwd=ROOT, env=gateway.environment, capture_output=True, text=True, timeout=120,
    )
    named = {each["subject"]: each for each in json.loads(run.stdout)}
    for provider, wallet in wallets.items():
        finding = named[f"wallet {wallet['wallet']} of {provider}"]
        assert finding["severity"] == "error" and "restored from a copy" in finding["text"]
        assert f"settlegate wallets resume {provider} {wallet['wallet']}" in finding["remedy"]
    assert run.returncode == 1
    with_sentence = request_text(gateway.url + "/readyz")
    assert with_sentence.startswith("ready\n") and with_sentence.count("restored from a copy") >= 2
    cases = shop("cases", of="operator")["data"]
    assert [each["reason"] for each in cases].count("wallet_held") >= 2
    # The scans find the spends, which are matched by receiver and amount.
    eventually(lambda: all(len(candidates(each)) == PAID for each in shop.wallets().values()), 90)
    assert {each: chains.held(objects[each]["destination"]) for each in payouts} == before
    # The merchant asks again for the return of Stars that were returned already.
    eventually(lambda: shop("refunds")["data"])
    assert [each["state"] for each in shop("refunds")["data"]] == ["completed"]
    with pytest.raises(urllib.error.HTTPError) as refused:
        shop("refunds", {"payment": payment["id"]})
    assert refused.value.code == 409

    for provider, wallet in shop.wallets().items():
        name = {"provider": provider, "wallet": wallet["wallet"]}
        with pytest.raises(urllib.error.HTTPError) as early:
            shop("wallets/resume", name, of="operator")
        assert early.value.code == 409
        found = candidates(wallet)
        assert set(found) <= set(left)
        for each in wallet["owed"]:
            transfer = each["transfer"]["id"]
            decision = {"decision": "left", **found[transfer]} if transfer in found else {"decision": "owed"}
            shop("wallets/decide", {"transfer": transfer, **decision}, of="operator")
        # A highload wallet could still take a request of the lost time for a minute, and is not resumed until then.
        resumed = eventually(lambda: resume(sandbox, shop, name), 180)
        assert resumed["state"] == "signing"
    # The wallets for the fees of our own accounts owe no transfers.
    for wallet in shop("wallets", of="operator")["data"]:
        if wallet["state"] == "held":
            shop("wallets/resume", {"provider": wallet["provider"], "wallet": wallet["wallet"]}, of="operator")
    shop.completed(payouts)
    after = {each: chains.held(objects[each]["destination"]) for each in payouts}
    assert {each: after[each] for each in left} == {each: before[each] for each in left}
    assert all(after[each] > 0 for each in owed)
    # Each account holds one payout, less the network's fee for a first transfer.
    for each in payouts:
        scale = 9 if places[each] == "ton" else 18
        units = round(float(objects[each]["amount"]) * 10**scale)
        assert units * 0.9 < after[each] < units * 1.1, each
    gateway.end()
    report = json.loads(settlegate(sandbox, "reconcile", "--format", "json"))
    assert report["is_clean"]


def candidates(wallet):
    """The candidate of each transfer: spend and position."""
    return {
        each["transfer"]["id"]: {name: each["candidates"][0][name] for name in ("spend", "position")}
        for each in wallet["owed"]
        if each["candidates"]
    }


def resume(sandbox, shop, name):
    request(sandbox["control"] + "/mine", {"network": "ton", "blocks": 1})
    try:
        return shop("wallets/resume", name, of="operator")
    except urllib.error.HTTPError as early:  # What left has to be final first.
        assert early.code == 409
        print(name["provider"], json.load(early)["detail"])
        return None


def request_text(url):
    return subprocess.run(["curl", "-s", url], capture_output=True, text=True, check=True).stdout
