/// Texts that people read: names, titles, labels.
package enum VisibleText {
    /// A text as a part of somebody else's line: it has no line breaks, and does not change the direction of the rest
    /// (Unicode `Bidi_Control`).
    package static func inLine(_ text: String) -> String {
        var line = String.UnicodeScalarView()
        for scalar in text.unicodeScalars where !scalar.properties.isBidiControl {
            let isBlank = scalar.properties.isWhitespace || scalar.properties.generalCategory == .control
            if !isBlank {
                line.append(scalar)
            } else if let last = line.last, last != " " {
                line.append(" ")
            }
        }
        if line.last == " " { line.removeLast() }
        return String(line)
    }

    /// Whether the text has a visible character: a letter, a digit, a sign.
    ///
    /// Spaces, controls, marks without a letter, and characters that fonts leave out (Unicode
    /// `Default_Ignorable_Code_Point`, the Braille blank) are not visible.
    package static func isVisible(_ text: String) -> Bool {
        text.unicodeScalars.contains { scalar in
            let properties = scalar.properties
            guard !properties.isWhitespace, !properties.isDefaultIgnorableCodePoint, scalar != "\u{2800}" else {
                return false
            }
            switch properties.generalCategory {
            case .control, .format, .surrogate, .unassigned, .spaceSeparator, .lineSeparator, .paragraphSeparator,
                .nonspacingMark, .enclosingMark:
                return false
            default: return true
            }
        }
    }
}
