import Cryptography
package import HTTPMessages
import Payments
import Records
package import Routing
import Seams
import Settlement

/// Admission: decides about a request after only its head was read.
///
/// A sender is a stranger until the secret of an API key is proven; a field that only looks like a key proves nothing.
extension RESTAPI {
    package func isFromStranger(_ request: HTTPRequest) -> Bool {
        !request.url.hasPrefix("/v1/") || !hasProvenKey(request)
    }

    /// Authenticates a request whose key has not been proven before; refuses it when its key is wrong.
    package func admission(of request: HTTPRequest, isFromStranger: Bool) async -> Admission {
        guard isFromStranger else { return .admitted }
        do { _ = try await authenticate(request) } catch let refusal as Problem {
            return .refused(refusal)
        } catch {
            // The database is unavailable: the answer to the request says so, and its body is bounded as a stranger's.
        }
        return .admitted
    }

    /// Whether a request carries a key that was proven before; the database is not asked.
    ///
    /// The result only decides how much is read and on which executor: the key may have been revoked elsewhere
    /// meanwhile.
    private func hasProvenKey(_ request: HTTPRequest) -> Bool {
        guard let text = keyText(of: request), let known = keys.known(text.id) else { return false }
        return Self.isProven(text, by: known)
    }

    private func keyText(of request: HTTPRequest) -> APIKeyText? {
        let credentials = request.fields.filter { $0.isCalled("authorization") }
        return credentials.count == 1 ? APIKeyText(credentials[0].value, mode: mode) : nil
    }

    private static func isProven(_ text: APIKeyText, by key: APIKeyRecord) -> Bool {
        key.revokedAt == nil && key.access.role == text.role && constantTimeEquals(key.digest, text.digest)
    }

    /// Finds the key by its public part, and compares the digest of its secret part in constant time.
    func authenticate(_ request: HTTPRequest) async throws -> APIKeyRecord {
        guard let text = keyText(of: request) else { throw Problem.unauthorized }
        guard let key = try await key(text.id, at: clock.now()), Self.isProven(text, by: key) else {
            throw Problem.unauthorized
        }
        keys.hide(text.secret, of: text.id)
        return key
    }

    private func key(_ id: APIKeyID, at now: Timestamp) async throws -> APIKeyRecord? {
        if let known = keys.key(id, at: now) { return known }
        let found = try await settlement.apiKey(id)
        if let found { keys.keep(found, readAt: now) }
        return found
    }
}
