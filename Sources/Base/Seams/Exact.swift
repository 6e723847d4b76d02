/// A name from outside: two are equal when their UTF-8 bytes are.
///
/// Swift treats canonically equivalent texts as equal: a composed `é` and a decomposed one, the Kelvin sign and `K`.
/// Databases, digests and other systems compare bytes. So keys, names and identifiers from outside are compared by this
/// wrapper, and the types that have it get their `==` and their hash from it.
@propertyWrapper
package struct Exact<Value: ComparedByBytes>: Hashable, Sendable {
    /// The text.
    package var wrappedValue: Value

    /// A text that is compared as bytes.
    package init(wrappedValue: Value) { self.wrappedValue = wrappedValue }

    /// Whether the bytes are equal.
    package static func == (lhs: Self, rhs: Self) -> Bool { lhs.wrappedValue.hasSameBytes(as: rhs.wrappedValue) }

    /// Hashes the bytes.
    package func hash(into hasher: inout Hasher) { wrappedValue.hashBytes(into: &hasher) }
}

/// Values by names from outside, which are compared as bytes.
package struct Named<Value> {
    private var values: [Exact<String>: Value] = [:]

    /// An empty collection.
    package init() {}

    /// The value under a name; nil when there is none.
    package subscript(name: String) -> Value? {
        get { values[Exact(wrappedValue: name)] }
        set { values[Exact(wrappedValue: name)] = newValue }
    }
}

extension Named: Sendable where Value: Sendable {}

/// A type that ``Exact`` can compare: a text, or an optional one.
package protocol ComparedByBytes: Sendable {
    /// Whether the bytes are equal.
    func hasSameBytes(as other: Self) -> Bool
    /// Hashes the bytes.
    func hashBytes(into hasher: inout Hasher)
}

extension String: ComparedByBytes {
    /// Whether the texts are equal in UTF-8, which is stricter than Unicode's equality.
    package func hasSameBytes(as other: String) -> Bool { utf8.elementsEqual(other.utf8) }

    /// Hashes the text in UTF-8.
    package func hashBytes(into hasher: inout Hasher) {
        var text = self
        text.withUTF8 { unsafe hasher.combine(bytes: UnsafeRawBufferPointer($0)) }
        // This byte, which is never a part of UTF-8, separates the text from the next value.
        hasher.combine(0xFF as UInt8)
    }
}

extension Optional: ComparedByBytes where Wrapped == String {
    /// Whether both texts have the same bytes, or both are nil.
    package func hasSameBytes(as other: String?) -> Bool {
        switch (self, other) {
        case (let text?, let other?): text.hasSameBytes(as: other)
        case (nil, nil): true
        default: false
        }
    }

    /// Hashes the text in UTF-8, if there is one.
    package func hashBytes(into hasher: inout Hasher) {
        hasher.combine(self == nil)
        self?.hashBytes(into: &hasher)
    }
}
