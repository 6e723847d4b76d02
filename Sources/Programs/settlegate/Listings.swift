import CommandParts
import Gateway
import Keystore
import Operations
import Payments
import Records
import Seams
import Storage
import StrictJSON

/// The keystore's entries as a list.
struct KeyListing {
    let labels: [Keystore.Label]

    func write(_ format: OutputFormat) {
        switch format {
        case .json:
            let list = labels.map { label -> JSONValue in
                [
                    "name": .string(label.name), "kind": .string(label.kind.rawValue),
                    "created_at": .string(label.createdAt.description),
                ]
            }
            Console.result(JSONValue.array(list).text)
        case .text:
            var table = TextTable([("name", .left), ("kind", .left), ("created", .left)])
            for label in labels { table.add([label.name, label.kind.rawValue, label.createdAt.description]) }
            Console.result(table.text)
        }
    }
}

/// The merchants as a list.
struct MerchantListing {
    let merchants: [MerchantRecord]

    func write(_ format: OutputFormat) {
        switch format {
        case .json:
            let list = merchants.map { merchant -> JSONValue in
                [
                    "id": .string(merchant.id.text), "name": .string(merchant.name),
                    "fee_basis_points": .integer(Int64(merchant.feeBasisPoints)),
                    "created_at": .string(merchant.createdAt.description),
                ]
            }
            Console.result(JSONValue.array(list).text)
        case .text:
            var table = TextTable([("merchant", .left), ("name", .left), ("fee (bp)", .right)])
            for merchant in merchants { table.add([merchant.id.text, merchant.name, "\(merchant.feeBasisPoints)"]) }
            Console.result(table.text)
        }
    }
}
