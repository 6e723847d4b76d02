import Money
import Sandbox
public import StrictJSON

/// How customers pay in a scenario.
extension ScenarioWorld {
    /// A customer pays an option.
    ///
    /// - Throws: what the networks throw.
    /// - Returns: whether the money was taken.
    public func pay(_ option: JSONValue, _ pay: Scenario.Pay) async throws -> Bool {
        var payment = SandboxControl.Payment(user: pay.user)
        if let text = pay.amount, let asset = option["asset"]?.stringValue {
            payment.units = try UInt128(exactly: amount(text, asset).units)
        }
        payment.hasNoComment = pay.comment == "none"
        payment.comment = pay.comment == "none" ? nil : pay.comment
        payment.isBounced = pay.bounced ?? false
        payment.isCounterfeit = pay.jetton == "fake"
        payment.isThroughContract = pay.through == "contract"
        return try await networks.control.pay(option, payment)
    }

    /// A customer pays what is due of an option.
    ///
    /// - Throws: what the networks throw.
    /// - Returns: whether the money was taken.
    public func pay(_ option: JSONValue, by user: String) async throws -> Bool {
        try await networks.control.pay(option, SandboxControl.Payment(user: user))
    }
}
