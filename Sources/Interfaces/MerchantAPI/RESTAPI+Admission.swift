import Cryptography
package import HTTPMessages
import Payments
import Records
package import Routing
import Seams
import Settlement

/// Who is let in, before anything of a request but its head was read.
///
/// Whoever sends a request is a stranger until a key's secret is proven. A field that only looks like a key is a
/// stranger's.
extension RESTAPI {
    package func isFromStranger(_ request: HTTPRequest) -> Bool {
        !request.url.hasPrefix("/v1/") || !hasProvenKey(request)
    }

    /// Has a key proven that was not proven a moment ago.
    package func admission(of request: HTTPRequest, isFromStranger: Bool) async -> Admission {
        guard isFromStranger else { return .admitted }
        do { _ = try await authenticate(request) } catch let refusal as Problem {
            return .refused(refusal)
        } catch {
            // The database cannot be asked: the answer says so, and the body is bounded as a stranger's.
        }
        return .admitted
    }

    /// Whether a request carries a key that was proven before, without asking the database.
    ///
    /// It only decides how much is read and where it is worked on, so that a key may have been revoked elsewhere.
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

    /// The key is found by its public part; its secret part is compared as a digest, in constant time.
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
