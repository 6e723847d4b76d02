import StrictJSON
import TON

extension Inspection {
    /// Decodes a chain transaction: its messages, and each phase with its outcome and its cost.
    func tonTransaction(_ input: InspectionInput) throws -> JSONValue {
        let transaction = try ChainTransaction(parsing: try input.cell("boc"))
        let incoming: JSONValue =
            if let message = transaction.inMessage, let hash = transaction.inMessageHash {
                Self.json(message, hash: hash)
            } else {
                .null
            }
        let outgoing = zip(transaction.outMessages, transaction.outMessageHashes).map { Self.json($0, hash: $1) }
        return [
            "hash": Self.json(transaction.hash), "account": Self.json(transaction.account),
            "lt": Self.json(transaction.lt), "previousHash": Self.json(transaction.previousHash),
            "previousLt": Self.json(transaction.previousLT), "now": .integer(Int64(transaction.now)),
            "originalStatus": .string("\(transaction.originalStatus)"),
            "endStatus": .string("\(transaction.endStatus)"),
            "inMessage": incoming, "outMessages": .array(outgoing), "totalFees": Self.json(transaction.totalFees),
            "oldState": Self.json(transaction.stateUpdate.old), "newState": Self.json(transaction.stateUpdate.new),
            "description": Self.json(transaction.description),
        ]
    }

    private static func json(_ hash: CellHash) -> JSONValue { .string(hash.description) }

    private static func json(_ number: some BinaryInteger) -> JSONValue { .string("\(number)") }

    private static func json(_ amount: UInt128?) -> JSONValue { amount.map { json($0) } ?? .null }

    private static func json(_ message: Message, hash: CellHash) -> JSONValue {
        var members: [JSONValue.Member] = [.init("hash", json(hash)), .init("body", json(message.body.hash))]
        switch message {
        case .internal(let message):
            members += [
                .init("kind", "internal"), .init("source", message.source.map { .string($0.raw) } ?? .null),
                .init("destination", .string(message.destination.raw)), .init("value", json(message.value)),
                .init("bounce", .bool(message.bounce)), .init("bounced", .bool(message.bounced)),
                .init("forwardFee", json(message.forwardFee)), .init("createdLt", json(message.createdLT)),
                .init("createdAt", .integer(Int64(message.createdAt))),
            ]
        case .externalIn(let message):
            members += [
                .init("kind", "external-in"), .init("destination", .string(message.destination.raw)),
                .init("importFee", json(message.importFee)),
            ]
        case .externalOut(let message):
            members += [
                .init("kind", "external-out"), .init("source", .string(message.source.raw)),
                .init("createdLt", json(message.createdLT)), .init("createdAt", .integer(Int64(message.createdAt))),
            ]
        }
        return .object(members)
    }

    private static func json(_ description: TransactionDescription) -> JSONValue {
        let storage: JSONValue =
            if let phase = description.storage {
                [
                    "collected": json(phase.collected), "due": json(phase.due),
                    "statusChange": .string("\(phase.statusChange)"),
                ]
            } else {
                .null
            }
        let credit: JSONValue =
            if let phase = description.credit {
                ["dueFeesCollected": json(phase.dueFeesCollected), "credit": json(phase.credit)]
            } else {
                .null
            }
        return [
            "kind": .string("\(description.kind)"), "creditFirst": .bool(description.creditFirst), "storage": storage,
            "credit": credit, "compute": description.compute.map { json($0) } ?? .null,
            "action": description.action.map { json($0) } ?? .null, "aborted": .bool(description.aborted),
            "bounce": description.bounce.map { json($0) } ?? .null, "destroyed": .bool(description.destroyed),
        ]
    }

    private static func json(_ phase: ComputePhase) -> JSONValue {
        switch phase {
        case .skipped(let reason): return ["skipped": .string("\(reason)")]
        case .executed(let result):
            return [
                "success": .bool(result.success), "messageStateUsed": .bool(result.usedMessageState),
                "accountActivated": .bool(result.activatedAccount), "gasFees": json(result.gasFees),
                "gasUsed": json(result.gasUsed), "gasLimit": json(result.gasLimit),
                "exitCode": .integer(Int64(result.exitCode)), "steps": .integer(Int64(result.steps)),
            ]
        }
    }

    private static func json(_ phase: ActionPhase) -> JSONValue {
        [
            "success": .bool(phase.success), "valid": .bool(phase.valid), "noFunds": .bool(phase.noFunds),
            "forwardFees": json(phase.forwardFees), "actionFees": json(phase.actionFees),
            "resultCode": .integer(Int64(phase.resultCode)), "totalActions": .integer(Int64(phase.totalActions)),
            "skippedActions": .integer(Int64(phase.skippedActions)),
            "messagesCreated": .integer(Int64(phase.messagesCreated)),
        ]
    }

    private static func json(_ phase: BouncePhase) -> JSONValue {
        switch phase {
        case .negativeFunds: ["kind": "negativeFunds"]
        case .noFunds(let fees): ["kind": "noFunds", "requiredForwardFees": json(fees)]
        case .ok(let messageFees, let forwardFees):
            ["kind": "ok", "messageFees": json(messageFees), "forwardFees": json(forwardFees)]
        }
    }
}
