/// A piece of a list that is ordered by identifier, the newest first.
package struct Page: Hashable, Sendable {
    /// Only objects that are older than this identifier.
    package var after: String?
    /// Only objects that are newer than this identifier; the piece then ends right before it.
    package var before: String?
    /// The most objects of the piece.
    package var limit: Int

    /// A piece of a list.
    package init(after: String? = nil, before: String? = nil, limit: Int = 10) {
        self.after = after
        self.before = before
        self.limit = limit
    }
}

/// The cursor of a page names an object that is not in the list: an unknown one, one of another kind, or another
/// merchant's.
package struct UnknownCursor: Error, Hashable, Sendable {
    /// Whether the piece was to lie before the object, and not after it.
    package let isBefore: Bool

    /// An object that the piece was to begin at, and that is not in the list.
    package init(isBefore: Bool) { self.isBefore = isBefore }
}
