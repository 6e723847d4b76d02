import Payments
import Records
import Seams
import Storage
import Testing

@testable import MerchantAPI

@Suite("Cached API keys")
struct KeyCacheTests {
    private let start = Timestamp(seconds: 1_000)

    private func key(_ number: UInt128) -> APIKeyRecord {
        APIKeyRecord(
            id: APIKeyID(value: number),
            merchant: MerchantID(value: 1),
            digest: [1],
            label: "k",
            version: "v",
            createdAt: start
        )
    }

    @Test(
        "are kept for a second from when they were read",
        arguments: [(0, true), (999, true), (1_000, false), (-1, false)]
    )
    func age(milliseconds: Int, isKnown: Bool) {
        let cache = KeyCache()
        cache.keep(key(1), readAt: start)
        let moment = start.advanced(by: .milliseconds(milliseconds))
        #expect((cache.key(APIKeyID(value: 1), at: moment) != nil) == isKnown)
        #expect(cache.key(APIKeyID(value: 2), at: start) == nil)
    }

    @Test("are dropped when they change, and when there are too many")
    func forgotten() {
        let cache = KeyCache()
        cache.keep(key(1), readAt: start)
        cache.forget(APIKeyID(value: 1))
        #expect(cache.key(APIKeyID(value: 1), at: start) == nil)
        for number in 1...UInt128(10_001) { cache.keep(key(number), readAt: start) }
        #expect(cache.key(APIKeyID(value: 10_000), at: start) == nil)
        #expect(cache.key(APIKeyID(value: 10_001), at: start) != nil)
    }
}
