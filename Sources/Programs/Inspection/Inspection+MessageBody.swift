import Cryptography
import StrictJSON
import TON

extension Inspection {
    func tonMessageBody(_ input: InspectionInput) throws -> JSONValue {
        let body = MessageBody(reading: try input.cell("boc"))
        var members: [JSONValue.Member] = [.init("op", Self.op(body)), .init("name", .string(Self.name(body)))]
        try members.append(contentsOf: fields(body).map { JSONValue.Member($0.0, $0.1) })
        return .object(members)
    }

    private static func op(_ body: MessageBody) -> JSONValue {
        let op: UInt32? =
            switch body {
            case .empty: nil
            case .comment: MessageBody.Op.comment
            case .encryptedComment: MessageBody.Op.encryptedComment
            case .jettonTransfer: MessageBody.Op.jettonTransfer
            case .jettonInternalTransfer: MessageBody.Op.jettonInternalTransfer
            case .jettonNotification: MessageBody.Op.jettonNotification
            case .excesses: MessageBody.Op.excesses
            case .highloadTransfer: MessageBody.Op.highloadTransfer
            case .jettonBurn: MessageBody.Op.jettonBurn
            case .jettonBurnNotification: MessageBody.Op.jettonBurnNotification
            case .bounced: MessageBody.Op.bounced
            case .bouncedLegacy: MessageBody.Op.bouncedLegacy
            case .other(let op): op
            }
        return op.map { value in
            .string(Hex.encode(withUnsafeBytes(of: value.bigEndian) { Array($0) }))
        } ?? .null
    }

    private static func name(_ body: MessageBody) -> String {
        switch body {
        case .empty: "empty"
        case .comment: "text_comment"
        case .encryptedComment: "encrypted_comment"
        case .jettonTransfer: "transfer"
        case .jettonInternalTransfer: "internal_transfer"
        case .jettonNotification: "transfer_notification"
        case .excesses: "excesses"
        case .highloadTransfer: "highload_transfer"
        case .jettonBurn: "burn"
        case .jettonBurnNotification: "burn_notification"
        case .bounced: "bounced"
        case .bouncedLegacy: "bounced_legacy"
        case .other: "unknown"
        }
    }

    private func fields(_ body: MessageBody) throws -> [(String, JSONValue)] {
        switch body {
        case .empty, .encryptedComment, .other: return []
        case .comment(let bytes):
            let text = String(validating: bytes, as: UTF8.self)
            return [("text", .optional(text)), ("bytes", .string(Hex.encode(bytes)))]
        case .jettonTransfer(let body):
            return [
                ("queryId", Self.number(body.queryID)), ("amount", Self.number(body.amount)),
                ("destination", Self.address(body.destination)),
                ("responseDestination", Self.address(body.responseDestination)),
                ("customPayload", try Self.bag(body.customPayload)),
                ("forwardTonAmount", Self.number(body.forwardAmount)),
                ("forwardPayload", try Self.bag(body.forwardPayload)),
                ("comment", Self.comment(body.forwardPayload)),
            ]
        case .jettonInternalTransfer(let body):
            return [
                ("queryId", Self.number(body.queryID)), ("amount", Self.number(body.amount)),
                ("from", Self.address(body.from)), ("responseAddress", Self.address(body.responseAddress)),
                ("forwardTonAmount", Self.number(body.forwardAmount)),
                ("forwardPayload", try Self.bag(body.forwardPayload)),
                ("comment", Self.comment(body.forwardPayload)),
            ]
        case .jettonNotification(let body):
            return [
                ("queryId", Self.number(body.queryID)), ("amount", Self.number(body.amount)),
                ("sender", Self.address(body.sender)), ("forwardPayload", try Self.bag(body.forwardPayload)),
                ("comment", Self.comment(body.forwardPayload)),
            ]
        case .excesses(let queryID), .highloadTransfer(let queryID): return [("queryId", Self.number(queryID))]
        case .jettonBurn(let body):
            return [
                ("queryId", Self.number(body.queryID)), ("amount", Self.number(body.amount)),
                ("responseDestination", Self.address(body.responseDestination)),
            ]
        case .jettonBurnNotification(let body):
            return [
                ("queryId", Self.number(body.queryID)), ("amount", Self.number(body.amount)),
                ("sender", Self.address(body.sender)), ("responseDestination", Self.address(body.responseDestination)),
            ]
        case .bounced(let body):
            return [
                ("originalBody", try Self.bag(body.originalBody)), ("originalValue", Self.number(body.originalValue)),
                ("bouncedByPhase", .integer(Int64(body.phase))), ("exitCode", .integer(Int64(body.exitCode))),
            ]
        case .bouncedLegacy(let original): return [("originalBody", try Self.bag(original))]
        }
    }

    private static func number(_ value: some BinaryInteger) -> JSONValue { .string("\(value)") }

    private static func address(_ address: TONAddress?) -> JSONValue { .optional(address?.raw) }

    private static func bag(_ cell: Cell?) throws -> JSONValue {
        guard let cell else { return .null }
        return .string(Hex.encode(try cell.serialized()))
    }

    private static func comment(_ payload: Cell) -> JSONValue {
        guard case .comment(let bytes) = MessageBody(reading: payload) else { return .null }
        return .optional(String(validating: bytes, as: UTF8.self))
    }
}
