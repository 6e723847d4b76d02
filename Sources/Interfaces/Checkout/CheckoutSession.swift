import Cryptography
import Seams
import StrictJSON
import TelegramBot

/// The identity of a customer: proven once by init data, and then by a cookie that only the gateway can make.
struct CheckoutSession: Hashable, Sendable {
    /// How long it holds.
    static let lifetime = Duration.seconds(3_600)
    /// How old init data may be.
    private static let maximumAge = Duration.seconds(300)
    /// The cookie's name.
    static let cookie = "pay_session"

    /// The Telegram user.
    let user: Int64
    /// The signer of the init data.
    let signer: CheckoutTrust.Signer
    /// Until when it holds.
    let expiresAt: Timestamp

    /// A session of the user that init data names, if a bot's token, or Telegram for another bot, has signed it.
    ///
    /// - Throws: ``CheckoutError``.
    init(_ text: String, trusting trust: CheckoutTrust, at now: Timestamp) throws(CheckoutError) {
        let data: InitData
        do { data = try InitData(parsing: text) } catch { throw .unauthorized(error.reason) }
        switch Self.signer(of: data, trusting: trust, at: now) {
        case .success(let found): signer = found
        case .failure(let refusal): throw .unauthorized("the init data is refused: \(refusal.reason)")
        }
        guard let user = data.user?["id"]?.integerValue else { throw .unauthorized("there is no user") }
        self.user = user
        expiresAt = now.advanced(by: Self.lifetime)
    }

    private struct Refusal: Error {
        let reason: String
    }

    /// The trusted signer of the init data.
    private static func signer(
        of data: InitData,
        trusting trust: CheckoutTrust,
        at now: Timestamp
    ) -> Result<CheckoutTrust.Signer, Refusal> {
        var reason = "no bot is configured"
        for bot in trust.bots() {
            do {
                try data.check(botToken: bot.token, now: now, maximumAge: maximumAge)
                return .success(.bot(bot.key))
            } catch { reason = error.reason }
        }
        guard let others = trust.thirdParties, data.value("signature") != nil else {
            return .failure(.init(reason: reason))
        }
        for bot in others.bots {
            do {
                try data.check(botID: bot, publicKey: others.key, now: now, maximumAge: maximumAge)
                return .success(.thirdParty(bot))
            } catch { reason = error.reason }
        }
        return .failure(.init(reason: reason))
    }

    /// The session in a cookie; nil when the gateway did not make it, or it has ended.
    init?(cookie: String, key: SecretBytes, at now: Timestamp) {
        let parts = cookie.split(separator: ".", omittingEmptySubsequences: false)
        guard parts.count == 4, let user = Int64(parts[0]), let seconds = Int64(parts[1]),
            let signer = CheckoutTrust.Signer(text: parts[2])
        else { return nil }
        self.user = user
        self.signer = signer
        expiresAt = Timestamp(seconds: seconds)
        guard now < expiresAt, constantTimeEquals(Array(text(key: key).utf8), Array(cookie.utf8)) else { return nil }
    }

    /// The cookie's value.
    func text(key: SecretBytes) -> String {
        let signed = "\(user).\(expiresAt.seconds).\(signer.text)"
        return signed + "." + Hex.encode(HMAC.sha256(key: key, message: Array("checkout \(signed)".utf8)))
    }
}
