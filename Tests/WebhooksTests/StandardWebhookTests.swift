import Cryptography
import HTTPMessages
import Seams
import Testing
import Webhooks

@Suite("A webhook after Standard Webhooks")
struct StandardWebhookTests {
    static let body = Array(#"{"type":"invoice.settled"}"#.utf8)
    static let moment = Timestamp(seconds: 1_614_265_330)

    private let secret = StandardWebhook.Secret(random: SeededRandom(seed: 1))

    private func signed() -> [HTTPField] {
        StandardWebhook.fields(id: "evt_1", at: Self.moment, body: Self.body, secrets: [secret])
    }

    private func verify(_ fields: [HTTPField], body: [UInt8] = body, now: Timestamp = moment) throws {
        try StandardWebhook.verify(fields, body: body, by: .secret(secret), now: now)
    }

    @Test("is accepted when it is complete and fresh")
    func valid() throws {
        #expect(throws: Never.self) { try verify(signed()) }
    }

    /// The example of the specification's reference libraries, computed with OpenSSL 3.0's `dgst -hmac`.
    @Test("has the signature that every library computes")
    func known() throws {
        let secret = try StandardWebhook.Secret(text: "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
        let fields = StandardWebhook.fields(
            id: "msg_p5jXN8AQM9LWM0D4loKWxJek",
            at: Self.moment,
            body: Array(#"{"test": 2432232314}"#.utf8),
            secrets: [secret]
        )
        #expect(
            fields.first { $0.name == "webhook-signature" }?.value == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
        )
    }

    @Test("is refused when any part was changed")
    func changed() {
        #expect(throws: StandardWebhook.Refusal.self) { try verify(signed(), body: Self.body + [0x20]) }
        for name in ["webhook-id", "webhook-timestamp", "webhook-signature"] {
            let missing = signed().filter { $0.name != name }
            #expect(throws: StandardWebhook.Refusal.self) { try verify(missing) }
            let other = signed().map { $0.name == name ? HTTPField(name, $0.value + "1") : $0 }
            #expect(throws: StandardWebhook.Refusal.self) { try verify(other) }
        }
    }

    @Test(
        "is accepted for five minutes in both directions",
        arguments: [(-301, false), (-300, true), (300, true), (301, false)]
    )
    func age(seconds: Int64, isBelieved: Bool) {
        let now = Timestamp(seconds: Self.moment.seconds + seconds)
        #expect(((try? verify(signed(), now: now)) != nil) == isBelieved)
    }

    @Test("needs one valid signature among several, and skips unknown versions")
    func several() throws {
        let value = try #require(signed().last?.value)
        for text in ["v1,AAAA \(value)", "v9,xyz \(value)", "\(value) v1,!!!"] {
            let fields = signed().dropLast() + [HTTPField("webhook-signature", text)]
            #expect(throws: Never.self) { try verify(Array(fields)) }
        }
        for text in ["", "v1,", "v1", "v2,\(value.dropFirst(3))", "v1a,\(value.dropFirst(3))"] {
            let fields = signed().dropLast() + [HTTPField("webhook-signature", text)]
            #expect(throws: StandardWebhook.Refusal.self) { try verify(Array(fields)) }
        }
    }

    @Test("has a secret of 24 to 64 bytes")
    func secrets() {
        for count in [0, 23, 65] {
            #expect(throws: StandardWebhook.Refusal.self) {
                try StandardWebhook.Secret(text: "whsec_" + Base64.encode([UInt8](repeating: 1, count: count)))
            }
        }
        #expect((try? StandardWebhook.Secret(text: secret.text))?.text == secret.text)
    }
}

@Suite("The retry schedule")
struct RetryScheduleTests {
    @Test("grows, lasts about three days, and ends")
    func grows() throws {
        var now = Timestamp(seconds: 0)
        var waits: [Duration] = []
        for attempt in 1..<RetrySchedule.attempts {
            let next = try #require(RetrySchedule().next(after: attempt, at: now, retryAfter: nil, jitter: 0))
            waits.append(next.since(now))
            now = next
        }
        #expect(waits == waits.sorted())
        #expect(now.seconds > 2 * 86_400 && now.seconds < 5 * 86_400)
        #expect(RetrySchedule().next(after: RetrySchedule.attempts, at: now, retryAfter: nil, jitter: 0) == nil)
    }

    @Test("waits longer when the receiver asks for it, at most a day")
    func retryAfter() throws {
        let now = Timestamp(seconds: 0)
        let asked = RetrySchedule().next(after: 1, at: now, retryAfter: .seconds(900), jitter: 255)
        #expect(asked == Timestamp(seconds: 900))
        let greedy = RetrySchedule().next(after: 1, at: now, retryAfter: .seconds(900_000), jitter: 0)
        #expect(greedy == Timestamp(seconds: 86_400))
    }
}
