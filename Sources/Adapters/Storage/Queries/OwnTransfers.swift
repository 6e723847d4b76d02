import Ledger
import Money
package import Payments
import Seams

/// Requests between own wallets that are under way, in the operator's book.
extension SQLSession {
    private static var operators: SQLValue { .integer(LedgerBook.operators.number) }

    /// Stores a request that is not signed yet.
    ///
    /// - Returns: whether it did; when not, the account's number has another one.
    package func insert(_ transfer: OwnTransfer, of provider: String) throws -> Bool {
        let place = try place(of: nil)
        let key: [SQLValue] = [
            place, .text(provider), .text(transfer.account), .integer(transfer.number),
        ]
        let isFirst =
            try change(
                """
                INSERT INTO own_transfers (book, provider, account, number, wallet, option, content, created_at)
                VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT (book, provider, account, number) DO NOTHING
                """,
                key + [
                    .code(OwnWalletKind(transfer.wallet)), .id(transfer.wallet.option), .blob(transfer.content),
                    .moment(transfer.createdAt),
                ]
            ) == 1
        guard isFirst else { return false }
        for (position, movement) in transfer.movements.enumerated() {
            try execute(
                """
                INSERT INTO own_movements (book, provider, account, number, position, wallet, option, asset, amount)
                VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
                """,
                key + [
                    .integer(Int64(position)), .code(OwnWalletKind(movement.to)), .id(movement.to.option),
                    .text(movement.asset.text),
                    movement.units.map(SQLValue.units) ?? .null,
                ]
            )
        }
        return true
    }

    /// A provider's requests between own wallets, the oldest first.
    package func ownTransfers(of provider: String) throws -> [OwnTransfer] {
        let key = [Self.operators, .text(provider)]
        let movements = try all(
            """
            SELECT m.account, m.number, m.wallet, m.option, m.asset, m.amount FROM own_movements m
            WHERE m.book = $1 AND m.provider = $2 ORDER BY m.account, m.number, m.position
            """,
            key
        ) { row in
            let place = OwnPlace(account: try row.text(), number: try row.integer())
            let receiver = try row.ownWallet()
            let asset = try AssetID(try row.text())
            let movement = OwnMovement(to: receiver, asset: asset, units: try row.optionalUnits())
            return (place: place, movement: movement)
        }
        let known = Dictionary(grouping: movements, by: \.place).mapValues { $0.map(\.movement) }
        return try all(
            """
            SELECT t.account, t.number, t.wallet, t.option, t.content, t.created_at, t.prepared, t.hash, t.valid_until
            FROM own_transfers t WHERE t.book = $1 AND t.provider = $2 ORDER BY t.created_at, t.account, t.number
            """,
            key
        ) { try $0.ownTransfer(moving: known) }
    }

    /// Stores the signed form of a request, if it is still the one that was signed.
    ///
    /// - Returns: whether it did.
    package func sign(_ transfer: OwnTransfer, of provider: String) throws -> Bool {
        try change(
            """
            UPDATE own_transfers SET prepared = $6, hash = $7, valid_until = $8
            WHERE book = $1 AND provider = $2 AND account = $3 AND number = $4 AND content = $5
            """,
            [
                try place(of: nil), .text(provider), .text(transfer.account), .integer(transfer.number),
                .blob(transfer.content), .blob(transfer.prepared?.bytes), .text(transfer.prepared?.hash),
                .moment(transfer.prepared?.validUntil),
            ]
        ) == 1
    }

    /// Forgets a request, if its number has no other one meanwhile.
    package func forget(_ transfer: OwnTransfer, of provider: String) throws {
        let key: [SQLValue] = [
            try place(of: nil), .text(provider), .text(transfer.account), .integer(transfer.number),
        ]
        let isSame = try first(
            """
            SELECT 1 FROM own_transfers
            WHERE book = $1 AND provider = $2 AND account = $3 AND number = $4 AND content = $5
            """,
            key + [.blob(transfer.content)]
        ) { try $0.integer() }
        guard isSame != nil else { return }
        try execute(
            "DELETE FROM own_movements WHERE book = $1 AND provider = $2 AND account = $3 AND number = $4",
            key
        )
        try execute(
            "DELETE FROM own_transfers WHERE book = $1 AND provider = $2 AND account = $3 AND number = $4",
            key
        )
    }
}

/// The account and the number of a request.
private struct OwnPlace: Hashable {
    let account: String
    let number: Int64
}

extension SQLRow {
    fileprivate mutating func ownTransfer(
        moving movements: [OwnPlace: [OwnMovement]]
    ) throws
        -> OwnTransfer
    {
        let place = OwnPlace(account: try text(), number: try integer())
        let wallet = try ownWallet()
        let (content, createdAt) = (try blob(), try moment())
        let (bytes, hash, validUntil) = (try optionalBlob(), try optionalText(), try optionalMoment())
        var prepared: PreparedTransfer?
        if let bytes, let hash {
            prepared = PreparedTransfer(
                bytes: bytes,
                hash: hash,
                sequence: place.number,
                validUntil: validUntil
            )
        }
        return OwnTransfer(
            account: place.account,
            wallet: wallet,
            number: place.number,
            movements: movements[place] ?? [],
            content: content,
            createdAt: createdAt,
            prepared: prepared
        )
    }
}
