import HTTPMessages
import Records
import Seams
import Storage

extension StandardWebhook {
    /// The most bytes of an answer that are read; only its status counts.
    private static let maximumAnswer = 64 << 10

    /// The signed request that brings an event to an endpoint.
    static func request(
        _ event: EventRecord,
        to url: String,
        at moment: Timestamp,
        secrets: [Secret],
        timeout: Duration
    ) -> HTTPRequest {
        let body = Array(event.body.utf8)
        let fields = fields(id: event.id.text, at: moment, body: body, secrets: secrets)
        return HTTPRequest(
            method: "POST",
            url: url,
            fields: [HTTPField("Content-Type", "application/json"), HTTPField("User-Agent", "Settlegate")] + fields,
            body: body,
            timeout: timeout,
            maximumResponseBytes: maximumAnswer
        )
    }
}
