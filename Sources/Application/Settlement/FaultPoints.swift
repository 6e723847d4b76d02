package import Seams

/// The places where a crash would hurt most; a simulation stops the process at each of them.
extension FaultPoint {
    /// An observation was made and is not recorded.
    package static let beforeRecording = Self(rawValue: "record.before")
    /// An observation is recorded and nobody was told.
    package static let afterRecording = Self(rawValue: "record.after")
    /// Options are open at their rails, and neither they nor their invoice are stored.
    package static let afterOpeningOptions = Self(rawValue: "open.after-options")
    /// Requests between own wallets are stored and not signed.
    package static let afterStoringIntents = Self(rawValue: "own.after-store")
    /// A transfer is signed and not stored.
    package static let afterSigning = Self(rawValue: "outgoing.after-sign")
    /// A transfer is stored and not submitted.
    package static let afterStoringTransfer = Self(rawValue: "outgoing.after-store")
    /// A transfer is submitted and its outcome not stored.
    package static let afterSubmitting = Self(rawValue: "outgoing.after-submit")
    /// A transfer's fate is known and not stored.
    package static let beforeStoringFate = Self(rawValue: "outgoing.before-fate")
}
