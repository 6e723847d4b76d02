/// A request as a highload wallet reads it: for a fixture chain, and for checks.
package struct HighloadRequest: Hashable, Sendable {
    /// The signature.
    package let signature: [UInt8]
    /// The signed hash.
    package let signedHash: CellHash
    /// The identifier that distinguishes wallets of one key.
    package let walletID: UInt32
    /// The message that is sent at once.
    package let message: OutgoingActions.Send
    /// The request's number.
    package let query: HighloadQuery
    /// When it was made, in seconds since 1970.
    package let createdAt: UInt64
    /// The wallet's timeout, in seconds.
    package let timeout: UInt32

    /// Reads the body of an external message to a highload wallet.
    ///
    /// - Throws: ``TONError``.
    package init(parsing body: Cell) throws(TONError) {
        var slice = body.slice()
        let signature = try slice.loadBytes(64)
        let content = try slice.loadReference()
        guard slice.isEmpty else { throw Self.malformed }
        try self.init(content: content, signature: signature)
    }

    /// Reads the content of a request to a highload wallet: the cell whose hash is signed.
    ///
    /// - Parameters:
    ///   - content: the content.
    ///   - signature: the signature; empty while there is none.
    /// - Throws: ``TONError``.
    package init(content: Cell, signature: [UInt8] = []) throws(TONError) {
        self.signature = signature
        signedHash = content.hash
        var slice = content.slice()
        walletID = UInt32(truncatingIfNeeded: try slice.loadUInt(32))
        let cell = try slice.loadReference()
        message = .init(mode: UInt8(truncatingIfNeeded: try slice.loadUInt(8)), cell: cell)
        let group = UInt16(truncatingIfNeeded: try slice.loadUInt(13))
        query = try HighloadQuery(group: group, place: UInt16(truncatingIfNeeded: try slice.loadUInt(10)))
        createdAt = try slice.loadUInt(64)
        timeout = UInt32(truncatingIfNeeded: try slice.loadUInt(22))
        guard slice.isEmpty else { throw Self.malformed }
    }

    private static var malformed: TONError {
        TONError(.malformedStructure, "a request to a highload wallet ends with its timeout")
    }

    static func content(
        of message: WalletMessage,
        query: HighloadQuery,
        walletID: UInt32,
        createdAt: UInt64,
        timeout: UInt32
    ) throws(TONError) -> Cell {
        var inner = CellBuilder()
        try inner.store(uint: walletID, bits: 32)
        try inner.store(reference: message.message.cell())
        try inner.store(uint: message.mode, bits: 8)
        try inner.store(uint: query.group, bits: 13)
        try inner.store(uint: query.place, bits: 10)
        try inner.store(uint: createdAt, bits: 64)
        try inner.store(uint: timeout, bits: 22)
        return try inner.build()
    }
}

/// The data cell of a highload wallet.
package struct HighloadWalletData: Hashable, Sendable {
    /// The 32 bytes of the key that signs.
    package var publicKey: [UInt8]
    /// The identifier that distinguishes wallets of one key.
    package var walletID: UInt32
    /// Numbers that were taken before the last cleaning.
    package var oldQueries: TakenQueries
    /// Numbers that were taken since.
    package var queries: TakenQueries
    /// When old numbers were last forgotten, in seconds since 1970.
    package var lastCleaned: UInt64
    /// For how many seconds a request is valid.
    package var timeout: UInt32

    /// The data of a wallet that has taken no request yet.
    package init(publicKey: [UInt8], walletID: UInt32, timeout: UInt32) {
        self.publicKey = publicKey
        self.walletID = walletID
        self.timeout = timeout
        oldQueries = TakenQueries()
        queries = TakenQueries()
        lastCleaned = 0
    }

    /// Reads the data cell of a highload wallet.
    ///
    /// - Throws: ``TONError``.
    package init(parsing cell: Cell) throws(TONError) {
        var slice = cell.slice()
        publicKey = try slice.loadBytes(32)
        walletID = UInt32(truncatingIfNeeded: try slice.loadUInt(32))
        oldQueries = try TakenQueries(parsing: slice.loadMaybeReference())
        queries = try TakenQueries(parsing: slice.loadMaybeReference())
        lastCleaned = try slice.loadUInt(64)
        timeout = UInt32(truncatingIfNeeded: try slice.loadUInt(22))
    }

    /// The data cell.
    ///
    /// - Throws: ``TONError`` when the key does not have 32 bytes.
    package func cell() throws(TONError) -> Cell {
        guard publicKey.count == 32 else { throw TONError(.invalidKey, "a wallet's key has 32 bytes") }
        var builder = CellBuilder()
        try builder.store(bytes: publicKey)
        try builder.store(uint: walletID, bits: 32)
        try builder.store(maybe: oldQueries.root())
        try builder.store(maybe: queries.root())
        try builder.store(uint: lastCleaned, bits: 64)
        try builder.store(uint: timeout, bits: 22)
        return try builder.build()
    }

    /// Forgets the numbers of expired requests, as the contract does before it reads a request.
    ///
    /// Numbers from before the last cleaning are forgotten when one timeout has passed since then, and all numbers when
    /// two have passed.
    package mutating func clean(at time: UInt64) {
        // The difference is compared, because a cell may name any moment.
        guard lastCleaned < time, time - lastCleaned > UInt64(timeout) else { return }
        oldQueries = time - lastCleaned > 2 * UInt64(timeout) ? TakenQueries() : queries
        queries = TakenQueries()
        lastCleaned = time
    }

    /// Whether a number was taken and is not forgotten.
    package func hasTaken(_ query: HighloadQuery) -> Bool { oldQueries.contains(query) || queries.contains(query) }
}

/// A set of requests' numbers: for each group, a cell with a bit for each place.
package struct TakenQueries: Hashable, Sendable {
    private static let groupBits = 13
    private var groups: [UInt16: Set<UInt16>] = [:]

    /// No numbers.
    package init() {}

    init(parsing root: Cell?) throws(TONError) {
        for (group, value) in try Hashmap.entries(of: root, keyBits: Self.groupBits) {
            var value = value
            var bits = try value.loadReference().slice()
            var places: Set<UInt16> = []
            for place in 0..<UInt16(bits.remainingBits) where try bits.loadBit() { places.insert(place) }
            groups[UInt16(truncatingIfNeeded: group)] = places
        }
    }

    func root() throws(TONError) -> Cell? {
        var entries: [(key: UInt64, value: Cell)] = []
        for (group, places) in groups.sorted(by: { $0.key < $1.key }) {
            var builder = CellBuilder()
            for place in 0..<HighloadQuery.places { try builder.store(bit: places.contains(place)) }
            entries.append((UInt64(group), try builder.build()))
        }
        return try Hashmap.cell(entries, keyBits: Self.groupBits)
    }

    /// Whether a number is among them.
    package func contains(_ query: HighloadQuery) -> Bool { groups[query.group]?.contains(query.place) ?? false }

    /// The positions of all numbers in the series, see ``HighloadQuery/position``.
    package var positions: Set<UInt64> {
        var positions: Set<UInt64> = []
        for (group, places) in groups {
            for place in places { positions.insert(UInt64(group) * UInt64(HighloadQuery.places) + UInt64(place)) }
        }
        return positions
    }

    /// Adds a number.
    package mutating func insert(_ query: HighloadQuery) { groups[query.group, default: []].insert(query.place) }
}
