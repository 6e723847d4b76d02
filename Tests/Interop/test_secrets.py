"""What a running gateway shows of its secrets to others on the machine: nothing."""

import os
import pathlib
import socket
import stat
import subprocess
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
        # The kernel gives the files of a process that cannot be dumped to root; and locked memory holds the keys.
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
    """Tokens stand in paths and URLs: who sets a proxy for the whole machine would read them."""
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
