import Foundation
import Money
import Payments
import Providers
import Settlement

/// How long a pre-checkout decision takes while credits are written as fast as they can be.
enum PreCheckoutBenchmark {
    static func run(credits: Int) async throws {
        let desk = try await Desk(merchants: 100)
        let paid = try await desk.openInvoices(credits)
        let asked = try await desk.openInvoices(2_000)
        async let load = CreditBenchmark.concurrently(desk, paid)
        var latencies: [Double] = []
        for reference in asked {
            let question = ApprovalRequest(
                id: "q",
                reference: reference,
                payer: "1",
                topic: .payment(amount: desk.price)
            )
            latencies.append(
                await Figures.seconds {
                    let decision = await desk.settlement.decide(question, of: desk.provider)
                    precondition(decision == .approved, "an order that may be paid was refused")
                }
            )
        }
        _ = try await load
        await desk.close()
        Figures.line(
            "pre-checkout decision while credits are written: p50"
                + " \(Figures.rounded(Figures.percentile(latencies, 0.5) * 1_000)) ms,"
                + " p99 \(Figures.rounded(Figures.percentile(latencies, 0.99) * 1_000)) ms"
        )
    }
}
