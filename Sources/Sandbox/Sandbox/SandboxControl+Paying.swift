package import BigInt
import EVM
import FixtureEVM
package import FixtureTON
import FixtureTelegram
package import StrictJSON
import TON

/// How customers pay.
extension SandboxControl {
    /// How a customer pays.
    package struct Payment: Sendable {
        /// The payer.
        package var user: String
        /// Smallest units; what is due when nil.
        package var units: BigUInt?
        /// The comment; the right one when nil.
        package var comment: String?
        /// Whether there is no comment at all.
        package var hasNoComment: Bool
        /// Whether the transfer carries the bounced flag.
        package var isBounced: Bool
        /// Whether the jetton is a counterfeit.
        package var isCounterfeit: Bool
        /// Whether coins come through a contract, inside a chain transaction.
        package var isThroughContract = false
        /// Whether a token's contract gives it without a log.
        package var isByIssuer = false
        /// The form in which TON writes it; the usual form when nil.
        package var form: OddForm?

        /// A payment of the amount due.
        package init(user: String) {
            self.user = user
            comment = nil
            hasNoComment = false
            isBounced = false
            isCounterfeit = false
        }

        init(_ wish: JSONValue) throws {
            self.init(user: wish["user"]?.stringValue ?? "alice")
            units = try wish["units"]?.stringValue.map(Self.units)
            comment = wish["comment"]?.stringValue
            hasNoComment = wish["no_comment"]?.boolValue ?? false
            isBounced = wish["bounced"]?.boolValue ?? false
            isCounterfeit = wish["counterfeit"]?.boolValue ?? false
            isThroughContract = wish["through_contract"]?.boolValue ?? false
            form = try wish["written"]?.stringValue.map(Self.form)
        }

        /// Reads smallest units in digits.
        ///
        /// - Throws: ``Refusal`` when the text is no such number.
        package static func units(_ text: String) throws(Refusal) -> BigUInt {
            guard text.utf8.count <= 78, let units = BigUInt(text) else {
                throw Refusal("'units' are smallest units in digits")
            }
            return units
        }

        /// The odd form with a name.
        ///
        /// - Throws: ``Refusal`` when there is none.
        package static func form(_ name: String) throws(Refusal) -> OddForm {
            guard let form = OddForm(rawValue: name) else {
                let names = OddForm.allCases.map(\.rawValue).joined(separator: ", ")
                throw Refusal("'written' is one of \(names)")
            }
            return form
        }
    }

    /// A customer pays a payment option as the REST interface shows it.
    ///
    /// - Throws: ``Refusal``, and what the networks throw.
    /// - Returns: whether the money was taken.
    package func pay(_ option: JSONValue, _ payment: Payment) async throws -> Bool {
        guard let rail = option["rail"]?.stringValue else { throw Refusal("the option has no rail") }
        if rail == "evm" { return try payEVM(option, payment) }
        guard rail == "ton" else {
            guard let link = option["link"]?.stringValue else { throw Refusal("the option has no link") }
            if case .paid = await telegram.pay(link: link, by: payment.user) { return true }
            return false
        }
        guard let text = option["address"]?.stringValue, let link = option["link"]?.stringValue,
            let due = Self.amount(in: link)
        else { throw Refusal("the option has no address and amount") }
        let address = try TONAddress(text)
        let comment = payment.hasNoComment ? nil : payment.comment ?? option["comment"]?.stringValue
        guard let units = payment.units.map({ UInt128(exactly: $0) }) ?? due else {
            throw Refusal("nobody has so many units on TON")
        }
        if let form = payment.form { ton.writeNext(at: address, as: form) }
        if payment.isBounced {
            let body = if let comment { try MessageBody.cell(comment: Array(comment.utf8)) } else { try Cell.empty() }
            ton.arriveBounced(units, at: address, body: body, from: try ton.customer(payment.user).address)
        } else if link.contains("&jetton=") {
            try payJetton(units, to: address, comment, payment)
        } else {
            try ton.pay(units, to: address, comment: comment, by: payment.user)
        }
        return true
    }

    /// Pays the amount in an EIP-681 link.
    private func payEVM(_ option: JSONValue, _ payment: Payment) throws -> Bool {
        guard let text = option["address"]?.stringValue, let link = option["link"]?.stringValue else {
            throw Refusal("the option has no address and link")
        }
        let address = try EVMAddress(text)
        let isToken = link.contains("/transfer?")
        guard let due = Self.field(isToken ? "uint256" : "value", in: link).flatMap({ BigUInt($0) }) else {
            throw Refusal("the link has no amount")
        }
        let units = payment.units ?? due
        guard isToken else {
            if payment.isThroughContract {
                try evm.send(units, to: evm.forwarder(), data: address.bytes, by: payment.user)
                return true
            }
            try evm.send(units, to: address, by: payment.user)
            return true
        }
        if payment.isByIssuer {
            try evm.send(
                to: evmToken,
                data: FixtureToken.silentChange(of: address, by: BigInt(units)),
                by: payment.user
            )
            return true
        }
        let token = payment.isCounterfeit ? evm.token("counterfeit dollar") : evmToken
        try evm.sendToken(units, of: token, to: address, by: payment.user)
        return true
    }

    private func payJetton(_ units: UInt128, to owner: TONAddress, _ comment: String?, _ payment: Payment) throws {
        let master = payment.isCounterfeit ? try ton.jettonMaster("counterfeit dollar") : jettonMaster
        let payer = try ton.customer(payment.user)
        try ton.mint(
            units,
            of: master,
            layout: .standard,
            to: payer.address,
            isCounterfeit: payment.isCounterfeit
        )
        try ton.mine()
        try ton.payJetton(
            units,
            of: master,
            layout: .standard,
            to: owner,
            comment: comment,
            by: payment.user,
            isCounterfeit: payment.isCounterfeit
        )
    }

    /// The amount of a transfer link, in smallest units.
    static func amount(in link: String) -> UInt128? { field("amount", in: link).flatMap { UInt128($0) } }

    private static func field(_ name: String, in link: String) -> String? {
        let fields = link.split(separator: "?").last?.split(separator: "&") ?? []
        return fields.first { $0.hasPrefix("\(name)=") }.map { String($0.dropFirst(name.count + 1)) }
    }
}
