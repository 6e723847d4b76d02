"""pytoniq-core agrees with our cells, hashes, addresses, wallets, signed messages and message bodies."""

import os
import random

from product import inspect
from nacl.signing import SigningKey
from pytoniq_core import Address, Builder, Cell, begin_cell
from pytoniq_core.crypto.keys import mnemonic_new, mnemonic_to_private_key

SEED = int(os.environ.get("SEED", "20261125"))
WALLET_ID = 698983191


def random_cell(generator, depth=4):
    builder = Builder()
    for _ in range(generator.randrange(0, 12)):
        bits = generator.randrange(1, 80)
        builder.store_uint(generator.getrandbits(bits), bits)
    if depth:
        for _ in range(generator.randrange(0, 4)):
            builder.store_ref(random_cell(generator, depth - 1))
    return builder.end_cell()


def random_address(generator):
    return Address((generator.choice([0, -1]), generator.randbytes(32)))


def random_workchain(generator):
    """Standard addresses name workchains from -128 to 127, of which two exist."""
    return generator.choice([0, -1, 1, -128, 127, generator.randrange(-128, 128)])


def test_a_thousand_trees_of_cells_have_the_same_hash_and_depth():
    generator = random.Random(SEED)
    print("seed", SEED)
    cells = [random_cell(generator) for _ in range(1000)]
    # pytoniq-core 0.2.1 writes the cells' lengths into the index instead of their ends; readers do not need the index.
    answers = inspect(
        [
            {"kind": "ton-boc", "input": {"boc": cell.to_boc(has_idx=index % 3 == 0, hash_crc32=index % 2 == 0).hex()}}
            for index, cell in enumerate(cells)
        ]
    )
    for cell, answer in zip(cells, answers):
        root = answer["result"]["roots"][0]
        assert root["hash"] == cell.hash.hex()
        assert root["bits"] == len(cell.bits)
        assert root["refs"] == len(cell.refs)
        assert root["depth"] == cell.get_depth(0)


def test_a_thousand_addresses_are_the_same_in_every_spelling():
    generator = random.Random(SEED + 1)
    addresses = [Address((random_workchain(generator), generator.randbytes(32))) for _ in range(1000)]
    requests = []
    for address in addresses:
        bounceable, test_only = generator.random() < 0.5, generator.random() < 0.5
        text = address.to_str(is_bounceable=bounceable, is_test_only=test_only)
        requests.append({"kind": "ton-address", "input": {"text": text}})
    for address, request, answer in zip(addresses, requests, inspect(requests)):
        result = answer["result"]
        assert result["friendly"] == request["input"]["text"]
        assert result["raw"] == f"{address.wc}:{address.hash_part.hex()}"


def transfer_message(destination, amount, comment):
    """An internal message built with pytoniq-core by the TL-B scheme."""
    body = begin_cell().store_uint(0, 32).store_snake_string(comment).end_cell()
    builder = begin_cell().store_uint(0, 1).store_uint(1, 1).store_uint(0, 1).store_uint(0, 1)
    builder.store_uint(0, 2).store_address(destination).store_coins(amount).store_uint(0, 1)
    builder.store_coins(0).store_coins(0).store_uint(0, 64).store_uint(0, 32).store_uint(0, 1)
    if len(body.bits) + 1 <= 1023 - len(builder.bits) and not body.refs:
        return builder.store_uint(0, 1).store_cell(body).end_cell()
    return builder.store_uint(1, 1).store_ref(body).end_cell()


def test_signed_wallet_messages_are_what_the_contract_reads():
    generator = random.Random(SEED + 2)
    cases, requests = [], []
    for number in range(1000):
        seed = generator.randbytes(32)
        destination = random_address(generator)
        amount = generator.getrandbits(generator.randrange(1, 90))
        comment = "".join(generator.choice("abcdefgh ") for _ in range(generator.randrange(0, 60)))
        version = generator.choice(["v3r2", "v4r2"])
        seqno, valid_until = generator.randrange(1, 2**32), generator.randrange(1, 2**32)
        cases.append((seed, destination, amount, comment, version, seqno, valid_until))
        message = {"to": destination.to_str(is_bounceable=False), "amount": str(amount), "comment": comment, "mode": 3}
        requests.append(
            {
                "kind": "ton-sign-transfer",
                "input": {
                    "version": version, "seed": seed.hex(), "seqno": seqno, "validUntil": valid_until,
                    "messages": [message],
                },
            }
        )
    for case, answer in zip(cases, inspect(requests)):
        seed, destination, amount, comment, version, seqno, valid_until = case
        assert answer["ok"], answer
        external = Cell.one_from_boc(answer["result"]["boc"])
        assert external.hash.hex() == answer["result"]["hash"]
        parsed = external.begin_parse()
        assert parsed.load_uint(2) == 2
        assert parsed.load_uint(2) == 0
        parsed.load_address()
        assert parsed.load_coins() == 0
        assert parsed.load_bit() == 0
        body = parsed.load_ref().begin_parse() if parsed.load_bit() else parsed
        signature = body.load_bytes(64)
        expected = begin_cell().store_uint(WALLET_ID, 32).store_uint(valid_until, 32).store_uint(seqno, 32)
        if version == "v4r2":
            expected.store_uint(0, 8)
        expected.store_uint(3, 8).store_ref(transfer_message(destination, amount, comment))
        signed = expected.end_cell()
        assert SigningKey(seed).sign(signed.hash).signature == signature


def test_jetton_transfers_say_the_same():
    generator = random.Random(SEED + 3)
    cases, requests = [], []
    for _ in range(1000):
        destination, amount = random_address(generator), generator.getrandbits(generator.randrange(1, 119))
        query, comment = generator.getrandbits(64), "order " + generator.randbytes(4).hex()
        payload = begin_cell().store_uint(0, 32).store_snake_string(comment).end_cell()
        builder = begin_cell().store_uint(0x0F8A7EA5, 32).store_uint(query, 64).store_coins(amount)
        builder.store_address(destination).store_address(destination).store_uint(0, 1).store_coins(1)
        builder.store_uint(1, 1).store_ref(payload)
        cases.append((query, amount, destination, comment))
        requests.append({"kind": "ton-message-body", "input": {"boc": builder.end_cell().to_boc().hex()}})
    for (query, amount, destination, comment), answer in zip(cases, inspect(requests)):
        result = answer["result"]
        assert result["name"] == "transfer"
        assert (result["queryId"], result["amount"]) == (str(query), str(amount))
        assert Address(result["destination"]) == destination
        assert result["comment"] == comment


def test_words_lead_to_the_same_keys():
    words = [mnemonic_new() for _ in range(5)]
    for case, answer in zip(words, inspect([{"kind": "ton-mnemonic", "input": {"words": case}} for case in words])):
        public, private = mnemonic_to_private_key(case)
        assert answer["result"]["publicKey"] == public.hex()
        assert answer["result"]["seed"] == private[:32].hex()


def test_wallets_of_a_jetton_whose_code_is_a_library_are_where_their_state_says():
    """USDT's wallets hold a reference to a library instead of their code; their addresses are computed all the same."""
    # Cell type 2, and the hash of the code that the masterchain keeps.
    content = b"\x02" + bytes.fromhex("8f452d7a4dfd74066b682365177259ed05734435be76b5fd4bd5d8af2b7c3d68")
    code = Builder(type_=2).store_bytes(content).end_cell()
    master = Address("EQCxE6mUtQJKFnGfaROTKOt1lZbDiiX1kCixRv7Nw2Id_sDs")
    generator = random.Random(2)
    wishes, expected = [], []
    for _ in range(50):
        owner = Address(f"0:{generator.randbytes(32).hex()}")
        data = begin_cell().store_uint(0, 4).store_coins(0).store_address(owner).store_address(master).end_cell()
        state = begin_cell().store_uint(0b00110, 5).store_ref(code).store_ref(data).end_cell()
        expected.append(f"0:{state.hash.hex()}")
        wishes.append({
            "kind": "ton-jetton-wallet",
            "input": {
                "owner": owner.to_str(False), "master": master.to_str(False), "code": code.to_boc().hex(),
                "data": "stablecoin",
            },
        })
    assert [answer["result"]["raw"].lower() for answer in inspect(wishes)] == expected
