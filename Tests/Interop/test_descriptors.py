"""Connections of strangers never use up the descriptors of the process, which would end it."""

import contextlib
import functools
import os
import resource
import selectors
import socket
import subprocess
import time
import urllib.parse
import urllib.request

import pytest

from product import ROOT, SETTLEGATE, Gateway, Sandbox, eventually

HALF_A_HEAD = b"GET /livez HTTP/1.1\r\nHo"
HALF_A_BODY = b"POST /checkout HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\n1"


@pytest.fixture(scope="module")
def networks(tmp_path_factory):
    sandbox = Sandbox(tmp_path_factory.mktemp("descriptors"), "--networks-only")
    yield sandbox
    sandbox.stop()


@pytest.fixture(autouse=True)
def descriptors_of_our_own():
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (before[1], before[1]))
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, before)


def limited(soft, hard):
    """The command that runs the program with other limits."""
    return ["prlimit", f"--nofile={soft}:{hard}"]


def hold(gateway, held, count, said, seconds=8):
    """Opens connections, sends `said` on each once it is open, and returns the process's greatest descriptor count."""
    address = urllib.parse.urlsplit(gateway.url)
    waiting = selectors.DefaultSelector()
    for _ in range(count):
        held.append(connection := socket.socket())
        connection.setblocking(False)
        connection.connect_ex((address.hostname, address.port))
        waiting.register(connection, selectors.EVENT_WRITE)
    most, end = 0, time.monotonic() + seconds
    while time.monotonic() < end and gateway.process.poll() is None:
        for key, _ in waiting.select(0.1):
            waiting.unregister(key.fileobj)
            with contextlib.suppress(OSError):
                key.fileobj.send(said)
        with contextlib.suppress(OSError):
            most = max(most, len(os.listdir(f"/proc/{gateway.process.pid}/fd")))
    waiting.close()
    return most


def answers(url):
    with contextlib.suppress(OSError):
        with urllib.request.urlopen(f"{url}/livez", timeout=5) as response:
            return response.read()


@pytest.mark.parametrize(
    ("soft", "hard", "count", "said"),
    [
        # The process raises a lower limit itself.
        pytest.param(64, 1024, 200, HALF_A_HEAD, id="low soft limit"),
        # Connections with a request are never closed to make room.
        pytest.param(1024, 1024, 1400, HALF_A_BODY, id="more requests than descriptors"),
        pytest.param(1024, 1024, 1400, HALF_A_HEAD, id="more connections than descriptors"),
    ],
)
def test_held_connections_do_not_end_the_process(networks, soft, hard, count, said):
    gateway = Gateway(networks, prefix=limited(soft, hard))
    gateway.start()
    held = []
    try:
        taken = hold(gateway, held, count, said)
        assert taken < hard - 64, "the last descriptors were given away"
        assert gateway.process.poll() is None, "it has ended"
        assert eventually(functools.partial(answers, gateway.url), 60)
        for connection in held:
            connection.close()
        assert eventually(functools.partial(answers, gateway.url), 60)
        assert networks.merchant("invoices")["object"] == "list"
        assert gateway.process.poll() is None
    finally:
        for connection in held:
            connection.close()
        gateway.end()


def test_serve_says_that_there_are_too_few(networks):
    environment = dict(os.environ, SETTLEGATE_PASSPHRASE=networks["passphrase"])
    try:
        run = subprocess.run(
            [*limited(64, 64), SETTLEGATE, "serve", "--config", networks["config"]],
            env=environment,
            cwd=ROOT,
            capture_output=True,
            text=True,
            timeout=60,
        )
    except subprocess.TimeoutExpired:
        pytest.fail("it began with 64 descriptors")
    assert run.returncode == 2, run.stderr
    assert "may open 64 files and sockets, and needs" in run.stderr, run.stderr
