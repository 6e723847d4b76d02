/// The names of chains in wallets (EIP-155; chainid.network).
enum ChainName {
    private static let known: [UInt64: String] = [
        1: "Ethereum", 10: "OP Mainnet", 56: "BNB Smart Chain", 100: "Gnosis", 130: "Unichain", 137: "Polygon",
        250: "Fantom", 324: "zkSync Era", 480: "World Chain", 5_000: "Mantle", 8_453: "Base", 42_161: "Arbitrum One",
        42_220: "Celo", 43_114: "Avalanche C-Chain", 59_144: "Linea", 81_457: "Blast", 534_352: "Scroll",
        97: "BNB Smart Chain Testnet", 17_000: "Holesky", 560_048: "Hoodi", 80_002: "Polygon Amoy",
        84_532: "Base Sepolia", 421_614: "Arbitrum Sepolia", 11_155_111: "Sepolia", 11_155_420: "OP Sepolia",
    ]

    static func name(of chain: UInt64) -> String { known[chain] ?? "EVM chain \(chain)" }
}
