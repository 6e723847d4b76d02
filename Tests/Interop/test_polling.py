"""A gateway without a public address asks Telegram for updates, and loses none when it is killed."""

import pathlib

from product import Gateway, call, eventually


def polling(sandbox):
    """The sandbox's gateway, but without a public address."""
    config = pathlib.Path(sandbox["config"])
    text = config.read_text().replace(", public_url: self", "")
    config.write_text(text.replace("    stars: true\n", "    stars: true\n    updates: polling\n"))
    return Gateway(sandbox)


def settled(sandbox, invoice):
    return sandbox.merchant(f"invoices/{invoice['id']}")["state"] == "settled"


def order(sandbox, rail, asset, amount, goods):
    return sandbox.merchant("invoices", {
        "title": "Tea", "description": "Tea", "goods": goods, "amount": amount, "asset": asset, "rails": [{"rail": rail}],
    })


def test_card_and_stars_are_paid_and_questions_answered_without_a_webhook(start_sandbox):
    sandbox = start_sandbox("--networks-only")
    gateway = polling(sandbox)
    gateway.start()
    try:
        for rail, asset, amount, goods in [
            ("telegram_fiat", "fiat:EUR", "12.50", "physical"), ("telegram_stars", "telegram:XTR", "250", "digital"),
        ]:
            invoice = order(sandbox, rail, asset, amount, goods)
            assert sandbox.control("pay", option=invoice["options"][0], user="alice")["taken"]
            eventually(lambda: settled(sandbox, invoice))
        assert call(f"{sandbox['telegram']}/bot{sandbox['bot_token']}/test/getWebhookInfo")["result"]["url"] == ""
        sandbox.control("telegram/message", user="alice", text="/paysupport")
        eventually(lambda: sandbox.control("telegram/said", user="alice")["said"])
    finally:
        gateway.end()


def test_what_came_while_the_gateway_was_dead_is_taken_once(start_sandbox):
    sandbox = start_sandbox("--networks-only")
    gateway = polling(sandbox)
    gateway.start()
    try:
        invoice = order(sandbox, "telegram_stars", "telegram:XTR", "250", "digital")
        assert sandbox.control("pay", option=invoice["options"][0], user="alice")["taken"]
        gateway.kill()
        gateway.start()
        eventually(lambda: settled(sandbox, invoice))
        gateway.kill()
        # Messages from the time of the outage wait at Telegram.
        sandbox.control("telegram/message", user="alice", text="/terms")
        gateway.start()
        eventually(lambda: sandbox.control("telegram/said", user="alice")["said"])
        assert len(sandbox.merchant(f"payments?invoice={invoice['id']}")["data"]) == 1
    finally:
        gateway.end()
