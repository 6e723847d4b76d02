"""A merchant of the sandbox, with its customers and networks."""

import hashlib
import hmac
import json
import time
import urllib.parse

from product import call


class Shop:
    """A merchant's requests by REST, and requests to control the sandbox."""

    def __init__(self, sandbox):
        self.sandbox = sandbox
        self.merchant, self.control = sandbox.merchant, sandbox.control

    def invoice(self, rail="ton", asset="ton:testnet:native", amount="1.5", **more):
        order = {
            "title": "Tea pot", "description": "A pot of tea", "goods": "physical", "amount": amount, "asset": asset,
            "place": "web" if rail == "evm" else "telegram", "rails": [{"rail": rail}], **more,
        }
        return self.merchant("invoices", order)

    def pay(self, invoice, user="alice", **wish):
        assert self.control("pay", option=invoice["options"][0], user=user, **wish)["taken"]

    def make_blocks_every(self, milliseconds):
        """Sets the time between blocks of the EVM chain; with 0 blocks are made on request only."""
        wish = {"jsonrpc": "2.0", "id": 1, "method": "evm_setIntervalMining", "params": [milliseconds]}
        assert call(self.sandbox["evm"], wish)["result"] is True

    def init_data(self, user):
        """The init data of a Mini App (core.telegram.org/bots/webapps, "Validating data")."""
        fields = {"auth_date": str(int(time.time())), "query_id": "q", "user": json.dumps({"id": user, "first_name": "A"})}
        lines = "\n".join(f"{key}={value}" for key, value in sorted(fields.items()))
        secret = hmac.new(b"WebAppData", self.sandbox["bot_token"].encode(), hashlib.sha256).digest()
        fields["hash"] = hmac.new(secret, lines.encode(), hashlib.sha256).hexdigest()
        return urllib.parse.urlencode(fields)
