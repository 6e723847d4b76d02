import Money
import Payments
import Seams

/// A bot's answer to a customer, in the customer's language: a value, so that its tests are tables.
struct SupportReply: Sendable {
    /// A payment of the customer, and what became of it.
    struct Line: Hashable, Sendable {
        /// The number on the customer's receipt.
        let charge: String
        /// The amount that was paid, as text.
        let amount: String
        /// When.
        let moment: Timestamp
        /// The amount that was returned, as text; nil when nothing was.
        let returned: String?
        /// Whether a person looks at it.
        let isOpen: Bool
    }

    /// The operator's contact for further questions.
    let contact: String?
    /// Where the terms are.
    let terms: String?
    let isRussian: Bool

    init(language: String?, contact: String?, terms: String?) {
        isRussian = language?.lowercased().hasPrefix("ru") ?? false
        self.contact = contact
        self.terms = terms
    }

    private func choose(_ english: String, _ russian: String) -> String { isRussian ? russian : english }

    /// The answer to `/terms`.
    var termsText: String {
        guard let terms else {
            return choose(
                "The seller is responsible for the goods. Ask about a payment with /paysupport.",
                "За товар отвечает продавец. О платеже спросите через /paysupport."
            )
        }
        return choose("The terms: \(terms)", "Условия: \(terms)")
    }

    /// The answer to `/paysupport` without a number: the latest payments.
    func latest(_ lines: [Line]) -> String {
        guard !lines.isEmpty else {
            return choose("No payment of yours has arrived here.", "Ваших платежей здесь нет.") + closing
        }
        return choose("Your latest payments:", "Ваши последние платежи:") + "\n\n"
            + lines.map(text).joined(separator: "\n\n") + closing
    }

    /// The answer to `/paysupport` with a number; another customer's payment gets the same answer as an unknown number.
    func one(_ line: Line?) -> String {
        guard let line else {
            return choose(
                "No payment of yours has this number. It stands on the receipt, in Telegram's message about the payment.",
                "Вашего платежа с таким номером нет. Номер стоит в квитанции — в сообщении Telegram об оплате."
            ) + closing
        }
        return text(line) + closing
    }

    private func text(_ line: Line) -> String {
        let day = line.moment.description.prefix(16).replacing("T", with: " ") + " UTC"
        let state =
            if let returned = line.returned {
                choose("Returned to you: \(returned).", "Возвращено вам: \(returned).")
            } else if line.isOpen {
                choose("It has arrived, and a person looks at it.", "Получен, им занимается человек.")
            } else {
                choose("It has arrived.", "Получен.")
            }
        return "\(line.amount), \(day)\n\(line.charge)\n\(state)"
    }

    private var closing: String {
        guard let contact else { return "" }
        return "\n\n" + choose("More help: \(contact)", "Помощь: \(contact)")
    }
}
