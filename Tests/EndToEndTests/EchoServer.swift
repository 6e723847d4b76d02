import Foundation
import Glibc
import Synchronization

/// A server that repeats each request in one place of its answer.
final class EchoServer: Sendable {
    /// The place of the answer that repeats the request.
    enum Place: String, CaseIterable, Sendable {
        case statusText
        case field
        case text
        case errorOfJSON
        case escapedJSON
        case redirect
        case halfOfJSON
        case noHTTP
    }

    /// Its address, without a slash at the end.
    let url: String
    private let listener: Int32
    private let place: Place
    private let count = Mutex(0)

    /// How many requests it has repeated.
    var answered: Int { count.withLock { $0 } }

    init(_ place: Place) throws {
        self.place = place
        let listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        self.listener = listener
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = in_addr_t(0x7F00_0001).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let listens = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
                bind(listener, address, length) == 0 && listen(listener, 64) == 0
                    && getsockname(listener, address, &length) == 0
            }
        }
        guard listens else { throw POSIXError(.EADDRNOTAVAIL) }
        url = "http://127.0.0.1:\(in_port_t(bigEndian: address.sin_port))"
        let thread = Thread { [self] in
            while true {
                let connection = accept(listener, nil, nil)
                guard connection >= 0 else { return }
                answer(connection)
                close(connection)
            }
        }
        thread.start()
    }

    /// Stops the server.
    func stop() {
        shutdown(listener, Int32(SHUT_RDWR))
        close(listener)
    }

    private func answer(_ connection: Int32) {
        var patience = timeval(tv_sec: 5, tv_usec: 0)
        setsockopt(connection, SOL_SOCKET, SO_RCVTIMEO, &patience, socklen_t(MemoryLayout<timeval>.size))
        guard let question = Self.read(connection) else { return }
        count.withLock { $0 += 1 }
        let bytes = Array(reply(to: question).utf8)
        _ = send(connection, bytes, bytes.count, Int32(MSG_NOSIGNAL))
    }

    /// A whole request: its head and a body of the announced length.
    private static func read(_ connection: Int32) -> String? {
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 65_536)
        while true {
            let text = String(decoding: bytes, as: UTF8.self)
            if let end = text.range(of: "\r\n\r\n") {
                let head = text[..<end.lowerBound].lowercased()
                let length =
                    head.components(separatedBy: "\r\n").first { $0.hasPrefix("content-length:") }
                    .flatMap { Int($0.dropFirst("content-length:".count).trimmingCharacters(in: .whitespaces)) } ?? 0
                if text[end.upperBound...].utf8.count >= length { return text }
            }
            let count = recv(connection, &buffer, buffer.count, 0)
            guard count > 0 else { return nil }
            bytes += buffer[..<count]
        }
    }

    private func reply(to question: String) -> String {
        let said = question.components(separatedBy: .newlines).joined(separator: " ")
        let quoted = said.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"")
        let escaped = said.utf8.map { byte in
            "\\u00" + (byte < 16 ? "0" : "") + String(byte, radix: 16)
        }
        .joined()
        func json(_ text: String) -> String {
            let error =
                "{\"ok\":false,\"error_code\":400,\"description\":\"\(text)\",\"error\":\"\(text)\",\"message\":\"\(text)\"}"
            // A batch of calls is answered call by call.
            guard question.contains("\r\n\r\n[{\"jsonrpc\"") else { return error }
            return "[{\"jsonrpc\":\"2.0\",\"id\":0,\"error\":{\"code\":-32000,\"message\":\"\(text)\"}}]"
        }
        switch place {
        case .statusText: return "HTTP/1.1 500 \(said)\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
        case .field:
            return
                "HTTP/1.1 502 No\r\nServer: \(said)\r\nX-\(quoted.filter(\.isLetter)): 1\r\nContent-Length: 0\r\n\r\n"
        case .text: return Self.http(500, said)
        case .errorOfJSON: return Self.http(200, json(quoted))
        case .escapedJSON: return Self.http(200, json(escaped))
        case .redirect:
            return "HTTP/1.1 302 Found\r\nLocation: \(url)/\(said.filter { $0 != " " })\r\nContent-Length: 0\r\n\r\n"
        case .halfOfJSON: return Self.http(200, "{\"description\":\"\(quoted)")
        case .noHTTP: return said
        }
    }

    private static func http(_ status: Int, _ body: String) -> String {
        "HTTP/1.1 \(status) X\r\nContent-Type: application/json\r\nContent-Length: \(body.utf8.count)\r\nConnection: close\r\n\r\n\(body)"
    }
}
