import HTTPMessages
import Payments
import Seams
import Settlement
import StrictJSON
import TONConnect
package import WalletPayments

/// Paying by TON Connect: the page asks for a session, and shows its link and the wallet's answer.
extension Checkout {
    /// The manifest that wallets show to customers (TON Connect); it is public.
    func manifest() throws(CheckoutError) -> HTTPResponse {
        guard let wallets, let base = settlement.address.url else { throw .notFound }
        let value: JSONValue = [
            "url": .string(base), "name": .string(wallets.name), "iconUrl": .string("\(base)/tonconnect-icon.png"),
        ]
        let fields = [
            HTTPField("Content-Type", "application/json"), HTTPField("Access-Control-Allow-Origin", "*"),
            HTTPField("Cache-Control", "public, max-age=300"),
        ]
        return HTTPResponse(status: 200, fields: fields, body: value.bytes)
    }

    /// Opens a session with the wallet that the form names; a script gets its link, a form the page again.
    func openWallet(_ target: CheckoutTarget) async throws -> HTTPResponse {
        let facts = try await facts(target.path[1])
        let invoice = facts.invoice.invoice
        guard let wallets, target.request.body.count <= 1_000 else { throw CheckoutError.notFound }
        guard invoice.payer == nil || invoice.payer == user(of: target, for: facts.invoice) else {
            throw CheckoutError.unauthorized("the invoice is for one customer; open it in Telegram")
        }
        let form = RequestTarget("?" + String(decoding: target.request.body, as: UTF8.self))
        guard let wallet = form.parameter("wallet"), let wanted = form.parameter("option") else {
            throw CheckoutError.refused("a form names 'option' and 'wallet'")
        }
        guard let option = facts.invoice.options.first(where: { $0.id.text == wanted }) else {
            throw CheckoutError.notFound
        }
        let session: WalletSession
        do { session = try await wallets.payments.open(option, with: wallet) } catch let error as WalletPaymentError {
            switch error.code {
            case .notFound: throw CheckoutError.notFound
            case .notPayable: throw CheckoutError.refused(error.reason)
            case .tooMany: throw CheckoutError.tooManyStreams
            }
        }
        guard target.request.field("Accept")?.contains("application/json") ?? false else {
            let fields = [HTTPField("Location", "/pay/\(invoice.id.text)"), HTTPField("Cache-Control", "no-store")]
            return HTTPResponse(status: 303, fields: fields, body: [])
        }
        let value: JSONValue = [
            "object": "wallet_session", "id": .string(session.opening.id.text),
            "state": .string(session.state.rawValue), "link": .string(session.opening.link),
            "expires_at": .string(session.opening.expiresAt.description),
        ]
        let fields = [HTTPField("Content-Type", "application/json"), HTTPField("Cache-Control", "no-store")]
        return HTTPResponse(status: 201, fields: fields, body: value.bytes)
    }
}

/// TON Connect as the page offers it.
package struct CheckoutWallets: Sendable {
    /// The gateway's name in wallets.
    package let name: String
    /// The sessions.
    package let payments: WalletPayments

    /// TON Connect under a name.
    package init(name: String, payments: WalletPayments) {
        self.name = name
        self.payments = payments
    }
}

extension CheckoutView {
    /// The last session with a wallet for an option; nil when there is none, or it has ended.
    func walletSession(of option: PaymentOption) -> WalletSession? {
        guard let session = facts.wallet, session.opening.option == option.id, now < session.opening.expiresAt else {
            return nil
        }
        return session
    }

    /// The wallets that the page offers for an option, and the state of the last session.
    func wallets(of option: PaymentOption) -> [String: Any]? {
        guard !walletEntries.isEmpty, option.rail == .ton else { return nil }
        var context: [String: Any] = [
            "list": walletEntries.map { ["app": $0.appName, "name": $0.name] }
        ]
        guard let session = walletSession(of: option) else { return context }
        let values = ["wallet": session.opening.wallet]
        let reason = session.reason ?? "refused"
        let key = session.state == .failed ? "wallet.failed_\(reason)" : "wallet.\(session.state.rawValue)"
        context["session"] = [
            "id": session.opening.id.text, "text": texts.text(key, values), "link": session.opening.link,
            "open": texts.text("wallet.open", values), "isWaiting": session.state == .waiting,
        ]
        return context
    }
}
