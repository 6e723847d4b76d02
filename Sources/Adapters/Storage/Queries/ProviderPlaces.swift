package import Seams

/// The places where providers take money, or took it under an earlier configuration.
extension SQLSession {
    /// Stores that a provider takes money at a place.
    package func meet(_ place: String, of provider: String, at moment: Timestamp) throws {
        try execute(
            """
            INSERT INTO provider_places (provider, place, met_at) VALUES ($1, $2, $3)
            ON CONFLICT (provider, place) DO NOTHING
            """,
            [.text(provider), .text(place), .moment(moment)]
        )
    }

    /// Every place at which a provider took money, the oldest first.
    package func places(of provider: String) throws -> [String] {
        try all(
            "SELECT place FROM provider_places WHERE provider = $1 ORDER BY met_at, place",
            [.text(provider)]
        ) { try $0.text() }
    }
}
