public import Seams

/// The places where a crash would hurt most; a simulation stops the process at each of them.
extension FaultPoint {
    /// An observation was made and is not recorded.
    public static let beforeRecording = Self(rawValue: "record.before")
    /// An observation is recorded and nobody was told.
    public static let afterRecording = Self(rawValue: "record.after")
    /// Options are open at their rails, and neither they nor their invoice are stored.
    public static let afterOpeningOptions = Self(rawValue: "open.after-options")
    /// A transfer is signed and not stored.
    public static let afterSigning = Self(rawValue: "outgoing.after-sign")
    /// A transfer is stored and not submitted.
    public static let afterStoringTransfer = Self(rawValue: "outgoing.after-store")
    /// A transfer is submitted and its outcome not stored.
    public static let afterSubmitting = Self(rawValue: "outgoing.after-submit")
    /// A transfer's fate is known and not stored.
    public static let beforeStoringFate = Self(rawValue: "outgoing.before-fate")
}
