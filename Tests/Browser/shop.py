"""A merchant of the sandbox, and what customers and networks do there."""

import hashlib
import hmac
import json
import time
import urllib.parse
import urllib.request


def call(url, body=None, **headers):
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(url, data, {"Content-Type": "application/json", **headers})
    with urllib.request.urlopen(request, timeout=30) as response:
        return json.load(response)


class Shop:
    """What a merchant does by REST, and what the sandbox does when it is told."""

    def __init__(self, sandbox):
        self.sandbox = sandbox
        self.key = {"Authorization": f"Bearer {sandbox['api_key']}"}

    def invoice(self, rail="ton", asset="ton:testnet:native", amount="1.5", **more):
        order = {
            "title": "Tea pot", "description": "A pot of tea", "goods": "physical", "amount": amount, "asset": asset,
            "place": "web" if rail == "evm" else "telegram", "rails": [{"rail": rail}], **more,
        }
        return call(f"{self.sandbox['gateway']}/v1/invoices", order, **self.key)

    def read(self, invoice):
        return call(f"{self.sandbox['gateway']}/v1/invoices/{invoice['id']}", **self.key)

    def post(self, path, body=None):
        return call(f"{self.sandbox['gateway']}/v1/{path}", body or {}, **self.key)

    def get(self, path):
        return call(f"{self.sandbox['gateway']}/v1/{path}", **self.key)

    def control(self, what, **wish):
        return call(f"{self.sandbox['control']}/{what}", wish)

    def pay(self, invoice, user="alice", **wish):
        assert self.control("pay", option=invoice["options"][0], user=user, **wish)["taken"]

    def init_data(self, user):
        """What Telegram gives a Mini App (core.telegram.org/bots/webapps, "Validating data")."""
        fields = {"auth_date": str(int(time.time())), "query_id": "q", "user": json.dumps({"id": user, "first_name": "A"})}
        lines = "\n".join(f"{key}={value}" for key, value in sorted(fields.items()))
        secret = hmac.new(b"WebAppData", self.sandbox["bot_token"].encode(), hashlib.sha256).digest()
        fields["hash"] = hmac.new(secret, lines.encode(), hashlib.sha256).hexdigest()
        return urllib.parse.urlencode(fields)
