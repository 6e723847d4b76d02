import Cryptography
public import HTTPMessages
import Payments
import Seams
import Settlement
import Storage
import TelegramIntake

/// Who is let in, before anything of a request but its head was read.
///
/// Whoever sends a request is a stranger until a secret is proven: Telegram's of a webhook, or a merchant's key. A field
/// that only looks like a key is a stranger's.
extension GatewayAPI {
    /// The most bytes of a body: of a stranger's no more than a form or init data needs.
    private static let limits = (stranger: 32_768, known: 1 << 20)

    /// Looks at a request's head before its body is read: what is not allowed in is answered at once.
    public func admit(_ request: HTTPRequest) async -> HTTPResponse? {
        if Self.isForMerchants(request) { return await admitMerchant(request) }
        // By the parts of its path, as it is answered: `//telegram/shop` leads to the same place.
        let target = RequestTarget(request.url)
        guard request.method == "POST", target.path.first == "telegram", target.path.count == 2 else { return nil }
        guard telegram.isFromTelegram(request, bot: target.path[1]) else {
            return problem(.notFromTelegram, target, requestID())
        }
        return nil
    }

    /// Has a key proven that was not proven a moment ago; what that costs, it costs strangers.
    private func admitMerchant(_ request: HTTPRequest) async -> HTTPResponse? {
        guard !hasProvenKey(request) else { return nil }
        return await withTaskExecutorPreference(strangers) {
            do { _ = try await authenticate(request) } catch let refusal as Problem {
                return await finish(request) { _, _ in throw refusal }
            } catch {
                // The database cannot be asked: the answer says so, and the body is bounded as a stranger's.
            }
            return nil
        }
    }

    /// How many bytes of a body are read.
    public func bodyLimit(of request: HTTPRequest) -> Int {
        isStrangers(request) ? Self.limits.stranger : Self.limits.known
    }

    /// Whether a request carries neither a merchant's proven key nor comes to Telegram's address, where nobody is let in
    /// without its secret: everybody can send it.
    func isStrangers(_ request: HTTPRequest) -> Bool {
        if request.url.hasPrefix("/telegram/") { return false }
        return !Self.isForMerchants(request) || !hasProvenKey(request)
    }

    private static func isForMerchants(_ request: HTTPRequest) -> Bool { request.url.hasPrefix("/v1/") }

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
        let found = try await settlement.database.lookUp { try $0.apiKey(id) }
        if let found { keys.keep(found, readAt: now) }
        return found
    }
}
