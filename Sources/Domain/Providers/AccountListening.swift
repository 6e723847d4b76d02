package import Payments

/// Hears at once that accounts have moved, on a rail whose nodes tell it.
///
/// What is heard is a hint: of where to look, and of payments that are not final yet. Nothing of it is booked, and what is
/// missed is found by the scan.
package protocol AccountListening: Sendable {
    /// How many accounts can be listened to.
    var listeningCapacity: ListeningCapacity { get }

    /// Listens until the stream ends or the task is cancelled.
    ///
    /// - Parameters:
    ///   - accounts: the accounts, at most as many as one stream takes.
    ///   - receive: gets the news; it is called often where much happens, and returns at once.
    /// - Throws: ``ProviderError`` with the reason for which the stream has ended; it always ends with one.
    func listen(
        to accounts: [ScanAccount],
        _ receive: @Sendable (StreamNews) -> Void
    ) async throws(ProviderError)
}

/// What is heard on a stream.
package enum StreamNews: Hashable, Sendable {
    /// The stream tells of everything from here on; of what was before nothing is known.
    case begins
    /// Something has happened on these accounts, and is final.
    case moved(Set<ScanAccount>)
    /// Payments are in a block that is not final yet.
    case seen([Sighting])
    /// Payments that were seen are not the rail's any more.
    case gone(Set<NaturalKey>)
}

/// How many accounts can be listened to.
package struct ListeningCapacity: Hashable, Sendable {
    /// How many streams may be open at once.
    package let streams: Int
    /// How many accounts one stream takes.
    package let accountsPerStream: Int

    /// A capacity; each number is at least 1.
    package init(streams: Int, accountsPerStream: Int) {
        self.streams = max(1, streams)
        self.accountsPerStream = max(1, accountsPerStream)
    }
}
