/// Texts that people read: names, titles, labels.
public enum VisibleText {
    /// Whether somebody sees anything: a letter, a digit, a sign.
    ///
    /// Spaces, controls, marks without a letter, and what fonts leave out (Unicode `Default_Ignorable_Code_Point`, the
    /// Braille blank) are nothing.
    public static func isVisible(_ text: String) -> Bool {
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
