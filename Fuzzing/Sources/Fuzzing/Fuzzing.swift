import Cryptography
import EVM
import Glibc
import HTTPMessages
import Inspection
import Money
import ProviderEVM
import Seams
import StrictJSON
import TON
import TONConnect
import TelegramBot
import Webhooks

/// A side of a session that gets what nobody has sealed for it.
private let fuzzedKeys = try? SessionKeys(secret: SecretBytes([UInt8](repeating: 1, count: 32)))

/// The parsers of bytes that come from outside, by name: each has to answer every input with a value or an error.
let parsers: [String: @Sendable ([UInt8]) -> Void] = [
    "json": { bytes in
        guard let value = try? JSONValue(parsing: bytes) else { return }
        // What was read is written as something that reads the same.
        precondition((try? JSONValue(parsing: value.bytes)) == value)
    },
    "ton-bag": { bytes in
        guard let bag = try? BagOfCells(parsing: bytes) else { return }
        for root in bag.roots {
            _ = try? Message(parsing: root)
            _ = try? ChainTransaction(parsing: root)
            _ = try? StateInit(parsing: root)
            _ = MessageBody(reading: root)
            for layout in JettonWalletLayout.allCases { _ = try? JettonWallet(parsing: root, layout: layout) }
            guard let again = try? root.serialized() else { continue }
            precondition((try? BagOfCells.root(of: again)) == root)
        }
    },
    "ton-block": { bytes in
        guard let root = try? BagOfCells.root(of: bytes) else { return }
        let tree = root.kind == .merkleProof ? root.references[0] : root
        let key = CellHash.zero
        if let block = try? ProvenBlock(root, rootHash: tree.hash(at: 0)) {
            _ = try? block.header()
            _ = try? block.transactionHash(of: key, lt: 1)
            _ = try? block.changedState()
        }
        if let entry = try? ProvenState(root, hash: tree.hash(at: 0)).entry(of: key) {
            _ = try? ProvenAccount(entry.cell, entry: entry)
        }
    },
    "ton-wallet": { bytes in
        guard let root = try? BagOfCells.root(of: bytes) else { return }
        for version in WalletVersion.allCases {
            _ = try? WalletRequest(parsing: root, version: version)
            _ = try? WalletData(parsing: root, version: version)
        }
        _ = try? HighloadRequest(parsing: root)
        _ = try? OutgoingActions.messages(in: root)
        guard var data = try? HighloadWalletData(parsing: root) else { return }
        data.clean(at: 1 << 32)
        _ = try? data.cell()
    },
    "ton-connect": { bytes in
        // The first byte says how the rest is cut: a stream reads alike in one piece and in many.
        guard let first = bytes.first else { return }
        let (stream, size) = (Array(bytes.dropFirst()), Int(first % 7) + 1)
        var (whole, cut) = (EventStreamReader(), EventStreamReader())
        var pieces: [EventStreamReader.Event] = []
        for start in stride(from: 0, to: stream.count, by: size) {
            guard let events = try? cut.read(Array(stream[start..<min(start + size, stream.count)])) else { return }
            pieces += events
        }
        guard let events = try? whole.read(stream) else { return }
        precondition(events == pieces)
        for event in events { _ = try? WalletMessage(Array(event.data.utf8)) }
        if let value = try? JSONValue(parsing: stream) { _ = try? WalletEntry.list(value) }
        _ = try? fuzzedKeys?.open(String(decoding: stream, as: UTF8.self), from: fuzzedKeys?.clientID ?? "")
    },
    "ton-address": { bytes in
        guard let text = String(validating: bytes, as: UTF8.self), let address = try? TONAddress(text) else { return }
        precondition((try? TONAddress(address.raw)) == address)
    },
    "rlp": { bytes in
        guard let item = try? DecodedRLP(bytes).item else { return }
        precondition(item.encoded == bytes)
    },
    "evm-transaction": { bytes in
        guard let transaction = try? EVMTransaction(decoding: bytes) else { return }
        _ = try? transaction.sender()
        // A blob transaction may have come with its blobs.
        if bytes.first != 3 { precondition(transaction.raw == bytes) }
    },
    "abi": { bytes in
        let types: [ABIType] = [.address, .uint(256), .bytes, .string, .array(.array(.bool)), .fixedBytes(4)]
        _ = try? ABIValue.decode(types, from: bytes)
    },
    "evm-block": { bytes in
        guard let value = try? JSONValue(parsing: bytes) else { return }
        EVMClient.readAnswers(value)
    },
    "typed-data": { bytes in
        guard let value = try? JSONValue(parsing: bytes) else { return }
        _ = try? TypedData(value)
    },
    "telegram-update": { bytes in _ = try? Update(parsing: bytes) },
    "init-data": { bytes in
        guard let text = String(validating: bytes, as: UTF8.self) else { return }
        _ = try? InitData(parsing: text)
    },
    "signature": { bytes in
        _ = try? Secp256k1.Signature(der: bytes)
        _ = try? Secp256k1.Signature(compact: bytes)
        _ = try? Secp256k1.PublicKey(bytes)
    },
    "inspect": { bytes in _ = inspection.answer(line: bytes) },
]

private let inspection: Inspection = {
    do { return Inspection(assets: try AssetRegistry([])) } catch { fatalError("an empty list is one: \(error)") }
}()

/// The parser that is fuzzed, named by `FUZZ_PARSER`.
private let parser: @Sendable ([UInt8]) -> Void = {
    let name = getenv("FUZZ_PARSER").map { String(cString: $0) } ?? ""
    guard let parser = parsers[name] else {
        fatalError("FUZZ_PARSER is one of \(parsers.keys.sorted().joined(separator: ", "))")
    }
    return parser
}()

/// What libFuzzer calls with each input.
private func testOneInput(_ data: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    parser(Array(UnsafeBufferPointer(start: data, count: data == nil ? 0 : count)))
    return 0
}

/// libFuzzer's own main function as a function (compiler-rt, `FuzzerInterface.h`).
@_silgen_name("LLVMFuzzerRunDriver")
private func runDriver(
    _ count: UnsafeMutablePointer<CInt>,
    _ arguments: UnsafeMutablePointer<UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>>,
    _ test: @convention(c) (UnsafePointer<UInt8>?, Int) -> CInt
) -> CInt

/// The name under which the package manager looks for the main function.
@_cdecl("Fuzzing_main")
public func start(_ count: CInt, _ arguments: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>) -> CInt {
    var (count, arguments) = (count, arguments)
    return runDriver(&count, &arguments, { testOneInput($0, $1) })
}
