package import HTTPMessages
package import Routing

/// The route to which Telegram pushes the updates of bots: `/telegram/<bot>`.
extension TelegramReceiver: AdmittingInterface {
    package var roots: Set<String> { ["telegram"] }

    package var routeNames: [String] { ["POST /telegram/{bot}"] }

    /// Requests below `/telegram/` are not strangers': the admission refuses those without the bot's secret.
    package func isFromStranger(_ request: HTTPRequest) -> Bool { !request.url.hasPrefix("/telegram/") }

    package func admission(of request: HTTPRequest, isFromStranger: Bool) async -> Admission {
        let target = RequestTarget(request.url)
        guard request.method == "POST", target.path.count == 2 else { return .admitted }
        return isFromTelegram(request, bot: target.path[1]) ? .admitted : .dismissed(.notFromTelegram)
    }

    package func answer(
        _ request: HTTPRequest,
        at target: RequestTarget,
        head: inout [HTTPField]
    ) async throws -> HTTPResponse {
        guard target.path.count == 2 else { throw Problem.notFound() }
        guard request.method == "POST" else { throw Problem.methodNotAllowed(["POST"]) }
        // Checked again, so that no path around the admission leads in.
        guard isFromTelegram(request, bot: target.path[1]) else { throw Problem.notFromTelegram }
        return try await receive(request.body, bot: target.path[1])
    }
}

extension Problem {
    fileprivate static let notFromTelegram = Self(
        status: 401,
        code: "unauthorized",
        title: "Unauthorized",
        detail: "X-Telegram-Bot-Api-Secret-Token has to be the secret that this bot's webhook was set with"
    )
}
