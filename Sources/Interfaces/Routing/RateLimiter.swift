package import HTTPMessages
package import Seams
import Synchronization

/// Limits the requests of each key (an API key or another name) by a bucket that fills steadily.
package final class RateLimiter: Sendable {
    private struct Bucket {
        /// Millionths of a request.
        var level: Int64
        var filledAt: Timestamp
    }

    /// The most buckets; beyond it all are dropped, and every key starts with a full one.
    private static let maximumBuckets = 10_000

    private let perMinute: Int64
    private let clock: any WallClock
    private let buckets = Mutex<[String: Bucket]>([:])

    /// A limiter that allows each key so many requests a minute.
    package init(perMinute: Int, clock: any WallClock) {
        self.perMinute = Int64(max(1, perMinute))
        self.clock = clock
    }

    /// What a key has left of its limit (draft-ietf-httpapi-ratelimit-headers).
    package struct Allowance: Hashable, Sendable {
        /// Whether the request that was asked for is granted.
        package let isGranted: Bool
        /// The limit, in requests a minute.
        package let perMinute: Int64
        /// How many more requests are granted at once.
        package let remaining: Int64
        /// Seconds until the bucket is full, or, after a refusal, until another request is granted.
        package let seconds: Int64

        /// The fields of a response's head.
        package var fields: [HTTPField] {
            [
                HTTPField("RateLimit-Policy", "\"key\";q=\(perMinute);w=60"),
                HTTPField("RateLimit", "\"key\";r=\(remaining);t=\(seconds)"),
            ]
        }
    }

    /// Takes one request from a key's bucket, which holds ten seconds' worth.
    package func take(_ key: String) -> Allowance {
        let now = clock.now()
        let capacity = max(perMinute * 1_000_000 / 6, 1_000_000)
        return buckets.withLock { buckets in
            if buckets.count >= Self.maximumBuckets { buckets.removeAll() }
            var bucket = buckets[key] ?? Bucket(level: capacity, filledAt: now)
            let passed = min(max(0, now.since(bucket.filledAt).wholeMicroseconds), 60_000_000)
            bucket.level = min(capacity, bucket.level + passed * perMinute / 60)
            bucket.filledAt = now
            let isGranted = bucket.level >= 1_000_000
            if isGranted { bucket.level -= 1_000_000 }
            buckets[key] = bucket
            let missing = isGranted ? capacity - bucket.level : 1_000_000 - bucket.level
            // A millionth of a request comes each 60 / perMinute microseconds; rounded up to whole seconds.
            let seconds = (missing * 60 / perMinute + 999_999) / 1_000_000
            return Allowance(
                isGranted: isGranted,
                perMinute: perMinute,
                remaining: bucket.level / 1_000_000,
                seconds: max(seconds, isGranted ? 0 : 1)
            )
        }
    }
}
