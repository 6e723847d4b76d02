import Cryptography
import StrictJSON
import TON

extension Inspection {
    /// Signs a request to a highload wallet v3.
    func tonHighloadTransfer(_ input: InspectionInput) throws -> JSONValue {
        let key = try Ed25519.PrivateKey(seed: try input.secret("seed"))
        let wallet = HighloadWallet(
            publicKey: key.publicKey,
            walletID: try input.optionalUInt32("walletId") ?? HighloadWallet.usualID,
            timeout: try input.uint32("timeout")
        )
        guard let sequence = UInt64(exactly: try input.integer("sequence")),
            let createdAt = UInt64(exactly: try input.integer("createdAt"))
        else { throw Failure("invalid_input", "'sequence' and 'createdAt' are not negative") }
        let query = HighloadQuery(sequence: sequence)
        let transfer = try wallet.sign(
            input.array("messages").map(walletMessage),
            sequence: sequence,
            createdAt: createdAt,
            with: key,
            deploying: input.flag("stateInit")
        )
        return [
            "boc": .string(Hex.encode(try transfer.serialized())), "hash": .string(transfer.cell.hash.description),
            "normalizedHash": .string(transfer.normalizedHash.description),
            "address": .string(try wallet.address().raw), "shift": .integer(Int64(query.group)),
            "bitNumber": .integer(Int64(query.place)),
        ]
    }
}
