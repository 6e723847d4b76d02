"""A running gateway shows none of its secrets to others on the machine."""

import os
import pathlib
import shutil
import signal
import socket
import stat
import subprocess
import sys
import urllib.request

import pytest

from product import ROOT, SETTLEGATE, Gateway, Sandbox, eventually

PASSPHRASE = "SETTLEGATE_PASSPHRASE"


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory):
    sandbox = Sandbox(tmp_path_factory.mktemp("home"), "--networks-only")
    yield sandbox
    sandbox.stop()


def shown(process):
    """The environment and the limits that the system shows of a process."""
    folder = pathlib.Path(f"/proc/{process.pid}")
    return (folder / "environ").read_bytes(), (folder / "limits").read_text()


def test_running_gateway_shows_no_secret(sandbox):
    gateway = Gateway(sandbox)
    gateway.start()
    try:
        environment, limits = shown(gateway.process)
        assert sandbox["passphrase"].encode() not in environment
        core = next(line for line in limits.splitlines() if line.startswith("Max core file size"))
        assert core.split()[4:6] == ["0", "0"], core
        # The kernel gives root the files of a process that cannot be dumped. The keys are in locked memory.
        status = pathlib.Path(f"/proc/{gateway.process.pid}/status").read_text()
        locked = next(line for line in status.splitlines() if line.startswith("VmLck"))
        assert int(locked.split()[1]) >= 1024, locked
        maps = pathlib.Path(f"/proc/{gateway.process.pid}/smaps").read_text()
        assert any("dd" in line.split() for line in maps.splitlines() if line.startswith("VmFlags"))
        home = pathlib.Path(sandbox["config"]).parent
        files = [path for path in home.rglob("*") if path.is_file() and path.suffix != ".yaml"]
        assert any(path.name.endswith("-wal") for path in files)
        for path in files:
            assert stat.S_IMODE(path.stat().st_mode) & 0o077 == 0, path
    finally:
        gateway.end()


def test_no_proxy_of_the_environment_is_asked(sandbox):
    """Tokens are in paths and URLs, where a proxy for the whole machine would read them."""
    with socket.create_server(("127.0.0.1", 0)) as proxy:
        gateway = Gateway(sandbox)
        place = f"http://127.0.0.1:{proxy.getsockname()[1]}"
        gateway.environment |= {name: place for name in ("http_proxy", "https_proxy", "all_proxy", "HTTPS_PROXY")}
        gateway.start()
        try:

            def rails_are_there():
                with urllib.request.urlopen(gateway.url + "/readyz", timeout=30) as answer:
                    return "rail " not in answer.read().decode()

            eventually(rails_are_there)
        finally:
            gateway.end()
        proxy.setblocking(False)
        with pytest.raises(BlockingIOError):
            proxy.accept()


def test_passphrase_comes_by_other_ways(sandbox, tmp_path):
    secret = tmp_path / PASSPHRASE
    secret.write_text(sandbox["passphrase"] + "\n")
    secret.chmod(0o600)
    plain = {name: value for name, value in os.environ.items() if name != PASSPHRASE}

    def listing(**own):
        descriptors = [int(own[PASSPHRASE + "_FD"])] if PASSPHRASE + "_FD" in own else []
        return subprocess.run(
            [SETTLEGATE, "keys", "list", "--config", sandbox["config"]],
            cwd=ROOT, env=plain | own, pass_fds=descriptors, capture_output=True, text=True,
        )

    assert listing(**{PASSPHRASE + "_FILE": str(secret)}).returncode == 0
    assert listing(CREDENTIALS_DIRECTORY=str(tmp_path)).returncode == 0
    reading, writing = os.pipe()
    os.write(writing, sandbox["passphrase"].encode())
    os.close(writing)
    assert listing(**{PASSPHRASE + "_FD": str(reading)}).returncode == 0
    os.close(reading)

    assert "passphrase is not there" in listing().stderr
    twice = listing(**{PASSPHRASE: sandbox["passphrase"], PASSPHRASE + "_FILE": str(secret)})
    assert twice.returncode != 0 and "more than one way" in twice.stderr
    secret.chmod(0o644)
    loose = listing(**{PASSPHRASE + "_FILE": str(secret)})
    assert loose.returncode != 0 and "chmod 600" in loose.stderr


NEIGHBOUR = """
import ctypes, os, sys
pid, found = int(sys.argv[1]), []
libc = ctypes.CDLL(None, use_errno=True)

class Vector(ctypes.Structure):
    _fields_ = [("base", ctypes.c_void_p), ("length", ctypes.c_size_t)]

def attempt(name, body):
    try:
        body()
        found.append(name)
    except OSError:
        pass

def read_memory():
    start = int(open(f"/proc/{pid}/maps").readline().split("-")[0], 16)
    with open(f"/proc/{pid}/mem", "rb") as memory:
        memory.seek(start)
        memory.read(16)

def read_vector():
    buffer = ctypes.create_string_buffer(16)
    local, remote = Vector(ctypes.addressof(buffer), 16), Vector(int(sys.argv[2], 16), 16)
    if libc.process_vm_readv(pid, ctypes.byref(local), 1, ctypes.byref(remote), 1, 0) < 0:
        error = ctypes.get_errno()
        # A wrong address would be a failure of another kind: it was looked at.
        if error == 14: return
        raise OSError(error, "process_vm_readv")

def attach():
    libc.ptrace.argtypes = [ctypes.c_long, ctypes.c_long, ctypes.c_void_p, ctypes.c_void_p]
    if libc.ptrace(16, pid, None, None) < 0:
        raise OSError(ctypes.get_errno(), "ptrace")
    os.waitpid(pid, 0)
    libc.ptrace(17, pid, None, None)

attempt("environ", lambda: open(f"/proc/{pid}/environ", "rb").read())
attempt("mem", read_memory)
attempt("process_vm_readv", read_vector)
attempt("ptrace", attach)
print(" ".join(found))
"""


def as_nobody():
    """Arguments that start a process as an unprivileged user; none when we are unprivileged ourselves."""
    return {"user": 65534, "group": 65534, "extra_groups": []} if os.geteuid() == 0 else {}


@pytest.fixture
def unprivileged(sandbox, tmp_path_factory):
    """A gateway of a user without rights, with files of its own."""
    home = tmp_path_factory.mktemp("nobody") / "home"
    shutil.copytree(pathlib.Path(sandbox["config"]).parent, home)
    if os.geteuid() == 0:
        for path in [home.parent, home, *home.rglob("*")]:
            os.chown(path, 65534, 65534)
        for path in home.parents:
            if path.stat().st_uid == 0 and str(path).startswith(os.environ.get("TMPDIR", "/tmp")):
                path.chmod(path.stat().st_mode | 0o011)
    process = subprocess.Popen(
        [SETTLEGATE, "serve", "--config", str(home / pathlib.Path(sandbox["config"]).name)],
        cwd=home, env=dict(os.environ, SETTLEGATE_PASSPHRASE=sandbox["passphrase"]),
        stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, **as_nobody(),
    )
    said = [process.stderr.readline()]
    while "listens on" not in said[-1]:
        assert said[-1], said
        said.append(process.stderr.readline())
    yield process, home
    process.kill()
    process.wait()


def neighbour(pid, address):
    """The data that a process of the same user can read of another one."""
    # The tests' interpreter may be in a folder that others cannot read.
    python = "/usr/bin/python3" if pathlib.Path("/usr/bin/python3").exists() else sys.executable
    run = subprocess.run(
        [python, "-c", NEIGHBOUR, str(pid), address],
        capture_output=True, text=True, check=True, **as_nobody(),
    )
    return set(run.stdout.split())


def test_process_of_the_same_user_reads_nothing(unprivileged):
    process, _ = unprivileged
    # The control: the same attempts succeed with an unprotected process.
    plain = subprocess.Popen(["sleep", "60"], **as_nobody())
    try:
        start = pathlib.Path(f"/proc/{plain.pid}/maps").read_text().split("-")[0]
        opened = neighbour(plain.pid, start)
        assert {"environ", "mem"} <= opened
    finally:
        plain.kill()
        plain.wait()
    assert neighbour(process.pid, start) == set()


def test_aborted_process_leaves_no_core(unprivileged):
    process, home = unprivileged
    before = set(home.rglob("*"))

    def ended():
        # Swift's runtime handles the first signal and removes its handler; abort() raises the signal again as well.
        os.kill(process.pid, signal.SIGABRT)
        pid, status = os.waitpid(process.pid, os.WNOHANG)
        return pid and (status,)

    (status,) = eventually(ended)
    process.returncode = -signal.SIGABRT
    assert os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGABRT
    assert not os.WCOREDUMP(status)
    assert not [path for path in set(home.rglob("*")) - before if "core" in path.name]
