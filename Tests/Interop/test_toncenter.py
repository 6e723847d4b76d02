"""pytoniq-core's cells and addresses against the sandbox's toncenter: balances, get methods, transactions."""

import base64
import json
import urllib.request

from pytoniq_core import Address, Cell, begin_cell
from product import call


def get_method(sandbox, address, method, *stack):
    parameters = {"address": address, "method": method, "stack": list(stack)}
    answer = call(f"{sandbox['ton']}/api/v2/jsonRPC", {"id": 1, "method": "runGetMethod", "params": parameters})
    return answer["result"]


def read(value):
    kind, content = value
    return int(content, 16) if kind == "num" else Cell.one_from_boc(base64.b64decode(content["bytes"]))


def test_a_jetton_payment_is_seen_through_get_methods_and_transactions(sandbox):
    key = {"Authorization": f"Bearer {sandbox['api_key']}", "Idempotency-Key": "toncenter"}
    jetton = sandbox["jetton"]
    invoice = call(
        f"{sandbox['gateway']}/v1/invoices",
        {
            "title": "Tea", "description": "Tea", "goods": "physical", "amount": "7", "asset": jetton,
            "rails": [{"rail": "ton", "asset": jetton}],
        },
        **key,
    )
    [option] = invoice["options"]
    call(f"{sandbox['control']}/pay", {"option": option})
    owner = Address(option["address"])
    master = jetton.split(":", 3)[3]
    slice_of_owner = begin_cell().store_address(owner).end_cell()
    argument = ["tvm.Slice", base64.b64encode(slice_of_owner.to_boc(has_idx=False)).decode()]
    found = get_method(sandbox, master, "get_wallet_address", argument)
    assert found["exit_code"] == 0
    wallet = read(found["stack"][0]).begin_parse().load_address()
    # A block for each message of the transfer, and some more.
    call(f"{sandbox['control']}/mine", {"blocks": 10})
    data = get_method(sandbox, wallet.to_str(), "get_wallet_data")
    assert data["exit_code"] == 0
    balance, of, issuer = read(data["stack"][0]), read(data["stack"][1]), read(data["stack"][2])
    assert balance == 7_000_000
    assert of.begin_parse().load_address() == owner
    assert issuer.begin_parse().load_address() == Address(master)
    with urllib.request.urlopen(
        f"{sandbox['ton']}/api/v2/getTransactions?address={wallet.to_str()}&limit=10", timeout=30
    ) as response:
        transactions = json.load(response)["result"]
    for transaction in transactions:
        cell = Cell.one_from_boc(base64.b64decode(transaction["data"]))
        assert base64.b64encode(cell.hash).decode() == transaction["transaction_id"]["hash"]


def test_what_a_contract_does_not_have_is_told_by_the_exit_code(sandbox):
    nowhere = "0:" + "11" * 32
    assert get_method(sandbox, nowhere, "seqno")["exit_code"] == -13
