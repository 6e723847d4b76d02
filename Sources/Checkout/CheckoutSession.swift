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

    /// A session of whom the init data names, if one of the bots' tokens, or Telegram for another bot, has signed it.
    ///
    /// - Throws: ``CheckoutError``.
    init(_ text: String, trusting trust: CheckoutTrust, at now: Timestamp) throws(CheckoutError) {
        let data: InitData
        do { data = try InitData(parsing: text) } catch { throw .unauthorized(error.reason) }
        if let reason = Self.refusal(of: data, trusting: trust, at: now) {
            throw .unauthorized("the init data is refused: \(reason)")
        }
        guard let user = data.user?["id"]?.integerValue else { throw .unauthorized("there is no user") }
        self.user = user
        expiresAt = now.advanced(by: Self.lifetime)
    }

    /// Why nobody who is trusted has signed the init data; none when somebody has.
    private static func refusal(of data: InitData, trusting trust: CheckoutTrust, at now: Timestamp) -> String? {
        var reason = "no bot is configured"
        for token in trust.tokens() {
            do {
                try data.check(botToken: token, now: now, maximumAge: maximumAge)
                return nil
            } catch { reason = error.reason }
        }
        guard let others = trust.thirdParties, data.value("signature") != nil else { return reason }
        for bot in others.bots {
            do {
                try data.check(botID: bot, publicKey: others.key, now: now, maximumAge: maximumAge)
                return nil
            } catch { reason = error.reason }
        }
        return reason
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
