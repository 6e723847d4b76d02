/// A text that names something and comes from outside: two are the same when their bytes in UTF-8 are.
///
/// Swift holds texts for equal that Unicode holds for equivalent: a composed `é` and a decomposed one, the Kelvin sign and
/// `K`. Databases, digests and everybody outside compare bytes. So what is a key, a name or an identifier outside is
/// compared by this wrapper, and the types that have it get their `==` and their hash from it.
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

/// Values by names from outside, of which each counts as its bytes.
package struct Named<Value> {
    private var values: [Exact<String>: Value] = [:]

    /// Nothing.
    package init() {}

    /// What stands under a name; nil when nothing does.
    package subscript(name: String) -> Value? {
        get { values[Exact(wrappedValue: name)] }
        set { values[Exact(wrappedValue: name)] = newValue }
    }
}

extension Named: Sendable where Value: Sendable {}

/// What ``Exact`` compares: a text, or none.
package protocol ComparedByBytes: Sendable {
    /// Whether the bytes are equal.
    func hasSameBytes(as other: Self) -> Bool
    /// Hashes the bytes.
    func hashBytes(into hasher: inout Hasher)
}

extension String: ComparedByBytes {
    /// Whether the texts are equal in UTF-8, which is less than equal for Unicode.
    package func hasSameBytes(as other: String) -> Bool { utf8.elementsEqual(other.utf8) }

    /// Hashes the text in UTF-8.
    package func hashBytes(into hasher: inout Hasher) {
        var text = self
        text.withUTF8 { unsafe hasher.combine(bytes: UnsafeRawBufferPointer($0)) }
        // What comes behind it is told apart from it: no UTF-8 has this byte.
        hasher.combine(0xFF as UInt8)
    }
}

extension Optional: ComparedByBytes where Wrapped == String {
    /// Whether there are two texts with the same bytes, or none.
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
