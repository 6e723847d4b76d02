"""Running sandboxes for the tests with third-party clients and with the browser."""

import os
import random
import subprocess

import pytest

from product import ROOT, Sandbox


# The files that take longest: they come first, so that two processes end at the same time.
LONGEST = ["test_restored_backup", "test_killed_gateway", "test_killed_payouts", "test_openapi"]


def pytest_collection_modifyitems(items):
    items.sort(key=lambda item: LONGEST.index(item.path.stem) if item.path.stem in LONGEST else len(LONGEST))


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory):
    """A sandbox with a gateway in it, for the tests of one file."""
    running = Sandbox(tmp_path_factory.mktemp("sandbox"))
    yield running
    running.stop()


@pytest.fixture
def start_sandbox(tmp_path):
    """Starts sandboxes with further arguments; they are stopped at the end."""
    started = []

    def start(*arguments):
        started.append(Sandbox(tmp_path, *arguments))
        return started[-1]

    yield start
    for running in started:
        running.stop()


@pytest.fixture
def generator():
    """Random numbers whose seed is printed, and is SEED when that is set."""
    seed = int(os.environ.get("SEED", random.SystemRandom().randrange(2**32)))
    print(f"seed {seed}")
    return random.Random(seed)


@pytest.fixture
def postgresql():
    """A PostgreSQL of the test's own, which ends with the script's input."""
    script = subprocess.Popen(
        [ROOT / "scripts" / "with-postgres", "sh", "-c", "echo 'POSTGRES'; exec cat"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    yield script.stdout.readline().strip()
    script.stdin.close()
    script.wait(timeout=60)
