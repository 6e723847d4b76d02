"""One process works on an SQLite file, whatever name a second one uses for it."""

import os
import subprocess

import pytest

from product import ROOT, SETTLEGATE, Sandbox


def symbolic(path):
    (link := path.with_name("link.sqlite")).symlink_to(path)
    return link


def hard(path):
    (link := path.with_name("second.sqlite")).hardlink_to(path)
    return link


def unlocked(path):
    for lock in path.parent.glob("*.lock"):
        lock.unlink()
    return path


NAMES = {
    "path": lambda path: path,
    "symbolic link": symbolic,
    "hard link": hard,
    "address": lambda path: f"file:{path}",
    "removed lock file": unlocked,
}


@pytest.mark.parametrize("name", NAMES)
def test_second_process_is_refused(name, tmp_path):
    sandbox = Sandbox(tmp_path)
    try:
        (database,) = tmp_path.rglob("*.sqlite")
        environment = dict(os.environ, SETTLEGATE_PASSPHRASE=sandbox["passphrase"])
        environment["SETTLEGATE_DATABASE_PATH"] = str(NAMES[name](database))
        environment["SETTLEGATE_HTTP_PORT"] = "0"
        second = subprocess.run(
            [SETTLEGATE, "serve", "--config", sandbox["config"]],
            env=environment,
            cwd=ROOT,
            capture_output=True,
            text=True,
            timeout=60,
        )
        assert second.returncode != 0
        assert ("another process" in second.stderr) or ("is no path" in second.stderr), second.stderr
        # The first one goes on.
        assert sandbox.merchant("invoices")["object"] == "list"
    finally:
        sandbox.stop()
