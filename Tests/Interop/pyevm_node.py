"""A node of an EVM chain that py-evm runs. Hashes, roots, receipts, logs and state come from py-evm, and a JSON-RPC
server (Ethereum execution API) serves them: a second implementation beside the sandbox's own chain."""

import json
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from eth.chains.base import MiningChain
from eth.consensus import NoProofConsensus
from eth.db.atomic import AtomicDB
from eth._utils.address import generate_contract_address
from eth.vm.forks.prague import PragueVM
from eth.vm.spoof import SpoofTransaction

CHAIN_ID = 31_337
GENESIS = {
    "coinbase": b"\0" * 20, "difficulty": 0, "extra_data": b"", "gas_limit": 30_000_000, "mix_hash": b"\0" * 32,
    "nonce": b"\0" * 8, "timestamp": int(time.time()) - 3_600,
}


class Chain(MiningChain):
    """Ethereum's rules as of Prague, with blocks made on request."""

    chain_id = CHAIN_ID
    vm_configuration = ((0, PragueVM.configure(consensus_class=NoProofConsensus)),)

    def create_header_from_parent(self, parent_header, **parameters):
        return super().create_header_from_parent(parent_header, **{**parameters, "gas_limit": parent_header.gas_limit})


def quantity(number):
    return hex(number)


def data(content):
    return "0x" + bytes(content).hex()


def word(number):
    return "0x" + number.to_bytes(32, "big").hex()


def created(transaction):
    return generate_contract_address(transaction.sender, transaction.nonce)


class Node:
    """The chain and what its JSON-RPC methods answer."""

    def __init__(self, balances):
        state = {
            address: {"balance": balance, "nonce": 0, "code": b"", "storage": {}} for address, balance in balances.items()
        }
        self.chain = Chain.from_genesis(AtomicDB(), GENESIS, state)
        self.pool = []
        self.lock = threading.RLock()

    # Events of the chain

    def mine(self, blocks=1):
        """Makes blocks, at least a second apart; the pending transactions are in the first one."""
        with self.lock:
            for _ in range(blocks):
                parent = self.chain.get_canonical_head()
                self.chain.mine_all(
                    self.pool, timestamp=max(parent.timestamp + 1, int(time.time())), mix_hash=parent.hash, blob_gas_used=0
                )
                self.pool = []

    def take(self, raw):
        with self.lock:
            transaction = self.chain.get_vm().get_transaction_builder().decode(raw)
            transaction.validate()
            # A transaction is sent to each node, and a block may be made in between: nodes then refuse it with this
            # error.
            if transaction.nonce < self.state("latest").get_nonce(transaction.sender):
                raise ValueError("nonce too low")
            if all(each.hash != transaction.hash for each in self.pool):
                self.pool.append(transaction)
            return transaction.hash

    # Answers

    def header(self, tag):
        head = self.chain.get_canonical_head()
        if isinstance(tag, dict):
            return self.chain.get_block_header_by_hash(bytes.fromhex(tag["blockHash"][2:]))
        if tag in ("latest", "pending"):
            return head
        if tag in ("safe", "finalized"):
            return self.chain.get_canonical_block_header_by_number(max(0, head.block_number - 2))
        number = int(tag, 16)
        return None if number > head.block_number else self.chain.get_canonical_block_header_by_number(number)

    def state(self, tag):
        return self.chain.get_vm(at_header=self.header(tag)).state

    def block(self, header):
        return self.chain.get_block_by_hash(header.hash)

    def transaction(self, header, index, transaction):
        fields = {
            "blockHash": data(header.hash), "blockNumber": quantity(header.block_number), "transactionIndex": quantity(index),
            "hash": data(transaction.hash), "from": data(transaction.sender), "type": quantity(transaction.type_id or 0),
            "to": data(transaction.to) if transaction.to else None, "value": quantity(transaction.value),
            "nonce": quantity(transaction.nonce), "gas": quantity(transaction.gas), "input": data(transaction.data),
            "r": quantity(transaction.r), "s": quantity(transaction.s),
        }
        if not transaction.type_id:
            return {**fields, "v": quantity(transaction.v), "gasPrice": quantity(transaction.gas_price)}
        fields |= {
            "v": quantity(transaction.y_parity), "yParity": quantity(transaction.y_parity),
            "chainId": quantity(transaction.chain_id),
            "accessList": [
                {"address": data(address), "storageKeys": [word(key) for key in keys]}
                for address, keys in transaction.access_list
            ],
        }
        if transaction.type_id == 1:
            return {**fields, "gasPrice": quantity(transaction.gas_price)}
        price = min(
            transaction.max_fee_per_gas, header.base_fee_per_gas + transaction.max_priority_fee_per_gas
        )
        fields |= {
            "maxFeePerGas": quantity(transaction.max_fee_per_gas), "gasPrice": quantity(price),
            "maxPriorityFeePerGas": quantity(transaction.max_priority_fee_per_gas),
        }
        if transaction.type_id == 4:
            fields["authorizationList"] = [
                {
                    "chainId": quantity(each.chain_id), "address": data(each.address), "nonce": quantity(each.nonce),
                    "yParity": quantity(each.y_parity), "r": quantity(each.r), "s": quantity(each.s),
                }
                for each in transaction.authorization_list
            ]
        return fields

    def full(self, header, with_transactions):
        if header is None:
            return None
        transactions = self.block(header).transactions
        return {
            "number": quantity(header.block_number), "hash": data(header.hash), "parentHash": data(header.parent_hash),
            "sha3Uncles": data(header.uncles_hash), "miner": data(header.coinbase), "stateRoot": data(header.state_root),
            "transactionsRoot": data(header.transaction_root), "receiptsRoot": data(header.receipt_root),
            "logsBloom": data(header.bloom.to_bytes(256, "big")), "difficulty": quantity(header.difficulty),
            "gasLimit": quantity(header.gas_limit), "gasUsed": quantity(header.gas_used),
            "timestamp": quantity(header.timestamp), "extraData": data(header.extra_data), "mixHash": data(header.mix_hash),
            "nonce": data(header.nonce), "baseFeePerGas": quantity(header.base_fee_per_gas),
            "withdrawalsRoot": data(header.withdrawals_root), "blobGasUsed": quantity(header.blob_gas_used),
            "excessBlobGas": quantity(header.excess_blob_gas),
            "parentBeaconBlockRoot": data(header.parent_beacon_block_root), "requestsHash": data(header.requests_hash),
            "uncles": [], "withdrawals": [],
            "transactions": [
                self.transaction(header, index, each) if with_transactions else data(each.hash)
                for index, each in enumerate(transactions)
            ],
        }

    def receipts(self, header):
        block = self.block(header)
        told, before, logs = [], 0, 0
        for index, (transaction, receipt) in enumerate(
            zip(block.transactions, block.get_receipts(self.chain.chaindb), strict=True)
        ):
            fields = self.transaction(header, index, transaction)
            place = {
                "blockHash": fields["blockHash"], "blockNumber": fields["blockNumber"],
                "transactionHash": fields["hash"], "transactionIndex": fields["transactionIndex"],
            }
            told.append(
                {
                    **place, "from": fields["from"], "to": fields["to"], "type": fields["type"],
                    "status": quantity(receipt.state_root[0] if receipt.state_root else 0),
                    "cumulativeGasUsed": quantity(receipt.gas_used), "gasUsed": quantity(receipt.gas_used - before),
                    "effectiveGasPrice": fields["gasPrice"],
                    "contractAddress": None if transaction.to else data(created(transaction)), "logsBloom": data(receipt.bloom.to_bytes(256, "big")),
                    "logs": [
                        {
                            **place, "logIndex": quantity(logs + position), "removed": False, "address": data(log.address),
                            "topics": [word(topic) for topic in log.topics], "data": data(log.data),
                        }
                        for position, log in enumerate(receipt.logs)
                    ],
                }
            )
            before, logs = receipt.gas_used, logs + len(receipt.logs)
        return told

    def logs(self, query):
        [topics, *_] = [query["topics"]]
        addresses = query["address"] if isinstance(query["address"], list) else [query["address"]]
        return [
            log
            for receipt in self.receipts(self.header({"blockHash": query["blockHash"]}))
            for log in receipt["logs"]
            if log["address"] in addresses and log["topics"][: len(topics)] == topics
        ]

    def simulated(self, call, header):
        sender = bytes.fromhex(call.get("from", "0x" + "00" * 20)[2:])
        state = self.chain.get_vm(at_header=header).state
        builder = self.chain.get_vm(at_header=header).get_transaction_builder()
        unsigned = builder.create_unsigned_transaction(
            nonce=state.get_nonce(sender), gas_price=header.base_fee_per_gas, gas=header.gas_limit // 2,
            to=bytes.fromhex(call["to"][2:]), value=int(call.get("value", "0x0"), 16),
            data=bytes.fromhex(call.get("data", "0x")[2:]),
        )
        return SpoofTransaction(unsigned, from_=sender)

    def answer(self, method, parameters):
        with self.lock:
            return getattr(self, method)(*parameters)

    def eth_chainId(self):
        return quantity(CHAIN_ID)

    def eth_blockNumber(self):
        return quantity(self.chain.get_canonical_head().block_number)

    def eth_getBlockByNumber(self, tag, with_transactions):
        return self.full(self.header(tag), with_transactions)

    def eth_getBlockReceipts(self, block):
        return self.receipts(self.header({"blockHash": block}))

    def eth_getTransactionReceipt(self, wanted):
        for number in range(self.chain.get_canonical_head().block_number, 0, -1):
            for receipt in self.receipts(self.chain.get_canonical_block_header_by_number(number)):
                if receipt["transactionHash"] == wanted:
                    return receipt
        return None

    def eth_getLogs(self, query):
        return self.logs(query)

    def eth_getBalance(self, address, tag):
        return quantity(self.state(tag).get_balance(bytes.fromhex(address[2:])))

    def eth_getTransactionCount(self, address, tag):
        return quantity(self.state(tag).get_nonce(bytes.fromhex(address[2:])))

    def eth_getCode(self, address, tag):
        return data(self.state(tag).get_code(bytes.fromhex(address[2:])))

    def eth_call(self, call, tag):
        header = self.header(tag)
        return data(self.chain.get_transaction_result(self.simulated(call, header), header))

    def eth_estimateGas(self, call, tag="latest"):
        header = self.header(tag)
        return quantity(self.chain.estimate_gas(self.simulated(call, header), header))

    def eth_feeHistory(self, blocks, tag, percentiles):
        base = self.header(tag).base_fee_per_gas
        return {"oldestBlock": "0x0", "baseFeePerGas": [quantity(base)] * 2, "reward": [["0x3b9aca00"]], "gasUsedRatio": [0.5]}

    def eth_sendRawTransaction(self, raw):
        return data(self.take(bytes.fromhex(raw[2:])))


class Answering(BaseHTTPRequestHandler):
    """JSON-RPC 2.0 over HTTP, with batches."""

    def answer(self, call):
        try:
            return {"jsonrpc": "2.0", "id": call["id"], "result": self.server.node.answer(call["method"], call["params"])}
        except Exception as failure:
            return {"jsonrpc": "2.0", "id": call["id"], "error": {"code": -32000, "message": repr(failure)}}

    def do_POST(self):
        calls = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        answers = [self.answer(call) for call in calls] if isinstance(calls, list) else self.answer(calls)
        body = json.dumps(answers).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *arguments):
        pass


class Server(ThreadingHTTPServer):
    def handle_error(self, *arguments):
        """A stopped gateway does not wait for its answer."""


def serve(node):
    """Starts the server, on a free port."""
    server = Server(("127.0.0.1", 0), Answering)
    server.node = node
    server.url = f"http://127.0.0.1:{server.server_port}"
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server
