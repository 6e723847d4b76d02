"""The developers' commands against a sandbox: listen, trigger, resend, and completion in the shell."""

import json
import os
import pathlib
import shutil
import stat
import subprocess
import threading
import urllib.error
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from product import ROOT, SETTLEGATE, eventually
from standardwebhooks import Webhook

TRIGGERED = [
    "invoice.created", "invoice.processing", "invoice.settled", "invoice.cancelled", "payment.detected",
    "payment.received", "case.opened", "case.resolved", "refund.created", "refund.completed", "payout.created",
    "payout.completed", "payment.lost", "invoice.reopened", "invoice.expired", "subscription.activated",
    "subscription.canceled", "subscription.restored", "subscription.past_due", "subscription.renewed",
    "subscription.ended",
]


class Shop(BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        event = Webhook(self.server.secret).verify(body, {name.lower(): value for name, value in self.headers.items()})
        self.server.received.append((event["type"], event["id"]))
        self.server.open.wait()
        self.send_response(204)
        self.end_headers()

    def log_message(self, *arguments):
        pass


@pytest.fixture
def shop():
    server = ThreadingHTTPServer(("127.0.0.1", 0), Shop)
    server.received = []
    server.open = threading.Event()
    server.open.set()
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server
    server.open.set()
    server.shutdown()


def environment(sandbox):
    return {
        **os.environ, "SETTLEGATE_GATEWAY": sandbox["gateway"], "SETTLEGATE_API_KEY": sandbox["api_key"],
        "SETTLEGATE_SANDBOX": sandbox["control"],
    }


def run(sandbox, *arguments):
    done = subprocess.run(
        [SETTLEGATE, *arguments], env=environment(sandbox), cwd=ROOT, capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def listen(sandbox, *arguments):
    process = subprocess.Popen(
        [SETTLEGATE, "listen", *arguments], env=environment(sandbox), cwd=ROOT, stdout=subprocess.PIPE,
        stderr=subprocess.PIPE, text=True,
    )
    secret = process.stderr.readline().rsplit(" ", 1)[1].strip()
    assert process.stderr.readline() == "waiting for events\n"
    return process, secret


def test_every_event_is_triggered_forwarded_and_sent_again(start_sandbox, shop):
    sandbox = start_sandbox()
    url = f"http://127.0.0.1:{shop.server_port}/events"
    process, shop.secret = listen(sandbox, "--forward-to", url)
    try:
        for event in TRIGGERED:
            kind, identifier = run(sandbox, "trigger", event).split()
            assert kind == event
            eventually(lambda: (event, identifier) in shop.received)
    finally:
        process.terminate()
        lines = process.communicate(timeout=30)[0].splitlines()
    assert process.returncode == 0
    assert [line for line in lines if not line.endswith("-> 204")] == [] and len(lines) == len(shop.received)
    # Each event once, in order.
    assert len({identifier for _, identifier in shop.received}) == len(shop.received)
    listed = [line.split()[-1] for line in run(sandbox, "events", "list", "--limit", "100").splitlines()]
    # Events after the end of the listener are listed, and not received.
    received, listed = [identifier for _, identifier in shop.received], listed[::-1]
    listed = listed[: listed.index(received[-1]) + 1]
    assert len(listed) > 20 and received[-len(listed) :] == listed
    last = shop.received[-1]
    assert run(sandbox, "events", "resend", last[1], "--forward-to", url) == f"{last[1]}  -> 204\n"
    assert shop.received[-1] == last and shop.received.count(last) == 2
    assert "goes to 0 endpoints again" in run(sandbox, "events", "resend", last[1])


def test_an_event_that_is_under_way_when_the_listener_is_stopped_is_finished(start_sandbox, shop):
    # A listener that stops between the server's reading and its answer must not print an accepted request as failed.
    sandbox = start_sandbox()
    process, shop.secret = listen(sandbox, "--forward-to", f"http://127.0.0.1:{shop.server_port}/events")
    shop.open.clear()
    run(sandbox, "trigger", "invoice.created")
    eventually(lambda: shop.received)
    process.terminate()
    with pytest.raises(subprocess.TimeoutExpired):
        process.wait(timeout=2)
    shop.open.set()
    lines = process.communicate(timeout=30)[0].splitlines()
    assert process.returncode == 0 and lines == [f"invoice.created  {shop.received[0][1]}  -> 204"]


def test_only_the_types_that_are_wanted_are_forwarded_by_a_secret_that_stays(start_sandbox, shop):
    sandbox = start_sandbox()
    url = f"http://127.0.0.1:{shop.server_port}/events"
    secrets = set()
    for wanted in ["invoice.cancelled", "invoice.created,invoice.cancelled"]:
        process, shop.secret = listen(sandbox, "--forward-to", url, "--events", wanted)
        secrets.add(shop.secret)
        shop.received = []
        run(sandbox, "trigger", "invoice.cancelled")
        eventually(lambda: "invoice.cancelled" in {kind for kind, _ in shop.received})
        process.terminate()
        process.communicate(timeout=30)
        assert sorted(kind for kind, _ in shop.received) == sorted(wanted.split(","))
    assert len(secrets) == 1


@pytest.mark.parametrize("arguments, said", [
    (["trigger", "invoice.created", "--sandbox", ""], "Say where the sandbox is"),
    (["trigger", "invoice.exploded"], "invoice.exploded"),
    (["events", "resend", "evt_00000000000000000000000001"], "404"),
])
def test_what_cannot_be_done_is_said(sandbox, arguments, said):
    done = subprocess.run(
        [SETTLEGATE, *arguments], env=environment(sandbox), cwd=ROOT, capture_output=True, text=True, timeout=60
    )
    assert done.returncode in (1, 2, 64) and said in done.stderr


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_shells_complete_commands(shell):
    script = subprocess.run(
        [SETTLEGATE, "--generate-completion-script", shell], capture_output=True, text=True, check=True
    ).stdout
    assert "trigger" in script and "invoice.settled" in script
    if shell == "bash":
        subprocess.run(["bash", "-n"], input=script, text=True, check=True)


def status(process):
    """The status of a process in the system: its name and its signals."""
    lines = pathlib.Path(f"/proc/{process.pid}/status").read_text().splitlines()
    return {name: value.strip() for name, value in (line.split(":", 1) for line in lines)}


def test_the_gateway_becomes_the_sandbox(tmp_path):
    # The process is the same, so that its parent can stop it.
    seen = []
    for program in [SETTLEGATE, SETTLEGATE + "-sandbox"]:
        process = subprocess.Popen(
            [program, "sandbox", "--print-json", "--home", str(tmp_path / str(len(seen)))],
            stdout=subprocess.PIPE, cwd=ROOT, text=True,
        )
        assert json.loads(process.stdout.readline())["gateway"]
        seen.append({name: status(process)[name] for name in ["Name", "SigBlk", "SigIgn", "SigCgt"]})
        process.terminate()
        assert process.wait(timeout=30) == 0
    assert seen[0] == seen[1] and seen[0]["Name"] == "settlegate-sandbox"[:15]


def alone(folder, *arguments, path=""):
    """Runs a copy of the program without the sandbox's program beside it."""
    program = folder / "settlegate"
    if not program.exists():
        shutil.copy(SETTLEGATE, program)
    return subprocess.run(
        [program, *arguments], env={"PATH": path}, cwd=ROOT, capture_output=True, text=True, timeout=60
    )


@pytest.mark.parametrize("command", ["sandbox", "demo", "scenario", "trigger"])
def test_without_the_sandbox_its_commands_say_what_to_install(command, tmp_path):
    for arguments in [[command], [command, "--help"], ["help", command]]:
        done = alone(tmp_path, *arguments)
        assert done.returncode == 2 and done.stdout == ""
        assert f"'{command}' is a command of the sandbox" in done.stderr and done.stderr.count("\n") == 1
        assert "settlegate-sandbox" in done.stderr
    assert f"\n  {command} " in alone(tmp_path, "--help").stdout
    # It is found in PATH as well, and usages name the command as typed.
    found = alone(tmp_path, command, "--help", path=str(pathlib.Path(SETTLEGATE).parent))
    assert found.returncode == 0 and f"USAGE: settlegate {command} " in found.stdout


@pytest.mark.parametrize("arguments, code", [
    (["scenario", "/nowhere.yaml"], 2), (["demo", "--unknown"], 64), (["demo", "--help"], 0),
])
def test_the_sandbox_answers_in_its_own_words(arguments, code):
    answers = [
        subprocess.run([program, *arguments], cwd=ROOT, capture_output=True, text=True, timeout=60)
        for program in [SETTLEGATE, SETTLEGATE + "-sandbox"]
    ]
    assert [done.returncode for done in answers] == [code, code]
    one, other = [done.stdout + done.stderr for done in answers]
    assert one == other.replace("settlegate-sandbox", "settlegate")


def test_requests_are_followed_and_filtered_without_secrets(start_sandbox):
    sandbox = start_sandbox()
    with pytest.raises(urllib.error.HTTPError) as missing:
        sandbox.merchant("invoices/inv_00000000000000000000000001?secret=shown")
    request = missing.value.headers["X-Request-Id"]
    tail = [SETTLEGATE, "logs", "tail", "--config", sandbox["config"]]

    def lines(*arguments):
        done = subprocess.run([*tail, "--once", *arguments], cwd=ROOT, capture_output=True, text=True, timeout=60)
        assert done.returncode == 0, done.stderr
        return done.stdout.splitlines()

    [line] = eventually(lambda: lines("--request", request))
    assert "GET  /v1/invoices/inv_00000000000000000000000001  400" in line and line.endswith("invalid_request")
    assert "shown" not in "".join(lines()) and sandbox["api_key"] not in "".join(lines())
    assert lines("--status", "5") == []
    [record] = map(json.loads, lines("--request", request, "--format", "json"))
    assert (record["status"], record["code"]) == (400, "invalid_request")
    follower = subprocess.Popen([*tail, "--lines", "1", "--path", "/v1"], cwd=ROOT, stdout=subprocess.PIPE, text=True)
    try:
        assert request in follower.stdout.readline()
        log = pathlib.Path(sandbox["config"]).parent / "requests.jsonl"
        # The file may be moved away: later lines are in a new file.
        log.rename(log.with_suffix(".old"))
        with pytest.raises(urllib.error.HTTPError):
            sandbox.merchant("rates?base=nothing")
        assert " 422  " in follower.stdout.readline()
    finally:
        follower.terminate()
        follower.wait(timeout=30)


def test_a_log_that_becomes_a_pipe_which_nobody_reads_stops_nothing(start_sandbox):
    # Opening a pipe for writing waits for its reader: neither requests nor the end of the process may.
    sandbox = start_sandbox()
    log = pathlib.Path(sandbox["config"]).parent / "requests.jsonl"
    log.unlink(missing_ok=True)
    os.mkfifo(log)
    # The log is written a few times a second: requests go on while it is tried.
    for _ in range(100):
        sandbox.merchant("balances")
    sandbox.stop()
    assert stat.S_ISFIFO(log.stat().st_mode)


def test_without_a_file_the_log_says_what_to_do():
    done = subprocess.run([SETTLEGATE, "logs", "tail"], cwd=ROOT, capture_output=True, text=True, timeout=60)
    assert done.returncode == 2 and "http.request_log" in done.stderr


def test_inspect_knows_the_listed_assets_wherever_it_is_run(tmp_path):
    done = subprocess.run(
        [SETTLEGATE, "inspect", "amount", '{"text": "1.50", "asset": "fiat:EUR"}'],
        cwd=tmp_path, capture_output=True, text=True, timeout=60,
    )
    assert (done.returncode, json.loads(done.stdout)["units"]) == (0, "150"), done.stderr
