"""While nothing can be stored the gateway is not ready, approves no payment and opens no order. Afterwards it goes on
by itself and credits the payments made meanwhile. With the real binary over HTTP: on SQLite a disk that is really full
and a limit on the size of files, on PostgreSQL a read-only and a stopped server."""

import contextlib
import functools
import json
import os
import pathlib
import resource
import subprocess
import urllib.error
import urllib.request

import pytest
from product import ROOT, SETTLEGATE, Gateway, call, eventually

request = functools.partial(call, timeout=30)
TON, STARS = "ton:testnet:native", "telegram:XTR"


# Where mounting is not allowed, the limit on the size of files stands for a full disk.
MOUNTS = not subprocess.run(["unshare", "--mount", "mount", "-t", "tmpfs", "x", "/mnt"], capture_output=True).returncode


class Disk:
    """A small file system for the gateway's folder, in a mount namespace of its own that ends with this object."""

    def __init__(self, folder, size=64 << 20):
        script = (
            'set -e; cp -a "$1" "$1.outside"; mount -t tmpfs -o size=$2,mode=700 settlegate "$1"; cp -a "$1.outside/." "$1";'
            ' rm -rf "$1.outside"; echo there; exec cat'
        )
        self.helper = subprocess.Popen(
            ["unshare", "--mount", "sh", "-c", script, "sh", str(folder), str(size)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self.helper.stdout.readline() == "there\n"
        self.inside = pathlib.Path(f"/proc/{self.helper.pid}/root{folder}")
        space = f"--mount=/proc/{self.helper.pid}/ns/mnt"
        self.enter = ["nsenter", space, "sh", "-c", 'cd "$0" && exec "$@"', str(ROOT)]

    @contextlib.contextmanager
    def full(self):
        filler = self.inside / "filler"
        with contextlib.suppress(OSError), open(filler, "wb", buffering=0) as file:
            while file.write(bytes(1 << 12)):
                pass
        yield
        filler.unlink()

    def end(self):
        self.helper.stdin.close()
        self.helper.wait(timeout=30)


@contextlib.contextmanager
def without_files(gateway):
    """Lets no file be written, as under a used-up quota."""
    soft, hard = resource.prlimit(gateway.process.pid, resource.RLIMIT_FSIZE)
    resource.prlimit(gateway.process.pid, resource.RLIMIT_FSIZE, (0, hard))
    yield
    resource.prlimit(gateway.process.pid, resource.RLIMIT_FSIZE, (soft, hard))


class Server:
    """An operator's actions on a PostgreSQL server."""

    def __init__(self, address):
        self.folder = pathlib.Path(address.split()[0].removeprefix("host="))
        self.programs = sorted(pathlib.Path("/usr/lib/postgresql").glob("*/bin"))[-1]
        self.user = ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups"] if os.getuid() == 0 else []

    def run(self, program, *arguments):
        # A read-only server still lets a session write that asks for it.
        environment = dict(os.environ, PGOPTIONS="-c default_transaction_read_only=off")
        command = [*self.user, self.programs / program, *arguments]
        subprocess.run(command, cwd="/", env=environment, check=True, stdout=subprocess.DEVNULL, timeout=60)

    def say(self, *statements):
        arguments = [part for statement in statements for part in ("-c", statement)]
        self.run("psql", "-q", "-h", self.folder, "-U", "postgres", *arguments)

    @contextlib.contextmanager
    def reading_only(self):
        self.say("ALTER SYSTEM SET default_transaction_read_only = on", "SELECT pg_reload_conf()")
        yield
        self.say("ALTER SYSTEM RESET default_transaction_read_only", "SELECT pg_reload_conf()")

    @contextlib.contextmanager
    def stopped(self):
        data = ["-D", self.folder / "data"]
        self.run("pg_ctl", *data, "-m", "immediate", "stop")
        yield
        options = f"-c listen_addresses='' -c unix_socket_directories='{self.folder}'"
        self.run("pg_ctl", *data, "-w", "-l", self.folder / "log", "-o", options, "start")


def readiness(gateway):
    """The status and the text of /readyz."""
    try:
        with urllib.request.urlopen(gateway.url + "/readyz", timeout=30) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as refusal:
        return refusal.code, refusal.read().decode()


class Shop:
    """A merchant of the gateway, and the customers."""

    def __init__(self, sandbox, gateway):
        self.sandbox = sandbox
        self.gateway = gateway

    def ask(self, path, body=None):
        key = {"Authorization": f"Bearer {self.sandbox['api_key']}"}
        return request(f"{self.gateway.url}/v1/{path}", body, **key)

    def order(self, rail, asset, amount):
        goods = "digital" if rail == "telegram_stars" else "physical"
        names = {"title": "Tea", "description": "Tea", "goods": goods}
        return self.ask("invoices", {**names, "amount": amount, "asset": asset, "rails": [{"rail": rail, "asset": asset}]})

    def tap(self, order):
        """Pays as a customer in Telegram: the outcome, and the customer's message."""
        return self.sandbox.control("telegram/pay", link=order["options"][0]["link"], user="alice")

    def is_settled(self, order):
        return self.ask(f"invoices/{order['id']}")["state"] == "settled"


def play(sandbox, gateway, outage, still_reads):
    """Plays an outage: it approves and loses nothing, and afterwards all is as before."""
    shop = Shop(sandbox, gateway)
    eventually(lambda: readiness(gateway)[0] == 200)
    by_stars, by_chain = shop.order("telegram_stars", STARS, "250"), shop.order("ton", TON, "1.5")
    stored = 2
    with outage:

        def is_told():
            nonlocal stored
            status, text = readiness(gateway)
            if status == 503 and "storage: nothing can be stored" in text:
                return True
            # On a full disk the log is reused after a checkpoint: the space that it has is used up first.
            with contextlib.suppress(urllib.error.HTTPError):
                shop.order("telegram_stars", STARS, "251")
                stored += 1
            return False

        eventually(is_told)
        refused = shop.tap(by_stars)
        assert refused["outcome"] == "declined" and "cannot be checked at the moment" in refused["message"], refused
        sandbox.control("pay", option=by_chain["options"][0], user="bob")
        with pytest.raises(urllib.error.HTTPError) as refusal:
            shop.order("telegram_stars", STARS, "251")
        assert refusal.value.code == 503, refusal.value.read()
        assert json.load(refusal.value)["code"] == "unavailable"
        if still_reads:
            assert not shop.is_settled(by_chain)
        assert gateway.process.poll() is None
    eventually(lambda: readiness(gateway)[0] == 200)
    assert shop.tap(by_stars)["outcome"] == "paid"
    eventually(lambda: shop.is_settled(by_stars) and shop.is_settled(by_chain), 60)
    # The refused orders do not exist.
    assert len(shop.ask("invoices?limit=100")["data"]) == min(stored, 100)
    for order in (by_stars, by_chain):
        assert [payment["classification"] for payment in shop.ask(f"payments?invoice={order['id']}")["data"]] == ["exact"]
    gateway.end()
    report = subprocess.run(
        [*gateway.prefix, SETTLEGATE, "reconcile", "--config", sandbox["config"], "--format", "json"],
        cwd=ROOT,
        env=dict(os.environ, SETTLEGATE_PASSPHRASE=sandbox["passphrase"]),
        capture_output=True,
        text=True,
    )
    assert report.returncode == 0 and json.loads(report.stdout)["is_clean"], report.stdout + report.stderr


@pytest.mark.parametrize("outage", ["full_disk", "size_limit"] if MOUNTS else ["size_limit"])
def test_sqlite(outage, start_sandbox):
    sandbox = start_sandbox("--networks-only")
    disk = Disk(pathlib.Path(sandbox["config"]).parent) if outage == "full_disk" else None
    try:
        gateway = Gateway(sandbox, prefix=disk.enter) if disk else Gateway(sandbox)
        gateway.start()
        play(sandbox, gateway, disk.full() if disk else without_files(gateway), still_reads=True)
    finally:
        if disk:
            disk.end()


@pytest.mark.parametrize("outage", ["reading_only", "stopped"])
def test_postgresql(outage, start_sandbox, postgresql):
    sandbox = start_sandbox("--networks-only", "--postgresql", postgresql)
    gateway = Gateway(sandbox)
    gateway.start()
    play(sandbox, gateway, getattr(Server(postgresql), outage)(), still_reads=outage == "reading_only")


def test_a_database_that_can_only_be_read_is_not_started(start_sandbox):
    """A read-only file system; for other users than root also a read-only file and folder."""
    sandbox = start_sandbox("--networks-only")
    folder = pathlib.Path(sandbox["config"]).parent
    serve = [SETTLEGATE, "serve", "--config", sandbox["config"]]
    environment = dict(os.environ, SETTLEGATE_PASSPHRASE=sandbox["passphrase"])
    if MOUNTS:
        script = 'mount --bind "$1" "$1" && mount -o remount,bind,ro "$1" && shift && exec "$@"'
        serve = ["unshare", "--mount", "sh", "-c", script, "sh", str(folder), *serve]
    else:
        # Root writes everywhere.
        serve = [*(["setpriv", "--reuid=65534", "--clear-groups"] if os.getuid() == 0 else []), *serve]
        folder.chmod(0o500)
    run = subprocess.run(serve, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=60)
    folder.chmod(0o700)
    assert run.returncode == 2, run.stdout + run.stderr
    assert "settlegate.sqlite cannot be opened" in run.stderr, run.stderr
