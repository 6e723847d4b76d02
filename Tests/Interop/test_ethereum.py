"""eth-account, rlp and eth-keys agree with our EVM codecs: transactions, addresses, RLP, words and logs."""

import os
import random

import rlp
from product import inspect
from eth_account import Account
from eth_account.hdaccount import generate_mnemonic
from eth_account.types import Language
from eth_keys import keys
from eth_utils import keccak
from hexbytes import HexBytes

SEED = int(os.environ.get("SEED", "20261125"))
Account.enable_unaudited_hdwallet_features()


def random_transaction(generator):
    kind = generator.randrange(3)
    transaction = {
        "chainId": generator.choice([1, 56, 137, 8453, generator.getrandbits(40) + 1]),
        "nonce": generator.getrandbits(generator.randrange(0, 60)),
        "gas": 21000 + generator.getrandbits(20),
        "to": keys.PrivateKey(generator.randbytes(32)).public_key.to_checksum_address(),
        "value": generator.getrandbits(generator.randrange(0, 200)),
        "data": "0x" + generator.randbytes(generator.randrange(0, 100)).hex(),
    }
    if kind < 2:
        transaction["gasPrice"] = generator.getrandbits(60)
    else:
        transaction["maxFeePerGas"] = generator.getrandbits(60) + 1
        transaction["maxPriorityFeePerGas"] = generator.randrange(transaction["maxFeePerGas"])
    if kind:
        transaction["type"] = kind
        transaction["accessList"] = [
            {
                "address": "0x" + generator.randbytes(20).hex(),
                "storageKeys": ["0x" + generator.randbytes(32).hex() for _ in range(generator.randrange(3))],
            }
            for _ in range(generator.randrange(3))
        ]
    return kind, transaction


def test_a_thousand_transactions_are_signed_and_read_alike():
    generator = random.Random(SEED)
    print("seed", SEED)
    cases, signing, reading = [], [], []
    for _ in range(1000):
        kind, transaction = random_transaction(generator)
        key = generator.randbytes(32)
        signed = Account.sign_transaction(dict(transaction), key)
        cases.append((kind, transaction, signed, Account.from_key(key).address))
        wish = {**transaction, "type": kind, "privateKey": key.hex(), "gasLimit": transaction["gas"]}
        wish["value"] = str(transaction["value"])
        signing.append({"kind": "evm-sign-transaction", "input": wish})
        reading.append({"kind": "evm-transaction", "input": {"raw": signed.raw_transaction.hex()}})
    for (kind, transaction, signed, _), answer in zip(cases, inspect(signing)):
        assert answer["ok"], answer
        assert HexBytes(answer["result"]["raw"]) == signed.raw_transaction
        assert HexBytes(answer["result"]["hash"]) == signed.hash
    for (kind, transaction, signed, sender), answer in zip(cases, inspect(reading)):
        result = answer["result"]
        assert (result["type"], result["sender"], result["to"]) == (kind, sender, transaction["to"])
        assert (result["chainId"], result["nonce"]) == (transaction["chainId"], transaction["nonce"])
        assert (int(result["value"]), result["gasLimit"]) == (transaction["value"], transaction["gas"])
        assert "0x" + result["data"] == transaction["data"]
        assert HexBytes(result["hash"]) == signed.hash


ATOMS = ["string", "bytes", "bool", "address", "bytes1", "bytes32", "uint8", "uint256", "int8", "int128", "int256"]


def random_value(generator, kind, structs):
    """A value of an EIP-712 type, in JSON."""
    if kind.endswith("]"):
        element, _, count = kind[:-1].rpartition("[")
        return [random_value(generator, element, structs) for _ in range(int(count or generator.randrange(4)))]
    if kind in structs:
        return {field["name"]: random_value(generator, field["type"], structs) for field in structs[kind]}
    if kind == "string":
        return "".join(generator.choice("aé€😀 \n") for _ in range(generator.randrange(20)))
    if kind == "bool":
        return generator.random() < 0.5
    if kind == "address":
        return "0x" + generator.randbytes(20).hex()
    if kind.startswith("bytes"):
        return "0x" + generator.randbytes(int(kind[5:] or generator.randrange(40))).hex()
    bits = int(kind.lstrip("uint"))
    return generator.getrandbits(bits) if kind[0] == "u" else generator.getrandbits(bits) - (1 << bits - 1)


def random_typed_data(generator):
    """Structs that refer to those before them, alone and in lists, and a message of the last one."""
    structs = {}
    for number in range(generator.randrange(1, 5)):
        known = ATOMS + list(structs)
        fields = []
        for field in range(generator.randrange(1, 6)):
            suffix = generator.choice(["", "", "[]", "[2]", "[][2]"])
            fields.append({"name": f"f{field}", "type": generator.choice(known) + suffix})
        structs[f"S{generator.choice('zZaA')}{number}"] = fields
    primary = list(structs)[-1]
    # eth-account takes as primary type the one that no other refers to, so there may be only one.
    used, open_types = set(), [primary]
    while open_types:
        used.add(name := open_types.pop())
        open_types += [kind for field in structs[name] if (kind := field["type"].split("[")[0]) in structs]
    structs = {name: fields for name, fields in structs.items() if name in used}
    own = [{"name": "name", "type": "string"}, {"name": "version", "type": "string"},
           {"name": "chainId", "type": "uint256"}, {"name": "verifyingContract", "type": "address"},
           {"name": "salt", "type": "bytes32"}]
    structs["EIP712Domain"] = [field for field in own if generator.random() < 0.7] or own[:1]
    return {
        "types": structs, "primaryType": primary,
        "domain": random_value(generator, "EIP712Domain", structs),
        "message": random_value(generator, primary, structs),
    }


def test_five_hundred_pieces_of_typed_data_are_signed_alike():
    generator = random.Random(SEED + 5)
    print("seed", SEED + 5)
    cases = [(random_typed_data(generator), generator.randbytes(32)) for _ in range(500)]
    answers = inspect(
        [
            {"kind": "evm-typed-data", "input": {"typedData": data, "privateKey": key.hex()}} for data, key in cases
        ]
    )
    theirs = [Account.sign_typed_data(key, full_message=data) for data, key in cases]
    for (data, key), signed, answer in zip(cases, theirs, answers):
        assert answer["ok"], (answer, data)
        assert answer["result"] == {
            "digest": signed.message_hash.hex(), "signature": signed.signature.hex(),
            "signer": Account.from_key(key).address,
        }, data
    recovered = inspect(
        [
            {"kind": "evm-typed-data", "input": {"typedData": data, "signature": signed.signature.hex()}}
            for (data, _), signed in zip(cases, theirs)
        ]
    )
    assert [each["result"]["signer"] for each in recovered] == [Account.from_key(key).address for _, key in cases]


def test_what_is_not_canonical_is_refused():
    generator = random.Random(SEED + 1)
    _, transaction = random_transaction(generator)
    transaction = {"gasPrice": 1, **{name: transaction[name] for name in ("chainId", "nonce", "gas", "to", "value")}}
    raw = Account.sign_transaction(transaction, generator.randbytes(32)).raw_transaction
    fields = rlp.decode(bytes(raw))
    order = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141
    high = (order - int.from_bytes(fields[8], "big")).to_bytes(32, "big")
    wrong = [
        bytes(raw) + b"\0", bytes(raw)[:-1], rlp.encode(fields[:8]),
        rlp.encode(fields[:8] + [high]),  # S in the upper half (EIP-2)
        rlp.encode([b"\0" + fields[0]] + fields[1:]),  # a leading zero
        rlp.encode(fields[:3] + [fields[3][:19]] + fields[4:]),  # 19 bytes of an address
        rlp.encode(fields[:7] + [b""] + fields[8:]), b"\x05" + bytes(raw), b"",
    ]
    for answer in inspect([{"kind": "evm-transaction", "input": {"raw": case.hex()}} for case in wrong]):
        assert not answer["ok"]
        assert answer["error"]["code"] == "invalid_input"


def random_item(generator, depth):
    if depth and generator.random() < 0.4:
        return [random_item(generator, depth - 1) for _ in range(generator.randrange(0, 5))]
    return generator.randbytes(generator.choice([0, 1, 1, 2, 55, 56, 300]))


def as_hex(item):
    return item.hex() if isinstance(item, bytes) else [as_hex(element) for element in item]


def test_rlp_is_read_alike():
    generator = random.Random(SEED + 2)
    items = [random_item(generator, 6) for _ in range(500)]
    answers = inspect([{"kind": "rlp", "input": {"data": rlp.encode(item).hex()}} for item in items])
    for item, answer in zip(items, answers):
        assert answer["result"]["value"] == as_hex(item)


def test_keys_and_words_lead_to_the_same_addresses():
    generator = random.Random(SEED + 3)
    private = [generator.randbytes(32) for _ in range(200)]
    for key, answer in zip(private, inspect([{"kind": "evm-address", "input": {"privateKey": key.hex()}} for key in private])):
        assert answer["result"]["address"] == Account.from_key(key).address
    for words, path in [(12, "m/44'/60'/0'/0/0"), (15, "m/44'/60'/7'/0/3"), (24, "m/0/2147483647'/1")]:
        sentence = generate_mnemonic(words, Language.ENGLISH)
        [answer] = inspect([{"kind": "bip39", "input": {"mnemonic": sentence, "passphrase": "tea", "path": path}}])
        expected = Account.from_mnemonic(sentence, passphrase="tea", account_path=path)
        assert HexBytes(answer["result"]["privateKey"]) == expected.key


def test_types_three_and_four_are_read():
    generator = random.Random(SEED + 4)
    key = generator.randbytes(32)
    account = Account.from_key(key)
    common = {
        "chainId": 1, "nonce": 7, "gas": 100000, "to": account.address, "value": 5, "data": "0x",
        "maxFeePerGas": 9, "maxPriorityFeePerGas": 2, "accessList": [],
    }
    authorization = account.sign_authorization({"chainId": 1, "address": "0x" + "22" * 20, "nonce": 8})
    delegating = account.sign_transaction({**common, "type": 4, "authorizationList": [authorization]})
    [answer] = inspect([{"kind": "evm-transaction", "input": {"raw": delegating.raw_transaction.hex()}}])
    assert (answer["result"]["type"], answer["result"]["sender"]) == (4, account.address)
    assert HexBytes(answer["result"]["hash"]) == delegating.hash
    assert answer["result"]["authorizationList"][0]["nonce"] == 8
    blob = [1, 7, 2, 9, 100000, bytes.fromhex(account.address[2:]), 5, b"", [], 3, [b"\x01" + b"\x11" * 31]]
    digest = keccak(b"\x03" + rlp.encode(blob))
    signature = keys.PrivateKey(key).sign_msg_hash(digest)
    raw = b"\x03" + rlp.encode(blob + [signature.v, signature.r, signature.s])
    [answer] = inspect([{"kind": "evm-transaction", "input": {"raw": raw.hex()}}])
    assert (answer["result"]["type"], answer["result"]["sender"]) == (3, account.address)
