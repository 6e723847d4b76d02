import Storage

extension ArrivedMessage {
    /// A message of the inbox `s` in a lane; in one of its own when that is left out.
    static func sample(
        _ key: String,
        in lane: String? = nil,
        isMoney: Bool = true,
        paid: [UInt8]? = nil,
        returned: [UInt8]? = nil
    ) -> Self {
        let place = InboxPlace(lane: lane ?? key, isMoney: isMoney, paid: paid, returned: returned)
        return Self(source: "s", key: key, place: place, sealed: Array(key.utf8))
    }
}
