import Seams
import TON
import Testing

@Suite("An address on TON")
struct AddressTests {
    @Test("is read from two hundred forms as forty accounts, and refused with one wrong letter")
    func forms() throws {
        let random = SeededRandom(seed: 44)
        var accounts: Set<TONAddress> = []
        for index in 0..<40 {
            let workchain = [-1, 0, 0, 0, 1, -128, 127][index % 7]
            let account = try TONAddress(workchain: workchain, hash: CellHash(random.bytes(32)))
            accounts.insert(account)
            var forms = [account.raw.uppercased()]
            for (bounceable, testOnly) in [(true, false), (false, false), (true, true), (false, true)] {
                forms.append(account.friendly(bounceable: bounceable, testOnly: testOnly))
            }
            for form in forms { #expect(try TONAddress(form) == account, "\(form)") }
            var letters = Array(forms[1])
            letters[20] = letters[20] == "A" ? "B" : "A"
            #expect(throws: TONError(.malformedAddress, "")) { try TONAddress(String(letters)) }
        }
        #expect(accounts.count == 40)
    }

    @Test("is the same in each of its spellings")
    func spellings() throws {
        let account = try TONAddress("0:b113a994b5024a16719f69139328eb759596c38a25f59028b146fecdc3621dfe")
        let spellings = [(true, false), (false, false), (true, true), (false, true)].map {
            account.friendly(bounceable: $0, testOnly: $1)
        }
        #expect(Set(spellings).count == 4)
        for spelling in spellings { #expect(try TONAddress(spelling) == account) }
    }

    @Test(
        "is refused when it is mistyped or something else",
        arguments: [
            "", "0:", "0:zz", "128:b113a994b5024a16719f69139328eb759596c38a25f59028b146fecdc3621dfe",
            "+0:b113a994b5024a16719f69139328eb759596c38a25f59028b146fecdc3621dfe",
            "00:b113a994b5024a16719f69139328eb759596c38a25f59028b146fecdc3621dfe",
            "EQCxE6mUtQJKFnGfaROTKOt1lZbDiiX1kCixRv7Nw2Id_sDt", "EQCxE6mUtQJKFnGfaROTKOt1lZbDiiX1kCixRv7Nw2Id+sD_",
            "EQCxE6mUtQJKFnGfaROTKOt1lZbDiiX1kCixRv7Nw2Id_sD", "0x0000000000000000000000000000000000000000000000000",
        ]
    )
    func refused(text: String) {
        #expect(throws: TONError(.malformedAddress, "")) { try TONAddress(text) }
    }
}
