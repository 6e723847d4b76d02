import Inspection
import Money
import StrictJSON
import Testing

@Suite("inspect")
struct InspectionTests {
    static func inspection() throws -> Inspection {
        Inspection(
            assets: try AssetRegistry([
                Asset(id: .stars, code: "XTR", name: "", scale: 9, wireScale: 0, displayNames: []),
                Asset(id: try AssetID("fiat:EUR"), code: "EUR", name: "", scale: 2, displayNames: []),
            ])
        )
    }

    static func answer(_ line: String) throws -> JSONValue {
        try JSONValue(parsing: inspection().answer(line: Array(line.utf8)))
    }

    /// Answers from standards and published contracts.
    @Test(
        "gives known answers",
        arguments: [
            (
                "keccak256", #"{"data":""}"#, "digest",
                "c5d2460186f7233c927e7db2dcc703c0e500b653ca82273b7bfad8045d85a470"
            ),
            (
                "sha256", #"{"data":"616263"}"#, "digest",
                "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
            ),
            ("amount", #"{"text":"12.5","asset":"EUR"}"#, "units", "1250"),
            (
                "ton-address", #"{"text":"EQCxE6mUtQJKFnGfaROTKOt1lZbDiiX1kCixRv7Nw2Id_sDs"}"#, "raw",
                "0:b113a994b5024a16719f69139328eb759596c38a25f59028b146fecdc3621dfe"
            ),
            (
                "ecdsa-recover",
                #"{"digest":"456e9aea5e197a1f1af7a3e85a3212fa4049a3ba34c2289b4c860fc0b0c64ef3","signature":"9242685bf161793cc25603c231bc2f568eb630ea16aa137d2664ac80388256084f8ae3bd7535248d0bd448298cc2e2071e56992d0774dc340c368ae950852ada","recoveryId":1}"#,
                "address", "0x7156526fbD7a3C72969B54f64e42c10fbb768C8a"
            ),
        ]
    )
    func known(kind: String, input: String, member: String, expected: String) throws {
        let answer = try Self.answer(#"{"id":7,"kind":"\#(kind)","input":\#(input)}"#)
        #expect(answer["ok"]?.boolValue == true, "\(answer.text)")
        #expect(answer["id"]?.integerValue == 7)
        #expect(answer["result"]?[member]?.stringValue == expected)
    }

    @Test(
        "answers every kind of bad request with an error line",
        arguments: [
            "", "{", "[]", "null", #"{"id":1}"#, #"{"kind":"nothing"}"#, #"{"kind":"amount"}"#,
            #"{"kind":"amount","input":[]}"#,
            #"{"kind":"amount","input":{"text":"1.999","asset":"EUR"}}"#, #"{"kind":"sha256","input":{"data":"0"}}"#,
            #"{"kind":"ton-boc","input":{"boc":"b5ee9c72"}}"#,
            #"{"kind":"ed25519-sign","input":{"seed":"00","message":""}}"#,
            #"{"kind":"ton-mnemonic","input":{"words":"a b c"}}"#, #"{"kind":"ton-proof","input":{}}"#,
            #"{"kind":"ecdsa-recover","input":{"digest":"00","signature":"00","recoveryId":9}}"#,
            #"{"kind":"ton-sign-transfer","input":{"version":"v9"}}"#, #"{"kind":"rlp","input":{"data":"8100"}}"#,
        ]
    )
    func bad(line: String) throws {
        let answer = try Self.answer(line)
        #expect(answer["ok"]?.boolValue == false)
        #expect(answer["error"]?["code"]?.stringValue?.isEmpty == false)
        #expect(answer["error"]?["message"]?.stringValue?.isEmpty == false)
    }

    @Test("answers an empty input for every kind", arguments: Inspection.kinds)
    func nothing(kind: String) throws {
        #expect(try Self.answer(#"{"kind":"\#(kind)","input":{}}"#)["ok"] != nil)
    }
}
