/// The version of both programs.
package enum ProgramVersion {
    /// The version as it is written.
    package static let text = "0.1.0"
}
