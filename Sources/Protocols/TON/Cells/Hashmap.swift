/// Dictionaries of TON with keys of a fixed, small width (TL-B `Hashmap n X`; block.tlb).
enum Hashmap {
    /// The most entries that are accepted from outside.
    static let maximumEntries = 4_096

    /// The entries of a dictionary, ordered by key; empty for `hme_empty`.
    ///
    /// The path down is never longer than the key is wide, whatever the cells contain.
    static func entries(of root: Cell?, keyBits: Int) throws(TONError) -> [(key: UInt64, value: CellSlice)] {
        guard let root else { return [] }
        var entries: [(key: UInt64, value: CellSlice)] = []
        var stack: [(cell: Cell, prefix: UInt64, left: Int)] = [(root, 0, keyBits)]
        while let (cell, start, left) = stack.popLast() {
            var slice = cell.slice()
            let (label, length) = try loadLabel(&slice, limit: left)
            let prefix = start << length | label
            if length == left {
                guard entries.count < maximumEntries else {
                    throw TONError(.tooLarge, "the dictionary has too many entries")
                }
                entries.append((prefix, slice))
            } else {
                let (zero, one) = (try slice.loadReference(), try slice.loadReference())
                stack.append((one, prefix << 1 | 1, left - length - 1))
                stack.append((zero, prefix << 1, left - length - 1))
            }
        }
        return entries
    }

    private static func loadLabel(_ slice: inout CellSlice, limit: Int) throws(TONError) -> (UInt64, Int) {
        switch try HashmapLabel(from: &slice, limit: limit) {
        case .literal(let length): (try slice.loadUInt(length), length)
        case .repeated(let bit, let length): (bit ? (UInt64(1) << length) &- 1 : 0, length)
        }
    }

    /// A dictionary with the given values, each in a reference, in ascending order of their keys.
    static func cell(_ entries: [(key: UInt64, value: Cell)], keyBits: Int) throws(TONError) -> Cell? {
        guard !entries.isEmpty else { return nil }
        return try node(entries[...], keyBits: keyBits)
    }

    private static func node(
        _ entries: ArraySlice<(key: UInt64, value: Cell)>,
        keyBits: Int
    ) throws(TONError) -> Cell {
        guard let first = entries.first, let last = entries.last else { return try Cell.empty() }
        let shift = UInt64.bitWidth - keyBits
        let common = keyBits == 0 ? 0 : min(keyBits, ((first.key ^ last.key) << shift).leadingZeroBitCount)
        var builder = CellBuilder()
        let label = keyBits == common ? first.key : first.key >> (keyBits - common)
        try storeLabel(label, length: common, limit: keyBits, in: &builder)
        guard common < keyBits else {
            try builder.store(reference: first.value)
            return try builder.build()
        }
        let rest = keyBits - common - 1
        let mask = (UInt64(1) << rest) &- 1
        let middle = entries.firstIndex { $0.key >> rest & 1 == 1 } ?? entries.endIndex
        for half in [entries[..<middle], entries[middle...]] {
            let below = half.map { (key: $0.key & mask, value: $0.value) }
            try builder.store(reference: node(below[...], keyBits: rest))
        }
        return try builder.build()
    }

    /// The shortest of the three forms, chosen as by the reference implementation.
    private static func storeLabel(
        _ label: UInt64,
        length: Int,
        limit: Int,
        in builder: inout CellBuilder
    ) throws(TONError) {
        let width = UInt64.bitWidth - UInt64(limit).leadingZeroBitCount
        let ones = (UInt64(1) << length) &- 1
        if length > 1, label == 0 || label == ones, width < 2 * length - 1 {
            try builder.store(uint: label == 0 ? 0b110 : 0b111 as UInt8, bits: 3)
            try builder.store(uint: UInt64(length), bits: width)
        } else if width < length {
            try builder.store(uint: 0b10 as UInt8, bits: 2)
            try builder.store(uint: UInt64(length), bits: width)
            try builder.store(uint: label, bits: length)
        } else {
            try builder.store(bit: false)
            try builder.store(uint: ones << 1, bits: length + 1)
            try builder.store(uint: label, bits: length)
        }
    }
}

/// The bits that all keys below a node of a dictionary share (TL-B `HmLabel`).
enum HashmapLabel {
    /// A number of bits, which follow.
    case literal(Int)
    /// One bit, and the number of its repetitions.
    case repeated(Bool, Int)

    /// Reads the form of a label; bits that follow are left in the slice.
    init(from slice: inout CellSlice, limit: Int) throws(TONError) {
        let width = Int.bitWidth - limit.leadingZeroBitCount
        if try !slice.loadBit() {
            var length = 0
            while try slice.loadBit() {
                length += 1
                guard length <= limit else { throw Self.malformed }
            }
            self = .literal(length)
        } else if try !slice.loadBit() {
            self = .literal(try Self.length(&slice, width: width, limit: limit))
        } else {
            let bit = try slice.loadBit()
            self = .repeated(bit, try Self.length(&slice, width: width, limit: limit))
        }
    }

    private static func length(_ slice: inout CellSlice, width: Int, limit: Int) throws(TONError) -> Int {
        let length = Int(try slice.loadUInt(width))
        guard length <= limit else { throw malformed }
        return length
    }

    private static var malformed: TONError { TONError(.malformedStructure, "a label of a dictionary is too long") }
}
