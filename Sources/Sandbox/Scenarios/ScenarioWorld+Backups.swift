import CommandParts
import Foundation
import Gateway
import MerchantAPI
import Money
import Payments
import Providers
import Sandbox
import Seams
import Settlement
import Storage
package import StrictJSON

/// Copies of the database, use of the keys elsewhere, and the operator's decisions after them.
extension ScenarioWorld {
    private var copy: String { home.folder + "/copy" }

    /// Copies the database while the gateway runs.
    ///
    /// - Throws: the error of the copy.
    package func backUp() async throws {
        _ = try home.configuration().database.backUp(to: copy, at: networks.clock.now())
    }

    /// Loses the database, restores the copy, and starts the gateway on it.
    ///
    /// - Throws: the error of the restore.
    package func restore() async throws {
        let place = try home.configuration().database
        if place.postgresql != nil {
            _ = try await gateway.settlement.database.write { session in
                try session.execute("DROP SCHEMA public CASCADE", [])
                try session.execute("CREATE SCHEMA public", [])
            }
        }
        let now = networks.clock.now()
        try await restart {
            for ending in ["", "-wal", "-shm"] {
                guard let path = place.path, FileManager.default.fileExists(atPath: path + ending) else { continue }
                try FileManager.default.moveItem(atPath: path + ending, toPath: path + ".lost" + ending)
            }
            _ = try await place.restore(from: copy, at: now)
        }
    }

    /// Sends money to the supplier from the paying wallet, as another program with the same keystore and without books.
    ///
    /// - Throws: the chain's refusal.
    package func spendElsewhere(_ spend: Scenario.Spend) async throws {
        let amount = try amount(spend.amount, spend.asset)
        let all = gateway.settlement.providers.providers
        guard let provider = all.first(where: { $0.capabilities.assets.contains(amount.asset) }),
            let sender = provider.send
        else { throw ScenarioError("nothing is sent in \(spend.asset)") }
        let reading = try await sender.readWallet(sender.wallets.first, scannedTo: nil)
        let order = TransferOrder(
            id: "elsewhere",
            amount: amount,
            destination: try address(for: assetText(spend.asset)),
            comment: nil
        )
        var known: Set<Int64> = []
        if case .inAnyOrder(let taken, _, _) = reading.numbers { known = taken }
        // The other program's own books have the order.
        let books = WalletBooks(signedBelow: .max, known: known, orders: [order])
        guard case .allowed(let permit) = SigningPermit.compare(reading, with: books) else {
            throw ScenarioError("the wallet cannot be used")
        }
        let prepared: PreparedTransfer?
        if let batch = provider.batch {
            prepared = try await batch.prepare([order], after: nil, under: permit).prepared.values.first
        } else {
            prepared = try await sender.prepare(order, under: permit)
        }
        guard let prepared else { throw ScenarioError("\(spend.amount) \(spend.asset) cannot be sent") }
        let outcome = await sender.submit(prepared)
        guard outcome == .accepted else { throw ScenarioError("the chain says \(outcome)") }
    }

    private func operatorClient() async throws -> MerchantClient {
        client(try await gateway.merchantAPI.makeOperatorKey())
    }

    /// The wallets that sign, as the operator sees them.
    ///
    /// - Throws: what the gateway refuses.
    package func wallets() async throws -> [JSONValue] {
        try await operatorClient().get("/v1/wallets")["data"]?.arrayValue ?? []
    }

    /// Decides each owed transfer by the list: one with a candidate has left, any other is still owed.
    ///
    /// - Throws: what the gateway refuses.
    package func decideByTheList() async throws {
        let desk = try await operatorClient()
        while let owed = try await undecided(desk), let transfer = owed["transfer"]?["id"] {
            var members: [JSONValue.Member] = [.init("transfer", transfer)]
            if let candidate = owed["candidates"]?.arrayValue?.first {
                members += [.init("decision", "left"), .init("spend", candidate["spend"] ?? .null)]
                members.append(.init("position", candidate["position"] ?? .null))
            } else {
                members.append(.init("decision", "owed"))
            }
            let key = "decide-\(transfer.text)-\(networks.clock.now())"
            try await desk.post("/v1/wallets/decide", .object(members), idempotencyKey: key)
        }
    }

    private func undecided(_ desk: MerchantClient) async throws -> JSONValue? {
        let wallets = try await desk.get("/v1/wallets")["data"]?.arrayValue ?? []
        return wallets.lazy.flatMap { $0["owed"]?.arrayValue ?? [] }.first { $0["is_reviewed"]?.boolValue == false }
    }

    /// Lets held wallets sign again; with `isRefused` tries only wallets with undecided transfers, unless a provider is
    /// named.
    ///
    /// - Throws: any answer but success and 409.
    /// - Returns: a sentence for each answer that was not the expected one.
    package func resume(isRefused: Bool, of provider: String?) async throws -> [String] {
        let desk = try await operatorClient()
        var wrong: [String] = []
        var tried = 0
        for wallet in try await wallets() where wallet["state"]?.stringValue == "held" {
            guard provider == nil || wallet["provider"]?.stringValue == provider else { continue }
            let isUndecided = wallet["owed"]?.arrayValue?.contains { $0["is_reviewed"]?.boolValue == false } ?? false
            if isRefused, provider == nil, !isUndecided { continue }
            tried += 1
            let body: JSONValue = ["provider": wallet["provider"] ?? .null, "wallet": wallet["wallet"] ?? .null]
            let key = "resume-\(wallet["wallet"]?.text ?? "")-\(networks.clock.now())-\(isRefused)"
            let problem = try await desk.conflict("/v1/wallets/resume", body, idempotencyKey: key)
            guard isRefused != (problem != nil) else { continue }
            let detail = problem?["detail"]?.stringValue ?? "it was allowed"
            wrong.append("letting \(wallet["wallet"]?.text ?? "") sign: \(detail)")
        }
        return tried == 0 ? ["no wallet is held"] : wrong
    }
}
