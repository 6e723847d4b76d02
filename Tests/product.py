"""Starts and stops the built product for the tests with third-party clients."""

import json
import os
import pathlib
import signal
import subprocess
import threading
import time
import urllib.request

ROOT = pathlib.Path(__file__).resolve().parents[1]
SETTLEGATE = os.environ.get("SETTLEGATE", str(ROOT / ".build" / "debug" / "settlegate"))


def inspect(requests):
    """The answers of `settlegate inspect --lines`, in order."""
    lines = "\n".join(json.dumps({"id": index, **request}) for index, request in enumerate(requests))
    run = subprocess.run(
        [SETTLEGATE, "inspect", "--lines"], input=lines, capture_output=True, text=True, cwd=ROOT, check=True
    )
    answers = [json.loads(line) for line in run.stdout.splitlines()]
    assert [answer["id"] for answer in answers] == list(range(len(requests)))
    return answers


def eventually(check, seconds=30):
    """The first true result of `check`, which is called in small steps because another process decides it."""
    end, pause = time.monotonic() + seconds, threading.Event()
    while time.monotonic() < end:
        if value := check():
            return value
        pause.wait(0.1)
    raise AssertionError("it did not come about in time")


def call(url, body=None, method=None, timeout=30, **headers):
    """The JSON that a server answers; with a body, it is posted as JSON."""
    data = None if body is None else json.dumps(body).encode()
    head = {"Content-Type": "application/json", **headers}
    request = urllib.request.Request(url, data, head, method=method)
    with urllib.request.urlopen(request, timeout=timeout) as response:
        return json.load(response)


class Sandbox:
    """A running `settlegate sandbox`; its first line of output holds all addresses."""

    def __init__(self, directory, *arguments):
        self.process = subprocess.Popen(
            [SETTLEGATE, "sandbox", "--print-json", "--home", str(directory), *arguments],
            stdout=subprocess.PIPE,
            cwd=ROOT,
            text=True,
        )
        line = self.process.stdout.readline()
        assert line, "the sandbox ended before it printed its addresses"
        self.addresses = json.loads(line)

    def __getitem__(self, name):
        return self.addresses[name]

    def merchant(self, path, body=None, method=None, **headers):
        """A merchant's request to the gateway."""
        key = {"Authorization": f"Bearer {self['api_key']}"}
        return call(f"{self['gateway']}/v1/{path}", body, method, **key, **headers)

    def control(self, what, **wish):
        """A request to control the sandbox's networks."""
        return call(f"{self['control']}/{what}", wish)

    def stop(self):
        self.process.terminate()
        self.process.wait(timeout=30)


class Gateway:
    """`settlegate serve`, which can be killed, stopped and continued."""

    def __init__(self, sandbox, port=None, prefix=()):
        self.sandbox = sandbox
        # The command before the program, if any.
        self.prefix = prefix
        self.environment = dict(os.environ, SETTLEGATE_PASSPHRASE=sandbox["passphrase"])
        self.url = sandbox["gateway"]
        if port:
            self.environment["SETTLEGATE_HTTP_PORT"] = str(port)
            self.url = f"http://127.0.0.1:{port}"
        self.process = None

    def start(self):
        """Starts it and waits for the line with its address."""
        self.process = subprocess.Popen(
            [*self.prefix, SETTLEGATE, "serve", "--config", self.sandbox["config"]],
            cwd=ROOT,
            env=self.environment,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
        )
        said = self.process.stderr
        assert any("listens on" in line for line in iter(said.readline, "")), "the gateway ended before it listened"
        # The rest of its output has to be read, or the pipe fills and the process stops.
        threading.Thread(target=lambda: [None for _ in said], daemon=True).start()

    def kill(self):
        self.process.kill()
        self.process.wait()

    def end(self):
        self.process.send_signal(signal.SIGCONT)
        self.process.terminate()
        self.process.wait(timeout=60)
