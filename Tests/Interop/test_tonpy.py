"""tonpy, with the node's own TVM, runs the published code of wallets and jettons on messages that we build."""

import base64
import time

import pytest
from pytoniq_core import Address, Cell as PythonCell, begin_cell
from tonpy import Cell
from tonpy.tvm import TVM
from tonpy.tvm.c7 import C7
from tonsdk.contract.token.ft import JettonWallet

from product import inspect

SEED = "11" * 32
SUPPLIER = "0:" + "22" * 32
NOW = int(time.time())
# A wallet's exit codes for a wrong number, a wrong signature, and an expired request.
REFUSALS = {"v3r2": (33, 35, 35), "v4r2": (33, 35, 36), "v5r1": (133, 135, 136)}
ACCEPTED = (0, 1)


def tonpy_cell(cell):
    return Cell(base64.b64encode(cell.to_boc()).decode())


def python_cell(cell):
    return PythonCell.one_from_boc(base64.b64decode(cell.to_boc()))


def sign(version, **fields):
    """Our signed message to a wallet, in the parts that a node splits it into."""
    wish = {
        "version": version, "seed": SEED, "seqno": 0, "validUntil": NOW + 600, "stateInit": True,
        "messages": [{"to": SUPPLIER, "amount": "1000", "comment": "order", "mode": 3}], **fields,
    }
    [answer] = inspect([{"kind": "ton-sign-transfer", "input": wish}])
    assert answer["ok"], answer
    message = PythonCell.one_from_boc(answer["result"]["boc"])
    slice_ = message.begin_parse()
    assert slice_.load_uint(2) == 2  # ext_in_msg_info$10
    assert slice_.load_uint(2) == 0  # addr_none$00
    address = slice_.load_address()
    slice_.load_coins()
    state = None
    if slice_.load_bit():
        state = slice_.load_ref() if slice_.load_bit() else slice_
    body = slice_.load_ref() if slice_.load_bit() else slice_.to_cell()
    return message, address, state, body


def parts(state):
    slice_ = state.begin_parse()
    assert slice_.load_uint(5) == 0b00110  # without split depth, special and library; with code and data
    return slice_.load_ref(), slice_.load_ref()


def run(code, data, message, body, address, selector, value=0, balance=10**10, now=NOW):
    vm = TVM(code=tonpy_cell(code), data=tonpy_cell(data))
    vm.set_c7(
        C7(
            time=now,
            balance_grams=balance,
            address=tonpy_cell(begin_cell().store_address(address).end_cell()).begin_parse(),
            my_code=tonpy_cell(code),
        )
    )
    vm.set_gas_limit(1_000_000, 1_000_000)
    vm.set_stack([balance, value, tonpy_cell(message), tonpy_cell(body).begin_parse(), selector])
    vm.run(unpack_stack=False, allow_non_success=True)
    return vm


def actions(vm):
    """The sent messages in order, each with its mode."""
    found = []
    cell = python_cell(vm.c5_updated)
    while cell.refs:
        slice_ = cell.begin_parse()
        previous = slice_.load_ref()
        if slice_.load_uint(32) == 0x0EC3C86D:
            mode = slice_.load_uint(8)
            found.append((mode, slice_.load_ref()))
        cell = previous
    return found[::-1]


def sent(message):
    slice_ = message.begin_parse()
    assert slice_.load_bit() == 0  # int_msg_info$0
    slice_.load_bits(3)
    slice_.load_address()
    return slice_.load_address(), slice_.load_coins()


@pytest.mark.parametrize("version", ["v3r2", "v4r2", "v5r1"])
def test_a_wallet_takes_our_message_and_sends_what_we_asked_for(version):
    message, address, state, body = sign(version)
    assert state.hash == address.hash_part
    code, data = parts(state)
    vm = run(code, data, message, body, address, -1)
    assert vm.exit_code in ACCEPTED, vm.exit_code
    [(mode, out)] = actions(vm)
    assert mode == 3
    assert sent(out) == (Address(SUPPLIER), 1000)
    # The next message needs the next number, with the data that the contract has written.
    later = sign(version, seqno=1)
    again = run(code, python_cell(vm.c4_updated), later[0], later[3], address, -1)
    assert again.exit_code in ACCEPTED and len(actions(again)) == 1
    # A message that was taken is refused for ever.
    replay = run(code, python_cell(vm.c4_updated), message, body, address, -1)
    assert replay.exit_code == REFUSALS[version][0]


@pytest.mark.parametrize("version", ["v3r2", "v4r2", "v5r1"])
def test_a_wallet_refuses_as_the_reference_says(version):
    message, address, state, body = sign(version)
    code, data = parts(state)
    number, signature, late = REFUSALS[version]
    wrong = sign(version, seqno=7)
    assert run(code, data, wrong[0], wrong[3], address, -1).exit_code == number
    stranger = sign(version, seed="33" * 32)
    assert run(code, data, stranger[0], stranger[3], address, -1).exit_code == signature
    # The first message of v3 and v4 has no end, so that the later one is sent late.
    taken = python_cell(run(code, data, message, body, address, -1).c4_updated)
    expired = sign(version, seqno=1, validUntil=NOW - 1)
    assert run(code, taken, expired[0], expired[3], address, -1).exit_code == late


@pytest.mark.parametrize("count", [1, 2, 4])
def test_several_messages_leave_in_our_order(count):
    for version in ("v4r2", "v5r1"):
        wishes = [{"to": f"0:{number:064x}", "amount": str(number), "mode": 3} for number in range(1, count + 1)]
        message, address, state, body = sign(version, messages=wishes)
        code, data = parts(state)
        vm = run(code, data, message, body, address, -1)
        assert vm.exit_code in ACCEPTED
        assert [sent(out)[1] for _, out in actions(vm)] == list(range(1, count + 1))


def internal(source, destination, value, body):
    """A message between accounts, as on the contract's stack."""
    return (
        begin_cell().store_uint(0b0110, 4).store_address(source).store_address(destination).store_coins(value)
        .store_bit(0).store_coins(0).store_coins(0).store_uint(0, 64).store_uint(NOW, 32).store_bit(0).store_bit(1)
        .store_ref(body).end_cell()
    )


def test_a_jetton_wallet_sends_on_what_our_transfer_asks_for():
    code = PythonCell.one_from_boc(JettonWallet.code)
    master, owner, receiver = (Address(f"0:{text * 32}") for text in ("aa", "bb", "cc"))

    def wallet_of(holder):
        wish = {
            "owner": holder.to_str(False), "master": master.to_str(False), "code": code.to_boc().hex(),
            "data": "standard",
        }
        [answer] = inspect([{"kind": "ton-jetton-wallet", "input": wish}])
        return Address(answer["result"]["raw"])

    def data(holder, balance):
        return (
            begin_cell().store_coins(balance).store_address(holder).store_address(master).store_ref(code).end_cell()
        )

    own, theirs = wallet_of(owner), wallet_of(receiver)
    comment = begin_cell().store_uint(0, 32).store_string("order").end_cell()
    # The body of a TEP-74 transfer, written by pytoniq-core and read by us.
    transfer = (
        begin_cell().store_uint(0x0F8A7EA5, 32).store_uint(5, 64).store_coins(30).store_address(receiver)
        .store_address(owner).store_bit(0).store_coins(1).store_bit(1).store_ref(comment).end_cell()
    )
    [read] = inspect([{"kind": "ton-message-body", "input": {"boc": transfer.to_boc().hex()}}])
    assert read["result"]["name"] == "jetton_transfer" or "transfer" in read["result"]["name"], read
    value = 200_000_000
    vm = run(
        code, data(owner, 100), internal(owner, own, value, transfer), transfer, own, 0, value=value,
        balance=value + 10**8,
    )
    assert vm.exit_code in ACCEPTED, vm.exit_code
    [(_, out)] = actions(vm)
    # The contract sends it to the address that we compute for the receiver's wallet.
    assert sent(out)[0] == theirs
    slice_ = out.begin_parse()
    slice_.load_bits(4)
    slice_.load_address(), slice_.load_address(), slice_.load_coins()
    slice_.load_bit(), slice_.load_coins(), slice_.load_coins(), slice_.load_uint(64), slice_.load_uint(32)
    if slice_.load_bit():
        slice_.load_ref() if slice_.load_bit() else None
    body = slice_.load_ref() if slice_.load_bit() else slice_.to_cell()
    [read] = inspect([{"kind": "ton-message-body", "input": {"boc": body.to_boc().hex()}}])
    assert read["result"]["amount"] == "30" and read["result"]["from"].lower() == owner.to_str(False).lower()
    # The receiver's wallet takes it from our wallet only.
    taken = run(
        code, data(receiver, 0), internal(own, theirs, value, body), body, theirs, 0, value=value, balance=value
    )
    assert taken.exit_code in ACCEPTED
    assert python_cell(taken.c4_updated).begin_parse().load_coins() == 30
    stranger = Address("0:" + "dd" * 32)
    refused = run(
        code, data(receiver, 0), internal(stranger, theirs, value, body), body, theirs, 0, value=value, balance=value
    )
    assert refused.exit_code == 707


TIMEOUT = 3600


def highload(count, sequence=5, created=NOW, **fields):
    """Our signed request to a highload wallet v3, in the parts that a node splits it into."""
    messages = [{"to": SUPPLIER, "amount": str(1000 + index), "comment": f"{index}", "mode": 3} for index in range(count)]
    wish = {
        "seed": SEED, "timeout": TIMEOUT, "sequence": sequence, "createdAt": created, "stateInit": True,
        "messages": messages, **fields,
    }
    [answer] = inspect([{"kind": "ton-highload-transfer", "input": wish}])
    assert answer["ok"], answer
    message = PythonCell.one_from_boc(answer["result"]["boc"])
    slice_ = message.begin_parse()
    assert slice_.load_uint(2) == 2 and slice_.load_uint(2) == 0
    address = slice_.load_address()
    slice_.load_coins()
    assert slice_.load_bit()
    code, data = load_state(slice_.load_ref().begin_parse() if slice_.load_bit() else slice_)
    body = slice_.load_ref() if slice_.load_bit() else slice_.to_cell()
    return message, address, code, data, body


def load_state(slice_):
    assert slice_.load_uint(5) == 0b00110
    return slice_.load_ref(), slice_.load_ref()


def test_a_highload_wallet_sends_one_message_at_once():
    message, address, code, data, body = highload(1)
    vm = run(code, data, message, body, address, -1)
    assert vm.exit_code in ACCEPTED, vm.exit_code
    [(mode, out)] = actions(vm)
    assert mode == 3
    assert sent(out) == (Address(SUPPLIER), 1000)


@pytest.mark.parametrize("count", [2, 20, 254])
def test_a_highload_wallet_sends_a_list_through_itself(count):
    message, address, code, data, body = highload(count)
    vm = run(code, data, message, body, address, -1)
    assert vm.exit_code in ACCEPTED, vm.exit_code
    [(mode, out)] = actions(vm)
    assert sent(out)[0] == address
    # The node fills in the source; the contract takes a list from itself only.
    slice_ = out.begin_parse()
    slice_.load_bits(4)
    slice_.load_address(), slice_.load_address(), slice_.load_coins(), slice_.load_bit(), slice_.load_coins()
    slice_.load_coins(), slice_.load_uint(64), slice_.load_uint(32)
    assert slice_.load_bit() == 0
    inner = slice_.load_ref() if slice_.load_bit() else slice_.to_cell()
    for source, expected in ((address, count), (Address(SUPPLIER), 0)):
        arrived = begin_cell().store_uint(0b0110, 4).store_address(source).store_address(address).store_coins(50_000_000)
        arrived = arrived.store_uint(0, 1 + 4 + 4 + 64 + 32 + 1).store_bit(1).store_ref(inner).end_cell()
        second = run(code, python_cell(vm.c4_updated), arrived, inner, address, 0, value=50_000_000)
        assert second.exit_code in ACCEPTED, second.exit_code
        found = actions(second)
        assert [sent(out) for _, out in found] == [(Address(SUPPLIER), 1000 + index) for index in range(expected)]
        assert all(mode == 3 for mode, _ in found)


def test_f40_a_highload_wallet_takes_a_request_once_whenever_it_comes_again():
    message, address, code, data, body = highload(1)
    vm = run(code, data, message, body, address, -1, now=NOW)
    assert vm.exit_code in ACCEPTED
    state = python_cell(vm.c4_updated)
    # Another request makes the wallet drop numbers at the worst moment, right when the first one ends.
    for moment in (1, TIMEOUT - 1, TIMEOUT, TIMEOUT + 1, 2 * TIMEOUT, 2 * TIMEOUT + 1):
        replay = run(code, state, message, body, address, -1, now=NOW + moment)
        assert replay.exit_code in (35, 36), (moment, replay.exit_code)
        other = highload(1, sequence=100 + moment, created=NOW + moment)
        taken = run(code, state, other[0], other[4], address, -1, now=NOW + moment)
        assert taken.exit_code in ACCEPTED, (moment, taken.exit_code)
        state = python_cell(taken.c4_updated)
        replay = run(code, state, message, body, address, -1, now=NOW + moment)
        assert replay.exit_code in (35, 36), (moment, replay.exit_code)


def test_a_highload_wallet_refuses_as_the_reference_says():
    message, address, code, data, body = highload(1)
    wishes = [
        ({"seed": "22" * 32}, 33), ({"walletId": 7}, 34), ({"createdAt": NOW + 10}, 35),
        ({"createdAt": NOW - TIMEOUT}, 35), ({"timeout": 60}, 38),
    ]
    for fields, code_expected in wishes:
        wrong = highload(1, **fields)
        vm = run(code, data, wrong[0], wrong[4], address, -1)
        assert vm.exit_code == code_expected, (fields, vm.exit_code)
