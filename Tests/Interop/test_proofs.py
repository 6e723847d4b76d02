"""A real block of the main network's basechain (from the package tonpy), read by pytoniq-core and by us: whole, and as
Merkle proofs that leave out everything but the path to one chain transaction or account."""

import random

from pytoniq_core import Cell
from pytoniq_core.boc.exotic import CellTypes
from pytoniq_core.boc.tvm_bitarray import TvmBitarray
from pytoniq_core.tlb.block import Block
from tonpy.data_for_tests.block_boc import block_boc

from product import inspect

ROOT = Cell.one_from_boc(block_boc)
BLOCK = Block.deserialize(ROOT.begin_parse())
ACCOUNTS = BLOCK.extra.account_blocks[0]
TRANSACTIONS = [
    (account.to_bytes(32, "big"), lt, transaction.cell.hash)
    for account, part in ACCOUNTS.items()
    for lt, transaction in part.transactions[0].items()
]


def pruned(cell):
    """The pruned branch that replaces a cell in a Merkle proof."""
    depth = cell.get_depth(0) if hasattr(cell, "get_depth") else cell.depth
    data = bytes([1, 1]) + cell.get_hash(0) + depth.to_bytes(2, "big")
    bits = TvmBitarray(8 * len(data))
    bits.frombytes(data)
    return Cell(bits, [], CellTypes.pruned_branch)


def prune(cell, kept, whole=()):
    """The tree without the cells that are not kept."""
    if cell.hash in whole or not cell.refs:
        return cell
    if cell.hash not in kept:
        return pruned(cell)
    return Cell(cell.bits, [prune(child, kept, whole) for child in cell.refs], cell.type_)


def proof(tree):
    data = bytes([3]) + tree.get_hash(0) + tree.get_depth(0).to_bytes(2, "big")
    bits = TvmBitarray(8 * len(data))
    bits.frombytes(data)
    return Cell(bits, [tree], CellTypes.merkle_proof)


def above(cell, target, known):
    """Whether a cell is above the target or is it, for all cells below the first one."""
    if cell.hash not in known:
        known[cell.hash] = cell.hash == target
        for child in cell.refs:
            if above(child, target, known):
                known[cell.hash] = True
    return known[cell.hash]


def transaction_proof(target):
    known = {}
    assert above(ROOT, target, known)
    return proof(prune(ROOT, {hash_ for hash_, is_above in known.items() if is_above}))


def ask_all(wishes):
    return inspect([{"kind": "ton-block-proof", "input": {"rootHash": ROOT.hash.hex(), **wish}} for wish in wishes])


def ask(**fields):
    return ask_all([fields])[0]


def test_the_header_says_what_pytoniq_core_reads():
    wish = {"block": block_boc, "rootHash": ROOT.hash.hex()}
    [answer] = inspect([{"kind": "ton-block-header", "input": wish}])
    info = BLOCK.info
    assert answer["result"] == {
        "workchain": info.shard.workchain_id, "shard": answer["result"]["shard"], "seqno": info.seqno,
        "time": info.gen_utime, "startLt": str(info.start_lt), "endLt": str(info.end_lt),
    }


def test_chain_transactions_are_found_in_the_whole_block():
    assert len(TRANSACTIONS) > 50
    chosen = random.Random(5).sample(TRANSACTIONS, 30)
    wishes = [{"block": block_boc, "account": account.hex(), "lt": str(lt)} for account, lt, _ in chosen]
    for (_, _, expected), answer in zip(chosen, ask_all(wishes)):
        assert answer["result"]["transaction"] == expected.hex()


def test_a_proof_shows_its_chain_transaction_and_no_other():
    generator = random.Random(20261126)
    for account, lt, expected in generator.sample(TRANSACTIONS, 8):
        boc = transaction_proof(expected).to_boc().hex()
        assert len(boc) < len(block_boc) / 10
        assert ask(block=boc, account=account.hex(), lt=str(lt))["result"]["transaction"] == expected.hex()
        # A missing transaction is proven as well, where the proof shows its place.
        assert ask(block=boc, account=account.hex(), lt=str(lt + 10**9))["result"]["transaction"] is None
        other = next(a for a, _, h in TRANSACTIONS if a != account and a[0] >> 4 != account[0] >> 4)
        answer = ask(block=boc, account=other.hex(), lt="1")
        assert not answer["ok"] and "leaves out" in answer["error"]["message"]
        # The proof of a block with another hash is no proof of this one.
        wrong = ask(block=boc, account=account.hex(), lt=str(lt), rootHash="11" * 32)
        assert not wrong["ok"] and "invalid" in wrong["error"]["message"].lower()


def test_a_changed_proof_is_refused():
    account, lt, expected = TRANSACTIONS[3]
    boc = bytearray(transaction_proof(expected).to_boc())
    generator = random.Random(7)
    agreed, wishes = 0, []
    for _ in range(200):
        changed = bytearray(boc)
        changed[generator.randrange(len(changed))] ^= 1 << generator.randrange(8)
        wishes.append({"block": bytes(changed).hex(), "account": account.hex(), "lt": str(lt)})
    for answer in ask_all(wishes):
        # A change that alters no hash (a flag of the bag) may pass, but with the same answer only.
        if answer["ok"]:
            agreed += 1
            assert answer["result"]["transaction"] == expected.hex()
    assert agreed < 10


def test_accounts_that_the_block_changed_are_read_from_its_state():
    update = ROOT.refs[2]
    for account, part in list(ACCOUNTS.items())[:20]:
        key = account.to_bytes(32, "big")
        last = max(part.transactions[0].items())
        result = ask(block=block_boc, account=key.hex())["result"]
        assert result["lastLt"] == str(last[0])
        assert result["lastHash"] == last[1].cell.hash.hex()
        assert result["account"] == part.state_update.new_hash.hex()
        if "address" in result:
            assert result["address"] == f"0:{key.hex()}"
            assert int(result["balance"]) >= 0
    # The same from two proofs, as a lite server sends them: of the block down to its state update, and of the state.
    block_proof = proof(prune(ROOT, {ROOT.hash}, {update.hash}))
    state = update.refs[1]
    account = next(iter(ACCOUNTS)).to_bytes(32, "big")
    both = ask(block=block_proof.to_boc().hex(), state=proof(state).to_boc().hex(), account=account.hex())
    assert both["ok"], both
    assert both["result"] == ask(block=block_boc, account=account.hex())["result"]
    # A proof of another state is refused.
    wrong = ask(block=block_proof.to_boc().hex(), state=proof(update.refs[0]).to_boc().hex(), account=account.hex())
    assert not wrong["ok"]
