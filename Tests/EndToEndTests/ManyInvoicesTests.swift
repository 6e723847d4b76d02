import CommandParts
import Cryptography
import Gateway
import HTTPMessages
import HTTPTransport
import Payments
import Reconciliation
import Sandbox
import Scenarios
import Seams
import Settlement
import Storage
import StrictJSON
import Synchronization
import Testing

@Suite("TON at any number of invoices")
struct ManyInvoicesTests {
    /// A transport over sockets that counts the requests to toncenter.
    private final class Counted: HTTPTransport {
        private let inner = CurlTransport(.init(addresses: .any, httpsOnly: false))
        private let made = Mutex<[String]>([])

        func send(_ request: HTTPRequest) async throws(HTTPTransportError) -> HTTPResponse {
            if let start = request.url.utf8.firstRange(of: "/api/v".utf8)?.lowerBound {
                let method = request.url[start...].prefix { $0 != "?" }
                made.withLock { $0.append(String(method)) }
            }
            // How fast the machine is that runs the test is not its subject.
            var patient = request
            patient.timeout = .seconds(120)
            return try await inner.send(patient)
        }

        func close() { inner.close() }

        /// How often each method was asked for since the last look.
        func take() -> [String: Int] {
            let all = made.withLock { made in
                defer { made = [] }
                return made
            }
            return Dictionary(all.map { ($0, 1) }, uniquingKeysWith: +)
        }
    }

    @Test(
        "10,000 open invoices with wallets of their own cost at most 25 requests a pass, and each pass has what was paid",
        .timeLimit(.minutes(10))
    )
    func requests() async throws {
        try await withWorld { world in
            try await world.setTON { $0.isDerived = true }
            let order: JSONValue = [
                "title": "Tea", "description": "Tea", "goods": "physical", "amount": "1.5",
                "asset": "ton:testnet:native", "rails": [["rail": "ton", "asset": "ton:testnet:native"]],
            ]
            var opened: [JSONValue] = []
            for number in 0..<3 {
                opened.append(try await world.merchant.post("/v1/invoices", order, idempotencyKey: "\(number)"))
            }
            let jetton = world.home.jettonAsset
            let end = world.networks.clock.now().advanced(by: .seconds(3_000))
            try await world.gateway.settlement.database.write { session in
                for number in 0..<9_997 {
                    let hash = Hex.encode(SHA256.hash(Array("invoice \(number)".utf8)))
                    for subject in ["ton:testnet:native", jetton] {
                        try session.insertScanAccount(
                            provider: "ton-testnet",
                            account: "0:\(hash)",
                            subject: subject,
                            closesAt: end,
                            activeUntil: end
                        )
                    }
                }
            }
            try await world.gateway.close()
            let transport = Counted()
            var configuration = try world.home.configuration()
            configuration.gatheringInterval = 86_400_000
            let gateway = try await world.gateway(of: configuration, over: transport)
            // What is done rarely is done.
            #expect(await gateway.worker.runOnce().problems.isEmpty)
            _ = transport.take()
            for invoice in opened {
                let option = try #require(invoice["options"]?.arrayValue?.first)
                #expect(try await world.pay(option, by: "alice"))
                try world.mine(3, on: "ton")
                let pass = await gateway.worker.runOnce()
                #expect(pass.payments == 1 && pass.problems.isEmpty, "\(pass)")
                let made = transport.take()
                #expect(made.values.reduce(0, +) <= 25, "\(made)")
                #expect(made["/api/v3/masterchainInfo"] == 1, "\(made)")
                let id = try #require(invoice["id"]?.stringValue.flatMap { try? InvoiceID($0) })
                let stored = try await gateway.settlement.database.read { try $0.invoice(id) }
                #expect(stored?.status.state == .settled)
            }
            // A pass that finds nothing writes nothing for the accounts that it has looked at.
            let cursors = try await gateway.settlement.database.read {
                try $0.scanStates(provider: "ton-testnet").count
            }
            #expect(cursors < 20)
            #expect(await gateway.worker.runOnce().problems.isEmpty)
            #expect(transport.take().values.reduce(0, +) <= 25)
            try await gateway.close()
            transport.close()
        }
    }
}
