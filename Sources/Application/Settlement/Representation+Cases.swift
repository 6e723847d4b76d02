import Money
package import Payments
import Seams
package import StrictJSON

/// Cases as merchants and the operator read them.
extension Representation {
    /// A case.
    ///
    /// - Throws: `MoneyError` when an asset is not in the list.
    /// - Returns: the object.
    package func json(_ exceptionCase: ExceptionCase) throws -> JSONValue { try json(exceptionCase, bytes: nil) }

    /// A case, with the rail's bytes that were set aside.
    ///
    /// - Parameters:
    ///   - exceptionCase: the case.
    ///   - bytes: the rail's bytes, in hexadecimal digits.
    /// - Throws: `MoneyError` when an asset is not in the list.
    /// - Returns: the object.
    package func json(_ exceptionCase: ExceptionCase, bytes: String?) throws -> JSONValue {
        [
            "id": .string(exceptionCase.id.text),
            "object": "case",
            "livemode": .bool(isLive),
            "reason": .string(exceptionCase.reason.rawValue),
            "state": .string(exceptionCase.state.rawValue),
            "merchant": .optional(exceptionCase.merchant?.text),
            "invoice": .optional(exceptionCase.invoice?.text),
            "payment": .optional(exceptionCase.payment?.text),
            "asset": .optional((exceptionCase.amount?.asset ?? exceptionCase.setAside?.asset)?.text),
            "amount": try exceptionCase.amount.map(text) ?? .null,
            "movement": try movement(of: exceptionCase),
            "set_aside": exceptionCase.setAside.map { json($0, bytes) } ?? .null,
            "opened_at": .string(exceptionCase.openedAt.description),
            "detail": .optional(exceptionCase.detail),
            "resolution": exceptionCase.resolution.map(json) ?? .null,
            "version": .integer(exceptionCase.version),
        ]
    }

    private func json(_ found: SetAside, _ bytes: String?) -> JSONValue {
        let members: [JSONValue.Member] = [
            .init("key", .string(found.naturalKey.text)), .init("account", .string(found.account)),
            .init("units", .optional(found.units)), .init("cause", .string(found.cause.rawValue)),
            .init("explanation", .string(found.explanation)),
            .init("occurred_at", .string(found.occurredAt.description)),
        ]
        return .object(members + (bytes.map { [.init("bytes", .string($0))] } ?? []))
    }

    private func json(_ resolution: ExceptionCase.Resolution) -> JSONValue {
        [
            "outcome": .string(resolution.outcome.rawValue),
            "object": .optional(resolution.object),
            "note": .optional(resolution.note),
            "resolved_at": .string(resolution.moment.description),
        ]
    }

    /// The evidence of the movement that a case is about, by which it is found on the rail.
    private func movement(of exceptionCase: ExceptionCase) throws -> JSONValue {
        guard let key = exceptionCase.movement, let evidence = exceptionCase.evidence else { return .null }
        return [
            "key": .string(key.text),
            "provider": .string(evidence.provider),
            "network": .optional(evidence.place?.network),
            "account": .optional(evidence.place?.account),
            "hash": .optional(evidence.place?.transaction),
            "block": .optional(evidence.place?.block),
            "reason": .string(evidence.reason),
            "receivers": .array(
                try evidence.receivers.map { receiver in
                    [
                        "destination": .string(receiver.destination),
                        "asset": .string(receiver.amount.asset.text),
                        "amount": try text(receiver.amount),
                    ]
                }
            ),
            "occurred_at": .string(evidence.occurredAt.description),
        ]
    }
}
