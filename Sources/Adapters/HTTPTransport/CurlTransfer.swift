import CCurl
import CCurlShims
import HTTPMessages
import Seams
import Synchronization

/// One request in progress.
///
/// Everything but ``whenDone(_:)`` and ``fail(_:)`` is called on the loop's thread only.
// The loop's thread gets the transfer through the mutex of its commands, and libcurl calls the sinks on it too.
// Proof: `handle`, `head`, `lines`, `body`, `stream` and `isTooLarge` are that thread's alone; `answer` is a mutex.
@safe final class CurlTransfer: @unchecked Sendable {
    private let request: HTTPRequest
    private let rule: AddressRule
    private let httpsOnly: Bool
    private(set) var handle: UnsafeMutableRawPointer?
    private var head: UnsafeMutablePointer<curl_slist>?
    private var lines: [HTTPField] = []
    private var body: [UInt8] = []
    private var isTooLarge = false
    private let pieces: AsyncThrowingStream<[UInt8], any Error>.Continuation?
    /// After how many seconds without a byte a stream is ended.
    private let silence: Int
    /// A server may repeat our secrets, even split over two pieces.
    private var stream = SecretStream()
    private let answer = Mutex<(@Sendable (Result<HTTPResponse, HTTPTransportError>) -> Void)?>(nil)

    /// A transfer; with `pieces`, the body of a successful answer goes there as it arrives.
    init(
        _ request: HTTPRequest,
        rule: AddressRule,
        httpsOnly: Bool,
        pieces: AsyncThrowingStream<[UInt8], any Error>.Continuation? = nil,
        silence: Int = 0
    ) {
        self.request = request
        self.rule = rule
        self.httpsOnly = httpsOnly
        self.pieces = pieces
        self.silence = silence
    }

    func whenDone(_ body: @escaping @Sendable (Result<HTTPResponse, HTTPTransportError>) -> Void) {
        answer.withLock { $0 = body }
    }

    func fail(_ error: HTTPTransportError) { resolve(.failure(error)) }

    private func resolve(_ result: Result<HTTPResponse, HTTPTransportError>) {
        let answer = answer.withLock { answer in
            defer { answer = nil }
            return answer
        }
        answer?(result)
    }

    /// Makes the handle; nil when the transfer was cancelled before, or the handle cannot be made.
    func open() -> UnsafeMutableRawPointer? {
        guard answer.withLock({ $0 != nil }) else { return nil }
        guard let handle = unsafe curl_easy_init() else {
            fail(HTTPTransportError(.unreachable, "libcurl has no memory"))
            return nil
        }
        unsafe self.handle = unsafe handle
        guard unsafe configure(handle) else {
            fail(HTTPTransportError(.invalidRequest, "the request cannot be sent as it is; check its URL"))
            close()
            return nil
        }
        return unsafe handle
    }

    func close() {
        if let handle = unsafe handle { unsafe curl_easy_cleanup(handle) }
        if let head = unsafe head { unsafe curl_slist_free_all(head) }
        unsafe handle = nil
        unsafe head = nil
    }

    private func configure(_ handle: UnsafeMutableRawPointer) -> Bool {
        let milliseconds = max(
            1,
            Int(request.timeout.components.seconds) * 1_000
                + Int(request.timeout.components.attoseconds / 1_000_000_000_000_000)
        )
        for field in request.fields + [HTTPField("Expect", "")] {
            // libcurl removes a field without a value, and sends an empty one for "name;".
            let line =
                field.value.isEmpty && field.name != "Expect" ? "\(field.name);" : "\(field.name): \(field.value)"
            guard let longer = unsafe curl_slist_append(head, line) else { return false }
            unsafe head = unsafe longer
        }
        var results = unsafe [
            curl_shim_set_text(handle, CURLOPT_URL, request.url),
            curl_shim_set_text(handle, CURLOPT_PROTOCOLS_STR, httpsOnly ? "https" : "http,https"),
            curl_shim_set_text(handle, CURLOPT_PROXY, ""),
            curl_shim_set_text(handle, CURLOPT_CUSTOMREQUEST, request.method),
            curl_shim_set_long(handle, CURLOPT_NOSIGNAL, 1),
            curl_shim_set_long(handle, CURLOPT_FOLLOWLOCATION, 0),
            curl_shim_set_long(handle, CURLOPT_TIMEOUT_MS, milliseconds),
            curl_shim_set_long(handle, CURLOPT_CONNECTTIMEOUT_MS, min(milliseconds, 10_000)),
            curl_shim_set_list(handle, CURLOPT_HTTPHEADER, head),
            curl_shim_set_pointer(handle, CURLOPT_WRITEDATA, Unmanaged.passUnretained(self).toOpaque()),
            curl_shim_set_pointer(handle, CURLOPT_HEADERDATA, Unmanaged.passUnretained(self).toOpaque()),
            curl_shim_set_sink(handle, CURLOPT_WRITEFUNCTION) { bytes, size, count, context in
                unsafe CurlTransfer.from(context)?.take(bytes, size * count) ?? 0
            },
            unsafe curl_shim_set_sink(handle, CURLOPT_HEADERFUNCTION) { bytes, size, count, context in
                unsafe CurlTransfer.from(context)?.takeLine(bytes, size * count) ?? 0
            },
        ]
        if pieces != nil {
            unsafe results.append(curl_shim_set_long(handle, CURLOPT_LOW_SPEED_LIMIT, 1))
            unsafe results.append(curl_shim_set_long(handle, CURLOPT_LOW_SPEED_TIME, silence))
        }
        if request.method == "HEAD" { unsafe results.append(curl_shim_set_long(handle, CURLOPT_NOBODY, 1)) }
        if !request.body.isEmpty || request.method == "POST" {
            unsafe results.append(
                curl_shim_set_size(handle, CURLOPT_POSTFIELDSIZE_LARGE, curl_off_t(request.body.count))
            )
            unsafe results.append(
                request.body.withUnsafeBufferPointer { buffer in
                    guard let bytes = buffer.baseAddress else {
                        return unsafe curl_shim_set_text(handle, CURLOPT_COPYPOSTFIELDS, "")
                    }
                    return unsafe curl_shim_set_bytes(handle, CURLOPT_COPYPOSTFIELDS, bytes)
                }
            )
        }
        if rule == .publicOnly {
            unsafe results.append(
                curl_shim_guard_addresses(handle) { bytes, length in
                    unsafe AddressRule.isPublic(Array(UnsafeBufferPointer(start: bytes, count: length))) ? 1 : 0
                }
            )
        }
        return results.allSatisfy { $0 == CURLE_OK }
    }

    private static func from(_ context: UnsafeMutableRawPointer?) -> CurlTransfer? {
        unsafe context.map { unsafe Unmanaged<CurlTransfer>.fromOpaque($0).takeUnretainedValue() }
    }

    private func take(_ bytes: UnsafeMutablePointer<CChar>, _ count: Int) -> Int {
        if let pieces, isGood { return unsafe give(bytes, count, to: pieces) }
        guard body.count + count <= request.maximumResponseBytes else {
            isTooLarge = true
            return 0
        }
        unsafe body.append(contentsOf: UnsafeRawBufferPointer(start: bytes, count: count))
        return count
    }

    /// Whether the answer's status is of the 200s.
    private var isGood: Bool {
        var status = 0
        if let handle = unsafe handle { unsafe curl_shim_status(handle, &status) }
        return (200..<300).contains(status)
    }

    private func give(
        _ bytes: UnsafeMutablePointer<CChar>,
        _ count: Int,
        to pieces: AsyncThrowingStream<[UInt8], any Error>.Continuation
    ) -> Int {
        let piece = unsafe stream.cut(Array(UnsafeRawBufferPointer(start: bytes, count: count)))
        guard !piece.isEmpty else { return count }
        switch pieces.yield(piece) {
        case .enqueued: return count
        // Pieces that are not read in time must not fill the memory.
        case .dropped: isTooLarge = true
        case .terminated: break
        @unknown default: break
        }
        return 0
    }

    /// The most lines of a head.
    private static let maximumLines = 200

    private func takeLine(_ bytes: UnsafeMutablePointer<CChar>, _ count: Int) -> Int {
        let line = unsafe String(decoding: UnsafeRawBufferPointer(start: bytes, count: count), as: UTF8.self)
        // A new head replaces an interim one (100 Continue).
        if line.hasPrefix("HTTP/") {
            lines = []
            return count
        }
        guard let colon = line.firstIndex(of: ":") else { return count }
        guard lines.count < Self.maximumLines else {
            isTooLarge = true
            return 0
        }
        let value = line[line.index(after: colon)...]
        let isBlank: (Character) -> Bool = { $0 == " " || $0 == "\t" || $0.isNewline }
        let trimmed = String(value.drop(while: isBlank).reversed().drop(while: isBlank).reversed())
        lines.append(HTTPField(String(line[..<colon]), trimmed))
        return count
    }

    func finish(_ result: CURLcode) {
        if let pieces {
            let rest = stream.end()
            if !rest.isEmpty { pieces.yield(rest) }
        }
        guard result == CURLE_OK, let handle = unsafe handle else { return fail(error(result)) }
        var status = 0
        unsafe curl_shim_status(handle, &status)
        // A server may repeat our secrets.
        resolve(.success(HTTPResponse(status: status, fields: lines, body: body).cut(by: .shared)))
    }

    private func error(_ result: CURLcode) -> HTTPTransportError {
        // libcurl's own sentence for the code names no URL.
        let reason = unsafe curl_easy_strerror(result).map { unsafe String(cString: $0) } ?? "error \(result.rawValue)"
        let code: HTTPTransportError.Code =
            switch result {
            case CURLE_UNSUPPORTED_PROTOCOL, CURLE_URL_MALFORMAT: .invalidRequest
            case CURLE_COULDNT_RESOLVE_HOST: .unreachable
            case CURLE_COULDNT_CONNECT: rule == .publicOnly ? connectFailure : .unreachable
            case CURLE_OPERATION_TIMEDOUT: .timedOut
            case CURLE_WRITE_ERROR where isTooLarge: .responseTooLarge
            default: .connectionLost
            }
        return HTTPTransportError(
            code,
            code == .forbiddenAddress ? "the address is not one of the public internet" : reason
        )
    }

    /// The code of a failed connection.
    ///
    /// For libcurl, a socket that the rule has refused is a failed connection without an attempt.
    private var connectFailure: HTTPTransportError.Code {
        var errorNumber = 0
        guard let handle = unsafe handle, unsafe curl_shim_connect_errno(handle, &errorNumber) == CURLE_OK,
            errorNumber != 0
        else {
            return .forbiddenAddress
        }
        return .unreachable
    }
}
