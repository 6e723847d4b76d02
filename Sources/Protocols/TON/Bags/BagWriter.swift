/// Writes bags: each distinct cell once, parents before children; the same tree always has the same bytes.
extension BagOfCells {
    /// A bag in the generic form.
    ///
    /// - Parameters:
    ///   - roots: the roots, at least one.
    ///   - withIndex: whether to state where each cell ends.
    ///   - withChecksum: whether to add a CRC-32C.
    /// - Throws: ``TONError`` with ``TONError/Code/tooLarge`` when there are more cells than a bag can number.
    /// - Returns: the bytes.
    package static func serialize(
        _ roots: [Cell],
        withIndex: Bool = false,
        withChecksum: Bool = true
    ) throws(TONError) -> [UInt8] {
        let order = CellOrder(roots)
        let count = order.cells.count
        guard count <= 1 << 24 else { throw TONError(.tooLarge, "the bag has too many cells") }
        let referenceBytes = max(1, (UInt64(count).bitWidth - UInt64(count).leadingZeroBitCount + 7) / 8)
        var body: [UInt8] = []
        var ends: [Int] = []
        for cell in order.cells {
            append(cell, order, referenceBytes, to: &body)
            ends.append(body.count)
        }
        let offsetBytes = max(1, (body.count.bitWidth - body.count.leadingZeroBitCount + 7) / 8)
        var bytes: [UInt8] = []
        append(Int(BagHeader.genericMagic), 4, to: &bytes)
        bytes.append((withIndex ? 0x80 : 0) | (withChecksum ? 0x40 : 0) | UInt8(referenceBytes))
        bytes.append(UInt8(offsetBytes))
        for number in [count, roots.count, 0] { append(number, referenceBytes, to: &bytes) }
        append(body.count, offsetBytes, to: &bytes)
        for root in roots { append(order.position(of: root), referenceBytes, to: &bytes) }
        if withIndex { for end in ends { append(end, offsetBytes, to: &bytes) } }
        bytes += body
        if withChecksum {
            let checksum = CRC32C.checksum(bytes[...])
            withUnsafeBytes(of: checksum.littleEndian) { bytes.append(contentsOf: $0) }
        }
        return bytes
    }

    private static func append(_ cell: Cell, _ order: CellOrder, _ referenceBytes: Int, to bytes: inout [UInt8]) {
        bytes.append(UInt8(cell.referenceCount) + (cell.isExotic ? 8 : 0) + 32 * cell.levelMask.value)
        bytes.append(UInt8(cell.bitCount / 8 + (cell.bitCount + 7) / 8))
        var data = cell.data
        let rest = cell.bitCount % 8
        if rest != 0 { data[data.count - 1] |= 0x80 >> rest }
        bytes += data
        for reference in cell.references { append(order.position(of: reference), referenceBytes, to: &bytes) }
    }

    private static func append(_ value: Int, _ width: Int, to bytes: inout [UInt8]) {
        for byte in stride(from: width - 1, through: 0, by: -1) {
            bytes.append(UInt8(truncatingIfNeeded: value >> (8 * byte)))
        }
    }
}

extension Cell {
    /// The tree below this cell as a bag.
    ///
    /// - Throws: ``TONError`` with ``TONError/Code/tooLarge``.
    package func serialized() throws(TONError) -> [UInt8] { try BagOfCells.serialize([self]) }
}

/// The distinct cells below some roots, each before everything that it refers to.
private struct CellOrder {
    private(set) var cells: [Cell] = []
    private var positions: [CellHash: Int] = [:]

    init(_ roots: [Cell]) {
        // Depth first without recursion. A cell is done when all its references are, so that the reversed order of
        // completion has parents first.
        var isEntered: Set<CellHash> = []
        var stack: [(cell: Cell, next: Int)] = []
        for root in roots.reversed() where isEntered.insert(root.hash).inserted {
            stack.append((root, root.referenceCount))
            while let (cell, next) = stack.last {
                guard next > 0 else {
                    cells.append(cell)
                    stack.removeLast()
                    continue
                }
                stack[stack.count - 1].next = next - 1
                if let child = cell[next - 1], isEntered.insert(child.hash).inserted {
                    stack.append((child, child.referenceCount))
                }
            }
        }
        cells.reverse()
        for (position, cell) in cells.enumerated() { positions[cell.hash] = position }
    }

    func position(of cell: Cell) -> Int { positions[cell.hash] ?? 0 }
}
