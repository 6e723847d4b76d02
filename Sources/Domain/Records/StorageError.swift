import Seams

/// A refusal or failure of the database: a code that callers match, and a reason that people read.
package struct StorageError: CodedError {
    /// How the error's text begins.
    package static let domain = "storage"

    /// The kind of failure.
    package enum Code: String, Hashable, Sendable, CaseIterable {
        /// Another process uses the database.
        case locked
        /// The database was made by a newer version of the program.
        case newerSchema
        /// A power failure could lose what the database confirms; such a database is not used.
        case notDurable
        /// The database has another history than the one that this process began with: it has to be started anew.
        case replaced
        /// A unit of work cannot be done now: the disk is full, or the database is closed or busy. Nothing was changed.
        case unavailable
        /// The commit failed; the caller has to read back whether the unit of work is stored.
        case outcomeUnknown
        /// Stored data breaks its own rules.
        case corrupt
        /// Two units of work conflicted. Nothing was changed, and the unit of work can be repeated.
        case conflict
        /// The lease under which the work was done has another holder. Nothing was changed.
        case fenced
        /// A unique key or another constraint does not allow it. Nothing was changed.
        case constraint
        /// A unit of work changes more than its scope allows, and has to run with a wider scope. Nothing was changed.
        case outOfScope
        /// The server lacks an extension that was asked for. Nothing was changed.
        case missingExtension
        /// The database cannot store a value: text with U+0000, or too many bytes. Nothing was changed.
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

    package static let changedMeanwhile = Self(.conflict, "a row has changed since it was read")

    /// Whether the reason lies in the values of the statement or of a row, and not in the database.
    ///
    /// Another unit of work may then succeed, but this one never will.
    package var liesInValues: Bool {
        switch code {
        case .constraint, .unstorable, .corrupt: true
        case .locked, .newerSchema, .notDurable, .replaced, .unavailable, .outcomeUnknown, .conflict, .fenced,
            .outOfScope, .missingExtension:
            false
        }
    }

    package static func unstorable(_ text: String) -> Self? {
        StorableText.isStorable(text) ? nil : Self(.unstorable, "text with U+0000 in it cannot be stored")
    }

    package static func corrupt(_ reason: String) -> Self { Self(.corrupt, reason) }
}
