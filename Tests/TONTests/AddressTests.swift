import TON
import Testing

@Suite("An address on TON")
struct AddressTests {
    @Test("is the same account in each of its spellings")
    func spellings() throws {
        let account = try TONAddress("0:b113a994b5024a16719f69139328eb759596c38a25f59028b146fecdc3621dfe")
        let spellings = [(true, false), (false, false), (true, true), (false, true)].map {
            account.friendly(bounceable: $0, testOnly: $1)
        }
        #expect(Set(spellings).count == 4)
        for spelling in spellings { #expect(try TONAddress(spelling) == account) }
    }
}
