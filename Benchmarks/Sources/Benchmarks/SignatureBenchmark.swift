import CCeilings
import Cryptography

/// ECDSA beside the bare calls of libsecp256k1, one thread.
enum SignatureBenchmark {
    static func run(rounds: Int) throws {
        let key = try Secp256k1.PrivateKey(SecretBytes([UInt8](repeating: 7, count: 32)))
        let digest = [UInt8](repeating: 9, count: 32)
        let signature = try key.sign(digest: digest)
        let recoverable = try key.signRecoverable(digest: digest)
        let publicKey = key.publicKey
        try measure("signing", 0, rounds) { _ = try key.sign(digest: digest) }
        try measure("verifying", 1, rounds) {
            precondition(publicKey.isValid(signature, for: digest), "a good signature was refused")
        }
        try measure("recovering", 2, rounds) { _ = try recoverable.publicKey(digest: digest) }
    }

    private static func measure(_ name: String, _ operation: Int32, _ rounds: Int, _ body: () throws -> Void) throws {
        let turns = 3_000
        var product: [Double] = []
        var ceiling: [Double] = []
        for _ in 0..<rounds {
            let start = ContinuousClock.now
            for _ in 0..<turns { try body() }
            product.append(Double((ContinuousClock.now - start) / .nanoseconds(1)) / 1e9)
            ceiling.append(ceiling_ecdsa(operation, Int32(turns)))
        }
        let (ours, bare) = (Double(turns) / Figures.median(product), Double(turns) / Figures.median(ceiling))
        Figures.line(
            "ECDSA \(name): \(Figures.rounded(ours / bare)) of the bare C call"
                + " (\(Figures.rounded(ours)) and \(Figures.rounded(bare)) a second)"
        )
    }
}
