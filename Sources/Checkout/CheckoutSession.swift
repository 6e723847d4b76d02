import Cryptography
import Seams
import StrictJSON
import TelegramBot

/// Who a customer is: shown once by init data, and then by a cookie that only we can make.
struct CheckoutSession: Hashable, Sendable {
    /// How long it holds.
    static let lifetime = Duration.seconds(3_600)
    /// How old init data may be.
    private static let maximumAge = Duration.seconds(300)
    /// The cookie's name.
    static let cookie = "pay_session"

    /// The Telegram user.
    let user: Int64
    /// Until when it holds.
    let expiresAt: Timestamp

    /// A session of whom the init data names, if one of the bots' tokens has signed it.
    ///
    /// - Throws: ``CheckoutError``.
    init(_ text: String, bots: [SecretBytes], at now: Timestamp) throws(CheckoutError) {
        let data: InitData
        do { data = try InitData(parsing: text) } catch { throw .unauthorized(error.reason) }
        var reason = "no bot is configured"
        for token in bots {
            do {
                try data.check(botToken: token, now: now, maximumAge: Self.maximumAge)
                guard let user = data.user?["id"]?.integerValue else {
                    throw CheckoutError.unauthorized("there is no user")
                }
                self.user = user
                expiresAt = now.advanced(by: Self.lifetime)
                return
            } catch let error as InitData.Refusal { reason = error.reason } catch { reason = "there is no user" }
        }
        throw .unauthorized("the init data is refused: \(reason)")
    }

    /// The session that a cookie names, if we made it and it still holds.
    init?(cookie: String, key: SecretBytes, at now: Timestamp) {
        let parts = cookie.split(separator: ".", omittingEmptySubsequences: false)
        guard parts.count == 3, let user = Int64(parts[0]), let seconds = Int64(parts[1]) else { return nil }
        self.user = user
        expiresAt = Timestamp(seconds: seconds)
        guard now < expiresAt, constantTimeEquals(Array(text(key: key).utf8), Array(cookie.utf8)) else { return nil }
    }

    /// The cookie's value.
    func text(key: SecretBytes) -> String {
        let signed = "\(user).\(expiresAt.seconds)"
        return signed + "." + Hex.encode(HMAC.sha256(key: key, message: Array("checkout \(signed)".utf8)))
    }
}
