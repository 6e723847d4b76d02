"""The steps of README's "A first payment", word by word, against the networks of a sandbox."""

import json
import os
import pathlib
import re
import socket
import subprocess
import urllib.request

import pytest
from product import ROOT, SETTLEGATE, call, eventually


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def steps():
    """The commands of the section's first block."""
    text = pathlib.Path(ROOT, "README.md").read_text()
    section = text.split("## A first payment", 1)[1].split("\n## ", 1)[0]
    block = re.search(r"```\n(.*?)```", section, re.S).group(1)
    return [line.strip() for line in block.replace("\\\n", " ").splitlines() if line.strip()]


@pytest.fixture
def networks(start_sandbox):
    return start_sandbox("--networks-only")


def is_ready(url):
    try:
        with urllib.request.urlopen(url + "/readyz"):
            return True
    except OSError:
        return False


def test_the_steps_of_the_readme_lead_to_a_first_payment(networks, tmp_path):
    port = free_port()
    public = f"http://127.0.0.1:{port}"
    (tmp_path / "token.txt").write_text(networks["bot_token"] + "\n")
    environment = {
        **os.environ, "SETTLEGATE_TELEGRAM_URL": networks["telegram"], "SETTLEGATE_TONCENTER_URL": networks["ton"],
    }
    home = tmp_path / "shop"
    serving, printed = None, ""
    try:
        for step in steps():
            # The reader's own address, port and place of the program.
            command = step.replace("https://pay.example.com", public).replace("settlegate ", f"{SETTLEGATE} ", 1)
            command = command.replace("--home shop", f"--home {home} --catalogues {ROOT}/Config --port {port}")
            command = command.replace("shop/settlegate.yaml", f"{home}/settlegate.yaml")
            name, _, value = command.removeprefix("export ").partition("=")
            if step.startswith("export "):
                environment[name] = value.strip("'")
            elif " serve " in step:
                serving = subprocess.Popen(command.split(), cwd=tmp_path, env=environment)
                eventually(lambda: is_ready(public))
            else:
                run = subprocess.run(
                    command, shell=True, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=60
                )
                assert run.returncode == 0, (command, run.stdout, run.stderr)
                printed += run.stdout
        key = re.search(r"api key   (\S+)", printed).group(1)
        invoice = re.search(r"invoice   (\S+)", printed).group(1)
        page = re.search(r"pay it at (\S+)", printed).group(1)
        assert page == f"{public}/pay/{invoice}"
        order = call(f"{public}/v1/invoices/{invoice}", Authorization=f"Bearer {key}")
        link = order["options"][0]["link"]
        assert call(f"{networks['control']}/telegram/pay", {"link": link})["outcome"] == "paid"
        eventually(lambda: call(page + "/status")["stage"] == "paid")
        assert call(f"{public}/v1/invoices/{invoice}", Authorization=f"Bearer {key}")["state"] == "settled"
        check_secret(home, environment)
    finally:
        if serving:
            serving.terminate()
            serving.wait(timeout=30)


def doctor(config, environment):
    run = subprocess.run(
        [SETTLEGATE, "doctor", "--config", str(config), "--format", "json"],
        env=environment, capture_output=True, text=True, timeout=60,
    )
    return run.returncode, {(each["subject"], each["severity"]) for each in json.loads(run.stdout)}, run.stdout


def check_secret(home, environment):
    """While the gateway runs, the doctor tells of its duties, and finds a wrong webhook secret."""
    config, subject = home / "settlegate.yaml", "webhook secret of shop"
    code, found, text = doctor(config, environment)
    duties = {each["subject"]: each for each in json.loads(text) if each["subject"].startswith("duty ")}
    assert {"duty inbox", "duty expiry", "duty notices"} <= duties.keys(), text
    assert all(each["severity"] == "ok" and "last done 20" in each["text"] for each in duties.values()), text
    assert code == 0 and (subject, "ok") in found, text
    made = subprocess.run(
        [SETTLEGATE, "keys", "generate", "--config", str(config), "another", "--kind", "secret"],
        env=environment, capture_output=True, text=True, timeout=60,
    )
    assert made.returncode == 0, made.stderr
    other = home / "other.yaml"
    other.write_text(config.read_text().replace("webhook_secret_entry: webhook-secret", "webhook_secret_entry: another"))
    code, found, text = doctor(other, environment)
    assert code == 1 and (subject, "error") in found, text


def test_the_doctor_names_what_is_wrong_and_what_to_do(networks, tmp_path):
    (tmp_path / "token.txt").write_text(networks["bot_token"])
    (tmp_path / "provider.txt").write_text(networks["provider_token"])
    environment = {
        **os.environ, "SETTLEGATE_TELEGRAM_URL": networks["telegram"], "SETTLEGATE_TONCENTER_URL": networks["ton"],
        "SETTLEGATE_PASSPHRASE": "a passphrase",
    }
    home = tmp_path / "shop"
    made = subprocess.run(
        [
            SETTLEGATE, "init", "--home", str(home), "--catalogues", f"{ROOT}/Config", "--merchant", "Shop",
            "--bot-token-file", str(tmp_path / "token.txt"), "--provider-token-file", str(tmp_path / "provider.txt"),
            "--currencies", "EUR,USD", "--public-url", "http://127.0.0.1:1", "--ton", "testnet",
        ],
        env=environment, capture_output=True, text=True, timeout=60,
    )
    assert made.returncode == 0, made.stderr
    config = home / "settlegate.yaml"
    code, found, text = doctor(config, environment)
    assert code == 0, text
    assert {
        ("keystore", "ok"), ("database", "ok"), ("clock", "ok"), ("bot shop", "ok"), ("webhook of shop", "ok"),
        ("provider token, EUR", "ok"), ("provider token, USD", "ok"), ("disk", "ok"),
        ("webhook secret of shop", "warning"), ("duties", "ok"),
    } <= found, text
    # Setting up a second time changes nothing and says so.
    again = subprocess.run(
        [SETTLEGATE, "init", "--home", str(home), "--catalogues", f"{ROOT}/Config", "--ton", "testnet"],
        env=environment, capture_output=True, text=True, timeout=60,
    )
    assert again.returncode == 2 and "is there already" in again.stderr
    # What breaks is found, one after the other.
    right = config.read_text()
    for change, subject in [
        (("127.0.0.1:1\"", "127.0.0.1:2\""), "webhook of shop"),
        (("currencies: [EUR, USD]", "currencies: [EUR, XXX]"), "provider token, XXX"),
        (("test_environment: false", "test_environment: maybe"), "configuration"),
        (("path: settlegate.sqlite", "path: nowhere/settlegate.sqlite"), "disk"),
        ((networks["telegram"], "http://127.0.0.1:9"), "bot shop"),
    ]:
        assert change[0] in right, change
        config.write_text(right.replace(*change))
        code, found, text = doctor(config, environment)
        assert code == 1 and (subject, "error") in found, (change, text)
    config.write_text(right)
    code, found, text = doctor(config, {**environment, "SETTLEGATE_PASSPHRASE": "another"})
    assert code == 1 and ("keystore", "error") in found
    (home / "keystore.json").chmod(0o644)
    code, found, text = doctor(config, environment)
    assert ("keystore", "warning") in found, text
