import Money
import Payments
import Providers
import Seams
import Synchronization

/// A provider whose answers a test decides.
final class ScriptedProvider: PaymentProvider, TransferSending {
    struct Script {
        var submission = SubmissionOutcome.accepted
        var fate = TransferFate.pending
        var submitted = 0
        var prepared = 0
    }

    let script = Mutex(Script())
    let key = "scripted"
    let rail = Rail.ton
    let asset: AssetID

    init(asset: AssetID) {
        self.asset = asset
    }

    var capabilities: ProviderCapabilities {
        ProviderCapabilities(
            opening: .depositInstruction,
            assets: [asset],
            takesPartialPayments: true,
            refunds: .partial,
            paysOut: true,
            isTestNetwork: true
        )
    }

    var push: (any PushReceiving)? { nil }
    var scan: (any TransferScanning)? { nil }
    var send: (any TransferSending)? { self }
    var state: (any BalanceStating)? { nil }

    static func reference(_ option: PaymentOptionID) -> PaymentReference {
        PaymentReference(scope: "scripted", value: option.text)
    }

    func open(_ request: OpenRequest) async throws(ProviderError) -> OpenedOption {
        OpenedOption(
            instruction: .deposit(address: "address", comment: request.option.text, link: "link"),
            reference: Self.reference(request.option)
        )
    }

    func lane(of order: TransferOrder) -> String? { "lane" }

    func prepare(_ order: TransferOrder) async throws(ProviderError) -> PreparedTransfer {
        script.withLock { $0.prepared += 1 }
        return PreparedTransfer(bytes: Array(order.id.utf8), hash: "hash \(order.id)", sequence: 1, validUntil: nil)
    }

    func submit(_ prepared: PreparedTransfer) async -> SubmissionOutcome {
        script.withLock { script in
            script.submitted += 1
            return script.submission
        }
    }

    func fate(of prepared: PreparedTransfer, for order: TransferOrder) async throws(ProviderError) -> TransferFate {
        script.withLock { $0.fate }
    }
}
