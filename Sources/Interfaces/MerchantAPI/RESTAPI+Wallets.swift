import HTTPMessages
import Money
import Payments
import Providers
import Records
import Routing
import Seams
import Settlement
import StrictJSON

/// Requests of the operator about wallets.
extension RESTAPI {
    func listWallets(_ call: APIRequest) async throws -> HTTPResponse {
        try requireOperator(call)
        try call.allow()
        let wallets = try await settlement.listWallets().map(json)
        let list: JSONValue = [
            "object": "list", "data": .array(wallets), "has_more": .bool(false), "url": "/v1/wallets",
        ]
        return json(list)
    }

    private enum Decision: String, CaseIterable {
        case left
        case owed
    }

    func decideTransfer(_ call: APIRequest) async throws -> HTTPResponse {
        try requireOperator(call)
        let body = try call.object("transfer", "decision", "spend", "position")
        let transfer = try body.text("transfer")
        let word: Decision = try body.word("decision")
        let decision: WalletDecision
        switch word {
        case .owed:
            guard body.value["spend"] ?? .null == .null else {
                throw Problem.unprocessable("'spend' belongs to left", "spend")
            }
            decision = .owed
        case .left:
            let position = Int(clamping: try body.optionalInteger("position") ?? 0)
            decision = .left(NaturalKey(stored: try body.text("spend")), position: position)
        }
        return json(try representation.json(try await settlement.decide(transfer, decision)))
    }

    func resumeWallet(_ call: APIRequest) async throws -> HTTPResponse {
        try requireOperator(call)
        let body = try call.object("provider", "wallet")
        let wallet = try await settlement.resumeWallet(body.text("wallet"), of: body.text("provider"))
        return json(try json(WalletList(wallet: wallet)))
    }

    private func json(_ list: WalletList) throws -> JSONValue {
        let wallet = list.wallet
        return [
            "object": "wallet",
            "provider": .string(wallet.provider),
            "wallet": .string(wallet.wallet),
            "pays_others": .bool(wallet.paysOthers),
            "state": .string(wallet.hold == nil ? "signing" : "held"),
            "reason": .optional(wallet.hold?.kind.rawValue),
            "sentence": .optional(wallet.hold?.sentence),
            "held_since": .optional(wallet.hold?.since.description),
            "left": .array(try list.spends.map(json)),
            "has_more_left": .bool(list.hasMoreSpends),
            "has_more_owed": .bool(list.hasMoreOwed),
            "owed": .array(
                try list.owed.map { owed in
                    [
                        "transfer": try representation.json(owed.transfer),
                        "is_reviewed": .bool(owed.isReviewed),
                        "candidates": .array(
                            owed.candidates.map { candidate in
                                [
                                    "spend": .string(candidate.spend.key.text),
                                    "position": .integer(Int64(candidate.spend.position)),
                                    "likeness": .string(candidate.likeness.rawValue),
                                ]
                            }
                        ),
                    ]
                }
            ),
        ]
    }

    private func json(_ spend: WalletSpend) throws -> JSONValue {
        [
            "spend": .string(spend.key.text),
            "position": .integer(Int64(spend.position)),
            "number": .optional(spend.number.map(String.init)),
            "evidence": .string(spend.evidence),
            "destination": .optional(spend.payment?.destination),
            "asset": .optional(spend.payment?.amount.asset.text),
            "amount": try spend.payment.map { try representation.text($0.amount) } ?? .null,
            // A comment on a chain may hold any bytes; invalid UTF-8 is replaced for display.
            "comment": .optional(spend.payment?.comment.map { String(decoding: $0, as: UTF8.self) }),
            "transfer": .optional(spend.transfer),
            "occurred_at": .string(spend.occurredAt.description),
        ]
    }
}
