"""A customer asks the bot about a payment, as Telegram's terms want it answered."""

import json
import urllib.request

from product import eventually


class Chat:
    """A customer's chat with the sandbox's bot, and a merchant that sells there."""

    def __init__(self, sandbox):
        self.sandbox = sandbox

    def call(self, url, body=None, **headers):
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(url, data, {"Content-Type": "application/json", **headers})
        with urllib.request.urlopen(request, timeout=30) as response:
            return json.load(response)

    def control(self, what, **wish):
        return self.call(f"{self.sandbox['control']}/{what}", wish)

    def merchant(self, path, body=None):
        key = {"Authorization": f"Bearer {self.sandbox['api_key']}"}
        return self.call(f"{self.sandbox['gateway']}/v1/{path}", body, **key)

    def buy(self, user, stars):
        order = {
            "title": "Pack", "description": "Stickers", "goods": "digital", "amount": str(stars), "asset": "telegram:XTR",
            "rails": [{"rail": "telegram_stars"}],
        }
        invoice = self.merchant("invoices", order)
        paid = self.control("telegram/pay", link=invoice["options"][0]["link"], user=user)
        assert paid["outcome"] == "paid"
        eventually(lambda: self.merchant(f"invoices/{invoice['id']}")["state"] == "settled")
        return invoice, paid["charge_id"]

    def ask(self, user, text, language="en"):
        before = len(self.control("telegram/said", user=user)["said"])
        self.control("telegram/message", user=user, text=text, language=language)
        return eventually(lambda: self.control("telegram/said", user=user)["said"][before:])[0]


def test_paysupport_shows_the_customers_own_payments_and_nobody_elses(sandbox):
    chat = Chat(sandbox)
    assert chat.ask("stranger", "/paysupport").startswith("No payment of yours")
    invoice, charge = chat.buy("alice", 50)
    _, other = chat.buy("bob", 70)
    answer = chat.ask("alice", "/paysupport")
    assert "50 XTR" in answer and charge in answer and "It has arrived." in answer
    assert "70 XTR" not in answer and other not in answer
    assert charge in chat.ask("alice", f"/paysupport {charge}")
    # Another customer's payment is answered like one that never was.
    assert chat.ask("alice", f"/paysupport {other}") == chat.ask("alice", "/paysupport nothing")
    # A number that is no number does no harm.
    assert "has this number" in chat.ask("alice", "/paysupport ' OR 1=1 --")
    assert "has this number" in chat.ask("alice", "/paysupport %_")
    [payment] = chat.merchant(f"payments?invoice={invoice['id']}")["data"]
    chat.merchant("refunds", {"payment": payment["id"]})
    eventually(lambda: "Returned to you: 50 XTR." in chat.ask("alice", f"/paysupport@sandbox_bot {charge}"))


def test_it_speaks_the_customers_language_and_names_terms(sandbox):
    chat = Chat(sandbox)
    _, charge = chat.buy("ivan", 30)
    answer = chat.ask("ivan", "/paysupport", "ru")
    assert answer.startswith("Ваши последние платежи:") and charge in answer and "Получен." in answer
    assert "Условия" in chat.ask("ivan", "/terms", "ru") or "отвечает продавец" in chat.ask("ivan", "/terms", "ru")
    assert "/paysupport" in chat.ask("ivan", "/terms")
    # What is no question gets no answer, and keeps nothing from being answered.
    before = chat.control("telegram/said", user="ivan")["said"]
    chat.control("telegram/message", user="ivan", text="hello")
    assert len(chat.control("telegram/said", user="ivan")["said"]) == len(before)
    assert charge in chat.ask("ivan", "/paysupport")
