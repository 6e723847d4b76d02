import Cryptography
import Money
import Seams
import StrictJSON
import TON

extension Inspection {
    func amount(_ input: InspectionInput) throws -> JSONValue {
        let name = try input.text("asset")
        guard let asset = assets.asset(code: name) ?? (try? AssetID(name)).flatMap(assets.asset) else {
            throw Failure("unknown_asset", "no asset '\(name.prefix(140))' is listed in assets.yaml of the catalogues")
        }
        let amount = try asset.amount(try input.text("text"), allowingNegative: true)
        return ["units": .string(amount.units.description), "text": .string(try asset.text(amount))]
    }

    func tonAddress(_ input: InspectionInput) throws -> JSONValue {
        let text = try AddressText(try input.text("text"))
        let (bounceable, testOnly) = (text.isBounceable ?? true, text.isTestOnly ?? false)
        return [
            "workchain": .integer(Int64(text.address.workchain)),
            "workchainExists": .bool(text.address.isOnExistingWorkchain),
            "hash": .string(text.address.hash.description),
            "bounceable": text.isBounceable.map(JSONValue.bool) ?? .null,
            "testOnly": text.isTestOnly.map(JSONValue.bool) ?? .null, "raw": .string(text.address.raw),
            "friendly": .string(text.address.friendly(bounceable: bounceable, testOnly: testOnly)),
        ]
    }

    func tonBag(_ input: InspectionInput) throws -> JSONValue {
        let bag = try BagOfCells(parsing: BagOfCells.bytes(ofText: try input.text("boc")))
        let roots = bag.roots.map { cell -> JSONValue in
            [
                "hash": .string(cell.hash.description), "depth": .integer(Int64(cell.depth)),
                "bits": .integer(Int64(cell.bitCount)), "refs": .integer(Int64(cell.referenceCount)),
                "exotic": .bool(cell.isExotic),
            ]
        }
        return ["roots": .array(roots), "cells": .integer(Int64(bag.distinctCellCount))]
    }

    func tonMnemonic(_ input: InspectionInput) throws -> JSONValue {
        let words: [String]
        if let array = input.value["words"]?.arrayValue {
            words = array.map { $0.stringValue ?? "" }
        } else {
            words = try input.text("words").split(separator: " ").map { String($0) }
        }
        let mnemonic = try Mnemonic(words, password: try input.optionalText("password") ?? "")
        let key = try Ed25519.PrivateKey(seed: mnemonic.seed)
        return [
            "publicKey": .string(Hex.encode(key.publicKey.bytes)),
            "seed": .string(mnemonic.seed.withUnsafeBytes { Hex.encode(Array($0)) }),
        ]
    }

    private func wallet(_ input: InspectionInput, _ key: Ed25519.PublicKey) throws -> Wallet {
        guard let version = WalletVersion(rawValue: try input.text("version")) else {
            throw Failure("invalid_input", "'version' is v3r2, v4r2 or v5r1")
        }
        let workchain = Int(clamping: try input.optionalInteger("workchain") ?? 0)
        guard Int8(exactly: workchain) != nil else {
            throw Failure("invalid_input", "'workchain' is a number from -128 to 127")
        }
        if let id = try input.optionalUInt32("walletId") {
            return Wallet(version: version, publicKey: key, workchain: workchain, walletID: id)
        }
        guard let network = TONNetwork(rawValue: try input.optionalText("network") ?? "mainnet") else {
            throw Failure("invalid_input", "'network' is mainnet or testnet")
        }
        return Wallet(version: version, publicKey: key, workchain: workchain, network: network)
    }

    func tonWalletAddress(_ input: InspectionInput) throws -> JSONValue {
        let address = try wallet(input, Ed25519.PublicKey(try input.bytes("publicKey"))).address()
        return ["raw": .string(address.raw), "friendly": .string(address.friendly(bounceable: true))]
    }

    func tonSignTransfer(_ input: InspectionInput) throws -> JSONValue {
        let key = try Ed25519.PrivateKey(seed: try input.secret("seed"))
        let seqno = try input.uint32("seqno")
        let messages = try input.array("messages").map(walletMessage)
        let transfer = try wallet(input, key.publicKey).sign(
            messages,
            seqno: seqno,
            validUntil: try input.uint32("validUntil"),
            with: key,
            deploying: try input.flag("stateInit")
        )
        return [
            "boc": .string(Hex.encode(try transfer.serialized())), "hash": .string(transfer.cell.hash.description),
            "normalizedHash": .string(transfer.normalizedHash.description),
        ]
    }

    func walletMessage(_ input: InspectionInput) throws -> WalletMessage {
        let text = try AddressText(try input.text("to"))
        let amountText = input.value["amount"]?.stringValue ?? input.value["amount"]?.integerValue.map { "\($0)" } ?? ""
        guard let amount = UInt128(amountText), "\(amount)" == amountText else {
            throw Failure("invalid_input", "'amount' is in nanotons, in digits")
        }
        var body: Cell?
        if let comment = try input.optionalText("comment") { body = try MessageBody.cell(comment: Array(comment.utf8)) }
        if input.value["body"] != nil { body = try input.cell("body") }
        let bounce = input.value["bounce"] == nil ? text.isBounceable ?? true : try input.flag("bounce")
        guard let mode = UInt8(exactly: try input.optionalInteger("mode") ?? 3) else {
            throw Failure("invalid_input", "'mode' is a send mode")
        }
        return try WalletMessage(to: text.address, amount: amount, bounce: bounce, body: body, mode: mode)
    }

    func tonJettonWallet(_ input: InspectionInput) throws -> JSONValue {
        guard let layout = JettonWalletLayout(rawValue: try input.text("data")) else {
            throw Failure("invalid_input", "'data' is standard or stablecoin")
        }
        let address = try JettonWallet.address(
            owner: TONAddress(try input.text("owner")),
            master: TONAddress(try input.text("master")),
            code: try input.cell("code"),
            layout: layout
        )
        return ["raw": .string(address.raw), "friendly": .string(address.friendly(bounceable: true))]
    }

    func tonProof(_ input: InspectionInput) throws -> JSONValue {
        let item = InspectionInput(value: input.value["proof"]?["proof"] ?? input.value["proof"] ?? input.value)
        let domain = item.value["domain"]?["value"]?.stringValue ?? item.value["domain"]?.stringValue
        guard let domain else { throw Failure("invalid_input", "the proof has no domain") }
        let proof = TONProof(
            address: try TONAddress(try input.text("address")),
            domain: domain,
            timestamp: Timestamp(seconds: try item.integer("timestamp")),
            payload: try item.text("payload"),
            signature: try Base64.decode(try item.text("signature"), alphabet: .standard, padding: .optional)
        )
        let state = try input.optionalText("stateInit").map { try StateInit(parsing: BagOfCells.root(ofText: $0)) }
        let key = input.value["publicKey"] == nil ? nil : try input.bytes("publicKey")
        let expectation = TONProof.Expectation(
            domain: try input.optionalText("domain") ?? domain,
            payload: try input.optionalText("payload") ?? proof.payload,
            now: try input.moment("now")
        )
        let refusal = proof.refusal(expecting: expectation, stateInit: state, claimedKey: key)
        return Self.verdict(refusal)
    }

    static func verdict(_ refusal: String?) -> JSONValue {
        refusal.map { ["valid": .bool(false), "reason": .string($0)] } ?? ["valid": .bool(true)]
    }
}
