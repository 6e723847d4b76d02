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

    @Test(
        "is refused when it was mistyped or is something else",
        arguments: [
            "", "0:", "0:zz", "1:b113a994b5024a16719f69139328eb759596c38a25f59028b146fecdc3621dfe",
            "EQCxE6mUtQJKFnGfaROTKOt1lZbDiiX1kCixRv7Nw2Id_sDt", "EQCxE6mUtQJKFnGfaROTKOt1lZbDiiX1kCixRv7Nw2Id+sD_",
            "EQCxE6mUtQJKFnGfaROTKOt1lZbDiiX1kCixRv7Nw2Id_sD", "0x0000000000000000000000000000000000000000000000000",
        ]
    )
    func refused(text: String) {
        #expect(throws: TONError(.malformedAddress, "")) { try TONAddress(text) }
    }
}
