"""PostgreSQL fails over to a replica under a running gateway: what the process remembers may be gone."""

import contextlib
import os
import pathlib
import shutil
import subprocess
import tempfile

import pytest
from product import Gateway, eventually

PROGRAMS = sorted(pathlib.Path("/usr/lib/postgresql").glob("*/bin"))


class Server:
    """A PostgreSQL in a folder of its own."""

    def __init__(self, folder):
        self.folder = folder
        folder.mkdir()
        if os.getuid() == 0:
            shutil.chown(folder, "postgres", "postgres")

    def run(self, program, *arguments):
        user = ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups"] if os.getuid() == 0 else []
        command = [*user, PROGRAMS[-1] / program, *map(str, arguments)]
        subprocess.run(command, cwd="/", check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, timeout=120)

    def control(self, *arguments):
        self.run("pg_ctl", "-D", self.folder / "data", "-w", *arguments)

    def start(self):
        options = f"-c listen_addresses='' -c unix_socket_directories='{self.folder}'"
        self.control("-l", self.folder / "log", "-o", options, "start")


@pytest.fixture
def pair():
    """A server, and a replica that follows it."""
    root = pathlib.Path(tempfile.mkdtemp(prefix="settlegate-pair-"))
    root.chmod(0o755)
    primary, replica = Server(root / "a"), Server(root / "b")
    primary.run("initdb", "-D", primary.folder / "data", "-U", "postgres", "-A", "trust", "-E", "UTF8")
    primary.start()
    copy = ["-D", replica.folder / "data", "-R", "-X", "stream", "-c", "fast"]
    replica.run("pg_basebackup", "-h", primary.folder, "-U", "postgres", *copy)
    replica.start()
    yield primary, replica
    for server in [primary, replica]:
        with contextlib.suppress(subprocess.CalledProcessError):
            server.control("-m", "immediate", "stop")
    shutil.rmtree(root)


def test_a_gateway_ends_at_a_failover_and_is_right_when_it_is_started_again(start_sandbox, pair):
    primary, replica = pair
    hosts = f"host={primary.folder},{replica.folder} user=postgres dbname=postgres target_session_attrs=read-write"
    sandbox = start_sandbox("--networks-only", "--postgresql", hosts)
    gateway = Gateway(sandbox)
    gateway.start()
    before = sandbox.merchant("balances")
    primary.control("-m", "immediate", "stop")
    replica.control("promote")
    # It ends by itself, so that its supervisor starts another one.
    assert gateway.process.wait(timeout=120) == 2
    gateway.start()
    try:
        eventually(lambda: sandbox.merchant("balances") == before)
    finally:
        gateway.end()
