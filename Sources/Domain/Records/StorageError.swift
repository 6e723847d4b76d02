import Seams

/// What the database refuses or cannot do: a code that callers match, and a reason that people read.
package struct StorageError: CodedError {
    /// How the error's text begins.
    package static let domain = "storage"

    /// The kind of failure.
    package enum Code: String, Hashable, Sendable, CaseIterable {
        /// Another process has the database.
        case locked
        /// The database was made by a newer version of the program.
        case newerSchema
        /// A power failure could take what the database confirms; it is not worked with.
        case notDurable
        /// A unit of work cannot be done now: the disk is full, or the database is closed or busy. Nothing was changed.
        case unavailable
        /// The commit failed: whether the unit of work is there has to be read back.
        case outcomeUnknown
        /// What is stored breaks its own rules.
        case corrupt
        /// Two units of work stood in each other's way; nothing was changed, and doing it again is right.
        case conflict
        /// The lease under which the work was done has another holder. Nothing was changed.
        case fenced
        /// A unique key or another constraint does not allow it. Nothing was changed.
        case constraint
        /// A unit of work changes more than it said; it has to run with a wider scope. Nothing was changed.
        case outOfScope
        /// A value is none that the database can keep: text with U+0000 in it, or more bytes than fit. Nothing was changed.
        case unstorable
    }

    /// The kind of failure.
    package let code: Code
    /// What went wrong and what to do about it, for a person.
    package let reason: String

    /// A failure of the kind `code`.
    package init(_ code: Code, _ reason: String) {
        self.code = code
        self.reason = reason
    }

    package static let changedMeanwhile = Self(.conflict, "a row is no longer what it was when it was read")

    /// Whether the reason lies in the values of the statement or of a row, and not in the database: another unit of work
    /// may well succeed, and this one never will.
    package var liesInValues: Bool {
        switch code {
        case .constraint, .unstorable, .corrupt: true
        case .locked, .newerSchema, .notDurable, .unavailable, .outcomeUnknown, .conflict, .fenced, .outOfScope: false
        }
    }

    package static func unstorable(_ text: String) -> Self? {
        StorableText.isStorable(text) ? nil : Self(.unstorable, "text with U+0000 in it cannot be stored")
    }

    package static func corrupt(_ reason: String) -> Self { Self(.corrupt, reason) }
}
