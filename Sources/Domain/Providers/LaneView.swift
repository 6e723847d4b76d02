/// A wallet that takes its numbers in turn, as its chain shows it at one moment: which numbers have news.
///
/// It only says what is worth asking for. The fate of a transfer is what ``TransferSending/fate(of:for:)`` says.
package struct LaneView: Hashable, Sendable {
    /// Every number below this one was taken for good, so that the fate of its transfers can be asked for.
    package let decidedBelow: Int64
    /// Every number below this one was taken by the newest block, which may still be discarded.
    package let takenBelow: Int64
    /// Every number below this one was taken, or the nodes keep a request with it.
    package let keptBelow: Int64
    /// The taken numbers of which a node shows the request that was asked about in a block.
    package let shown: Set<Int64>

    /// A wallet as its chain shows it.
    package init(decidedBelow: Int64, takenBelow: Int64, keptBelow: Int64, shown: Set<Int64>) {
        self.decidedBelow = decidedBelow
        self.takenBelow = max(takenBelow, decidedBelow)
        self.keptBelow = max(keptBelow, takenBelow, decidedBelow)
        self.shown = shown
    }
}
