import Cryptography
import FixtureTON
import Money
import Payments
import ProviderTON
import Providers
import Seams
import StrictJSON
import TON
import Testing

@Suite("Workchains")
struct WorkchainTests {
    private static let all = [-128, -2, -1, 0, 1, 7, 127]

    private static func exists(_ workchain: Int) -> Bool { workchain == 0 || workchain == -1 }

    @Test("are all read and written, and two of them exist", arguments: all)
    func read(workchain: Int) throws {
        let address = try TONAddress(workchain: workchain, hash: CellHash([UInt8](repeating: 9, count: 32)))
        #expect(address.isOnExistingWorkchain == Self.exists(workchain))
        for text in [address.raw, address.friendly(bounceable: true), address.friendly(bounceable: false)] {
            #expect(try TONAddress(text) == address)
        }
    }

    @Test("that do not exist are refused for payouts and refunds of everything, and nothing is signed", arguments: all)
    func destinations(workchain: Int) async throws {
        let rail = try Rail()
        let address = try TONAddress(workchain: workchain, hash: CellHash([UInt8](repeating: 9, count: 32)))
        for text in [address.raw, address.friendly(bounceable: true, testOnly: true)] {
            for asset in [rail.coin, rail.jetton] {
                var refusal: DestinationRefusal.Kind?
                do { _ = try rail.provider.account(of: text, for: asset) } catch { refusal = error.kind }
                // Jettons stay on workchain 0.
                let isTaken = asset == rail.coin ? Self.exists(workchain) : workchain == 0
                #expect(refusal == (isTaken ? nil : .network), "\(asset) to \(text)")
            }
        }
        let message = try? WalletMessage(to: address, amount: 1, bounce: false)
        #expect((message != nil) == Self.exists(workchain))
    }

    @Test("that do not exist have no payments to claim", arguments: all)
    func owners(workchain: Int) throws {
        let rail = try Rail()
        let alice = try rail.chain.customer("alice")
        let state = try alice.wallet.stateInit()
        let address = try TONAddress(workchain: workchain, hash: alice.address.hash)
        let proof: JSONValue = [
            "address": .string(address.raw),
            "state_init": .string(Base64.encode(try state.cell().serialized())),
            "proof": [
                "timestamp": .integer(rail.clock.now().seconds), "domain": ["value": "shop"], "payload": "challenge",
                "signature": .string(Base64.encode([UInt8](repeating: 0, count: 64))),
            ],
        ]
        var reason = ""
        do throws(ProviderError) {
            _ = try rail.provider.owner(proving: proof.text, challenge: "challenge", domain: "shop")
        } catch { reason = error.reason }
        #expect(reason.contains("workchains 0 and -1 only") == !Self.exists(workchain), "\(reason)")
        #expect(!reason.isEmpty)
    }
}
