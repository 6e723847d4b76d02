"""The gateway on an independent EVM chain: py-evm executes it, with a token compiled by vyper. The sandbox's chain is
written and read by our own code, so that these tests compare the format with a real one."""

import json
import os
import pathlib
import re
import subprocess

import pytest
from eth.constants import CREATE_CONTRACT_ADDRESS
from eth_account import Account
from eth_utils import function_signature_to_4byte_selector
from product import ROOT, SETTLEGATE, Gateway, Sandbox, eventually, inspect
from pyevm_node import CHAIN_ID, Node, serve
from vyper import compile_code
from web3 import Web3

COIN = 10**18
TOKEN = """
event Transfer:
    sender: indexed(address)
    receiver: indexed(address)
    value: uint256

decimals: public(constant(uint8)) = 6
balanceOf: public(HashMap[address, uint256])
fee: uint256

@deploy
def __init__():
    self.balanceOf[msg.sender] = 10 ** 15

@external
def set_fee(fee: uint256):
    self.fee = fee

@internal
def _move(sender: address, receiver: address, units: uint256):
    self.balanceOf[sender] -= units
    self.balanceOf[receiver] += units - self.fee
    log Transfer(sender=sender, receiver=receiver, value=units)

@external
def transfer(receiver: address, units: uint256) -> bool:
    self._move(msg.sender, receiver, units)
    return True

@external
def transfer_to_each(first: address, second: address, units: uint256):
    self._move(msg.sender, first, units)
    self._move(msg.sender, second, units)

@external
def say_no(receiver: address, units: uint256) -> bool:
    return False

@external
def pretend(receiver: address, units: uint256):
    log Transfer(sender=msg.sender, receiver=receiver, value=units)

@external
def move_then_fail(receiver: address, units: uint256):
    assert msg.sender == self
    self._move(tx.origin, receiver, units)
    raise "undone"

@external
def fail_inside(receiver: address, units: uint256):
    body: Bytes[68] = concat(method_id("move_then_fail(address,uint256)"), convert(receiver, bytes32), convert(units, bytes32))
    success: bool = raw_call(self, body, revert_on_failure=False)
"""


def argument(value):
    return bytes.fromhex(value[2:]).rjust(32, b"\0") if isinstance(value, str) else value.to_bytes(32, "big")


class World:
    """py-evm's chain with a customer, an operator and a token on it, and a gateway whose configuration names its node."""

    def __init__(self, sandbox):
        self.customer, self.operator, self.other = Account.create(), Account.create(), Account.create()
        people = (self.customer, self.operator, self.other)
        self.node = Node({bytes.fromhex(each.address[2:]): 1_000 * COIN for each in people})
        self.server = serve(self.node)
        self.web3 = Web3(Web3.HTTPProvider(self.server.url))
        created = self.send(self.customer, to=None, data=compile_code(TOKEN, output_formats=["bytecode"])["bytecode"])
        self.node.mine()
        self.token = self.web3.eth.get_transaction_receipt(created)["contractAddress"].lower()
        self.asset = f"evm:{CHAIN_ID}:erc20:{self.token}"
        self.sandbox = sandbox
        self.configure()
        self.gateway = Gateway(sandbox)

    def configure(self):
        """The sandbox's configuration with py-evm's node and token; the wallets get coins for fees."""
        folder = pathlib.Path(self.sandbox["config"]).parent
        own = self.sandbox["evm_token"].rsplit(":", 1)[1]
        configuration = (folder / "settlegate.yaml").read_text()
        nodes = json.dumps([f"{self.server.url}/{number}" for number in range(3)])
        genesis = self.web3.eth.get_block(0)["hash"].to_0x_hex()
        before, evm = configuration.split("evm:\n")
        evm = re.sub(r"nodes: .*", f"nodes: {nodes}", evm, count=1)
        evm = re.sub(r"genesis: .*", f'genesis: "{genesis}"', evm, count=1)
        evm = re.sub(r"operators: .*", f'operators: ["{self.operator.address}"]', evm, count=1)
        (folder / "settlegate.yaml").write_text(before + "evm:\n" + evm.replace(own, self.token))
        assets = folder / "assets.yaml"
        assets.write_text(assets.read_text().replace(own, self.token))
        # The receivers of the operator's coins on the sandbox's own chain are the wallets.
        chain = Web3(Web3.HTTPProvider(self.sandbox["evm"]))
        funded = [
            each["to"]
            for number in range(1, chain.eth.block_number + 1)
            for each in chain.eth.get_block(number, True)["transactions"]
            if each["value"] == COIN
        ]
        for wallet in funded:
            self.send(self.operator, to=wallet, value=COIN)
        self.node.mine()

    def send(self, account, to, value=0, data="0x", kind=2, gas=1_500_000, **fields):
        """Signs with eth-account and sends to the node."""
        waiting = sum(each.sender == bytes.fromhex(account.address[2:]) for each in self.node.pool)
        wish = {
            "chainId": CHAIN_ID, "nonce": self.web3.eth.get_transaction_count(account.address) + waiting,
            "gas": gas, "value": value, "data": data, "type": kind, **fields,
        }
        if to:
            wish["to"] = to
        if kind >= 2:
            wish |= {"maxFeePerGas": 5 * 10**9, "maxPriorityFeePerGas": 10**9}
        else:
            wish["gasPrice"] = 5 * 10**9
            if kind == 0:
                del wish["type"]
        return self.web3.eth.send_raw_transaction(account.sign_transaction(wish).raw_transaction)

    def of_token(self, account, method, *arguments, **fields):
        types = ",".join("address" if isinstance(each, str) else "uint256" for each in arguments)
        selector = function_signature_to_4byte_selector(f"{method}({types})")
        body = "0x" + (selector + b"".join(map(argument, arguments))).hex()
        return self.send(account, to=Web3.to_checksum_address(self.token), data=body, **fields)

    def invoice(self, amount, asset, key):
        order = {
            "title": "Tea", "description": "Tea", "goods": "physical", "place": "web", "amount": amount, "asset": asset,
            "rails": [{"rail": "evm", "asset": asset}],
        }
        opened = self.sandbox.merchant("invoices", order, **{"Idempotency-Key": key})
        return opened["id"], Web3.to_checksum_address(opened["options"][0]["address"])

    def payments(self, invoice):
        return self.sandbox.merchant(f"payments?invoice={invoice}")["data"]

    def state(self, invoice):
        return self.sandbox.merchant(f"invoices/{invoice}")["state"]

    def settled(self, invoice):
        return eventually(lambda: self.state(invoice) == "settled", 60)


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    sandbox = Sandbox(tmp_path_factory.mktemp("sandbox"), "--networks-only")
    made = World(sandbox)
    made.gateway.start()
    yield made
    made.gateway.end()
    sandbox.stop()
    made.server.shutdown()


def test_coins_in_every_type_of_transaction_are_credited(world):
    bought = []
    for kind in (0, 1, 2, 4):
        invoice, address = world.invoice("0.05", f"evm:{CHAIN_ID}:native", f"coin-{kind}")
        fields = {"accessList": [{"address": address, "storageKeys": ["0x" + "01" * 32]}]} if kind else {}
        if kind == 4:
            delegation = {"chainId": CHAIN_ID, "address": world.token, "nonce": 0}
            fields["authorizationList"] = [world.other.sign_authorization(delegation)]
        world.send(world.customer, to=address, value=COIN // 20, kind=kind, **fields)
        bought.append(invoice)
    world.node.mine(5)
    for invoice in bought:
        world.settled(invoice)
        [payment] = world.payments(invoice)
        assert (payment["classification"], payment["amount"]) == ("exact", "0.05")


def test_tokens_are_credited_by_their_logs(world):
    first, address = world.invoice("25", world.asset, "token-1")
    second, other = world.invoice("10", world.asset, "token-2")
    third, both = world.invoice("10", world.asset, "token-3")
    world.of_token(world.customer, "transfer", address, 25_000_000)
    world.of_token(world.customer, "transfer_to_each", other, both, 10_000_000)
    world.node.mine(5)
    for invoice in (first, second, third):
        world.settled(invoice)
        [payment] = world.payments(invoice)
        assert payment["classification"] == "exact"


def test_f47_f48_f59_what_moves_no_tokens_is_no_payment(world):
    invoice, nowhere = world.invoice("5", world.asset, "token-4")
    marker, kept = world.invoice("5", world.asset, "token-5")
    calls = ["say_no", "pretend", "fail_inside", "move_then_fail"]
    sent = [world.of_token(world.customer, method, nowhere, 5_000_000) for method in calls]
    sent.append(world.of_token(world.customer, "transfer", nowhere, 0))
    # The part that the token keeps of a transfer is not credited, and a transfer above the balance is reverted.
    sent.append(world.of_token(world.other, "transfer", nowhere, 5_000_000))
    sent.append(world.of_token(world.customer, "set_fee", 1_000_000))
    sent.append(world.of_token(world.customer, "transfer", kept, 5_000_000))
    sent.append(world.of_token(world.customer, "set_fee", 0))
    world.node.mine(5)
    receipts = [world.web3.eth.get_transaction_receipt(each) for each in sent]
    assert [each["status"] for each in receipts] == [1, 1, 1, 0, 1, 0, 1, 1, 1]
    assert [len(each["logs"]) for each in receipts] == [0, 1, 0, 0, 1, 0, 0, 1, 0]
    [payment] = eventually(lambda: world.payments(marker), 60)
    assert (payment["classification"], payment["amount"]) == ("partial", "4")
    assert world.payments(invoice) == []
    assert world.state(invoice) == "new"


def test_a_refund_is_paid_in_another_implementations_state(world):
    invoice, address = world.invoice("0.2", f"evm:{CHAIN_ID}:native", "refunded")
    world.send(world.customer, to=address, value=COIN // 5)
    world.node.mine(5)
    world.settled(invoice)
    [payment] = world.payments(invoice)
    before = world.web3.eth.get_balance(world.customer.address)
    refund = world.sandbox.merchant("refunds", {"payment": payment["id"], "amount": "0.1"}, **{"Idempotency-Key": "refund"})

    def paid_back():
        if world.node.pool:
            world.node.mine(5)
        return world.sandbox.merchant(f"refunds/{refund['id']}")["state"] == "completed"

    eventually(paid_back, 60)
    assert world.web3.eth.get_balance(world.customer.address) - before == COIN // 10


def test_every_chain_transaction_of_py_evm_reads_as_it_was_signed(world):
    head = world.web3.eth.block_number
    blocks = [world.node.block(world.node.header(hex(number))) for number in range(1, head + 1)]
    transactions = [each for block in blocks for each in block.transactions]
    answers = inspect([{"kind": "evm-transaction", "input": {"raw": each.encode().hex()}} for each in transactions])
    for transaction, answer in zip(transactions, answers, strict=True):
        result = answer["result"]
        assert result["hash"] == transaction.hash.hex()
        assert bytes.fromhex(result["sender"].removeprefix("0x")) == transaction.sender
        assert (result["to"] is None) == (transaction.to == CREATE_CONTRACT_ADDRESS)
        assert (int(result["value"]), result["nonce"]) == (transaction.value, transaction.nonce)
    assert {answer["result"]["type"] for answer in answers} == {0, 1, 2, 4}


def test_the_books_agree_with_the_chain(world):
    world.gateway.end()
    report = subprocess.run(
        [SETTLEGATE, "reconcile", "--config", world.sandbox["config"], "--format", "json"],
        cwd=ROOT, env=dict(os.environ, SETTLEGATE_PASSPHRASE=world.sandbox["passphrase"]), capture_output=True, text=True,
    )
    assert report.returncode == 0, report.stdout + report.stderr
    assert json.loads(report.stdout)["is_clean"]
    world.gateway.start()
