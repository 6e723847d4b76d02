"""web3.py, unchanged, against the sandbox's EVM chain: transfers, logs, receipts, filters, errors, reorganisations."""

import json
import urllib.request

import pytest
import rlp
from eth_account import Account
from eth_utils import keccak
from web3 import Web3
from web3.exceptions import ContractLogicError, TransactionNotFound, Web3RPCError
from product import call

ERC20 = json.loads(
    """[
    {"type":"function","name":"transfer","stateMutability":"nonpayable","inputs":[{"name":"to","type":"address"},
     {"name":"value","type":"uint256"}],"outputs":[{"name":"","type":"bool"}]},
    {"type":"function","name":"balanceOf","stateMutability":"view","inputs":[{"name":"owner","type":"address"}],
     "outputs":[{"name":"","type":"uint256"}]},
    {"type":"function","name":"decimals","stateMutability":"view","inputs":[],"outputs":[{"name":"","type":"uint8"}]},
    {"type":"function","name":"symbol","stateMutability":"view","inputs":[],"outputs":[{"name":"","type":"string"}]},
    {"type":"event","name":"Transfer","anonymous":false,"inputs":[{"indexed":true,"name":"from","type":"address"},
     {"indexed":true,"name":"to","type":"address"},{"indexed":false,"name":"value","type":"uint256"}]}
    ]"""
)


@pytest.fixture(scope="module")
def chain(sandbox):
    web3 = Web3(Web3.HTTPProvider(sandbox["evm"]))
    assert web3.is_connected()
    return web3


@pytest.fixture
def payer(chain):
    account = Account.create()
    chain.provider.make_request("anvil_setBalance", [account.address, hex(10**20)])
    return account


def send(chain, account, **fields):
    transaction = {
        "chainId": chain.eth.chain_id,
        "nonce": chain.eth.get_transaction_count(account.address, "pending"),
        "gas": 100_000,
        "maxFeePerGas": chain.eth.gas_price * 2,
        "maxPriorityFeePerGas": chain.eth.max_priority_fee,
        "type": 2,
        **fields,
    }
    return chain.eth.send_raw_transaction(account.sign_transaction(transaction).raw_transaction)


def mine(chain, blocks=1):
    assert "error" not in chain.provider.make_request("anvil_mine", [hex(blocks)])


def test_a_transfer_of_coins_is_mined_with_a_receipt_and_moves_them(chain, payer):
    receiver = Account.create().address
    hash_ = send(chain, payer, to=receiver, value=10**18)
    assert chain.eth.get_transaction_count(payer.address, "pending") == 1
    receipt = chain.eth.wait_for_transaction_receipt(hash_, timeout=20)
    assert receipt.status == 1 and receipt["from"] == payer.address and receipt.gasUsed == 21_000
    assert chain.eth.get_balance(receiver) == 10**18
    assert chain.eth.get_balance(payer.address) == 10**20 - 10**18 - receipt.gasUsed * receipt.effectiveGasPrice
    found = chain.eth.get_transaction(hash_)
    assert found.hash == hash_ and found["from"] == payer.address and found.blockHash == receipt.blockHash


@pytest.mark.parametrize("type_", [0, 1, 2])
def test_every_type_of_transaction_is_taken_and_its_signer_recovered(chain, payer, type_):
    fees = {"gasPrice": chain.eth.gas_price * 2} if type_ < 2 else {
        "maxFeePerGas": chain.eth.gas_price * 2, "maxPriorityFeePerGas": 10**9, "type": 2
    }
    transaction = {"chainId": chain.eth.chain_id, "nonce": 0, "gas": 50_000, "to": payer.address, "value": 1, **fees}
    if type_ == 1:
        transaction |= {"type": 1, "accessList": [{"address": payer.address, "storageKeys": ["0x" + "01" * 32]}]}
    hash_ = chain.eth.send_raw_transaction(payer.sign_transaction(transaction).raw_transaction)
    receipt = chain.eth.wait_for_transaction_receipt(hash_, timeout=20)
    assert receipt.type == type_ and receipt["from"] == payer.address
    assert receipt.gasUsed == 21_000 + (2_400 + 1_900 if type_ == 1 else 0)


def test_a_payment_of_an_invoice_by_token_is_credited(sandbox, chain, payer):
    token = chain.eth.contract(Web3.to_checksum_address(sandbox["evm_token"].split(":")[-1]), abi=ERC20)
    assert token.functions.decimals().call() == 6 and token.functions.symbol().call() == "USDX"
    key = {"Authorization": f"Bearer {sandbox['api_key']}"}
    invoice = call(
        f"{sandbox['gateway']}/v1/invoices",
        {
            "title": "Tea", "description": "Tea", "goods": "physical", "place": "web", "amount": "7.5",
            "asset": sandbox["evm_token"], "rails": [{"rail": "evm", "asset": sandbox["evm_token"]}],
        },
        **key, **{"Idempotency-Key": "web3"},
    )
    [option] = invoice["options"]
    assert option["link"] == (
        f"ethereum:{token.address}@{chain.eth.chain_id}/transfer?address={option['address']}&uint256=7500000"
    )
    # A token holder gives some to the payer, who pays with web3.py's own contract call.
    start = chain.eth.block_number
    sandbox.control("evm/mint", address=payer.address, units="7500000")
    transfer = token.functions.transfer(option["address"], 7_500_000).build_transaction(
        {"from": payer.address, "nonce": 0, "gas": 100_000}
    )
    receipt = chain.eth.wait_for_transaction_receipt(
        chain.eth.send_raw_transaction(payer.sign_transaction(transfer).raw_transaction), timeout=20
    )
    [event] = token.events.Transfer().process_receipt(receipt)
    assert event.args == {"from": payer.address, "to": option["address"], "value": 7_500_000}
    [log] = token.events.Transfer().get_logs(from_block=start, argument_filters={"to": option["address"]})
    assert log.transactionHash == receipt.transactionHash and log.blockHash == receipt.blockHash
    assert token.functions.balanceOf(option["address"]).call() == 7_500_000
    state = ""
    for _ in range(200):
        mine(chain)
        with urllib.request.urlopen(
            urllib.request.Request(f"{sandbox['gateway']}/v1/invoices/{invoice['id']}", headers=key), timeout=30
        ) as response:
            state = json.load(response)["state"]
        if state == "settled":
            break
    assert state == "settled"


def test_blocks_have_the_hashes_that_their_contents_give(chain, payer):
    hash_ = send(chain, payer, to=payer.address, value=1)
    block = chain.eth.get_block(chain.eth.wait_for_transaction_receipt(hash_, timeout=20).blockNumber)
    fields = [
        block.parentHash, block.sha3Uncles, bytes.fromhex(block.miner[2:]), block.stateRoot, block.transactionsRoot,
        block.receiptsRoot, block.logsBloom, block.difficulty, block.number, block.gasLimit, block.gasUsed,
        block.timestamp, block.extraData, block.mixHash, block.nonce, block.baseFeePerGas, block.withdrawalsRoot,
    ]
    assert keccak(rlp.encode(fields)) == block.hash
    # With one transaction the roots are those of a single leaf, whose key is the RLP of 0.
    raw = raw_transaction(chain, hash_)
    assert keccak(rlp.encode([bytes.fromhex("2080"), raw])) == block.transactionsRoot
    assert chain.eth.get_block(block.number - 1).hash == block.parentHash


def raw_transaction(chain, hash_):
    found = chain.eth.get_transaction(hash_)
    return b"\x02" + rlp.encode([
        found.chainId, found.nonce, found.maxPriorityFeePerGas, found.maxFeePerGas, found.gas,
        bytes.fromhex(found.to[2:]), found.value, bytes(found.input), [], found.yParity,
        int.from_bytes(found.r, "big"), int.from_bytes(found.s, "big"),
    ])


def test_filters_tell_what_is_new(sandbox, chain, payer):
    token = chain.eth.contract(Web3.to_checksum_address(sandbox["evm_token"].split(":")[-1]), abi=ERC20)
    sandbox.control("evm/mint", address=payer.address, units="5")
    logs = token.events.Transfer().create_filter(from_block="latest", argument_filters={"from": payer.address})
    blocks = chain.eth.filter("latest")
    receiver = Account.create().address
    transfer = token.functions.transfer(receiver, 5).build_transaction({"from": payer.address, "nonce": 0, "gas": 100_000})
    hash_ = chain.eth.send_raw_transaction(payer.sign_transaction(transfer).raw_transaction)
    receipt = chain.eth.wait_for_transaction_receipt(hash_, timeout=20)
    assert receipt.blockHash in blocks.get_new_entries()
    assert [entry.args.value for entry in logs.get_new_entries()] == [5]
    assert logs.get_new_entries() == []
    assert chain.eth.uninstall_filter(logs.filter_id)


def test_errors_are_those_of_a_node(sandbox, chain, payer):
    with pytest.raises(TransactionNotFound):
        chain.eth.get_transaction("0x" + "00" * 32)
    assert chain.eth.get_balance(Account.create().address) == 0
    hash_ = send(chain, payer, to=payer.address, value=1)
    chain.eth.wait_for_transaction_receipt(hash_, timeout=20)
    with pytest.raises(Web3RPCError, match="nonce too low"):
        send(chain, payer, to=payer.address, value=1, nonce=0)
    with pytest.raises(Web3RPCError, match="insufficient funds"):
        send(chain, payer, to=payer.address, value=10**21)
    with pytest.raises(Web3RPCError, match="invalid chain id"):
        send(chain, payer, to=payer.address, value=1, chainId=1)
    with pytest.raises(Web3RPCError, match="intrinsic gas too low"):
        send(chain, payer, to=payer.address, value=1, gas=20_000)
    token = chain.eth.contract(Web3.to_checksum_address(sandbox["evm_token"].split(":")[-1]), abi=ERC20)
    with pytest.raises(ContractLogicError):
        token.functions.transfer(payer.address, 10**30).call({"from": payer.address})
    # A call that reverts is in a block all the same, with status 0 and its gas used.
    hash_ = send(chain, payer, to=token.address, data=token.encode_abi("transfer", [payer.address, 10**30]))
    receipt = chain.eth.wait_for_transaction_receipt(hash_, timeout=20)
    assert receipt.status == 0 and receipt.logs == [] and receipt.gasUsed > 21_000


def test_a_replacement_needs_a_higher_fee_and_one_of_them_is_mined(chain, payer):
    chain.provider.make_request("evm_setAutomine", [False])
    low = {"to": payer.address, "nonce": 0, "maxFeePerGas": 1, "maxPriorityFeePerGas": 1, "gas": 21_000}
    first = send(chain, payer, value=1, **low)
    with pytest.raises(Web3RPCError, match="already known"):
        send(chain, payer, value=1, **low)
    with pytest.raises(Web3RPCError, match="replacement transaction underpriced"):
        send(chain, payer, value=2, **low)
    second = send(chain, payer, to=payer.address, value=2, nonce=0, gas=21_000)
    assert chain.eth.wait_for_transaction_receipt(second, timeout=20).status == 1
    with pytest.raises(TransactionNotFound):
        chain.eth.get_transaction(first)


def test_a_reorganisation_changes_the_blocks_and_a_snapshot_brings_them_back(chain, payer):
    hash_ = send(chain, payer, to=payer.address, value=1)
    receipt = chain.eth.wait_for_transaction_receipt(hash_, timeout=20)
    mine(chain, 3)
    snapshot = chain.provider.make_request("evm_snapshot", [])["result"]
    depth = chain.eth.block_number - receipt.blockNumber + 1
    chain.provider.make_request("anvil_reorg", [depth, []])
    assert chain.eth.get_block(receipt.blockNumber).hash != receipt.blockHash
    with pytest.raises(TransactionNotFound):
        chain.eth.get_transaction_receipt(hash_)
    # The old block is still known by its hash, because nodes keep it for a while.
    assert chain.eth.get_block(receipt.blockHash).number == receipt.blockNumber
    assert chain.provider.make_request("evm_revert", [snapshot])["result"] is True
    assert chain.eth.get_transaction_receipt(hash_).blockHash == receipt.blockHash


def test_safe_and_finalized_lie_behind_the_head(chain):
    mine(chain, 10)
    head = chain.eth.get_block("latest").number
    assert chain.eth.get_block("finalized").number < chain.eth.get_block("safe").number < head
    assert chain.eth.fee_history(4, "latest", [50])["oldestBlock"] <= head
