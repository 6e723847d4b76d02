"""The gateway's server over raw sockets: ambiguous HTTP/1.1 ends its connection, and the others go on."""

import resource
import socket
import time
import urllib.parse

import pytest

from product import call


def ask(sandbox, data, seconds=10):
    """The answer to bytes, until the server closes the connection or waits for more."""
    address = urllib.parse.urlparse(sandbox["gateway"])
    with socket.create_connection((address.hostname, address.port), timeout=seconds) as connection:
        connection.sendall(data)
        connection.shutdown(socket.SHUT_WR)
        answer = b""
        try:
            while piece := connection.recv(65_536):
                answer += piece
        except (ConnectionResetError, TimeoutError):
            pass
        return answer


def lives(sandbox):
    return call(sandbox["gateway"] + "/openapi.json")["openapi"] == "3.1.0"


HEAD = b"POST /v1/invoices HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer sk_test_x_y\r\nContent-Type: application/json\r\n"
SMUGGLED = b"GET /livez HTTP/1.1\r\nHost: a\r\n\r\n"


@pytest.mark.parametrize("name, data", [
    ("both lengths", HEAD + b"Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" + SMUGGLED),
    ("two lengths", HEAD + b"Content-Length: 0\r\nContent-Length: 36\r\n\r\n" + SMUGGLED),
    ("a length that is none", HEAD + b"Content-Length: +0\r\n\r\n" + SMUGGLED),
    ("a length in hex", HEAD + b"Content-Length: 0x24\r\n\r\n" + SMUGGLED),
    ("a negative length", HEAD + b"Content-Length: -1\r\n\r\n" + SMUGGLED),
    ("an unknown coding", HEAD + b"Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n" + SMUGGLED),
    ("a folded line", HEAD + b"X: a\r\n b\r\nContent-Length: 0\r\nX : y\r\n\r\n" + SMUGGLED),
    ("a space before the colon", HEAD + b"Content-Length : 36\r\n\r\n" + SMUGGLED),
    ("a chunk whose size is none", HEAD + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n" + SMUGGLED),
    ("a chunk whose size is too large", HEAD + b"Transfer-Encoding: chunked\r\n\r\nffffffffffffffffff\r\n" + SMUGGLED),
    ("a control character in a name", HEAD + b"Content\x00-Length: 36\r\n\r\n" + SMUGGLED),
])
def test_f78_nothing_is_smuggled(sandbox, name, data):
    answer = ask(sandbox, data)
    # However the first request was answered, the hidden second one was not answered separately.
    assert b"\r\n\r\nok\n" not in answer, name
    assert answer == b"" or answer.split(b" ")[1] in (b"400", b"401", b"411", b"413", b"501"), answer[:200]
    assert lives(sandbox)


@pytest.mark.parametrize("name, hosts", [
    ("none", b""),
    ("two", b"Host: a\r\nHost: b\r\n"),
    ("two alike", b"Host: a\r\nhost: a\r\n"),
    ("an empty one", b"Host:\r\n"),
    ("two in one field", b"Host: a, b\r\n"),
    ("a path", b"Host: a/b\r\n"),
    ("an account", b"Host: a@b\r\n"),
    ("a long one", b"Host: " + b"a" * 300 + b"\r\n"),
])
def test_f78_a_request_names_one_host(sandbox, name, hosts):
    for line in (b"GET /livez HTTP/1.1\r\n", b"GET http://c/livez HTTP/1.1\r\n"):
        answer = ask(sandbox, line + hosts + b"Connection: close\r\n\r\n")
        assert answer.split(b" ")[1] == b"400", (name, answer[:200])
    assert b"200" in ask(sandbox, b"GET /livez HTTP/1.1\r\nHost: a.example:80\r\nConnection: close\r\n\r\n")
    assert b"200" in ask(sandbox, b"GET /livez HTTP/1.1\r\nHost: [::1]:80\r\nConnection: close\r\n\r\n")


HALVES = {
    "nothing": b"",
    "a half head": b"POST /v1/invoices HTTP/1.1\r\nHost: a\r\n",
    "a half head that goes on": b"GET / HTTP/1.1\r\nX: ",
    "a half body": b"POST /buy/x HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nabc",
    "a half chunk": b"POST /buy/x HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab",
}


def test_f80_half_a_request_ends_after_a_time(sandbox):
    """A deadline is for the whole head or body, however often another byte is sent."""
    address = urllib.parse.urlparse(sandbox["gateway"])
    waiting = {name: socket.create_connection((address.hostname, address.port), timeout=0.1) for name in HALVES}
    for name, connection in waiting.items():
        connection.sendall(HALVES[name])
    end = time.monotonic() + 60
    while waiting and time.monotonic() < end:
        for name, connection in list(waiting.items()):
            try:
                if name.endswith("goes on"):
                    connection.sendall(b"y")
                is_open = bool(connection.recv(65_536))
            except TimeoutError:
                continue
            except (ConnectionResetError, BrokenPipeError):
                is_open = False
            if not is_open:
                connection.close()
                del waiting[name]
    assert not waiting, f"{list(waiting)} held their connections open for a minute"


def test_f79_http_2_is_not_spoken(sandbox):
    answer = ask(sandbox, b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + b"\x00\x00\x00\x04\x00\x00\x00\x00\x00" * 1_000)
    assert not answer.startswith(b"\x00"), "the server answered with an HTTP/2 frame"
    assert lives(sandbox)


def test_f80_slow_and_idle_connections_hold_nobody_up(sandbox):
    address = urllib.parse.urlparse(sandbox["gateway"])
    # Both ends of each connection need a descriptor; the server is a process of its own.
    limit = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
    slow = []
    try:
        for number in range(min(5_000, limit - 200)):
            connection = socket.create_connection((address.hostname, address.port), timeout=10)
            connection.sendall(b"GET /livez HTTP/1.1\r\nHost: a\r\n" if number % 2 else b"P")
            slow.append(connection)
        for _ in range(20):
            assert lives(sandbox)
    finally:
        for connection in slow:
            connection.close()
    assert lives(sandbox)


@pytest.mark.parametrize("name, data, statuses", [
    ("a long body", HEAD + b"Content-Length: 10737418240\r\n\r\n" + b"a" * 3_000_000, (401, 413)),
    ("a body in endless chunks", HEAD + b"Transfer-Encoding: chunked\r\n\r\n" + b"10000\r\n" + b"a" * 65_536 + b"\r\n", (400, 401, 413)),
    ("a long field", b"GET /livez HTTP/1.1\r\nHost: a\r\nX: " + b"a" * 1_000_000 + b"\r\n\r\n", (400, 413, 431)),
    ("many fields", b"GET /livez HTTP/1.1\r\nHost: a\r\n" + b"X: a\r\n" * 100_000 + b"\r\n", (400, 413, 431)),
    ("a long target", b"GET /" + b"a" * 1_000_000 + b" HTTP/1.1\r\nHost: a\r\n\r\n", (400, 404, 414, 431)),
])
def test_f81_what_is_too_large_is_refused(sandbox, name, data, statuses):
    start = time.monotonic()
    try:
        answer = ask(sandbox, data)
    except (BrokenPipeError, ConnectionResetError):
        answer = b""
    assert answer == b"" or int(answer.split(b" ")[1]) in statuses, (name, answer[:200])
    assert time.monotonic() - start < 10
    assert lives(sandbox)
