import HTTPMessages
import Payments
import Routing

/// The problems with the key of a request.
extension Problem {
    static let unauthorized = Self(
        status: 401,
        code: "unauthorized",
        title: "Unauthorized",
        detail: "send an API key of this gateway: Authorization: Bearer sk_…",
        fields: [HTTPField("WWW-Authenticate", "Bearer")]
    )

    static func forbidden(_ scope: KeyAccess.Scope) -> Self {
        Self(
            status: 403,
            code: "forbidden",
            title: "Forbidden",
            detail: "this API key has no scope \(scope.rawValue); use another key, or make one that has it"
        )
    }
}
