import EVM
import FixtureEVM
import FixtureTON
import Keystore
import Payments
package import Providers
import Sandbox
import Signing
import TON

/// The destinations of payouts in scenarios.
package enum ScenarioPlace: String, Sendable, CaseIterable, Decodable {
    /// The supplier's account.
    case supplier
    /// No address at all.
    case nowhere
    /// The supplier's address with a mistyped character.
    case mistyped
    /// Address 0.
    case zero
    /// A contract of the chain itself.
    case system
    /// The contract of the token, or the jetton's master.
    case token
    /// The wallet that pays out.
    case wallet = "our_wallet"
    /// The account that pays for gas, or the wallet's own jetton wallet.
    case helper = "our_helper"
    /// A part of the network that does not exist; on an EVM chain, where there are no parts, one of its precompiled
    /// contracts.
    case elsewhere

    /// Why an asset cannot be sent there; nil when it can.
    package func refusal(for asset: String) -> DestinationRefusal.Kind? {
        switch self {
        case .supplier: nil
        case .nowhere, .mistyped: .malformed
        case .zero: .nobody
        case .system: .system
        case .token: .token
        case .wallet, .helper: .own
        case .elsewhere: asset.hasPrefix("evm:") ? .system : .network
        }
    }
}

extension ScenarioWorld {
    /// The destination as the rail of an asset writes it.
    ///
    /// - Throws: what the networks and the keystore throw.
    package func address(for asset: String, _ place: ScenarioPlace = .supplier) throws -> String {
        if place == .nowhere { return "nowhere" }
        return asset.hasPrefix("evm:") ? try evmAddress(place) : try tonAddress(place)
    }

    private func evmAddress(_ place: ScenarioPlace) throws -> String {
        let wallets = try home.evmSigner()
        let supplier = try networks.evm.customer("supplier").address.description
        switch place {
        case .supplier, .nowhere: return supplier
        case .mistyped:
            let letter = supplier.dropFirst(2).first { $0.isUppercase } ?? "A"
            return supplier.replacing(String(letter), with: letter.lowercased(), maxReplacements: 1)
        case .zero: return EVMAddress.zero.description
        case .system: return "0x0000000000000000000000000000000000000001"
        case .elsewhere: return "0x0000000000000000000000000000000000000100"
        case .token: return networks.evmToken.description
        case .wallet: return try wallets.account(of: .payouts)
        case .helper: return try wallets.account(of: .fees)
        }
    }

    private func tonAddress(_ place: ScenarioPlace) throws -> String {
        let supplier = try networks.ton.customer("supplier").address
        let wallet = try home.walletAddress()
        switch place {
        case .supplier, .nowhere: return supplier.friendly(bounceable: false, testOnly: true)
        case .mistyped:
            let text = supplier.friendly(bounceable: false, testOnly: true)
            return text.dropLast() + (text.hasSuffix("A") ? "B" : "A")
        case .zero: return "0:" + String(repeating: "0", count: 64)
        case .system: return "-1:" + String(repeating: "3", count: 64)
        case .elsewhere: return "7:\(supplier.hash)"
        case .token: return networks.jettonMaster.raw
        case .wallet: return wallet.raw
        case .helper:
            return try JettonWallet.address(
                owner: wallet,
                master: networks.jettonMaster,
                code: FixtureTON.jettonWalletCode(networks.jettonLayout),
                layout: networks.jettonLayout
            ).raw
        }
    }
}
