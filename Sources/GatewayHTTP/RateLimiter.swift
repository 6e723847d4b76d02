import HTTPTransport
import Seams
import Synchronization

/// How many requests an API key may make: a bucket that fills steadily.
final class RateLimiter: Sendable {
    private struct Bucket {
        /// Millionths of a request.
        var level: Int64
        var filledAt: Timestamp
    }

    /// Above this many keys, the bucket that was full longest is forgotten.
    private static let maximumBuckets = 10_000

    private let perMinute: Int64
    private let clock: any WallClock
    private let buckets = Mutex<[String: Bucket]>([:])

    init(perMinute: Int, clock: any WallClock) {
        self.perMinute = Int64(max(1, perMinute))
        self.clock = clock
    }

    /// Takes one request from a key's bucket, which holds ten seconds' worth.
    func take(_ key: String) throws {
        let now = clock.now()
        let capacity = max(perMinute * 1_000_000 / 6, 1_000_000)
        let isAllowed = buckets.withLock { buckets in
            if buckets.count >= Self.maximumBuckets { buckets.removeAll() }
            var bucket = buckets[key] ?? Bucket(level: capacity, filledAt: now)
            let passed = min(max(0, now.since(bucket.filledAt).wholeMicroseconds), 60_000_000)
            bucket.level = min(capacity, bucket.level + passed * perMinute / 60)
            bucket.filledAt = now
            defer { buckets[key] = bucket }
            guard bucket.level >= 1_000_000 else { return false }
            bucket.level -= 1_000_000
            return true
        }
        guard isAllowed else {
            throw Problem(
                status: 429,
                code: "rate_limited",
                title: "Too many requests",
                detail: "this key may make \(perMinute) requests a minute",
                fields: [HTTPField("Retry-After", "1"), HTTPField("RateLimit-Limit", "\(perMinute)")]
            )
        }
    }
}
