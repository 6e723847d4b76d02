import Cryptography
import Payments
import Records
import Seams
import Synchronization

/// API keys that were read a moment ago, because most requests of a merchant carry the same key.
///
/// A key that is revoked here is forgotten at once. A key that another gateway on the same database revokes stays valid
/// for up to a second.
final class KeyCache: Sendable {
    private static let lifetime = Duration.seconds(1)
    /// The most keys that are kept; beyond it all are forgotten, and read again.
    private static let limit = 10_000

    private struct Kept {
        let key: APIKeyRecord
        let readAt: Timestamp
        /// The secret part, once it was proven; kept so that it stays cut out of peer texts.
        var secret: SecretBytes?
    }

    private let kept = Mutex<[APIKeyID: Kept]>([:])

    /// A key that was read within the last second.
    func key(_ id: APIKeyID, at now: Timestamp) -> APIKeyRecord? {
        kept.withLock { kept in
            guard let found = kept[id], found.readAt <= now, now.since(found.readAt) < Self.lifetime else { return nil }
            return found.key
        }
    }

    /// A key that was read at any time and has not been forgotten since.
    func known(_ id: APIKeyID) -> APIKeyRecord? { kept.withLock { $0[id]?.key } }

    /// Remembers a key that was read.
    func keep(_ key: APIKeyRecord, readAt moment: Timestamp) {
        kept.withLock { kept in
            if kept.count >= Self.limit { kept = [:] }
            let secret = kept[key.id].flatMap { $0.key.digest == key.digest ? $0.secret : nil }
            kept[key.id] = Kept(key: key, readAt: moment, secret: secret)
        }
    }

    /// Has the proven secret part of a key cut out of peer texts for as long as the key is kept here.
    func hide(_ secret: SecretBytes, of id: APIKeyID) {
        kept.withLock { kept in
            guard let known = kept[id], known.secret == nil else { return }
            secret.hideWhileHeld()
            kept[id]?.secret = secret
        }
    }

    /// Forgets a key that has changed.
    func forget(_ id: APIKeyID) { kept.withLock { $0[id] = nil } }
}
