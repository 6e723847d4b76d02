import Foundation
import Yams

extension Scenario {
    /// The scenario in a YAML file.
    ///
    /// - Throws: ``ScenarioError`` when the file is no scenario.
    package init(file: String) throws {
        guard let data = FileManager.default.contents(atPath: file), let text = String(data: data, encoding: .utf8)
        else { throw ScenarioError("there is no readable scenario \(file)") }
        do { self = try YAMLDecoder().decode(Self.self, from: text) } catch {
            throw ScenarioError("\(file) is no scenario: \(error)")
        }
    }

    /// The scenarios in a folder, ordered by their files' names.
    ///
    /// - Throws: ``ScenarioError`` when the folder cannot be read.
    /// - Returns: the files' names without their ending.
    package static func names(in folder: String) throws -> [String] {
        guard let files = try? FileManager.default.contentsOfDirectory(atPath: folder) else {
            throw ScenarioError("there is no readable folder \(folder)")
        }
        return files.filter { $0.hasSuffix(".yaml") }.map { String($0.dropLast(5)) }.sorted()
    }
}

/// Why a scenario cannot be run, or fails.
package struct ScenarioError: Error, Hashable, Sendable, CustomStringConvertible {
    /// The error, as a sentence.
    package let reason: String

    /// An error in a scenario.
    package init(_ reason: String) {
        self.reason = reason
    }

    /// The error, as a sentence.
    package var description: String { reason }
}

extension Scenario: Decodable {
    private enum CodingKeys: String, CodingKey {
        case name
        case why
        case restartsBetweenSteps = "restart_between_steps"
        case steps
        case expectations = "expect"
    }

    /// Reads a scenario.
    package init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        name = try container.decode(String.self, forKey: .name)
        why = try container.decode(String.self, forKey: .why)
        restartsBetweenSteps = try container.decodeIfPresent(Bool.self, forKey: .restartsBetweenSteps) ?? false
        steps = try container.decode([Step].self, forKey: .steps)
        expectations = try container.decode([Check].self, forKey: .expectations)
    }
}

/// A mapping with one key, which names the kind of its value.
private struct OneKey {
    let container: KeyedDecodingContainer<Name>
    let name: Name

    struct Name: CodingKey {
        let stringValue: String
        var intValue: Int? { nil }
        init(stringValue: String) { self.stringValue = stringValue }
        init?(intValue: Int) { nil }
    }

    init(_ decoder: any Decoder) throws {
        container = try decoder.container(keyedBy: Name.self)
        guard container.allKeys.count == 1, let name = container.allKeys.first else {
            throw ScenarioError("a step or check has one key, which says what it is")
        }
        self.name = name
    }

    func value<Value: Decodable>(_ type: Value.Type = Value.self) throws -> Value {
        try container.decode(type, forKey: name)
    }
}

extension Scenario.Step: Decodable {
    private struct Mine: Decodable {
        let network: String
        let blocks: Int
    }
    private struct Hear: Decodable {
        let steps: [Scenario.Step]
        let until: Scenario.Check
    }
    private struct Reorganise: Decodable {
        let depth: Int
        let drop: Bool?
    }
    private struct Advance: Decodable { let seconds: Int64 }
    private struct SetClock: Decodable { let ahead: Int64 }
    private struct Deposit: Decodable { let mode: String }
    private struct Wallet: Decodable { let kind: String }
    private struct Refund: Decodable {
        let invoice: String
        let amount: String?
    }
    private struct Cancel: Decodable { let invoice: String }
    private struct Push: Decodable { let body: String }
    private struct Approve: Decodable { let count: Int }
    private struct Resume: Decodable { let refused: Bool?, of: String? }

    /// Reads a step.
    package init(from decoder: any Decoder) throws {
        let step = try OneKey(decoder)
        switch step.name.stringValue {
        case "open": self = .open(try step.value())
        case "pay": self = .pay(try step.value())
        case "pay_elsewhere": self = .payElsewhere(try step.value())
        case "push":
            let push: Push = try step.value()
            self = .push(body: push.body)
        case "settle": self = .settle
        case "mine":
            let mine: Mine = try step.value()
            self = .mine(network: mine.network, blocks: mine.blocks)
        case "look": self = .look
        case "hear":
            let hear: Hear = try step.value()
            self = .hear(steps: hear.steps, until: hear.until)
        case "until": self = .until(try step.value())
        case "reorganise":
            let change: Reorganise = try step.value()
            self = .reorganise(depth: change.depth, dropping: change.drop ?? false)
        case "advance": self = .advance(seconds: try step.value(Advance.self).seconds)
        case "clock": self = .setClock(ahead: try step.value(SetClock.self).ahead)
        case "fault": self = .fault(try step.value())
        case "deposit": self = .deposit(derived: try step.value(Deposit.self).mode == "derived")
        case "wallet": self = .wallet(highload: try step.value(Wallet.self).kind == "highload")
        case "payouts": self = .payouts(try step.value())
        case "approve": self = .approve(count: try step.value(Approve.self).count)
        case "backup": self = .backup
        case "restore": self = .restore
        case "spend_elsewhere": self = .spendElsewhere(try step.value())
        case "decide_by_the_list": self = .decideByTheList
        case "resume":
            let resume = try step.value(Resume.self)
            self = .resume(isRefused: resume.refused ?? false, provider: resume.of)
        case "refund":
            let refund: Refund = try step.value()
            self = .refund(invoice: refund.invoice, amount: refund.amount)
        case "cancel": self = .cancel(invoice: try step.value(Cancel.self).invoice)
        case "restart": self = .restart
        case "check": self = .check(try step.value())
        default: throw ScenarioError("there is no step called \(step.name.stringValue)")
        }
    }
}

extension Scenario.Check: Decodable {
    private struct Invoice: Decodable {
        let of: String
        let state: String
        let exception: String
    }
    private struct Payments: Decodable {
        let of: String
        let classifications: [String]
        let states: [String]?
    }
    private struct Sightings: Decodable {
        let of: String
        let confirmations: [Int]
    }
    private struct Refunds: Decodable {
        let of: String
        let states: [String]
    }
    private struct Payouts: Decodable { let states: [String] }
    private struct Held: Decodable { let providers: [String] }
    private struct Cases: Decodable { let reasons: [String] }
    private struct Account: Decodable {
        let code: String
        let asset: String
        let amount: String?
        let empty: Bool?
    }
    private struct Events: Decodable {
        let of: String
        let types: [String]
    }
    private struct Books: Decodable { let clean: Bool }

    /// Reads a check.
    package init(from decoder: any Decoder) throws {
        let check = try OneKey(decoder)
        switch check.name.stringValue {
        case "invoice":
            let value: Invoice = try check.value()
            self = .invoice(of: value.of, state: value.state, exception: value.exception)
        case "payments":
            let value: Payments = try check.value()
            self = .payments(of: value.of, classifications: value.classifications, states: value.states)
        case "sightings":
            let value: Sightings = try check.value()
            self = .sightings(of: value.of, confirmations: value.confirmations)
        case "refunds":
            let value: Refunds = try check.value()
            self = .refunds(of: value.of, states: value.states)
        case "payouts": self = .payouts(states: try check.value(Payouts.self).states)
        case "held": self = .held(providers: try check.value(Held.self).providers)
        case "cases": self = .cases(reasons: try check.value(Cases.self).reasons)
        case "account":
            let value: Account = try check.value()
            if let amount = value.amount {
                self = .account(code: value.code, asset: value.asset, amount: amount)
            } else if let empty = value.empty {
                self = .emptiness(code: value.code, asset: value.asset, empty: empty)
            } else {
                throw ScenarioError("the check of an account needs 'amount' or 'empty'")
            }
        case "events":
            let value: Events = try check.value()
            self = .events(of: value.of, types: value.types)
        case "books": self = .books(clean: try check.value(Books.self).clean)
        default: throw ScenarioError("there is no check called \(check.name.stringValue)")
        }
    }
}
