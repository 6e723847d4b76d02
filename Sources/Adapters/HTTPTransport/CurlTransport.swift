import CCurl
import CCurlShims
import Foundation
package import HTTPMessages
import Seams
import Synchronization

/// Requests through libcurl: one thread owns the multi handle and all transfers.
///
/// It follows no redirects, uses no proxies, and allows only http and https, with limits on time and size. The
/// ``AddressRule`` checks each address before a socket is opened, so that neither a name nor a redirect leads into the
/// internal network.
package final class CurlTransport: HTTPTransport {
    /// The transport's configuration.
    package struct Configuration: Sendable {
        /// The addresses to which it may connect.
        package var addresses: AddressRule
        /// Whether plain http is refused.
        package var httpsOnly: Bool
        /// The most connections to one host.
        package var connectionsPerHost: Int
        /// After how many seconds without a byte a stream is ended; servers of event streams send heartbeats.
        package var silence: Int

        /// A configuration.
        package init(addresses: AddressRule, httpsOnly: Bool, connectionsPerHost: Int = 32, silence: Int = 60) {
            self.addresses = addresses
            self.httpsOnly = httpsOnly
            self.connectionsPerHost = connectionsPerHost
            self.silence = silence
        }
    }

    private let configuration: Configuration
    private let loop: CurlLoop

    /// A transport with a thread of its own.
    package init(_ configuration: Configuration) {
        self.configuration = configuration
        loop = CurlLoop(
            connectionsPerHost: configuration.connectionsPerHost,
            connections: DescriptorBudget.current.outgoingPerTransport
        )
    }

    /// Ends the thread; transfers that are under way fail.
    package func close() { loop.stop() }

    deinit { loop.stop() }

    /// Sends a request and waits for the whole response.
    ///
    /// - Throws: ``HTTPTransportError``.
    package func send(_ request: HTTPRequest) async throws(HTTPTransportError) -> HTTPResponse {
        try Self.validate(request)
        let transfer = CurlTransfer(request, rule: configuration.addresses, httpsOnly: configuration.httpsOnly)
        let result = await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                transfer.whenDone { continuation.resume(returning: $0) }
                loop.start(transfer)
            }
        } onCancel: {
            loop.cancel(transfer)
        }
        return try result.get()
    }

    /// Sends a request and yields the body of a successful answer piece by piece, as it arrives.
    package func stream(_ request: HTTPRequest) -> AsyncThrowingStream<[UInt8], any Error> {
        // Pieces have at most 16 kB.
        let waiting = max(1, request.maximumResponseBytes >> 14)
        return AsyncThrowingStream(bufferingPolicy: .bufferingOldest(waiting)) { pieces in
            do throws(HTTPTransportError) { try Self.validate(request) } catch { return pieces.finish(throwing: error) }
            let transfer = CurlTransfer(
                request,
                rule: configuration.addresses,
                httpsOnly: configuration.httpsOnly,
                pieces: pieces,
                silence: configuration.silence
            )
            transfer.whenDone { result in
                switch result {
                case .success(let response) where (200..<300).contains(response.status): pieces.finish()
                case .success(let response):
                    let reason = "the server answers with status \(response.status)"
                    pieces.finish(throwing: HTTPTransportError(.refused, reason))
                case .failure(let error): pieces.finish(throwing: error)
                }
            }
            pieces.onTermination = { [loop] _ in loop.cancel(transfer) }
            loop.start(transfer)
        }
    }

    /// The longest URL: chain nodes are asked for a thousand accounts in one.
    private static let longestURL = 65_536

    /// Refuses characters that could inject something into the head of a request.
    private static func validate(_ request: HTTPRequest) throws(HTTPTransportError) {
        func isLine(_ text: String) -> Bool { text.utf8.allSatisfy { $0 >= 0x20 && $0 != 0x7F } }
        guard isLine(request.url), !request.url.utf8.contains(UInt8(ascii: " ")),
            request.url.utf8.count <= longestURL
        else {
            throw HTTPTransportError(.invalidRequest, "the URL has characters that a URL cannot have, or is too long")
        }
        let isMethod = request.method.utf8.allSatisfy { (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains($0) }
        guard isMethod, !request.method.isEmpty else {
            throw HTTPTransportError(.invalidRequest, "the method is not in upper-case letters")
        }
        let areNames = request.fields.allSatisfy { field in
            !field.name.isEmpty && isLine(field.name) && isLine(field.value)
                && !field.name.utf8.contains(UInt8(ascii: ":"))
        }
        guard areNames else { throw HTTPTransportError(.invalidRequest, "a field of the head has a line break") }
    }
}
