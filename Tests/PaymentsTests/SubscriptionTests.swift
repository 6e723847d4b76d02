import Payments
import Seams
import Testing

@Suite("Subscriptions")
struct SubscriptionTests {
    private static func day(_ number: Int64) -> Timestamp { Timestamp(seconds: number * 86_400) }

    private static func paid(until end: Int64) -> SubscriptionStatus.Event {
        .paid(payer: "7", charge: "7:c", until: day(end))
    }

    /// Events, each with the state and the announcement that follow it; a subscription can be begun until day 1.
    static let stories: [(name: String, events: [SubscriptionStatus.Event], states: [String])] = [
        ("is renewed", [paid(until: 30), paid(until: 60)], ["active activated", "active renewed"]),
        ("is never begun", [.time(day(1)), .time(day(3)), .time(day(4))], ["incomplete", "ended ended", "ended"]),
        (
            "is cancelled and lasts until its period ends",
            [paid(until: 30), .canceled, .canceled, .time(day(30)), .time(day(31))],
            ["active activated", "canceled canceled", "canceled", "canceled", "ended ended"]
        ),
        (
            "is cancelled and taken up again",
            [paid(until: 30), .canceled, .restored, paid(until: 60)],
            ["active activated", "canceled canceled", "active restored", "active renewed"]
        ),
        (
            "fails, and is paid after all",
            [paid(until: 30), .failed, .failed, paid(until: 60)],
            ["active activated", "past_due past_due", "past_due", "active renewed"]
        ),
        (
            "fails for good, when its renewal cannot be on its way any more",
            [paid(until: 30), .failed, .time(day(31)), .time(day(32))],
            ["active activated", "past_due past_due", "past_due", "ended ended"]
        ),
        (
            "waits for updates that are late",
            [paid(until: 30), .time(day(31)), paid(until: 60), .time(day(61))],
            ["active activated", "active", "active renewed", "active"]
        ),
        (
            "is paid when it was thought to be over: money that came is a period that is owed",
            [paid(until: 30), .time(day(40)), paid(until: 60)],
            ["active activated", "ended ended", "active renewed"]
        ),
        (
            "is told of before it began, because its first payment is not known or was too late",
            [.failed, .restored, .canceled, .canceled, .restored, .restored],
            [
                "incomplete", "incomplete", "incomplete canceled", "incomplete", "incomplete restored", "incomplete",
            ]
        ),
        (
            "is cancelled before anybody has paid, and is paid afterwards",
            [.canceled, paid(until: 30), .time(day(31))],
            ["incomplete canceled", "active activated", "active"]
        ),
    ]

    @Test("follow payments, cancellations and time through their periods", arguments: stories.indices)
    func story(index: Int) {
        let story = Self.stories[index]
        var status = SubscriptionStatus()
        var states: [String] = []
        for (number, event) in story.events.enumerated() {
            let action = status.apply(event, at: Self.day(Int64(number)), expiresAt: Self.day(1))
            states.append([status.state.rawValue, action?.rawValue].compactMap { $0 }.joined(separator: " "))
        }
        #expect(states == story.states, "a subscription that \(story.name)")
    }

    @Test("do not end earlier when a payment of an earlier period is reported late")
    func order() {
        var status = SubscriptionStatus()
        _ = status.apply(Self.paid(until: 30), at: Self.day(0), expiresAt: Self.day(1))
        _ = status.apply(Self.paid(until: 90), at: Self.day(0), expiresAt: Self.day(1))
        _ = status.apply(Self.paid(until: 60), at: Self.day(0), expiresAt: Self.day(1))
        #expect(status.periodEnd == Self.day(90))
    }

    @Test(
        "are extended by a payment made before a cancellation, and restored only by one made after it",
        arguments: [-1, 0, 1],
        [false, true]
    )
    func toldLate(seconds: Int64, isOver: Bool) {
        var status = SubscriptionStatus()
        func apply(_ event: SubscriptionStatus.Event, at moment: Timestamp) {
            _ = status.apply(event, at: moment, expiresAt: Self.day(1))
        }
        apply(Self.paid(until: 30), at: Self.day(0))
        apply(.canceled, at: Self.day(20))
        // A repeated message of the rail is no second cancellation.
        apply(.canceled, at: Self.day(21))
        if isOver { apply(.time(Self.day(31)), at: Self.day(31)) }
        apply(Self.paid(until: 60), at: Self.day(20).advanced(by: .seconds(seconds)))
        #expect(status.state == (seconds > 0 ? .active : .canceled))
        #expect(status.periodEnd == Self.day(60) && status.endedAt == nil)
        apply(.time(Self.day(61)), at: Self.day(61))
        #expect(status.state == (seconds > 0 ? .active : .ended))
        apply(.restored, at: Self.day(61))
        apply(Self.paid(until: 90), at: Self.day(10))
        #expect(status.state == (seconds > 0 ? .active : .canceled))
    }
}
