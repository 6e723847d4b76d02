"""TON Connect against other implementations: a wallet of PyNaCl and pytoniq-core answers the gateway, and the app
library pytonconnect uses the sandbox's bridge and wallet."""

import asyncio
import base64
import json
import urllib.error
import urllib.parse
import urllib.request

import pytest
from nacl.public import Box, PrivateKey, PublicKey
from product import Gateway, call, eventually
from pytonconnect import TonConnect
from pytonconnect.storage import DefaultStorage
from pytoniq_core import Address, Cell

TESTNET = "-3"


def invoice(sandbox, asset="ton:testnet:native", amount="1.5", url=None):
    order = {
        "title": "Tea", "description": "Tea", "goods": "physical", "amount": amount, "asset": asset,
        "rails": [{"rail": "ton", "asset": asset}],
    }
    key = {"Authorization": f"Bearer {sandbox['api_key']}"}
    return call(f"{url or sandbox['gateway']}/v1/invoices", order, **key)


def open_wallet(sandbox, bought, wallet="sandbox-wallet", url=None):
    """The customer chooses a wallet on the page."""
    form = urllib.parse.urlencode({"option": bought["options"][0]["id"], "wallet": wallet}).encode()
    request = urllib.request.Request(
        f"{url or sandbox['gateway']}/pay/{bought['id']}/wallet", form, {"Accept": "application/json"}
    )
    with urllib.request.urlopen(request, timeout=30) as response:
        return json.load(response)


def page(sandbox, bought):
    with urllib.request.urlopen(f"{sandbox['gateway']}/pay/{bought['id']}", timeout=30) as response:
        return response.read().decode()


def state(sandbox, bought):
    return sandbox.merchant(f"invoices/{bought['id']}")["state"]


class Wallet:
    """The customer's wallet, on the bridge."""

    def __init__(self, sandbox, link):
        query = urllib.parse.parse_qs(urllib.parse.urlsplit(link).query)
        assert query["v"] == ["2"]
        self.app = query["id"][0]
        self.request = json.loads(query["r"][0])
        self.bridge = sandbox["bridge"]
        self.key = PrivateKey.generate()
        self.id = self.key.public_key.encode().hex()
        self.box = Box(self.key, PublicKey(bytes.fromhex(self.app)))
        self.last = 0
        self.account = "0:" + "5a" * 32

    def say(self, message, box=None):
        sealed = base64.b64encode(bytes((box or self.box).encrypt(json.dumps(message).encode())))
        url = f"{self.bridge}/message?client_id={self.id}&to={self.app}&ttl=300"
        with urllib.request.urlopen(urllib.request.Request(url, sealed), timeout=30) as response:
            assert response.status == 200

    def connect(self, network=TESTNET, **fields):
        item = {"name": "ton_addr", "address": self.account, "network": network, "publicKey": "", "walletStateInit": ""}
        device = {"platform": "linux", "appName": "other", "appVersion": "1", "maxProtocolVersion": 2, "features": []}
        self.say({"event": "connect", "id": 1, "payload": {"items": [item], "device": device}, **fields})

    def hear(self):
        """The next message of the app."""
        url = f"{self.bridge}/events?client_id={self.id}&last_event_id={self.last}"
        with urllib.request.urlopen(url, timeout=30) as stream:
            fields = {}
            for line in stream:
                name, _, value = line.decode().rstrip("\n").partition(": ")
                if name:
                    fields[name] = value
                elif fields.get("event") == "message":
                    self.last = int(fields["id"])
                    letter = json.loads(fields["data"])
                    assert letter["from"] == self.app
                    return json.loads(self.box.decrypt(base64.b64decode(letter["message"])))
                else:
                    fields = {}


def test_the_manifest_says_who_asks(sandbox):
    bought = invoice(sandbox)
    session = open_wallet(sandbox, bought)
    wallet = Wallet(sandbox, session["link"])
    assert wallet.request["items"] == [{"name": "ton_addr"}]
    with urllib.request.urlopen(wallet.request["manifestUrl"], timeout=30) as response:
        assert response.headers["Access-Control-Allow-Origin"] == "*"
        manifest = json.load(response)
    assert (manifest["url"], manifest["name"]) == (sandbox["gateway"], "Sandbox shop")
    with urllib.request.urlopen(manifest["iconUrl"], timeout=30) as response:
        assert response.read().startswith(b"\x89PNG")


def test_another_wallet_is_asked_for_coins_with_the_comment_and_believed_in_nothing(sandbox):
    bought = invoice(sandbox)
    [option] = bought["options"]
    wallet = Wallet(sandbox, open_wallet(sandbox, bought)["link"])
    wallet.connect()
    asked = wallet.hear()
    assert asked["method"] == "sendTransaction"
    wish = json.loads(asked["params"][0])
    assert (wish["from"], wish["network"]) == (wallet.account, TESTNET)
    [message] = wish["messages"]
    assert (message["address"], message["amount"]) == (option["address"], "1500000000")
    body = Cell.one_from_boc(base64.b64decode(message["payload"])).begin_parse()
    assert body.load_uint(32) == 0
    assert body.load_snake_string() == option["comment"]
    # It claims to have sent a payment that is not on the chain.
    wallet.say({"id": asked["id"], "result": "te6ccgEBAQEAAgAAAA=="})
    assert wallet.hear()["method"] == "disconnect"
    assert "has sent your payment" in page(sandbox, bought)
    assert state(sandbox, bought) == "new"


def test_another_wallet_is_asked_for_jettons_at_its_own_jetton_wallet(sandbox):
    bought = invoice(sandbox, sandbox["jetton"], "7")
    [option] = bought["options"]
    wallet = Wallet(sandbox, open_wallet(sandbox, bought)["link"])
    wallet.connect()
    [message] = json.loads(wallet.hear()["params"][0])["messages"]
    body = Cell.one_from_boc(base64.b64decode(message["payload"])).begin_parse()
    assert body.load_uint(32) == 0x0F8A7EA5
    body.load_uint(64)
    assert body.load_coins() == 7_000_000
    assert body.load_address() == Address(option["address"])
    assert body.load_address() == Address(wallet.account)
    assert body.load_maybe_ref() is None
    assert body.load_coins() == 1
    forward = body.load_ref().begin_parse() if body.load_bit() else body
    assert forward.load_uint(32) == 0
    assert forward.load_snake_string() == option["comment"]


@pytest.mark.parametrize(
    "code, sentence", [(300, "You have declined"), (1, "could not do it")], ids=["by the customer", "by the wallet"]
)
def test_what_a_wallet_refuses_is_told_and_can_be_tried_again(sandbox, code, sentence):
    bought = invoice(sandbox)
    first = open_wallet(sandbox, bought)
    assert open_wallet(sandbox, bought)["link"] == first["link"], "a second tap opens no second session"
    wallet = Wallet(sandbox, first["link"])
    wallet.connect()
    asked = wallet.hear()
    assert "Confirm the payment" in page(sandbox, bought)
    wallet.say({"id": asked["id"], "error": {"code": code, "message": "no"}})
    wallet.hear()
    assert sentence in page(sandbox, bought)
    again = open_wallet(sandbox, bought)
    assert again["link"] != first["link"]
    assert call(f"{sandbox['control']}/wallet", {"link": again["link"]})["outcome"] == "sent"
    eventually(lambda: state(sandbox, bought) == "settled")


def test_a_wallet_of_the_other_network_is_not_asked(sandbox):
    bought = invoice(sandbox)
    wallet = Wallet(sandbox, open_wallet(sandbox, bought)["link"])
    wallet.connect(network="-239")
    assert wallet.hear()["method"] == "disconnect"
    assert "is on another network" in page(sandbox, bought)


def test_messages_of_others_change_nothing(sandbox):
    bought = invoice(sandbox)
    link = open_wallet(sandbox, bought)["link"]
    wallet, stranger = Wallet(sandbox, link), Wallet(sandbox, link)
    wallet.say({"event": "connect"}, box=Box(PrivateKey.generate(), PublicKey(bytes.fromhex(wallet.app))))
    wallet.say(["nothing that a wallet says"])
    wallet.connect(extra="x" * 1000)
    asked = wallet.hear()
    stranger.connect()
    stranger.say({"id": asked["id"], "error": {"code": 300, "message": "not mine to say"}})
    wallet.say({"id": "77", "result": "an answer to nothing"})
    wallet.say({"id": asked["id"], "result": ""})
    assert wallet.hear()["method"] == "disconnect"
    assert "has sent your payment" in page(sandbox, bought)


@pytest.mark.parametrize("asset, amount", [("ton:testnet:native", "1.5"), ("jetton", "12")])
def test_the_sandbox_wallet_pays(sandbox, asset, amount):
    asset = sandbox[asset] if asset == "jetton" else asset
    bought = invoice(sandbox, asset, amount)
    if asset == sandbox["jetton"]:
        sandbox.control("ton/mint", user="rich", units="50000000")
        sandbox.control("mine", blocks=3)
    session = open_wallet(sandbox, bought)
    assert call(f"{sandbox['control']}/wallet", {"link": session["link"], "user": "rich"})["outcome"] == "sent"
    eventually(lambda: state(sandbox, bought) == "settled")
    [payment] = sandbox.merchant(f"payments?invoice={bought['id']}")["data"]
    assert (payment["amount"], payment["classification"]) == (amount, "exact")


def test_what_cannot_be_chosen_is_refused(sandbox):
    bought = invoice(sandbox)
    with pytest.raises(urllib.error.HTTPError) as unknown:
        open_wallet(sandbox, bought, wallet="nobody's")
    assert unknown.value.code == 404
    with pytest.raises(urllib.error.HTTPError) as other:
        open_wallet(sandbox, {**bought, "id": invoice(sandbox)["id"]})
    assert other.value.code == 404
    sandbox.merchant(f"invoices/{bought['id']}/cancel", {})
    with pytest.raises(urllib.error.HTTPError) as closed:
        open_wallet(sandbox, bought)
    assert closed.value.code == 400


def test_a_session_outlives_its_bridges_stream_and_the_gateway(start_sandbox):
    sandbox = start_sandbox("--networks-only")
    gateway = Gateway(sandbox)
    gateway.start()
    bought = invoice(sandbox)
    session = open_wallet(sandbox, bought)
    sandbox.control("fault", network="bridge", kind="hang_up")
    gateway.kill()
    wallet = Wallet(sandbox, session["link"])
    # Without a listener the bridge keeps the message.
    wallet.connect()
    gateway.start()
    asked = wallet.hear()
    assert asked["method"] == "sendTransaction"
    gateway.kill()
    gateway.start()
    # It is not asked a second time, because the customer would pay twice.
    wallet.say({"id": asked["id"], "error": {"code": 300, "message": "no"}})
    assert wallet.hear()["method"] == "disconnect"
    gateway.end()


def test_pytonconnect_pays_by_the_sandbox_wallet(sandbox):
    wallet = {"app_name": "sandbox-wallet", "name": "Sandbox", "bridge_url": sandbox["bridge"], "universal_url": "https://w/c"}

    async def pay():
        app = TonConnect("https://shop.example/tonconnect-manifest.json", storage=DefaultStorage())
        link = await app.connect(wallet)
        connected = asyncio.get_running_loop().create_future()
        app.on_status_change(lambda info: connected.done() or connected.set_result(info))
        follow = asyncio.to_thread(call, f"{sandbox['control']}/wallet", {"link": link, "user": "bob"})
        following = asyncio.create_task(follow)
        account = (await asyncio.wait_for(connected, 30)).account
        message = {"address": Address("0:" + "11" * 32).to_str(), "amount": "12345"}
        sent = await asyncio.wait_for(app.send_transaction({"valid_until": 1 << 32, "messages": [message]}), 30)
        app.pause_connection()
        return account, sent, (await following)["outcome"]

    account, sent, outcome = asyncio.run(pay())
    assert outcome == "sent"
    assert account.chain == TESTNET
    assert Cell.one_from_boc(base64.b64decode(sent["boc"]))
