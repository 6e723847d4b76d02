"""Every chain transaction of a real block of the main network, compared with pytoniq-core field by field. The fixture
chain is written and read by our own code, so that these tests compare the format with a real one."""

from pytoniq_core import Cell
from pytoniq_core.tlb.block import Block
from tonpy.data_for_tests.block_boc import block_boc

from product import inspect

BLOCK = Block.deserialize(Cell.one_from_boc(block_boc).begin_parse())
TRANSACTIONS = [
    transaction
    for part in BLOCK.extra.account_blocks[0].values()
    for transaction in part.transactions[0].values()
]
STATUSES = {"uninitialized": "uninitialised", "frozen": "frozen", "active": "active", "nonexist": "nonexistent"}
SKIPPED = {"no_state": "noState", "bad_state": "badState", "no_gas": "noGas", "suspended": "suspended"}


def text(number):
    return None if number is None else str(number)


def raw(address):
    return f"{address.wc}:{address.hash_part.hex()}"


def message(expected):
    info = expected.info
    if expected.is_internal:
        return {
            "kind": "internal", "source": raw(info.src), "destination": raw(info.dest), "value": str(info.value.grams),
            "bounce": info.bounce, "bounced": info.bounced, "forwardFee": str(info.fwd_fee),
            "createdLt": str(info.created_lt), "createdAt": info.created_at, "body": expected.body.hash.hex(),
        }
    if expected.is_external:
        return {
            "kind": "external-in", "destination": raw(info.dest), "importFee": str(info.import_fee),
            "body": expected.body.hash.hex(),
        }
    return {
        "kind": "external-out", "source": raw(info.src), "createdLt": str(info.created_lt), "createdAt": info.created_at,
        "body": expected.body.hash.hex(),
    }


def storage(phase):
    return phase and {
        "collected": str(phase.storage_fees_collected), "due": text(phase.storage_fees_due),
        "statusChange": phase.status_change.type_,
    }


def credit(phase):
    return phase and {"dueFeesCollected": text(phase.due_fees_collected), "credit": str(phase.credit.grams)}


def compute(phase):
    if phase.type_ == "skipped":
        return {"skipped": SKIPPED[phase.reason.type_]}
    return {
        "success": phase.success, "messageStateUsed": phase.msg_state_used, "accountActivated": phase.account_activated,
        "gasFees": str(phase.gas_fees), "gasUsed": str(phase.gas_used), "gasLimit": str(phase.gas_limit),
        "exitCode": phase.exit_code, "steps": phase.vm_steps,
    }


def action(phase):
    return phase and {
        "success": phase.success, "valid": phase.valid, "noFunds": phase.no_funds,
        "forwardFees": text(phase.total_fwd_fees), "actionFees": text(phase.total_action_fees),
        "resultCode": phase.result_code, "totalActions": phase.tot_actions, "skippedActions": phase.skipped_actions,
        "messagesCreated": phase.msgs_created,
    }


def bounce(phase):
    if phase is None:
        return None
    if phase.type_ == "negfunds":
        return {"kind": "negativeFunds"}
    if phase.type_ == "nofunds":
        return {"kind": "noFunds", "requiredForwardFees": str(phase.req_fwd_fees)}
    return {"kind": "ok", "messageFees": str(phase.msg_fees), "forwardFees": str(phase.fwd_fees)}


def description(expected):
    assert expected.type_ == "ordinary"
    return {
        "kind": "ordinary", "creditFirst": expected.credit_first, "storage": storage(expected.storage_ph),
        "credit": credit(expected.credit_ph), "compute": compute(expected.compute_ph), "action": action(expected.action),
        "aborted": expected.aborted, "bounce": bounce(expected.bounce), "destroyed": expected.destroyed,
    }


def without_hash(answer):
    return answer and {key: value for key, value in answer.items() if key != "hash"}


def test_every_chain_transaction_of_a_real_block_is_read_as_pytoniq_core_reads_it():
    answers = inspect([{"kind": "ton-transaction", "input": {"boc": each.cell.to_boc().hex()}} for each in TRANSACTIONS])
    kinds = set()
    for expected, answer in zip(TRANSACTIONS, answers, strict=True):
        assert answer["ok"], answer
        result = answer["result"]
        assert result["hash"] == expected.cell.hash.hex()
        assert result["account"] == expected.account_addr.hex()
        assert (result["lt"], result["now"]) == (str(expected.lt), expected.now)
        assert result["previousHash"] == expected.prev_trans_hash.hex()
        assert result["previousLt"] == str(expected.prev_trans_lt)
        assert result["originalStatus"] == STATUSES[expected.orig_status.type_]
        assert result["endStatus"] == STATUSES[expected.end_status.type_]
        assert result["totalFees"] == str(expected.total_fees.grams)
        assert result["oldState"] == expected.state_update.old_hash.hex()
        assert result["newState"] == expected.state_update.new_hash.hex()
        assert without_hash(result["inMessage"]) == (expected.in_msg and message(expected.in_msg))
        assert [without_hash(each) for each in result["outMessages"]] == [message(each) for each in expected.out_msgs]
        assert result["description"] == description(expected.description)
        kinds |= {each["kind"] for each in [result["inMessage"], *result["outMessages"]]}
    # The block has transactions of these kinds, so the test covers them.
    assert kinds == {"internal", "external-in"}


def test_message_hashes_are_those_of_the_cells():
    cells = [each.cell for each in TRANSACTIONS if each.in_msg]
    answers = inspect([{"kind": "ton-transaction", "input": {"boc": each.to_boc().hex()}} for each in cells])
    for cell, answer in zip(cells, answers, strict=True):
        assert answer["result"]["inMessage"]["hash"] == cell.refs[0].refs[0].hash.hex()
