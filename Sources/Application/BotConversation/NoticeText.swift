import Payments

/// The text of a notice to a customer, in the customer's language: a value, so that its tests are tables.
struct NoticeText: Sendable {
    /// What has happened to the customer's money.
    enum Topic: Hashable, Sendable {
        case received(Payment.Classification)
        case returned
    }

    let topic: Topic
    /// The amount that came or was returned, as text.
    let amount: String
    /// What was bought, in the merchant's words; nil when the payment belongs to no order.
    let title: String?
    /// The number of the charge.
    let charge: String
    let isRussian: Bool

    /// The message.
    var text: String {
        let lines: (String, String)
        let bought = title.map { "\(VisibleText.inLine($0)): " } ?? ""
        switch topic {
        case .received(.exact):
            lines = ("\(bought)paid, \(amount).", "\(bought)оплачено, \(amount).")
        case .received(.partial):
            lines = ("\(bought)\(amount) has arrived, more is due.", "\(bought)получено \(amount), оплачено не всё.")
        case .received(.over):
            lines = (
                "\(bought)paid, \(amount). That is more than was due; the seller has been told.",
                "\(bought)оплачено, \(amount). Это больше, чем нужно; продавцу сообщено."
            )
        case .received(.late):
            lines = (
                "\(bought)your payment of \(amount) came too late. It is not lost: the seller decides.",
                "\(bought)ваш платёж \(amount) пришёл поздно. Он не потерян: решает продавец."
            )
        case .received(.repeated):
            lines = (
                "\(bought)your payment of \(amount) came although it was paid already. The seller decides.",
                "\(bought)ваш платёж \(amount) пришёл, хотя всё уже оплачено. Решает продавец."
            )
        case .received(.unmatched), .received(.wrongAsset):
            lines = (
                "Your payment of \(amount) belongs to no order that is known. A person looks at it.",
                "Ваш платёж \(amount) не относится ни к одному заказу. Им занимается человек."
            )
        case .returned:
            lines = ("\(bought)\(amount) was returned to you.", "\(bought)вам возвращено \(amount).")
        }
        let closing =
            isRussian ? "Номер платежа: \(charge)\nВопросы: /paysupport" : "Charge: \(charge)\nQuestions: /paysupport"
        return (isRussian ? lines.1 : lines.0) + "\n" + closing
    }
}
