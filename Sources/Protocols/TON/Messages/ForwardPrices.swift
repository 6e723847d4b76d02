/// The network's prices for a message, in nanotons (`msg_forward_prices`; configuration parameter 25, and 24 for messages
/// to and from the masterchain).
///
/// The configuration states bits and cells in 65,536ths: 26,214,400 and 2,621,440,000 on the basechain. A message from
/// outside is imported at the same prices.
package struct ForwardPrices: Hashable, Sendable {
    /// The price of any message (`lump_price`).
    package let lump: Int64
    /// The price of each bit beyond the message's first cell (`bit_price`).
    package let bit: Int64
    /// The price of each cell beyond the first one (`cell_price`).
    package let cell: Int64

    /// The prices between accounts of the basechain.
    package static let basechain = Self(lump: 400_000, bit: 400, cell: 40_000)
    /// The prices to and from accounts of the masterchain.
    package static let masterchain = Self(lump: 10_000_000, bit: 10_000, cell: 1_000_000)

    /// The price of the cells of a tree, each distinct one once, as a part of a message.
    package func price(of tree: Cell) -> Int64 {
        var seen: Set<CellHash> = [tree.hash]
        var waiting = [tree]
        var bits = 0
        while let next = waiting.popLast() {
            bits += next.bitCount
            waiting += next.references.filter { seen.insert($0.hash).inserted }
        }
        return Int64(seen.count) * cell + Int64(bits) * bit
    }
}
