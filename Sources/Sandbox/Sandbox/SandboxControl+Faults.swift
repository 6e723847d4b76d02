import BigInt
import EVM
import FixtureConnect
import FixtureEVM
import FixtureTON
import FixtureTelegram
import Seams
package import StrictJSON
import TON

/// How networks misbehave.
extension SandboxControl {
    /// Sets how a network misbehaves.
    ///
    /// - Throws: ``Refusal`` when the network has no such fault.
    package func set(_ network: String, _ kind: String, _ wish: JSONValue) throws(Refusal) {
        switch network {
        case "telegram" where kind == "rate_limit":
            telegram.limitRate(times: Int(clamping: wish["times"]?.integerValue ?? 1))
        case "telegram":
            guard let fault = FixtureTelegram.Fault(rawValue: kind) else {
                throw Refusal("Telegram has no fault '\(kind)'")
            }
            telegram.set(fault)
        case "ton":
            var faults = FixtureTON.Faults()
            let times = Int(clamping: wish["times"]?.integerValue ?? 1)
            switch kind {
            case "none": break
            case "lag": faults.lag = Int(clamping: wish["blocks"]?.integerValue ?? 10)
            case "empty_page": faults.emptyPages = times
            case "failure": faults.failures = times
            case "rate_limit": faults.rateLimits = times
            case "lost_reply": faults.lostReplies = times
            case "lost_broadcast": faults.lostBroadcasts = times
            case "gap": faults.hasGaps = true
            case "lie": faults.liesAboutHashes = true
            case "stream_gap": faults.missedNews = times
            case "stream_refused": faults.refusedStreams = times
            case "stream_end": return ton.hangUp()
            case "hostile_stream":
                guard let kind = wish["stream"]?.stringValue.flatMap(StreamHostility.init) else {
                    let kinds = StreamHostility.allCases.map(\.rawValue).joined(separator: ", ")
                    throw Refusal("a hostile stream needs 'stream', one of \(kinds)")
                }
                faults.hostility = kind
            case "unfinal_payment": return try tellConfirmed(wish)
            case "discarded_blocks": return ton.discardBlocks()
            case "invalidated_trace":
                try tellConfirmed(wish)
                return ton.discardBlocks()
            case "invented_payment": return try invent(wish)
            default: throw Refusal("TON has no fault '\(kind)'")
            }
            ton.set(faults)
        case "bridge":
            switch kind {
            case "failure": bridge.fail(times: Int(clamping: wish["times"]?.integerValue ?? 1))
            case "hang_up": bridge.hangUp()
            default: throw Refusal("a bridge has no fault '\(kind)'")
            }
        case "evm":
            var faults = FixtureEVM.Faults()
            let times = Int(clamping: wish["times"]?.integerValue ?? 1)
            switch kind {
            case "none": evm.changeToken(evmToken) { $0.behaviour = .standard }
            case "unindexed_logs": return evm.changeToken(evmToken) { $0.behaviour = .unindexed }
            case "untold_balances": return evm.changeToken(evmToken) { $0.behaviour = .untold }
            case "lag": faults.lag = Int(clamping: wish["blocks"]?.integerValue ?? 10)
            case "empty_logs": faults.emptyLogs = times
            case "failure": faults.failures = times
            case "rate_limit": faults.rateLimits = times
            case "lost_reply": faults.lostReplies = times
            case "lie": faults.liesAboutLogs = true
            case "deny": faults.deniesSuccess = true
            case "wrong_balance":
                let account = wish["account"]?.stringValue.flatMap { try? EVMAddress($0) }
                guard let account, let units = wish["units"]?.stringValue.flatMap({ BigInt($0) }) else {
                    throw Refusal("a wrong balance needs 'account' and 'units'")
                }
                faults.wrongBalances = [account: units]
            case "wrong_chain": faults.chainID = 1
            default: throw Refusal("the EVM chain has no fault '\(kind)'")
            }
            evm.set(faults, node: Int(clamping: wish["node"]?.integerValue ?? 0))
        default: throw Refusal("there is no network '\(network)'")
        }
    }
}

extension SandboxControl {
    /// The address, the link and the amount of the option in a wish.
    private static func due(in wish: JSONValue) throws(Refusal) -> (address: String, link: String, units: UInt128) {
        guard let option = wish["option"], let address = option["address"]?.stringValue,
            let link = option["link"]?.stringValue, let units = amount(in: link)
        else { throw Refusal("'option' is a payment option on TON of an invoice") }
        return (address, link, units)
    }

    /// Has the node of TON tell listeners that a customer pays `option` by coins, in a block that is not to be final.
    private func tellConfirmed(_ wish: JSONValue) throws(Refusal) {
        let (text, link, units) = try Self.due(in: wish)
        let (comment, user) = (wish["option"]?["comment"]?.stringValue, wish["user"]?.stringValue ?? "mallory")
        do throws(TONError) {
            let address = try TONAddress(text)
            guard link.contains("&jetton=") else {
                return try ton.tellConfirmed(units, to: address, comment: comment, by: user)
            }
            try ton.tellConfirmedJettons(units, of: jettonMaster, to: address, comment: comment, by: user)
        } catch { throw Refusal(error.description) }
    }

    /// Has the node of TON show that a customer pays `option`, after the account's history or in place of its last chain
    /// transactions.
    private func invent(_ wish: JSONValue) throws(Refusal) {
        let (text, link, units) = try Self.due(in: wish)
        let user = wish["user"]?.stringValue ?? "mallory"
        let comment = wish["option"]?["comment"]?.stringValue
        var invention = FixtureTON.Invention()
        invention.instead = max(0, Int(clamping: wish["instead"]?.integerValue ?? 0))
        do throws(TONError) {
            let address = try TONAddress(text)
            guard link.contains("&jetton=") else {
                return try ton.invent(units, to: address, comment: comment, by: user, invention)
            }
            try ton.inventJettons(units, of: jettonMaster, to: address, comment: comment, by: user, invention)
        } catch { throw Refusal(error.description) }
    }
}
