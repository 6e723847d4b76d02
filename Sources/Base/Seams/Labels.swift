/// Texts under keys from outside, for example a merchant's metadata.
///
/// Keys are compared as bytes, so that none replaces another that only looks alike.
///
/// They are always in the order of their keys' bytes.
package struct Labels: Hashable, Sendable {
    /// One label.
    package struct Label: Hashable, Sendable {
        /// The key.
        @Exact package private(set) var key: String
        /// The text.
        @Exact package fileprivate(set) var value: String

        fileprivate init(_ key: String, _ value: String) {
            self.key = key
            self.value = value
        }
    }

    private var labels: [Label] = []

    /// No labels.
    package init() {}

    /// The place of a key, or where it would be inserted.
    private func place(of key: String) -> (index: Int, isTaken: Bool) {
        var (low, high) = (0, labels.count)
        while low < high {
            let middle = (low + high) / 2
            if labels[middle].key.utf8.lexicographicallyPrecedes(key.utf8) { low = middle + 1 } else { high = middle }
        }
        return (low, low < labels.count && labels[low].key.hasSameBytes(as: key))
    }

    /// The text under a key; nil when there is none.
    package subscript(key: String) -> String? {
        get {
            let (index, isTaken) = place(of: key)
            return isTaken ? labels[index].value : nil
        }
        set {
            let (index, isTaken) = place(of: key)
            switch (isTaken, newValue) {
            case (true, let value?): labels[index].value = value
            case (true, nil): labels.remove(at: index)
            case (false, let value?): labels.insert(Label(key, value), at: index)
            case (false, nil): break
            }
        }
    }

    /// The labels without the one under `key`.
    package func without(_ key: String) -> Self {
        var rest = self
        rest[key] = nil
        return rest
    }
}

extension Labels: RandomAccessCollection {
    /// Where the first one is.
    package var startIndex: Int { labels.startIndex }
    /// Behind the last one.
    package var endIndex: Int { labels.endIndex }
    /// The label at a place.
    package subscript(position: Int) -> Label { labels[position] }
}

extension Labels: ExpressibleByDictionaryLiteral {
    /// Labels; of equal keys, the last one counts.
    package init(dictionaryLiteral elements: (String, String)...) {
        for (key, value) in elements { self[key] = value }
    }
}
