import HTTPMessages
import Payments
import Providers
import Routing
import Seams
import Settlement
import StrictJSON

/// Customers claim unmatched payments by proving that the paying account is theirs.
extension RESTAPI {
    func createChallenge(_ call: APIRequest) async throws -> HTTPResponse {
        _ = try call.object()
        let id: InvoiceID = try call.id(at: 2)
        let invoice = try await settlement.invoice(id, of: call.merchant).invoice
        let end = clock.now().advanced(by: ClaimChallenge.lifetime)
        let challenge = ClaimChallenge(for: invoice.id, expiresAt: end, key: claims.key)
        return json([
            "object": "claim_challenge", "invoice": .string(invoice.id.text), "challenge": .string(challenge.text),
            "domain": .string(claims.domain), "expires_at": .string(challenge.expiresAt.description),
        ])
    }

    func createClaim(_ call: APIRequest) async throws -> HTTPResponse {
        let body = try call.object("rail", "challenge", "proof")
        let id: InvoiceID = try call.id(at: 2)
        let (rail, challenge): (Rail, String) = (try body.word("rail"), try body.text("challenge"))
        guard ClaimChallenge.isValid(challenge, for: id, at: clock.now(), key: claims.key) else {
            throw Problem.unprocessable(
                "the challenge is not this invoice's, or its time is over; ask for a new one",
                "challenge"
            )
        }
        guard let proof = body.value["proof"], proof.members != nil else {
            throw Problem.invalid("'proof' is the rail's own proof, an object", "proof")
        }
        let provers = settlement.providers.providers(for: call.merchant).filter {
            $0.rail == rail && $0.ownership != nil
        }
        guard let provider = provers.first, let ownership = provider.ownership else {
            throw Problem.unprocessable("on \(rail.rawValue) nobody can prove whose account it is", "rail")
        }
        let owner: String
        do { owner = try ownership.owner(proving: proof.text, challenge: challenge, domain: claims.domain) } catch {
            throw Problem.unprocessable(error.reason, "proof")
        }
        let claimed = try await settlement.claim(ClaimRequest(for: id, of: call.merchant, from: owner, at: provider))
        return json(["object": "list", "data": .array(try claimed.map(representation.json)), "has_more": .bool(false)])
    }
}
