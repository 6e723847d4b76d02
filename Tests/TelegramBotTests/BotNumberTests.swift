import Cryptography
import Seams
import TelegramBot
import Testing

@Suite("Forms of bots' tokens and Telegram's amounts")
struct BotNumberTests {
    @Test(
        "a token has one form, which cannot lead to another path of the server",
        arguments: [
            ("123456:AAE-x_9", 123_456 as Int64?), ("1:a", 1), ("0123:a", nil), ("-1:a", nil), ("+1:a", nil),
            (":a", nil),
            ("1:", nil), ("1", nil), ("", nil), ("1:a/b", nil), ("8888888888:x/../../bot9999999991:secret", nil),
            ("1:a?b", nil), ("1:a#b", nil), ("1:a%2e", nil), ("1:a b", nil), ("1:a\n", nil), ("1:é", nil),
            ("99999999999999999999:a", nil),
        ]
    )
    func token(text: String, number: Int64?) {
        #expect(BotNumber(token: SecretBytes(Array(text.utf8)))?.value == number)
    }

    @Test(
        "a payment, a question and a refund of a negative amount are malformed",
        arguments: ["-4", "-9223372036854775808"]
    )
    func negative(units: String) {
        let payment = """
            {"currency":"XTR","total_amount":\(units),"invoice_payload":"opt_1","telegram_payment_charge_id":"c",
            "provider_payment_charge_id":"p"}
            """
        let message = #""date":1,"chat":{"id":5,"type":"private"},"from":{"id":5,"is_bot":false,"first_name":"A"}"#
        let updates = [
            #"{"update_id":1,"message":{"message_id":1,\#(message),"successful_payment":\#(payment)}}"#,
            #"{"update_id":1,"message":{"message_id":1,\#(message),"refunded_payment":\#(payment)}}"#,
            #"""
            {"update_id":1,"pre_checkout_query":{"id":"1","from":{"id":5,"is_bot":false,"first_name":"A"},
            "currency":"XTR","total_amount":\#(units),"invoice_payload":"opt_1"}}
            """#,
        ]
        for update in updates {
            #expect(throws: TelegramError(.malformed, "")) { try Update(parsing: Array(update.utf8)) }
            let honest = update.replacing("total_amount\":\(units)", with: "total_amount\":4")
            #expect(throws: Never.self) { try Update(parsing: Array(honest.utf8)) }
        }
    }
}
