"""A customer asks the bot about a payment, which Telegram's terms require it to answer."""

import pytest
from product import eventually


class Chat:
    """A customer's chat with the sandbox's bot, and a merchant that sells there."""

    def __init__(self, sandbox):
        self.sandbox = sandbox

    def buy(self, user, stars):
        order = {
            "title": "Pack", "description": "Stickers", "goods": "digital", "amount": str(stars), "asset": "telegram:XTR",
            "rails": [{"rail": "telegram_stars"}],
        }
        invoice = self.sandbox.merchant("invoices", order)
        paid = self.sandbox.control("telegram/pay", link=invoice["options"][0]["link"], user=user)
        assert paid["outcome"] == "paid"
        eventually(lambda: self.sandbox.merchant(f"invoices/{invoice['id']}")["state"] == "settled")
        # The bot sends a notice of the payment first.
        eventually(lambda: any(paid["charge_id"] in text for text in self.said(user)))
        return invoice, paid["charge_id"]

    def said(self, user):
        return self.sandbox.control("telegram/said", user=user)["said"]

    def ask(self, user, text, language="en"):
        before = len(self.said(user))
        self.sandbox.control("telegram/message", user=user, text=text, language=language)
        return eventually(lambda: self.said(user)[before:])[0]


def test_paysupport_shows_the_customers_own_payments_and_nobody_elses(sandbox):
    chat = Chat(sandbox)
    assert chat.ask("stranger", "/paysupport").startswith("No payment of yours")
    invoice, charge = chat.buy("alice", 50)
    _, other = chat.buy("bob", 70)
    answer = chat.ask("alice", "/paysupport")
    assert "50 XTR" in answer and charge in answer and "It has arrived." in answer
    assert "70 XTR" not in answer and other not in answer
    assert charge in chat.ask("alice", f"/paysupport {charge}")
    # Another customer's payment is answered like an unknown one.
    assert chat.ask("alice", f"/paysupport {other}") == chat.ask("alice", "/paysupport nothing")
    # A malformed number does no harm.
    assert "has this number" in chat.ask("alice", "/paysupport ' OR 1=1 --")
    assert "has this number" in chat.ask("alice", "/paysupport %_")
    [payment] = sandbox.merchant(f"payments?invoice={invoice['id']}")["data"]
    sandbox.merchant("refunds", {"payment": payment["id"]})
    eventually(lambda: "Returned to you: 50 XTR." in chat.ask("alice", f"/paysupport@sandbox_bot {charge}"))


def test_it_speaks_the_customers_language_and_names_terms(sandbox):
    chat = Chat(sandbox)
    _, charge = chat.buy("ivan", 30)
    answer = chat.ask("ivan", "/paysupport", "ru")
    assert answer.startswith("Ваши последние платежи:") and charge in answer and "Получен." in answer
    assert "отвечает продавец" in chat.ask("ivan", "/terms", "ru")
    assert "/paysupport" in chat.ask("ivan", "/terms")
    # A message that is no command gets no answer, and does not hold up the next one.
    before = sandbox.control("telegram/said", user="ivan")["said"]
    sandbox.control("telegram/message", user="ivan", text="hello")
    sandbox.control("telegram/message", user="ivan", text="/paysupport")
    said = eventually(lambda: sandbox.control("telegram/said", user="ivan")["said"][len(before):])
    assert len(said) == 1 and charge in said[0]


# A payment with a late or lost update is found on the Star account first. Its notice must still have the customer's
# language and Telegram's charge number.
@pytest.mark.parametrize("fault", ["none", "drop"])
def test_the_bot_tells_of_payments_and_refunds_once_in_the_customers_language(start_sandbox, fault):
    sandbox = start_sandbox()
    chat = Chat(sandbox)
    chat.ask("olga", "/terms", language="ru")
    sandbox.control("fault", network="telegram", kind=fault)
    for user, paid, returned in [
        ("olga", "Pack: оплачено, 50 XTR.", "Pack: вам возвращено 50 XTR."),
        ("bob", "Pack: paid, 50 XTR.", "Pack: 50 XTR was returned to you."),
    ]:
        before = len(chat.said(user))
        invoice, charge = chat.buy(user, 50)
        [told] = chat.said(user)[before:]
        assert told.startswith(paid) and charge in told and "/paysupport" in told
        [payment] = sandbox.merchant(f"payments?invoice={invoice['id']}")["data"]
        sandbox.merchant("refunds", {"payment": payment["id"]})
        more = eventually(lambda: chat.said(user)[before + 1:])
        assert len(more) == 1 and more[0].startswith(returned) and charge in more[0]
