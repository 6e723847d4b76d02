"""A customer forgot the comment and claims the payment, with a TON Connect proof made by independent libraries."""

import base64
import hashlib
import json
import struct
import time
import urllib.error
import urllib.request

import nacl.signing
import pytest
from pytoniq_core import Address, Cell

from product import call, inspect


def ton_proof(seed, address, state_init, domain, payload):
    """A wallet's answer to a request for `ton_proof` (TON Connect, "Address proof signature")."""
    moment = int(time.time())
    account = Address(address)
    message = (
        b"ton-proof-item-v2/" + struct.pack(">i", account.wc) + account.hash_part
        + struct.pack("<I", len(domain)) + domain.encode() + struct.pack("<Q", moment) + payload.encode()
    )
    digest = hashlib.sha256(b"\xff\xffton-connect" + hashlib.sha256(message).digest()).digest()
    signature = nacl.signing.SigningKey(seed).sign(digest).signature
    return {
        "address": address,
        "state_init": base64.b64encode(state_init.to_boc()).decode(),
        "proof": {
            "timestamp": moment, "domain": {"lengthBytes": len(domain), "value": domain}, "payload": payload,
            "signature": base64.b64encode(signature).decode(),
        },
    }


def customer(name):
    """The sandbox's customer: seed, address and initial state of its v4r2 wallet."""
    seed = hashlib.sha256(f"1 customer {name}".encode()).digest()
    wish = {
        "version": "v4r2", "seed": seed.hex(), "seqno": 0, "validUntil": 1, "stateInit": True,
        "messages": [{"to": "0:" + "00" * 32, "amount": "1"}],
    }
    [answer] = inspect([{"kind": "ton-sign-transfer", "input": wish}])
    slice_ = Cell.one_from_boc(answer["result"]["boc"]).begin_parse()
    slice_.load_uint(4)
    address = slice_.load_address()
    slice_.load_coins(), slice_.load_bit(), slice_.load_bit()
    return seed, address.to_str(False), slice_.load_ref()


def test_a_payment_without_comment_is_claimed_by_whoever_owns_the_wallet(sandbox):
    key = {"Authorization": f"Bearer {sandbox['api_key']}"}
    asset = "ton:testnet:native"
    order = {
        "title": "Tea", "description": "Tea", "goods": "physical", "amount": "1.25", "asset": asset,
        "rails": [{"rail": "ton", "asset": asset}],
    }
    gateway = sandbox["gateway"]
    invoice = call(f"{gateway}/v1/invoices", order, **key, **{"Idempotency-Key": "claim"})
    [option] = invoice["options"]
    call(f"{sandbox['control']}/pay", {"option": option, "user": "forgetful", "no_comment": True})
    seed, address, state_init = customer("forgetful")

    def claim(proof, challenge, number):
        body = {"rail": "ton", "challenge": challenge, "proof": proof}
        return call(f"{gateway}/v1/invoices/{invoice['id']}/claims", body, **key, **{"Idempotency-Key": f"c{number}"})

    def refused(*arguments):
        with pytest.raises(urllib.error.HTTPError) as error:
            claim(*arguments)
        return error.value.code, json.load(error.value)["detail"]

    asked = call(
        f"{gateway}/v1/invoices/{invoice['id']}/claim_challenges", {}, **key, **{"Idempotency-Key": "challenge"}
    )
    challenge, domain = asked["challenge"], asked["domain"]
    good = ton_proof(seed, address, state_init, domain, challenge)
    # A stranger's signature, a proof for another site, and a challenge that we never issued.
    stranger = ton_proof(hashlib.sha256(b"x").digest(), address, state_init, domain, challenge)
    assert refused(stranger, challenge, 1) == (422, "the signature is wrong")
    assert "domain" in refused(ton_proof(seed, address, state_init, "evil.example", challenge), challenge, 2)[1]
    assert "challenge" in refused(good, challenge[:-1] + ("0" if challenge[-1] != "0" else "1"), 3)[1]

    claimed = None
    for number in range(200):
        call(f"{sandbox['control']}/mine", {"blocks": 1})
        try:
            claimed = claim(good, challenge, 100 + number)
            break
        except urllib.error.HTTPError as error:
            # The payment has not been read yet.
            assert error.code == 404, error.read()
    [payment] = claimed["data"]
    assert payment["classification"] == "exact" and payment["invoice"] == invoice["id"]
    assert call(f"{gateway}/v1/invoices/{invoice['id']}", **key)["state"] == "settled"
    assert refused(good, challenge, 4)[0] == 404
