import CQREncode

/// A QR code (ISO/IEC 18004) of a text, made by libqrencode.
struct QRCode {
    private let width: Int
    private let modules: [Bool]

    /// The code of a text, at error correction level M; nil when the text is longer than a code holds.
    init?(_ text: String) {
        let bytes = Array(text.utf8)
        guard !bytes.isEmpty, let code = unsafe QRcode_encodeData(Int32(bytes.count), bytes, 0, QR_ECLEVEL_M) else {
            return nil
        }
        defer { unsafe QRcode_free(code) }
        width = unsafe Int(code.pointee.width)
        guard let data = unsafe code.pointee.data else { return nil }
        modules = (0..<width * width).map { unsafe data[$0] & 1 == 1 }
    }

    /// A picture with the quiet zone of four modules, black on white: cameras need the contrast in any colour scheme.
    var svg: String {
        var path = ""
        for row in 0..<width {
            var column = 0
            while column < width {
                guard modules[row * width + column] else {
                    column += 1
                    continue
                }
                let start = column
                while column < width, modules[row * width + column] { column += 1 }
                path += "M\(start + 4) \(row + 4)h\(column - start)v1h-\(column - start)z"
            }
        }
        let size = width + 8
        return """
            <svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 \(size) \(size)" shape-rendering="crispEdges">\
            <path fill="#fff" d="M0 0h\(size)v\(size)H0z"/><path d="\(path)"/></svg>
            """
    }
}
